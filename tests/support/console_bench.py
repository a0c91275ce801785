"""The console in process: a service with a clock that stands still, and a browser that keeps its cookies.

bench = ConsoleBench()
bench.call("logs", "CreateLogGroup", {"logGroupName": "g"})
seen = bench.get("logs")
assert seen.status == 200 and "g" in seen.text
bench.post("prefer", {"theme": "dark"})
"""

from __future__ import annotations

import gzip
import itertools
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

import html5lib
import msgspec

from tocsin.api.service_table import service_table
from tocsin.app.console_access import ConsoleAccess
from tocsin.app.console_user import ConsoleUser, ConsoleUsers, Role
from tocsin.app.service import Service, ServiceSettings
from tocsin.clock import ManualClock
from tocsin.composition.audit_desk import AuditDesk
from tocsin.composition.console_call import ConsoleApi
from tocsin.console.door import SessionDoor
from tocsin.console.route import ConsoleRequest
from tocsin.console.site import ConsoleSite
from tocsin.console.visit import Actor, ConsoleParts
from tocsin.core.password_hash import HashCost, PasswordHash
from tocsin.core.scope import Scope
from tocsin.store.memory import MemoryStore
from tocsin.wire.model import ServiceModels
from tocsin.wire.page_token import PageTokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from xml.etree.ElementTree import Element

    from tocsin.app.store_port import Store
    from tocsin.console.visit import Change, Visitor

SCOPE = Scope("111122223333", "us-east-1")
AT = datetime(2026, 3, 14, 3, 14, 20, tzinfo=UTC)

_MODELS = ServiceModels()


class _Reader(HTMLParser):
    """The texts of a page that are shown: a tenth of the time that its tree takes, and tests ask for them a lot."""

    _UNSHOWN = frozenset(("script", "style", "title"))

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._unshown = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._unshown += tag in self._UNSHOWN

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        """What has no content shows none."""

    def handle_endtag(self, tag: str) -> None:
        self._unshown -= tag in self._UNSHOWN

    def handle_data(self, data: str) -> None:
        if not self._unshown:
            self.texts.append(data)


