"""The training template: what to forecast, from which assets and features, and how.

A template is JSON in camelCase. It is validated when it is stored and again in the step; all problems are reported at once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, ValidationError
from pydantic.json_schema import GenerateJsonSchema

from contracts.drift import DriftRule
from contracts.feature_settings import GROUPS, Features, Settings, calendar_fields, different
from contracts.files import unreadable_file
from contracts.frequency import FREQUENCY_PATTERN, Frequency
from contracts.hyperparameters import HYPERPARAMETERS
from contracts.ids import ABLATED_TEMPLATE_ID_MAX, ASSET_PATTERN, template_id_problem
from contracts.price_checks import MISSING_MAX, STEP_MAX
from contracts.problems import Problem, ProblemsError, listed, nearest, one_problem
from contracts.ranges import CALIBRATION_WINDOWS, LATEST, last_moment
from contracts.template_problems import field_problems, not_finite

ASSETS_MAX = 1000
WINDOWS_MAX = 100
#: With fewer test windows the report does not rule out chance: even a forecast that wins all n of them does so by chance with
#: probability 2 / 2^n (two-sided), which is above 0.05.
TELLING_WINDOWS = 6
_MOMENT_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?)?$"
#: A word or a few, for a person to read: no control characters.
_WORDS_PATTERN = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"
_YEARS = range(1900, 2201)


def _moment(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"a date such as 2010-12-31 or 2010-12-31 16:00:00 ({error})") from error
    if moment.year not in _YEARS:
        raise ValueError(f"a date between {_YEARS.start} and {_YEARS.stop - 1}")
    return text


def _end(text: str) -> str:
    return text if text == LATEST else _moment(text)


AssetName = Annotated[str, Field(pattern=ASSET_PATTERN)]
Moment = Annotated[str, Field(pattern=_MOMENT_PATTERN), AfterValidator(_moment)]
EndMoment = Annotated[str, Field(pattern=rf"{_MOMENT_PATTERN}|^{LATEST}$"), AfterValidator(_end)]
Length = Annotated[int, Field(ge=1)]
Seen = Annotated[tuple[Literal[GROUPS], ...], AfterValidator(different)]  # type: ignore[valid-type]


class DataPolicy(Settings):
    """Irregularities that are tolerated in the price histories; all others are errors."""

    duplicates: Literal["error", "first", "last"] = Field(
        default="error",
        description="Which of several rows in one step is used, by time; error, the default, rejects the file.",
    )
    max_missing_share: float = Field(
        default=0.05,
        ge=0,
        le=MISSING_MAX,
        description="Share of a file's rows that may have no price and are skipped; a larger share is rejected.",
    )
    max_step: float = Field(
        default=10.0,
        gt=1,
        le=STEP_MAX,
        description="Largest ratio of two consecutive prices, up or down; a larger one is rejected: a typing error, a split.",
    )


class Importance(Settings):
    """Feature importance: how much the error of a boosted-tree forecast rises when one feature is shuffled."""

    horizon: int = Field(
        1,
        ge=1,
        le=1000,
        description="Rows (trading days, not calendar days) between a feature and the tested target.",
    )
    repeats: int = Field(3, ge=1, le=50, description="How often each feature is shuffled; its score is the mean.")


class Evaluation(Settings):
    """How the forecasts of the windows are scored."""

    calibration: Literal["none", "conformal"] = Field(
        default="none",
        description="conformal corrects the model's quantiles by their errors on the calibration windows, if that improves the "
        "later half of them; none, the default, leaves them as they are.",
    )
    ablation: bool = Field(
        default=False,
        description="true starts a second execution with each training: the same without dynamic features, which is never "
        "registered. The report then says what the features contribute.",
    )


class Drift(Settings):
    """When the published forecasts count as drifted, and what is done about it."""

    forecasts: int = Field(
        DriftRule.forecasts, ge=1, le=1000, description="Number of the last scored forecasts whose skill is compared."
    )
    minimum_skill: float = Field(
        DriftRule.minimum_skill,
        ge=-10,
        le=0.9,
        description="Skill against the best baseline that they must have together; -0.1 accepts a loss that is 10 % higher.",
    )
    retrain: bool = Field(
        DriftRule.retrain,
        description="Starts a training of the template once its forecasts have drifted, one at a time; the model still needs "
        "approval as usual.",
    )


class TrainingTemplate(Settings):
    """Settings of one training. Lengths count steps of the frequency: with 1D, all calendar days."""

    model_config = ConfigDict(title="Training template")

    id: str | None = Field(None, description="Name under which it is stored and started; execution ids begin with it.")
    description: str = Field("", max_length=1000, description="Free text for readers.")
    base_assets: Annotated[tuple[AssetName, ...], Field(min_length=1, max_length=ASSETS_MAX)] = Field(
        description="Names of the stored assets that the model is trained on; only rows that all of them have are used."
    )
    predicted_asset: AssetName = Field(description="The asset among baseAssets that is forecast and tested.")
    start_dataset: Moment = Field(description="First date or time that is used, inclusive; earlier rows are ignored.")
    end_training: EndMoment = Field(
        description="Last date or time of the training, inclusive (a date means the whole day). The calibration windows "
        "begin one step after the last row before that. latest lets each start choose the last date after "
        "which the stored prices have all windows (with several assets, ten days earlier), so a retraining uses newer prices."
    )
    frequency: str = Field(
        "1D",
        pattern=FREQUENCY_PATTERN,
        description="Step of the data: M, W, D, H or min, with a multiple such as 30min. Prices of business days are 1D.",
    )
    prediction_length: Length = Field(
        20,
        le=int(HYPERPARAMETERS["prediction_length"].maximum),
        description="Steps of a forecast. With 1D these are calendar days: 20 are about 14 trading days.",
    )
    context_length: Length = Field(
        40,
        le=int(HYPERPARAMETERS["context_length"].maximum),
        description="Steps that the model sees before a forecast, counted like predictionLength.",
    )
    calibration_windows: int = Field(
        CALIBRATION_WINDOWS,
        ge=1,
        le=WINDOWS_MAX,
        description="Number of consecutive forecasts between endTraining and the test windows; on them the best baseline is "
        "chosen and the model's quantiles are calibrated.",
    )
    test_windows: int = Field(
        8,
        ge=1,
        le=WINDOWS_MAX,
        description=f"Number of consecutive test forecasts after the calibration windows; prices must reach "
        f"(calibrationWindows + testWindows) · predictionLength steps beyond endTraining. With fewer than "
        f"{TELLING_WINDOWS}, the report cannot rule out chance.",
    )
    target_transform: Literal["level", "log", "log1p", "log_return"] = Field(
        "log_return",
        description="Transform of the price that the model forecasts; log_return, the default, is best for prices. Use level "
        "for values that may be negative, such as temperatures, and log1p for counts and amounts that may be 0.",
    )
    quantity: str = Field(
        "price",
        pattern=_WORDS_PATTERN,
        min_length=1,
        max_length=40,
        description="What the series measure, as the report names it: price, temperature, sales.",
    )
    unit: str = Field(
        "", pattern=_WORDS_PATTERN, max_length=20, description="Unit of the series for the report, such as USD or °C."
    )
    gate_margin: float = Field(
        0.05,
        ge=-0.9,
        le=10,
        description="How far the model's loss on the test windows may exceed that of the best baseline and the model still be "
        "registered: 0.05 is 5 %; below 0 the model must be better.",
    )
    seed: int = Field(
        1, ge=0, le=2**31 - 1, description="Random seed of our own steps: autoencoder, importance, confidence intervals."
    )
    data: DataPolicy = Field(DataPolicy(), description="Tolerated irregularities of the price files; by default almost none.")
    importance: Importance | None = Field(
        None,
        description="Adds a report on feature importance; {} uses its defaults, and without this field there is no report.",
    )
    evaluation: Evaluation = Field(Evaluation(), description="How the backtest is evaluated.")
    drift: Drift | None = Field(
        None,
        description="Watches the skill of published forecasts and sends a notice when it is too low; {} uses its defaults, and "
        "without this field nothing is watched.",
    )
    features: Features = Field(description="Feature groups to compute; {} uses a group's defaults.")
    dynamic_features: Seen | None = Field(
        None,
        description="Groups in features that the model sees; by default all of them, but not autoencoder if there is also pca.",
    )

    @property
    def start(self) -> datetime:
        """Return the first time that is used."""
        return datetime.fromisoformat(self.start_dataset)

    @property
    def training_end(self) -> datetime:
        """Return the last second of the training range; a date without a time means the whole day. Not for ``latest``."""
        return last_moment(self.end_training)

    @property
    def time_freq(self) -> str:
        """Return the frequency in DeepAR's notation: ``1D`` is ``D``."""
        return re.sub(r"^1(?=[MWDHm])", "", self.frequency)

    @property
    def needs_positive_prices(self) -> str:
        """What in the template takes logarithms of prices or divides by them, for messages; empty if nothing does."""
        needs = [f"targetTransform {self.target_transform}"] if self.target_transform in ("log", "log_return") else []
        needs += [f"features.{name}" for name, settings in self.features.chosen().items() if settings.needs_positive_prices]
        needs += ["importance"] if self.importance is not None else []
        return listed(needs)

    @property
    def seen_groups(self) -> tuple[str, ...]:
        """Return the feature groups that become ``dynamic_feat``.

        PCA reproduces the autoencoder's input better than the autoencoder, on the training range and after it
        (docs/features.md), so if a template has both, the model sees only PCA unless the template says otherwise.
        """
        chosen = tuple(self.features.chosen())
        if self.dynamic_features is not None:
            return tuple(name for name in chosen if name in self.dynamic_features)
        return tuple(name for name in chosen if name != "autoencoder" or "pca" not in chosen)


