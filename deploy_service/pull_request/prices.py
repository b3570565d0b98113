"""Approximate prices in US dollars, on demand, us-east-1.

They rank changes and are no bill. They were not read from AWS's price list: compare them with the pages named below before you
rely on an amount. ``AS_OF`` is shown with every amount, because AWS changes prices; other regions have others.
"""

from __future__ import annotations

AS_OF = "2026-12"
REGION = "us-east-1"

#: SageMaker processing, training and batch transform, per hour. Source: https://aws.amazon.com/sagemaker/ai/pricing/
PER_HOUR = {
    "ml.m5.large": 0.115,
    "ml.m5.xlarge": 0.23,
    "ml.m5.2xlarge": 0.461,
    "ml.m5.4xlarge": 0.922,
    "ml.m5.12xlarge": 2.765,
    "ml.c5.xlarge": 0.204,
    "ml.c5.2xlarge": 0.408,
    "ml.c5.4xlarge": 0.816,
    "ml.c5.9xlarge": 1.836,
    "ml.g4dn.xlarge": 0.736,
    "ml.g4dn.2xlarge": 0.94,
    "ml.g5.xlarge": 1.408,
    "ml.g5.2xlarge": 1.515,
    "ml.p3.2xlarge": 3.825,
}
#: Per month. Sources: https://aws.amazon.com/kms/pricing/ and https://aws.amazon.com/cloudwatch/pricing/
KEY_PER_MONTH = 1.0
ALARM_PER_MONTH = 0.1
