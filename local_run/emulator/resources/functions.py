"""AWS Lambda: functions, permissions and configurations of asynchronous invocations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from local_run.emulator.resources.archives import zip_bytes
from local_run.emulator.resources.base import (
    Aws,
    Properties,
    Resource,
    given,
    or_none,
    pascal,
    present,
    with_tags,
    without_floats,
)
from local_run.emulator.resources.setting import Setting

_SECONDS = 3
_MEMORY_MB = 128


class Function(Resource):
    """Its id is its name. Relative paths of the archive ``code`` start at the working directory."""

    type = "aws:lambda/function:Function"
    name_property = "name"

    def planned_id(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["name"])

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        functions, name, code = aws.client("lambda"), str(inputs["name"]), code_arguments(inputs)
        answer = functions.create_function(
            Code=code,
            Publish=bool(inputs.get("publish")),
            Tags=inputs.get("tags") or {},
            Architectures=inputs.get("architectures") or ["x86_64"],
            **configuration_arguments(inputs),
        )
        with self.rollback_on_error(aws, name, inputs):
            self._reserve(functions, name, inputs)
        return name, self._outputs(aws, inputs, answer)

    def delete(self, aws: Aws, id_: str, state: Properties) -> None:
        or_none(aws.client("lambda").delete_function, FunctionName=id_)

    def _reserve(self, functions: Any, name: str, inputs: Properties) -> None:
        reserved = int(inputs.get("reservedConcurrentExecutions", -1))
        if reserved >= 0:
            functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=reserved)

    def _outputs(self, aws: Aws, inputs: Properties, answer: Properties) -> Properties:
        arn, version = aws.arn("lambda", f"function:{inputs['name']}"), str(answer["Version"])
        invoke = f"arn:{aws.partition}:apigateway:{aws.region}:lambda:path/2015-03-31/functions/{{}}/invocations"
        qualified = f"{arn}:{version}"
        return {
            "packageType": "Zip",
            "memorySize": _MEMORY_MB,
            "timeout": _SECONDS,
            "reservedConcurrentExecutions": -1,
            "architectures": ["x86_64"],
            "ephemeralStorage": {"size": 512},
            "tracingConfig": {"mode": "PassThrough"},
            "loggingConfig": {"logFormat": "Text", "logGroup": f"/aws/lambda/{inputs['name']}"},
            "publish": False,
            "skipDestroy": False,
            "signingJobArn": "",
            "signingProfileVersionArn": "",
            **inputs,
            "arn": arn,
            "version": version,
            "qualifiedArn": qualified,
            "invokeArn": invoke.format(arn),
            "qualifiedInvokeArn": invoke.format(qualified),
            "responseStreamingInvokeArn": invoke.format(arn).replace("/invocations", "/response-streaming-invocations"),
            "lastModified": str(answer["LastModified"]),
            "codeSha256": answer["CodeSha256"],
            "sourceCodeHash": inputs.get("sourceCodeHash", answer["CodeSha256"]),
            "sourceCodeSize": int(answer["CodeSize"]),
            "region": aws.region,
            **with_tags(inputs),
        }


class Permission(Resource):
    """A statement of a function's resource policy; its id is the statement's."""

    type = "aws:lambda/permission:Permission"
    name_property = "statementId"

    def planned_id(self, aws: Aws, inputs: Properties) -> str | None:
        return f"{function_name(inputs['function'])}/{inputs['statementId']}"

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        aws.client("lambda").add_permission(
            FunctionName=function_name(inputs["function"]),
            StatementId=inputs["statementId"],
            Action=inputs["action"],
            Principal=inputs["principal"],
            **given(
                SourceArn=inputs.get("sourceArn"),
                SourceAccount=inputs.get("sourceAccount"),
                Qualifier=inputs.get("qualifier"),
            ),
        )
        return str(inputs["statementId"]), self._outputs(aws, inputs)

    def delete(self, aws: Aws, id_: str, state: Properties) -> None:
        name = function_name(state["function"])
        or_none(aws.client("lambda").remove_permission, FunctionName=name, StatementId=id_)

    def _outputs(self, aws: Aws, inputs: Properties) -> Properties:
        return {"statementIdPrefix": "", **inputs, "region": aws.region}


class EventInvokeConfig(Setting):
    type = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"
    parent = "functionName"

    def put(self, aws: Aws, inputs: Properties) -> None:
        aws.client("lambda").put_function_event_invoke_config(
            FunctionName=inputs["functionName"],
            **without_floats(
                given(
                    MaximumRetryAttempts=inputs.get("maximumRetryAttempts"),
                    MaximumEventAgeInSeconds=inputs.get("maximumEventAgeInSeconds"),
                    DestinationConfig=pascal(inputs.get("destinationConfig")),
                )
            ),
        )

    def exists(self, aws: Aws, id_: str, inputs: Properties) -> bool:
        return present(aws.client("lambda").get_function_event_invoke_config, FunctionName=id_)

    def remove(self, aws: Aws, id_: str) -> None:
        or_none(aws.client("lambda").delete_function_event_invoke_config, FunctionName=id_)


def code_arguments(inputs: Properties) -> Properties:
    if "code" in inputs:
        return {"ZipFile": zip_bytes(inputs["code"], Path())}
    if "imageUri" in inputs:
        return {"ImageUri": inputs["imageUri"]}
    version = inputs.get("s3ObjectVersion")
    return given(S3Bucket=inputs["s3Bucket"], S3Key=inputs["s3Key"], S3ObjectVersion=version)


def configuration_arguments(inputs: Properties) -> Properties:
    vpc = inputs.get("vpcConfig")
    configuration = given(
        FunctionName=inputs["name"],
        Role=inputs["role"],
        Runtime=inputs.get("runtime"),
        Handler=inputs.get("handler"),
        Description=inputs.get("description"),
        Timeout=inputs.get("timeout", _SECONDS),
        MemorySize=inputs.get("memorySize", _MEMORY_MB),
        Environment=inputs.get("environment") and {"Variables": inputs["environment"].get("variables") or {}},
        DeadLetterConfig=pascal(inputs.get("deadLetterConfig")),
        TracingConfig=pascal(inputs.get("tracingConfig")),
        LoggingConfig=pascal(inputs.get("loggingConfig")),
        KMSKeyArn=inputs.get("kmsKeyArn"),
        Layers=inputs.get("layers"),
        VpcConfig=vpc and {"SubnetIds": vpc["subnetIds"], "SecurityGroupIds": vpc["securityGroupIds"]},
    )
    return {key: value if key == "Environment" else without_floats(value) for key, value in configuration.items()}


def function_name(function: str) -> str:
    """Return the function's name, given a name or an ARN."""
    return function.rsplit(":", 1)[1] if function.startswith("arn:") else function


RESOURCES = (Function, Permission, EventInvokeConfig)
