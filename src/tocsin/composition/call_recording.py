"""Calls of our own API become CloudTrail records. Spec: REC-1.2, REC-2, REC-16.1, WIRE-10.5, CT-10.3.

Rule: recording never fails, alters or delays a call. What was called and answered is handed over as it is; one thread
makes the records and keeps them, in order. When too much waits for it a call is not recorded, and that is counted.
"""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from tocsin.app.record_intake import RecordIntake
from tocsin.app.trail import TRAILS
from tocsin.core.record import Circumstances, Tls, is_unauthenticated, record_of
from tocsin.core.record.category import data_resource_type
from tocsin.core.record.read_only import is_read_only
from tocsin.errors import StoreError
from tocsin.wire.handled import handled_answer, handled_call, handled_fault
from tocsin.wire.observed import EXCLUDED
from tocsin.wire.source_address import SourceAddresses

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from tocsin.app.service import Service
    from tocsin.core.identity import CallerIdentity
    from tocsin.core.trail.definition import Trail
    from tocsin.wire.authentication import Caller
    from tocsin.wire.call import Call
    from tocsin.wire.fault import Fault
    from tocsin.wire.message import WireRequest

_MOST_WAITING = 10_000
_MOST_BYTES = 64 * 1024 * 1024
"""What may wait: calls, and bytes of their requests."""

_MOST_TOGETHER = 500

# Seconds for which a store that failed is left alone.
_REST = 1.0

# Seconds that a look into what was recorded, or a change of a trail, waits for the calls before it.
_SETTLE = 2.0

_encode = msgspec.json.Encoder().encode


class Surroundings(NamedTuple):
    """What a record tells of a request besides what was asked."""

    request_id: str
    source_address: str
    user_agent: str | None = None
    host: str | None = None
    tls: Tls | None = None


class MadeCall(NamedTuple):
    """A call that was answered, at `at`. `result` or `fault` is what it was answered with.

    `parameters` is None where they could not be read. `size` is that of the request's body. `former` are the trails as
    they were before a call that may have changed one.
    """

    call: Call
    caller: Caller
    parameters: Mapping[str, Any] | None
    result: Mapping[str, Any] | bytes | None
    fault: Fault | None
    at: datetime
    surroundings: Surroundings
    size: int = 0
    former: Sequence[Trail] = ()


class _Mark(NamedTuple):
    """Stands behind what was handed over before it."""

    reached: threading.Event


