"""Signing in and out. Spec: CON-4.10, CON-8.4.

Rule: every failure is told in one text; whoever has signed in gets to a page of the console, and to no other place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tocsin.app.console_access import Whence
from tocsin.app.console_session import LONGEST_MS
from tocsin.console.answer import FormProblemError, Page, Redirect
from tocsin.console.cookie import SESSION, secret_cookie
from tocsin.console.kept_form import KEPT, read_kept
from tocsin.console.route import action, page
from tocsin.console.views.preference import own_address
from tocsin.console.visit import ROOT

if TYPE_CHECKING:
    from tocsin.app.console_access import ConsoleAccess
    from tocsin.console.answer import Answer
    from tocsin.console.visit import Visit

_WRONG: Final = "The name or the password is not right."
_BUSY: Final = "Too many people are signing in at this moment. Nothing was tried: send it again."
_LEFT: Final = ("here", "everywhere")


def sign_in_page(visit: Visit) -> Answer:
    """The form."""
    if visit.visitor.name:
        return Redirect(own_address(visit.query("back")))
    asked = visit.form.get("back") or visit.query("back")
    left = visit.query("left")
    kept = visit.form.exact(KEPT)
    context = {
        "back": own_address(asked) if asked else "",
        "has_left": left if left in _LEFT else "",
        "kept": kept if read_kept(kept) is not None else "",
    }
    return Page("sign_in.html", "Sign in", context)


def sign_in(visit: Visit) -> Answer:
    """Try a name and a password."""
    access: ConsoleAccess | None = visit.parts.access
    if access is None or access.users.is_open:
        return Redirect(ROOT)
    result = access.sign_in(visit.form.get("name"), visit.form.exact("password"), _whence(visit))
    if result.is_busy:
        raise FormProblemError({"": _BUSY}, status=503)
    if result.user is None:
        if result.wait:
            wait = f"{result.wait} second{'' if result.wait == 1 else 's'}"
            raise FormProblemError({"": f"{_WRONG} Try again in {wait}."}, status=429)
        raise FormProblemError({"": _WRONG})
    cookie = secret_cookie(visit.request, SESSION, result.token, seconds=LONGEST_MS // 1000)
    back = own_address(visit.form.get("back"))
    kept = read_kept(visit.form.exact(KEPT))
    if kept is not None:
        return Page("kept_form.html", "You are signed in", {"kept": kept, "back": back}, headers=(cookie,))
    return Redirect(back, headers=(cookie,))


def sign_out(visit: Visit) -> Answer:
    """End this session."""
    return _leave(visit, everywhere=False)


def sign_out_everywhere(visit: Visit) -> Answer:
    """End every session of whoever this is."""
    return _leave(visit, everywhere=True)


def _leave(visit: Visit, *, everywhere: bool) -> Answer:
    access: ConsoleAccess | None = visit.parts.access
    user = None if access is None else access.users.get(visit.visitor.name)
    if access is None or user is None:  # nobody has signed in to a console that is open
        return Redirect(ROOT)
    access.sign_out(user, visit.session, _whence(visit), everywhere=everywhere)
    left = _LEFT[everywhere]
    return Redirect(f"{ROOT}/sign-in?left={left}", headers=(secret_cookie(visit.request, SESSION, "", seconds=0),))


def _whence(visit: Visit) -> Whence:
    actor = visit.actor
    return Whence(address=actor.source_address, agent=actor.user_agent, request_id=actor.request_id)


ROUTES = (
    page("sign-in", sign_in_page, is_public=True),
    action("sign-in", sign_in, form=sign_in_page, role="viewer", is_public=True),
    action("sign-out", sign_out, role="viewer"),
    action("sign-out-everywhere", sign_out_everywhere, role="viewer"),
)
