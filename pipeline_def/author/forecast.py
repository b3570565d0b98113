"""The forecast pipeline, authored with the SageMaker Python SDK v3 (extra ``author``; the deploy path never imports it).

Prepare (our image), creating the model from an approved model package, forecast (batch transform), publish (our image). It
trains nothing: what the model needs besides its weights comes from the files that its package's metadata name.
"""

from __future__ import annotations

from sagemaker.mlops.workflow.pipeline import Pipeline

from pipeline_def.author.models import create_from_package_step
from pipeline_def.author.parameters import forecast_parameters
from pipeline_def.author.processing import prepare_step, publish_step
from pipeline_def.author.session import Authoring, offline_session
from pipeline_def.author.transform import FORECAST, transform_step


def author_forecast_pipeline() -> Pipeline:
    """The complete pipeline with placeholders; its ``definition()`` needs no AWS access."""
    authoring = Authoring(offline_session(), {item.name: item for item in forecast_parameters()})
    prepared = prepare_step(authoring)
    created = create_from_package_step(authoring)
    forecast = transform_step(authoring, FORECAST, prepared, created)
    return Pipeline(
        name="unused: the pipeline's name is a property of the deployed resource",
        parameters=list(authoring.parameters.values()),
        steps=[prepared, created, forecast, publish_step(authoring, prepared, forecast)],
        sagemaker_session=authoring.session,
        # No experiment, because creating one per execution would need permissions that nothing here uses.
        pipeline_experiment_config=None,
    )
