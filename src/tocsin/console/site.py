"""The console: a request in, an answer out. Spec: CON-3, CON-6.4, CON-7, CON-8.

Rule: limits come first, then who it is, then whether the form is ours, then the view. Whatever happens, what goes out
carries the headers of CON-8.1 and 8.2, and no traceback.
"""

from __future__ import annotations

import gzip
import hashlib
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from msgspec.structs import replace

from tocsin.app.known_scope import KnownScopes
from tocsin.console import form_guard
from tocsin.console.answer import (
    ApiRefusalError,
    Document,
    Download,
    FormProblemError,
    Fragment,
    NoSuchPageError,
    Page,
    PlainText,
    Redirect,
    Undo,
)
from tocsin.console.badge import badges
from tocsin.console.cookie import FORM, FORM_SECONDS, OWN_ZONE, SESSION, cookies_of, secret_cookie
from tocsin.console.door import OpenDoor
from tocsin.console.form_guard import FormTokens, SentForms
from tocsin.console.kept_form import KEPT, keep
from tocsin.console.limits import BADGE_SECONDS, LARGEST_FORM, LONGEST_ADDRESS, MOST_FIELDS, RENDER_SECONDS
from tocsin.console.rendering import render
from tocsin.console.response_header import MAILBOX_POLICY, POLICY, document_headers, html_headers, static_headers
from tocsin.console.result_line import ResultLines
from tocsin.console.route import ConsoleResponse, RouteTable
from tocsin.console.route_table import all_routes
from tocsin.console.shared_part import SharedParts
from tocsin.console.static_file import find_static
from tocsin.console.visit import ROOT, Form, Visit, Visitor
from tocsin.core.quantity import counted
from tocsin.core.scope import Scope
from tocsin.errors import AccessDeniedError, CutOffError, InputError, NotFoundError, StoreError
from tocsin.time_limit import time_limit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tocsin.app.service import Service
    from tocsin.console.answer import Answer
    from tocsin.console.badge import Badge
    from tocsin.console.door import Doorkeeper
    from tocsin.console.route import ConsoleRequest, Match, View
    from tocsin.console.visit import ConsoleParts

_PACKED_ABOVE = 1_024

# Seconds for which the version of a part holds that nothing was told to change. Versions of parts change with the
# minute, or with every fifth second of it.
_TURN = 5

_STRANGER = Visitor(name="", role="viewer")
"""Whoever has not signed in."""

_NO_STORE = "The store cannot be used"
_SIGN_IN = "sign-in"

UNDOES = "undoes"
"""The field of a form that takes back the change of an entry of the audit log, which it names."""


