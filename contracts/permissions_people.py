"""What people do with a stack through ``python -m runs``. Standard library only. No role is deployed for them."""

from __future__ import annotations

from contracts.permission_model import Actor, Kind, Statement

OPERATOR = Actor(
    "operator",
    None,
    "Whoever uses python -m runs: stores assets and templates, starts executions and reads their reports",
    (
        Statement("StoreAssets", ("s3:PutObject",), (Kind.ASSET_OBJECTS,), "runs assets put stores price histories"),
        Statement(
            "FreezeAssets",
            ("s3:GetObject", "s3:GetObjectVersion"),
            (Kind.ASSET_OBJECTS,),
            "runs start freezes each asset's version and digest in the snapshot",
        ),
        Statement(
            "TellMissing",
            ("s3:ListBucket",),
            (Kind.ASSETS_BUCKET, Kind.MODELS_BUCKET),
            "Without it a missing object is answered 403, not 404",
        ),
        Statement(
            "KeepAssets",
            ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Scan"),
            (Kind.ASSET_TABLE,),
            "runs assets put and list describe them; runs start reads their dates",
        ),
        Statement(
            "KeepTemplates",
            ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Scan"),
            (Kind.TEMPLATE_TABLE,),
            "runs template put, list and show; runs start reads one",
        ),
        Statement(
            "KeepExecutions",
            ("dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Scan", "dynamodb:UpdateItem"),
            (Kind.EXECUTION_TABLE,),
            "runs start creates the item, and takes it back where SageMaker refuses; status, list and report read",
        ),
        Statement(
            "StartPipeline",
            ("sagemaker:DescribePipeline", "sagemaker:StartPipelineExecution"),
            (Kind.PIPELINE,),
            "runs start freezes the definition and starts the pipeline",
        ),
        Statement(
            "TellParameters",
            ("sagemaker:DescribePipelineDefinitionForExecution",),
            (Kind.PIPELINE_EXECUTIONS,),
            "runs report shows every parameter an execution ran with, defaults included",
        ),
        Statement("ReadReports", ("s3:GetObject",), (Kind.EVALUATION_OBJECTS,), "runs report reads the evaluation's files"),
        Statement(
            "UseKey",
            ("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"),
            (Kind.KEY,),
            "Tables and objects are under the stack's key",
            when="key",
            by="S3 and DynamoDB",
        ),
    ),
)
