"""What a change of a step's member means: the words for what changed, and its effects by what became of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline_def.diff.effects import COST, DATA, MODEL, SECURITY, Effect
from pipeline_def.diff.leaves import Leaf

#: What became of a leaf, where a topic tells of it: a value that is new or gone, or the JSON of the one that it has now.
ADDED, REMOVED, ON, OFF = "added", "removed", "true", "false"


@dataclass(frozen=True)
class Topic:
    """Leaves whose path matches have this label (``{}`` is the pattern's group) and these effects.

    ``by`` has the effects of what became of the leaf, where they are not those of any change.
    """

    pattern: re.Pattern[str]
    label: str
    effects: tuple[Effect, ...]
    by: Mapping[str, tuple[Effect, ...]]

    def effects_of(self, old: Leaf | None, new: Leaf | None) -> tuple[Effect, ...]:
        if new is None:
            # A switch that is written no more is off.
            became = [OFF, REMOVED] if old and old.exact in (ON, OFF) else [REMOVED]
        else:
            became = [new.exact, ADDED] if old is None else [new.exact]
        return next((self.by[key] for key in became if key in self.by), self.effects)


_Pair = tuple[str, str]


def _topic(pattern: str, label: str, *effects: _Pair, by: Mapping[str, Sequence[_Pair]] | None = None) -> Topic:
    return Topic(re.compile(pattern), label, _effects(effects), {key: _effects(pairs) for key, pairs in (by or {}).items()})


def _effects(pairs: Sequence[_Pair]) -> tuple[Effect, ...]:
    return tuple(Effect(kind, says) for kind, says in pairs)


_NO_MORE = (DATA, "these files are written no more")
_MOVED = (DATA, "whoever reads these files finds them elsewhere, or not at all")
_READS = (DATA, "the step reads something else")
_OTHER_MODEL = (MODEL, "another model is registered or served")
_NO_SHELL = (SECURITY, "no shell in the container can be had")
_NOT_CACHED = (DATA, "each execution makes its own files")
_TAGS = (COST, "cost allocation and policies go by tags")
_KEY = (SECURITY, "who holds the key can read what it encrypts")
_BY_KEY = {
    ADDED: [(SECURITY, "it is encrypted by this key: who holds it can read")],
    REMOVED: [(SECURITY, "no key of yours encrypts it any more")],
}
_NETWORK = (SECURITY, "what the container can reach, and who can listen")

#: The first that matches a leaf's path tells.
TOPICS = (
    _topic(
        r"(?:^|\.)(?:ModelDataUrl$|(?:Additional)?ModelDataSources?\b|AdditionalS3DataSource\b|SourceUri$)"
        r"|^SourceAlgorithmSpecification\b|Container(?:s\[\d+\])?\.ModelPackageName$",
        "model data",
        _OTHER_MODEL,
        (SECURITY, "who can write there decides what is served"),
        by={REMOVED: [_OTHER_MODEL]},
    ),
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
    _topic(
        r"EnableManagedSpotTraining$",
        "managed spot training",
        (COST, "spot is cheaper, and may be taken away"),
        by={OFF: [(COST, "the price is that on demand; no instance is taken away")]},
    ),
    _topic(r"HyperParameters\.(.+)$", "hyperparameter {}", (MODEL, "another model from the same data")),
    _topic(r"RoleArn$", "role", (SECURITY, "the step runs with other rights")),
    _topic(r"VolumeKmsKeyId$", "encryption key of the volumes", _KEY, by=_BY_KEY),
    _topic(r"Output(?:Data)?Config\.KmsKeyId$", "encryption key of the output", _KEY, by=_BY_KEY),
    _topic(r"KmsKeyId$", "encryption key", _KEY, by=_BY_KEY),
    _topic(r"VpcConfig", "network", _NETWORK),
    _topic(
        r"EnableNetworkIsolation$",
        "network isolation",
        _NETWORK,
        by={
            ON: [(SECURITY, "the container reaches no network")],
            OFF: [(SECURITY, "the container reaches the network: what it reads can leave by it")],
        },
    ),
    _topic(
        r"EnableInterContainerTrafficEncryption$",
        "encryption between containers",
        _NETWORK,
        by={
            ON: [(SECURITY, "what the job's instances tell one another is encrypted")],
            OFF: [(SECURITY, "what the job's instances tell one another goes in the clear")],
        },
    ),
    _topic(
        r"^RemoteDebugConfig\b",
        "remote debugging",
        (SECURITY, "a shell in the container can be had, with its data and its role's rights"),
        by={OFF: [_NO_SHELL], REMOVED: [_NO_SHELL]},
    ),
    _topic(r"^(ProfilerConfig\.DisableProfiler)$", "{}", (DATA, "a profile of each job is written"), by={ON: [_NO_MORE]}),
    _topic(
        r"^((?:DebugHook|DebugRule|Profiler|ProfilerRule|TensorBoardOutput)Config(?:uration)?s?\b.*)$",
        "{}",
        (SECURITY, "what a job holds in memory is written out, for who can read there"),
        (DATA, "files that no step of the pipeline declares as its output"),
        by={REMOVED: [_NO_MORE]},
    ),
    _topic(
        r"^CheckpointConfig\b",
        "checkpoints",
        (DATA, "checkpoints are kept there"),
        (MODEL, "a training may go on from what lies there"),
        by={REMOVED: [(DATA, "checkpoints are kept no more")]},
    ),
    _topic(r"(?:^|\.)Environment\.(.+)$", "environment variable {}", (DATA, "what the container is told")),
    _topic(r"ContainerArguments$", "arguments of the container", (DATA, "what the container is told")),
    _topic(r"ContainerEntrypoint$", "entry point", (SECURITY, "other code runs with the step's role")),
    _topic(r"ProcessingInputs\.code\.", "executor", (SECURITY, "other code runs with the step's role")),
    _topic(
        r"ProcessingInputs\.([^.]+)\..*OutputS3Uri$",
        "input {}",
        (DATA, "a query's results are written there"),
        by={REMOVED: [_NO_MORE]},
    ),
    _topic(r"ProcessingInputs\.([^.]+)", "input {}", _READS),
    _topic(r"InputDataConfig\.([^.]+)", "channel {}", _READS),
    _topic(r"Outputs\.([^.]+)\..*S3UploadMode$", "output {}", (DATA, "when the files are there to be read")),
    _topic(r"Outputs\.([^.]+)\..*LocalPath$", "output {}", (DATA, "other files of the container are uploaded")),
    _topic(
        r"Outputs\.([^.]+)",
        "output {}",
        _MOVED,
        by={ADDED: [(DATA, "files that were not written before")], REMOVED: [_NO_MORE]},
    ),
    _topic(r"S3OutputPath$", "output path", _MOVED),
    _topic(r"PropertyFiles\.([^.]+)", "property file {}", (DATA, "what the condition compares")),
    _topic(r"^(IfSteps|ElseSteps)$", "branch {}"),
    _topic(r"^Conditions$", "condition", (MODEL, "other models pass")),
    _topic(r"^RetryPolicies\.(.+)$", "retry of {}", (COST, "how often and how long a failure is tried again")),
    _topic(
        r"^CacheConfig",
        "step caching",
        (DATA, "a hit serves another execution's files"),
        by={OFF: [_NOT_CACHED], REMOVED: [_NOT_CACHED]},
    ),
    _topic(
        r"^(?:ModelMetrics|CustomerMetadataProperties)", "what the registry tells of a model", (DATA, "readers of the registry")
    ),
    _topic(r"RealtimeInferenceInstanceTypes\[", "instance type to serve on", (COST, "other prices per hour")),
    _topic(r"TransformInstanceTypes\[", "instance type to transform on", (COST, "other prices per hour")),
    _topic(
        r"ModelApprovalStatus$",
        "approval",
        (SECURITY, "who decides that a model may be used"),
        by={'"Approved"': [(SECURITY, "models are approved without a person")]},
    ),
    _topic(r"Tags\.([^.]+)", "tag {}", _TAGS),
    _topic(r"(?:^|\.)Tags$", "tags", _TAGS),
    _topic(r"^(?:DisplayName|Description)$", "wording"),
)


#: What a leaf's path ends with where another leaf has the same.
_NUMBER = re.compile(r" \(\d+\)$")


def label_of(path: str) -> str:
    """What a leaf is called; a path that no topic knows is its own label."""
    return _told(path)[0]


def label_and_effects(path: str, old: Leaf | None, new: Leaf | None) -> tuple[str, tuple[Effect, ...]]:
    """Label and effects of a leaf that changed; where no topic knows its path, the effect is for the reviewer to see."""
    label, topic = _told(path)
    return label, topic.effects_of(old, new) if topic else ()


def _told(path: str) -> tuple[str, Topic | None]:
    for topic in TOPICS:
        match = topic.pattern.search(_NUMBER.sub("", path))
        if match:
            return topic.label.format(*match.groups()), topic
    return path, None
