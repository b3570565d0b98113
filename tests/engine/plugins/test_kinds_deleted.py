"""Deletion of every resource type; its deployment is not shared, because nothing of it remains."""

from __future__ import annotations

from emulated.kinds import kind_of

from tests.local_run.programs.every import every_type_deployed, physical_resources
from tests.local_run.programs.small import physical

#: Types that stay after their deletion until their parent is deleted, because AWS always has a value for them.
DELETED_WITH_THE_PARENT = {
    "docker:index/image:Image",
    "aws:sns/topicPolicy:TopicPolicy",
    "aws:s3/bucketVersioning:BucketVersioning",
}


def test_a_deleted_resource_does_not_exist_and_deleting_it_again_is_no_error() -> None:
    with every_type_deployed() as (emulator, deployment):
        for resource, aws in reversed(physical_resources(deployment)):
            kind = kind_of(resource.type)
            kind.discard(aws, resource.id, resource.state)
            if resource.type not in DELETED_WITH_THE_PARENT:
                assert kind.read(aws, resource.id, resource.state) is None, resource.urn
            kind.discard(aws, resource.id, resource.state)
        assert physical(emulator) == set()
