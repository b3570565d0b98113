"""Phase 1, rules ``shape`` and ``size``: the text is a well-formed definition of one of this project's pipelines.

Each model describes one object; the description of a field says what is allowed there. All later phases rely on the result:
required members exist, have the right type, and every function (``Get``, ``Std:…``) is complete.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from contracts.problems import nearest
from pipeline_def.check.definition import BRANCHES, is_function, is_function_name, join_path, walk
from pipeline_def.check.finding import Finding, shown
from pipeline_def.check.step_types import STEP_TYPES, StepType

VERSION = "2020-12-01"
#: Source: SageMaker API, PipelineDefinition, and StartPipelineExecution.
DEFINITION_CHARS = 1_048_576
PARAMETERS_AT_START = 200
TEXT_DEFAULT_CHARS = 4096
#: Problems of these types leave the rest of the object as well-formed as before.
_TOLERABLE = frozenset(
    {
        "extra_forbidden",
        "greater_than_equal",
        "less_than_equal",
        "string_pattern_mismatch",
        "string_too_long",
        "string_too_short",
        "value_error",
    }
)
_DURATION = re.compile(
    r"(?i)(?=.*[1-9])P?(?=.)(?:\d+Y)?(?:\d+M)?(?:\d+W)?(?:\d+D)?(?:T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+S)?)?", re.ASCII
)
#: Names, dots and complete brackets. The content of the file is known only at run time.
_JSON_PATH = re.compile(r"(?=.)[^\[\]]*(?:\[[^\[\]]+\][^\[\]]*)*")


def is_single(value: Any) -> bool:
    """True for a scalar, or a function, which gives one."""
    return isinstance(value, (str, int, float)) or is_function(value)


def _require(accepts: Any) -> AfterValidator:
    def validate(value: Any) -> Any:
        if not accepts(value):
            raise ValueError
        return value

    return AfterValidator(validate)


def _is_inside(path: str) -> bool:
    return path != "" and not path.startswith("/") and ".." not in PurePosixPath(path).parts


_Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9\-_]{1,64}$", description="1 to 64 letters, digits, hyphens and underscores")]
_Text = Annotated[str, Field(min_length=1, description="text that is not empty")]
_Operand = Annotated[Any, _require(is_single), Field(description="a single value, or a function")]


class _Object(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    #: Member -> its allowed values, for hints.
    choices: ClassVar[Mapping[str, Collection[str]]] = {}


class _Definition(_Object):
    Version: Literal["2020-12-01"] = Field(description=repr(VERSION))
    Metadata: dict[str, Any] = Field(default={}, description="an object")
    Parameters: list[dict[str, Any]] = Field(default=[], description="a list of objects with Name and Type")
    Steps: list[dict[str, Any]] = Field(
        min_length=1, description="a list of at least one step; a step is an object with Name, Type and Arguments"
    )


class _Parameter(_Object):
    choices = {"Type": ("String", "Integer", "Float", "Boolean")}

    Name: _Name
    Type: Literal["String", "Integer", "Float", "Boolean"] = Field(description="String, Integer, Float or Boolean")
    DefaultValue: Any = None
    EnumValues: list[Any] = Field(default=[], min_length=1, description="a list of at least one value")


class _Step(_Object):
    choices = {"Type": STEP_TYPES}

    Name: _Name
    Type: Literal[tuple(STEP_TYPES)] = Field(  # type: ignore[valid-type]  # mypy wants the names written out
        description=f"a step type that this project uses ({', '.join(STEP_TYPES)})"
    )
    Arguments: dict[str, Any] = Field(description="an object")
    DependsOn: list[str] = Field(default=[], description="a list of step names")
    DisplayName: _Name = ""
    Description: str = Field(default="", max_length=3072, description="text of at most 3072 characters")
    RetryPolicies: list[dict[str, Any]] = Field(default=[], description="a list of policies")
    CacheConfig: dict[str, Any] = Field(default={}, description="an object with Enabled and ExpireAfter")
    PropertyFiles: list[dict[str, Any]] = Field(default=[], description="a list of objects")


class _RetryPolicy(_Object):
    """Source: SageMaker developer guide, "Retry policy for pipeline steps"."""

    ExceptionType: list[str] = Field(min_length=1, description="a list of at least one error")
    IntervalSeconds: int = Field(default=1, ge=1, le=43_200, description="an integer from 1 to 43200")
    MaxAttempts: int = Field(default=1, ge=1, le=20, description="an integer from 1 to 20")
    ExpireAfterMin: int = Field(default=1, ge=1, le=14_400, description="an integer from 1 to 14400")
    BackoffRate: float = Field(default=2.0, ge=0, le=1e6, description="a number from 0 to 1e+06")


class _Cache(_Object):
    Enabled: bool = Field(description="true or false")
    ExpireAfter: Annotated[str, _require(_DURATION.fullmatch)] = Field(
        description="an ISO 8601 duration longer than zero, such as P30D; a cache always expires"
    )


class _PropertyFile(_Object):
    PropertyFileName: _Text
    OutputName: _Text
    FilePath: Annotated[str, _require(_is_inside)] = Field(description="a relative path that stays in the output")


class _ConditionArguments(_Object):
    Conditions: list[dict[str, Any]] = Field(min_length=1, description="a list of at least one condition")
    IfSteps: list[dict[str, Any]] = Field(description="a list of steps")
    ElseSteps: list[dict[str, Any]] = Field(default=[], description="a list of steps")


class _Comparison(_Object):
    Type: str
    LeftValue: _Operand
    RightValue: _Operand


ORDERING = ("GreaterThan", "GreaterThanOrEqualTo", "LessThan", "LessThanOrEqualTo")
_COMPARISONS = ("Equals", *ORDERING)


class _Get(_Object):
    Get: str = Field(description="the text of a reference")


class _Join(_Object):
    On: str = Field(description="text")
    Values: Annotated[list[Any], _require(lambda items: all(map(is_single, items)))] = Field(
        description="a list of single values"
    )


class _JsonGet(_Object):
    PropertyFile: dict[str, str] = Field(description="a Get of Steps.<step>.PropertyFiles.<file>")
    Path: Annotated[str, _require(_JSON_PATH.fullmatch)] = Field(description="a path in the file that is not empty")


_FUNCTIONS: Mapping[str, type[_Object]] = {"Get": _Get, "Std:Join": _Join, "Std:JsonGet": _JsonGet}


@dataclass(frozen=True)
class _Owner:
    """The object that a model describes. ``parameter`` is a parameter's name, which decides if a value is a secret."""

    path: str
    noun: str
    parameter: str = ""


