"""The meaning of a change to a step's member: a label for what changed, and its effects by what became of the value."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline_def.check.step_types import COST, DATA, MODEL, SECURITY
from pipeline_def.diff.effects import Effect
from pipeline_def.diff.values import Leaf

#: What became of a value, if the effects depend on it: added, removed, or the JSON of the new value.
ADDED, REMOVED, ON, OFF = "added", "removed", "true", "false"


@dataclass(frozen=True)
class Topic:
    """Values whose path matches the pattern have this label (``{}`` is the pattern's group) and these effects.

    ``by`` contains the effects by what became of the value, if they differ from ``effects``.
    """

    pattern: re.Pattern[str]
    label: str
    effects: tuple[Effect, ...]
    by: Mapping[str, tuple[Effect, ...]]

    def effects_of(self, old: Leaf | None, new: Leaf | None) -> tuple[Effect, ...]:
        if new is None:
            # A switch that is absent is off.
            became = [OFF, REMOVED] if old and old.exact in (ON, OFF) else [REMOVED]
        else:
            became = [new.exact, ADDED] if old is None else [new.exact]
        return next((self.by[key] for key in became if key in self.by), self.effects)


_Pair = tuple[str, str]


def _topic(pattern: str, label: str, *effects: _Pair, by: Mapping[str, Sequence[_Pair]] | None = None) -> Topic:
    return Topic(re.compile(pattern), label, _effects(effects), {key: _effects(pairs) for key, pairs in (by or {}).items()})


def _effects(pairs: Sequence[_Pair]) -> tuple[Effect, ...]:
    return tuple(Effect(kind, says) for kind, says in pairs)


_NO_MORE = (DATA, "these files are no longer written")
_MOVED = (DATA, "readers of these files must look elsewhere")
_MOVED_FORM = (DATA, "readers of these files must read another form")
_READS = (DATA, "the step reads other data")
_OTHER_MODEL = (MODEL, "another model is registered or served")
_NO_SHELL = (SECURITY, "no shell can be opened in the container")
_NOT_CACHED = (DATA, "each execution writes its own files")
_TAGS = (COST, "cost allocation and policies use tags")
_KEY = (SECURITY, "holders of the key can read what it encrypts")
_BY_KEY = {
    ADDED: [(SECURITY, "holders of this key can read what it encrypts")],
    REMOVED: [(SECURITY, "your own key no longer encrypts it")],
}
_NETWORK = (SECURITY, "it decides what the container can reach and who can listen")

#: The first row that matches a path applies.
TOPICS = (
    _topic(
        r"(?:^|\.)(?:ModelDataUrl$|(?:Additional)?ModelDataSources?\b|AdditionalS3DataSource\b|SourceUri$)"
        r"|^SourceAlgorithmSpecification\b|Container(?:s\[\d+\])?\.ModelPackageName$",
        "model data",
        _OTHER_MODEL,
        (SECURITY, "writers of that location decide what is served"),
        by={REMOVED: [_OTHER_MODEL]},
    ),
    _topic(
        r"(?:^|\.)(?:ImageUri|TrainingImage|Image)$",
        "image",
        (SECURITY, "other code runs with the step's role"),
        (DATA, "the data that it reads and writes may change"),
    ),
    _topic(r"InstanceType$", "instance type", (COST, "the price per hour and the run time change")),
    _topic(r"InstanceCount$", "instance count", (COST, "each instance is billed")),
    _topic(r"VolumeSizeInGB$", "volume size", (COST, "storage is billed by size and time")),
    _topic(r"MaxRuntimeInSeconds$", "time limit", (COST, "it limits the cost of one job")),
    _topic(r"MaxWaitTimeInSeconds$", "time limit for spot capacity", (COST, "it limits how long a job waits before it fails")),
    _topic(
        r"EnableManagedSpotTraining$",
        "managed spot training",
        (COST, "spot instances are cheaper but can be interrupted"),
        by={OFF: [(COST, "on-demand prices apply; instances are not interrupted")]},
    ),
    _topic(r"HyperParameters\.(.+)$", "hyperparameter {}", (MODEL, "another model from the same data")),
    _topic(r"RoleArn$", "role", (SECURITY, "the step runs with other permissions")),
    _topic(r"VolumeKmsKeyId$", "encryption key of the volumes", _KEY, by=_BY_KEY),
    _topic(r"Output(?:Data)?Config\.KmsKeyId$|^TransformOutput\.KmsKeyId$", "encryption key of the output", _KEY, by=_BY_KEY),
    _topic(r"KmsKeyId$", "encryption key", _KEY, by=_BY_KEY),
    _topic(r"VpcConfig", "network", _NETWORK),
    _topic(r"^ModelName$", "model of the transform job", (MODEL, "the gate judges the answers of another model")),
    _topic(r"^TransformInput\.DataSource\b", "input of the transform job", _READS),
    _topic(
        r"^(?:TransformInput\.(?:ContentType|CompressionType|SplitType)|BatchStrategy|DataProcessing\b.*)$",
        "requests of the transform job",
        (DATA, "the model gets its input in another form"),
    ),
    _topic(r"^TransformOutput\.(?:Accept|AssembleWith)$", "answers of the transform job", _MOVED_FORM),
    _topic(
        r"^(?:MaxConcurrentTransforms|MaxPayloadInMB|ModelClientConfig\b.*)$",
        "limits of the transform job's requests",
        (COST, "they decide how fast the job is, and which requests fail"),
    ),
    _topic(r"^DataCaptureConfig\b", "data capture", (DATA, "additional files are written"), by={REMOVED: [_NO_MORE]}),
    _topic(
        r"EnableNetworkIsolation$",
        "network isolation",
        _NETWORK,
        by={
            ON: [(SECURITY, "the container has no network access")],
            OFF: [(SECURITY, "the container has network access, so data can leave it")],
        },
    ),
    _topic(
        r"EnableInterContainerTrafficEncryption$",
        "encryption between containers",
        _NETWORK,
        by={
            ON: [(SECURITY, "traffic between the job's instances is encrypted")],
            OFF: [(SECURITY, "traffic between the job's instances is not encrypted")],
        },
    ),
    _topic(
        r"^RemoteDebugConfig\b",
        "remote debugging",
        (SECURITY, "a shell in the container gives access to its data and its role"),
        by={OFF: [_NO_SHELL], REMOVED: [_NO_SHELL]},
    ),
    _topic(r"^(ProfilerConfig\.DisableProfiler)$", "{}", (DATA, "a profile of each job is written"), by={ON: [_NO_MORE]}),
    _topic(
        r"^((?:DebugHook|DebugRule|Profiler|ProfilerRule|TensorBoardOutput)Config(?:uration)?s?\b.*)$",
        "{}",
        (SECURITY, "readers of that location can read the job's memory"),
        (DATA, "files that no step declares as an output"),
        by={REMOVED: [_NO_MORE]},
    ),
    _topic(
        r"^CheckpointConfig\b",
        "checkpoints",
        (DATA, "checkpoints are stored there"),
        (MODEL, "a training can resume from checkpoints there"),
        by={REMOVED: [(DATA, "checkpoints are no longer stored")]},
    ),
    _topic(r"(?:^|\.)Environment\.(.+)$", "environment variable {}", (DATA, "the container gets other input")),
    _topic(r"ContainerArguments$", "arguments of the container", (DATA, "the container gets other input")),
    _topic(r"ContainerEntrypoint$", "entry point", (SECURITY, "other code runs with the step's role")),
    _topic(r"ProcessingInputs\.code\.", "executor", (SECURITY, "other code runs with the step's role")),
    _topic(
        r"ProcessingInputs\.([^.]+)\..*OutputS3Uri$",
        "input {}",
        (DATA, "the results of a query are written there"),
        by={REMOVED: [_NO_MORE]},
    ),
    _topic(r"ProcessingInputs\.([^.]+)", "input {}", _READS),
    _topic(r"InputDataConfig\.([^.]+)", "channel {}", _READS),
    _topic(r"Outputs\.([^.]+)\..*S3UploadMode$", "output {}", (DATA, "it decides when readers find the files")),
    _topic(r"Outputs\.([^.]+)\..*LocalPath$", "output {}", (DATA, "other files of the container are uploaded")),
    _topic(
        r"Outputs\.([^.]+)",
        "output {}",
        _MOVED,
        by={ADDED: [(DATA, "additional files are written")], REMOVED: [_NO_MORE]},
    ),
    _topic(r"S3OutputPath$", "output path", _MOVED),
    _topic(r"PropertyFiles\.([^.]+)", "property file {}", (DATA, "the condition compares other values")),
    _topic(r"^(IfSteps|ElseSteps)$", "branch {}"),
    _topic(r"^Conditions$", "condition", (MODEL, "other models pass the condition")),
    _topic(r"^RetryPolicies\.(.+)$", "retry of {}", (COST, "it decides how often and how long failures are retried")),
    _topic(
        r"^CacheConfig",
        "step caching",
        (DATA, "a cache hit reuses another execution's files"),
        by={OFF: [_NOT_CACHED], REMOVED: [_NOT_CACHED]},
    ),
    _topic(
        r"^(?:ModelMetrics|CustomerMetadataProperties)",
        "model information in the registry",
        (DATA, "readers of the registry see other information"),
    ),
    _topic(r"RealtimeInferenceInstanceTypes\[", "instance type for serving", (COST, "prices per hour differ")),
    _topic(r"TransformInstanceTypes\[", "instance type for batch transform", (COST, "prices per hour differ")),
    _topic(
        r"ModelApprovalStatus$",
        "approval",
        (SECURITY, "it decides who approves a model"),
        by={'"Approved"': [(SECURITY, "models are approved without a person")]},
    ),
    _topic(r"Tags\.([^.]+)", "tag {}", _TAGS),
    _topic(r"(?:^|\.)Tags$", "tags", _TAGS),
    _topic(r"^(?:DisplayName|Description)$", "name or description"),
)


#: The end of a path that several values share.
_NUMBER = re.compile(r" \(\d+\)$")


def label_of(path: str) -> str:
    """The label of a value; a path that matches no topic is its own label."""
    return _find(path)[0]


def label_and_effects(path: str, old: Leaf | None, new: Leaf | None) -> tuple[str, tuple[Effect, ...]]:
    """Label and effects of a change; no effects if no topic matches the path."""
    label, topic = _find(path)
    return label, topic.effects_of(old, new) if topic else ()


def _find(path: str) -> tuple[str, Topic | None]:
    for topic in TOPICS:
        match = topic.pattern.search(_NUMBER.sub("", path))
        if match:
            return topic.label.format(*match.groups()), topic
    return path, None
