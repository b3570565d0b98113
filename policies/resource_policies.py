"""Controls of the policies on buckets, queues and topics: named principals, TLS only, no lock-out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.accounts import TRUSTED_ACCOUNTS, TRUSTED_SCHEMA, trusted_accounts
from policies.controls import Finding, resource_control
from policies.framework_ids import QUEUES, S3_TLS, TOPICS
from policies.kinds import BUCKET, BUCKET_POLICY, QUEUE, QUEUE_POLICY, TOPIC, TOPIC_POLICY
from policies.policy_conditions import matches_every_tls_request, matches_only_plain_requests
from policies.policy_documents import RESOURCE_DOCUMENTS, Statement, allowing, statements, unreadable
from policies.resources import Resource
from policies.trust import unnamed_principals

QUEUE_SENDERS = ("events.amazonaws.com",)
TOPIC_SENDERS = ("cloudwatch.amazonaws.com", "events.amazonaws.com")
_LOCKING_ACTIONS = frozenset({"s3:*", "*", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"})
_ACCOUNT = re.compile(r"(?:arn:[a-z-]+:(?:iam|sts)::)?(\d{12})(?:$|:)")


def _denies_plain_requests(statement: Statement, actions: tuple[str, ...]) -> bool:
    """Whether the statement denies everyone one of the actions without TLS."""
    return (
        statement.effect == "Deny"
        and statement.everyone
        and matches_only_plain_requests(statement.conditions)
        and bool(set(actions) & set(statement.actions))
    )


def _wildcard_actions(statement: Statement) -> Iterator[Finding]:
    for action in statement.actions:
        if "*" in action:
            yield Finding(f"{statement.field}.Action", action, "allowed: actions without wildcards")


@resource_control("s3-tls-only", "Bucket policies deny requests without TLS", S3_TLS, (BUCKET_POLICY,))
def _bucket_tls_only(policy: Resource) -> Iterator[Finding]:
    found = list(statements(policy, RESOURCE_DOCUMENTS))
    bucket = policy.known("bucket")
    for statement in found:
        covered = [arn for arn in statement.resources if f"{arn}/*" in statement.resources]
        own = any(not bucket or arn.rpartition(":")[2] == bucket for arn in covered)
        if own and _denies_plain_requests(statement, ("s3:*", "*")):
            return
    allowed = "needed: a Deny of s3:* for everyone if aws:SecureTransport is false, on the bucket and its objects"
    yield Finding("policy", f"{len(found)} statements without it", allowed)


@resource_control(
    "s3-policy-closed",
    "Bucket policies name every principal, trust no other account, and do not lock out the owner",
    "S3.6 CKV_AWS_70 CKV_AWS_93 F9 F15 F16 W20",
    (BUCKET_POLICY, BUCKET),
    options=TRUSTED_SCHEMA,
)
def _bucket_closed(policy: Resource) -> Iterator[Finding]:
    yield from unreadable(policy, RESOURCE_DOCUMENTS)
    for statement in statements(policy, RESOURCE_DOCUMENTS):
        if not statement.allows:
            yield from _lock_out(statement)
            continue
        yield from unnamed_principals(statement)
        yield from _wildcard_actions(statement)
        yield from _untrusted_accounts(statement, trusted_accounts(policy))


def _lock_out(statement: Statement) -> Iterator[Finding]:
    locks = _LOCKING_ACTIONS & set(statement.actions)
    if locks and statement.everyone and matches_every_tls_request(statement.conditions):
        needed = "needed: a condition exempting at least one principal; this denies everyone, including the owner"
        yield Finding(f"{statement.field}.Condition", None, needed)


def _untrusted_accounts(statement: Statement, trusted: list[str]) -> Iterator[Finding]:
    for name in statement.principals.get("AWS", ()):
        account = _ACCOUNT.match(name)
        if name != "*" and (account is None or account[1] not in trusted):
            allowed = f"allowed: accounts in the option {TRUSTED_ACCOUNTS} ({', '.join(trusted) or 'none'})"
            yield Finding(f"{statement.field}.Principal.AWS", name, allowed)


def _closed(resource: Resource, senders: tuple[str, ...]) -> Iterator[Finding]:
    yield from unreadable(resource, RESOURCE_DOCUMENTS)
    for statement in allowing(resource, RESOURCE_DOCUMENTS):
        named = [(type_, name) for type_, names in statement.principals.items() for name in names]
        for type_, name in named:
            if type_ != "Service" or name not in senders:
                yield Finding(f"{statement.field}.Principal", name, f"allowed: the service {' or '.join(senders)}")
        if not statement.has_source():
            yield Finding(f"{statement.field}.Condition", None, "needed: aws:SourceArn, the ARN of the sending rule or alarm")
        yield from _wildcard_actions(statement)


def _tls_only(resource: Resource, actions: tuple[str, ...]) -> Iterator[Finding]:
    found = list(statements(resource, RESOURCE_DOCUMENTS))
    if any(statement.resources and _denies_plain_requests(statement, actions) for statement in found):
        return
    if resource.has("policy"):
        allowed = f"needed: a Deny of {actions[0]} for everyone if aws:SecureTransport is false"
        yield Finding("policy", f"{len(found)} statements without it", allowed)


@resource_control("sqs-closed", "Only this stack's rules send to queues, and only over TLS", QUEUES, (QUEUE_POLICY, QUEUE))
def _queue_closed(resource: Resource) -> Iterator[Finding]:
    yield from _closed(resource, QUEUE_SENDERS)
    yield from _tls_only(resource, ("sqs:*", "*"))


@resource_control(
    "sns-closed", "Only this stack's alarms and rules publish to topics, and only over TLS", TOPICS, (TOPIC_POLICY, TOPIC)
)
def _topic_closed(resource: Resource) -> Iterator[Finding]:
    yield from _closed(resource, TOPIC_SENDERS)
    yield from _tls_only(resource, ("sns:Publish", "sns:*", "*"))


CONTROLS = (_bucket_tls_only, _bucket_closed, _queue_closed, _topic_closed)
