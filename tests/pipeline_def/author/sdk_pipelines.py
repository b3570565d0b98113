"""Pipelines unlike ours that the SageMaker SDK makes of the same step types: the checker must find nothing wrong with them.

Their definitions are committed in ``sdk_definitions/``, so that the check of them needs no SDK;
``PYTHONPATH=. python tests/pipeline_def/author/sdk_pipelines.py`` writes them again.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline_def.author.environment import prepare_environment

prepare_environment()

from sagemaker.core.helper.pipeline_variable import PipelineVariable  # noqa: E402
from sagemaker.core.lambda_helper import Lambda  # noqa: E402
from sagemaker.core.model_metrics import MetricsSource, ModelMetrics  # noqa: E402
from sagemaker.core.processing import Processor, ScriptProcessor  # noqa: E402
from sagemaker.core.shapes import (  # noqa: E402
    OutputDataConfig,
    ProcessingInput,
    ProcessingOutput,
    ProcessingS3Input,
    ProcessingS3Output,
    S3DataSource,
    StoppingCondition,
)
from sagemaker.core.training.configs import CheckpointConfig, Compute, InputData, Networking  # noqa: E402
from sagemaker.core.workflow.conditions import (  # noqa: E402
    ConditionEquals,
    ConditionIn,
    ConditionLessThanOrEqualTo,
    ConditionNot,
    ConditionOr,
)
from sagemaker.core.workflow.execution_variables import ExecutionVariables  # noqa: E402
from sagemaker.core.workflow.functions import Join, JsonGet  # noqa: E402
from sagemaker.core.workflow.parameters import (  # noqa: E402
    ParameterBoolean,
    ParameterFloat,
    ParameterInteger,
    ParameterString,
)
from sagemaker.core.workflow.properties import PropertyFile  # noqa: E402
from sagemaker.mlops.workflow.callback_step import CallbackOutput, CallbackOutputTypeEnum, CallbackStep  # noqa: E402
from sagemaker.mlops.workflow.condition_step import ConditionStep  # noqa: E402
from sagemaker.mlops.workflow.fail_step import FailStep  # noqa: E402
from sagemaker.mlops.workflow.lambda_step import LambdaOutput, LambdaOutputTypeEnum, LambdaStep  # noqa: E402
from sagemaker.mlops.workflow.model_step import ModelStep  # noqa: E402
from sagemaker.mlops.workflow.pipeline import Pipeline  # noqa: E402
from sagemaker.mlops.workflow.pipeline_experiment_config import PipelineExperimentConfig  # noqa: E402
from sagemaker.mlops.workflow.retry import (  # noqa: E402
    SageMakerJobExceptionTypeEnum,
    SageMakerJobStepRetryPolicy,
    StepExceptionTypeEnum,
    StepRetryPolicy,
)
from sagemaker.mlops.workflow.step_dependency import StepDependency, TriggerCondition  # noqa: E402
from sagemaker.mlops.workflow.steps import CacheConfig, ProcessingStep, TrainingStep  # noqa: E402
from sagemaker.serve.model_builder import ModelBuilder  # noqa: E402
from sagemaker.train.model_trainer import ModelTrainer  # noqa: E402

from pipeline_def.author.session import offline_session  # noqa: E402

FOLDER = Path(__file__).parent.parent / "sdk_definitions"
ROLE = "arn:aws:iam::123456789012:role/service-role/pipelines"
XGBOOST = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
SKLEARN = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"


def processing_step(name: str, session: Any, arguments: list[str | PipelineVariable], **options: Any) -> ProcessingStep:
    """A step whose output goes where the SDK puts it by itself: under the pipeline execution's id."""
    processor = Processor(
        role=ROLE,
        image_uri=SKLEARN,
        entrypoint=["python3", "/opt/ml/processing/input/code/prepare.py"],
        instance_type="ml.m5.xlarge",
        instance_count=1,
        sagemaker_session=session,
    )
    output = ProcessingOutput(
        output_name="metrics",
        s3_output=ProcessingS3Output(
            s3_uri=Join(on="/", values=["s3://bucket/pipelines", ExecutionVariables.PIPELINE_EXECUTION_ID, name, "metrics"]),
            local_path="/opt/ml/processing/metrics",
            s3_upload_mode="EndOfJob",
        ),
    )
    return ProcessingStep(name=name, step_args=processor.run(arguments=arguments, outputs=[output]), **options)


