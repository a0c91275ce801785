"""Forms that only their own page can send, and that act once. Spec: CON-7.3, CON-7.4.

Rule: a change needs a token that is bound to a cookie of the browser and to the session of whoever has signed in there;
what a form has done it does not do again, it is answered the same.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.console.answer import Redirect

TOKEN: Final = "token"  # noqa: S105  (the name of a field)
"""The field of a form with its token."""

FORM_ID: Final = "form"
"""The field of a form with its id."""

Sender: TypeAlias = tuple[str, ...]
"""Who sends a form, and whereto."""

_KEPT_SECONDS: Final = 86_400.0
_MOST_KEPT: Final = 10_000


class FormTokens:
    """Makes and checks tokens. `key` is a secret of this installation."""

    def __init__(self, key: bytes, *, new_secret: Callable[[int], bytes]) -> None:
        self._key = key
        self._new_secret = new_secret

    def new_cookie(self) -> str:
        """A value of the cookie that nobody can guess."""
        return self._new_secret(24).hex()

    def token(self, cookie: str, session: str = "") -> str:
        """The token of the forms of a browser with that cookie, in that session."""
        bound = hashlib.sha256(session.encode()).hexdigest()
        return hmac.new(self._key, f"form\0{bound}{cookie}".encode(), hashlib.sha256).hexdigest()

    def holds(self, token: str, cookie: str, session: str = "") -> bool:
        """Whether that token belongs to that cookie and session."""
        return bool(cookie) and hmac.compare_digest(self.token(cookie, session).encode(), token.encode())


class _Sent:
    """A form that was sent: whoever sends it again waits for what the first one is answered."""

    def __init__(self, at: float) -> None:
        self.at = at
        self.lock = threading.Lock()
        self.answer: Redirect | None = None


class SentForms:
    """What forms that were sent have been answered, by sender and form id, for a day.

    The sender is who sent it and whereto: cookie, session, address.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sent: OrderedDict[tuple[Sender, str], _Sent] = OrderedDict()

    def once(self, sender: Sender, form_id: str, act: Callable[[], Redirect], *, now: float) -> Redirect:
        """Do what a form asks for, unless it was done; what it was answered. A form that was refused may come again."""
        if not form_id:
            return act()
        with self._lock:
            while self._sent and (
                len(self._sent) > _MOST_KEPT or next(iter(self._sent.values())).at < now - _KEPT_SECONDS
            ):
                self._sent.popitem(last=False)
            sent = self._sent.setdefault((sender, form_id), _Sent(now))
        with sent.lock:
            if sent.answer is None:
                sent.answer = act()
            return sent.answer
