"""Effects of a change on cost, data contract, security and the model: of parameters, and of whole steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeGuard

from contracts import parameters as names
from contracts.hyperparameters import HYPERPARAMETERS
from pipeline_def.check.step_types import COST, DATA, MODEL, SECURITY, STEP_TYPES


@dataclass(frozen=True)
class Effect:
    """``kind`` is cost, data contract, security or model; ``says`` what a reviewer should consider."""

    kind: str
    says: str


#: Hyperparameters that the training data must match, and those that change the cost of a training. The time is proportional
#: only to the epochs.
_IN_DATA = ("time_freq", "prediction_length", "context_length", "cardinality", "num_dynamic_feat")
_COSTLY = ("epochs", "num_cells", "num_layers", "num_eval_samples", "context_length", "early_stopping_patience")

_STORED = (Effect(COST, "storage is billed by size and time"),)
_BILLED = (Effect(COST, "each instance is billed"),)
_PRICED = (Effect(COST, "the price per hour and the run time change"),)
_OF_PARAMETER = {
    names.PROCESSING_INSTANCE_COUNT: _BILLED,
    names.TRAINING_INSTANCE_COUNT: _BILLED,
    names.BACKTEST_INSTANCE_COUNT: _BILLED,
    names.PROCESSING_INSTANCE_TYPE: _PRICED,
    names.TRAINING_INSTANCE_TYPE: _PRICED,
    names.BACKTEST_INSTANCE_TYPE: _PRICED,
    names.PROCESSING_VOLUME_GB: _STORED,
    names.TRAINING_VOLUME_GB: _STORED,
}
REQUIRED_AT_START = Effect(DATA, "every start must set it")
REJECTED_AT_START = Effect(DATA, "a start that sets it is rejected")
_APPROVER = Effect(SECURITY, "it decides who approves a model")


def parameter_effects(name: str, old: object = None, new: object = None) -> tuple[Effect, ...]:
    """Effects of a default that changes from old to new; both are absent if the parameter was added or removed."""
    if name in HYPERPARAMETERS:
        return _hyperparameter_effects(name, old, new)
    if name in _OF_PARAMETER:
        return _OF_PARAMETER[name]
    if name == names.MODEL_APPROVAL_STATUS:
        return (Effect(SECURITY, "models are approved without a person"),) if new == "Approved" else (_APPROVER,)
    if new is None:
        return ()
    if name == names.EXECUTION_ID:
        return (Effect(DATA, "starts without an id share one, and overwrite each other's files"),)
    return (Effect(DATA, "starts that do not set it get another value"),)


def _hyperparameter_effects(name: str, old: object, new: object) -> tuple[Effect, ...]:
    if _is_number(old) and _is_number(new) and old == new:
        return (Effect(MODEL, "the algorithm gets the same number in another notation, which it may reject"),)
    effects = [Effect(MODEL, "another model from the same data")]
    if name in _COSTLY:
        is_known = name == "epochs" and _is_number(old) and _is_number(new) and old != 0
        effects.append(Effect(COST, _times_as_many(old, new) if is_known else "the training time changes"))
    if name in _IN_DATA:
        effects.append(Effect(DATA, "the training data must match it"))
    return tuple(effects)


def _times_as_many(old: Any, new: Any) -> str:
    return f"each training takes {new / old:.3g} times as many epochs"


def _is_number(value: object) -> TypeGuard[float]:
    return type(value) in (int, float)


def choice_effects(name: str, old: Any, new: Any) -> tuple[Effect, ...]:
    """Effects of other allowed values; None means that every value is allowed."""
    approver = (_APPROVER,) if name == names.MODEL_APPROVAL_STATUS else ()
    if new is None:
        return (Effect(DATA, "starts may set any value"), *approver)
    before, after = (set(map(str, side)) if isinstance(side, list) else set() for side in (old, new))
    narrowed = (Effect(DATA, "starts that set other values are rejected"),) if old is None or before - after else ()
    widened = (Effect(DATA, "starts may set more values"),) if old is not None and after - before else ()
    return (*narrowed, *widened, *approver)


def step_effects(kind: str, *, removed: bool = False) -> tuple[Effect, ...]:
    """Effects of one step of this type more, or less."""
    step_type = STEP_TYPES.get(kind)
    effects = (step_type.removed if removed else step_type.added) if step_type else ()
    return tuple(Effect(*effect) for effect in effects)


def place_effects(old: str, new: str) -> tuple[Effect, ...]:
    """Effects of moving a step to another branch, or out of all branches."""
    if old and new:
        return (Effect(MODEL, "it runs under another condition"),)
    return (Effect(MODEL, "it runs only under a condition" if new else "it always runs"),)
