"""The provider functions that the program calls, by token. Answers use the provider's wire names."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping

from local_run.emulator.resources.base import Aws, Properties
from local_run.emulator.resources.ecr import registry_host

Invoke = Callable[[Aws, Properties], Properties]


def _caller_identity(aws: Aws, arguments: Properties) -> Properties:
    answer = aws.client("sts").get_caller_identity()
    return {"accountId": answer["Account"], "arn": answer["Arn"], "userId": answer["UserId"], "id": answer["Account"]}


def _authorization_token(aws: Aws, arguments: Properties) -> Properties:
    data = aws.client("ecr").get_authorization_token()["authorizationData"][0]
    user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
    return {
        "authorizationToken": data["authorizationToken"],
        "userName": user,
        "password": password,
        "expiresAt": data["expiresAt"].isoformat(),
        "proxyEndpoint": f"https://{registry_host(aws)}",
        "id": aws.region,
        "region": aws.region,
    }


def _repositories(aws: Aws, arguments: Properties) -> Properties:
    pages = aws.client("ecr").get_paginator("describe_repositories").paginate()
    names = [repository["repositoryName"] for page in pages for repository in page["repositories"]]
    return {"names": sorted(names), "id": aws.region, "region": aws.region}


def _images(aws: Aws, arguments: Properties) -> Properties:
    name = arguments["repositoryName"]
    pages = aws.client("ecr").get_paginator("list_images").paginate(repositoryName=name)
    found = [image for page in pages for image in page["imageIds"]]
    ids = [{"imageDigest": image["imageDigest"], "imageTag": image.get("imageTag", "")} for image in found]
    return {"imageIds": ids, "repositoryName": name, "registryId": aws.account_id, "region": aws.region}


INVOKES: Mapping[str, Invoke] = {
    "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
    "aws:ecr/getAuthorizationToken:getAuthorizationToken": _authorization_token,
    "aws:ecr/getRepositories:getRepositories": _repositories,
    "aws:ecr/getImages:getImages": _images,
}

#: Fields of an answer that the provider marks as secret.
SECRET_FIELDS: Mapping[str, tuple[str, ...]] = {
    "aws:ecr/getAuthorizationToken:getAuthorizationToken": ("authorizationToken", "password"),
}
