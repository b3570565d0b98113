"""Amazon CloudWatch: log groups and alarms."""

from __future__ import annotations

from local_run.emulator.resources.base import (
    Aws,
    Properties,
    Resource,
    Upserted,
    given,
    or_none,
    pascal,
    tag_list,
    with_tags,
    without_floats,
)


class LogGroup(Resource):
    type = "aws:cloudwatch/logGroup:LogGroup"
    name_property = "name"

    def planned_id(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["name"])

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        name = str(inputs["name"])
        arguments = given(kmsKeyId=inputs.get("kmsKeyId"), tags=inputs.get("tags") or None)
        aws.client("logs").create_log_group(logGroupName=name, **arguments)
        with self.rollback_on_error(aws, name, inputs):
            days = int(inputs.get("retentionInDays") or 0)
            if days:
                aws.client("logs").put_retention_policy(logGroupName=name, retentionInDays=days)
        return name, self._outputs(aws, name, inputs)

    def delete(self, aws: Aws, id_: str, state: Properties) -> None:
        or_none(aws.client("logs").delete_log_group, logGroupName=id_)

    def _outputs(self, aws: Aws, name: str, inputs: Properties) -> Properties:
        defaults = {"namePrefix": "", "retentionInDays": 0, "logGroupClass": "STANDARD", "skipDestroy": False}
        arn = aws.arn("logs", f"log-group:{name}")
        return {**defaults, "deletionProtectionEnabled": False, **inputs, "arn": arn, "region": aws.region, **with_tags(inputs)}


class MetricAlarm(Upserted):
    type = "aws:cloudwatch/metricAlarm:MetricAlarm"
    name_property = "name"
    _same_name = (
        "comparisonOperator",
        "evaluationPeriods",
        "metricName",
        "namespace",
        "period",
        "statistic",
        "extendedStatistic",
        "threshold",
        "datapointsToAlarm",
        "treatMissingData",
        "unit",
        "alarmDescription",
        "alarmActions",
        "okActions",
        "insufficientDataActions",
        "actionsEnabled",
    )

    def planned_id(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["name"])

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        self.refuse_existing(aws, inputs)
        return str(inputs["name"]), self._put(aws, inputs)

    def exists(self, aws: Aws, id_: str, inputs: Properties) -> bool:
        return bool(aws.client("cloudwatch").describe_alarms(AlarmNames=[id_])["MetricAlarms"])

    def delete(self, aws: Aws, id_: str, state: Properties) -> None:
        or_none(aws.client("cloudwatch").delete_alarms, AlarmNames=[id_])

    def _put(self, aws: Aws, inputs: Properties) -> Properties:
        alarm: Properties = pascal({key: inputs[key] for key in self._same_name if inputs.get(key) is not None})
        alarm = {"OKActions" if key == "OkActions" else key: value for key, value in alarm.items()}
        if inputs.get("dimensions"):
            alarm["Dimensions"] = [{"Name": name, "Value": value} for name, value in inputs["dimensions"].items()]
        if inputs.get("metricQueries"):
            alarm["Metrics"] = [_query(query) for query in inputs["metricQueries"]]
        alarm = without_floats(alarm) | given(Threshold=inputs.get("threshold"))
        aws.client("cloudwatch").put_metric_alarm(AlarmName=inputs["name"], Tags=tag_list(inputs), **alarm)
        return self._outputs(aws, inputs)

    def _outputs(self, aws: Aws, inputs: Properties) -> Properties:
        defaults = {"actionsEnabled": True, "treatMissingData": "missing", "evaluateLowSampleCountPercentiles": ""}
        arn = aws.arn("cloudwatch", f"alarm:{inputs['name']}")
        return {**defaults, **inputs, "arn": arn, "region": aws.region, **with_tags(inputs)}


def _query(query: Properties) -> Properties:
    """Return an entry of ``metricQueries`` in the form that PutMetricAlarm takes."""
    metric = query.get("metric")
    stat = None
    if metric:
        dimensions = [{"Name": name, "Value": value} for name, value in (metric.get("dimensions") or {}).items()]
        named = {"Namespace": metric.get("namespace"), "MetricName": metric["metricName"], "Dimensions": dimensions}
        stat = given(Metric=given(**named), Period=int(metric["period"]), Stat=metric["stat"], Unit=metric.get("unit"))
    return given(
        Id=query["id"],
        Expression=query.get("expression"),
        Label=query.get("label"),
        ReturnData=query.get("returnData"),
        MetricStat=stat,
    )


RESOURCES = (LogGroup, MetricAlarm)
