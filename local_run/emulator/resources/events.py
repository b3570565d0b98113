"""Amazon EventBridge: rules and targets (the provider has them under ``cloudwatch``)."""

from __future__ import annotations

from typing import Any

from local_run.emulator.resources.base import (
    Aws,
    Properties,
    Upserted,
    given,
    or_none,
    pascal,
    present,
    tag_list,
    with_tags,
    without_floats,
)

DEFAULT_BUS = "default"


class EventRule(Upserted):
    """Its id is its name on the default bus, otherwise ``<bus>/<name>``."""

    type = "aws:cloudwatch/eventRule:EventRule"
    name_property = "name"

    def planned_id(self, aws: Aws, inputs: Properties) -> str | None:
        return _on_bus(inputs, str(inputs["name"]))

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        self.refuse_existing(aws, inputs)
        return str(self.planned_id(aws, inputs)), self._put(aws, inputs, Tags=tag_list(inputs))

    def exists(self, aws: Aws, id_: str, inputs: Properties) -> bool:
        bus, name = split_rule_id(id_)
        return present(aws.client("events").describe_rule, Name=name, EventBusName=bus)

    def delete(self, aws: Aws, id_: str, state: Properties) -> None:
        bus, name = split_rule_id(id_)
        or_none(aws.client("events").delete_rule, Name=name, EventBusName=bus)

    def _put(self, aws: Aws, inputs: Properties, **more: Any) -> Properties:
        arguments = given(
            EventPattern=inputs.get("eventPattern"),
            ScheduleExpression=inputs.get("scheduleExpression"),
            Description=inputs.get("description"),
            RoleArn=inputs.get("roleArn"),
        )
        bus = inputs.get("eventBusName", DEFAULT_BUS)
        answer = aws.client("events").put_rule(
            Name=inputs["name"], EventBusName=bus, State=inputs.get("state", "ENABLED"), **arguments, **more
        )
        return self._outputs(aws, answer["RuleArn"], inputs)

    def _outputs(self, aws: Aws, arn: str, inputs: Properties) -> Properties:
        defaults = {"namePrefix": "", "eventBusName": DEFAULT_BUS, "state": "ENABLED", "isEnabled": True, "forceDestroy": False}
        return {**defaults, **inputs, "arn": arn, "region": aws.region, **with_tags(inputs)}


class EventTarget(Upserted):
    """Its id is ``<rule>-<target id>``, like the provider's."""

    type = "aws:cloudwatch/eventTarget:EventTarget"
    name_property = "targetId"

    def planned_id(self, aws: Aws, inputs: Properties) -> str | None:
        return _on_bus(inputs, f"{inputs['rule']}-{inputs['targetId']}")

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        self.refuse_existing(aws, inputs)
        return str(self.planned_id(aws, inputs)), self._put(aws, inputs)

    def exists(self, aws: Aws, id_: str, inputs: Properties) -> bool:
        bus = inputs.get("eventBusName", DEFAULT_BUS)
        answer = or_none(aws.client("events").list_targets_by_rule, Rule=inputs["rule"], EventBusName=bus) or {}
        return inputs["targetId"] in [target["Id"] for target in answer.get("Targets", [])]

    def delete(self, aws: Aws, id_: str, state: Properties) -> None:
        bus = state.get("eventBusName", DEFAULT_BUS)
        or_none(aws.client("events").remove_targets, Rule=state["rule"], EventBusName=bus, Ids=[state["targetId"]])

    def _put(self, aws: Aws, inputs: Properties) -> Properties:
        bus = inputs.get("eventBusName", DEFAULT_BUS)
        answer = aws.client("events").put_targets(Rule=inputs["rule"], EventBusName=bus, Targets=[_target(inputs)])
        if answer.get("FailedEntryCount"):
            raise RuntimeError(f"PutTargets refused: {answer['FailedEntries'][0].get('ErrorMessage')}")
        return self._outputs(aws, inputs)

    def _outputs(self, aws: Aws, inputs: Properties) -> Properties:
        return {"eventBusName": DEFAULT_BUS, "forceDestroy": False, **inputs, "region": aws.region}


def _target(inputs: Properties) -> Properties:
    """Return the target in the form that PutTargets takes."""
    transformer = inputs.get("inputTransformer")
    parameters = (inputs.get("sagemakerPipelineTarget") or {}).get("pipelineParameterLists")
    return given(
        Id=inputs["targetId"],
        Arn=inputs["arn"],
        RoleArn=inputs.get("roleArn"),
        Input=inputs.get("input"),
        InputPath=inputs.get("inputPath"),
        DeadLetterConfig=pascal(inputs.get("deadLetterConfig")),
        RetryPolicy=without_floats(pascal(inputs.get("retryPolicy"))),
        InputTransformer=transformer
        and given(InputPathsMap=transformer.get("inputPaths"), InputTemplate=transformer["inputTemplate"]),
        SageMakerPipelineParameters=parameters and {"PipelineParameterList": pascal(parameters)},
    )


def _on_bus(inputs: Properties, name: str) -> str:
    bus = inputs.get("eventBusName", DEFAULT_BUS)
    return name if bus == DEFAULT_BUS else f"{bus}/{name}"


def split_rule_id(id_: str) -> tuple[str, str]:
    """Return the bus and the name of a rule."""
    bus, _, name = id_.rpartition("/")
    return bus or DEFAULT_BUS, name


RESOURCES = (EventRule, EventTarget)
