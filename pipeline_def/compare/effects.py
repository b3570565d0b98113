"""What a change means: the words for what changed, and its effect on cost, data contract, security and the model."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeGuard

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


@dataclass(frozen=True)
class Topic:
    """Leaves whose path matches have this label (``{}`` is the pattern's group) and these effects."""

    pattern: re.Pattern[str]
    label: str
    effects: tuple[Effect, ...]


def _topic(pattern: str, label: str, *effects: tuple[str, str]) -> Topic:
    return Topic(re.compile(pattern), label, tuple(Effect(kind, says) for kind, says in effects))


_MOVED = (DATA, "whoever reads these files finds them elsewhere, or not at all")
_READS = (DATA, "the step reads something else")
_TAGS = (COST, "cost allocation and policies go by tags")
_KEY = (SECURITY, "who holds the key can read what it encrypts")
_NETWORK = (SECURITY, "what the container can reach, and who can listen")

#: The first that matches a leaf's path tells.
TOPICS = (
    _topic(
        r"(?:^|\.)(?:ImageUri|TrainingImage|Image)$",
        "image",
        (SECURITY, "other code runs with the step's role"),
        (DATA, "what it reads and writes may have changed with it"),
    ),
    _topic(r"InstanceType$", "instance type", (COST, "another price per hour and another run time")),
    _topic(r"InstanceCount$", "instance count", (COST, "each instance is billed")),
    _topic(r"VolumeSizeInGB$", "volume size", (COST, "storage is billed by size and time")),
    _topic(r"MaxRuntimeInSeconds$", "longest run", (COST, "the most that one job can cost")),
    _topic(r"MaxWaitTimeInSeconds$", "longest wait for spot capacity", (COST, "how long a job may wait before it fails")),
    _topic(r"EnableManagedSpotTraining$", "managed spot training", (COST, "spot is cheaper, and may be taken away")),
    _topic(r"HyperParameters\.(.+)$", "hyperparameter {}", (MODEL, "another model from the same data")),
    _topic(r"RoleArn$", "role", (SECURITY, "the step runs with other rights")),
    _topic(r"VolumeKmsKeyId$", "encryption key of the volumes", _KEY),
    _topic(r"Output(?:Data)?Config\.KmsKeyId$", "encryption key of the output", _KEY),
    _topic(r"KmsKeyId$", "encryption key", _KEY),
    _topic(r"VpcConfig", "network", _NETWORK),
    _topic(r"EnableNetworkIsolation$", "network isolation", _NETWORK),
    _topic(r"EnableInterContainerTrafficEncryption$", "encryption between containers", _NETWORK),
    _topic(r"^Environment\.(.+)$", "environment variable {}", (DATA, "what the container is told")),
    _topic(r"ContainerArguments$", "arguments of the container", (DATA, "what the container is told")),
    _topic(r"ContainerEntrypoint$", "entry point", (SECURITY, "other code runs with the step's role")),
    _topic(r"ProcessingInputs\.code\.", "executor", (SECURITY, "other code runs with the step's role")),
    _topic(r"ProcessingInputs\.([^.]+)", "input {}", _READS),
    _topic(r"InputDataConfig\.([^.]+)", "channel {}", _READS),
    _topic(r"Outputs\.([^.]+)", "output {}", _MOVED),
    _topic(r"S3OutputPath$", "output path", _MOVED),
    _topic(r"PropertyFiles\.([^.]+)", "property file {}", (DATA, "what the condition compares")),
    _topic(r"^(IfSteps|ElseSteps)$", "branch {}"),
    _topic(r"^Conditions$", "condition", (MODEL, "other models pass")),
    _topic(r"^RetryPolicies\.(.+)$", "retry of {}", (COST, "how often and how long a failure is tried again")),
    _topic(r"^CacheConfig", "step caching", (DATA, "a hit serves another execution's files")),
    _topic(
        r"^(?:ModelMetrics|CustomerMetadataProperties)", "what the registry tells of a model", (DATA, "readers of the registry")
    ),
    _topic(r"RealtimeInferenceInstanceTypes\[", "instance type to serve on", (COST, "other prices per hour")),
    _topic(r"TransformInstanceTypes\[", "instance type to transform on", (COST, "other prices per hour")),
    _topic(r"ModelApprovalStatus$", "approval", (SECURITY, "who decides that a model may be used")),
    _topic(r"Tags\.([^.]+)", "tag {}", _TAGS),
    _topic(r"(?:^|\.)Tags$", "tags", _TAGS),
    _topic(r"^(?:DisplayName|Description)$", "wording"),
)


#: What a leaf's path ends with where another leaf has the same.
_NUMBER = re.compile(r" \(\d+\)$")


def topic_of(path: str) -> tuple[str, tuple[Effect, ...]]:
    """Label and effects of a leaf; a path that no topic knows is its own label, and its effect is for the reviewer to see."""
    for topic in TOPICS:
        match = topic.pattern.search(_NUMBER.sub("", path))
        if match:
            return topic.label.format(*match.groups()), topic.effects
    return path, ()


#: Hyperparameters that the feature step's files must agree with, and those that change what a training costs; of these
#: the time grows in proportion with the epochs alone.
_AGREED = ("time_freq", "prediction_length", "context_length", "cardinality", "num_dynamic_feat")
_COSTLY = ("epochs", "num_cells", "num_layers", "num_eval_samples", "context_length", "early_stopping_patience")


def parameter_effects(name: str, old: object = None, new: object = None) -> tuple[Effect, ...]:
    """What it means that a parameter's default changed from old to new (or that it came or went)."""
    if name in HYPERPARAMETERS:
        if _is_number(old) and _is_number(new) and old == new:
            return (Effect(MODEL, "the algorithm reads the same number from another text, and may refuse it"),)
        effects = [Effect(MODEL, "another model from the same data")]
        if name in _COSTLY:
            times = _times(old, new) if name == "epochs" else ""
            effects.append(Effect(COST, times or "training takes another time"))
        if name in _AGREED:
            effects.append(Effect(DATA, "the training data must agree with it"))
        return tuple(effects)
    if name in (names.PROCESSING_INSTANCE_COUNT, names.TRAINING_INSTANCE_COUNT):
        return (Effect(COST, "each instance is billed"),)
    if name in (names.PROCESSING_INSTANCE_TYPE, names.TRAINING_INSTANCE_TYPE):
        return (Effect(COST, "another price per hour and another run time"),)
    if name in (names.PROCESSING_VOLUME_GB, names.TRAINING_VOLUME_GB):
        return (Effect(COST, "storage is billed by size and time"),)
    if name == names.MODEL_APPROVAL_STATUS:
        return (Effect(SECURITY, "models are approved without a person" if new == "Approved" else "who decides on a model"),)
    return (Effect(DATA, "starts that do not set it get something else"),)


def _times(old: object, new: object) -> str:
    if _is_number(old) and _is_number(new) and old:
        return f"each training does {new / old:.3g} times as much of it"
    return ""


def _is_number(value: object) -> TypeGuard[float]:
    return type(value) in (int, float)


#: Step type -> what one more or one less of it means.
STEP_EFFECTS = {
    "Processing": (Effect(COST, "a job with instances of its own in every execution"),),
    "Training": (Effect(COST, "a job with instances of its own in every execution"), Effect(MODEL, "another model")),
    "Transform": (Effect(COST, "a job with instances of its own in every execution"),),
    "Tuning": (Effect(COST, "many training jobs in every execution"), Effect(MODEL, "another model")),
    "Condition": (Effect(MODEL, "what must hold before a model is used"),),
    "Model": (Effect(DATA, "whether there is a model to deploy"),),
    "RegisterModel": (Effect(DATA, "whether the registry gets a version"),),
}
