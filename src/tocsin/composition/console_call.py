"""Changes of the console go through our own API, in process. Spec: CON-7.2, CON-8.5.

Rule: what the console changes is checked, refused and recorded as it is for an AWS client; its record names who was
signed in, as the IAM user `tocsin-console/NAME`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.api.operation import Context
from tocsin.app.console_user import console_principal
from tocsin.composition.audit_subject import is_change, subjects_of
from tocsin.composition.call_recording import MadeCall, Surroundings
from tocsin.console.answer import ApiRefusalError
from tocsin.console.visit import Change
from tocsin.core.identity import synthetic_id
from tocsin.core.scope import Scope
from tocsin.errors import StoreError, TocsinError
from tocsin.wire.authentication import Caller
from tocsin.wire.call import Call
from tocsin.wire.fault import Fault
from tocsin.wire.fault_format import fault_form
from tocsin.wire.validate import validate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tocsin.api.operation import Operations
    from tocsin.app.service import Service
    from tocsin.composition.audit_subject import Subject
    from tocsin.composition.call_recording import CallRecorder
    from tocsin.console.visit import Actor, Audit
    from tocsin.core.trail.definition import Trail
    from tocsin.wire.model import ServiceModels
    from tocsin.wire.page_token import PageTokens

_USER_AGENT = "tocsin-console"


class ConsoleApi:
    """The port `console.visit.Api`. `recorder` is None where calls are not recorded, as in tests."""

    def __init__(
        self,
        service: Service,
        tables: Mapping[str, Operations],
        *,
        models: ServiceModels,
        page_tokens: PageTokens,
        recorder: CallRecorder | None,
        audit: Audit,
    ) -> None:
        self._service = service
        self._tables = tables
        self._models = models
        self._page_tokens = page_tokens
        self._recorder = recorder
        self._audit = audit

    def call(
        self, service: str, operation: str, parameters: Mapping[str, Any], *, scope: Scope, actor: Actor
    ) -> dict[str, Any]:
        """Make a call, record it, and note it in the audit log; its result.

        Raises:
            ApiRefusalError: with AWS's code and text.
            StoreError: the store cannot be used.
        """
        call = self._call(service, operation)
        arn = console_principal(scope, actor.name).arn
        caller = Caller(
            account=scope.account,
            region=scope.region,
            access_key=synthetic_id("ASIA", arn),
            principal_arn=arn,
            is_signed=True,
        )
        given = dict(parameters)
        subjects: Sequence[Subject] = ()
        before: list[dict[str, Any] | None] = []
        former: Sequence[Trail] = () if self._recorder is None else self._recorder.trails_before(call)
        fault: Fault | None = None
        result: Mapping[str, Any] | bytes | None = None
        try:
            validate(call, given)
            if is_change(operation):
                subjects = subjects_of(service, operation, given, scope)
                before = [self._look(subject, caller, actor) for subject in subjects]
            result = self._handle(call, caller, given, actor)
        except Fault as refused:
            fault = refused
        except StoreError:
            raise
        except TocsinError as error:
            fault = self._tables[service].fault_of(error)
            if fault is None:
                raise
        around = Surroundings(actor.request_id, actor.source_address, _USER_AGENT)
        self._record(MadeCall(call, caller, given, result, fault, at=actor.at, surroundings=around, former=former))
        if fault is not None:
            form = fault_form(call, fault)
            raise ApiRefusalError(form.code, form.message or form.code)
        for subject, was in zip(subjects, before, strict=True):
            became = self._look(subject, caller, actor) if subject.looks else subject.told
            change = Change(
                action=operation, kind=subject.kind, name=subject.name, scope=scope, before=was, after=became
            )
            self._audit.note(change, actor)
        return dict(result) if result is not None and not isinstance(result, bytes) else {}

    def _look(self, subject: Subject, caller: Caller, actor: Actor) -> dict[str, Any] | None:
        """What an object is now, as reading operations say; None where it is not there. Nobody's record tells of it."""
        found: dict[str, Any] = {}
        for number, look in enumerate(subject.looks):
            call = self._call(look.service, look.operation)
            try:
                answer = self._handle(call, caller, dict(look.parameters), actor)
            except StoreError:
                raise
            except (Fault, TocsinError):  # it is not there, or has no such thing
                answer = None
            told = look.pick(answer) if answer is not None and not isinstance(answer, bytes) else None
            if told is None and number == 0:
                return None
            found |= told or {}
        return found or None

    def _call(self, service: str, operation: str) -> Call:
        api = self._models.service(service)
        model = api.operation(operation)
        assert model is not None, f"{service} has no operation {operation}"
        return Call(protocol="json", service=service, api=api, operation=operation, model=model)

    def _handle(
        self, call: Call, caller: Caller, parameters: dict[str, Any], actor: Actor
    ) -> Mapping[str, Any] | bytes | None:
        context = Context(
            service=call.service,
            operation=call.operation,
            protocol=call.protocol,
            is_query_mode=False,
            scope=Scope(caller.account, caller.region),
            access_key=caller.access_key,
            principal_arn=caller.principal_arn,
            request_id=actor.request_id,
            received_at=actor.at,
            source_address=actor.source_address,
            user_agent=_USER_AGENT,
            is_signed=True,
            app=self._service,
            page_tokens=self._page_tokens,
        )
        return self._tables[call.service].handlers[call.operation](context, parameters)

    def _record(self, made: MadeCall) -> None:
        if self._recorder is not None:
            self._recorder.hand_over(made)
