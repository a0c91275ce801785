"""Which controls of a standard reach a person, and where the way to one breaks. Spec: CON-4.10 (Coverage), AL-19.4.

Rule: it is for auditors. A control reaches a person only where each link is there and nothing in between is left to
luck: records arrive in full, a filter matches exactly what the control wants, an alarm rings for as few records as the
rule's own, and somebody who has confirmed gets its messages. What is not proved is absent.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

import msgspec

from tocsin.app.alarm_record import alarm_arn
from tocsin.app.log_group_feed import GroupFeed, group_feed
from tocsin.app.rule_catalogue import RuleCatalogue
from tocsin.app.rule_survey import RuleSurvey
from tocsin.app.standard import Outside, Standard, controls_of, standards
from tocsin.core.alarm.history import HistoryItemType
from tocsin.core.alarm.timestamp import millisecond_of
from tocsin.core.complaint import moment_text, shown_endpoint
from tocsin.core.outbox import DeliveryStatus
from tocsin.core.pattern_fit import Fit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.app.alarm_reach import Listener
    from tocsin.app.rule_survey import RuleFilter, RuleStanding, Watcher
    from tocsin.app.service import Service
    from tocsin.app.standard import Control
    from tocsin.app.store_port import StoreReader
    from tocsin.core.rule import Rule
    from tocsin.core.scope import Scope

LINKS = ("filter", "records", "alarm", "people")
"""Where the way to a person can break, from the record on."""

# Changes of state, newest first, that are looked through for one that somebody was told of.
_MOST_CHANGES = 20
_MOST_DELIVERIES = 20

# Reports that are kept for whoever has one on paper and wants its JSON.
_REPORTS_KEPT = 20


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who gets what an alarm publishes: the address as it may be shown."""

    endpoint: str
    protocol: str
    topic: str


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """The last time that a message of the alarm was taken at the other end: when it rang, and who took it when."""

    rang_at: str
    taken_at: str
    by: str


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """One way from the records to the people. What is not there is empty.

    `fit` says how the filter stands to the control; `missed` is a record that it leaves out, `extra` one that it takes
    too much. `breaks_at` is one of `LINKS` with `why_not` as a sentence without a full stop; both are empty where
    nothing breaks. `is_partial`: a person is told of some of the records, and only the filter is to blame that it is
    not all of them. `through` is the composite alarm that speaks for the alarm.
    """

    log_group: str = ""
    filter: str = ""
    pattern: str = ""
    fit: str = Fit.NONE.value
    missed: str = ""
    extra: str = ""
    metric: str = ""
    alarm: str = ""
    condition: str = ""
    through: str = ""
    people: list[Person] = []
    pending: list[Person] = []
    is_partial: bool = False
    breaks_at: str = ""
    why_not: str = ""

    @property
    def reaches(self) -> bool:
        """Whether it reaches a person."""
        return not self.breaks_at


class CoverageRow(msgspec.Struct, frozen=True, kw_only=True):
    """A rule under a control, the best way from its records to a person, the other ways, and the last proof."""

    rule: str
    title: str
    severity: str
    pattern: str
    note: str
    reached: bool
    chain: Chain
    others: list[Chain] = []
    proof: Proof | None = None


class CoverageControl(msgspec.Struct, frozen=True, kw_only=True):
    """A control with the rules that answer it; it is reached where one of them reaches a person."""

    control: str
    also: list[str]
    reached: bool
    rows: list[CoverageRow]

    @property
    def is_partial(self) -> bool:
        """Whether it is not reached, and a person is told of some of its records."""
        ways = (way for row in self.rows for way in (row.chain, *row.others))
        return not self.reached and any(way.is_partial for way in ways)


class CoverageReport(msgspec.Struct, frozen=True, kw_only=True):
    """What is covered in an account and region at a time (UTC). `partial` counts what a narrower filter reaches."""

    tocsin: str
    account: str
    region: str
    at: str
    standard: str
    title: str
    is_exact: bool
    reached: int
    of: int
    partial: int
    log_groups: list[GroupFeed]
    controls: list[CoverageControl]
    outside: list[Outside]
    command: str = "coverage"


