"""Amazon EventBridge Scheduler: how resources are read, updated and replaced."""

from __future__ import annotations

from emulated.kinds.changeable import Changeable, changed_tags
from local_run.emulator.resources import scheduler
from local_run.emulator.resources.base import Aws, Properties, or_none, tag_list


class Schedule(Changeable, scheduler.Schedule):
    replace_on = ("name", "namePrefix", "groupName", "region")

    def read(self, aws: Aws, id_: str, state: Properties) -> Properties | None:
        group, _, name = id_.partition("/")
        answer = or_none(aws.client("scheduler").get_schedule, Name=name, GroupName=group)
        return answer and self._outputs(aws, {**state, "name": name, "groupName": group})

    def update(self, aws: Aws, id_: str, old: Properties, new: Properties) -> Properties:
        aws.client("scheduler").update_schedule(**scheduler.schedule_arguments(new))
        return self._outputs(aws, new)


class ScheduleGroup(Changeable, scheduler.ScheduleGroup):
    replace_on = ("name", "namePrefix", "region")

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


KINDS = (
    Schedule,
    ScheduleGroup,
)
