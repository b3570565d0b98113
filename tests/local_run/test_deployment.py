from __future__ import annotations

import json
import os
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from contracts.problems import ProblemsError
from local_run.deployment import Deployment, ResourceError, ResourceEvent, deploy, preview
from local_run.emulator import Emulator
from local_run.resources import RESOURCES

Make = Callable[..., Path]
REGION = "eu-central-1"
HEAD = """
import json
import pulumi
import pulumi_aws as aws
from pulumi import Output, ResourceOptions
config = pulumi.Config()
"""


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Writes a program."""

    def made(body: str, name: str = "program", **modules: str) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "Pulumi.yaml").write_text("name: small\nruntime: python\nconfig:\n  suffix: {type: string, default: x}\n")
        (folder / "Pulumi.dev.yaml").write_text(f"config:\n  aws:region: {REGION}\n")
        (folder / "__main__.py").write_text(HEAD + textwrap.dedent(body))
        for module, content in modules.items():
            (folder / f"{module}.py").write_text(textwrap.dedent(content))
        return folder

    return made


def physical(emulator: Emulator) -> set[str]:
    """Everything that the emulator holds of what the programs here make."""
    found = {bucket["Name"] for bucket in emulator.client("s3").list_buckets()["Buckets"]}
    found |= set(emulator.client("dynamodb").list_tables()["TableNames"])
    found |= set(emulator.client("sqs").list_queues().get("QueueUrls", []))
    found |= {topic["TopicArn"] for topic in emulator.client("sns").list_topics()["Topics"]}
    found |= {role["RoleName"] for role in emulator.client("iam").list_roles()["Roles"]}
    found |= {rule["Name"] for rule in emulator.client("events").list_rules()["Rules"]}
    found |= {group["logGroupName"] for group in emulator.client("logs").describe_log_groups()["logGroups"]}
    found |= {item["FunctionName"] for item in emulator.client("lambda").list_functions()["Functions"]}
    found |= {item["repositoryName"] for item in emulator.client("ecr").describe_repositories()["repositories"]}
    found |= {item["PipelineName"] for item in emulator.client("sagemaker").list_pipelines()["PipelineSummaries"]}
    groups = emulator.client("sagemaker").list_model_package_groups()["ModelPackageGroupSummaryList"]
    found |= {item["ModelPackageGroupName"] for item in groups}
    found |= {item["Name"] for item in emulator.client("scheduler").list_schedules()["Schedules"]}
    found |= {alarm["AlarmName"] for alarm in emulator.client("cloudwatch").describe_alarms()["MetricAlarms"]}
    aliases = emulator.client("kms").list_aliases()["Aliases"]
    return found | {item["AliasName"] for item in aliases if not item["AliasName"].startswith("alias/aws/")}


class TestEveryType:
    def test_deploys_and_exports(self, emulator: Emulator, every_type: Path) -> None:
        deployment = deploy(emulator, every_type, "dev")
        assert {resource.type for resource in deployment.resources} >= RESOURCES.keys()
        assert deployment.outputs["bucket"] == "trial-data"
        assert deployment.outputs["identity"] == {
            "account": emulator.account_id,
            "region": REGION,
            "partition": "aws",
            "repositories": [],
        }
        assert deployment.outputs["timeout"] == 60
        assert [image["imageTag"] for image in deployment.outputs["images"]] == ["0123abcd"]

    def test_secrets_are_not_shown(self, emulator: Emulator, every_type: Path) -> None:
        deployment = deploy(emulator, every_type, "dev")
        assert deployment.secret_outputs == ("environment", "password", "secret")
        assert deployment.outputs["secret"] == deployment.outputs["environment"] == "[secret]"
        token = emulator.client("ecr").get_authorization_token()["authorizationData"][0]["authorizationToken"]
        shown = repr(deployment)
        assert "canary" not in shown
        assert token not in shown
        (function,) = deployment.of_type("aws:lambda/function:Function")
        environment = emulator.client("lambda").get_function(FunctionName=function.id)["Configuration"]["Environment"]
        assert environment == {"Variables": {"TOKEN": "canary"}}

    def test_a_second_deployment_in_the_same_process(self, emulator: Emulator, every_type: Path) -> None:
        first = deploy(emulator, every_type, "dev")
        emulator.reset()
        second = deploy(emulator, every_type, "dev", {"bucketName": "other-data"})
        assert second.outputs["bucket"] == "other-data"
        assert {resource.urn for resource in first.resources} == {resource.urn for resource in second.resources}

    def test_destroy_leaves_nothing(self, emulator: Emulator, every_type: Path) -> None:
        deployment = deploy(emulator, every_type, "dev")
        emulator.client("dynamodb").update_table(TableName="trial-table", DeletionProtectionEnabled=False)
        assert len(physical(emulator)) >= 15
        deployment.destroy()
        assert physical(emulator) == set()

    def test_deploying_twice_onto_the_same_emulator_is_refused_and_keeps_the_first(
        self, emulator: Emulator, every_type: Path
    ) -> None:
        deploy(emulator, every_type, "dev")
        before = physical(emulator)
        with pytest.raises(ResourceError):
            deploy(emulator, every_type, "dev")
        names = physical(emulator)
        assert {name for name in before if not name.startswith("role-")} - names == set()

    def test_preview_makes_nothing(self, emulator: Emulator, every_type: Path) -> None:
        seen = preview(emulator, every_type, "dev")
        assert {resource.type for resource in seen} >= RESOURCES.keys()
        assert physical(emulator) == set()


FAILING = """
bucket = aws.s3.Bucket("data", bucket="failing-data")
aws.s3.BucketVersioning("versions", bucket=bucket.id, versioning_configuration={"status": "Enabled"})
aws.s3.BucketObjectv2("object", bucket=bucket.id, key="k", content="c")
table = aws.dynamodb.Table("table", name="failing-table", hash_key="Id", billing_mode="PAY_PER_REQUEST",
    attributes=[{"name": "Id", "type": "S"}], deletion_protection_enabled=True)
