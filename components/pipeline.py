"""The training pipeline with its model package group, and the forecast pipeline."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws
from pulumi import Output, ResourceOptions

from components.definitions import DefinitionArgs, PipelineArgs, create_pipeline, rendered
from components.names import MODEL_PACKAGES
from pipeline_def.template.text import FORECAST, TRAINING


class Pipeline(pulumi.ComponentResource):
    """The training pipeline and its model package group."""

    name: Output[str]
    arn: Output[str]
    model_package_group: Output[str]
    model_package_group_arn: Output[str]
    definition: Output[str]

    def __init__(self, name: str, args: DefinitionArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("model-training:pipeline:Pipeline", name, {}, opts)
        self._name = name
        self._context = args.context
        group = self._create_group()
        self.model_package_group = group.model_package_group_name
        self.model_package_group_arn = group.arn
        self.definition = rendered(args, TRAINING, model_package_group=self.model_package_group)
        description = "Features, training, backtest, evaluation, quality gate and registering of a forecasting model"
        own = PipelineArgs(name, self, TRAINING, args.context.names.pipeline, description)
        pipeline = create_pipeline(args, own, self.definition)
        self.name = pipeline.pipeline_name
        self.arn = pipeline.arn
        self.register_outputs({"arn": self.arn, "model_package_group": self.model_package_group})

    def _create_group(self) -> aws.sagemaker.ModelPackageGroup:
        return aws.sagemaker.ModelPackageGroup(
            f"{self._name}-models",
            model_package_group_name=self._context.names.of(MODEL_PACKAGES),
            model_package_group_description="Models that passed the quality gate",
            tags=self._context.tags,
            opts=self._context.protected(self),
        )


class ForecastPipeline(pulumi.ComponentResource):
    """The pipeline that forecasts the coming steps with an approved model."""

    name: Output[str]
    arn: Output[str]

    def __init__(self, name: str, args: DefinitionArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("model-training:pipeline:ForecastPipeline", name, {}, opts)
        description = "Forecast of the steps after the last price, with an approved model"
        own = PipelineArgs(name, self, FORECAST, args.context.names.forecast_pipeline, description)
        pipeline = create_pipeline(args, own, rendered(args, FORECAST))
        self.name = pipeline.pipeline_name
        self.arn = pipeline.arn
        self.register_outputs({"arn": self.arn})