class CoverageDocument(msgspec.Struct, frozen=True):
    """A report, its JSON, and the SHA-256 of that as hexadecimal digits."""

    report: CoverageReport
    body: bytes
    digest: str


class CoverageDocuments:
    """The newest documents, by their digest: `service.part(CoverageDocuments)`. They go with the process."""

    def __init__(self, _service: Service) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, CoverageDocument] = OrderedDict()

    def keep(self, report: CoverageReport) -> CoverageDocument:
        """Make the document of a report, and keep it for a while."""
        body = msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n"
        made = CoverageDocument(report, body, hashlib.sha256(body).hexdigest())
        with self._lock:
            self._kept[made.digest] = made
            self._kept.move_to_end(made.digest)
            while len(self._kept) > _REPORTS_KEPT:
                self._kept.popitem(last=False)
        return made

    def get(self, digest: str) -> CoverageDocument | None:
        """The document of that digest; None where it is not kept (any more)."""
        with self._lock:
            return self._kept.get(digest)


def coverage_of(service: Service, scope: Scope, standard: Standard, *, version: str) -> CoverageReport:
    """How an account and region stand to a standard now. `version` is Tocsin's."""
    now = service.now()
    rules = service.part(RuleCatalogue).on(now.date()).rules
    controls = controls_of(standard, rules)
    with service.store.read() as store:
        made = _Coverage(service, store, scope, standard)
        told = [made.control(control) for control in controls]
        feeds = made.feeds()
    return CoverageReport(
        tocsin=version,
        account=scope.account,
        region=scope.region,
        at=moment_text(service.now_ms()),
        standard=standard.id,
        title=standard.title,
        is_exact=standard.is_exact,
        reached=sum(one.reached for one in told),
        of=len(told),
        partial=sum(one.is_partial for one in told),
        log_groups=feeds,
        controls=told,
        outside=standards().outside_of(standard),
    )


