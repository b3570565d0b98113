"""What the tests of the whole program look up in a deployment and in the emulator."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from local_run.deployment.deploy import Deployment
from local_run.emulator.server import Emulator


def definition(emulator: Emulator, deployment: Deployment) -> dict[str, Any]:
    """The deployed definition, as AWS gives it back."""
    sagemaker = emulator.client("sagemaker", region=deployment.region)
    name = deployment.stack_outputs().pipeline_name
    parsed: dict[str, Any] = json.loads(sagemaker.describe_pipeline(PipelineName=name)["PipelineDefinition"])
    return parsed


def texts(value: object) -> Iterator[str]:
    """Every string of a JSON value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)


def left_over(emulator: Emulator, region: str = "eu-central-1") -> set[str]:
    """Names of all resources that the emulator holds; a key that waits for its deletion does not count."""

    def client(service: str) -> Any:
        return emulator.client(service, region=region)

    found = {bucket["Name"] for bucket in client("s3").list_buckets()["Buckets"]}
    found |= set(client("dynamodb").list_tables()["TableNames"])
    found |= set(client("sqs").list_queues().get("QueueUrls", []))
    found |= {topic["TopicArn"] for topic in client("sns").list_topics()["Topics"]}
    found |= {role["RoleName"] for role in client("iam").list_roles()["Roles"]}
    found |= {rule["Name"] for rule in client("events").list_rules()["Rules"]}
    found |= {group["logGroupName"] for group in client("logs").describe_log_groups()["logGroups"]}
    found |= {function["FunctionName"] for function in client("lambda").list_functions()["Functions"]}
    found |= {item["repositoryName"] for item in client("ecr").describe_repositories()["repositories"]}
    found |= {item["PipelineName"] for item in client("sagemaker").list_pipelines()["PipelineSummaries"]}
    groups = client("sagemaker").list_model_package_groups()["ModelPackageGroupSummaryList"]
    found |= {group["ModelPackageGroupName"] for group in groups}
    found |= {item["Name"] for item in client("scheduler").list_schedules()["Schedules"]}
    found |= {alarm["AlarmName"] for alarm in client("cloudwatch").describe_alarms()["MetricAlarms"]}
    aliases = client("kms").list_aliases()["Aliases"]
    found |= {alias["AliasName"] for alias in aliases if not alias["AliasName"].startswith("alias/aws/")}
    names = client("scheduler").list_schedule_groups()["ScheduleGroups"]
    return found | {group["Name"] for group in names if group["Name"] != "default"}
