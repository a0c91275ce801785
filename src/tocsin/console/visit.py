"""One request of a person, with what a view may know and do. Spec: CON-3.3, CON-7, CON-8.5.

Rule: a view gets everything from its visit, and changes nothing but through `call` and `note`.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl, quote, urlencode

import msgspec

from tocsin.console.masked import masked_value
from tocsin.console.moment import Clockface, zone_of
from tocsin.console.route import Role
from tocsin.core.address_mask import masked
from tocsin.core.scope import Scope
from tocsin.errors import AccessDeniedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tocsin.app.service import Service
    from tocsin.console.answer import Undo
    from tocsin.console.route import ConsoleRequest

ROOT = "/console"
"""What every address of the console begins with."""

_EVERY_SCOPE = "all"
_SAFE_IN_PATH = "~:@!$'()*,;=+"


class Visitor(msgspec.Struct, frozen=True, kw_only=True):
    """Who looks, and how they want it shown. `zone` is a name of the IANA database, `own_zone` one that was chosen."""

    name: str = "local"
    role: Role = "operator"
    zone: str = "UTC"
    own_zone: str = ""
    is_utc: bool = False
    theme: str = ""
    has_shortcuts: bool = True
    can_leave: bool = False  # there is a session that can be ended

    @property
    def is_operator(self) -> bool:
        """Whether they may change anything."""
        return self.role == "operator"


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who makes a change, for its record and for the audit log."""

    name: str
    role: Role
    source_address: str
    user_agent: str
    request_id: str
    at: datetime


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A change for the audit log. `before` and `after` are what msgspec can encode; None for not there."""

    action: str
    kind: str
    name: str
    scope: Scope
    before: Any = None
    after: Any = None
    reason: str = ""


class Api(Protocol):
    """Our own API, in process: the same checks, errors and records as for an AWS client."""

    def call(
        self, service: str, operation: str, parameters: Mapping[str, Any], *, scope: Scope, actor: Actor
    ) -> dict[str, Any]:
        """Make a call; its result by the API's member names.

        Raises:
            ApiRefusalError: with AWS's code and text.
        """
        ...


class Audit(Protocol):
    """Takes what was changed, and by whom."""

    def note(self, change: Change, actor: Actor) -> None:
        """Keep a change."""
        ...

    def offer_undo(self, undo: Undo, actor: Actor) -> int | None:
        """Let the last change of an actor's request be taken back; the number of its entry, None where it has none."""
        ...

    def note_undone(self, sequence: int, actor: Actor) -> None:
        """Keep that the change of an entry was taken back by the last change of an actor's request."""
        ...


class ConsoleParts(msgspec.Struct, kw_only=True):
    """What composition gives to the console besides the service: ports to what lies outside the store."""

    api: Any  # an Api; msgspec would look at its type
    audit: Any  # an Audit
    access: Any = None  # the ConsoleAccess; None where nobody has to sign in
    lag: Any = lambda: None  # () -> float | None: seconds by which the evaluation of alarms is behind
    problems: Any = list  # () -> list[str]: what health complains of
    last_signal: Any = lambda: None  # () -> int | None: the number of what open pages were told last; None if none is
    region: str = "us-east-1"  # of calls that name none
    installation: Any = None  # the Installation; None where nothing is told of it
    archive: Any = None  # an ArchiveDesk; None where there is none
    mailbox: Any = None  # an app.ports.Mailbox
    mail_server: str = ""  # through which mails leave, without its password; empty where they stay in the mailbox


class Form:
    """Fields by name, as they were sent; a name may come more than once."""

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        self._fields: dict[str, list[str]] = {}
        for name, value in fields:
            self._fields.setdefault(name, []).append(value)

    @classmethod
    def parse(cls, text: str, *, most: int) -> Form:
        """The fields of a query or of a form's body, `most` of them at most.

        Raises:
            ValueError: there are more.
        """
        return cls(parse_qsl(text, keep_blank_values=True, max_num_fields=most))

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def __bool__(self) -> bool:
        return bool(self._fields)

    def get(self, name: str, default: str = "") -> str:
        """The last value of a field, without blanks at its ends."""
        values = self._fields.get(name)
        return values[-1].strip() if values else default

    def exact(self, name: str, default: str = "") -> str:
        """The last value of a field as it was typed; line ends are those of Unix."""
        values = self._fields.get(name)
        return values[-1].replace("\r\n", "\n") if values else default

    def all(self, name: str) -> list[str]:
        """Every value of a field, in order."""
        return list(self._fields.get(name, ()))

    def items(self) -> list[tuple[str, str]]:
        """Every name and value."""
        return [(name, value) for name, values in self._fields.items() for value in values]