class ConsoleSite:
    """Answers for `/console`. `key` is a secret of this installation; `report` is told of defects: id, page, error."""

    def __init__(
        self,
        service: Service,
        parts: ConsoleParts,
        *,
        key: bytes,
        report: Callable[[str, str, BaseException], None],
        door: Doorkeeper | None = None,
        may_ask: Callable[[str], bool] = lambda _: True,
    ) -> None:
        """`may_ask` tells whether a visitor, by name or address, may ask for one more page now (CON-8.9)."""
        self._service = service
        self._parts = parts
        self._report = report
        self._door: Doorkeeper = door or OpenDoor()
        self._may_ask = may_ask
        self._tokens = FormTokens(key, new_secret=service.new_secret)
        self._sent = SentForms(service)
        self._results = ResultLines()
        self._shared: SharedParts[ConsoleResponse] = SharedParts()
        self._versions: SharedParts[str] = SharedParts()
        self._began = service.now_ms()
        self.routes = RouteTable(all_routes())

    def answer(self, request: ConsoleRequest) -> ConsoleResponse:
        """The answer to a request; hosts and origins have been looked at before."""
        try:
            return self._answered(request)
        except Exception as error:  # noqa: BLE001  (the supervisor of pages: it is counted and reported)
            self._service.counters.add("errors", reason="console")
            self._report(request.request_id, request.path, error)
            return self._plain_error(
                request,
                500,
                "Something is broken",
                f"This page could not be made. The log of the service says more under {request.request_id}.",
            )

    def visitor_name(self, request: ConsoleRequest) -> str | None:
        """Who asks to be told of what changes; None for somebody who has to sign in. It keeps no session alive."""
        try:
            visitor = self._door.visitor(cookies_of(request), counts=False)
        except StoreError:
            return None
        return None if visitor is None else visitor.name

    def _answered(self, request: ConsoleRequest) -> ConsoleResponse:
        if len(request.path) + len(request.query) > LONGEST_ADDRESS:
            return self._plain_error(request, 414, "The address is too long", "Addresses have 8 KB at most.")
        if len(request.body) > LARGEST_FORM:
            return self._plain_error(request, 413, "That is too much", "A form holds 1 MiB at most.")
        if request.path.startswith("static/"):
            return _static(request)
        cookies = cookies_of(request)
        try:
            query = Form.parse(request.query, most=MOST_FIELDS)
            form = Form.parse(request.body.decode("utf-8", "replace"), most=MOST_FIELDS)
        except ValueError:
            return self._plain_error(request, 400, "Too many fields", "A form has 2,000 fields at most.")
        match = self.routes.find(request.path.rstrip("/"))
        try:
            visitor = self._door.visitor(cookies)
            if not self._may_ask(visitor.name if visitor is not None else f"from {request.source_address}"):
                slow = self._plain_error(request, 429, "Too many requests", "Wait a second, then try again.")
                return _with_header(slow, ("Retry-After", "1"))
            kept = ""
            if visitor is None and not (match is not None and match.route.is_public):
                kept = self._kept_of(request, match, form)
                if not kept:
                    return self._to_sign_in(request)
                form = Form([(KEPT, kept)])
            visit = self._visit(request, _as_preferred(visitor or _STRANGER, cookies), match, query, form)
        except StoreError as error:
            return self._plain_error(request, 503, _NO_STORE, _sentences(error))
        cookie, visit.session = cookies.get(FORM, ""), cookies.get(SESSION, "")
        new_cookie = "" if cookie else self._tokens.new_cookie()
        visit.token = self._tokens.token(cookie or new_cookie, visit.session)
        if kept:
            match = self.routes.find(_SIGN_IN)
        response = self._of_visit(visit, match, cookie, is_kept=bool(kept))
        if new_cookie:
            response = _with_header(response, secret_cookie(request, FORM, new_cookie, seconds=FORM_SECONDS))
        return response

    def _visit(self, request: ConsoleRequest, visitor: Visitor, match: Match | None, query: Form, form: Form) -> Visit:
        scopes = self._service.part(KnownScopes).all()
        return Visit(
            request,
            visitor,
            service=self._service,
            parts=self._parts,
            path=match.values if match is not None else {},
            query=query,
            form=form,
            scopes=scopes or (Scope(self._service.settings.account, self._parts.region),),
        )

    def _of_visit(self, visit: Visit, match: Match | None, cookie: str, *, is_kept: bool) -> ConsoleResponse:
        try:
            if is_kept and match is not None:
                return self._sent_answer(visit, match.route.view(visit), status=401)
            return self._routed(visit, match, cookie)
        except (NoSuchPageError, NotFoundError) as error:
            nearest = error.nearest if isinstance(error, NoSuchPageError) else ()
            what = error.what if isinstance(error, NoSuchPageError) else error.message
            return self._error(visit, 404, what, error.hint, nearest=nearest)
        except AccessDeniedError as error:
            return self._error(visit, 403, "Needs an operator", error.message)
        except CutOffError:
            return self._cut_off(visit)
        except StoreError as error:  # what the page needs; the frame may be at hand
            return self._error(visit, 503, _NO_STORE, _sentences(error))
        except InputError as error:
            return self._error(visit, 422, error.message, error.hint)
        except ApiRefusalError as error:
            return self._error(visit, 422, error.message, error.code)
        except FormProblemError as error:
            return self._error(visit, error.status, "That cannot be done", " ".join(error.problems.values()))

    def _routed(self, visit: Visit, match: Match | None, cookie: str) -> ConsoleResponse:
        if match is None:
            return self._error(visit, 404, "There is no such page", "The address may have been cut or mistyped.")
        method = visit.request.method
        allowed = ("POST",) if match.route.is_change else ("GET", "HEAD")
        if method not in allowed:
            refused = self._error(visit, 405, "This page is not used that way", f"It takes {' and '.join(allowed)}.")
            return _with_header(refused, ("Allow", ", ".join(allowed)))
        if match.route.is_change:
            return self._change(visit, match, cookie)
        with time_limit(self._service.clock, RENDER_SECONDS):
            return self._sent_answer(visit, match.route.view(visit))

    # ------------------------------------------------------------ changes

    def _change(self, visit: Visit, match: Match, cookie: str) -> ConsoleResponse:
        route = match.route
        if route.role == "operator" and not visit.visitor.is_operator:
            raise AccessDeniedError("You are signed in as a viewer, who changes nothing.")
        if not self._tokens.holds(visit.form.exact(form_guard.TOKEN), cookie, visit.session):
            problem = "This form was opened too long ago, or in another browser. Nothing was changed: send it again."
            return self._form_again(visit, match, {"": problem}, status=403)
        try:
            # What signing in is answered is a session: it is given to nobody who has not shown the password again.
            form_id = "" if route.is_public else visit.form.exact(form_guard.FORM_ID)
            sender = (cookie, visit.session, visit.request.path)
            done = self._sent.once(sender, form_id, lambda: self._acted(visit, route.view))
        except _ShownInsteadError as instead:
            return self._sent_answer(visit, instead.answer)
        except FormProblemError as error:
            return self._form_again(visit, match, error.problems, status=error.status)
        except ApiRefusalError as error:
            return self._form_again(visit, match, {"": error.message}, status=422)
        except (NotFoundError, AccessDeniedError, StoreError):
            raise
        except InputError as error:
            return self._form_again(visit, match, {"": str(error)}, status=422)
        return self._sent_answer(visit, done)

    def _acted(self, visit: Visit, view: View) -> Redirect:
        """Let a view make its change, and keep how that is taken back, or that it took another one back (CON-7.7)."""
        done = _redirect_of(view(visit))
        undone = visit.form.get(UNDOES)
        if undone.isascii() and undone.isdigit():
            self._parts.audit.note_undone(int(undone), visit.actor)
        if done.undo is None:
            return done
        sequence = self._parts.audit.offer_undo(done.undo, visit.actor)
        fields = {**done.undo.fields} if sequence is None else {**done.undo.fields, UNDOES: str(sequence)}
        return replace(done, undo=Undo(done.undo.action, fields))

    def _form_again(self, visit: Visit, match: Match, problems: Mapping[str, str], *, status: int) -> ConsoleResponse:
        """The form with what was typed and what is wrong with it (CON-7.2)."""
        visit.problems = problems
        form = match.route.form
        try:
            answer = None if form is None else form(visit)
        except (NoSuchPageError, NotFoundError):  # what it changes is gone; what is wrong is still to be told
            answer = None
        if answer is None:
            return self._error(visit, status, "That cannot be done", " ".join(problems.values()))
        return self._sent_answer(visit, answer, status=200 if visit.is_live else status)

    # ------------------------------------------------------------ what is sent

    def _sent_answer(self, visit: Visit, answer: Answer, *, status: int = 200) -> ConsoleResponse:
        request = visit.request
        match answer:
            case Redirect():
                location = self._results.told(answer, visit.at) if answer.told or answer.undo else answer.to
                headers = (*html_headers(request, is_public=False), ("Location", location), *answer.headers)
                return ConsoleResponse(303, headers, b"")
            case Page():
                context = self._frame(visit, answer) | dict(answer.context)
                text = render(answer.template, context)
                told = status if status != 200 else answer.status
                policy = MAILBOX_POLICY if answer.has_frame else POLICY
                return _html(request, told, text, headers=answer.headers, policy=policy)
            case Fragment():
                return self._fragment(visit, answer, status=status)
            case Download():
                headers = document_headers(request, answer.content_type, policy="sandbox")
                name = ("Content-Disposition", f'attachment; filename="{answer.name}"')
                return _packed(request, ConsoleResponse(200, (*headers, name), answer.body))
            case PlainText():
                headers = document_headers(request, "text/plain; charset=utf-8", policy="default-src 'none'; sandbox")
                body = answer.text.encode("utf-8", "backslashreplace")
                return _packed(request, ConsoleResponse(answer.status, headers, body))
            case Document():
                headers = document_headers(
                    request, answer.content_type, policy=answer.policy, may_be_framed=answer.may_be_framed
                )
                return _packed(request, ConsoleResponse(200, headers, answer.body))

    def _fragment(self, visit: Visit, answer: Fragment, *, status: int) -> ConsoleResponse:
        # Signals and counters begin anew with the process: what they tell apart holds for one run.
        version = self._version(visit, answer)
        seen_as = f"{version}|{visit.visitor.role}|{visit.clock.zone_text}|{visit.at.date()}|{self._began}"
        tag = f'"{hash_text(seen_as)}"' if version else ""
        headers = (("ETag", tag),) if tag else ()
        if tag and visit.request.header("if-none-match") == tag:
            return ConsoleResponse(304, (*html_headers(visit.request, is_public=False), *headers), b"")

        def make() -> tuple[ConsoleResponse, bool]:
            given = answer.context() if callable(answer.context) else answer.context
            text = render(answer.template, {"visit": visit, "form_id": self._service.new_id} | dict(given))
            bare = ConsoleResponse(status, headers, text.encode("utf-8", "replace"))
            return _packed(visit.request, bare), not visit.is_own

        key = (visit.request.path, visit.request.query, tag, _takes_gzip(visit.request))
        made = self._shared.get(key, make) if answer.is_shared and tag else make()[0]
        return replace(made, headers=(*html_headers(visit.request, is_public=False), *made.headers))

    def _version(self, visit: Visit, answer: Fragment) -> str:
        """The version of a part. Reading it off the store for each who looks on would cost more than sending it."""
        work_out = answer.version
        if not callable(work_out):
            return work_out
        signal = self._parts.last_signal()
        if signal is None:  # nobody is told of changes, so what was found before may be past
            return work_out()
        changes, turn = self._service.store.changes(), int(visit.at.timestamp() // _TURN)
        key = (visit.request.path, visit.request.query, tuple(visit.scopes), signal, changes, turn)
        return self._versions.get(key, lambda: (work_out(), True))

    def _frame(self, visit: Visit, page: Page) -> dict[str, Any]:
        told = self._results.line(visit.query("told"), visit.at)
        if told is not None:
            told = told if told.to == visit.here or told.to.partition("?")[0] == visit.here.partition("?")[0] else None
        return {
            "visit": visit,
            "title": page.title,
            "crumbs": page.crumbs,
            "section": page.section,
            "result": told,
            "form_id": self._service.new_id,
            "badges": self._badges(visit),
        }

    def _badges(self, visit: Visit) -> Mapping[str, Badge]:
        try:
            with time_limit(self._service.clock, BADGE_SECONDS):
                return badges(visit)
        except CutOffError:  # a page without them says what it is asked for all the same
            return {}

    # ------------------------------------------------------------ what went wrong

    def _kept_of(self, request: ConsoleRequest, match: Match | None, form: Form) -> str:
        """A form that came after its session had ended, to be shown again; empty for anything else."""
        is_form = request.method == "POST" and request.header("x-tocsin-live") is None
        return keep(match.route, request.path, form) if is_form and match is not None else ""

    def _to_sign_in(self, request: ConsoleRequest) -> ConsoleResponse:
        if request.method in {"GET", "HEAD"} and not request.path.startswith(("_/", "stream")):
            back = f"{ROOT}/{request.path}".rstrip("/") + (f"?{request.query}" if request.query else "")
            location = ("Location", f"{ROOT}/sign-in?back={quote(back, safe='')}")
            return ConsoleResponse(303, (*html_headers(request, is_public=False), location), b"")
        return self._plain_error(request, 401, "Sign in first", "The session has ended.")

    def _error(self, visit: Visit, status: int, what: str, hint: str, *, nearest: Any = ()) -> ConsoleResponse:
        if visit.request.path.startswith("_/") or not visit.visitor.name:
            return self._plain_error(visit.request, status, what, hint)
        return self._framed(visit, status, Page("error.html", what, {"what": what, "hint": hint, "nearest": nearest}))

    def _cut_off(self, visit: Visit) -> ConsoleResponse:
        """What took too long, what was asked, and how to ask for less (CON-8.9)."""
        self._service.counters.add("errors", reason="console-cut-off")
        what = f"This took longer than {counted(int(RENDER_SECONDS), 'second')}, and was given up"
        if visit.request.path.startswith("_/") or not visit.visitor.name:
            return self._plain_error(visit.request, 503, what, "Alarms go first; it may work in a minute.")
        return self._framed(visit, 503, Page("cut_off.html", what, {"asked": visit.asked()}))

    def _framed(self, visit: Visit, status: int, page: Page) -> ConsoleResponse:
        try:
            return _html(visit.request, status, render(page.template, self._frame(visit, page) | dict(page.context)))
        except StoreError as error:
            return self._plain_error(visit.request, 503, _NO_STORE, _sentences(error))

    def _plain_error(self, request: ConsoleRequest, status: int, what: str, text: str) -> ConsoleResponse:
        """A page that needs neither the store nor a visitor."""
        context = {"what": what, "text": text, "is_part": request.path.startswith("_/")}
        return _html(request, status, render("failure.html", context))


def _sentences(error: StoreError) -> str:
    """What is wrong and what helps, as a page says it."""
    told = (text.replace("`", "") for text in (error.message, error.hint) if text)
    return " ".join(f"{text[0].upper()}{text[1:]}." for text in told)


class _ShownInsteadError(Exception):
    """A change that shows a page in place of going somewhere, such as one that asks for more."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


def hash_text(text: str) -> str:
    """A short digest of a text, for ETag."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def _redirect_of(answer: Answer) -> Redirect:
    if not isinstance(answer, Redirect):
        raise _ShownInsteadError(answer)
    return answer


def _as_preferred(visitor: Visitor, cookies: Mapping[str, str]) -> Visitor:
    """A visitor with what their browser's cookies say of zone, clock, theme and shortcuts."""
    theme = cookies.get("tocsin-theme", "")
    own_zone = cookies.get(OWN_ZONE, "")[:64]
    return replace(
        visitor,
        zone=own_zone or cookies.get("tocsin-zone", "")[:64] or visitor.zone,
        own_zone=own_zone,
        is_utc=cookies.get("tocsin-clock") == "utc",
        theme=theme if theme in {"light", "dark"} else "",
        has_shortcuts=cookies.get("tocsin-shortcuts") != "off",
    )


def _static(request: ConsoleRequest) -> ConsoleResponse:
    found = find_static(request.path)
    if found is None:
        return ConsoleResponse(404, document_headers(request, "text/plain; charset=utf-8"), b"There is no such file.\n")
    is_packed = _takes_gzip(request)
    headers = static_headers(request, found.content_type)
    if is_packed:
        headers = (*headers, ("Content-Encoding", "gzip"))
    return ConsoleResponse(200, headers, found.packed if is_packed else found.body)


def _html(
    request: ConsoleRequest, status: int, text: str, *, headers: Any = (), policy: str = POLICY
) -> ConsoleResponse:
    body = text.encode("utf-8", "replace")
    sent = (*html_headers(request, is_public=False, policy=policy), *headers)
    return _packed(request, ConsoleResponse(status, sent, body))


def _packed(request: ConsoleRequest, response: ConsoleResponse) -> ConsoleResponse:
    if len(response.body) <= _PACKED_ABOVE or not _takes_gzip(request):
        return response
    headers = (*response.headers, ("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding"))
    return ConsoleResponse(response.status, headers, gzip.compress(response.body, 5, mtime=0))


def _takes_gzip(request: ConsoleRequest) -> bool:
    return "gzip" in (request.header("accept-encoding") or "")


def _with_header(response: ConsoleResponse, header: tuple[str, str]) -> ConsoleResponse:
    return ConsoleResponse(response.status, (*response.headers, header), response.body)
