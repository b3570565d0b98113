"""Amazon CloudWatch: how resources are read, updated and replaced."""

from __future__ import annotations

from emulated.kinds.changeable import Changeable
from local_run.emulator.resources import cloudwatch
from local_run.emulator.resources.base import Aws, Properties


class LogGroup(Changeable, cloudwatch.LogGroup):
    replace_on = ("name", "namePrefix", "logGroupClass", "region")

    def read(self, aws: Aws, id_: str, state: Properties) -> Properties | None:
        answer = aws.client("logs").describe_log_groups(logGroupNamePrefix=id_)
        names = [group["logGroupName"] for group in answer["logGroups"]]
        return self._outputs(aws, id_, {**state, "name": id_}) if id_ in names else None

    def update(self, aws: Aws, id_: str, old: Properties, new: Properties) -> Properties:
        days = int(new.get("retentionInDays") or 0)
        if days:
            aws.client("logs").put_retention_policy(logGroupName=id_, retentionInDays=days)
        elif old.get("retentionInDays"):
            aws.client("logs").delete_retention_policy(logGroupName=id_)
        return self._outputs(aws, id_, new)


class MetricAlarm(Changeable, cloudwatch.MetricAlarm):
    replace_on = ("name", "region")

    def read(self, aws: Aws, id_: str, state: Properties) -> Properties | None:
        answer = aws.client("cloudwatch").describe_alarms(AlarmNames=[id_])
        return self._outputs(aws, {**state, "name": id_}) if answer["MetricAlarms"] else None

    def update(self, aws: Aws, id_: str, old: Properties, new: Properties) -> Properties:
        return self._put(aws, new)


KINDS = (
    LogGroup,
    MetricAlarm,
)
