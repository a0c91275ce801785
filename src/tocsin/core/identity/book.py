"""The book of access keys: whose each one is. Spec: REC-14.

Rule: what was configured comes before what was learned, and both before a guess. The book is bounded: of too many
keys those are forgotten first that were learned first. Every step is one operation on a dict, so that the book may be
asked while another thread adds to it; only one thread may add.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import msgspec

from tocsin.core.identity.learning import Known, KnownPrincipal, LearnedKey, Lesson, lesson_of
from tocsin.core.identity.principal import CallerIdentity, Kind, Principal, name_in
from tocsin.core.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.core.identity.learning import Observation, PrincipalKind

REMEMBERED: Final = timedelta(days=1)
"""How long a key is known after its end, so that calls which come late still find it (REC-14.3)."""

MOST_KEYS: Final = 50_000
"""Learned keys that are kept, and as many users and roles."""

_LONGEST_KEY: Final = 128
_ACCOUNT: Final = re.compile(r"[0-9]{12}\Z")
_NO_NAME: Final = re.compile(r"[^\w+=,.@-]", re.ASCII)


class UnknownKeys(StrEnum):
    """What a key is that nothing is known of (REC-14.6)."""

    USER = "user"
    """An IAM user of the key's name."""
    UNKNOWN = "unknown"
    """`type` Unknown, and nothing else."""
    SERVICE = "service"
    """The principal that `tocsin serve` takes it for (WIRE-5.4)."""


class IdentityBook:
    """Says who an access key is, and learns from the answers of STS and IAM."""

    def __init__(
        self,
        *,
        account: str,
        configured: Mapping[str, Principal] | None = None,
        unknown: UnknownKeys = UnknownKeys.USER,
        most: int = MOST_KEYS,
    ) -> None:
        """`account` is the one of keys that name none, `configured` are keys with their principals."""
        self.account = account
        self._configured = dict(configured or {})
        self._unknown = unknown
        self._most = most
        self._learned: dict[str, LearnedKey] = {}
        self._principals: dict[tuple[str, str, str], KnownPrincipal] = {}

    # ------------------------------------------------------------ asking

    def caller(self, access_key: str, *, region: str, at: datetime) -> CallerIdentity:
        """Who made a call with that key, for that region, at `at` (aware)."""
        key = access_key[:_LONGEST_KEY]
        principal = self.principal(key, region=region, at=at)
        if principal is None:
            told = {"type": "Unknown", "accessKeyId": key}
            return CallerIdentity(account=self._account_of(key), identity=told)
        return CallerIdentity(account=principal.account, identity=principal.identity(key))

    def principal(self, access_key: str, *, region: str, at: datetime) -> Principal | None:
        """Whose a key is, with the id as far as it is known; None where unknown keys are to be Unknown."""
        found = self._configured.get(access_key)
        if found is None:
            learned = self._learned.get(access_key)
            if learned is not None and (learned.forget_at is None or at < learned.forget_at):
                found = learned.principal
        return self._with_id(found if found is not None else self._guess(access_key, region))

    def _guess(self, access_key: str, region: str) -> Principal | None:
        if self._unknown is UnknownKeys.UNKNOWN:
            return None
        scope = Scope(self._account_of(access_key), region)
        # Anybody can send anything as a key: what would make no ARN is written in letters that do.
        name = "tocsin" if self._unknown is UnknownKeys.SERVICE else _NO_NAME.sub("_", access_key)[:64] or "unknown"
        return Principal(kind=Kind.IAM_USER, arn=f"arn:{scope.partition}:iam::{scope.account}:user/{name}")

    def _account_of(self, access_key: str) -> str:
        return access_key if _ACCOUNT.match(access_key) else self.account

    def _with_id(self, principal: Principal | None) -> Principal | None:
        """A principal with what is known of its id, and of its issuer's."""
        if principal is None:
            return None
        if not principal.principal_id and (known := self._id_of(principal.kind, principal.arn)):
            principal = msgspec.structs.replace(principal, principal_id=known)
        session = principal.session
        issuer = None if session is None else session.issuer
        if session is None or issuer is None or issuer.principal_id:
            return principal
        named = msgspec.structs.replace(issuer, principal_id=self._id_of(issuer.kind, issuer.arn))
        return msgspec.structs.replace(principal, session=msgspec.structs.replace(session, issuer=named))

    def _id_of(self, kind: Kind, arn: str) -> str:
        word = _WITH_IDS.get(kind)
        found = None if word is None else self._known_principal(word, arn.split(":", 5)[4], name_in(arn))
        return found.principal_id if found is not None and found.arn == arn else ""

    def _known_principal(self, kind: PrincipalKind, account: str, name: str) -> KnownPrincipal | None:
        return self._principals.get((kind, account, name))

    def _keys_of(self, arn: str) -> list[LearnedKey]:
        return [key for key in list(self._learned.values()) if key.principal.arn == arn]

    # ------------------------------------------------------------ learning

    def learn(self, seen: Observation) -> Lesson | None:
        """Learn from a call that went well; what was learned, to be kept, or None."""
        known = Known(
            caller=lambda: self.principal(seen.access_key, region=seen.region, at=seen.at) if seen.access_key else None,
            principal=self._known_principal,
            key=self._learned.get,
            keys_of=self._keys_of,
        )
        lesson = lesson_of(seen, known, remembered=REMEMBERED)
        if lesson is not None:
            self.remember(lesson)
        return lesson

    def remember(self, lesson: Lesson) -> None:
        """Take over what was learned before."""
        for key in lesson.keys:
            self._learned.pop(key.access_key, None)
            self._learned[key.access_key] = key
        for principal in lesson.principals:
            name = (principal.kind, principal.account, principal.name)
            self._principals.pop(name, None)
            if principal.arn:
                self._principals[name] = principal
        while len(self._learned) > self._most:
            self._learned.pop(next(iter(self._learned)))
        while len(self._principals) > self._most:
            self._principals.pop(next(iter(self._principals)))

    def forget_ended(self, at: datetime) -> int:
        """Let go of keys that nobody can ask for any more; how many there were."""
        ended = [name for name, key in list(self._learned.items()) if key.forget_at is not None and key.forget_at <= at]
        for name in ended:
            self._learned.pop(name, None)
        return len(ended)

    def __len__(self) -> int:
        """How many keys it has learned."""
        return len(self._learned)


_WITH_IDS: Final[dict[Kind, PrincipalKind]] = {Kind.IAM_USER: "user", Kind.ROLE: "role"}
