"""Operations, who calls them, and how errors of the core are called on the wire. Spec: WIRE-3.1, WIRE-4.6.

Rule: every handler names an operation of the model, and every tier-1 operation has a handler: both
are checked before the server starts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from tocsin.core.scope import Scope
from tocsin.errors import TocsinError
from tocsin.wire.fault import Fault
from tocsin.wire.page_token import PageTokenError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from tocsin.app.service import Service
    from tocsin.wire.page_token import PageTokens, Position

Parameters = dict[str, Any]
"""Parsed input by the model's member names: str, int, float, bool, bytes, aware datetime, list, dict (WIRE-2.1)."""


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """Who calls what, and when. `protocol` is `json`, `query` or `cbor`."""

    service: str
    operation: str
    protocol: str
    is_query_mode: bool
    scope: Scope
    access_key: str
    principal_arn: str
    request_id: str
    received_at: datetime
    source_address: str
    user_agent: str
    is_signed: bool
    app: Any  # the Service; msgspec would look at its type
    page_tokens: Any  # the PageTokens; as above

    @property
    def tocsin(self) -> Service:
        """What the use cases work with."""
        return self.app  # type: ignore[no-any-return]  # see `app`

    def next_token(
        self, parameters: Parameters, position: Sequence[str | int | None], *, bound_to: Collection[str] | None = None
    ) -> str:
        """The token of the page behind `position`, the sort key of this page's last item.

        It is bound to account, region, operation and those parameters whose names `bound_to` gives; without
        it to all but the token and the page's size (WIRE-9.1).
        """
        tokens: PageTokens = self.page_tokens
        return tokens.seal(position, self._binding(parameters, bound_to), at=self._at)

    def position(
        self,
        token: str | None,
        parameters: Parameters,
        *,
        fault: Fault,
        bound_to: Collection[str] | None = None,
        lifetime: int | None = None,
    ) -> Position | None:
        """Where the page that a token asks for begins; None without a token.

        Raises:
            Fault: `fault`, when the token is not one for this request; `lifetime` is in milliseconds (WIRE-9.2).
        """
        if token is None:
            return None
        tokens: PageTokens = self.page_tokens
        try:
            return tokens.open(token, self._binding(parameters, bound_to), at=self._at, lifetime=lifetime)
        except PageTokenError:
            raise fault from None

    @property
    def _at(self) -> int:
        return int(self.received_at.timestamp() * 1000)

    def _binding(self, parameters: Parameters, bound_to: Collection[str] | None) -> list[object]:
        names = parameters.keys() - _OF_THE_PAGE if bound_to is None else parameters.keys() & set(bound_to)
        bound = {name: parameters[name] for name in names}
        return [self.service, self.operation, self.scope.account, self.scope.region, bound]


_OF_THE_PAGE = frozenset(
    ("NextToken", "nextToken", "Limit", "limit", "MaxRecords", "MaxResults", "maxResults", "MaxItems", "MaxDatapoints")
)

Handler = Callable[[Context, Parameters], Mapping[str, Any] | bytes | None]
"""Gives the output by the model's member names; None for an operation without output; bytes are the body itself."""

FaultTable = Mapping[tuple[type[TocsinError], str], str]
"""Error class and resource ('' for any) -> name of the error shape."""


class Operations:
    """The handlers of one service."""

    def __init__(self, service: str, faults: FaultTable) -> None:
        self.service = service
        self.handlers: dict[str, Handler] = {}
        self._faults = faults

    def __call__(self, name: str) -> Callable[[Handler], Handler]:
        """Make a function the handler of the operation of that name."""

        def register(handler: Handler) -> Handler:
            assert name not in self.handlers, f"{self.service} {name} has two handlers"
            self.handlers[name] = handler
            return handler

        return register

    def fault_of(self, error: TocsinError) -> Fault | None:
        """How an error of the core is told to a client of this service; None for one that is not a client's."""
        code = getattr(error, "aws_code", "")
        if code:
            return Fault(code, error.message)
        resource = getattr(error, "resource", "")
        for kind in type(error).__mro__:
            for key in ((kind, resource), (kind, "")):
                shape = self._faults.get(key)
                if shape is not None:
                    return Fault(shape, error.message or None)
        return None
