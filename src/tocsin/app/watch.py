"""The watch over who listens: complaints begin, last and end, and the operator is told. Spec: AL-19.4, SNS-12, IF-9.

Rule: what was told is written in the transaction of the message that tells it, so a complaint that outlives the
process is not told twice, and none is forgotten.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from tocsin.app.complaint_search import find_complaints, why_ended
from tocsin.app.definition import Definitions
from tocsin.app.publication import delivery_of
from tocsin.core.complaint import (
    Complaint,
    ComplaintKind,
    ComplaintReport,
    ReportEvent,
    report_json,
    report_subject,
    report_text,
)
from tocsin.core.envelope import Envelope, EnvelopeKind
from tocsin.core.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreWriter
    from tocsin.core.delivery import Endpoint
    from tocsin.core.outbox import DeliveryRow

OPERATOR: Final = "operator"
"""The protocol of channels that get JSON, and what deliveries to any channel of the operator have for their cause."""

REPEAT_MS: Final = 86_400_000
"""A complaint that lasts is told again after so long."""

SETTLING_MS: Final = 300_000
"""An alarm may reach nobody for so long before the operator is told: it takes a while to set one up."""

_MOST_SINGLE = 20
"""More complaints of a kind at once are told in one message."""

_NOWHERE = Scope("", "")


class KeptComplaint(msgspec.Struct, frozen=True, kw_only=True):
    """A complaint that holds, and when the operator was last told, in milliseconds since the epoch."""

    complaint: Complaint
    told_at: int | None = None


class EndedComplaint(msgspec.Struct, frozen=True, kw_only=True):
    """A complaint that holds no more, and how that came about."""

    complaint: Complaint
    why: str


class WatchRun(msgspec.Struct, frozen=True, kw_only=True):
    """What one look has found: what holds now, and what of it is new since the last look; what has ended."""

    standing: tuple[Complaint, ...] = ()
    begun: tuple[Complaint, ...] = ()
    ended: tuple[EndedComplaint, ...] = ()


COMPLAINTS = Definitions("complaint", KeptComplaint)


class Watch:
    """Looks, and tells: `service.part(Watch)`. One thread at a time uses it."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def run(self) -> WatchRun:
        """One look at everything."""
        now = self._service.now_ms()
        with self._service.store.read() as store:
            known = dict(COMPLAINTS.scan(store, _NOWHERE))
            found = {one.name: one for one in find_complaints(self._service, store, now=now)}
            gone = [(name, one) for name, one in known.items() if name not in found]
            ended = tuple(
                EndedComplaint(complaint=one.complaint, why=why_ended(store, one.complaint, now=now)) for _, one in gone
            )
        kept: dict[str, KeptComplaint] = {}
        for name, one in found.items():
            before = known.get(name)
            since = one.since if before is None else before.complaint.since
            complaint = msgspec.structs.replace(one, since=since)
            kept[name] = KeptComplaint(complaint=complaint, told_at=None if before is None else before.told_at)
        told = [(end.complaint, end.why) for end, (_, one) in zip(ended, gone, strict=True) if one.told_at is not None]
        reports = [*self._due(kept, now), *_reports(ReportEvent.ENDED, told, now)]
        changed = {name: one for name, one in kept.items() if known.get(name) != one}
        if changed or gone:
            rows = self._rows(reports)

            def work(store: StoreWriter) -> None:
                for name, one in changed.items():
                    COMPLAINTS.put(store, _NOWHERE, name, one)
                for name, _ in gone:
                    COMPLAINTS.delete(store, _NOWHERE, name)
                store.outbox.put(rows)

            self._service.store.write(work)
            self._service.counters.add("operator_messages", len(rows))
        return WatchRun(
            standing=tuple(one.complaint for one in kept.values()),
            begun=tuple(one.complaint for name, one in kept.items() if name not in known),
            ended=ended,
        )

    def _due(self, kept: dict[str, KeptComplaint], now: int) -> list[ComplaintReport]:
        """What the operator is to be told of complaints that hold; `kept` notes that."""
        channel = self._service.settings.operator
        if channel is None:
            return []
        begun: list[tuple[Complaint, str]] = []
        lasting: list[tuple[Complaint, str]] = []
        for name, one in kept.items():
            complaint = one.complaint
            if complaint.subject == channel.address:
                continue  # the channel itself does not work: the log and health tell that
            if one.told_at is None:
                is_alarm = complaint.kind is ComplaintKind.UNHEARD_ALARM
                if is_alarm and 0 <= now - complaint.since < SETTLING_MS:
                    continue
                begun.append((complaint, ""))
            elif now - one.told_at >= REPEAT_MS:
                lasting.append((complaint, ""))
            else:
                continue
            kept[name] = msgspec.structs.replace(one, told_at=now)
        return [*_reports(ReportEvent.BEGUN, begun, now), *_reports(ReportEvent.LASTS, lasting, now)]

    def _rows(self, reports: Sequence[ComplaintReport]) -> list[DeliveryRow]:
        channel = self._service.settings.operator
        return [] if channel is None else [self._row(channel, report) for report in reports]

    def _row(self, channel: Endpoint, report: ComplaintReport) -> DeliveryRow:
        service = self._service
        ident, url = service.new_id(), service.settings.public_url
        is_json = channel.protocol == OPERATOR
        envelope = Envelope(
            kind=EnvelopeKind.NOTIFICATION,
            message_id=ident,
            topic_arn="",
            subscription_arn="",
            protocol=channel.protocol,
            endpoint=channel.address,
            message=report_json(report, ident=ident, service=url) if is_json else report_text(report, service=url),
            subject=f"Tocsin: {report_subject(report)}",
            published_at=report.at,
            group_id=OPERATOR,  # one by one, whatever the protocol
        )
        return delivery_of(service, _NOWHERE, envelope, cause=OPERATOR)


def _reports(event: ReportEvent, told: Sequence[tuple[Complaint, str]], now: int) -> list[ComplaintReport]:
    """What is told of these, each with how it ended: one by one, or where there are many those of a kind at once."""
    reports: list[ComplaintReport] = []
    for kind in ComplaintKind:
        of_kind = [one for one in told if one[0].kind is kind]
        if len(of_kind) > _MOST_SINGLE:
            together = tuple(complaint for complaint, _ in of_kind)
            reports.append(ComplaintReport(event=event, at=now, complaints=together))
        else:
            reports += (ComplaintReport(event=event, at=now, complaints=(one,), why=why) for one, why in of_kind)
    return reports
