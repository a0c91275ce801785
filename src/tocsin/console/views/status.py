"""Status: is the chain alive, from what comes in to what goes out; a canary that tries it. Spec: CON-4.10 (Status).

status             health's reasons, a line for each link of the chain, the latest errors
_/status/chain     the same lines alone, again on `evaluated`, `ingest` and `delivery`
_/status/canary    how far a canary has come, again on `evaluated` and `state`
do/send-canary     PutLogEvents of one harmless record; the page then tells how far it came
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from tocsin.app.alarm_record import COMPOSITES, METRIC_ALARMS
from tocsin.app.audit_chain import AuditChain
from tocsin.app.canary import track_canary
from tocsin.app.console_user import console_principal
from tocsin.app.evaluator import Evaluator
from tocsin.app.log_group import GROUPS
from tocsin.app.log_group_reading import group_names
from tocsin.app.metric_filter import FILTERS
from tocsin.app.trail_delivery import TrailDelivery
from tocsin.console.answer import ApiRefusalError, FormProblemError, Fragment, Page, Redirect
from tocsin.console.moment import duration_text, from_epoch
from tocsin.console.route import action, fragment, page
from tocsin.core.aws_call import AwsCall
from tocsin.core.canary import PATTERN, canary_record
from tocsin.core.outbox import DeliveryStatus
from tocsin.core.quantity import bytes_text, count_text, counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.console.answer import Answer
    from tocsin.console.installation import Installation
    from tocsin.console.visit import Visit

MOST_LAG: Final = 90.0
"""Seconds by which the evaluation of alarms may be behind (CON-4.1)."""

CANARY_STREAM: Final = "tocsin-canary"
"""The log stream that canaries are put into."""

_MOST_GROUPS: Final = 500
_LITTLE_ROOM: Final = 1_000_000_000
_LITTLE_PART: Final = 0.05


class ChainLine(NamedTuple):
    """A link of the chain: how it is (a key of the states of `_parts.html`), its name, figures, and where they lead."""

    state: str
    name: str
    text: str
    address: str = ""
    note: str = ""


def status_page(visit: Visit) -> Answer:
    """The page."""
    installation: Installation | None = visit.parts.installation
    groups = group_names(visit.service, visit.scope)
    context = {
        **_chain(visit),
        **_canary(visit),
        "installation": installation,
        "troubles": [] if installation is None else installation.troubles(),
        "groups": groups[:_MOST_GROUPS],
        "group": visit.form.get("group") or visit.query("group") or (groups[0] if groups else ""),
        "calls": _bell_calls(visit.query("group")),
    }
    return Page("status.html", "Status", context)


def chain_part(visit: Visit) -> Answer:
    """The lines alone."""
    return Fragment("status/_chain.html", lambda: _chain(visit))


def canary_part(visit: Visit) -> Answer:
    """How far the canary has come, alone."""
    return Fragment("status/_canary.html", lambda: _canary(visit))


def send_canary(visit: Visit) -> Answer:
    """Put one harmless record into a log group."""
    group, scope = visit.form.get("group"), visit.scope
    if not group:
        raise FormProblemError({"group": "Choose the log group that it is put into."})
    ident = visit.service.new_id()
    record = canary_record(
        scope,
        console_principal(scope, visit.visitor.name),
        at=visit.at,
        event_id=ident,
        group=group,
        source_address=visit.actor.source_address or "127.0.0.1",
    )
    stream = {"logGroupName": group, "logStreamName": CANARY_STREAM}
    try:
        visit.call("logs", "CreateLogStream", stream)
    except ApiRefusalError as error:
        if error.code != "ResourceAlreadyExistsException":
            raise
    event = {"timestamp": int(visit.at.timestamp() * 1000), "message": msgspec.json.encode(record).decode()}
    visit.call("logs", "PutLogEvents", {**stream, "logEvents": [event]})
    return Redirect(f"{visit.url('status', canary=ident, group=group)}#canary", told="The canary is on its way.")


# ------------------------------------------------------------ the chain


def _chain(visit: Visit) -> dict[str, Any]:
    return {"reasons": visit.parts.problems(), "lines": list(_lines(visit))}


def _lines(visit: Visit) -> Iterator[ChainLine]:
    installation: Installation | None = visit.parts.installation
    counters = _Counts(visit)
    yield from _sources(installation)
    received = counters.total("events_received")
    records = counters.total("records_received")
    refused = counters.total("events_rejected") + counters.total("records_refused")
    text = f"{counted(received, 'log event')} and {counted(records, 'CloudTrail record')} since the start"
    left_out = f"{count_text(refused)} were left out: too old, too new, or no records" if refused else ""
    yield ChainLine(
        "good" if received or records else "not known", "What comes in", text, visit.url("events"), left_out
    )
    groups, filters = counters.defined(GROUPS.kind), counters.defined(FILTERS.kind)
    yield ChainLine(
        "good" if filters else "attention",
        "Filters",
        f"{counted(filters, 'metric filter')} in {counted(groups, 'log group')}",
        visit.url("logs"),
        "" if filters else "nothing is counted, so nothing can ring",
    )
    yield _evaluation(visit, counters)
    yield from _deliveries(visit)
    backlog = visit.service.part(TrailDelivery).backlog()
    failing = f"{counted(backlog.failing_buckets, 'bucket')} that take nothing" if backlog.failing_buckets else ""
    waiting = f"{counted(backlog.records, 'record')} and {counted(backlog.files, 'file')} to be delivered"
    yield ChainLine("attention" if failing else "good", "Trails", waiting, visit.url("trails"), failing)
    dropped = counters.total("records_dropped")
    text = f"{counted(dropped, 'call')} of this service could not be recorded" if dropped else "nothing was lost"
    yield ChainLine("attention" if dropped else "good", "Records of calls", text)
    yield _audit(visit)
    yield from _room(installation)
    if installation is not None:
        yield ChainLine("good", "Open pages", f"{counted(installation.streams(), 'page')} told of what changes")


def _sources(installation: Installation | None) -> Iterator[ChainLine]:
    for source in () if installation is None else installation.sources():
        figures = f"{source.state}; {counted(source.events, 'record')} of {counted(source.files, 'file')}"
        lost = source.skipped + source.malformed
        note = f"{counted(source.skipped, 'file')} skipped, {counted(source.malformed, 'value')} that are no records"
        yield ChainLine("attention" if lost else "good", f"Source {source.path}", figures, note=note if lost else "")


def _evaluation(visit: Visit, counters: _Counts) -> ChainLine:
    lag = visit.parts.lag()
    alarms = counters.defined(METRIC_ALARMS.kind) + counters.defined(COMPOSITES.kind)
    late = counters.total("late_ticks")
    note = f"{counted(late, 'instant')} evaluated late since the start" if late else ""
    if lag is None:
        return ChainLine(
            "not known", "Evaluation", f"{counted(alarms, 'alarm')}, not evaluated yet", visit.url("alarms")
        )
    text = (
        f"{counted(alarms, 'alarm')}, {duration_text(lag)} behind"
        if lag >= 1
        else f"{counted(alarms, 'alarm')}, on time"
    )
    return ChainLine("late" if lag > MOST_LAG else "good", "Evaluation", text, visit.url("alarms"), note)


def _deliveries(visit: Visit) -> Iterator[ChainLine]:
    now = visit.service.now_ms()
    with visit.service.store.read() as store:
        pending, failed = (store.outbox.count(one) for one in (DeliveryStatus.PENDING, DeliveryStatus.FAILED))
        due = store.outbox.due(at=now, limit=1)
    oldest = max(0.0, (now - due[0].next_at) / 1000) if due else 0.0
    note = f"one is {duration_text(oldest)} overdue" if oldest > MOST_LAG else ""
    text = f"{counted(pending, 'delivery', 'deliveries')} to be made, {count_text(failed)} failed for good"
    state = "attention" if note or failed else "good"
    yield ChainLine(state, "Deliveries", text, visit.url("deliveries"), note)


def _audit(visit: Visit) -> ChainLine:
    chain = visit.service.part(AuditChain).check()
    if chain.broken_at is not None:
        return ChainLine("ALARM", "Audit log", f"chain broken at {chain.broken_at:,}", visit.url("audit"))
    return ChainLine("good", "Audit log", f"chain intact to {chain.intact_to:,}", visit.url("audit"))


def _room(installation: Installation | None) -> Iterator[ChainLine]:
    room = None if installation is None else installation.room()
    if room is not None:
        is_little = room.free < max(_LITTLE_ROOM, _LITTLE_PART * room.total)
        text = (
            f"{bytes_text(room.free)} free of {bytes_text(room.total)}, the database takes {bytes_text(room.database)}"
        )
        note = "when it is full, no event is kept any more" if is_little else ""
        yield ChainLine("attention" if is_little else "good", "Disk", text, note=note)


class _Counts:
    """What was counted and what is defined, all accounts together."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._counted: dict[str, int] = {}
        for (name, _labels), count in visit.service.counters.snapshot().items():
            self._counted[name] = self._counted.get(name, 0) + count

    def total(self, name: str) -> int:
        """A counter, whatever its labels."""
        return self._counted.get(name, 0)

    def defined(self, kind: str) -> int:
        """How many definitions of a kind there are."""
        with self._visit.service.store.read() as store:
            return sum(store.count(kind, scope) for scope in self._visit.known_scopes)


