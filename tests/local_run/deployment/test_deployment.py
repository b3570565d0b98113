from __future__ import annotations

from pathlib import Path

import pytest

from contracts.problems import ProblemsError
from local_run.deployment.deploy import ResourceError, deploy, preview
from local_run.emulator.resources import RESOURCES
from local_run.emulator.server import Emulator
from tests.local_run.programs.small import HEAD, Make, physical


class TestEveryType:
    def test_deploys_and_exports(self, emulator: Emulator, every_type: Path) -> None:
        deployment = deploy(emulator, every_type, "dev")
        assert {resource.type for resource in deployment.resources} >= RESOURCES.keys()
        assert deployment.outputs["bucket"] == "trial-data"
        assert deployment.outputs["identity"] == {"account": emulator.account_id, "repositories": []}
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
        with pytest.raises(
            ResourceError,
            match=r"aws:sqs/queue:Queue::twin: two resources of this type have the same name and parent; rename one",
        ):
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
        with pytest.raises(ResourceError, match="already belongs to urn"):
            deploy(emulator, make(body), "dev")
        assert physical(emulator) == set()

    def test_what_exists_already_is_neither_taken_over_nor_deleted(self, emulator: Emulator, make: Make) -> None:
        emulator.client("sqs").create_queue(QueueName="mine")
        emulator.client("sns").create_topic(Name="mine")
        for kind in ("sqs.Queue", "sns.Topic"):
            with pytest.raises(ResourceError, match="already exists"):
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

    def test_getting_an_existing_resource_is_refused(self, emulator: Emulator, make: Make) -> None:
        with pytest.raises(ResourceError, match="'absent' does not exist: a new emulator is empty"):
            deploy(emulator, make("aws.s3.Bucket.get('b', 'absent')\n"), "dev")

    def test_configuration_problems_come_first(self, emulator: Emulator, make: Make) -> None:
        folder = make("raise SystemExit('the program ran')\n")
        with pytest.raises(ProblemsError, match="small:suffix is .*no setting of this project is a secret"):
            deploy(emulator, folder, "dev", {"suffix": {"secure": "v1:abc"}})
        (folder / "Pulumi.dev.yaml").write_text("")
        with pytest.raises(ProblemsError, match="aws:region is missing"):
            deploy(emulator, folder, "dev")

    def test_a_folder_without_a_program(self, emulator: Emulator, make: Make) -> None:
        folder = make("")
        (folder / "__main__.py").unlink()
        with pytest.raises(ProblemsError, match=r"__main__\.py"):
            deploy(emulator, folder, "dev")
