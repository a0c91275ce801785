"""The built-in mailbox: the mails that no mail server took. Spec: CON-4.10, CON-8.3, SNS-5.8.

    mailbox               newest first           the port `mailbox` -> mailbox.html
    mailbox/{id}          text, HTML, headers    the same -> mail.html
    mailbox/{id}/html     the HTML alone         under a policy of its own, for the frame in the page
    mailbox/{id}/source   the mail as a file     for operators: nobody masks tokens in it

Rule: a mail is foreign text, and whoever has the link in it may act: viewers see dots in place of tokens.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from tocsin.console.answer import Document, Download, Fragment, NoSuchPageError, Page, PlainText
from tocsin.console.cookie import FORM_SECONDS, MAIL_SEEN, kept_cookie
from tocsin.console.route import fragment, page
from tocsin.core.mail.kept_mail import without_tokens
from tocsin.errors import AccessDeniedError

if TYPE_CHECKING:
    from tocsin.app.ports import Mailbox
    from tocsin.console.answer import Answer
    from tocsin.console.visit import Visit
    from tocsin.core.mail.kept_mail import KeptMail, ReadMail

ROWS: Final = 50
_SHOWN: Final = 20_000
_WIDEST_INDENT: Final = 40

MAIL_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox"
"""The policy of the HTML of a mail (CON-8.3)."""

_PAGES: Final = "/_tocsin/subscriptions"


def mail_list(visit: Visit) -> Answer:
    """The mails, newest first. Those on the first page have been looked at."""
    listed = _listed(visit)
    newest = listed["mails"][0].name if listed["is_first"] and listed["mails"] else ""
    headers = (kept_cookie(visit.request, MAIL_SEEN, newest, seconds=FORM_SECONDS),) if newest else ()
    return Page("mailbox.html", "Mailbox", listed, headers=headers)


def mail_part(visit: Visit) -> Answer:
    """The first page of them alone."""
    return Fragment("mailbox/_list.html", _listed(visit))


def _listed(visit: Visit) -> dict[str, Any]:
    before = visit.query("before")
    mailbox = _mailbox(visit)
    mails = mailbox.page(before=before or None, limit=ROWS + 1)
    return {
        "mails": mails[:ROWS],
        "count": mailbox.count(),
        "is_first": not before,
        "older": visit.url("mailbox", before=mails[ROWS - 1].name) if len(mails) > ROWS else "",
        "server": visit.parts.mail_server,
        "part": visit.url("_/mailbox/list"),
        "moment_of": datetime.fromisoformat,
    }


def mail_page(visit: Visit) -> Answer:
    """One mail."""
    mail = _mail(visit)
    text = _masked(visit, mail.text)
    links = mail.links
    context = {
        "mail": mail,
        "lines": [_line(one) for one in text[:_SHOWN].split("\n")],
        "left_out": max(0, len(text) - _SHOWN),
        "headers": [(name, _masked(visit, value)) for name, value in mail.headers],
        "confirm": f"{_PAGES}/confirm?token={links.confirm}" if links.confirm else "",
        "unsubscribe": f"{_PAGES}/unsubscribe?token={links.unsubscribe}" if links.unsubscribe else "",
        "shows_html": visit.query("as") == "html" and bool(mail.html),
        "server": visit.parts.mail_server,
        "moment_of": datetime.fromisoformat,
    }
    crumbs = [("Mailbox", visit.url("mailbox"))]
    return Page("mail.html", "Mail", context, crumbs=crumbs, has_frame=True)


def mail_html(visit: Visit) -> Answer:
    """The HTML of a mail, in which nothing runs, and which loads nothing."""
    mail = _mail(visit)
    if not mail.html:
        raise NoSuchPageError("This mail has no HTML")
    body = _masked(visit, mail.html).encode("utf-8", "replace")
    return Document("text/html; charset=utf-8", body, policy=MAIL_POLICY, may_be_framed=True)


def mail_text(visit: Visit) -> Answer:
    """The whole text of a mail."""
    return PlainText(_masked(visit, _mail(visit).text))


def mail_source(visit: Visit) -> Answer:
    """The mail as it would travel."""
    if not visit.visitor.is_operator:
        raise AccessDeniedError("The source of a mail holds its links: it is for operators.")
    name = visit.path["id"]
    source = _mailbox(visit).source(name)
    if source is None:
        raise _no_mail()
    return Download("mail.eml", "message/rfc822", source)


def _line(text: str) -> tuple[str, str]:
    """A line of a mail: the blanks that set it in, and the rest without those at its end, as below `-- `."""
    rest = text.lstrip(" ").rstrip(" ")
    text = text.rstrip(" ")
    return " " * min(len(text) - len(rest), _WIDEST_INDENT), rest


def _masked(visit: Visit, text: str) -> str:
    return text if visit.visitor.is_operator else without_tokens(text)


def _mail(visit: Visit) -> ReadMail:
    mail = _mailbox(visit).read(visit.path["id"])
    if mail is None:
        raise _no_mail()
    return mail


def _no_mail() -> NoSuchPageError:
    return NoSuchPageError("There is no such mail", hint="The oldest mails go when there are more than ten thousand.")


def _mailbox(visit: Visit) -> Mailbox:
    mailbox: Mailbox | None = visit.parts.mailbox
    return _NoMails() if mailbox is None else mailbox


class _NoMails:
    """The mailbox of a console that was given none."""

    def count(self) -> int:
        return 0

    def count_after(self, name: str) -> int:  # noqa: ARG002  (a port)
        return 0

    def page(self, *, before: str | None = None, limit: int) -> list[KeptMail]:  # noqa: ARG002  (a port)
        return []

    def read(self, name: str) -> ReadMail | None:  # noqa: ARG002  (as above)
        return None

    def source(self, name: str) -> bytes | None:  # noqa: ARG002  (as above)
        return None


ROUTES = (
    page("mailbox", mail_list),
    page("mailbox/{id}", mail_page),
    page("mailbox/{id}/html", mail_html),
    page("mailbox/{id}/text", mail_text),
    page("mailbox/{id}/source", mail_source),
    fragment("mailbox/list", mail_part),
)
