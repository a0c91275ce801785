"""Sessions that our STS has given out. Spec: WIRE-5.4, WIRE-5.12, WIRE-8.

Rule: no policy is looked at; a session ends when it says so.
"""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from tocsin.app.expiring import ExpiringDefinitions
from tocsin.core.identity import made_id, principal_of_arn, synthetic_id
from tocsin.core.scope import Scope

if TYPE_CHECKING:
    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreWriter

_EVERYWHERE = Scope("", "")
_KEY_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

# A session that has ended is known for so long: that it has expired is another answer than that it is unknown.
_REMEMBERED_MS = 86_400_000


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A session: its key, secret and token, whose it is, and until when (aware).

    `transitive_tags` are the keys, in lower case, of tags that sessions made from this one keep as they are.
    `opened_at` is None, and the rest empty, for a session that was given out before these were kept. `issuer_arn` is
    the role, with its path, or who asked for a federated user.
    """

    access_key: str
    secret: str
    token: str
    account: str
    principal_arn: str
    user_id: str
    expires_at: datetime
    transitive_tags: frozenset[str] = frozenset()
    opened_at: datetime | None = None
    issuer_arn: str = ""
    has_mfa: bool = False
    source_identity: str = ""

    def __repr__(self) -> str:
        return f"Session(principal_arn={self.principal_arn!r}, expires_at={self.expires_at!r})"

    @property
    def is_of_role(self) -> bool:
        """Whether somebody has assumed a role, or else got a session of their own."""
        return ":assumed-role/" in self.principal_arn


_SESSIONS = ExpiringDefinitions("session", Session)


def open_session(
    service: Service,
    *,
    account: str,
    principal_arn: str,
    user_id: str,
    seconds: int,
    transitive_tags: frozenset[str] = frozenset(),
    issuer_arn: str = "",
    has_mfa: bool = False,
    source_identity: str = "",
) -> Session:
    """Give out a session of so many seconds. Records of what is called with it tell how it was got (CT-3.2)."""
    now = service.now()
    key = "".join(_KEY_LETTERS[one % 32] for one in service.new_secret(16))
    session = Session(
        access_key=f"ASIA{key}",
        secret=base64.b64encode(service.new_secret(30)).decode("ascii"),
        token=base64.b64encode(service.new_secret(192)).decode("ascii"),
        account=account,
        principal_arn=principal_arn,
        user_id=user_id,
        expires_at=now + timedelta(seconds=seconds),
        transitive_tags=transitive_tags,
        opened_at=now.replace(microsecond=0),
        issuer_arn=issuer_arn,
        has_mfa=has_mfa,
        source_identity=source_identity,
    )
    start = service.now_ms()

    def work(store: StoreWriter) -> None:
        until = start + seconds * 1000 + _REMEMBERED_MS
        _SESSIONS.put(store, _EVERYWHERE, session.access_key, session, now=start, until=until)

    service.store.write(work)
    return session


def find_session(service: Service, access_key: str) -> Session | None:
    """The session of an access key, also one that has just ended; None for any other key."""
    if not access_key.startswith("ASIA"):
        return None
    with service.store.read() as store:
        return _SESSIONS.get(store, _EVERYWHERE, access_key, now=service.now_ms())


def user_id_of(principal_arn: str) -> str:
    """The id of a principal that is no session of ours: an IAM user, the root user, or a role's session (WIRE-5.4)."""
    found = principal_of_arn(principal_arn)
    return synthetic_id("AIDA", principal_arn) if found is None else made_id(found.kind, found.arn)
