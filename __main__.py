"""The Pulumi program: settings, components, exports. ``pulumi up`` runs it; see docs/deploying.md."""

from __future__ import annotations

from pathlib import Path

import pulumi
import pulumi_aws as aws

from components.alarms import Alarms, AlarmsArgs
from components.build_context import BuildContext
from components.context import StackContext
from components.dead_letters import DeadLetters
from components.definitions import DefinitionArgs
from components.events import Events, EventsArgs
from components.functions import Functions, FunctionsArgs
from components.image import PLATFORM, Image, ImageArgs
from components.keys import with_chosen_key
from components.pipeline import ForecastPipeline, Pipeline
from components.roles import Roles
from components.schedules import Schedules, SchedulesArgs
from components.storage import Storage, StorageArgs
from components.tables import Tables
from contracts.outputs import exported_name
from settings import load

root = Path(__file__).resolve().parent
settings = load()
context = with_chosen_key("key", StackContext.create(settings, account=aws.get_caller_identity().account_id))

storage = Storage("storage", StorageArgs(context, executors=root / "fe_image"))
tables = Tables("tables", context)
build_context = BuildContext.read(root, {"BASE_IMAGE": settings.base_image}, PLATFORM)
image = Image("image", ImageArgs(context, build_context, root))
roles = Roles("roles", context)
stored = {**storage.outputs, **tables.outputs}
ready = [image.ready, *roles.ready]
definitions = DefinitionArgs(context, image.uri, stored, roles.arns, ready)
pipeline = Pipeline("pipeline", definitions)
forecast = ForecastPipeline("forecast", definitions)

dead_letters = DeadLetters("dead-letters", context)
alarms = Alarms("alarms", AlarmsArgs(context, pipeline.name, forecast.name, dead_letters.name))
outputs: dict[str, pulumi.Input[str]] = {
    "region": settings.region,
    "pipeline_name": pipeline.name,
    "pipeline_arn": pipeline.arn,
    "forecast_pipeline_name": forecast.name,
    "forecast_pipeline_arn": forecast.arn,
    **stored,
    "model_package_group": pipeline.model_package_group,
    "repository_url": image.repository_url,
    "image_uri": image.uri,
    "dead_letter_queue_url": dead_letters.url,
    "alarm_topic_arn": alarms.topic_arn,
}
functions = Functions("functions", FunctionsArgs(context, root, outputs, dead_letters.arn))
observer = functions["execution-events"]
Events("events", EventsArgs(context, [pipeline.arn, forecast.arn], observer.name, observer.arn, dead_letters.arn))
scheduler = roles["scheduler"]
Schedules("schedules", SchedulesArgs(context, functions.arns, scheduler.arn, scheduler.ready, dead_letters.arn))

further: dict[str, pulumi.Input[str]] = {
    "model_role_arn": roles["model"].arn,
    "model_package_group_arn": pipeline.model_package_group_arn,
    "key_arn": context.key_arn or "",
}
for field, value in {**outputs, **further}.items():
    pulumi.export(exported_name(field), value)
