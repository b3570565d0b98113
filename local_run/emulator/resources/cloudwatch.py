"""Amazon CloudWatch: log groups, metric filters and alarms."""

from __future__ import annotations

from local_run.emulator.resources.base import (
    Aws,
    Properties,
    Resource,
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
    replace_on = ("name", "namePrefix", "logGroupClass", "region")

    def planned_id(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["name"])

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        name = str(inputs["name"])
        arguments = given(kmsKeyId=inputs.get("kmsKeyId"), tags=inputs.get("tags") or None)
        aws.client("logs").create_log_group(logGroupName=name, **arguments)
        with self.whole(aws, name, inputs):
            outputs = self.update(aws, name, {}, inputs)
        return name, outputs

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

    def delete(self, aws: Aws, id_: str, state: Properties) -> None:
        or_none(aws.client("logs").delete_log_group, logGroupName=id_)

    def _outputs(self, aws: Aws, name: str, inputs: Properties) -> Properties:
        defaults = {"namePrefix": "", "retentionInDays": 0, "logGroupClass": "STANDARD", "skipDestroy": False}
        arn = aws.arn("logs", f"log-group:{name}")
        return {**defaults, "deletionProtectionEnabled": False, **inputs, "arn": arn, "region": aws.region, **with_tags(inputs)}


class LogMetricFilter(Resource):
    type = "aws:cloudwatch/logMetricFilter:LogMetricFilter"
    name_property = "name"
    replace_on = ("name", "logGroupName", "region")

    def planned_id(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["name"])

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        self.refuse_existing(aws, inputs)
        return str(inputs["name"]), self.update(aws, "", {}, inputs)

    def read(self, aws: Aws, id_: str, state: Properties) -> Properties | None:
        answer = or_none(aws.client("logs").describe_metric_filters, logGroupName=state["logGroupName"]) or {}
        names = [item["filterName"] for item in answer.get("metricFilters", [])]
        return self._outputs(aws, state) if id_ in names else None

    def update(self, aws: Aws, id_: str, old: Properties, new: Properties) -> Properties:
        transformation = {"metric" + key[:1].upper() + key[1:]: value for key, value in new["metricTransformation"].items()}
        aws.client("logs").put_metric_filter(
            logGroupName=new["logGroupName"],
            filterName=new["name"],
            filterPattern=new["pattern"],
            metricTransformations=[_renamed(transformation)],
        )
        return self._outputs(aws, new)

    def delete(self, aws: Aws, id_: str, state: Properties) -> None:
        or_none(aws.client("logs").delete_metric_filter, logGroupName=state["logGroupName"], filterName=id_)

    def _outputs(self, aws: Aws, inputs: Properties) -> Properties:
        return {"applyOnTransformedLogs": False, **inputs, "region": aws.region}


class MetricAlarm(Resource):
    type = "aws:cloudwatch/metricAlarm:MetricAlarm"
    name_property = "name"
    replace_on = ("name", "region")
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

    def read(self, aws: Aws, id_: str, state: Properties) -> Properties | None:
        answer = aws.client("cloudwatch").describe_alarms(AlarmNames=[id_])
        return self._outputs(aws, {**state, "name": id_}) if answer["MetricAlarms"] else None

    def update(self, aws: Aws, id_: str, old: Properties, new: Properties) -> Properties:
        return self._put(aws, new)

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
    """One entry of ``metricQueries`` as PutMetricAlarm takes it."""
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


def _renamed(transformation: Properties) -> Properties:
    """``defaultValue``, ``dimensions`` and ``unit`` stand in the API without the prefix."""
    plain = {"metricDefaultValue": "defaultValue", "metricDimensions": "dimensions", "metricUnit": "unit"}
    converted = {plain.get(key, key): value for key, value in transformation.items()}
    return {key: float(value) if key == "defaultValue" else value for key, value in converted.items()}


RESOURCES = (LogGroup, LogMetricFilter, MetricAlarm)
