"""Controls that require a second resource for each resource of a kind, such as a policy for each bucket."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pulumi_policy import EnforcementLevel

from policies import framework_ids as ids
from policies import kinds
from policies.controls import ADVISORY, MANDATORY, Control, Finding, stack_control
from policies.resources import Resource, Stack


@dataclass(frozen=True)
class CompanionRule:
    """One row of the table: each resource of ``kind`` needs a ``companion`` that refers to it in the property ``by``.

    ``must_have`` is a property that the companion needs. A resource that has the property ``inline`` needs no companion.
    """

    name: str
    kind: str
    companion: str
    by: str
    ids: str
    description: str
    must_have: str = ""
    inline: str = ""
    level: EnforcementLevel = MANDATORY

    def check(self, resource: Resource, stack: Stack) -> Iterator[Finding]:
        if self.inline and resource.has(self.inline):
            return
        companions = stack.companions(resource, self.companion, self.by)
        if not any(not self.must_have or companion.has(self.must_have) for companion in companions):
            with_property = f" with {self.must_have}" if self.must_have else ""
            instead = f", or the property {self.inline}" if self.inline else ""
            needed = f"needed: one {self.companion}{with_property} for each {self.kind.rpartition(':')[2]}{instead}"
            yield Finding(f"its {self.companion.rpartition(':')[2]}", None, needed)

    def control(self) -> Control:
        return stack_control(self.name, self.description, self.ids, (self.kind,), level=self.level)(self.check)


# The formatter would put each argument on its own line, and the table would no longer read as rows.
# fmt: off
RULES = (
    CompanionRule("s3-public-access-block-exists", kinds.BUCKET, kinds.PUBLIC_ACCESS_BLOCK, "bucket",
        ids.S3_PUBLIC_ACCESS, "Each bucket has a public access block"),
    CompanionRule("s3-ownership-exists", kinds.BUCKET, kinds.BUCKET_OWNERSHIP, "bucket",
        ids.S3_ACL, "Each bucket has ownership controls"),
    CompanionRule("s3-policy-exists", kinds.BUCKET, kinds.BUCKET_POLICY, "bucket",
        ids.S3_TLS, "Each bucket has a policy"),
    CompanionRule("s3-encryption-exists", kinds.BUCKET, kinds.BUCKET_ENCRYPTION, "bucket",
        ids.S3_ENCRYPTION, "Each bucket has an encryption configuration"),
    CompanionRule("s3-versioning-exists", kinds.BUCKET, kinds.BUCKET_VERSIONING, "bucket",
        ids.S3_VERSIONING, "Each bucket has a versioning configuration"),
    CompanionRule("s3-lifecycle-exists", kinds.BUCKET, kinds.BUCKET_LIFECYCLE, "bucket",
        ids.S3_LIFECYCLE, "Each bucket has a lifecycle configuration"),
    CompanionRule("s3-logging-exists", kinds.BUCKET, kinds.BUCKET_LOGGING, "bucket",
        ids.S3_LOGGING, "Each bucket logs access", level=ADVISORY),
    CompanionRule("ecr-lifecycle-exists", kinds.REPOSITORY, kinds.REPOSITORY_LIFECYCLE, "repository",
        "ECR.3", "Each image repository has a lifecycle policy"),
    CompanionRule("lambda-failures-kept", kinds.FUNCTION, kinds.INVOKE_CONFIG, "functionName",
        "CKV_AWS_116 no_dead_letter_queue", "Each function keeps failed invocations",
        must_have="destinationConfig.onFailure.destination", inline="deadLetterConfig.targetArn"),
    CompanionRule("sqs-policy-exists", kinds.QUEUE, kinds.QUEUE_POLICY, "queueUrl",
        ids.QUEUES, "Each queue has a policy", inline="policy"),
    CompanionRule("sns-policy-exists", kinds.TOPIC, kinds.TOPIC_POLICY, "arn",
        ids.TOPICS, "Each topic has a policy", inline="policy"),
)
# fmt: on

CONTROLS: tuple[Control, ...] = tuple(rule.control() for rule in RULES)
