"""What people do with a stack through ``python -m runs``. No role is deployed for them."""

from __future__ import annotations

from components.iam import resources
from components.iam.statement import SAGEMAKER, Actor, Statement, always

OPERATOR = Actor(
    "operator",
    None,
    "A person who uses python -m runs: stores assets and templates, starts executions and reads their reports",
    (
        Statement("StoreAssets", ("s3:PutObject",), (resources.asset_objects,), "runs assets put stores price histories"),
        Statement(
            "FreezeAssets",
            ("s3:GetObject", "s3:GetObjectVersion"),
            (resources.asset_objects,),
            "runs start freezes each asset's version and digest in the snapshot",
        ),
        Statement(
            "TellMissing",
            ("s3:ListBucket",),
            (resources.assets_bucket, resources.models_bucket),
            "Without it S3 answers 403 instead of 404 for a missing object",
        ),
        Statement(
            "KeepAssets",
            ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Scan"),
            (resources.asset_table,),
            "runs assets put and list describe them; runs start reads their dates",
        ),
        Statement(
            "KeepTemplates",
            ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Scan"),
            (resources.template_table,),
            "runs template put, list and show; runs start reads one",
        ),
        Statement(
            "KeepExecutions",
            ("dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Scan", "dynamodb:UpdateItem"),
            (resources.execution_table,),
            "runs start creates the item, and deletes it if SageMaker rejects the start; status, list and report read it",
        ),
        Statement(
            "FindExecution",
            ("dynamodb:Query",),
            (resources.execution_index,),
            "runs status, stop and logs find an execution by its ARN",
        ),
        Statement(
            "ReadEvents",
            ("dynamodb:Query",),
            (resources.event_table,),
            "runs logs finds the jobs of earlier attempts",
        ),
        Statement(
            "StartPipeline",
            ("sagemaker:DescribePipeline", "sagemaker:StartPipelineExecution"),
            (resources.pipelines,),
            "runs start freezes the definition and starts the pipeline",
        ),
        Statement(
            "SteerExecutions",
            ("sagemaker:RetryPipelineExecution", "sagemaker:StopPipelineExecution"),
            (resources.pipeline_executions,),
            "runs stop and retry",
        ),
        Statement(
            "ReadJobLogs",
            ("logs:DescribeLogStreams", "logs:GetLogEvents"),
            (resources.job_logs,),
            "runs logs",
        ),
        Statement(
            "TellParameters",
            ("sagemaker:DescribePipelineDefinitionForExecution",),
            (resources.pipeline_executions,),
            "runs report shows every parameter an execution ran with, defaults included",
        ),
        Statement(
            "ReadReports",
            ("s3:GetObject",),
            (resources.report_objects,),
            "runs report reads the evaluation's files; runs forecast reads the model's template and the published forecast",
        ),
        Statement(
            "ReadForecasts",
            ("dynamodb:GetItem", "dynamodb:Query"),
            (resources.prediction_table,),
            "runs drift reads the losses of a template's forecasts, and since when they have drifted",
        ),
        Statement(
            "FindModels",
            ("sagemaker:ListModelPackages",),
            (resources.model_packages,),
            "runs models list and runs forecast look through the versions of the group",
        ),
        Statement(
            "DecideModels",
            ("sagemaker:DescribeModelPackage", "sagemaker:UpdateModelPackage"),
            (resources.model_packages,),
            "runs models show, approve and reject; runs forecast reads where the model's files are",
        ),
        Statement(
            "KeepEndpoints",
            ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"),
            (resources.endpoint_table,),
            "runs endpoint up records when an endpoint is deleted, before it creates it; down notes that it is",
        ),
        Statement("FindEndpoints", ("dynamodb:Query",), (resources.endpoint_index,), "runs endpoint list"),
        Statement(
            "CreateEndpoints",
            ("sagemaker:AddTags", "sagemaker:CreateEndpoint", "sagemaker:CreateEndpointConfig", "sagemaker:CreateModel"),
            (resources.endpoint_parts,),
            "runs endpoint up creates an endpoint with configuration and model, named after the stack and with its tags",
        ),
        Statement(
            "PassModelRole",
            ("iam:PassRole",),
            (resources.model_role,),
            "The endpoint's model has the role of the stack's other models",
            always({"StringEquals": {"iam:PassedToService": SAGEMAKER}}),
        ),
        Statement(
            "DeleteEndpoints",
            (
                "sagemaker:DeleteEndpoint",
                "sagemaker:DeleteEndpointConfig",
                "sagemaker:DeleteModel",
                "sagemaker:DescribeEndpoint",
                "sagemaker:DescribeEndpointConfig",
                "sagemaker:DescribeModel",
                "sagemaker:ListTags",
            ),
            (resources.endpoint_parts,),
            "runs endpoint down deletes what carries this stack's tags; list and predict read an endpoint's status",
        ),
        Statement(
            "ReadOwnTags", ("sagemaker:ListTags",), (resources.training_pipeline,), "Reads this stack's tags from its pipeline"
        ),
        Statement("AskEndpoints", ("sagemaker:InvokeEndpoint",), (resources.endpoints,), "runs predict"),
        Statement(
            "ReadRequests",
            ("s3:GetObject",),
            (resources.prepared_objects,),
            "runs predict sends the request lines of a forecast, after it has compared them with their manifest",
        ),
        Statement(
            "EncryptEndpoints",
            ("kms:CreateGrant",),
            (resources.key,),
            "SageMaker encrypts the volumes of an endpoint's instance through a grant of the caller",
            always({"Bool": {"kms:GrantIsForAWSResource": "true"}}),
            when="key",
            by="SageMaker",
        ),
        Statement(
            "UseKey",
            ("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"),
            (resources.key,),
            "Tables and objects are encrypted with the stack's key",
            when="key",
            by="S3 and DynamoDB",
        ),
    ),
)

