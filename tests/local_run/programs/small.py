"""Programs of a few lines, and what the emulator holds of what they make."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

from local_run.emulator.server import Emulator

Make = Callable[..., Path]
REGION = "eu-central-1"
HEAD = """
import json
import pulumi
import pulumi_aws as aws
from pulumi import Output, ResourceOptions
config = pulumi.Config()
"""


def write_program(into: Path, body: str, name: str = "program", **modules: str) -> Path:
    folder = into / name
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: small\nruntime: python\nconfig:\n  suffix: {type: string, default: x}\n")
    (folder / "Pulumi.dev.yaml").write_text(f"config:\n  aws:region: {REGION}\n")
    (folder / "__main__.py").write_text(HEAD + textwrap.dedent(body))
    for module, content in modules.items():
        (folder / f"{module}.py").write_text(textwrap.dedent(content))
    return folder


def physical(emulator: Emulator) -> set[str]:
    """Everything that the emulator holds of what the programs here make."""
    found = {bucket["Name"] for bucket in emulator.client("s3").list_buckets()["Buckets"]}
    found |= set(emulator.client("dynamodb").list_tables()["TableNames"])
    found |= set(emulator.client("sqs").list_queues().get("QueueUrls", []))
    found |= {topic["TopicArn"] for topic in emulator.client("sns").list_topics()["Topics"]}
    found |= {role["RoleName"] for role in emulator.client("iam").list_roles()["Roles"]}
    found |= {rule["Name"] for rule in emulator.client("events").list_rules()["Rules"]}
    found |= {group["logGroupName"] for group in emulator.client("logs").describe_log_groups()["logGroups"]}
    found |= {item["FunctionName"] for item in emulator.client("lambda").list_functions()["Functions"]}
    found |= {item["repositoryName"] for item in emulator.client("ecr").describe_repositories()["repositories"]}
    found |= {item["PipelineName"] for item in emulator.client("sagemaker").list_pipelines()["PipelineSummaries"]}
    groups = emulator.client("sagemaker").list_model_package_groups()["ModelPackageGroupSummaryList"]
    found |= {item["ModelPackageGroupName"] for item in groups}
    found |= {item["Name"] for item in emulator.client("scheduler").list_schedules()["Schedules"]}
    found |= {alarm["AlarmName"] for alarm in emulator.client("cloudwatch").describe_alarms()["MetricAlarms"]}
    kms = emulator.client("kms")
    keys = [kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in kms.list_keys()["Keys"]]
    found |= {key["KeyId"] for key in keys if key["KeyManager"] == "CUSTOMER" and key["KeyState"] != "PendingDeletion"}
    aliases = kms.list_aliases()["Aliases"]
    return found | {item["AliasName"] for item in aliases if not item["AliasName"].startswith("alias/aws/")}
