"""Amazon EventBridge: how resources are read, updated and replaced."""

from __future__ import annotations

from emulated.kinds.changeable import Changeable, changed_tags
from local_run.emulator.resources import events
from local_run.emulator.resources.base import Aws, Properties, or_none, tag_list


class EventRule(Changeable, events.EventRule):
    replace_on = ("name", "namePrefix", "eventBusName", "region")

    def read(self, aws: Aws, id_: str, state: Properties) -> Properties | None:
        bus, name = events.split_rule_id(id_)
        answer = or_none(aws.client("events").describe_rule, Name=name, EventBusName=bus)
        return answer and self._outputs(aws, answer["Arn"], {**state, "name": name})

    def update(self, aws: Aws, id_: str, old: Properties, new: Properties) -> Properties:
        outputs = self._put(aws, new)
        added, removed = changed_tags(old, new)
        if added:
            aws.client("events").tag_resource(ResourceARN=outputs["arn"], Tags=tag_list({"tags": added}))
        if removed:
            aws.client("events").untag_resource(ResourceARN=outputs["arn"], TagKeys=removed)
        return outputs


class EventTarget(Changeable, events.EventTarget):
    replace_on = ("rule", "targetId", "eventBusName", "region")

    def read(self, aws: Aws, id_: str, state: Properties) -> Properties | None:
        bus = state.get("eventBusName", events.DEFAULT_BUS)
        answer = or_none(aws.client("events").list_targets_by_rule, Rule=state["rule"], EventBusName=bus) or {}
        ids = [target["Id"] for target in answer.get("Targets", [])]
        return self._outputs(aws, state) if state["targetId"] in ids else None

    def update(self, aws: Aws, id_: str, old: Properties, new: Properties) -> Properties:
        return self._put(aws, new)


KINDS = (
    EventRule,
    EventTarget,
)