class Visit:
    """A request, who makes it, what they look at, and when."""

    def __init__(
        self,
        request: ConsoleRequest,
        visitor: Visitor,
        *,
        service: Service,
        parts: ConsoleParts,
        path: Mapping[str, str],
        query: Form,
        form: Form,
        scopes: Sequence[Scope],
        token: str = "",
        session: str = "",
    ) -> None:
        """`scopes` are all that there are, the one that is shown without being asked for first.

        `session` is the token of the visitor's session, for whoever ends it; empty where there is none.
        """
        self.request = request
        self.visitor = visitor
        self.service = service
        self.parts = parts
        self.path = path
        self.form = form
        self.known_scopes = scopes
        self.is_own = False  # what is made for it is given to nobody else
        self.session = session
        self._token = token
        self.at: datetime = service.now()
        self.problems: Mapping[str, str] = {}
        self.clock = Clockface(zone_of("UTC" if visitor.is_utc else visitor.zone), at=self.at)
        self._query = query
        self._asked_scope = query.get("in")

    @property
    def token(self) -> str:
        """What the forms of this visit are known by: what has it in it is for nobody else (`is_own`)."""
        self.is_own = True
        return self._token

    @token.setter
    def token(self, token: str) -> None:
        self._token = token

    # ------------------------------------------------------------ what was asked

    def query(self, name: str, default: str = "") -> str:
        """A field of the address's query."""
        return self._query.get(name, default)

    def queries(self, name: str) -> list[str]:
        """All fields of that name."""
        return self._query.all(name)

    @property
    def scope(self) -> Scope:
        """The account and region looked at; with `in=all` the one that stands first."""
        return self.scopes[0]

    @property
    def scopes(self) -> Sequence[Scope]:
        """The accounts and regions looked at: one, or all where the address says `in=all`."""
        if self._asked_scope == _EVERY_SCOPE:
            return self.known_scopes
        account, slash, region = self._asked_scope.partition("/")
        if slash and account and region:
            return (Scope(account, region),)
        return self.known_scopes[:1]

    @property
    def here(self) -> str:
        """The address of this page, below the host, without the line about what was done."""
        kept = [(name, value) for name, value in self._query.items() if name != "told"]
        path = f"{ROOT}/{self.request.path}".rstrip("/")
        return f"{path}?{urlencode(kept)}" if kept else path

    def asked(self) -> list[tuple[str, str, str]]:
        """The fields of the address's query, each with the address of this page without it."""
        fields = [(name, value) for name, value in self._query.items() if name != "told"]
        path = f"{ROOT}/{self.request.path}".rstrip("/")
        return [
            (name, value, f"{path}?{urlencode([one for one in fields if one[0] != name])}".rstrip("?"))
            for name, value in fields
            if value and name != "in"
        ]

    @property
    def is_live(self) -> bool:
        """Whether a form was sent by the script while somebody types: it changes nothing then (CON-7.2)."""
        return self.request.header("x-tocsin-live") is not None

    # ------------------------------------------------------------ addresses

    def url(self, path: str, *names: str, **query: str | int | None) -> str:
        """An address below `/console`: `url("alarms", "cis/root-usage", state="ALARM")`.

        `names` are quoted and may hold slashes; fields that are None or empty are left out. What account and region
        are looked at is kept. A name that a path cannot carry goes into the query (CON-3.2).
        """
        fields = {name: str(value) for name, value in query.items() if value not in (None, "")}
        if self._asked_scope and "in" not in query:
            fields["in"] = self._asked_scope
        if names and any(not _fits_path(name) for name in names):
            fields["name"] = names[-1]
            names = names[:-1]
        text = "/".join([ROOT, *([path] if path else []), *(quote(name, safe="/" + _SAFE_IN_PATH) for name in names)])
        return f"{text}?{urlencode(fields)}" if fields else text

    def to(self, scope: Scope) -> dict[str, str]:
        """The field that leads a link to what is in an account and region; none where the page is there anyway."""
        is_here = scope == self.known_scopes[0] and self._asked_scope in ("", f"{scope.account}/{scope.region}")
        return {} if is_here else {"in": f"{scope.account}/{scope.region}"}

    def again(self, **query: str | int | None) -> str:
        """The address of this page with other fields in its query; None and "" take one away."""
        changed = {name: str(value) for name, value in query.items() if value not in (None, "")}
        kept = [(name, value) for name, value in self._query.items() if name not in query and name != "told"]
        fields = [*kept, *changed.items()]
        path = f"{ROOT}/{self.request.path}".rstrip("/")
        return f"{path}?{urlencode(fields)}" if fields else path

    def name(self) -> str:
        """The name that the path or, where a path cannot carry it, the query holds."""
        return self.path.get("name") or self._query.get("name")

    # ------------------------------------------------------------ what may be seen

    def may_see(self, text: str) -> str:
        """A text that may hold the address of a hook, as this visitor may see it: a viewer gets dots (CON-8.5)."""
        return text if self.visitor.is_operator else masked(text)

    def may_see_value(self, value: Any) -> Any:
        """The same of a value of JSON."""
        return value if self.visitor.is_operator else masked_value(value)

    # ------------------------------------------------------------ changes

    @property
    def actor(self) -> Actor:
        """Who makes the changes of this visit."""
        return Actor(
            name=self.visitor.name,
            role=self.visitor.role,
            source_address=self.request.source_address,
            user_agent=self.request.header("user-agent") or "",
            request_id=self.request.request_id,
            at=self.at,
        )

    def call(
        self, service: str, operation: str, parameters: Mapping[str, Any], *, scope: Scope | None = None
    ) -> dict[str, Any]:
        """Call an operation of our own API: it is checked, recorded and audited there. Its result.

        Raises:
            ApiRefusalError: with AWS's code and text.
            AccessDeniedError: the visitor is a viewer.
        """
        self._require_operator()
        result: dict[str, Any] = self.parts.api.call(
            service, operation, parameters, scope=scope or self.scope, actor=self.actor
        )
        return result

    def note(
        self, action: str, kind: str, name: str, *, before: Any = None, after: Any = None, reason: str = ""
    ) -> None:
        """Keep a change that AWS has no operation for in the audit log."""
        self._require_operator()
        change = Change(
            action=action, kind=kind, name=name, scope=self.scope, before=before, after=after, reason=reason
        )
        self.parts.audit.note(change, self.actor)

    def _require_operator(self) -> None:
        if not self.visitor.is_operator:
            raise AccessDeniedError("this needs an operator; you are signed in as a viewer")


def _fits_path(name: str) -> bool:
    return bool(name) and not any(part in {"", ".", ".."} for part in name.split("/"))
