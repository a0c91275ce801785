"""The public keys that digests are verified with. Spec: CT-15.6."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.api.cloudtrail_table import instant, operations
from tocsin.app.digest_key import list_public_keys
from tocsin.wire.fault import Fault

if TYPE_CHECKING:
    from tocsin.api.operation import Context, Parameters


@operations("ListPublicKeys")
def list_keys(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """The keys of this region that are valid in a time, all on one page."""
    if parameters.get("NextToken") is not None:  # none was ever given (WIRE-9.2)
        raise Fault("InvalidTokenException", "The specified NextToken is invalid.")
    keys = list_public_keys(ctx.tocsin, ctx.scope, start=parameters.get("StartTime"), end=parameters.get("EndTime"))
    return {
        "PublicKeyList": [
            {
                "Value": key.der,
                "ValidityStartTime": instant(key.valid_from * 1000),
                "ValidityEndTime": instant(key.valid_until * 1000),
                "Fingerprint": key.fingerprint,
            }
            for key in keys
        ]
    }
