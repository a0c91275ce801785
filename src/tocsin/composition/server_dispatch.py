"""One request of an AWS client, from bytes to bytes. Spec: WIRE-4.7, WIRE-3.11, WIRE-7.7.

Rule: whatever comes in, what goes out is an answer in the protocol of the request. Only a failing store, too much
at once and a defect of ours are answered with 5xx.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from tocsin.api.operation import Context
from tocsin.composition.call_recording import MadeCall
from tocsin.core.scope import Scope
from tocsin.errors import StoreError, TocsinError
from tocsin.wire import codec
from tocsin.wire.call import UnknownCallError
from tocsin.wire.content_encoding import unpacked
from tocsin.wire.detection import detect, guess, named_operation
from tocsin.wire.fault import Fault
from tocsin.wire.fault_format import internal_failure, not_supported, unavailable
from tocsin.wire.validate import validate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from tocsin.api.operation import Handler, Operations
    from tocsin.app.service import Service
    from tocsin.composition.call_recording import CallRecorder
    from tocsin.composition.request_rate import RequestRates
    from tocsin.core.trail.definition import Trail
    from tocsin.wire.authentication import Authenticator, Caller
    from tocsin.wire.call import Call, Guess
    from tocsin.wire.message import WireRequest, WireResponse
    from tocsin.wire.model import ServiceModels
    from tocsin.wire.page_token import PageTokens

ReportFailure = Callable[[str, str, BaseException], None]
"""Told of a defect: request id, what was called, and the exception."""


_APPENDING = frozenset(("PutLogEvents", "PutMetricData"))
"""Operations that do little but write at the end of what is there, as clients call them thousands of times a minute."""

MOST_AT_ONCE = 16 * 1024
"""Bytes of a body that keeps nobody else waiting for long while it is worked on."""


class _Course:
    """What is known of a request while it is worked on, for its record."""

    __slots__ = ("call", "caller", "fault", "former", "parameters", "result")

    def __init__(self) -> None:
        self.call: Call | None = None
        self.caller: Caller | None = None
        self.parameters: Mapping[str, Any] | None = None
        self.result: Mapping[str, Any] | bytes | None = None
        self.fault: Fault | None = None
        self.former: Sequence[Trail] = ()


class Dispatcher:
    """Answers requests. Safe in threads; it waits for the disk."""

    def __init__(
        self,
        service: Service,
        tables: dict[str, Operations],
        *,
        models: ServiceModels,
        authenticator: Authenticator,
        page_tokens: PageTokens,
        most_unpacked: int,
        most_metric_data: int = 2**20,
        report: ReportFailure,
        store_failed: Callable[[StoreError], None] = lambda _: None,
        recorder: CallRecorder | None = None,
        rates: RequestRates | None = None,
    ) -> None:
        """`most_metric_data` bounds the body of PutMetricData as it was sent (WIRE-7.4).

        `report` is told of defects: request id, what was called, and the exception; `store_failed` of the store.
        `recorder` makes CloudTrail records of calls (WIRE-10.5); `rates` refuses those that come too fast.
        """
        self._service = service
        self._tables = tables
        self._models = models
        self._authenticator = authenticator
        self._page_tokens = page_tokens
        self._most_unpacked = most_unpacked
        self._most_metric_data = most_metric_data
        self._report = report
        self._store_failed = store_failed
        self._recorder = recorder
        self._rates = rates

    def may_answer_at_once(self, request: WireRequest) -> bool:
        """Whether a small request is of a kind that `answer_at_once` is for."""
        # What came packed may become large.
        return named_operation(request) in _APPENDING and request.header("content-encoding") is None

    def answer_at_once(
        self, request: WireRequest, *, request_id: str, source_address: str, tls: tuple[str, str] | None = None
    ) -> WireResponse | None:
        """The same as `answer`, if nothing has to be waited for; else None.

        It is for the thread of the event loop, where two changes of threads would cost as much as the request.
        """
        with self._service.store.at_once() as is_possible:
            if not is_possible:
                return None
            return self.answer(request, request_id=request_id, source_address=source_address, tls=tls)

    def answer(
        self, request: WireRequest, *, request_id: str, source_address: str, tls: tuple[str, str] | None = None
    ) -> WireResponse:
        """The answer to a request whose body was received in full; `tls` is version and cipher of its connection."""
        course = _Course()
        response = self._answered(request, course, request_id=request_id, source_address=source_address)
        recorder, call, caller = self._recorder, course.call, course.caller
        if recorder is not None and call is not None and caller is not None and recorder.records(call, caller, request):
            around = recorder.surroundings(request, request_id=request_id, peer=source_address, tls=tls)
            made = MadeCall(
                call,
                caller,
                course.parameters,
                course.result,
                course.fault,
                at=self._service.now(),
                surroundings=around,
                size=len(request.body),
                former=course.former,
            )
            recorder.hand_over(made)
        return response

    def _answered(self, request: WireRequest, course: _Course, *, request_id: str, source_address: str) -> WireResponse:
        known: Guess | None = None
        named = "?"
        try:
            # The signature covers the body as it was sent; it is unpacked afterwards (WIRE-4.7).
            at = self._service.now()
            course.call = call = self._detected(request)
            known, named = call, f"{call.service} {call.operation}"
            self._require_size(call, request)
            course.caller = caller = self._authenticator.authenticate(request, call, at=at)
            handler = self._handler(call)  # whatever it is called with: that it is not there is what helps (WIRE-3.13)
            body = unpacked(request, most=self._most_unpacked)
            if self._rates is not None:
                self._rates.require(call, caller)
            course.parameters = parameters = codec.decode_input(call, body)
            validate(call, parameters)
            context = Context(
                service=call.service,
                operation=call.operation,
                protocol=call.protocol,
                is_query_mode=call.is_query_mode,
                scope=Scope(caller.account, caller.region),
                access_key=caller.access_key,
                principal_arn=caller.principal_arn,
                request_id=request_id,
                received_at=at,
                source_address=source_address,
                user_agent=request.header("user-agent") or "",
                is_signed=caller.is_signed,
                app=self._service,
                page_tokens=self._page_tokens,
            )
            if self._recorder is not None:
                course.former = self._recorder.trails_before(call)
            course.result = result = handler(context, parameters)
            response = codec.encode_output(call, result, request_id)
        except UnknownCallError as error:
            return self._refused(error.guess, error.fault, request_id, "unknown")
        except Fault as fault:
            # What led to it holds this frame, which holds `course` and all that was sent: they would stay in memory.
            fault.__traceback__ = fault.__context__ = fault.__cause__ = None
            course.fault = fault
            return self._refused(known or guess(request, self._models), fault, request_id, named)
        except StoreError as error:
            self._service.counters.add("errors", reason=error.code)
            self._store_failed(error)
            told = known or guess(request, self._models)
            course.fault = unavailable(told, error.message)
            return codec.encode_fault(told, course.fault, request_id)
        except TocsinError as error:
            told = known or guess(request, self._models)
            table = self._tables.get(told.service)
            refused = table.fault_of(error) if table is not None else None
            if refused is None:
                course.fault = internal_failure(told, request_id)
                return self._failed(told, course.fault, request_id, named, error)
            course.fault = refused
            return self._refused(told, refused, request_id, named)
        except Exception as error:  # noqa: BLE001  (the supervisor of requests: it is counted and reported)
            told = known or guess(request, self._models)
            course.fault = internal_failure(told, request_id)
            return self._failed(told, course.fault, request_id, named, error)
        self._service.counters.add("requests", service=call.service, outcome="answered")
        return response

    def _require_size(self, call: Call, request: WireRequest) -> None:
        if call.operation == "PutMetricData" and len(request.body) > self._most_metric_data:
            raise Fault("RequestEntityTooLargeException", "The request body is too large.", status=413)

    def _handler(self, call: Call) -> Handler:
        table = self._tables.get(call.service)
        handler = table.handlers.get(call.operation) if table is not None else None
        if handler is None:
            raise not_supported(call)
        return handler

    def _detected(self, request: WireRequest) -> Call:
        """The call; of a form that came packed it is only known when it is unpacked (WIRE-4.7)."""
        if request.header("content-encoding") and (request.header("content-type") or "").startswith(
            "application/x-www-form-urlencoded"
        ):
            plain = unpacked(request, most=self._most_unpacked)
            return detect(msgspec.structs.replace(request, body=plain), self._models)
        return detect(request, self._models)

    def _refused(self, known: Guess, fault: Fault, request_id: str, named: str) -> WireResponse:
        self._service.counters.add("requests", service=known.service or "none", outcome="refused")
        del named  # what was called is in the log of requests
        return codec.encode_fault(known, fault, request_id)

    def _failed(self, known: Guess, fault: Fault, request_id: str, named: str, error: BaseException) -> WireResponse:
        self._service.counters.add("errors", reason="internal")
        self._report(request_id, named, error)
        return codec.encode_fault(known, fault, request_id)