def training_step(name: str, session: Any, uri: Any, **options: Any) -> TrainingStep:
    trainer = ModelTrainer(
        role=ROLE,
        training_image=XGBOOST,
        hyperparameters={"objective": "reg:squarederror", "num_round": 50, "eta": 0.2},
        compute=Compute(instance_type="ml.m5.xlarge", instance_count=1, volume_size_in_gb=10),
        stopping_condition=StoppingCondition(max_runtime_in_seconds=3600),
        output_data_config=OutputDataConfig(s3_output_path="s3://bucket/models"),
        sagemaker_session=session,
    )
    data = InputData(channel_name="train", data_source=S3DataSource(s3_data_type="S3Prefix", s3_uri=uri))
    return TrainingStep(name=name, step_args=trainer.train(input_data_config=[data]), **options)


def joins_in_arguments(session: Any) -> Pipeline:
    """Join in a container's arguments, a job's own execution variable, and the SDK's default experiment config."""
    size = ParameterInteger("Size", 5)
    share = ParameterFloat("Share", 0.5)
    arguments = ["--size", size.to_string(), "--label", Join(on="-", values=["run", share, ExecutionVariables.START_DATETIME])]
    return Pipeline(
        name="joins",
        parameters=[size, share],
        steps=[processing_step("Prepare", session, arguments)],
        sagemaker_session=session,
    )


def enumerations_and_branches(session: Any) -> Pipeline:
    """EnumValues, a boolean, nested conditions, a property file named by text, a Fail step, an own experiment config."""
    stage = ParameterString("Stage", "test", enum_values=["test", "live"])
    force = ParameterBoolean("Force", default_value=False)
    metrics = PropertyFile(name="Metrics", output_name="metrics", path="metrics.json")
    prepare = processing_step("Prepare", session, ["--stage", stage], property_files=[metrics])
    good = ConditionLessThanOrEqualTo(
        left=JsonGet(step_name="Prepare", property_file="Metrics", json_path="rmse.value[0]"), right=6.0
    )
    forced = ConditionEquals(left=force, right=True)
    known = ConditionNot(ConditionIn(value=stage, in_values=["broken", "lost"]))
    train = training_step("Train", session, "s3://bucket/data")
    fail = FailStep(name="Stop", error_message=Join(on=" ", values=["not good enough:", stage]))
    gate = ConditionStep(name="Gate", conditions=[ConditionOr([good, forced]), known], if_steps=[train], else_steps=[fail])
    return Pipeline(
        name="branches",
        parameters=[stage, force],
        pipeline_experiment_config=PipelineExperimentConfig("experiment", ExecutionVariables.PIPELINE_EXECUTION_ID),
        steps=[prepare, gate],
        sagemaker_session=session,
    )


def retries_caches_and_triggers(session: Any) -> Pipeline:
    """List-valued exception types, a cache where no ExecutionId is told, and a step that runs whatever became of another."""
    retries = [
        StepRetryPolicy(exception_types=list(StepExceptionTypeEnum), expire_after_mins=60),
        SageMakerJobStepRetryPolicy(exception_types=list(SageMakerJobExceptionTypeEnum), max_attempts=20, interval_seconds=600),
    ]
    cache = CacheConfig(enable_caching=True, expire_after="P4DT12H")
    prepare = processing_step("Prepare", session, ["--fast"], retry_policies=retries, cache_config=cache)
    uri = prepare.properties.ProcessingOutputConfig.Outputs["metrics"].S3Output.S3Uri
    train = training_step("Train", session, uri, retry_policies=retries[1:], cache_config=cache)
    tidy = processing_step("Tidy", session, ["--of", train.properties.TrainingJobName])
    tidy.add_depends_on([StepDependency(train, TriggerCondition.ANY), "Prepare"])
    return Pipeline(name="retries", steps=[prepare, train, tidy], sagemaker_session=session)


