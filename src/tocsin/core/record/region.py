"""The region that a record names. Spec: REC-4.1, CT-9."""

from __future__ import annotations

from typing import Final

_GLOBAL_SERVICES: Final = frozenset({"iam", "cloudfront", "route53", "organizations"})
_STS_GLOBAL_HOST: Final = "sts.amazonaws.com"


def recorded_region(service: str, region: str, *, host: str = "") -> str:
    """The awsRegion of a call of the service (its model's name) that was signed for `region` and sent to `host`.

    Global services are recorded in one region of their partition, whatever they are signed for.
    """
    is_global = service in _GLOBAL_SERVICES or (service == "sts" and host.partition(":")[0] == _STS_GLOBAL_HOST)
    if not is_global and not region.endswith("-global"):
        return region
    if region.startswith(("cn-", "aws-cn-")):
        return "cn-north-1"
    return "us-gov-west-1" if region.startswith(("us-gov-", "aws-us-gov-")) else "us-east-1"
