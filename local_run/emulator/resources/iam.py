"""AWS IAM: roles and policies."""

from __future__ import annotations

from local_run.emulator.resources.base import Aws, Properties, Resource, changed_tags, given, or_none, tag_list, with_tags


class Role(Resource):
    type = "aws:iam/role:Role"
    name_property = "name"
    replace_on = ("name", "namePrefix", "path")

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
        with self.whole(aws, name, inputs):
            for policy in inputs.get("inlinePolicies") or []:
                iam.put_role_policy(RoleName=name, PolicyName=policy["name"], PolicyDocument=policy["policy"])
            for arn in inputs.get("managedPolicyArns") or []:
                iam.attach_role_policy(RoleName=name, PolicyArn=arn)
            outputs = self._outputs(aws, name, inputs)
        return name, outputs

    def read(self, aws: Aws, id_: str, state: Properties) -> Properties | None:
        answer = or_none(aws.client("iam").get_role, RoleName=id_)
        return answer and self._outputs(aws, id_, {**state, "name": id_})

    def update(self, aws: Aws, id_: str, old: Properties, new: Properties) -> Properties:
        iam = aws.client("iam")
        iam.update_assume_role_policy(RoleName=id_, PolicyDocument=new["assumeRolePolicy"])
        duration = int(new.get("maxSessionDuration") or 3600)
        iam.update_role(RoleName=id_, Description=new.get("description", ""), MaxSessionDuration=duration)
        boundary = new.get("permissionsBoundary")
        if boundary:
            iam.put_role_permissions_boundary(RoleName=id_, PermissionsBoundary=boundary)
        elif old.get("permissionsBoundary"):
            iam.delete_role_permissions_boundary(RoleName=id_)
        added, removed = changed_tags(old, new)
        if added:
            iam.tag_role(RoleName=id_, Tags=tag_list({"tags": added}))
        if removed:
            iam.untag_role(RoleName=id_, TagKeys=removed)
        return self._outputs(aws, id_, new)

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


class RolePolicy(Resource):
    """An inline policy; its id is ``<role>:<name>``."""

    type = "aws:iam/rolePolicy:RolePolicy"
    name_property = "name"
    replace_on = ("name", "namePrefix", "role")

    def planned_id(self, aws: Aws, inputs: Properties) -> str | None:
        return f"{inputs['role']}:{inputs['name']}"

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        self.refuse_existing(aws, inputs)
        return str(self.planned_id(aws, inputs)), self.update(aws, "", {}, inputs)

    def read(self, aws: Aws, id_: str, state: Properties) -> Properties | None:
        role, _, name = id_.partition(":")
        answer = or_none(aws.client("iam").get_role_policy, RoleName=role, PolicyName=name)
        return answer and {"namePrefix": "", **state, "role": role, "name": name}

    def update(self, aws: Aws, id_: str, old: Properties, new: Properties) -> Properties:
        aws.client("iam").put_role_policy(RoleName=new["role"], PolicyName=new["name"], PolicyDocument=new["policy"])
        return {"namePrefix": "", **new}

    def delete(self, aws: Aws, id_: str, state: Properties) -> None:
        role, _, name = id_.partition(":")
        or_none(aws.client("iam").delete_role_policy, RoleName=role, PolicyName=name)


class Policy(Resource):
    """A managed policy of our own; its id is its ARN."""

    type = "aws:iam/policy:Policy"
    name_property = "name"
    replace_on = ("name", "namePrefix", "path", "description")

    def planned_id(self, aws: Aws, inputs: Properties) -> str | None:
        return aws.arn("iam", f"policy{inputs.get('path', '/')}{inputs['name']}", region=False)

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        arguments = given(Description=inputs.get("description"), Tags=tag_list(inputs) or None, Path=inputs.get("path"))
        answer = aws.client("iam").create_policy(PolicyName=inputs["name"], PolicyDocument=inputs["policy"], **arguments)
        return str(answer["Policy"]["Arn"]), self._outputs(aws, answer["Policy"], inputs)

    def read(self, aws: Aws, id_: str, state: Properties) -> Properties | None:
        answer = or_none(aws.client("iam").get_policy, PolicyArn=id_)
        return answer and self._outputs(aws, answer["Policy"], {**state, "name": answer["Policy"]["PolicyName"]})

    def update(self, aws: Aws, id_: str, old: Properties, new: Properties) -> Properties:
        iam = aws.client("iam")
        iam.create_policy_version(PolicyArn=id_, PolicyDocument=new["policy"], SetAsDefault=True)
        # AWS keeps five versions at most.
        self._delete_versions(aws, id_)
        return self._outputs(aws, iam.get_policy(PolicyArn=id_)["Policy"], new)

    def delete(self, aws: Aws, id_: str, state: Properties) -> None:
        if or_none(aws.client("iam").get_policy, PolicyArn=id_) is not None:
            self._delete_versions(aws, id_)
            aws.client("iam").delete_policy(PolicyArn=id_)

    def _delete_versions(self, aws: Aws, arn: str) -> None:
        for version in aws.client("iam").list_policy_versions(PolicyArn=arn)["Versions"]:
            if not version["IsDefaultVersion"]:
                aws.client("iam").delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])

    def _outputs(self, aws: Aws, policy: Properties, inputs: Properties) -> Properties:
        fixed = {"arn": policy["Arn"], "policyId": policy["PolicyId"], "attachmentCount": policy["AttachmentCount"]}
        return {"namePrefix": "", "path": "/", **inputs, **fixed, **with_tags(inputs)}


class RolePolicyAttachment(Resource):
    """A managed policy attached to a role; its id is ``<role>/<policy ARN>``."""

    type = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    replace_on = ("role", "policyArn")

    def planned_id(self, aws: Aws, inputs: Properties) -> str | None:
        return f"{inputs['role']}/{inputs['policyArn']}"

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        self.refuse_existing(aws, inputs)
        return str(self.planned_id(aws, inputs)), self.update(aws, "", {}, inputs)

    def read(self, aws: Aws, id_: str, state: Properties) -> Properties | None:
        role, _, arn = id_.partition("/")
        answer = or_none(aws.client("iam").list_attached_role_policies, RoleName=role) or {}
        attached = [policy["PolicyArn"] for policy in answer.get("AttachedPolicies", [])]
        return {**state, "role": role, "policyArn": arn} if arn in attached else None

    def update(self, aws: Aws, id_: str, old: Properties, new: Properties) -> Properties:
        aws.client("iam").attach_role_policy(RoleName=new["role"], PolicyArn=new["policyArn"])
        return dict(new)

    def delete(self, aws: Aws, id_: str, state: Properties) -> None:
        role, _, arn = id_.partition("/")
        or_none(aws.client("iam").detach_role_policy, RoleName=role, PolicyArn=arn)


RESOURCES = (Role, RolePolicy, Policy, RolePolicyAttachment)