def model_of_another_algorithm(session: Any) -> Pipeline:
    """Create and register a model of an algorithm that is not DeepAR, with metrics read by position and by name."""
    group = ParameterString("Group", "models")
    train = training_step("Train", session, "s3://bucket/data")
    builder = ModelBuilder(
        image_uri=XGBOOST,
        s3_model_data_url=train.properties.ModelArtifacts.S3ModelArtifacts,
        role_arn=ROLE,
        env_vars={"SAGEMAKER_PROGRAM": "inference.py", "LABEL": group},
        sagemaker_session=session,
    )
    create = ModelStep(name="Create", step_args=builder.build())
    metrics = ModelMetrics(model_statistics=MetricsSource("application/json", "s3://bucket/statistics.json"))
    registered = builder.register(
        model_package_group_name=group,
        content_types=["text/csv"],
        response_types=["text/csv"],
        inference_instances=["ml.t2.medium"],
        transform_instances=["ml.m5.xlarge"],
        approval_status="Approved",
        model_metrics=metrics,
        customer_metadata_properties={
            "rmse": Join(on="", values=[train.properties.FinalMetricDataList["validation:rmse"].Value]),
            "first": Join(on="", values=[train.properties.FinalMetricDataList[0].MetricName]),
        },
    )
    register = ModelStep(name="Register", step_args=registered, depends_on=[create])
    return Pipeline(name="models", parameters=[group], steps=[train, create, register], sagemaker_session=session)


def script_with_inputs(session: Any) -> Pipeline:
    """A script from S3 with parameters for everything that may be one."""
    count = ParameterInteger("Count", 2)
    kind = ParameterString("Kind", "ml.c5.xlarge")
    source = ParameterString("Source")
    image = ParameterString(
        "Image", "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-spark-processing:3.3-cpu-py39-v1.0"
    )
    processor = ScriptProcessor(
        role=ROLE,
        image_uri=image,
        command=["python3", "-u"],
        instance_type=kind,
        instance_count=count,
        sagemaker_session=session,
    )
    shards = ProcessingInput(
        input_name="shards",
        s3_input=ProcessingS3Input(
            s3_uri=source,
            local_path="/opt/ml/processing/input/shards",
            s3_data_type="S3Prefix",
            s3_input_mode="Pipe",
            s3_data_distribution_type="ShardedByS3Key",
        ),
    )
    run = processor.run(code="s3://bucket/code/main.py", inputs=[shards])
    return Pipeline(
        name="script",
        parameters=[count, kind, source, image],
        steps=[ProcessingStep(name="Main", step_args=run)],
        sagemaker_session=session,
    )


def deepar_of_another_author(session: Any) -> Pipeline:
    """DeepAR with literal hyperparameters, a VPC, checkpoints, an own image by version, a value from a property file."""
    metrics = PropertyFile(name="Chosen", output_name="metrics", path="chosen.json")
    prepare = processing_step("Prepare", session, ["--x", "{not a key}"], property_files=[metrics])
    chosen = JsonGet(step_name="Prepare", property_file=metrics, json_path="context")
    trainer = ModelTrainer(
        role=ROLE,
        training_image="522234722520.dkr.ecr.us-east-1.amazonaws.com/forecasting-deepar:1",
        hyperparameters={
            "time_freq": "30min",
            "epochs": "400",
            "prediction_length": 48,
            "context_length": Join(on="", values=[chosen]),
            "learning_rate": "5E-4",
            "likelihood": "negative-binomial",
            "cardinality": [321],
            "test_quantiles": [0.5, 0.9],
        },
        compute=Compute(
            instance_type="ml.p3.2xlarge", instance_count=2, volume_size_in_gb=10, enable_managed_spot_training=True
        ),
        networking=Networking(subnets=["subnet-1"], security_group_ids=["sg-1"], enable_network_isolation=False),
        stopping_condition=StoppingCondition(max_runtime_in_seconds=1800, max_wait_time_in_seconds=3600),
        checkpoint_config=CheckpointConfig(s3_uri="s3://bucket/checkpoints", local_path="/opt/ml/checkpoints"),
        output_data_config=OutputDataConfig(s3_output_path="s3://bucket/models"),
        environment={"LEVEL": "info"},
        sagemaker_session=session,
    )
    data = InputData(channel_name="train", data_source=S3DataSource(s3_data_type="S3Prefix", s3_uri="s3://bucket/data/"))
    train = TrainingStep(name="Train", step_args=trainer.train(input_data_config=[data]), depends_on=["Prepare"])
    own = Processor(
        role=ROLE,
        image_uri="123456789012.dkr.ecr.us-east-1.amazonaws.com/scoring:1.4",
        instance_type="ml.m5.xlarge",
        instance_count=1,
        env={"SCORE": Join(on="", values=[train.properties.FinalMetricDataList["test:RMSE"].Value])},
        sagemaker_session=session,
    )
    score = ProcessingStep(
        name="Score", step_args=own.run(arguments=["--model", train.properties.ModelArtifacts.S3ModelArtifacts])
    )
    return Pipeline(name="deepar", steps=[prepare, train, score], sagemaker_session=session)