class CallRecorder:
    """Records calls. `identify` says who made one; `report` is told of what could not be recorded, and why."""

    def __init__(
        self,
        service: Service,
        *,
        identify: Callable[[MadeCall], CallerIdentity],
        report: Callable[[BaseException], None],
        trusted_proxies: Sequence[str] = (),
    ) -> None:
        self._addresses = SourceAddresses(trusted_proxies)
        self._service = service
        self._intake = service.part(RecordIntake)
        self._identify = identify
        self._report = report
        self._waiting: queue.SimpleQueue[MadeCall | _Mark | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._bytes = 0  # of what waits
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name="tocsin recorder", daemon=True)
        self._thread.start()

    def records(self, call: Call, caller: Caller, request: WireRequest) -> bool:
        """Whether a call is recorded: links in mails that somebody has opened are none (REC-2.2)."""
        if (call.service, call.operation) in EXCLUDED:
            return False
        return caller.is_signed or request.method != "GET"

    def surroundings(
        self, request: WireRequest, *, request_id: str, peer: str, tls: tuple[str, str] | None
    ) -> Surroundings:
        """What is told of a request that came from `peer`; `tls` is version and cipher."""
        return Surroundings(
            request_id,
            self._addresses.of(peer, request.header("x-forwarded-for")),
            request.header("user-agent"),
            request.header("host"),
            None if tls is None else Tls(version=tls[0], cipher=tls[1]),
        )

    def trails_before(self, call: Call) -> Sequence[Trail]:
        """The trails, before a call that may change one is carried out; none for any other call.

        What was called before it is recorded first, so that it goes where it would have gone then.
        """
        if call.service != "cloudtrail":
            return ()
        if is_read_only("cloudtrail", call.operation):
            if call.operation == "LookupEvents":  # whoever has called something wants to see it
                self.settle()
            return ()
        self.settle()
        with self._service.store.read() as store:
            return [trail for _, _, trail in TRAILS.scan_all(store) if trail.is_logging]

    def hand_over(self, made: MadeCall) -> None:
        """Record a call, soon."""
        with self._lock:
            has_room = self._waiting.qsize() < _MOST_WAITING and self._bytes + made.size <= _MOST_BYTES
            if has_room:
                self._bytes += made.size
        if not has_room or self._closing.is_set():
            self._service.counters.add("records_dropped")
            return
        if made.result is not None and not _tells_answer(made.call):
            made = made._replace(result=None)  # it may be large, and nobody will look at it
        self._waiting.put(made)

    def settle(self, *, within: float = _SETTLE) -> bool:
        """Wait until what was handed over is kept; False when that takes too long."""
        mark = _Mark(threading.Event())
        self._waiting.put(mark)
        return mark.reached.wait(within)

    def close(self, *, within: float = _SETTLE) -> None:
        """Take nothing more, and keep what waits, if that can be done in time."""
        self._closing.set()
        self._waiting.put(None)
        self._thread.join(within)

    # ------------------------------------------------------------ the thread

    def _work(self) -> None:
        is_over = False
        while not is_over:
            batch: list[MadeCall] = []
            one = self._waiting.get()
            while isinstance(one, MadeCall):
                batch.append(one)
                # Trails as they were before a call are for it and for what was called before it.
                if len(batch) == _MOST_TOGETHER or one.former or self._waiting.empty():
                    break
                one = self._waiting.get()
            if batch:
                self._keep(batch)
            if isinstance(one, _Mark):
                one.reached.set()
            is_over = one is None

    def _keep(self, batch: Sequence[MadeCall]) -> None:
        """Make records of calls, and keep them, however often the store must be tried."""
        with self._lock:
            self._bytes -= sum(made.size for made in batch)
        bodies = [body for made in batch if (body := self._record(made)) is not None]
        while bodies:
            try:
                self._intake.take(bodies, trails=batch[-1].former)
            except StoreError as error:
                if not self._closing.wait(_REST):
                    continue
                self._drop(len(bodies), error)
            except Exception as error:  # noqa: BLE001  (the supervisor of this thread: it is counted and reported)
                self._drop(len(bodies), error)
            return

    def _record(self, made: MadeCall) -> bytes | None:
        """The text of a call's record; None where there is to be none."""
        try:
            call, caller, around = made.call, made.caller, made.surroundings
            if data_resource_type(call.service, call.operation) and not self._intake.has_trails(caller.account):
                return None
            asked = handled_call(call, made.parameters, region=caller.region, host=around.host or "")
            if made.fault is None:
                answered = handled_answer(made.result, around.request_id)
            else:
                answered = handled_fault(call, made.fault, around.request_id)
                if answered.error is not None and is_unauthenticated(answered.error):
                    return None
            who = self._identify(made)
            circumstances = Circumstances(
                at=made.at,
                event_id=self._service.new_id(),
                request_id=around.request_id,
                account=who.account,
                identity=who.identity,
                source_address=around.source_address,
                user_agent=around.user_agent,
                host=around.host,
                tls=around.tls,
            )
            return _encode(record_of(asked, answered, circumstances))
        except Exception as error:  # noqa: BLE001  (as in _keep)
            self._drop(1, error)
            return None

    def _drop(self, count: int, error: BaseException) -> None:
        self._service.counters.add("records_dropped", count)
        self._report(error)


def _tells_answer(call: Call) -> bool:
    """Whether a record may have responseElements: calls that only read have none, but for those of STS (CT-2.7)."""
    return call.service == "sts" or not is_read_only(call.api.signing_name, call.operation)
