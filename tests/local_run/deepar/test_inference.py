"""The endpoint's request and response, and the model's files."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from contracts.problems import ProblemsError
from local_run.deepar.inference import answer, predict
from local_run.deepar.model import MODEL_FILES, Model
from local_run.deepar.tarballs import pack_folder
from tests.local_run.deepar.support import record, seasonal_series


def request(**configuration: object) -> dict[str, object]:
    instances = [record(item) for item in seasonal_series(2)]
    return {"instances": instances, "configuration": configuration}


def test_the_response_has_what_was_asked_for(seasonal_model: Model) -> None:
    asked = request(num_samples=30, output_types=["mean", "quantiles", "samples"], quantiles=["0.5", "0.9"])
    response = json.loads(answer(seasonal_model, json.dumps(asked)))
    assert len(response["predictions"]) == 2
    for prediction in response["predictions"]:
        samples = np.array(prediction["samples"])
        assert samples.shape == (30, 7)
        assert list(prediction["quantiles"]) == ["0.5", "0.9"]
        np.testing.assert_allclose(prediction["quantiles"]["0.9"], np.quantile(samples, 0.9, axis=0))
        np.testing.assert_allclose(prediction["mean"], samples.mean(axis=0))


def test_the_configuration_may_be_left_out(seasonal_model: Model) -> None:
    (prediction,) = predict(seasonal_model, {"instances": request()["instances"][:1]})["predictions"]
    assert set(prediction) == {"mean", "quantiles"}
    assert len(prediction["quantiles"]) == 9


def test_a_seed_fixes_the_samples(seasonal_model: Model) -> None:
    asked = request(num_samples=5, output_types=["samples"])
    assert predict(seasonal_model, asked, seed=4) == predict(seasonal_model, asked, seed=4)
    assert predict(seasonal_model, asked, seed=4) != predict(seasonal_model, asked, seed=5)


def test_more_series_than_one_group_are_forecast_each_by_its_own(seasonal_model: Model) -> None:
    """19 instances are two groups. Equal instances have equal samples; a forecast does not depend on the position."""
    records = [record(item) for item in seasonal_series(4)]
    asked = {"instances": [records[index % 4] for index in range(19)], "configuration": {"quantiles": ["0.5"]}}
    medians = [item["quantiles"]["0.5"] for item in predict(seasonal_model, asked)["predictions"]]
    assert len(medians) == 19
    np.testing.assert_allclose(medians[4:], medians[:15], rtol=1e-4)
    assert len({round(median[0]) for median in medians[:4]}) == 4  # of other levels


@pytest.mark.parametrize(
    ("change", "messages"),
    [
        ({"instances": []}, ["instances is []"]),
        ({"instances": [{"start": "x", "target": [1]}]}, ["instances[0] start is 'x'"]),
        ({"instances": [{"start": "2020-01-06", "target": [1.0]}]}, ["instances[0] cat is []; allowed: 1 categories"]),
        ({"instances": [{"start": "2020-01-06", "target": [1.0], "cat": [9]}]}, ["cat[0] is 9; allowed: 0 to 3"]),
        (
            {"instances": [{"start": "2020-01-06", "target": [1.0], "cat": [0], "dynamic_feat": [[1.0] * 8]}]},
            ["dynamic_feat is '1 features'; allowed: 0 features"],
        ),
        (
            {"instances": [{"start": "2020-01-06", "target": [1.0], "cat": [0], "dynamic_feat": [[1.0]]}]},
            ["dynamic_feat[0] is '1 values'; allowed: 8 values"],
        ),
        (
            {"configuration": {"num_samples": 0, "quantiles": ["1.5"], "output_types": ["median"], "x": 1}},
            ["num_samples is 0", "1.5", "median", "x is 1"],
        ),
        ({"extra": 1}, ["extra is 1"]),
    ],
)
def test_a_wrong_request_is_refused_with_everything_wrong_in_it(
    seasonal_model: Model, change: dict, messages: list[str]
) -> None:
    with pytest.raises(ProblemsError) as caught:
        predict(seasonal_model, {**request(), **change})
    for message in messages:
        assert message in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, '{"instances": [], "instances": []}'])
def test_a_body_that_is_no_request_is_refused(seasonal_model: Model, text: str) -> None:
    with pytest.raises(ProblemsError, match="a JSON object with instances"):
        answer(seasonal_model, text)


def test_a_stored_model_answers_alike(seasonal_model: Model, tmp_path: Path) -> None:
    seasonal_model.save(tmp_path / "model")
    archive = pack_folder(tmp_path / "model", tmp_path / "model.tar.gz")
    asked = request(num_samples=5)
    expected = predict(seasonal_model, asked)
    assert predict(Model.load(tmp_path / "model"), asked) == expected
    assert predict(Model.load(archive), asked) == expected
    with tarfile.open(archive) as packed:
        assert sorted(packed.getnames()) == sorted(MODEL_FILES)


def test_packing_again_gives_the_same_bytes(seasonal_model: Model, tmp_path: Path) -> None:
    made = []
    for name in ("a", "b"):
        seasonal_model.save(tmp_path / name)
        made.append(pack_folder(tmp_path / name, tmp_path / f"{name}.tar.gz").read_bytes())
    assert made[0] == made[1]


def archive_of(path: Path, **members: bytes) -> Path:
    with tarfile.open(path, "w:gz") as packed:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            packed.addfile(member, io.BytesIO(content))
    return path


DAMAGES: list[Callable[[bytes], bytes]] = [lambda whole: whole[: len(whole) // 2], lambda _: b"", lambda _: b"PK\3\4"]


@pytest.mark.parametrize("damage", DAMAGES, ids=["half", "empty", "magic"])
def test_a_model_that_is_cut_off_is_refused(seasonal_model: Model, tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    config, parameters = MODEL_FILES
    for name in MODEL_FILES:
        seasonal_model.save(tmp_path)
        (tmp_path / name).write_bytes(damage((tmp_path / name).read_bytes()))
        with pytest.raises(ProblemsError, match=f"allowed: a folder or model.tar.gz with {config} and {parameters}"):
            Model.load(tmp_path)


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.tar.gz").write_text("no archive")
    config, parameters = MODEL_FILES
    broken = [
        tmp_path / "text.tar.gz",
        tmp_path / "absent.tar.gz",
        archive_of(tmp_path / "empty.tar.gz"),
        archive_of(tmp_path / "other.tar.gz", **{config: b'{"format": "other"}', parameters: b""}),
        archive_of(tmp_path / "pickle.tar.gz", **{config: b'{"format": "deepar-stand-in/2"}', parameters: b"\x80\x04."}),
    ]
    for path in broken:
        with pytest.raises(ProblemsError, match="allowed: "):
            Model.load(path)