def nested_json_texts(session: Any) -> Pipeline:
    """JSON within texts, as the SDK writes a hyperparameter that is a dictionary, and names of a language model's marks."""
    trainer = ModelTrainer(
        role=ROLE,
        training_image=XGBOOST,
        hyperparameters={"space": {"a": {"b": 1}}, "pad_token": "[PAD]", "eos_token": "</s>"},
        compute=Compute(instance_type="ml.m5.xlarge", instance_count=1, volume_size_in_gb=10),
        stopping_condition=StoppingCondition(max_runtime_in_seconds=3600),
        output_data_config=OutputDataConfig(s3_output_path="s3://bucket/models"),
        environment={"CONFIG": '{"x":{"y":{"z":2}}}', "MAX_TOKENS": "10", "SECRET_NAME": "prod/db"},
        sagemaker_session=session,
    )
    data = InputData(channel_name="train", data_source=S3DataSource(s3_data_type="S3Prefix", s3_uri="s3://bucket/data"))
    train = TrainingStep(name="Train", step_args=trainer.train(input_data_config=[data]))
    prepare = processing_step("Prepare", session, ["--config", '{"a": {"b": {}}}'])
    return Pipeline(name="nested", steps=[prepare, train], sagemaker_session=session)


def function_and_queue(session: Any) -> Pipeline:
    """Steps whose members stand beside the arguments, and another step that reads what they answer."""
    answer = LambdaOutput("answer", LambdaOutputTypeEnum.String)
    function = Lambda(function_arn="arn:aws:lambda:us-east-1:123456789012:function:ask")
    ask = LambdaStep(name="Ask", lambda_func=function, inputs={"a": "b"}, outputs=[answer])
    queue = "https://sqs.us-east-1.amazonaws.com/123456789012/queue"
    reply = CallbackOutput("reply", CallbackOutputTypeEnum.Integer)
    wait = CallbackStep(name="Wait", sqs_queue_url=queue, inputs={"c": "d"}, outputs=[reply])
    prepare = processing_step("Prepare", session, ["--answer", ask.properties.Outputs["answer"]])
    return Pipeline(name="function", steps=[ask, wait, prepare], sagemaker_session=session)


PIPELINES: dict[str, Callable[[Any], Pipeline]] = {
    "joins_in_arguments": joins_in_arguments,
    "enumerations_and_branches": enumerations_and_branches,
    "retries_caches_and_triggers": retries_caches_and_triggers,
    "model_of_another_algorithm": model_of_another_algorithm,
    "script_with_inputs": script_with_inputs,
    "deepar_of_another_author": deepar_of_another_author,
    "nested_json_texts": nested_json_texts,
    "function_and_queue": function_and_queue,
}


def definition_text(name: str) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return json.dumps(json.loads(PIPELINES[name](offline_session()).definition()), indent=2) + "\n"


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name in PIPELINES:
        (FOLDER / f"{name}.json").write_text(definition_text(name))


if __name__ == "__main__":
    main()
