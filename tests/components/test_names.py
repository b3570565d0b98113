from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.iam import resources
from components.iam.actors import ACTORS
from components.iam.people import PEOPLE
from components.iam.statement import Statement
from components.names import ALARMS, BUCKETS, DEAD_LETTERS, MODEL_PACKAGES, REPOSITORY, SCHEDULES, Names, bounded
from contracts.regions import DEEPAR_ACCOUNTS
from contracts.tables import TABLES
from settings import PROJECT_NAME_MAX, SLUG_PATTERN, STACK_NAME_MAX
from tests.components.recording import ACCOUNT, Recorder

BUCKET = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
NOUNS = (*ALARMS, DEAD_LETTERS, MODEL_PACKAGES, REPOSITORY, SCHEDULES, *(actor.name for actor in ACTORS))
SLUG = st.from_regex(SLUG_PATTERN, fullmatch=True).filter(lambda text: len(text) <= STACK_NAME_MAX)
REPOSITORY_NAME = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")


def names(
    project: str = "model-training",
    stack: str = "dev",
    region: str = "eu-central-1",
    given_key_arn: str | None = None,
    boundary: str = "",
    **buckets: str,
) -> Names:
    return Names(
        project, stack, region, ACCOUNT, bucket_names=buckets, subnet_ids=("subnet-01234567",),
        security_group_ids=("sg-01234567",), key_arn=given_key_arn or "", permissions_boundary=boundary,
    )  # fmt: skip


@given(SLUG.filter(lambda text: len(text) <= PROJECT_NAME_MAX), SLUG, st.sampled_from(sorted(DEEPAR_ACCOUNTS)))
def test_every_name_is_one_that_aws_takes(project: str, stack: str, region: str) -> None:
    here = names(project, stack, region)
    for noun in NOUNS:
        assert REPOSITORY_NAME.fullmatch(here.of(noun)), noun
        assert len(here.of(noun)) <= 63
    buckets = [here.bucket(noun) for noun in BUCKETS]
    assert all(BUCKET.fullmatch(bucket) for bucket in buckets), buckets
    assert len(set(buckets)) == 3
    assert len({here.of(noun) for noun in NOUNS}) == len(set(NOUNS))
    assert all(3 <= len(here.table(table)) <= 255 for table in TABLES)
    assert re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,255}", here.pipeline)


@given(SLUG, SLUG)
def test_two_stacks_share_no_name(one: str, other: str) -> None:
    if one == other:
        return
    here, there = names(stack=one), names(stack=other)
    for noun in NOUNS:
        assert here.of(noun) != there.of(noun)
    assert here.bucket("assets") != there.bucket("assets")


@given(st.text("abc-", min_size=1, max_size=90), st.integers(20, 63))
def test_a_short_name_stays_and_a_long_one_fits(text: str, limit: int) -> None:
    found = bounded(text, limit)
    assert len(found) <= limit
    assert (found == text) == (len(text) <= limit)


def test_a_noun_that_does_not_fit_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="16 characters"):
        names().of("seventeen-letters")


def test_names_read_as_project_stack_noun() -> None:
    here = names()
    assert here.of("reconcile") == "model-training-dev-reconcile"
    assert here.bucket("models") == f"model-training-dev-models-{ACCOUNT}-eu-central-1"
    assert names(models="mine").bucket("models") == "mine"
    assert names(region="cn-north-1").role("training") == f"arn:aws-cn:iam::{ACCOUNT}:role/model-training-dev-training"


@pytest.mark.parametrize("statement", [s for actor in (*ACTORS, *PEOPLE) for s in actor.statements], ids=lambda s: s.sid)
def test_every_statement_names_arns(statement: Statement) -> None:
    found = statement.arns(names(given_key_arn=f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/x"))
    assert found
    for arn in found:
        assert arn == "*" or re.fullmatch(r"arn:aws:[a-z0-9-]+:[a-z0-9-]*:\d*:.+", arn), arn


def test_arns_that_are_computed_are_those_that_resources_get(dev: Recorder) -> None:
    here = names()
    assert here.function("reconcile") in str(dev.of("aws:scheduler/schedule:Schedule"))
    roles = {resource.inputs["name"] for resource in dev.of("aws:iam/role:Role")}
    assert roles == {here.of(actor.name) for actor in ACTORS}
    assert dev.exports["pipelineArn"] == resources.training_pipeline(here)[0]
    rule = dev.one("aws:cloudwatch/eventRule:EventRule")
    assert here.rule("execution-events").endswith(f"rule/{rule.inputs['name']}")
    alarms = {resource.inputs["name"] for resource in dev.of("aws:cloudwatch/metricAlarm:MetricAlarm")}
    assert alarms == {here.of(noun) for noun in ALARMS}
