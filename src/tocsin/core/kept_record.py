"""CloudTrail records as a store keeps them: for the event history, and for the trails that are to deliver them.

Rule: a record's text is kept once, whoever refers to it. What waits for a trail waits under the settings that the
trail had when it selected the record (CT-10.3). Spec: CT-9, CT-11.5, CT-16.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.core.log_event import Term
    from tocsin.core.scope import Scope

MANAGEMENT_HISTORY = "Management"
INSIGHT_HISTORY = "Insight"
"""The two histories that LookupEvents knows (CT-16.1)."""

EVENT_ID = "EventId"
"""The kind of the term that each record of a history has: its eventID."""

LOG_FOLDER = "CloudTrail"
INSIGHT_FOLDER = "CloudTrail-Insight"
NETWORK_FOLDER = "CloudTrail-NetworkActivity"
"""The folders of log files, by what they hold (CT-11.1, CT-11.3)."""


class RecordPlace(NamedTuple):
    """Where a record stands in a history: by the second of its eventTime, then by its eventID (CT-16.3)."""

    second: int
    event_id: str


class NewRecord(NamedTuple):
    """A record that is to be kept.

    `history` is the history that it goes into, None for one that only waits for trails. There it is found by its
    eventID and each of `terms`, which are different from one another.
    """

    body: bytes
    second: int
    event_id: str
    history: str | None
    terms: Sequence[Term] = ()


class FoundRecord(NamedTuple):
    """A record of a history."""

    place: RecordPlace
    body: bytes


class Destination(NamedTuple):
    """Where a record is to be delivered: the settings of a trail as they were, in bytes, and the folder."""

    route: bytes
    folder: str


class RecordGroup(NamedTuple):
    """What goes into the same log files: the number of the route, the folder, and the records' account and region."""

    route: int
    folder: str
    scope: Scope


class WaitingGroup(NamedTuple):
    """A group of which records wait. `oldest_at` is when the first of them was taken, in milliseconds."""

    group: RecordGroup
    records: int
    size: int
    oldest_at: int


class WaitingRecords(NamedTuple):
    """The oldest records that wait in a group. `first` and `last` are what the store knows them by.

    `oldest_at` and `newest_at` are when the first and the last of them were taken, in milliseconds.
    """

    group: RecordGroup
    first: int
    last: int
    oldest_at: int
    newest_at: int
    bodies: Sequence[bytes]


class BegunBatch(NamedTuple):
    """Records whose log file has its name already, and may or may not have been written."""

    number: int
    group: RecordGroup
    object_key: str


_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_BEHIND_UUIDS = b"\xff" * 17
"""What the rank of anything else begins with: longer than that of a UUID, and behind the last of them."""


def event_rank(event_id: str) -> bytes:
    """What eventIDs are ordered by, in few bytes: UUIDs as their texts are, and behind them everything else.

    >>> event_rank("0f000000-0000-4000-8000-000000000001") < event_rank("f0000000-0000-4000-8000-000000000001")
    True
    >>> event_rank("f0000000-0000-4000-8000-000000000001") < event_rank("a text")
    True
    """
    if _UUID.fullmatch(event_id):
        return bytes.fromhex(event_id.replace("-", ""))
    return _BEHIND_UUIDS + event_id.encode("utf-8", "surrogatepass")


def event_id_of(rank: bytes) -> str:
    """The eventID that has this rank.

    >>> event_id_of(event_rank("0f000000-0000-4000-8000-000000000001"))
    '0f000000-0000-4000-8000-000000000001'
    """
    if len(rank) >= len(_BEHIND_UUIDS):
        return rank[len(_BEHIND_UUIDS) :].decode("utf-8", "surrogatepass")
    digits = rank.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
