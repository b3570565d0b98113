"""SageMaker's events reach deployed functions by deployed rules; what fails is retried and then put where failures go."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_run.emulator.delivery.functions import FunctionNotFoundError
from local_run.emulator.options import EventFaults
from local_run.emulator.progress import Warned
from local_run.emulator.server import ACCOUNT_ID
from tests.local_run.emulator.pipelines.support import REGION, ROLE, WAIT, World, handler_zip, processing

FUNCTION_ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:events"
RULE_ARN = f"arn:aws:events:{REGION}:{ACCOUNT_ID}:rule/changes"
EXECUTION_CHANGE = "SageMaker Model Building Pipeline Execution Status Change"
STEP_CHANGE = "SageMaker Model Building Pipeline Execution Step Status Change"

# The handler keeps what it got in a table, so that a test can look at it from outside the worker's process.
STORE = """
import json, os, boto3
table = boto3.client("dynamodb")
count = 0
def handle(event, context):
    global count
    count += 1
    print("got", event["detail-type"])
    table.put_item(TableName=os.environ["TABLE"], Item={"Id": {"S": f"{count:04}"}, "Event": {"S": json.dumps(event)}})
    return {"remaining": context.get_remaining_time_in_millis() > 0}
"""


def make_function(world: World, source: str, name: str = "events", timeout: int = 10, **settings: Any) -> str:
    iam = world.client("iam")
    if not any(role["RoleName"] == "handler-role" for role in iam.list_roles()["Roles"]):
        iam.create_role(RoleName="handler-role", AssumeRolePolicyDocument="{}")
    created = world.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.12",
        Handler="app.handle",
        Role=ROLE.replace("pipeline-role", "handler-role"),
        Code={"ZipFile": handler_zip(source)},
        Timeout=timeout,
        Environment={"Variables": {"TABLE": "seen"}},
        **settings,
    )
    return str(created["FunctionArn"])


def make_table(world: World) -> None:
    world.client("dynamodb").create_table(
        TableName="seen",
        KeySchema=[{"AttributeName": "Id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "Id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def seen(world: World) -> list[dict[str, Any]]:
    items = world.client("dynamodb").scan(TableName="seen")["Items"]
    return [json.loads(item["Event"]["S"]) for item in sorted(items, key=lambda item: item["Id"]["S"])]


def make_queue(world: World, name: str) -> tuple[str, str]:
    url = world.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    return url, f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:{name}"


def make_rule(
    world: World, target: dict[str, Any] | None = None, pattern: dict[str, Any] | None = None, permit: bool = True
) -> None:
    events = world.client("events")
    pattern = pattern or {"source": ["aws.sagemaker"], "detail-type": [EXECUTION_CHANGE, STEP_CHANGE]}
    events.put_rule(Name="changes", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="changes", Targets=[{"Id": "handler", "Arn": FUNCTION_ARN, **(target or {})}])
    if permit:
        world.client("lambda").add_permission(
            FunctionName="events", StatementId="rule", Action="lambda:InvokeFunction",
            Principal="events.amazonaws.com", SourceArn=RULE_ARN,
        )  # fmt: skip


def messages(world: World, url: str) -> list[dict[str, Any]]:
    found = world.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
    return list(found.get("Messages", []))


def test_the_events_of_an_execution_arrive_in_order_with_sagemakers_shapes(world: World) -> None:
    make_table(world)
    make_function(world, STORE)
    make_rule(world)
    arn = world.run([processing("Features", "")])
    events = seen(world)
    summary = [
        (event["detail-type"] == STEP_CHANGE, detail.get("currentStepStatus") or detail["currentPipelineExecutionStatus"])
        for event in events
        for detail in [event["detail"]]
    ]
    assert summary == [(False, "Executing"), (True, "Starting"), (True, "Executing"), (True, "Succeeded"), (False, "Succeeded")]
    step = events[3]
    assert {key: step[key] for key in ("source", "account", "region", "version")} == {
        "source": "aws.sagemaker", "account": ACCOUNT_ID, "region": REGION, "version": "0",
    }  # fmt: skip
    assert step["resources"] == [arn.rpartition("/execution/")[0], arn]
    detail = step["detail"]
    assert detail["metadata"] == {"processingJob": {"arn": world.steps(arn)["Features"]["Metadata"]["ProcessingJob"]["Arn"]}}
    assert (detail["stepName"], detail["stepType"], detail["previousStepStatus"]) == ("Features", "Processing", "Executing")
    assert detail["pipelineExecutionArn"] == arn and detail["stepEndTime"].endswith("Z")
    assert len({event["id"] for event in events}) == 5
    assert events[4]["detail"]["previousPipelineExecutionStatus"] == "Executing"


def test_a_failed_step_event_has_the_reason(world: World) -> None:
    make_table(world)
    make_function(world, STORE)
    make_rule(world, pattern={"source": ["aws.sagemaker"], "detail": {"currentStepStatus": ["Failed"]}})
    world.run([processing("Features", "sys.exit(2)")])
    (event,) = seen(world)
    assert event["detail"]["failureReason"].startswith("ClientError: AlgorithmError")


def test_a_rule_of_another_pipeline_gets_nothing(world: World) -> None:
    make_table(world)
    make_function(world, STORE)
    other = f"arn:aws:sagemaker:{REGION}:{ACCOUNT_ID}:pipeline/other"
    make_rule(world, pattern={"source": ["aws.sagemaker"], "detail": {"pipelineArn": [other]}})
    world.run([processing("Features", "")])
    assert seen(world) == []


def test_a_handler_that_fails_twice_gets_its_event_a_third_time(world: World) -> None:
    make_table(world)
    flaky = STORE.replace("    print(", "    if count < 3: raise RuntimeError('not yet')\n    print(", 1)
    make_function(world, flaky)
    make_rule(world, pattern={"detail": {"currentPipelineExecutionStatus": ["Succeeded"]}})
    world.run([processing("Features", "")])
    assert [event["detail"]["currentPipelineExecutionStatus"] for event in seen(world)] == ["Succeeded"]


FAILING = "def handle(event, context):\n    raise ValueError('broken on purpose')\n"


def test_an_event_whose_handler_keeps_failing_goes_to_the_functions_failure_destination(world: World) -> None:
    make_function(world, FAILING)
    url, arn = make_queue(world, "failed")
    world.client("lambda").put_function_event_invoke_config(
        FunctionName="events", MaximumRetryAttempts=1, DestinationConfig={"OnFailure": {"Destination": arn}}
    )
    make_rule(world, pattern={"detail": {"currentPipelineExecutionStatus": ["Succeeded"]}})
    execution = world.run([processing("Features", "")])
    (message,) = messages(world, url)
    record = json.loads(message["Body"])
    assert record["requestPayload"]["detail"]["pipelineExecutionArn"] == execution
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 2
    assert record["responsePayload"]["errorMessage"] == "broken on purpose"


def test_a_lost_event_is_reported(world: World) -> None:
    make_function(world, FAILING)
    make_rule(world, pattern={"detail": {"currentPipelineExecutionStatus": ["Succeeded"]}})
    world.run([processing("Features", "")])
    (warning,) = world.progress.of(Warned)
    assert "failed 3 times" in warning.text and "lost" in warning.text


@pytest.mark.parametrize(("permit", "present", "code"), [(False, True, "NO_PERMISSIONS"), (True, False, "RESOURCE_NOT_FOUND")])
def test_what_cannot_be_delivered_goes_to_the_targets_dead_letter_queue(
    world: World, permit: bool, present: bool, code: str
) -> None:
    make_function(world, FAILING)
    url, arn = make_queue(world, "dead")
    make_rule(world, {"DeadLetterConfig": {"Arn": arn}}, {"detail": {"currentPipelineExecutionStatus": ["Succeeded"]}}, permit)
    if not present:
        world.client("lambda").delete_function(FunctionName="events")
    execution = world.run([processing("Features", "")])
    (message,) = messages(world, url)
    assert json.loads(message["Body"])["detail"]["pipelineExecutionArn"] == execution
    assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == code
    assert message["MessageAttributes"]["RULE_ARN"]["StringValue"] == RULE_ARN


def test_a_throttled_function_is_tried_as_often_as_the_targets_retry_policy_says(world: World) -> None:
    make_function(world, FAILING)
    world.client("lambda").put_function_concurrency(FunctionName="events", ReservedConcurrentExecutions=0)
    url, arn = make_queue(world, "dead")
    target = {"DeadLetterConfig": {"Arn": arn}, "RetryPolicy": {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 3600}}
    make_rule(world, target, {"detail": {"currentPipelineExecutionStatus": ["Succeeded"]}})
    world.run([processing("Features", "")])
    (message,) = messages(world, url)
    assert message["MessageAttributes"]["RETRY_ATTEMPTS"]["StringValue"] == "3"


def test_faults_duplicate_drop_and_reorder_on_request(make_world: Callable[..., World]) -> None:
    world = make_world(event_faults=EventFaults(duplicate=1.0))
    make_table(world)
    make_function(world, STORE)
    make_rule(world)
    world.run([processing("Features", "")])
    ids = [event["id"] for event in seen(world)]
    assert len(ids) == 10 and ids[::2] == ids[1::2]


def test_reordered_events_all_arrive(make_world: Callable[..., World]) -> None:
    world = make_world(event_faults=EventFaults(reorder=1.0))
    make_table(world)
    make_function(world, STORE)
    make_rule(world)
    world.run([processing("Features", "")])
    kinds = [event["detail"].get("currentStepStatus") for event in seen(world)]
    assert sorted(map(str, kinds)) == sorted(["None", "Starting", "Executing", "Succeeded", "None"])
    assert kinds != [None, "Starting", "Executing", "Succeeded", None]


def test_dropped_events_never_arrive(make_world: Callable[..., World]) -> None:
    world = make_world(event_faults=EventFaults(drop=1.0))
    make_table(world)
    make_function(world, STORE)
    make_rule(world)
    world.run([processing("Features", "")])
    assert seen(world) == []


def test_boto3_invoke_runs_the_function_with_its_own_environment_and_actor(world: World) -> None:
    make_function(world, """
        import os
        def handle(event, context):
            print("hello from inside")
            return {"event": event, "table": os.environ["TABLE"], "key": os.environ["AWS_ACCESS_KEY_ID"],
                    "name": context.function_name, "region": os.environ["AWS_REGION"]}
    """)  # fmt: skip
    answer = world.client("lambda").invoke(FunctionName="events", Payload=json.dumps({"a": "é"}), LogType="Tail")
    payload = json.loads(answer["Payload"].read())
    assert payload == {"event": {"a": "é"}, "table": "seen", "key": "AKIALOCALHANDLER_ROLE", "name": "events", "region": REGION}
    assert "FunctionError" not in answer
    assert "hello from inside" in base64.b64decode(answer["LogResult"]).decode()
    group = world.client("logs").filter_log_events(logGroupName="/aws/lambda/events")["events"]
    assert "hello from inside" in [item["message"] for item in group]


def test_boto3_invoke_gives_the_handlers_error(world: World) -> None:
    make_function(world, FAILING)
    answer = world.client("lambda").invoke(FunctionName=FUNCTION_ARN, Payload=b"{}")
    error = json.loads(answer["Payload"].read())
    assert answer["FunctionError"] == "Unhandled"
    assert (error["errorType"], error["errorMessage"]) == ("ValueError", "broken on purpose")


def test_an_asynchronous_invoke_is_queued(world: World) -> None:
    make_table(world)
    make_function(world, STORE)
    answer = world.client("lambda").invoke(FunctionName="events", InvocationType="Event", Payload=b'{"detail-type": "x"}')
    assert answer["StatusCode"] == 202
    assert world.local.events.drain(WAIT)
    assert seen(world) == [{"detail-type": "x"}]


def test_a_function_that_takes_too_long_is_ended_and_works_again_afterwards(world: World) -> None:
    source = "import time\ndef handle(event, context):\n    time.sleep(event.get('s', 0))\n    return 'ok'\n"
    make_function(world, source, timeout=1)
    slow = world.local.functions.invoke("events", {"s": 30})
    assert slow.error is not None and slow.error["errorType"] == "Sandbox.Timedout"
    assert world.local.functions.invoke("events", {}).payload == "ok"


def test_a_function_that_exits_is_an_error_not_a_hang(world: World) -> None:
    make_function(world, "import os\ndef handle(event, context):\n    os._exit(7)\n")
    result = world.local.functions.invoke("events", {})
    assert result.error is not None and result.error["errorType"] == "Runtime.ExitError"


def test_a_handler_can_import_only_what_lambda_ships(world: World) -> None:
    make_function(world, "import boto3\nimport numpy\ndef handle(event, context):\n    return 1\n")
    result = world.local.functions.invoke("events", {})
    assert result.error is not None and result.error["errorMessage"] == "No module named 'numpy'"


def test_updated_code_is_what_runs_next(world: World) -> None:
    make_function(world, "def handle(event, context):\n    return 'old'\n")
    assert world.local.functions.invoke("events", {}).payload == "old"
    new = handler_zip("def handle(event, context):\n    return 'new'\n")
    world.client("lambda").update_function_code(FunctionName="events", ZipFile=new)
    assert world.local.functions.invoke("events", {}).payload == "new"


def test_a_function_that_does_not_exist(world: World) -> None:
    with pytest.raises(FunctionNotFoundError):
        world.local.functions.invoke("absent", {})
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        world.client("lambda").invoke(FunctionName="absent", Payload=b"{}")