class Seen(NamedTuple):
    """An answer as a browser gets it, unpacked."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def html(self) -> Element:
        """The page as a tree, read as strictly as the standard; a page with a mistake raises."""
        parser = html5lib.HTMLParser(namespaceHTMLElements=False, strict=True)
        return parser.parse(self.text) if "<!doctype" in self.text[:200] else parser.parseFragment(self.text)  # type: ignore[no-any-return]

    @property
    def words(self) -> str:
        """What a reader sees of it: its text, blanks run together."""
        reader = _Reader()
        reader.feed(self.text.replace("<wbr>", ""))
        reader.close()
        return re.sub(r"\s+", " ", " ".join(reader.texts)).strip()

    def links(self) -> list[str]:
        """The addresses that it links to."""
        return re.findall(r'href="([^"]*)"', self.text)


class AuditNotes(AuditDesk):
    """The audit log, and beside it the changes that were noted, as they were."""

    def __init__(self, service: Service) -> None:
        super().__init__(service, lambda *_, **__: None)
        self.changes: list[tuple[Change, Actor]] = []

    def note(self, change: Change, actor: Actor) -> None:
        """Keep one; what `ConsoleBench.call` does is no change of the console."""
        self.changes.append((change, actor))
        if actor.name != "setup":
            super().note(change, actor)


class StandingDoor:
    """Lets everybody in as one visitor."""

    def __init__(self, visitor: Visitor) -> None:
        self._visitor = visitor

    def visitor(self, cookies: Mapping[str, str], *, counts: bool = True) -> Visitor:
        """The visitor."""
        return self._visitor


class ConsoleBench:
    """A console, its service and one browser. `at` is the time that its clock shows."""

    def __init__(
        self,
        *,
        at: datetime = AT,
        store: Store | None = None,
        settings: Mapping[str, Any] | None = None,
        visitor: Visitor | None = None,
        users: Mapping[str, Role] | None = None,
        parts: Mapping[str, Any] | None = None,
    ) -> None:
        """With `visitor` everybody is that one; with `users` these have to sign in, with their name as password."""
        self.clock = ManualClock(at)
        numbers = itertools.count(1)
        self.service = Service(
            store or MemoryStore(),
            self.clock,
            new_id=lambda: f"00000000-0000-4000-8000-{next(numbers):012d}",
            new_secret=lambda size: next(numbers).to_bytes(size, "big"),
            settings=ServiceSettings(account=SCOPE.account, **(settings or {})),
        )
        self.audit = AuditNotes(self.service)
        self.api = ConsoleApi(
            self.service,
            service_table(),
            models=_MODELS,
            page_tokens=PageTokens(b"k" * 32),
            recorder=None,
            audit=self.audit,
        )
        self.failures: list[BaseException] = []
        known = [
            ConsoleUser(name=name, role=role, password=PasswordHash(name, HashCost(8, 1, 1)))
            for name, role in (users or {}).items()
        ]
        self.access = ConsoleAccess(
            self.service, ConsoleUsers(known), scope=SCOPE, fits=lambda hashed, password: hashed.text == password
        )
        given = {"api": self.api, "audit": self.audit, "access": self.access, "region": SCOPE.region, **(parts or {})}
        door = SessionDoor(self.access) if users else None
        self.site = ConsoleSite(
            self.service,
            ConsoleParts(**given),
            key=b"s" * 32,
            report=lambda _id, _page, error: self.failures.append(error),
            door=door if visitor is None else StandingDoor(visitor),
        )
        self.cookies: dict[str, str] = {}
        self.is_https = False

    # ------------------------------------------------------------ what is there

    def call(self, service: str, operation: str, parameters: Mapping[str, Any], *, scope: Scope = SCOPE) -> Any:
        """Call an operation of the API, as an AWS client would."""
        actor = Actor(
            name="setup",
            role="operator",
            source_address="192.0.2.1",
            user_agent="test",
            request_id="r",
            at=self.service.now(),
        )
        result = self.api.call(service, operation, parameters, scope=scope, actor=actor)
        self.audit.changes.clear()
        return result

    def put_events(
        self, group: str, records: Iterable[Mapping[str, Any]], *, stream: str = "s", scope: Scope = SCOPE
    ) -> None:
        """Put CloudTrail records into a log group, made where it is missing, each at its eventTime."""
        names = [one["logGroupName"] for one in self.call("logs", "DescribeLogGroups", {}, scope=scope)["logGroups"]]
        if group not in names:
            self.call("logs", "CreateLogGroup", {"logGroupName": group}, scope=scope)
            self.call("logs", "CreateLogStream", {"logGroupName": group, "logStreamName": stream}, scope=scope)
        events = [
            {
                "timestamp": int(datetime.fromisoformat(record["eventTime"]).timestamp() * 1000),
                "message": msgspec.json.encode(record).decode(),
            }
            for record in records
        ]
        events.sort(key=lambda event: event["timestamp"])
        self.call(
            "logs",
            "PutLogEvents",
            {"logGroupName": group, "logStreamName": stream, "logEvents": events},
            scope=scope,
        )

    # ------------------------------------------------------------ the browser

    def get(self, path: str = "", *, headers: Mapping[str, str] | None = None) -> Seen:
        """Open a page: its path below `/console/`, or its whole address."""
        return self._ask("GET", path, headers=headers)

    def post(
        self,
        action: str,
        fields: Mapping[str, str | list[str]] | None = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Seen:
        """Send a form to `do/ACTION`, with the token that the browser's pages have."""
        prefix = "__Secure-" if self.is_https else ""
        if f"{prefix}tocsin-form" not in self.cookies:
            self.get("sign-in")
        form, session = (self.cookies.get(f"{prefix}tocsin-{name}", "") for name in ("form", "session"))
        own = self.site._tokens.token(form, session)
        given = own if token is None else token
        body = urlencode({"token": given, **(fields or {})}, doseq=True).encode()
        return self._ask("POST", f"do/{action}", body=body, headers=headers)

    def sign_in(self, name: str, password: str | None = None, **fields: str) -> Seen:
        """Send the form of the sign-in page."""
        return self.post("sign-in", {"name": name, "password": name if password is None else password, **fields})

    def follow(self, seen: Seen) -> Seen:
        """Open the page that an answer leads to."""
        assert seen.status == 303, (seen.status, seen.words[:500])
        return self.get(seen.headers["location"])

    def _ask(self, method: str, path: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Seen:
        path, _, query = path.removeprefix("/console").removeprefix("/").partition("?")
        query = query.partition("#")[0]
        sent = {"user-agent": "Mozilla/5.0 (test)", **(headers or {})}
        if self.cookies:
            sent["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        request = ConsoleRequest(
            method=method,
            path=path,
            query=query,
            headers=tuple(sent.items()),
            body=body,
            request_id="req-1",
            source_address="127.0.0.1",
            is_https=self.is_https,
        )
        response = self.site.answer(request)
        for name, value in response.headers:
            if name == "Set-Cookie":
                cookie, _, rest = value.partition(";")
                self.cookies.update([cookie.split("=", 1)])
                if "Max-Age=0" in rest:
                    self.cookies.pop(cookie.partition("=")[0])
        told = {name.lower(): value for name, value in response.headers}
        plain = gzip.decompress(response.body) if told.get("content-encoding") == "gzip" else response.body
        if self.failures:
            raise self.failures.pop()
        return Seen(response.status, told, plain.decode("utf-8", "replace"))
