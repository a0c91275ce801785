"""A call of an AWS API, as it could be made by anybody. Spec: CON-1.8, CON-7.8."""

from __future__ import annotations

from typing import Any

import msgspec


class AwsCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call: botocore's name of the service, the operation, and the parameters by the names of the API.

    Values are text, numbers, booleans, lists and mappings of these.
    """

    service: str
    operation: str
    parameters: dict[str, Any]
