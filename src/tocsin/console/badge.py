"""The numbers beside the navigation: `3 ringing`, `1 pending`, `1 active`, `2 new`. Spec: CON-1.12, CON-3.4.

Rule: a number stands there only where somebody may have to do something, and costs no more than a look into memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tocsin.app.alarm_counts import standing_now
from tocsin.console.cookie import MAIL_SEEN, cookies_of
from tocsin.core.mail.kept_mail import MAIL_NAME
from tocsin.core.quantity import count_text

if TYPE_CHECKING:
    from tocsin.app.ports import Mailbox
    from tocsin.console.visit import Visit


class Badge(NamedTuple):
    """What stands beside an entry. `is_alarm` has the colour of ALARM."""

    text: str
    is_alarm: bool = False


def badges(visit: Visit) -> dict[str, Badge]:
    """The badges of what a visit looks at, by the path of the entry."""
    with visit.service.store.read() as store:
        standing = standing_now(visit.service, store, visit.scopes, now=int(visit.at.timestamp() * 1000))
    mails = _mails_not_seen(visit)
    found = {
        "alarms": Badge(f"{count_text(standing.ringing)} ringing", is_alarm=True) if standing.ringing else None,
        "topics": Badge(f"{count_text(standing.pending)} pending") if standing.pending else None,
        "mutes": Badge(f"{count_text(standing.mutes)} active") if standing.mutes else None,
        "mailbox": Badge(f"{count_text(mails)} new") if mails else None,
    }
    return {path: badge for path, badge in found.items() if badge is not None}


def _mails_not_seen(visit: Visit) -> int:
    """Mails that came since this browser looked into the mailbox; 0 where mails leave through a server."""
    mailbox: Mailbox | None = visit.parts.mailbox
    if mailbox is None or visit.parts.mail_server:
        return 0
    seen = cookies_of(visit.request).get(MAIL_SEEN, "")
    return mailbox.count_after(seen if MAIL_NAME.fullmatch(seen) else "")
