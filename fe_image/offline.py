"""Runs the feature step on a folder of ``<ASSET>.csv`` files, without AWS or the emulator."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path

from contracts.manifest import ManifestEntry
from contracts.price_format import PriceFormat
from contracts.problems import Problem, ProblemsError, one_problem
from contracts.ranges import LATEST, latest_end_training
from contracts.template import TrainingTemplate, load_template, to_data
from fe_image.data.frequency import format_array_time
from fe_image.data.prices import Reading, read_history
from fe_image.engineer import EngineeredData, engineer
from fe_image.execution_source import collected, read_bytes
from fe_image.outputs import output_path_problems, write_outputs

OFFLINE_ID = "offline"


@dataclass(frozen=True)
class FeatureSummary:
    """Result of a run, and the rows of its summary table."""

    data: EngineeredData
    files: dict[str, ManifestEntry]
    notes: tuple[str, ...]

    def rows(self) -> list[tuple[str, str]]:
        """Return labels and values, in order."""
        data, grid, times = self.data, self.data.grid, self.data.panel.times
        rows = [
            ("assets", ", ".join(data.panel.assets)),
            (
                "common rows",
                f"{data.panel.rows} ({format_array_time(times[0], times)} to {format_array_time(times[-1], times)})",
            ),
            ("training rows", f"{grid.train_rows}"),
            (
                "windows",
                f"{grid.calibration_windows} for calibration, {grid.test_windows} tests, of {grid.prediction_length} steps",
            ),
            ("features", f"{sum(len(g.transformer.names) for g in data.features.columns)} per asset or shared"),
            ("seen by the model", ", ".join(data.dynamic.names) or "none"),
            ("target", f"{data.template.target_transform} of {data.template.predicted_asset}"),
        ]
        if data.importance is not None:
            best = list(data.importance.scores.items())[:5]
            label = f"most important (held-out R² {data.importance.held_out_r2:.2f})"
            shown = ", ".join(f"{name} {100 * score:.2f} %" for name, score in best)
            rows.append((label, shown or f"not known: {data.importance.rows} training rows are too few"))
        rows += [(f"{name} error", ", ".join(f"{k} {v:.3f}" for k, v in errors.items())) for name, errors in data.codes.items()]
        return rows + [(name, f"{entry['size']:,} bytes") for name, entry in self.files.items()]


def run_features(
    assets: Path, template: Path, out: Path, until: datetime | None = None, price_format: PriceFormat | None = None
) -> FeatureSummary:
    """Read prices, engineer features and write the outputs to ``out``.

    ``until`` hides later rows; a date without a time includes the whole day. Windows that are then incomplete are omitted.

    Raises:
        ProblemsError: all problems of the inputs, before anything is written, or a folder that cannot be written to.
    """
    if taken := output_path_problems(out):
        raise ProblemsError("command line", taken)
    parsed = load_template(template)
    if not assets.is_dir():
        raise one_problem("price histories", "assets", str(assets), "allowed: a folder with <ASSET>.csv for each base asset")
    histories, notes = collected({asset: _read(asset, assets, parsed, price_format) for asset in parsed.base_assets})
    if parsed.end_training == LATEST:
        lasts = [history.times[-1].astype(datetime) for history in histories.values()]
        parsed = parsed.model_copy(update={"end_training": latest_end_training(to_data(parsed), lasts)})
    data = engineer(histories, parsed, _whole_day(until))
    try:
        files = write_outputs(data, out, OFFLINE_ID)
    except OSError as error:  # a full disk, another user's file
        allowed = f"allowed: a folder that you can write to ({error})"
        raise one_problem("command line", "--out", str(out), allowed) from error
    return FeatureSummary(data, files, tuple(notes))


def _whole_day(moment: datetime | None) -> datetime | None:
    if moment is None or moment.time() != time.min:
        return moment
    return datetime.combine(moment, time.max)


def _read(asset: str, folder: Path, template: TrainingTemplate, price_format: PriceFormat | None) -> Reading:
    path = next((path for path in sorted(folder.glob(f"{asset}.*")) if path.suffix.lower() == ".csv"), folder / f"{asset}.csv")
    content = read_bytes(path.name, path)
    if isinstance(content, Problem):
        return Reading(problems=[content])
    return read_history(asset, path.name, content, template, price_format)
