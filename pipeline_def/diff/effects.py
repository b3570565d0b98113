"""The effects of a change on cost, data contract, security and the model: of parameters, and of whole steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from contracts import parameters as names
from contracts.hyperparameters import HYPERPARAMETERS

COST = "cost"
DATA = "data contract"
SECURITY = "security"
MODEL = "model"


@dataclass(frozen=True)
class Effect:
    """``kind`` is one of cost, data contract, security, model; ``says`` what a reviewer should think of."""

    kind: str
    says: str


#: Hyperparameters that the feature step's files must agree with, and those that change what a training costs; of these
#: the time grows in proportion with the epochs alone.
_AGREED = ("time_freq", "prediction_length", "context_length", "cardinality", "num_dynamic_feat")
_COSTLY = ("epochs", "num_cells", "num_layers", "num_eval_samples", "context_length", "early_stopping_patience")

_STORED = (Effect(COST, "storage is billed by size and time"),)
_BILLED = (Effect(COST, "each instance is billed"),)
_PRICED = (Effect(COST, "another price per hour and another run time"),)
_OF_PARAMETER = {
    names.PROCESSING_INSTANCE_COUNT: _BILLED,
    names.TRAINING_INSTANCE_COUNT: _BILLED,
    names.PROCESSING_INSTANCE_TYPE: _PRICED,
    names.TRAINING_INSTANCE_TYPE: _PRICED,
    names.PROCESSING_VOLUME_GB: _STORED,
    names.TRAINING_VOLUME_GB: _STORED,
}


def parameter_effects(name: str, old: object = None, new: object = None) -> tuple[Effect, ...]:
    """What it means that a parameter's default changed from old to new; both are None where the parameter came or went."""
    if name in HYPERPARAMETERS:
        return _hyperparameter_effects(name, old, new)
    if name in _OF_PARAMETER:
        return _OF_PARAMETER[name]
    if name == names.MODEL_APPROVAL_STATUS:
        return (Effect(SECURITY, "models are approved without a person" if new == "Approved" else "who decides on a model"),)
    if new is None:
        return ()
    if name == names.EXECUTION_ID:
        return (Effect(DATA, "starts that name none share one id, and overwrite one another's files"),)
    return (Effect(DATA, "starts that do not set it get something else"),)


def _hyperparameter_effects(name: str, old: object, new: object) -> tuple[Effect, ...]:
    if _is_number(old) and _is_number(new) and old == new:
        return (Effect(MODEL, "the algorithm reads the same number from another text, and may refuse it"),)
    effects = [Effect(MODEL, "another model from the same data")]
    if name in _COSTLY:
        times = _times(old, new) if name == "epochs" else ""
        effects.append(Effect(COST, times or "training takes another time"))
    if name in _AGREED:
        effects.append(Effect(DATA, "the training data must agree with it"))
    return tuple(effects)


def _times(old: object, new: object) -> str:
    if _is_number(old) and _is_number(new) and old:
        return f"each training does {new / old:.3g} times as much of it"
    return ""


def _is_number(value: object) -> TypeGuard[float]:
    return type(value) in (int, float)


_NARROWED = Effect(DATA, "starts that pass other values are refused")
_WIDENED = Effect(DATA, "starts may pass more values than before")


def choice_effects(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Effect, ...]:
    """What it means that the values which a parameter allows are others."""
    decides = (Effect(SECURITY, "who decides on a model"),) if name == names.MODEL_APPROVAL_STATUS else ()
    before, after = (side.get("EnumValues") for side in (old, new))
    if after is None:
        return (Effect(DATA, "starts may pass any value"), *decides)
    if not isinstance(before, list) or not isinstance(after, list):
        return (_NARROWED, *decides)
    taken = (_NARROWED,) if any(value not in after for value in before) else ()
    given = (_WIDENED,) if any(value not in before for value in after) else ()
    return (*taken, *given, *decides)


_ONE_LESS = Effect(COST, "a job less in every execution")
#: Step type -> what one more of it means, and one less where that is more than its opposite.
_ADDED = {
    "Processing": (Effect(COST, "a job with instances of its own in every execution"),),
    "Training": (Effect(COST, "a job with instances of its own in every execution"), Effect(MODEL, "another model")),
    "Transform": (Effect(COST, "a job with instances of its own in every execution"),),
    "Tuning": (Effect(COST, "many training jobs in every execution"), Effect(MODEL, "another model")),
    "Condition": (Effect(MODEL, "what must hold before a model is used"),),
    "Model": (Effect(DATA, "whether there is a model to deploy"),),
    "RegisterModel": (Effect(DATA, "whether the registry gets a version"),),
}
_REMOVED = {
    "Processing": (_ONE_LESS,),
    "Training": (_ONE_LESS, Effect(MODEL, "its model is made no more")),
    "Transform": (_ONE_LESS,),
    "Tuning": (Effect(COST, "many training jobs less in every execution"), Effect(MODEL, "its model is made no more")),
    "Condition": (Effect(MODEL, "models are used without it"),),
}


def step_effects(kind: str, *, removed: bool = False) -> tuple[Effect, ...]:
    """What it means that a step of this type is there, or is no more."""
    added = _ADDED.get(kind, ())
    return _REMOVED.get(kind, added) if removed else added


def place_effects(old: str, new: str) -> tuple[Effect, ...]:
    """What it means that a step stands in another branch, or in none."""
    if old and new:
        return (Effect(MODEL, "it runs under another condition"),)
    return (Effect(MODEL, "it runs under a condition alone" if new else "it runs whatever the condition says"),)