class Shape:
    """Collects the findings about one definition. ``is_sound`` is False if the later phases cannot rely on its shape."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.findings: list[Finding] = []
        self.is_sound = True
        self._step: str | None = None
        if not self._check(_Definition, raw, _Owner("$", "a definition")) & {"Parameters", "Steps"}:
            for index, item in enumerate(raw.get("Parameters", ())):
                self._parameter(item, f"$.Parameters[{index}]")
            self._functions(raw.get("Metadata", {}), "$.Metadata")
            self._steps(raw["Steps"], "$.Steps", in_branch=False)

    def _report(self, path: str, value: str | None, allowed: str, *, tolerable: bool = True) -> None:
        self.findings.append(Finding("shape", self._step, path, value, allowed))
        self.is_sound = self.is_sound and tolerable

    def _check(self, model: type[_Object], raw: Mapping[str, Any], owner: _Owner) -> set[str]:
        """Report what a model rejects, and return the members that cannot be relied on."""
        try:
            model.model_validate(raw)
        except ValidationError as error:
            found = error.errors(include_url=False, include_context=False)
        else:
            return set()
        if any(problem["loc"] == ("Type",) for problem in found):  # which members are allowed depends on the type
            found = [problem for problem in found if problem["type"] != "extra_forbidden"]
        for problem in found:
            self._translate(model, problem, owner)
        return {str(problem["loc"][0]) for problem in found if problem["type"] not in _TOLERABLE}

    def _translate(self, model: type[_Object], problem: ErrorDetails, owner: _Owner) -> None:
        """Report one of pydantic's errors in our own words."""
        kind, value, member = problem["type"], problem["input"], str(problem["loc"][0])
        path = owner.path
        for part in problem["loc"]:
            path = f"{path}[{part}]" if isinstance(part, int) else join_path(path, part)
        if kind == "extra_forbidden":
            hint = nearest(member, model.model_fields) or f"allowed: {', '.join(model.model_fields)}"
            self._report(path, shown(member), f"{owner.noun} has no such member; {hint}")
            return
        hint = nearest(str(value), model.choices.get(member, ())) if kind == "literal_error" else ""
        allowed = f"allowed: {model.model_fields[member].description}{'; ' if hint else ''}{hint}"
        found = None if kind == "missing" else shown(value, owner.parameter or path) or "null"
        if isinstance(value, str) and kind in ("string_pattern_mismatch", "string_too_long"):
            found = f"{found} ({len(value)} characters)"
        prefix = f"parameter {owner.parameter}: " if owner.parameter else ""
        self._report(path, found, prefix + allowed, tolerable=kind in _TOLERABLE)

    def _parameter(self, raw: Mapping[str, Any], path: str) -> None:
        name = str(raw.get("Name"))
        if self._check(_Parameter, raw, _Owner(path, "a parameter", name)):
            return
        for member, value, allowed in _value_problems(raw):
            self._report(f"{path}.{member}", shown(value, name) or "null", f"parameter {name}: {allowed}", tolerable=False)
        default = raw.get("DefaultValue")
        if isinstance(default, str) and len(default) > TEXT_DEFAULT_CHARS:
            allowed = f"parameter {name}: allowed: at most {TEXT_DEFAULT_CHARS} characters"
            self._report(f"{path}.DefaultValue", f"{len(default)} characters", allowed)

    def _steps(self, raw: list[dict[str, Any]], path: str, *, in_branch: bool) -> None:
        for index, item in enumerate(raw):
            where = f"{path}[{index}]"
            outer, self._step = self._step, item["Name"] if isinstance(item.get("Name"), str) else None
            unreliable = self._check(_Step, item, _Owner(where, f"a {item.get('Type')} step"))
            if unreliable <= {"Type"}:
                self._own_members(item, where, STEP_TYPES.get(str(item.get("Type"))))
                self._functions(item["Arguments"], f"{where}.Arguments")
            if not unreliable and item["Type"] == "Condition":
                self._condition_step(item["Arguments"], where, in_branch)
            self._step = outer

    def _own_members(self, raw: Mapping[str, Any], path: str, kind: StepType | None) -> None:
        """Members next to the arguments, which only some step types have. ``kind`` is empty if the type is unknown."""
        for member, is_allowed in _allowed_members(kind).items() if kind else ():
            if kind and member in raw and not is_allowed:
                self._report(f"{path}.{member}", shown(raw[member]), f"allowed: none; a {kind.name} step takes no {member}")
        for index, policy in enumerate(raw.get("RetryPolicies", ())):
            self._retry_policy(policy, f"{path}.RetryPolicies[{index}]", kind.retry_errors if kind else ())
        if "CacheConfig" in raw:
            self._check_sound(_Cache, raw["CacheConfig"], f"{path}.CacheConfig", "a cache configuration")
        for index, file in enumerate(raw.get("PropertyFiles", ())):
            self._check_sound(_PropertyFile, file, f"{path}.PropertyFiles[{index}]", "a property file")

    def _check_sound(self, model: type[_Object], raw: Mapping[str, Any], path: str, noun: str) -> None:
        self.is_sound = not self._check(model, raw, _Owner(path, noun)) and self.is_sound

    def _retry_policy(self, policy: Mapping[str, Any], path: str, errors: tuple[str, ...]) -> None:
        if self._check(_RetryPolicy, policy, _Owner(path, "a retry policy")):
            return
        if "MaxAttempts" in policy and "ExpireAfterMin" in policy:
            both = f"MaxAttempts {policy['MaxAttempts']} and ExpireAfterMin {policy['ExpireAfterMin']}"
            self._report(f"{path}.MaxAttempts", both, "allowed: one of the two")
        for index, error in enumerate(policy["ExceptionType"]):
            if errors and error not in errors:
                hint = nearest(error, errors)
                allowed = f"allowed for this step type: {', '.join(errors)}{'; ' if hint else ''}{hint}"
                self._report(f"{path}.ExceptionType[{index}]", shown(error), allowed)

    def _condition_step(self, arguments: Mapping[str, Any], path: str, in_branch: bool) -> None:
        if in_branch:
            self._report(path, "a Condition step", "allowed: other steps; SageMaker does not support a condition in a branch")
        where = f"{path}.Arguments"
        if self._check(_ConditionArguments, arguments, _Owner(where, "a Condition step")):
            return
        for index, condition in enumerate(arguments["Conditions"]):
            self._condition(condition, f"{where}.Conditions[{index}]")
        if not any(arguments.get(branch) for branch in BRANCHES):
            self._report(where, "two empty branches", "allowed: steps in at least one branch")
        for branch in BRANCHES:
            self._steps(arguments.get(branch, []), f"{where}.{branch}", in_branch=True)

    def _condition(self, condition: Mapping[str, Any], path: str) -> None:
        kind = condition.get("Type")
        if kind not in _COMPARISONS:
            hint = nearest(str(kind), _COMPARISONS)
            allowed = f"allowed: {', '.join(_COMPARISONS)}{'; ' if hint else ''}{hint}"
            self._report(f"{path}.Type", shown(kind), allowed, tolerable=False)
        else:
            self._check(_Comparison, condition, _Owner(path, f"a condition of type {kind}"))

    def _functions(self, values: Mapping[str, Any], root: str) -> None:
        for path, value in walk(values, root):
            for name in [key for key in value if is_function_name(key)] if isinstance(value, Mapping) else ():
                where = join_path(path, name)
                if name not in _FUNCTIONS:
                    self._report(where, shown(value[name]), f"allowed functions: {', '.join(_FUNCTIONS)}", tolerable=False)
                elif len(value) > 1:
                    self._report(where, shown(value), f"allowed: {name} as the only member of its object", tolerable=False)
                elif name == "Get":
                    self._check_sound(_Get, value, path, "a reference")
                elif isinstance(value[name], Mapping):
                    self._check_sound(_FUNCTIONS[name], value[name], where, name)
                else:
                    wanted = ", ".join(_FUNCTIONS[name].model_fields)
                    self._report(where, shown(value[name]) or "null", f"allowed: an object with {wanted}", tolerable=False)