#: `runs delete`, `runs assets delete` and `runs template delete`: apart from the operator, who destroys nothing.
CURATOR = Actor(
    "curator",
    None,
    "A person who deletes executions, price histories and templates",
    (
        Statement(
            "DeleteExecutions",
            ("dynamodb:GetItem", "dynamodb:PutItem"),
            (resources.execution_table,),
            "Reads the item, and leaves a mark in its place",
        ),
        Statement(
            "DeleteEvents", ("dynamodb:BatchWriteItem", "dynamodb:Query"), (resources.event_table,), "An execution's events"
        ),
        Statement("CheckModel", ("sagemaker:DescribeModelPackage",), (resources.model_packages,), "Keeps what a model needs"),
        Statement("ListObjects", ("s3:ListBucket",), (resources.models_bucket,), "Shows what will go"),
        Statement(
            "DeleteObjects",
            ("s3:DeleteObject",),
            (resources.asset_objects, resources.execution_objects),
            "What is deleted in a bucket with versions is kept as an older version",
        ),
        Statement(
            "DeleteAssets",
            ("dynamodb:DeleteItem", "dynamodb:GetItem"),
            (resources.asset_table,),
            "Its description",
        ),
        Statement(
            "DeleteTemplates",
            ("dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:Scan"),
            (resources.template_table,),
            "Deletes a template; an asset that a template uses is not deleted",
        ),
        Statement(
            "UseKey",
            ("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"),
            (resources.key,),
            "The tables are encrypted with the stack's key",
            when="key",
            by="DynamoDB",
        ),
    ),
)

#: Both sides of `runs models promote`. Each is a policy of its own account, so no bucket is opened to another one.
PROMOTION_SOURCE = Actor(
    "promotion-source",
    None,
    "A person who promotes a model of this stack to another: reads it",
    (
        Statement("ReadPackage", ("sagemaker:DescribeModelPackage",), (resources.model_packages,), "The model and its files"),
        Statement(
            "ReadModel",
            ("s3:GetObject",),
            (resources.model_objects, resources.evaluation_objects),
            "Copies the artefact and the files of the evaluation",
        ),
        Statement(
            "ReadHashes", ("s3:GetObject",), (resources.training_manifests,), "Compares the files with what the training wrote"
        ),
        Statement(
            "TellMissing",
            ("s3:ListBucket",),
            (resources.models_bucket,),
            "Without it S3 answers 403 instead of 404 for a missing object",
        ),
        Statement(
            "UseKey",
            ("kms:Decrypt",),
            (resources.key,),
            "The files are encrypted with the stack's key",
            when="key",
            by="S3",
        ),
    ),
)
PROMOTION_TARGET = Actor(
    "promotion-target",
    None,
    "A person who promotes a model of another stack to this one: stores it, and registers a version that waits for approval",
    (
        Statement(
            "FindPromoted",
            ("sagemaker:DescribeModelPackage", "sagemaker:ListModelPackages"),
            (resources.model_packages,),
            "Looks for a version that came from the same model",
        ),
        Statement(
            "StoreModel",
            ("s3:GetObject", "s3:PutObject"),
            (resources.model_objects, resources.evaluation_objects),
            "Stores the artefact and the files of the evaluation, and reads their hashes back",
        ),
        Statement(
            "TellMissing",
            ("s3:ListBucket",),
            (resources.models_bucket,),
            "Without it S3 answers 403 instead of 404 for a missing object",
        ),
        Statement(
            "RegisterModel",
            ("sagemaker:CreateModelPackage",),
            (resources.model_package_group, resources.model_packages),
            "Registers the version; approving it is the operator's",
            always({"StringEquals": {"sagemaker:ModelApprovalStatus": "PendingManualApproval"}}),
        ),
        Statement(
            "UseKey",
            ("kms:Decrypt", "kms:GenerateDataKey"),
            (resources.key,),
            "The files are encrypted with the stack's key",
            when="key",
            by="S3",
        ),
    ),
)

#: Everybody for whom no role is created.
PEOPLE = (OPERATOR, CURATOR, PROMOTION_SOURCE, PROMOTION_TARGET)
