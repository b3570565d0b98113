"""Where SageMaker's built-in DeepAR exists: the registry account of its image, by region.

Source: Amazon SageMaker developer guide, "Docker Registry Paths and Example Code"; ``make author-check`` compares this table
with the one inside the SageMaker SDK.
"""

from __future__ import annotations

from contracts.problems import Problem, nearest

DEEPAR_REPOSITORY = "forecasting-deepar"
DEEPAR_VERSION = "1"

#: Account of the built-in algorithms' registry, by region. The isolated partitions (us-iso*) are left out: their registries
#: have domains of their own, which this project cannot check.
DEEPAR_ACCOUNTS = {
    "af-south-1": "455444449433",
    "ap-east-1": "286214385809",
    "ap-northeast-1": "633353088612",
    "ap-northeast-2": "204372634319",
    "ap-northeast-3": "867004704886",
    "ap-south-1": "991648021394",
    "ap-south-2": "628508329040",
    "ap-southeast-1": "475088953585",
    "ap-southeast-2": "514117268639",
    "ap-southeast-3": "951798379941",
    "ap-southeast-4": "106583098589",
    "ca-central-1": "469771592824",
    "ca-west-1": "190319476487",
    "cn-north-1": "390948362332",
    "cn-northwest-1": "387376663083",
    "eu-central-1": "495149712605",
    "eu-central-2": "680994064768",
    "eu-north-1": "669576153137",
    "eu-south-1": "257386234256",
    "eu-south-2": "104374241257",
    "eu-west-1": "224300973850",
    "eu-west-2": "644912444149",
    "eu-west-3": "749696950732",
    "il-central-1": "898809789911",
    "me-central-1": "272398656194",
    "me-south-1": "249704162688",
    "sa-east-1": "855470959533",
    "us-east-1": "522234722520",
    "us-east-2": "566113047672",
    "us-gov-east-1": "237065988967",
    "us-gov-west-1": "226302683700",
    "us-west-1": "632365934929",
    "us-west-2": "156387875391",
}


def region_problem(region: str, where: str = "aws:region") -> Problem | None:
    """What is wrong with a region as a place for this pipeline, or None."""
    if region in DEEPAR_ACCOUNTS:
        return None
    hint = nearest(region, DEEPAR_ACCOUNTS)
    known = f"the built-in forecasting-deepar exists in: {', '.join(DEEPAR_ACCOUNTS)}"
    return Problem(where, region, f"{hint} {known}".strip())


def partition(region: str) -> str:
    """``aws``, ``aws-cn`` or ``aws-us-gov``: the second field of every ARN in that region."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def dns_suffix(region: str) -> str:
    """The domain that AWS endpoints of the region end in."""
    return "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"


def deepar_image_uri(region: str) -> str:
    """URI of the built-in algorithm's image, by its version tag; :class:`KeyError` for a region without one.

    >>> deepar_image_uri("eu-central-1")
    '495149712605.dkr.ecr.eu-central-1.amazonaws.com/forecasting-deepar:1'
    """
    account = DEEPAR_ACCOUNTS[region]
    return f"{account}.dkr.ecr.{region}.{dns_suffix(region)}/{DEEPAR_REPOSITORY}:{DEEPAR_VERSION}"
