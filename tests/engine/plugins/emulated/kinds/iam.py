"""AWS IAM: how resources are read, updated and replaced."""

from __future__ import annotations

from emulated.kinds.changeable import Changeable, changed_tags
from local_run.emulator.resources import iam
from local_run.emulator.resources.base import Aws, Properties, or_none, tag_list


class Role(Changeable, iam.Role):
    replace_on = ("name", "namePrefix", "path")

    def read(self, aws: Aws, id_: str, state: Properties) -> Properties | None:
        answer = or_none(aws.client("iam").get_role, RoleName=id_)
        return answer and self._outputs(aws, id_, {**state, "name": id_})

    def update(self, aws: Aws, id_: str, old: Properties, new: Properties) -> Properties:
        client = aws.client("iam")
        client.update_assume_role_policy(RoleName=id_, PolicyDocument=new["assumeRolePolicy"])
        duration = int(new.get("maxSessionDuration") or 3600)
        client.update_role(RoleName=id_, Description=new.get("description", ""), MaxSessionDuration=duration)
        boundary = new.get("permissionsBoundary")
        if boundary:
            client.put_role_permissions_boundary(RoleName=id_, PermissionsBoundary=boundary)
        elif old.get("permissionsBoundary"):
            client.delete_role_permissions_boundary(RoleName=id_)
        added, removed = changed_tags(old, new)
        if added:
            client.tag_role(RoleName=id_, Tags=tag_list({"tags": added}))
        if removed:
            client.untag_role(RoleName=id_, TagKeys=removed)
        return self._outputs(aws, id_, new)


class RolePolicy(Changeable, iam.RolePolicy):
    replace_on = ("name", "namePrefix", "role")

    def read(self, aws: Aws, id_: str, state: Properties) -> Properties | None:
        role, _, name = id_.partition(":")
        answer = or_none(aws.client("iam").get_role_policy, RoleName=role, PolicyName=name)
        return answer and {"namePrefix": "", **state, "role": role, "name": name}

    def update(self, aws: Aws, id_: str, old: Properties, new: Properties) -> Properties:
        aws.client("iam").put_role_policy(RoleName=new["role"], PolicyName=new["name"], PolicyDocument=new["policy"])
        return {"namePrefix": "", **new}


KINDS = (
    Role,
    RolePolicy,
)