repository = aws.ecr.Repository("images", name="failing-images")
import pulumi_docker as docker
image = docker.Image("image", image_name=Output.concat(repository.repository_url, ":tag"), build={"context": "."})
aws.sagemaker.ModelPackageGroup("group", model_package_group_name="failing-group")
last = Output.all(bucket.id, table.id, image.repo_digest)
"""


@pytest.mark.parametrize(
    "failure",
    [
        "raise RuntimeError('at once')",
        "last.apply(lambda _: 1 / 0)",
        "aws.sqs.Queue('queue', name=last.apply(lambda _: 'not a name!'))",
        "aws.sqs.Queue('queue', name=last.apply(lambda _: [][0]))",
        "pulumi.export('x', last.apply(lambda _: 1 / 0))",
        "aws.ec2.Vpc('vpc', cidr_block=last.apply(lambda _: '10.0.0.0/16'))",
        "raise SystemExit(3)",
    ],
)
def test_a_failing_deployment_leaves_nothing_behind(emulator: Emulator, make: Make, failure: str) -> None:
    folder = make(FAILING + failure + "\n")
    with pytest.raises(BaseException) as raised:  # noqa: B017, PT011 (each failure has a class of its own)
        deploy(emulator, folder, "dev")
    assert not getattr(raised.value, "__notes__", [])
    assert physical(emulator) == set()
    (folder / "__main__.py").write_text(HEAD + FAILING)
    deploy(emulator, folder, "dev")
    assert {"failing-data", "failing-table", "failing-images", "failing-group"} <= physical(emulator)


class TestErrors:
    def test_an_unknown_resource_type_is_named_with_the_known_ones(self, emulator: Emulator, make: Make) -> None:
        with pytest.raises(ResourceError) as raised:
            deploy(emulator, make("aws.ec2.Vpc('vpc', cidr_block='10.0.0.0/16')\n"), "dev")
        assert "aws:ec2/vpc:Vpc" in str(raised.value)
        assert raised.value.urn == "urn:pulumi:dev::small::aws:ec2/vpc:Vpc::vpc"
        assert "aws:s3/bucket:Bucket" in str(raised.value)

    def test_an_unknown_provider_function_is_named_with_the_known_ones(self, emulator: Emulator, make: Make) -> None:
        with pytest.raises(ProblemsError) as raised:
            deploy(emulator, make("aws.get_availability_zones()\n"), "dev")
        assert "aws:index/getAvailabilityZones:getAvailabilityZones" in str(raised.value)
        assert "getCallerIdentity" in str(raised.value)

    def test_a_name_used_twice_fails(self, emulator: Emulator, make: Make) -> None:
        body = "aws.sqs.Queue('twin', name='one')\naws.sqs.Queue('twin', name='two')\n"
        with pytest.raises(ResourceError, match=r"aws:sqs/queue:Queue::twin.*used twice"):
            deploy(emulator, make(body), "dev")
        assert physical(emulator) == set()

    def test_the_same_name_under_another_parent_is_another_resource(self, emulator: Emulator, make: Make) -> None:
        body = """
        class Inner(pulumi.ComponentResource):
            def __init__(self, name, opts=None):
                super().__init__("small:inner:Inner", name, opts=opts)
                aws.sqs.Queue("twin", name=name, opts=ResourceOptions(parent=self))
        class Outer(pulumi.ComponentResource):
            def __init__(self, name):
                super().__init__("small:outer:Outer", name)
                Inner(f"{name}-inner", ResourceOptions(parent=self))
                aws.sqs.Queue("twin", name=name, opts=ResourceOptions(parent=self))
        Outer("two")
        Inner("one")
        """
        deployment = deploy(emulator, make(body), "dev")
        assert {resource.urn.split("::", 2)[2] for resource in deployment.of_type("aws:sqs/queue:Queue")} == {
            "small:outer:Outer$small:inner:Inner$aws:sqs/queue:Queue::twin",
            "small:outer:Outer$aws:sqs/queue:Queue::twin",
            "small:inner:Inner$aws:sqs/queue:Queue::twin",
        }

    @pytest.mark.parametrize(
        "body",
        [
            "aws.sqs.Queue('a', name='same')\naws.sqs.Queue('b', name='same')\n",
            "aws.sns.Topic('a', name='same')\naws.sns.Topic('b', name='same')\n",
            "for n in 'ab': aws.cloudwatch.EventRule(n, name='same', schedule_expression='rate(1 day)')\n",
            "for n in 'ab': aws.dynamodb.Table(n, name='same', hash_key='I', billing_mode='PAY_PER_REQUEST',"
            " attributes=[{'name': 'I', 'type': 'S'}])\n",
            "x = aws.s3.Bucket('x', bucket='holder')\n"
            "for n in 'ab': aws.s3.BucketVersioning(n, bucket=x.id, versioning_configuration={'status': 'Enabled'})\n",
            "x = aws.s3.Bucket('x', bucket='holder')\n"
            "for n in 'ab': aws.s3.BucketObjectv2(n, bucket=x.id, key='k', content=n)\n",
        ],
    )
    def test_the_same_physical_resource_twice_fails(self, emulator: Emulator, make: Make, body: str) -> None:
        with pytest.raises(ResourceError, match="belongs to urn"):
            deploy(emulator, make(body), "dev")
        assert physical(emulator) == set()

    def test_what_exists_already_is_neither_taken_over_nor_deleted(self, emulator: Emulator, make: Make) -> None:
        emulator.client("sqs").create_queue(QueueName="mine")
        emulator.client("sns").create_topic(Name="mine")
        for kind in ("sqs.Queue", "sns.Topic"):
            with pytest.raises(ResourceError, match="exists already"):
                deploy(emulator, make(f"aws.{kind}('a', name='mine')\n", name=kind), "dev")
        assert len(physical(emulator)) == 2

    def test_an_error_of_a_resource_names_it(self, emulator: Emulator, make: Make) -> None:
        with pytest.raises(ResourceError) as raised:
            deploy(emulator, make("aws.sqs.Queue('bad', name='not a name!')\n"), "dev")
        assert str(raised.value).startswith("local deployment: urn:pulumi:dev::small::aws:sqs/queue:Queue::bad: ")
        assert "InvalidParameterValue" in str(raised.value)

    def test_problems_raised_in_the_program_surface_as_themselves(self, emulator: Emulator, make: Make) -> None:
        body = """
        from contracts.problems import one_problem
        raise one_problem("settings", "size", 9, "allowed: 1 to 3")
        """
        with pytest.raises(ProblemsError, match=r"settings: 1 problem\n  - size is 9; allowed: 1 to 3"):
            deploy(emulator, make(body), "dev")

    def test_problems_behind_another_error_surface_as_themselves(self, emulator: Emulator, make: Make) -> None:
        body = """
        from contracts.problems import ProblemsError, one_problem
        try:
            raise one_problem("settings", "size", 9, "allowed: 1 to 3")
        except ProblemsError as error:
            raise pulumi.RunError(str(error)) from error
        """
        with pytest.raises(ProblemsError, match="size is 9"):
            deploy(emulator, make(body), "dev")

    def test_problems_raised_in_an_apply_surface_as_themselves(self, emulator: Emulator, make: Make) -> None:
        body = """
        from contracts.problems import one_problem
        def check(_):
            raise one_problem("definition", "steps", 0, "allowed: one or more")
        queue = aws.sqs.Queue("queue", name="q")
        aws.sns.Topic("topic", name=queue.arn.apply(check))
        """
        with pytest.raises(ProblemsError, match="steps is 0"):
            deploy(emulator, make(body), "dev")
        assert physical(emulator) == set()

    def test_adopting_is_refused(self, emulator: Emulator, make: Make) -> None:
        with pytest.raises(ResourceError, match="import_"):
            deploy(emulator, make("aws.sqs.Queue('q', name='q', opts=ResourceOptions(import_='q'))\n"), "dev")

    def test_getting_what_does_not_exist_fails_and_what_exists_is_read(self, emulator: Emulator, make: Make) -> None:
        with pytest.raises(ResourceError, match="does not exist"):
            deploy(emulator, make("aws.s3.Bucket.get('b', 'absent')\n", name="absent"), "dev")
        emulator.client("s3").create_bucket(Bucket="there", CreateBucketConfiguration={"LocationConstraint": REGION})
        deployment = deploy(emulator, make("pulumi.export('arn', aws.s3.Bucket.get('b', 'there').arn)\n", name="there"), "dev")
        assert deployment.outputs == {"arn": "arn:aws:s3:::there"}

    def test_configuration_problems_come_first(self, emulator: Emulator, make: Make) -> None:
        folder = make("raise SystemExit('the program ran')\n")
        with pytest.raises(ProblemsError, match="small:suffix"):
            deploy(emulator, folder, "dev", {"suffix": ["a"]})
        (folder / "Pulumi.dev.yaml").write_text("")
        with pytest.raises(ProblemsError, match="aws:region is missing"):
            deploy(emulator, folder, "dev")

    def test_a_folder_without_a_program(self, emulator: Emulator, make: Make) -> None:
        folder = make("")
        (folder / "__main__.py").unlink()
        with pytest.raises(ProblemsError, match=r"__main__\.py"):
            deploy(emulator, folder, "dev")


class TestRuntime:
    def test_physical_names_are_made_as_the_provider_makes_them(self, emulator: Emulator, make: Make) -> None:
        deployment = deploy(emulator, make("pulumi.export('n', aws.sqs.Queue('jobs').name)\n"), "dev")
        stem, _, suffix = deployment.outputs["n"].rpartition("-")
        assert stem == "jobs"
        assert len(suffix) == 7
        assert set(suffix) <= set("0123456789abcdef")

    def test_configuration_reaches_the_program(self, emulator: Emulator, make: Make) -> None:
        folder = make("pulumi.export('s', config.require('suffix'))\npulumi.export('r', aws.config.region)\n")
        assert deploy(emulator, folder, "dev", {"small:suffix": "y"}).outputs["s"] == "y"
        assert deploy(emulator, folder, "dev").outputs["s"] == "x"

    def test_another_region_holds_the_resource(self, emulator: Emulator, make: Make) -> None:
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

    def test_programs_with_modules_of_the_same_name_do_not_mix(self, emulator: Emulator, make: Make) -> None:
        body = "import settings\npulumi.export('from', settings.NAME)\n"
        before = dict(sys.modules)
        first = make(body, name="first", settings="NAME = 'first'")
        second = make(body, name="second", settings="NAME = 'second'")
        assert deploy(emulator, first, "dev").outputs == {"from": "first"}
        assert deploy(emulator, second, "dev").outputs == {"from": "second"}
        (first / "settings.py").write_text("NAME = 'edited later'")
        assert deploy(emulator, first, "dev").outputs == {"from": "edited later"}
        assert sys.modules.get("settings") is before.get("settings")

    def test_the_program_runs_in_its_folder_and_the_process_stays_where_it_was(self, emulator: Emulator, make: Make) -> None:
        here = Path.cwd()
        folder = make("import os\npulumi.export('cwd', os.getcwd())\n")
        assert deploy(emulator, folder, "dev").outputs == {"cwd": str(folder)}
        assert Path.cwd() == here
        assert str(folder) not in sys.path
        assert os.environ.get("PULUMI_CONFIG") is None

    def test_unknown_values_stop_a_deployment(self, emulator: Emulator, make: Make) -> None:
        body = "from pulumi.output import Unknown\naws.sqs.Queue('q', name='q', tags={'a': Unknown()})\n"
        with pytest.raises(ResourceError, match="unknown at deployment: tags"):
            deploy(emulator, make(body), "dev")

    def test_progress_tells_of_each_resource(self, emulator: Emulator, make: Make) -> None:
        events: list[ResourceEvent] = []
        folder = make("q = aws.sqs.Queue('q', name='q')\naws.sns.Topic('t', name=q.name)\n")
        deploy(emulator, folder, "dev", progress=events.append).destroy(events.append)
        assert [(event.phase, event.name) for event in events] == [
            ("creating", "q"),
            ("created", "q"),
            ("creating", "t"),
            ("created", "t"),
            ("deleted", "t"),
            ("deleted", "q"),
        ]
        assert all(event.seconds > 0 for event in events if event.phase != "creating")

    def test_protected_resources_refuse_to_be_destroyed(self, emulator: Emulator, make: Make) -> None:
        body = "for n in 'ab': aws.sqs.Queue(n, name=n, opts=ResourceOptions(protect=True))\naws.sqs.Queue('c', name='c')\n"
        deployment = deploy(emulator, make(body), "dev")
        with pytest.raises(ProblemsError) as raised:
            deployment.destroy()
        assert len(raised.value.problems) == 2
        assert len(physical(emulator)) == 3

    def test_what_has_not_been_made_by_a_builder_is_a_stand_in(self, emulator: Emulator, make: Make) -> None:
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

    def test_an_image_that_is_not_to_be_pushed_must_be_there(self, emulator: Emulator, make: Make) -> None:
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

    def test_an_image_elsewhere_is_refused(self, emulator: Emulator, make: Make) -> None:
        body = "import pulumi_docker as docker\ndocker.Image('i', image_name='docker.io/library/python:3')\n"
        with pytest.raises(ResourceError, match=r"dkr\.ecr"):
            deploy(emulator, make(body), "dev")

    def test_outputs_of_the_stack_are_checked(self, emulator: Emulator, make: Make) -> None:
        deployment: Deployment = deploy(emulator, make("pulumi.export('region', 'x')\n"), "dev")
        with pytest.raises(ProblemsError, match="pipelineArn is missing"):
            deployment.stack_outputs()
