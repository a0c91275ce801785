"""The watch over who listens, as the live service keeps it: log, health and metrics. Spec: AL-19.4, SNS-12.1, IF-7.

Rule: a complaint makes no service unhealthy, and is told loudly all the same. Names of alarms and topics are in the
answer about health only where anybody may ask for them anyway.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tocsin.app.watch import Watch
from tocsin.core.complaint import Complaint, ComplaintKind, complaint_members

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.app.service import Service

EVERY: Final = 60.0
"""Seconds between two looks."""

_MOST_SHOWN = 20
_MOST_LOGGED = 100

_NAMES: Final = {
    ComplaintKind.UNHEARD_ALARM: ("unheard_alarms", "Alarms that reach nobody."),
    ComplaintKind.PENDING_SUBSCRIPTION: (
        "pending_subscriptions",
        "Subscriptions that nobody has confirmed for more than a day.",
    ),
    ComplaintKind.LOST_SUBSCRIPTION: (
        "lost_subscriptions",
        "Subscriptions that were ended by a link, and can still be restored.",
    ),
    ComplaintKind.FAILING_ENDPOINT: ("failing_endpoints", "Endpoints at which nothing has arrived for an hour."),
}


class Lookout:
    """Looks once a minute. `log` takes events; `shows_names` says whether health may name what it complains about."""

    def __init__(self, service: Service, log: Any, *, shows_names: bool) -> None:
        self._service = service
        self._log = log
        self._shows_names = shows_names
        self._standing: tuple[Complaint, ...] | None = None

    def step(self) -> float:
        """Look once; seconds until the next look."""
        run = self._service.part(Watch).run()
        self._standing = run.standing
        for complaint in run.begun[:_MOST_LOGGED]:
            self._log.warning("complaint-begun", **complaint_members(complaint))
        for one in run.ended[:_MOST_LOGGED]:
            told = complaint_members(one.complaint)
            self._log.info("complaint-ended", kind=told["kind"], subject=told["subject"], why=one.why)
        for event, found in (("complaints-begun", run.begun), ("complaints-ended", run.ended)):
            if len(found) > _MOST_LOGGED:
                self._log.warning(event, count=len(found), told=_MOST_LOGGED)
        self._service.counters.add("complaints", len(run.begun))
        return EVERY

    @property
    def health(self) -> dict[str, Any]:
        """What health tells; nothing before the first look."""
        if self._standing is None:
            return {}
        told: dict[str, Any] = {"status": "trouble" if self._standing else "ok", **_counts(self._standing)}
        if self._standing and self._shows_names:
            told["complaints"] = [complaint_members(one) for one in self._standing[:_MOST_SHOWN]]
        elif self._standing:
            told["hint"] = "the log of the service names them"
        return {"listening": told}

    @property
    def gauges(self) -> dict[str, tuple[str, float]]:
        """What metrics tell, by name: a sentence and a number."""
        if self._standing is None:
            return {}
        counts = _counts(self._standing)
        return {name: (text, counts[name]) for name, text in _NAMES.values()}


def _counts(standing: Sequence[Complaint]) -> dict[str, int]:
    return {name: sum(one.kind is kind for one in standing) for kind, (name, _) in _NAMES.items()}