def parse_template(data: object, now: datetime | None = None) -> TrainingTemplate:
    """Return the template that JSON data describes.

    Raises:
        ProblemsError: all problems, each with its JSON path.
    """
    if not isinstance(data, Mapping):
        raise ProblemsError("template", [Problem("template", data, "allowed: one JSON object")])
    problems: list[Problem] = []
    template: TrainingTemplate | None = None
    try:
        template = TrainingTemplate.model_validate_json(json.dumps(_with_calendar_fields(data), allow_nan=False))
    except ValidationError as error:
        problems = field_problems(TrainingTemplate, error)
    except (ValueError, TypeError, RecursionError) as error:
        no_numbers = not_finite(data)
        if no_numbers:
            raise ProblemsError("template", no_numbers) from error
        raise one_problem("template", "template", type(data).__name__, f"allowed: JSON values ({error})") from error
    broken = {re.split(r"[.\[]", problem.where, maxsplit=1)[0] for problem in problems}
    problems += _cross_problems({key: value for key, value in data.items() if key not in broken}, now or datetime.now(UTC))
    if template is not None and template.evaluation.ablation and not template.seen_groups:
        allowed = "allowed: false, because the model sees no dynamic features; without any there is nothing to leave out"
        problems.append(Problem("evaluation.ablation", True, allowed))
    if problems or template is None:
        raise ProblemsError("template", problems)
    return template


