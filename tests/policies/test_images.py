from __future__ import annotations

import json
from pathlib import Path

import pytest

from policies.kinds import IMAGE, REPOSITORY
from policies.kinds import REPOSITORY_LIFECYCLE as LIFECYCLE
from tests.policies.cases import BY_NAME as CONTROLS
from tests.policies.cases import UNKNOWN, Case, Member, bad, good, judge

OURS = Member(REPOSITORY, {"name": "features"}, "features")
URI = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/features"


def rules(*statuses: str) -> dict[str, str]:
    found = [{"rulePriority": 1 + index, "selection": {"tagStatus": status}} for index, status in enumerate(statuses)]
    return {"repository": "features", "policy": json.dumps({"rules": found})}


CASES = [
    Case("ecr-lifecycle-exists", [OURS, Member(LIFECYCLE, rules("untagged"), "rules")]),
    Case(
        "ecr-lifecycle-exists", [OURS, Member(LIFECYCLE, {"repository": UNKNOWN}, "rules", sources={"repository": [OURS.urn]})]
    ),
    Case("ecr-lifecycle-exists", [OURS], ("its LifecyclePolicy is missing",)),
    good("ecr-lifecycle", LIFECYCLE, rules("untagged")),
    bad("ecr-lifecycle", LIFECYCLE, rules("untagged", "any"), "policy.rules[1].selection.tagStatus is 'any'"),
    bad("ecr-lifecycle", LIFECYCLE, rules("tagged"), "tagStatus is 'tagged'"),
    bad("ecr-lifecycle", LIFECYCLE, {"policy": "no JSON"}, "policy is 'no JSON'"),
    good("image-name", IMAGE, {"imageName": f"{URI}:c-0123456789abcdef"}),
    good("image-name", IMAGE, {"imageName": f"{URI}@sha256:{'0' * 64}"}),
    good("image-name", IMAGE, {"imageName": f"localhost:5000/features@sha256:{'0' * 64}"}),
    bad("image-name", IMAGE, {"imageName": f"{URI}:latest"}, ":latest'"),
    bad("image-name", IMAGE, {"imageName": "localhost:5000/features"}, "imageName is 'localhost:5000/features'"),
    good("image-clean", IMAGE, {"build": {"dockerfile": "fe_image/Dockerfile"}}),
    bad("image-clean", IMAGE, {"build": {"dockerfile": "no/Dockerfile"}}, "build.dockerfile is 'no/Dockerfile'"),
]


@pytest.mark.usefixtures("nothing_exempt")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_images(case: Case) -> None:
    case.check()


@pytest.mark.parametrize(
    ("text", "finds"),
    [
        ("FROM python:3.12-slim\nUSER app\n", None),
        ("FROM python:3.12-slim\n", "USER is missing"),
        ("FROM python:3.12-slim\nUSER app\nUSER root\n", "USER is 'root'"),
        ("FROM python:latest\nUSER app\n", "FROM python:latest"),
        ("FROM python:3.12\nADD https://example.org/a.tar.gz /\nUSER app\n", "ADD https://"),
    ],
)
def test_a_dockerfile_is_read(tmp_path: Path, text: str, finds: str | None) -> None:
    (tmp_path / "Dockerfile").write_text(text)
    found = judge(CONTROLS["image-clean"], [Member(IMAGE, {"build": {"dockerfile": str(tmp_path / "Dockerfile")}})])
    assert (found == []) if finds is None else (len(found) == 1 and finds in found[0])
