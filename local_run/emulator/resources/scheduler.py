"""Amazon EventBridge Scheduler: schedules and their groups."""

from __future__ import annotations

from local_run.emulator.resources.base import (
    Aws,
    Properties,
    Resource,
    Upserted,
    given,
    or_none,
    pascal,
    present,
    tag_list,
    with_tags,
    without_floats,
)

DEFAULT_GROUP = "default"


class Schedule(Resource):
    """Its id is ``<group>/<name>``."""

    type = "aws:scheduler/schedule:Schedule"
    name_property = "name"

    def planned_id(self, aws: Aws, inputs: Properties) -> str | None:
        return f"{inputs.get('groupName', DEFAULT_GROUP)}/{inputs['name']}"

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        aws.client("scheduler").create_schedule(**schedule_arguments(inputs))
        return str(self.planned_id(aws, inputs)), self._outputs(aws, inputs)

    def delete(self, aws: Aws, id_: str, state: Properties) -> None:
        group, _, name = id_.partition("/")
        or_none(aws.client("scheduler").delete_schedule, Name=name, GroupName=group)

    def _outputs(self, aws: Aws, inputs: Properties) -> Properties:
        return {
            "namePrefix": "",
            "groupName": DEFAULT_GROUP,
            "state": "ENABLED",
            "scheduleExpressionTimezone": "UTC",
            "actionAfterCompletion": "NONE",
            **inputs,
            "arn": aws.arn("scheduler", f"schedule/{self.planned_id(aws, inputs)}"),
            "region": aws.region,
        }


class ScheduleGroup(Upserted):
    """Its id is its name."""

    type = "aws:scheduler/scheduleGroup:ScheduleGroup"
    name_property = "name"

    def planned_id(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["name"])

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        self.refuse_existing(aws, inputs)
        name = str(inputs["name"])
        aws.client("scheduler").create_schedule_group(Name=name, Tags=tag_list(inputs))
        return name, self._outputs(aws, name, inputs)

    def exists(self, aws: Aws, id_: str, inputs: Properties) -> bool:
        return present(aws.client("scheduler").get_schedule_group, Name=id_)

    def delete(self, aws: Aws, id_: str, state: Properties) -> None:
        if or_none(aws.client("scheduler").get_schedule_group, Name=id_) is not None:
            aws.client("scheduler").delete_schedule_group(Name=id_)

    def _outputs(self, aws: Aws, name: str, inputs: Properties) -> Properties:
        group = aws.client("scheduler").get_schedule_group(Name=name)
        return {
            "namePrefix": "",
            **inputs,
            "arn": group["Arn"],
            "state": group["State"],
            "creationDate": group["CreationDate"].isoformat(),
            "lastModificationDate": group["LastModificationDate"].isoformat(),
            "region": aws.region,
            **with_tags(inputs),
        }


def schedule_arguments(inputs: Properties) -> Properties:
    target = dict(inputs["target"])
    pipeline = (target.pop("sagemakerPipelineParameters", None) or {}).get("pipelineParameters")
    converted = without_floats(pascal(target))
    if pipeline:
        converted["SageMakerPipelineParameters"] = {"PipelineParameterList": pascal(pipeline)}
    return given(
        Name=inputs["name"],
        GroupName=inputs.get("groupName", DEFAULT_GROUP),
        ScheduleExpression=inputs["scheduleExpression"],
        ScheduleExpressionTimezone=inputs.get("scheduleExpressionTimezone"),
        FlexibleTimeWindow=without_floats(pascal(inputs["flexibleTimeWindow"])),
        State=inputs.get("state"),
        Description=inputs.get("description"),
        KmsKeyArn=inputs.get("kmsKeyArn"),
        StartDate=inputs.get("startDate"),
        EndDate=inputs.get("endDate"),
        Target=converted,
    )


RESOURCES = (Schedule, ScheduleGroup)