def _allowed_members(kind: StepType) -> dict[str, bool]:
    return {
        "RetryPolicies": bool(kind.retry_errors),
        "CacheConfig": kind.cacheable,
        "PropertyFiles": kind.property_files,
    }


def _value_problems(raw: Mapping[str, Any]) -> Iterator[tuple[str, Any, str]]:
    """Member, value and what is allowed, for a parameter's default and enumeration."""
    fits, words = _VALUES[raw["Type"]]
    default, choices = raw.get("DefaultValue"), raw.get("EnumValues", [])
    if "DefaultValue" in raw and not fits(default):
        yield "DefaultValue", default, f"allowed: {words}, or no such member"
    elif choices and "DefaultValue" in raw and default not in choices:
        yield "DefaultValue", default, f"allowed: one of {', '.join(map(str, choices))}"
    if not all(map(fits, choices)):
        yield "EnumValues", choices, f"allowed: a list of values, each {words}"
    elif len({repr(value) for value in choices}) != len(choices):
        yield "EnumValues", choices, "allowed: each value once"


_VALUES: Mapping[str, tuple[Any, str]] = {
    "String": (lambda value: isinstance(value, str), "text"),
    "Integer": (lambda value: type(value) is int, "an integer"),
    "Float": (lambda value: type(value) in (int, float) and math.isfinite(value), "a number"),
    "Boolean": (lambda value: isinstance(value, bool), "true or false"),
}


def check_size(text: str, raw: Mapping[str, Any]) -> Iterator[Finding]:
    """Limits of the definition as a whole. A definition that is too large names its biggest step or parameter."""
    if len(text) > DEFINITION_CHARS:
        parts = {
            f"$.{member}[{index}]": (str(item.get("Name")) if isinstance(item, Mapping) else "", len(str(item)))
            for member in ("Parameters", "Steps")
            for index, item in enumerate(raw[member] if isinstance(raw.get(member), list) else ())
        }
        path, (name, size) = max(parts.items(), key=lambda part: part[1][1], default=("$", ("", len(text))))
        noun = "parameter" if path.startswith("$.Parameters") else "step"
        biggest = f"; the biggest part is {noun} {name} at {path} ({size} characters)" if name else ""
        allowed = f"allowed: at most {DEFINITION_CHARS} characters{biggest}"
        yield Finding("size", None, "$", f"{len(text)} characters", allowed)
    parameters = raw.get("Parameters")
    if isinstance(parameters, list) and len(parameters) > PARAMETERS_AT_START:
        allowed = f"allowed: at most {PARAMETERS_AT_START} parameters, the limit of a start"
        yield Finding("size", None, "$.Parameters", f"{len(parameters)} parameters", allowed)
