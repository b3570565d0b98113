"""A trained model and its files in ``model.tar.gz``."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from contracts.problems import one_problem
from contracts.strict_json import parse
from local_run.deepar.config import Config
from local_run.deepar.dataset import Schema
from local_run.deepar.frequency import Floats
from local_run.deepar.windows import Standard

CONFIG_FILE = "model_algo-1-config.json"
PARAMETERS_FILE = "model_algo-1-parameters.npz"
MODEL_FILES = (CONFIG_FILE, PARAMETERS_FILE)
FORMAT = "deepar-stand-in/2"
#: Far above the size of any model within the hyperparameters' ranges, in bytes. Larger archive members are ignored.
LARGEST_MEMBER = 512 * 1024 * 1024


@dataclass(frozen=True)
class Model:
    """Configuration, schema, statistics of the training set, and parameters: everything that a forecast needs."""

    config: Config
    schema: Schema
    standard: Standard
    parameters: dict[str, Floats]

    def save(self, folder: Path) -> None:
        """Write the model's files into a folder."""
        described = {
            "format": FORMAT,
            "config": self.config.to_json(),
            "schema": asdict(self.schema),
            "standard": {
                "mean": self.standard.mean.tolist(),
                "deviation": [None if np.isinf(value) else value for value in self.standard.deviation.tolist()],
                "level": self.standard.level,
                "centred": self.standard.centred,
            },
        }
        folder.mkdir(parents=True, exist_ok=True)
        (folder / CONFIG_FILE).write_text(json.dumps(described, indent=1, sort_keys=True) + "\n")
        with (folder / PARAMETERS_FILE).open("wb") as stream:
            np.savez(stream, allow_pickle=False, **self.parameters)

    @classmethod
    def load(cls, path: Path) -> Model:
        """Load a model from a folder, or from ``model.tar.gz`` without unpacking it.

        Raises:
            ProblemsError: the files are missing or damaged.
        """
        files = _folder_files(path) if path.is_dir() else _archive_files(path)
        try:
            described = parse(files[CONFIG_FILE].decode())
            if described.get("format") != FORMAT:
                raise one_problem(str(path), "format", described.get("format"), f"allowed: {FORMAT}")
            with np.load(io.BytesIO(files[PARAMETERS_FILE]), allow_pickle=False) as stored:
                parameters = {name: stored[name] for name in stored.files}
            return cls(_config(described), _schema(described), _standard(described), parameters)
        except (KeyError, ValueError, TypeError, AttributeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise _unreadable(path, repr(error)) from error


def _config(described: dict[str, Any]) -> Config:
    return Config.from_json(described["config"])


def _schema(described: dict[str, Any]) -> Schema:
    return Schema(tuple(described["schema"]["cardinality"]), int(described["schema"]["num_dynamic_feat"]))


def _standard(described: dict[str, Any]) -> Standard:
    stored = described["standard"]
    deviation = [np.inf if value is None else value for value in stored["deviation"]]
    return Standard(
        np.array(stored["mean"], np.float32), np.array(deviation, np.float32), float(stored["level"]), bool(stored["centred"])
    )


def _folder_files(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in MODEL_FILES if (folder / name).is_file()}


def _archive_files(path: Path) -> dict[str, bytes]:
    """Return the model's files in an archive. Other members and links are ignored."""
    files = {}
    try:
        with tarfile.open(path, mode="r:gz") as archive:
            for member in archive:
                name = member.name.removeprefix("./")
                if name not in MODEL_FILES or not member.isfile() or member.size > LARGEST_MEMBER:
                    continue
                stream = archive.extractfile(member)
                files[name] = stream.read() if stream else b""
    except (OSError, EOFError, tarfile.TarError, zlib.error) as error:
        raise _unreadable(path, str(error)) from error
    return files


def _unreadable(path: Path, found: str) -> Exception:
    allowed = f"allowed: a folder or model.tar.gz with {' and '.join(MODEL_FILES)}, as written by training"
    return one_problem("model", path.name, found, allowed)