class _Coverage:
    def __init__(self, service: Service, store: StoreReader, scope: Scope, standard: Standard) -> None:
        self._store = store
        self._scope = scope
        self._standard = standard
        self._now = service.now_ms()
        self._interval = service.settings.trail_delivery_interval
        self._survey = RuleSurvey(service, store, scope)
        self._feeds: dict[str, GroupFeed] = {}

    def feeds(self) -> list[GroupFeed]:
        """The groups that filters of the controls stand in, by name."""
        return [self._feeds[name] for name in sorted(self._feeds)]

    def control(self, control: Control) -> CoverageControl:
        rows = [self._row(rule) for rule in control.rules]
        return CoverageControl(
            control=control.id, also=list(control.also), reached=any(row.reached for row in rows), rows=rows
        )

    def _row(self, rule: Rule) -> CoverageRow:
        standing = self._survey.standing(rule)
        ways = sorted(self._ways(standing), key=lambda way: _rank(way[0]))
        chain, watcher = ways[0] if ways else (_NO_FILTER, None)
        assert rule.filter is not None
        return CoverageRow(
            rule=rule.name,
            title=rule.title,
            severity=rule.severity.value,
            pattern=rule.filter.filter_pattern,
            note=standards().note(self._standard, rule),
            reached=chain.reaches,
            chain=chain,
            others=[other for other, _ in ways[1:]],
            proof=None if watcher is None else self._proof(watcher),
        )

    def _ways(self, standing: RuleStanding) -> Iterator[tuple[Chain, Watcher | None]]:
        for one in standing.filters:
            for watcher in one.watchers or (None,):
                yield self._chain(one, watcher), watcher

    def _chain(self, one: RuleFilter, watcher: Watcher | None) -> Chain:
        breaks_at, why_not = self._break(one, watcher)
        is_partial = one.fit.fit is Fit.NARROWER and not breaks_at
        if one.fit.fit in _UNEQUAL:
            breaks_at, why_not = "filter", f"{_UNEQUAL[one.fit.fit]}{f'; and {why_not}' if why_not else ''}"
        reach = None if watcher is None else watcher.reach
        return Chain(
            log_group=one.group,
            filter=one.name,
            pattern=one.pattern,
            fit=one.fit.fit.value,
            missed=one.fit.missed or "",
            extra=one.fit.extra or "",
            metric=one.metric,
            alarm="" if watcher is None else watcher.name,
            condition="" if watcher is None else watcher.condition,
            through="" if reach is None else reach.through,
            people=[] if reach is None else [_person(p) for p in reach.listeners],
            pending=[] if reach is None else [_person(p) for p in reach.pending],
            is_partial=is_partial,
            breaks_at=breaks_at,
            why_not=why_not,
        )

    def _break(self, one: RuleFilter, watcher: Watcher | None) -> tuple[str, str]:
        """The first link behind the filter that is missing, and why; nothing where none is."""
        feed = self._feed(one.group)
        if feed.why_not:
            return "records", feed.why_not
        if one.blind:
            return "alarm", one.blind
        if watcher is None:
            return "alarm", f"no alarm looks at {one.metric}"
        if watcher.shortfall:
            return "alarm", f"the alarm may stay quiet: {watcher.shortfall}"
        if watcher.reach.why_not:
            return "people", watcher.reach.why_not
        return "", ""

    def _feed(self, group: str) -> GroupFeed:
        known = self._feeds.get(group)
        if known is None:
            known = self._feeds[group] = group_feed(
                self._store, self._scope, group, now=self._now, interval=self._interval
            )
        return known

    def _proof(self, watcher: Watcher) -> Proof | None:
        """The last ring of an alarm, or of the composite that speaks for it, that somebody has taken."""
        name = watcher.reach.through or watcher.name
        changes = self._store.history.items(
            self._scope, alarm_name=name, item_type=HistoryItemType.STATE_UPDATE, limit=_MOST_CHANGES
        )
        people = {one.target: _person(one).endpoint for one in watcher.reach.listeners}
        for _, item in changes:
            if not item.history_summary.endswith(" to ALARM"):
                continue
            cause = f"{alarm_arn(self._scope, name)}@{millisecond_of(item.timestamp)}"
            rows = self._store.outbox.deliveries(cause=cause, status=DeliveryStatus.DELIVERED, limit=_MOST_DELIVERIES)
            taken = [row for row in rows if row.target in people]
            if taken:
                row = taken[-1]
                attempts = self._store.outbox.attempts(row.delivery_id)
                at = attempts[-1].at if attempts else row.created_at
                return Proof(
                    rang_at=moment_text(millisecond_of(item.timestamp)), taken_at=moment_text(at), by=people[row.target]
                )
        return None


_UNEQUAL = {
    Fit.NARROWER: "the filter is narrower: it leaves out some of the records",
    Fit.WIDER: "the filter is wider: it counts other records, too",
}

_NO_FILTER = Chain(breaks_at="filter", why_not="no filter counts these records")


def _person(listener: Listener) -> Person:
    """Evidence goes from hand to hand, so the path of a hook, which may be a secret, is not in it."""
    return Person(
        endpoint=shown_endpoint(listener.protocol, listener.endpoint),
        protocol=listener.protocol,
        topic=listener.topic_arn,
    )


def _rank(chain: Chain) -> tuple[bool, bool, int, bool, str, str]:
    """What reaches somebody first, then what is equal, then what comes farthest."""
    far = len(LINKS) if chain.reaches else LINKS.index(chain.breaks_at)
    return (
        not chain.reaches,
        chain.fit not in {Fit.TEXT, Fit.MEANING},
        -far,
        chain.fit != Fit.TEXT,
        chain.filter,
        chain.alarm,
    )
