"""AWS Lambda: how resources are read, updated and replaced."""

from __future__ import annotations

from emulated.kinds.changeable import Changeable, ChangeableSetting
from local_run.emulator.resources import functions
from local_run.emulator.resources.base import Aws, Properties, or_none


class Function(Changeable, functions.Function):
    replace_on = ("name", "packageType", "region")

    def read(self, aws: Aws, id_: str, state: Properties) -> Properties | None:
        answer = or_none(aws.client("lambda").get_function, FunctionName=id_)
        return answer and self._outputs(aws, {**state, "name": id_}, answer["Configuration"])

    def update(self, aws: Aws, id_: str, old: Properties, new: Properties) -> Properties:
        client = aws.client("lambda")
        client.update_function_configuration(**functions.configuration_arguments(new))
        answer = client.update_function_code(
            FunctionName=id_, Publish=bool(new.get("publish")), **functions.code_arguments(new)
        )
        self._reserve(client, id_, new)
        return self._outputs(aws, new, answer)


class Permission(Changeable, functions.Permission):
    replace_on = (
        "action",
        "function",
        "principal",
        "qualifier",
        "sourceArn",
        "sourceAccount",
        "statementId",
        "statementIdPrefix",
        "region",
    )

    def read(self, aws: Aws, id_: str, state: Properties) -> Properties | None:
        if "function" not in state:  # nothing is known of it, so it does not exist
            return None
        answer = or_none(aws.client("lambda").get_policy, FunctionName=functions.function_name(state["function"]))
        return self._outputs(aws, state) if answer and f'"{id_}"' in answer["Policy"] else None

    def update(self, aws: Aws, id_: str, old: Properties, new: Properties) -> Properties:
        return self._outputs(aws, new)


class EventInvokeConfig(ChangeableSetting, functions.EventInvokeConfig):
    replace_on = ("functionName", "qualifier", "region")

    def get(self, aws: Aws, id_: str) -> Properties | None:
        return {} if or_none(aws.client("lambda").get_function_event_invoke_config, FunctionName=id_) else None


KINDS = (
    Function,
    Permission,
    EventInvokeConfig,
)
