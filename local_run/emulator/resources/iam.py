"""AWS IAM: roles and policies."""

from __future__ import annotations

from local_run.emulator.resources.base import (
    Aws,
    Properties,
    Resource,
    Upserted,
    given,
    or_none,
    present,
    tag_list,
    with_tags,
)


class Role(Resource):
    type = "aws:iam/role:Role"
    name_property = "name"

    def planned_id(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["name"])

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        name, iam = str(inputs["name"]), aws.client("iam")
        iam.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=inputs["assumeRolePolicy"],
            Path=inputs.get("path", "/"),
            **given(
                Description=inputs.get("description"),
                MaxSessionDuration=inputs.get("maxSessionDuration"),
                PermissionsBoundary=inputs.get("permissionsBoundary"),
                Tags=tag_list(inputs) or None,
            ),
        )
        with self.rollback_on_error(aws, name, inputs):
            for policy in inputs.get("inlinePolicies") or []:
                iam.put_role_policy(RoleName=name, PolicyName=policy["name"], PolicyDocument=policy["policy"])
            for arn in inputs.get("managedPolicyArns") or []:
                iam.attach_role_policy(RoleName=name, PolicyArn=arn)
            outputs = self._outputs(aws, name, inputs)
        return name, outputs

    def delete(self, aws: Aws, id_: str, state: Properties) -> None:
        iam = aws.client("iam")
        if or_none(iam.get_role, RoleName=id_) is None:
            return
        for policy in state.get("inlinePolicies") or []:
            or_none(iam.delete_role_policy, RoleName=id_, PolicyName=policy["name"])
        for arn in state.get("managedPolicyArns") or []:
            or_none(iam.detach_role_policy, RoleName=id_, PolicyArn=arn)
        iam.delete_role(RoleName=id_)

    def _outputs(self, aws: Aws, name: str, inputs: Properties) -> Properties:
        role = aws.client("iam").get_role(RoleName=name)["Role"]
        return {
            "namePrefix": "",
            "path": "/",
            "maxSessionDuration": 3600,
            "forceDetachPolicies": False,
            "inlinePolicies": [],
            "managedPolicyArns": [],
            **inputs,
            "arn": role["Arn"],
            "uniqueId": role["RoleId"],
            "createDate": role["CreateDate"].isoformat(),
            **with_tags(inputs),
        }


class RolePolicy(Upserted):
    """An inline policy; its id is ``<role>:<name>``."""

    type = "aws:iam/rolePolicy:RolePolicy"
    name_property = "name"

    def planned_id(self, aws: Aws, inputs: Properties) -> str | None:
        return f"{inputs['role']}:{inputs['name']}"

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        self.refuse_existing(aws, inputs)
        aws.client("iam").put_role_policy(RoleName=inputs["role"], PolicyName=inputs["name"], PolicyDocument=inputs["policy"])
        return str(self.planned_id(aws, inputs)), {"namePrefix": "", **inputs}

    def exists(self, aws: Aws, id_: str, inputs: Properties) -> bool:
        role, _, name = id_.partition(":")
        return present(aws.client("iam").get_role_policy, RoleName=role, PolicyName=name)

    def delete(self, aws: Aws, id_: str, state: Properties) -> None:
        role, _, name = id_.partition(":")
        or_none(aws.client("iam").delete_role_policy, RoleName=role, PolicyName=name)


RESOURCES = (Role, RolePolicy)
