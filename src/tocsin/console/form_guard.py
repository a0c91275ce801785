"""Forms that only their own page can send, and that act once. Spec: CON-7.3, CON-7.4.

Rule: a change needs a token that is bound to a cookie of the browser and to the session of whoever has signed in there;
what a form has done it does not do again, it is answered the same.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
from typing import TYPE_CHECKING, Final, TypeAlias

from tocsin.app.expiring import ExpiringDefinitions
from tocsin.console.answer import Redirect
from tocsin.core.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.app.service import Service

TOKEN: Final = "token"  # noqa: S105  (the name of a field)
"""The field of a form with its token."""

FORM_ID: Final = "form"
"""The field of a form with its id."""

Sender: TypeAlias = tuple[str, ...]
"""Who sends a form, and whereto."""

KEPT_MS: Final = 86_400_000
"""For so long a form is answered the same."""

_ANSWERS: Final = ExpiringDefinitions("console-sent", Redirect)
_EVERYWHERE: Final = Scope("", "")


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


class SentForms:
    """What forms that were sent have been answered, by sender and form id, for a day, also after a restart.

    The sender is who sent it and whereto: cookie, session, address. A form that is sent twice at the same moment is
    done once, and the second waits for what the first is answered.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._lock = threading.Lock()
        self._under_way: dict[str, _UnderWay] = {}

    def once(self, sender: Sender, form_id: str, act: Callable[[], Redirect]) -> Redirect:
        """Do what a form asks for, unless it was done; what it was answered. A form that was refused may come again."""
        if not form_id:
            return act()
        name = hashlib.sha256("\0".join((*sender, form_id)).encode("utf-8", "replace")).hexdigest()
        with self._lock:
            under_way = self._under_way.setdefault(name, _UnderWay())
            under_way.count += 1
        try:
            with under_way.lock:
                return self._known(name) or self._kept(name, act())
        finally:
            with self._lock:
                under_way.count -= 1
                if not under_way.count:
                    del self._under_way[name]

    def _known(self, name: str) -> Redirect | None:
        with self._service.store.read() as store:
            return _ANSWERS.get(store, _EVERYWHERE, name, now=self._service.now_ms())

    def _kept(self, name: str, answer: Redirect) -> Redirect:
        now = self._service.now_ms()
        self._service.store.write(
            lambda store: _ANSWERS.put(store, _EVERYWHERE, name, answer, now=now, until=now + KEPT_MS)
        )
        return answer


class _UnderWay:
    """A form that is being worked on, and by how many it was sent."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.count = 0
