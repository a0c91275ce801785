"""From a call that passed by to its record. Spec: REC-2, REC-4, REC-14.

Rule: it runs off the call's path. Whatever goes wrong here is counted by who calls it; the call is long answered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tocsin.core.identity import CallerIdentity, Lesson, Observation, unsigned_identity
from tocsin.core.record import Circumstances, Tls, is_unauthenticated, record_of
from tocsin.wire.answer_reader import ObservedAnswer, read_answer
from tocsin.wire.observed import ObservedRequest, Unobserved, observe
from tocsin.wire.source_address import SourceAddresses

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tocsin.app.counters import Counters
    from tocsin.core.identity import IdentityBook
    from tocsin.core.record import ApiAnswer
    from tocsin.recorder.exchange import Passage
    from tocsin.wire.model import ServiceModels
    from tocsin.wire.observed import ObservedCall

_MOST_FORMS_TOLD: Final = 1_000
"""Forms of requests that are no calls are told of once each, up to so many."""


class RecordMaker:
    """Makes records of what has passed by. One thread calls it."""

    def __init__(
        self,
        models: ServiceModels,
        book: IdentityBook,
        *,
        counters: Counters,
        new_id: Callable[[], str],
        log: Any,
        region: str,
        data_events: bool,
        trusted_proxies: Sequence[str] = (),
        s3_hosts: Sequence[str] = (),
        assume_s3: bool = False,
        learned: Callable[[Lesson], None] = lambda _: None,
    ) -> None:
        """`region` is that of calls which name none; `learned` is told of what answers have taught."""
        self._models = models
        self._book = book
        self._counters = counters
        self._new_id = new_id
        self._log = log
        self._region = region
        self._data_events = data_events
        self._addresses = SourceAddresses(trusted_proxies)
        self._s3_hosts = tuple(s3_hosts)
        self._assume_s3 = assume_s3
        self._learned = learned
        self._told: set[tuple[str, str]] = set()

    def record(self, passage: Passage) -> dict[str, Any] | None:
        """The record of a call; None for a request of which none is made."""
        path, _, query = passage.target.partition(b"?")
        headers = tuple((name.lower(), value.strip()) for name, value in passage.headers)
        request = ObservedRequest(
            method=passage.method,
            raw_path=path,
            query_string=query,
            headers=headers,
            body=passage.body,
            body_length=passage.body_size,
        )
        observed = observe(
            request,
            self._models,
            default_region=self._region,
            s3_hosts=self._s3_hosts,
            assume_s3=self._assume_s3,
        )
        if isinstance(observed, Unobserved):
            self._note(observed)
            return None
        answer = read_answer(
            observed,
            ObservedAnswer(
                status=passage.status,
                headers={
                    name.lower().decode("latin-1"): value.strip().decode("latin-1")
                    for name, value in passage.answer_headers
                },
                body=passage.answer,
                body_length=passage.answer_size if passage.is_whole else max(passage.answer_size, 1) + 1,
            ),
        )
        if answer.error is not None and is_unauthenticated(answer.error):
            self._counters.add("unrecorded", reason="unauthenticated")
            return None
        caller = self._caller(observed, answer, passage)
        self._learn(observed, answer, passage)
        record = record_of(
            observed.call,
            answer,
            Circumstances(
                at=passage.at,
                event_id=self._new_id(),
                request_id=self._new_id(),
                account=caller.account,
                identity=caller.identity,
                source_address=self._addresses.of(passage.peer.address, request.header("x-forwarded-for")),
                user_agent=request.header("user-agent"),
                host=request.header("host"),
                tls=Tls(version=passage.peer.tls_version, cipher=passage.peer.cipher)
                if passage.peer.tls_version
                else None,
            ),
        )
        if record["eventCategory"] == "Data" and not self._data_events:
            self._counters.add("unrecorded", reason="data-event")
            return None
        self._counters.add("records_made")
        if observed.is_unread:
            self._counters.add("records_unread")
        return record

    def _note(self, seen: Unobserved) -> None:
        """Count a request that is no call; what is not recognised is told once for each form (REC-2.2)."""
        self._counters.add("unrecorded", reason=seen.reason)
        form = (seen.service, seen.form)
        if seen.reason == "unrecognised" and form not in self._told and len(self._told) < _MOST_FORMS_TOLD:
            self._told.add(form)
            self._log.warning("request-not-recognised", service=seen.service or "none", form=seen.form)

    def _caller(self, observed: ObservedCall, answer: ApiAnswer, passage: Passage) -> CallerIdentity:
        call = observed.call
        if observed.access_key is not None:
            return self._book.caller(observed.access_key, region=call.region, at=passage.at)
        return unsigned_identity(
            call.service,
            call.operation,
            call.parameters or {},
            answer.output or {},
            account=self._book.account,
        )

    def _learn(self, observed: ObservedCall, answer: ApiAnswer, passage: Passage) -> None:
        call = observed.call
        if answer.error is not None or call.service not in {"sts", "iam"}:
            return
        lesson = self._book.learn(
            Observation(
                service=call.service,
                operation=call.operation,
                parameters=call.parameters or {},
                output=answer.output or {},
                access_key=observed.access_key or "",
                region=call.region,
                at=passage.at,
            )
        )
        if lesson is not None:
            self._counters.add("keys_learned")
            self._learned(lesson)
