"""What a program meets while it is deployed: its configuration, folder, modules, region and image."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from contracts.problems import ProblemsError
from local_run.deployment.deploy import Deployment, ResourceError, ResourceEvent, deploy
from local_run.emulator.server import Emulator
from tests.local_run.programs.small import REGION, Make, physical


def test_physical_names_are_made_as_the_provider_makes_them(emulator: Emulator, make: Make) -> None:
    deployment = deploy(emulator, make("pulumi.export('n', aws.sqs.Queue('jobs').name)\n"), "dev")
    stem, _, suffix = deployment.outputs["n"].rpartition("-")
    assert stem == "jobs"
    assert len(suffix) == 7
    assert set(suffix) <= set("0123456789abcdef")


def test_configuration_reaches_the_program(emulator: Emulator, make: Make) -> None:
    folder = make("pulumi.export('s', config.require('suffix'))\npulumi.export('r', aws.config.region)\n")
    assert deploy(emulator, folder, "dev", {"small:suffix": "y"}).outputs["s"] == "y"
    assert deploy(emulator, folder, "dev").outputs["s"] == "x"


def test_another_region_holds_the_resource(emulator: Emulator, make: Make) -> None:
    body = """
    provider = aws.Provider("far", region="us-west-2")
    pulumi.export("p", aws.sqs.Queue("a", name="far", opts=ResourceOptions(provider=provider)).arn)
    pulumi.export("r", aws.sqs.Queue("b", name="own", region="us-east-1").arn)
    """
    deployment = deploy(emulator, make(body), "dev")
    assert deployment.outputs == {
        "p": f"arn:aws:sqs:us-west-2:{emulator.account_id}:far",
        "r": f"arn:aws:sqs:us-east-1:{emulator.account_id}:own",
    }
    assert "QueueUrls" in emulator.client("sqs", region="us-west-2").list_queues()
    assert "QueueUrls" not in emulator.client("sqs").list_queues()


def test_programs_with_modules_of_the_same_name_do_not_mix(emulator: Emulator, make: Make) -> None:
    body = "import settings\npulumi.export('from', settings.NAME)\n"
    before = dict(sys.modules)
    first = make(body, name="first", settings="NAME = 'first'")
    second = make(body, name="second", settings="NAME = 'second'")
    assert deploy(emulator, first, "dev").outputs == {"from": "first"}
    assert deploy(emulator, second, "dev").outputs == {"from": "second"}
    (first / "settings.py").write_text("NAME = 'edited later'")
    assert deploy(emulator, first, "dev").outputs == {"from": "edited later"}
    assert sys.modules.get("settings") is before.get("settings")


def test_the_program_runs_in_its_folder_and_the_process_stays_where_it_was(emulator: Emulator, make: Make) -> None:
    here = Path.cwd()
    folder = make("import os\npulumi.export('cwd', os.getcwd())\n")
    assert deploy(emulator, folder, "dev").outputs == {"cwd": str(folder)}
    assert Path.cwd() == here
    assert str(folder) not in sys.path
    assert os.environ.get("PULUMI_CONFIG") is None


def test_unknown_values_stop_a_deployment(emulator: Emulator, make: Make) -> None:
    body = "from pulumi.output import Unknown\naws.sqs.Queue('q', name='q', tags={'a': Unknown()})\n"
    with pytest.raises(ResourceError, match="unknown at deployment: tags"):
        deploy(emulator, make(body), "dev")


def test_progress_tells_of_each_resource(emulator: Emulator, make: Make) -> None:
    events: list[ResourceEvent] = []
    folder = make("q = aws.sqs.Queue('q', name='q')\naws.sns.Topic('t', name=q.name)\n")
    deploy(emulator, folder, "dev", on_resource=events.append).destroy(events.append)
    assert [(event.phase, event.name) for event in events] == [
        ("creating", "q"),
        ("created", "q"),
        ("creating", "t"),
        ("created", "t"),
        ("deleted", "t"),
        ("deleted", "q"),
    ]
    assert all(event.seconds > 0 for event in events if event.phase != "creating")


def test_protected_resources_refuse_to_be_destroyed(emulator: Emulator, make: Make) -> None:
    body = "for n in 'ab': aws.sqs.Queue(n, name=n, opts=ResourceOptions(protect=True))\naws.sqs.Queue('c', name='c')\n"
    deployment = deploy(emulator, make(body), "dev")
    with pytest.raises(ProblemsError) as raised:
        deployment.destroy()
    assert len(raised.value.problems) == 2
    assert len(physical(emulator)) == 3


def test_what_has_not_been_made_by_a_builder_is_a_stand_in(emulator: Emulator, make: Make) -> None:
    body = """
    import pulumi_docker as docker
    repository = aws.ecr.Repository("r", name="repo", image_tag_mutability="IMMUTABLE")
    image = docker.Image("i", image_name=Output.concat(repository.repository_url, ":t"), build={"context": "ctx"})
    pulumi.export("digest", image.repo_digest)
    """
    folder = make(body)
    built: list[dict[str, object]] = []

    def builder(inputs: dict[str, object]) -> str:
        built.append(inputs)
        return "sha256:" + "ab" * 32

    digest = deploy(emulator, folder, "dev").outputs["digest"].partition("@")[2]
    images = emulator.client("ecr").describe_images(repositoryName="repo")["imageDetails"]
    assert [(image["imageTags"], image["imageDigest"]) for image in images] == [(["t"], digest)]
    emulator.reset()
    other = deploy(emulator, folder, "dev", image_builder=builder).outputs["digest"].partition("@")[2]
    assert [inputs["build"] for inputs in built] == [{"context": "ctx"}]
    assert other != digest
    answer = emulator.client("ecr").batch_get_image(repositoryName="repo", imageIds=[{"imageTag": "t"}])
    assert json.loads(answer["images"][0]["imageManifest"])["config"]["digest"] == "sha256:" + "ab" * 32


def test_an_image_that_is_not_to_be_pushed_must_be_there(emulator: Emulator, make: Make) -> None:
    emulator.client("ecr").create_repository(repositoryName="repo")
    registry = f"{emulator.account_id}.dkr.ecr.{REGION}.amazonaws.com"
    folder = make(f"import pulumi_docker as docker\ndocker.Image('i', image_name='{registry}/repo:t', skip_push=True)\n")
    with pytest.raises(ResourceError, match="registry does not have"):
        deploy(emulator, folder, "dev")
    manifest = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json"})
    emulator.client("ecr").put_image(repositoryName="repo", imageTag="t", imageManifest=manifest)
    (image,) = deploy(emulator, folder, "dev").of_type("docker:index/image:Image")
    (detail,) = emulator.client("ecr").describe_images(repositoryName="repo")["imageDetails"]
    assert image.outputs["repoDigest"].endswith(detail["imageDigest"])


def test_an_image_elsewhere_is_refused(emulator: Emulator, make: Make) -> None:
    body = "import pulumi_docker as docker\ndocker.Image('i', image_name='docker.io/library/python:3')\n"
    with pytest.raises(ResourceError, match=r"dkr\.ecr"):
        deploy(emulator, make(body), "dev")


def test_outputs_of_the_stack_are_checked(emulator: Emulator, make: Make) -> None:
    deployment: Deployment = deploy(emulator, make("pulumi.export('region', 'x')\n"), "dev")
    with pytest.raises(ProblemsError, match="pipelineArn is missing"):
        deployment.stack_outputs()