# ------------------------------------------------------------ the canary


def _canary(visit: Visit) -> dict[str, Any]:
    ident = visit.query("canary")
    track = track_canary(visit.service, visit.scope, ident) if ident else None
    last = visit.service.part(Evaluator).last_instant
    return {
        "canary": ident,
        "track": track,
        "kept_at": None if track is None else from_epoch(track.kept_at),
        "evaluated_to": None if last is None else from_epoch(last * 1000),
    }


def _bell_calls(group: str) -> list[AwsCall]:
    """A filter and an alarm that ring for canaries: what takes one all the way to a mail."""
    metric = {"metricName": "Canary", "metricNamespace": "Tocsin", "metricValue": "1"}
    return [
        AwsCall(
            service="logs",
            operation="PutMetricFilter",
            parameters={
                "logGroupName": group or "LOG-GROUP",
                "filterName": CANARY_STREAM,
                "filterPattern": PATTERN,
                "metricTransformations": [metric],
            },
        ),
        AwsCall(
            service="cloudwatch",
            operation="PutMetricAlarm",
            parameters={
                "AlarmName": CANARY_STREAM,
                "Namespace": "Tocsin",
                "MetricName": "Canary",
                "Statistic": "Sum",
                "Period": 60,
                "EvaluationPeriods": 1,
                "Threshold": 1,
                "ComparisonOperator": "GreaterThanOrEqualToThreshold",
                "TreatMissingData": "notBreaching",
                "AlarmActions": ["TOPIC-ARN"],
            },
        ),
    ]


ROUTES = (
    page("status", status_page),
    fragment("status/chain", chain_part),
    fragment("status/canary", canary_part),
    action("send-canary", send_canary, form=status_page),
)
