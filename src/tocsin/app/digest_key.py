"""The public keys of digests, for whoever validates. Spec: CT-15.6."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.errors import InvalidParameterError

if TYPE_CHECKING:
    from datetime import datetime

    from tocsin.app.ports import DigestPublicKey
    from tocsin.app.service import Service
    from tocsin.core.scope import Scope


def list_public_keys(
    service: Service, scope: Scope, *, start: datetime | None, end: datetime | None
) -> list[DigestPublicKey]:
    """The keys of a region that are valid at some time from `start` to `end`, oldest first; now, where none is given.

    Raises:
        InvalidParameterError: `start` comes after `end`.
    """
    now = service.now()
    since, until = (start or now).timestamp(), (end or now).timestamp()
    if since > until:
        raise InvalidParameterError(
            "The specified time range is not valid: the start time comes after the end time.",
            aws_code="InvalidTimeRangeException",
        )
    keys = service.digest_keys.public_keys(scope.region)
    return [key for key in keys if key.valid_from <= until and key.valid_until >= since]