def _with_calendar_fields(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Fill in the positions of ``features.calendar`` that follow from the frequency, if the template leaves them to it."""
    features, frequency = data.get("features"), data.get("frequency", TrainingTemplate.model_fields["frequency"].default)
    calendar = features.get("calendar") if isinstance(features, Mapping) else None
    known = isinstance(frequency, str) and re.fullmatch(FREQUENCY_PATTERN, frequency)
    if not known or features is None or not isinstance(calendar, Mapping) or "fields" in calendar:
        return data
    fields = list(calendar_fields(Frequency.parse(frequency)))
    return {**data, "features": {**features, "calendar": {**calendar, "fields": fields}}}


def load_template(path: Path) -> TrainingTemplate:
    """Return the template in a JSON file.

    Raises:
        ProblemsError: the file cannot be read, or all problems of its content.
    """
    try:
        content = json.loads(path.read_bytes(), object_pairs_hook=partial(_members, str(path)))
    except (OSError, ValueError, RecursionError) as error:
        raise unreadable_file(path, error, "give the path of a training template in JSON") from error
    try:
        return parse_template(content)
    except ProblemsError as error:
        raise ProblemsError(str(path), error.problems) from error


def _members(source: str, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object. A repeated name is a problem, because the first value would silently be ignored."""
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    values: dict[str, list[Any]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    twice = {name: found for name, found in values.items() if len(found) > 1}
    raise ProblemsError(source, [Problem(name, found, "allowed: each name once per object") for name, found in twice.items()])


def to_data(template: TrainingTemplate) -> dict[str, Any]:
    """Return the template as JSON data with all defaults filled in, so a stored template survives a change of defaults."""
    return template.model_dump(mode="json", by_alias=True, exclude_none=True)


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a template, for editors. Only :func:`parse_template` checks rules between fields."""
    return TrainingTemplate.model_json_schema(by_alias=True, schema_generator=_Schema)


class _Schema(GenerateJsonSchema):
    """Omits the titles of fields: pydantic would call startDataset ``Startdataset``, and editors show the title."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def notes(template: TrainingTemplate) -> list[str]:
    """Report settings that are allowed but probably not intended."""
    found = [] if template.id else ["id is missing; `runs template put` needs it to store the template"]
    if template.test_windows < TELLING_WINDOWS:
        few = f"the report cannot rule out chance with fewer than {TELLING_WINDOWS}, however good the forecast is"
        found.append(f"testWindows is {template.test_windows}; {few}")
    return found


def pipeline_parameters(template: TrainingTemplate) -> dict[str, str]:
    """Return the pipeline parameters that a template sets; a start cannot override them."""
    return {
        "time_freq": template.time_freq,
        "prediction_length": str(template.prediction_length),
        "context_length": str(template.context_length),
    }


def _cross_problems(data: Mapping[str, Any], now: datetime) -> list[Problem]:
    """Rules between fields, for fields that are valid by themselves."""
    problems = []
    if data.get("id") is not None and (problem := template_id_problem(data["id"], "id")):
        problems.append(problem)
    elif len(data.get("id") or "") > ABLATED_TEMPLATE_ID_MAX and (data.get("evaluation") or {}).get("ablation"):
        allowed = f"allowed: at most {ABLATED_TEMPLATE_ID_MAX} characters with evaluation.ablation, which makes longer ids"
        problems.append(Problem("id", data["id"], allowed))
    assets = data.get("baseAssets")
    if assets is not None:
        twice = sorted({name for name in assets if assets.count(name) > 1})
        problems += [Problem("baseAssets", name, "allowed: each asset once") for name in twice]
        predicted = data.get("predictedAsset")
        if predicted is not None and predicted not in assets:
            hint = nearest(predicted, assets)
            allowed = f"allowed: one of baseAssets: {listed(assets)}"
            problems.append(Problem("predictedAsset", predicted, f"{allowed}; {hint}" if hint else allowed))
    return problems + _date_problems(data, now) + _group_problems(data)


def _date_problems(data: Mapping[str, Any], now: datetime) -> list[Problem]:
    problems = []
    start, end = data.get("startDataset"), data.get("endTraining")
    if end == LATEST:
        return []
    if start and end and last_moment(end) <= datetime.fromisoformat(start):
        problems.append(Problem("endTraining", end, f"allowed: after startDataset, which is {start}"))
    if end and datetime.fromisoformat(end) > now.astimezone(UTC).replace(tzinfo=None):
        allowed = f"allowed: not in the future; today is {now:%Y-%m-%d}, startDataset {start}"
        problems.append(Problem("endTraining", end, allowed))
    return problems


def _group_problems(data: Mapping[str, Any]) -> list[Problem]:
    features, seen = data.get("features"), data.get("dynamicFeatures")
    if features is None:
        return []
    chosen = [name for name in GROUPS if features.get(name) is not None]
    missing = [name for name in seen or () if name not in chosen]
    known = f"allowed: groups that features sets: {', '.join(chosen) or 'it sets none'}"
    return [Problem("dynamicFeatures", name, known) for name in missing]
