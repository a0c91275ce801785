"""The paths of our own: health, metrics, reset, certificates. Spec: IF-7, SNS-7.3, WIRE-9.11, WIRE-9.12."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qs

import msgspec

from tocsin.app.audit_chain import AuditChain
from tocsin.app.metrics_page import CONTENT_TYPE, Gauge, metrics_page
from tocsin.composition.record_receiver import PATH as RECORDS
from tocsin.console.subscription_page import page_headers, unavailable_page
from tocsin.core.outbox import DeliveryStatus
from tocsin.core.scope import Scope
from tocsin.errors import StoreError
from tocsin.version import __version__
from tocsin.wire.message import WireResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tocsin.app.service import Service
    from tocsin.app.source_feed import SourceState
    from tocsin.composition.record_receiver import RecordReceiver
    from tocsin.console.subscription_page import SubscriptionPages
    from tocsin.wire.message import WireRequest

_JSON = "application/json"
_PEM = "application/x-pem-file"

# What counters say, for whoever reads the metrics.
_HELP = {
    "alarm_actions": "Actions of alarms, by outcome.",
    "alarm_evaluations": "Evaluations of metric alarms.",
    "alarm_transitions": "Changes of the state of alarms, by new state.",
    "clock_set_back": "How often the clock was set back by more than a minute.",
    "complaints": "Complaints that have begun: nobody listens, a subscription waits, an endpoint takes nothing.",
    "delivery_attempts": "Attempts to deliver, by protocol and outcome.",
    "console_sign_ins": "Attempts to sign in to the console, by outcome.",
    "deliveries_queued": "Deliveries that were put into the outbox.",
    "errors": "Requests that failed for a reason that is not the client's, by reason.",
    "events_received": "Log events that were kept.",
    "events_rejected": "Log events that were left out: too old, too new or expired.",
    "filter_matches": "Matches of metric filters.",
    "filter_values_unusable": "Matches without a usable value.",
    "heartbeats": "Heartbeats, by outcome.",
    "late_ticks": "Instants of alarms that were evaluated late.",
    "messages_filtered_out": "Messages that a filter policy kept from a subscriber.",
    "messages_published": "Messages that were published to topics.",
    "metric_data_received": "Data that PutMetricData took.",
    "operator_messages": "Messages to operator.channel.",
    "passed_over_ticks": "Instants of alarms that were not made up for after a pause.",
    "records_dropped": "Calls of this service that could not be recorded.",
    "records_duplicate": "CloudTrail records that were there already.",
    "records_received": "CloudTrail records that were taken.",
    "records_refused": "What was sent as CloudTrail records and is none.",
    "source_duplicates": "Records of sources that were there already.",
    "source_events": "Records that sources gave.",
    "source_files": "Files that sources have read to their end.",
    "source_files_skipped": "Files of sources that could not be read, or not to their end.",
    "source_malformed": "Values in files of sources that are no records.",
    "requests": "Requests of AWS clients, by service and outcome.",
    "trail_file_failures": "Log files and digests of trails that could not be put, by kind; they are put again.",
    "trail_files_delivered": "Log files and digests of trails that are in their buckets, by kind.",
    "trail_notifications": "Notifications of log files, by outcome.",
    "trail_records_given_up": "Records whose log file could not be put for a month.",
    "trail_records_logged": "Records that trails brought to log groups.",
    "trail_records_unlogged": "Records that did not get into the log group of their trail, by reason.",
    "task_restarts": "Background tasks that failed and were started again, by task.",
}


class Watcher(Protocol):
    """What watches over a part of the service, and has something to tell."""

    @property
    def health(self) -> Mapping[str, Any]:
        """Members of the answer about health."""
        ...

    @property
    def gauges(self) -> Mapping[str, tuple[str, float]]:
        """Numbers for the metrics, by name without the prefix, each with a sentence about it."""
        ...


class ServerPages:
    """Answers what is ours.

    `facts` are what health tells besides the state, `problems` what is wrong now, `sources` how those stand.
    `certificate` gives what is served under a path of the messages' certificates, as PEM.
    """

    def __init__(
        self,
        service: Service,
        *,
        facts: dict[str, Any],
        problems: Callable[[], list[str]],
        sources: Callable[[], list[SourceState]],
        lag: Callable[[], float | None],
        allows_reset: bool,
        certificate: Callable[[bytes], bytes | None] = lambda _: None,
        subscriptions: SubscriptionPages | None = None,
        watchers: Sequence[Watcher] = (),
        records: RecordReceiver | None = None,
        before_reset: Callable[[], object] = lambda: None,
    ) -> None:
        """`subscriptions` are the pages behind the links in mails; `watchers` add to health and metrics.

        `records` takes records of others; `before_reset` lets what is under way come to its end.
        """
        self._service = service
        self._facts = facts
        self._problems = problems
        self._sources = sources
        self._lag = lag
        self._allows_reset = allows_reset
        self._certificate = certificate
        self._subscriptions = subscriptions
        self._watchers = watchers
        self._records = records
        self._before_reset = before_reset

    def answer(self, request: WireRequest, request_id: str) -> WireResponse:
        """The answer to a request for one of our paths."""
        if self._subscriptions is not None and request.raw_path in self._subscriptions.paths:
            return self._subscription_page(self._subscriptions, request, request_id)
        pages = {
            (b"/_tocsin/health", "GET"): self._health,
            (b"/_tocsin/metrics", "GET"): self._metrics,
            (b"/_tocsin/reset", "POST"): self._reset,
            (RECORDS, "POST"): self._take_records,
        }
        method = "GET" if request.method == "HEAD" else request.method
        page = pages.get((request.raw_path, method))
        if page is not None:
            try:
                return page(request, request_id)
            except StoreError as error:
                return _json(503, {"status": "failing", "reasons": [error.message]}, request_id)
        pem = self._certificate(request.raw_path)
        if pem is not None and method == "GET":
            return WireResponse(status=200, headers=_headers(_PEM, request_id), body=pem)
        allowed = [method for path, method in pages if path == request.raw_path]
        if allowed:
            refused = _json(405, {"status": "error", "reason": f"this page takes {allowed[0]}"}, request_id)
            return msgspec.structs.replace(refused, headers=(*refused.headers, ("Allow", allowed[0])))
        return _json(404, {"status": "error", "reason": "there is no such page"}, request_id)

    def _subscription_page(self, pages: SubscriptionPages, request: WireRequest, request_id: str) -> WireResponse:
        if request.method not in {"GET", "HEAD", "POST"}:
            refused = _json(405, {"status": "error", "reason": "this page takes GET and POST"}, request_id)
            return msgspec.structs.replace(refused, headers=(*refused.headers, ("Allow", "GET, HEAD, POST")))
        try:
            status, html = pages.answer(
                request.raw_path, request.query_string, request.body, acts=request.method == "POST"
            )
        except StoreError:
            status, html = 503, unavailable_page()
        headers = (*_headers("text/html; charset=utf-8", request_id), *page_headers())
        return WireResponse(status=status, headers=headers, body=html.encode())

    def _health(self, _request: WireRequest, request_id: str) -> WireResponse:
        problems = self._problems()
        try:
            self._service.store.check()
        except StoreError as error:
            problems = [error.message, *problems]
        status = "failing" if problems else "ok"
        told = {"status": status, "version": __version__, **self._facts}
        if problems:
            told["reasons"] = list(dict.fromkeys(problems))
        if sources := self._sources():
            told["sources"] = sources
        for watcher in self._watchers:
            told.update(watcher.health)
        return _json(503 if problems else 200, told, request_id)

    def _metrics(self, _request: WireRequest, request_id: str) -> WireResponse:
        lag = self._lag()
        waiting: int | None = None
        with suppress(StoreError), self._service.store.read() as store:  # what was counted is told all the more then
            waiting = store.outbox.count(DeliveryStatus.PENDING)
        gauges: dict[str, Gauge] = {
            "outbox_pending": ("Deliveries that wait.", waiting),
            "evaluation_lag_seconds": ("How far the evaluation of alarms is behind.", lag),
        }
        for watcher in self._watchers:
            gauges.update(watcher.gauges)
        body = metrics_page(_HELP, self._service.counters.snapshot(), gauges)
        return WireResponse(status=200, headers=_headers(CONTENT_TYPE, request_id), body=body)

    def _reset(self, request: WireRequest, request_id: str) -> WireResponse:
        if not self._allows_reset:
            reason = "the setting server.allow_reset is off"
            return _json(403, {"status": "error", "reason": reason}, request_id)
        asked = parse_qs(request.query_string.decode("latin-1"), keep_blank_values=True)
        account, region = (asked.get(name, [""])[0] for name in ("account", "region"))
        if bool(account) != bool(region) or asked.keys() - {"account", "region"}:
            reason = "one account in one region is reset by ?account=ID&region=NAME, everything without either"
            return _json(400, {"status": "error", "reason": reason}, request_id)
        scope = Scope(account, region) if account else None
        self._before_reset()
        self._service.store.write(lambda store: store.reset(scope))
        if scope is None:
            self._service.part(AuditChain).forget()
        return _json(200, {"status": "ok"}, request_id)

    def _take_records(self, request: WireRequest, request_id: str) -> WireResponse:
        if self._records is None:
            return _json(404, {"status": "error", "reason": "there is no such page"}, request_id)
        return _json(*self._records.receive(request), request_id)


def _json(status: int, told: dict[str, Any], request_id: str) -> WireResponse:
    return WireResponse(status=status, headers=_headers(_JSON, request_id), body=msgspec.json.encode(told) + b"\n")


def _headers(content_type: str, request_id: str) -> tuple[tuple[str, str], ...]:
    return (
        ("Content-Type", content_type),
        ("x-amzn-RequestId", request_id),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
    )
