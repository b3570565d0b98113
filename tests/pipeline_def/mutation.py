"""What a mutation is, and the parts of the good definition that most of them change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.pipeline_def.definitions import arguments, step

FE, TRAIN, GATE, CREATE, REGISTER = "FeatureEngineering", "Training", "QualityGate", "CreateModel", "RegisterModel"
BACKTEST, EVALUATION = "Backtest", "Evaluation"
Definition = dict[str, Any]


@dataclass(frozen=True)
class Mutation:
    topic: str
    name: str
    change: Callable[[Definition], object]
    #: A word that the finding must name.
    names: str

    @property
    def id(self) -> str:
        return f"{self.topic}: {self.name}"


MUTATIONS: list[Mutation] = []


def mutation(topic: str, names: str) -> Callable[[Callable[[Definition], object]], Callable[[Definition], object]]:
    def register(change: Callable[[Definition], object]) -> Callable[[Definition], object]:
        MUTATIONS.append(Mutation(topic, change.__name__.replace("_", " "), change, names))
        return change

    return register


def hyper(d: Definition) -> dict[str, Any]:
    return arguments(d, TRAIN)["HyperParameters"]


def cluster(d: Definition) -> dict[str, Any]:
    return arguments(d, FE)["ProcessingResources"]["ClusterConfig"]


def policies(d: Definition, name: str = FE) -> list[dict[str, Any]]:
    return step(d, name)["RetryPolicies"]


def condition(d: Definition) -> dict[str, Any]:
    return arguments(d, GATE)["Conditions"][0]


def json_get(d: Definition) -> dict[str, Any]:
    return condition(d)["LeftValue"]["Std:JsonGet"]


def gate_file(d: Definition) -> dict[str, Any]:
    """The declaration of the gate's property file."""
    return step(d, EVALUATION)["PropertyFiles"][0]


def channel(d: Definition, index: int = 0) -> dict[str, Any]:
    return arguments(d, TRAIN)["InputDataConfig"][index]["DataSource"]["S3DataSource"]


def registered(d: Definition) -> dict[str, Any]:
    """The container of the registered version."""
    return arguments(d, REGISTER)["InferenceSpecification"]["Containers"][0]


def other_condition(d: Definition, *, kind: str = "GreaterThan", **operands: Any) -> dict[str, Any]:
    """A condition step of its own, which is valid but for its operands."""
    inner = condition(d) | {"Type": kind} | operands
    notify = {"Name": "Notify", "Type": "Fail", "Arguments": {"ErrorMessage": "no"}}
    d["Steps"].append({"Name": "Other", "Type": "Condition", "Arguments": {"Conditions": [inner], "IfSteps": [notify]}})
    return inner
