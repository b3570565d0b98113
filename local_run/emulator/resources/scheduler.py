"""Amazon EventBridge Scheduler: schedules and their groups."""

from __future__ import annotations

from local_run.emulator.resources.base import (
    Aws,
    Properties,
    Resource,
    changed_tags,
    given,
    or_none,
    pascal,
    tag_list,
    with_tags,
    without_floats,
)

DEFAULT_GROUP = "default"


class Schedule(Resource):
    """Its id is ``<group>/<name>``."""

    type = "aws:scheduler/schedule:Schedule"
    name_property = "name"
    replace_on = ("name", "namePrefix", "groupName", "region")

    def planned_id(self, aws: Aws, inputs: Properties) -> str | None:
        return f"{inputs.get('groupName', DEFAULT_GROUP)}/{inputs['name']}"

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        aws.client("scheduler").create_schedule(**_arguments(inputs))
        return str(self.planned_id(aws, inputs)), self._outputs(aws, inputs)

    def read(self, aws: Aws, id_: str, state: Properties) -> Properties | None:
        group, _, name = id_.partition("/")
        answer = or_none(aws.client("scheduler").get_schedule, Name=name, GroupName=group)
        return answer and self._outputs(aws, {**state, "name": name, "groupName": group})

    def update(self, aws: Aws, id_: str, old: Properties, new: Properties) -> Properties:
        aws.client("scheduler").update_schedule(**_arguments(new))
        return self._outputs(aws, new)

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


class ScheduleGroup(Resource):
    """Its id is its name."""

    type = "aws:scheduler/scheduleGroup:ScheduleGroup"
    name_property = "name"
    replace_on = ("name", "namePrefix", "region")

    def planned_id(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["name"])

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        self.refuse_existing(aws, inputs)
        name = str(inputs["name"])
        aws.client("scheduler").create_schedule_group(Name=name, Tags=tag_list(inputs))
        return name, self._outputs(aws, name, inputs)

    def read(self, aws: Aws, id_: str, state: Properties) -> Properties | None:
        found = or_none(aws.client("scheduler").get_schedule_group, Name=id_)
        return found and self._outputs(aws, id_, {**state, "name": id_})

    def update(self, aws: Aws, id_: str, old: Properties, new: Properties) -> Properties:
        arn = aws.arn("scheduler", f"schedule-group/{id_}")
        added, removed = changed_tags(old, new)
        if added:
            aws.client("scheduler").tag_resource(ResourceArn=arn, Tags=tag_list({"tags": added}))
        if removed:
            aws.client("scheduler").untag_resource(ResourceArn=arn, TagKeys=removed)
        return self._outputs(aws, id_, new)

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


def _arguments(inputs: Properties) -> Properties:
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
