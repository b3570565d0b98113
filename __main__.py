"""The Pulumi program: settings, components, exports. ``pulumi up`` runs it; see docs/deploying.md."""

from __future__ import annotations

from pathlib import Path

import pulumi
import pulumi_aws as aws

from components.alarms import Alarms, AlarmsArgs
from components.build_context import BuildContext
from components.dead_letters import DeadLetters, DeadLettersArgs
from components.events import Events, EventsArgs
from components.functions import Functions, FunctionsArgs
from components.image import PLATFORM, Image, ImageArgs
from components.kept_secret import keep_secret
from components.keys import key_arn_of
from components.names import Names
from components.pipeline import Pipeline, PipelineArgs
from components.roles import Roles, RolesArgs
from components.schedules import Schedules, SchedulesArgs
from components.storage import Storage, StorageArgs
from components.tables import Tables, TablesArgs
from contracts.layout import EXECUTOR_NAME
from contracts.outputs import exported_name
from settings import load

root = Path(__file__).resolve().parent
settings = load()
kept = keep_secret(settings.secret_texts)
names = Names(settings, account=aws.get_caller_identity().account_id)
tags = {"project": settings.project, "stack": settings.stack, "owner": settings.owner}
key_arn = key_arn_of("key", names, tags)

storage = Storage("storage", StorageArgs(names, tags, key_arn, executor=root / "fe_image" / EXECUTOR_NAME))
tables = Tables("tables", TablesArgs(names, tags, key_arn))
context = BuildContext.read(root, {"BASE_IMAGE": settings.base_image}, PLATFORM)
image = Image("image", ImageArgs(names, tags, key_arn, context, root))
roles = Roles("roles", RolesArgs(names, tags, key_arn))
stored = {**storage.outputs, **tables.outputs}
ready = [image.ready, *roles.ready]
pipeline = Pipeline("pipeline", PipelineArgs(names, tags, key_arn, image.uri, stored, roles.arns, ready))

dead_letters = DeadLetters("dead-letters", DeadLettersArgs(names, tags, key_arn))
outputs: dict[str, pulumi.Input[str]] = {
    "region": settings.region,
    "pipeline_name": pipeline.name,
    "pipeline_arn": pipeline.arn,
    **stored,
    "model_package_group": pipeline.model_package_group,
    "repository_url": image.repository_url,
    "image_uri": image.uri,
    "dead_letter_queue_url": dead_letters.url,
}
functions = Functions("functions", FunctionsArgs(names, tags, key_arn, root, outputs, dead_letters.arn))
observer = functions["execution-events"]
Events("events", EventsArgs(names, tags, pipeline.arn, observer.name, observer.arn, dead_letters.arn))
scheduler = roles["scheduler"]
Schedules(
    "schedules", SchedulesArgs(names, tags, key_arn, functions.arns, scheduler.arn, scheduler.ready, dead_letters.arn)
)
alarms = Alarms("alarms", AlarmsArgs(names, tags, key_arn, pipeline.name, dead_letters.name, functions["reconcile"].name))

further: dict[str, pulumi.Input[str]] = {
    "model_role_arn": roles["model"].arn,
    "model_package_group_arn": pipeline.model_package_group_arn,
    "alarm_topic_arn": alarms.topic_arn,
    "key_arn": key_arn or "",
}
for field, value in {**outputs, **further}.items():
    pulumi.export(exported_name(field), kept(value))
