"""The examples in docs/pipeline-diff.md are the output of the commands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pipeline_def.check.phases import as_error, check_definition
from pipeline_def.diff.changes import compare
from pipeline_def.diff.formats import as_markdown, as_terminal
from pipeline_def.diff.sources import Source, compare_sources, placeholders
from pipeline_def.template.keys import example_values
from pipeline_def.template.render import render
from pipeline_def.template.text import read_template
from tests.pipeline_def.definitions import REGION, arguments, good, parameter, step

DOC = (Path(__file__).parents[2] / "docs" / "pipeline-diff.md").read_text()
SIDES = ("origin/main", "the working tree's template")


def template() -> dict[str, Any]:
    """The template with its keys in place of a stack's values."""
    return Source("template", read_template()).definition(placeholders(read_template()))


def shown(text: str) -> bool:
    return f"```\n{text}```\n" in DOC


def test_a_new_default() -> None:
    new = template()
    parameter(new, "epochs")["DefaultValue"] = 300
    assert shown(as_terminal(compare(template(), new), *SIDES))


#: The step that an author adds to the template, before the gate.
AUDIT = """{
      "Name": "Audit",
      "Type": "Processing",
      "Arguments": {
        "ProcessingResources": {
          "ClusterConfig": {
            "InstanceType": {"Get": "Parameters.ProcessingInstanceType"},
            "InstanceCount": {"Get": "Parameters.ProcessingInstanceCount"},
            "VolumeSizeInGB": {"Get": "Parameters.ProcessingVolumeSizeInGB"}
          }
        },
        "AppSpecification": {
          "ImageUri": "{{feature_image_uri}}",
          "ContainerArguments": ["--executionid", {"Get": "Parameters.ExecutionId"}],
          "ContainerEntrypoint": ["python3", "/opt/ml/processing/input/code/run-fe-step.py"]
        },
        "RoleArn": "{{processing_role_arn}}",
        "ProcessingInputs": [
          {
            "InputName": "code",
            "S3Input": {
              "S3Uri": "{{executor_uri}}",
              "LocalPath": "/opt/ml/processing/input/code",
              "S3DataType": "S3Prefix",
              "S3InputMode": "File"
            }
          }
        ],
        "Environment": {
          "EXECUTION_TABLE": "{{execution_table}}",
          "ASSETS_BUCKET": "{{assets_bucket}}",
          "MODELS_BUCKET": "{{models_bucket}}",
          "LOG_SYNC_SECONDS": "{{log_sync_seconds}}",
          "TEST_QUANTILES": {"Get": "Parameters.test_quantiles"},
          "PIPELINE_EXECUTION_ARN": {"Get": "Execution.PipelineExecutionArn"}
        },
        "NetworkConfig": {"EnableInterContainerTrafficEncryption": true},
        "Tags": {{{tags}}},
        "ProcessingOutputConfig": {
          "Outputs": [
            {
              "OutputName": "audit",
              "S3Output": {
                "S3Uri": {
                  "Std:Join": {
                    "On": "/",
                    "Values": ["s3://{{models_bucket}}/executions", {"Get": "Parameters.ExecutionId"}, "audit"]
                  }
                },
                "LocalPath": "/opt/ml/processing/output/audit",
                "S3UploadMode": "EndOfJob"
              }
            }
          ]
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": {{{processing_max_runtime_seconds}}}}
      },
      "DependsOn": ["Training"]
    },
    """
GATE = '{\n      "Name": "QualityGate",'


def test_a_new_step() -> None:
    """Like the command, this compares the templates with their optional sections off and on."""
    old = read_template()
    assert old.count(GATE) == 1
    new = old.replace(GATE, f'{AUDIT}{GATE}\n      "DependsOn": ["Audit"],')
    assert check_definition(render(new, example_values()), REGION) == []
    assert shown(as_terminal(compare_sources(Source(SIDES[0], old), Source(SIDES[1], new)), *SIDES))


def test_a_changed_image() -> None:
    old, new = good(sections=False), good(sections=False)
    application = arguments(new, "FeatureEngineering")["AppSpecification"]
    application["ImageUri"] = application["ImageUri"].rpartition(":")[0] + ":9f1c2a7be04d53186a2f7c90d1e8b345"
    assert shown(as_markdown(compare(old, new), "deployed.json", "new.json"))


def test_findings() -> None:
    definition = good()
    parameter(definition, "epochs")["DefaultValue"] = 0
    parameter(definition, "TrainingInstanceType")["DefaultValue"] = "c5.2xlarge"
    step(definition, "FeatureEngineering")["RetryPolicies"][0]["MaxAttempts"] = 21
    found = str(as_error(check_definition(json.dumps(definition), REGION)))
    assert shown(found.replace("3 problems", "3 findings") + "\n")
