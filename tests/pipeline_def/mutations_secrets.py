"""Mutations that put a secret into a definition: each a canary, so that a message which shows it is seen."""

from __future__ import annotations

from tests.pipeline_def.definitions import arguments, get, join, step
from tests.pipeline_def.mutation import FE, TRAIN, mutation

CANARY = "hunter2-canary-Zx9"


@mutation("secret", "DB_PASSWORD")
def password_in_the_environment(d):
    arguments(d, FE)["Environment"]["DB_PASSWORD"] = CANARY


@mutation("secret", "ApiToken")
def token_as_default_of_a_parameter(d):
    d["Parameters"].append({"Name": "ApiToken", "Type": "String", "DefaultValue": CANARY})


@mutation("secret", "ENDPOINT")
def access_key_by_its_looks(d):
    arguments(d, FE)["Environment"]["ENDPOINT"] = "AKIA" + "CANARYCANARY1234"


@mutation("secret", "ContainerArguments[3]")
def password_after_its_flag(d):
    arguments(d, FE)["AppSpecification"]["ContainerArguments"] += ["--password", CANARY]


@mutation("secret", "Description")
def credentials_in_a_url(d):
    step(d, TRAIN)["Description"] = f"see https://user:{CANARY}@example.com/"


@mutation("secret", "Colour")
def secret_to_choose_from(d):
    d["Parameters"].append({"Name": "Colour", "Type": "String", "DefaultValue": "x", "EnumValues": ["x", f"Password={CANARY}"]})


@mutation("secret", "ContainerArguments[2]")
def password_behind_its_flag(d):
    arguments(d, FE)["AppSpecification"]["ContainerArguments"].append(f"--password={CANARY}")


@mutation("secret", "ContainerArguments[3]")
def password_after_its_flag_by_a_parameter(d):
    d["Parameters"].append({"Name": "Thing", "Type": "String", "DefaultValue": CANARY})
    arguments(d, FE)["AppSpecification"]["ContainerArguments"] += ["--password", get("Parameters.Thing")]


@mutation("secret", "DB_PASSWORD")
def password_by_a_parameter_of_another_name(d):
    d["Parameters"].append({"Name": "Thing", "Type": "String", "DefaultValue": CANARY})
    arguments(d, FE)["Environment"]["DB_PASSWORD"] = get("Parameters.Thing")


@mutation("secret", "DB_PASSWORD")
def password_put_together(d):
    arguments(d, FE)["Environment"]["DB_PASSWORD"] = join("hunter2-CANARY", "x")


@mutation("secret", "ENDPOINT")
def access_key_put_together(d):
    arguments(d, FE)["Environment"]["ENDPOINT"] = join("AKIA", "CANARYCANARY1234", on="")


@mutation("secret", "Tags[0].Value")
def password_as_a_tag(d):
    arguments(d, TRAIN)["Tags"][0] = {"Key": "password", "Value": CANARY}


@mutation("secret", "DisplayName")
def access_key_in_a_display_name(d):
    step(d, TRAIN)["DisplayName"] = "AKIA" + "CANARYCANARY1234"


@mutation("secret", "$.Metadata.password")
def password_in_the_metadata(d):
    d["Metadata"] = {"password": CANARY}


@mutation("secret", "$.PipelineExperimentConfig")
def access_key_as_the_experiment(d):
    d["PipelineExperimentConfig"] = {"TrialName": "AKIA" + "CANARYCANARY1234"}
