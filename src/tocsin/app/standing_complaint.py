"""What is wrong now with the way to the people, for pages: found once for each change. Spec: CON-1.10, AL-19.4.

Rule: these are the complaints of `tocsin status`, since when they have held.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tocsin.app.alarm_record import COMPOSITES, METRIC_ALARMS
from tocsin.app.by_version import ByVersion
from tocsin.app.complaint_search import find_complaints
from tocsin.app.topic import SUBSCRIPTIONS, TOPICS
from tocsin.app.watch import COMPLAINTS
from tocsin.core.scope import Scope

if TYPE_CHECKING:
    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader
    from tocsin.core.complaint import Complaint

# Endpoints begin to fail, and subscriptions to wait for too long, without any change of a definition.
_TURN_MS = 60_000

_NOWHERE = Scope("", "")


class StandingComplaints:
    """Finds them: `service.part(StandingComplaints)`."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._found: ByVersion[None, tuple[Complaint, ...]] = ByVersion(
            METRIC_ALARMS.kind, COMPOSITES.kind, TOPICS.kind, SUBSCRIPTIONS.kind, COMPLAINTS.kind
        )

    def of(self, store: StoreReader, *, now: int) -> tuple[Complaint, ...]:
        """Everything that is wrong at `now`, in milliseconds since the epoch."""
        return self._found.get(store, None, lambda: self._find(store, now), turn=now // _TURN_MS)

    def version(self, store: StoreReader, *, now: int) -> str:
        """What is another text whenever there may be others."""
        return self._found.tag(store, turn=now // _TURN_MS)

    def _find(self, store: StoreReader, now: int) -> tuple[Complaint, ...]:
        known = {name: one.complaint.since for name, one in COMPLAINTS.scan(store, _NOWHERE)}
        return tuple(
            msgspec.structs.replace(one, since=known.get(one.name, one.since))
            for one in find_complaints(self._service, store, now=now)
        )
