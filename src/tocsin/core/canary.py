"""A harmless record that shows whether the chain lives: event, filter, metric, alarm, message. Spec: CON-4.10 (Status).

Rule: it says what it is in every member that a filter may look at, and matches no rule that ships.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from tocsin.core.console_sign_in import EVENT_SOURCE

if TYPE_CHECKING:
    from tocsin.core.identity.principal import Principal
    from tocsin.core.scope import Scope

EVENT_NAME: Final = "Canary"
"""The eventName of these records."""

PATTERN: Final = f'{{ ($.eventSource = "{EVENT_SOURCE}") && ($.eventName = "{EVENT_NAME}") }}'
"""A filter pattern that matches them, and nothing else."""


def canary_record(
    scope: Scope, principal: Principal, *, at: datetime, event_id: str, group: str, source_address: str
) -> dict[str, Any]:
    """The record of a canary that was sent to a log group, its keys in the order of CT-2.1."""
    return {
        "eventVersion": "1.11",
        "userIdentity": principal.identity(),
        "eventTime": f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": EVENT_SOURCE,
        "eventName": EVENT_NAME,
        "awsRegion": scope.region,
        "sourceIPAddress": source_address,
        "userAgent": "tocsin-console",
        "requestParameters": {"logGroupName": group},
        "responseElements": None,
        "eventID": event_id,
        "readOnly": True,
        "eventType": "AwsServiceEvent",
        "managementEvent": True,
        "recipientAccountId": scope.account,
        "eventCategory": "Management",
    }
