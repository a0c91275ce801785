"""Principals and sessions, and the userIdentity of each. Spec: CT-3, REC-14.4, REC-14.8."""

from __future__ import annotations

import re
from base64 import b32encode
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

import msgspec

_ARN: Final = re.compile(
    r"arn:(?P<partition>[a-z-]{1,40}):(?P<service>iam|sts)::(?P<account>[0-9]{12}):(?P<resource>\S{1,1200})\Z", re.ASCII
)
_ID_LENGTH: Final = 17


class Kind(StrEnum):
    """What somebody is, in the words of `userIdentity.type`."""

    IAM_USER = "IAMUser"
    ROOT = "Root"
    ASSUMED_ROLE = "AssumedRole"
    FEDERATED_USER = "FederatedUser"
    ROLE = "Role"


class CallerIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """Who called: `identity` is the userIdentity of the record, `account` the one that owns the credentials."""

    account: str
    identity: dict[str, Any]


class Issuer(msgspec.Struct, frozen=True, kw_only=True):
    """Who a session was given to: a role, a user or the root user. `principal_id` is empty where it is not known."""

    kind: Kind
    arn: str
    principal_id: str = ""


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """Temporary credentials: since when (aware), and by what they were got (CT-3.2).

    `issuer` is None for a session of the user's own (GetSessionToken), whose sessionIssuer is empty.
    """

    created_at: datetime
    has_mfa: bool = False
    issuer: Issuer | None = None
    federated_provider: str = ""
    source_identity: str = ""


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who calls. `principal_id` is empty where it is not known; then one is made from the ARN."""

    kind: Kind
    arn: str
    principal_id: str = ""
    session: Session | None = None

    @property
    def account(self) -> str:
        """The account in the ARN."""
        return self.arn.split(":", 5)[4]

    def identity(self, access_key: str = "") -> dict[str, Any]:
        """The userIdentity of a call made with that key; without one, the field is left out (CT-4.2)."""
        told: dict[str, Any] = {
            "type": self.kind.value,
            "principalId": self.principal_id or made_id(self.kind, self.arn),
            "arn": self.arn,
            "accountId": self.account,
        }
        if access_key:
            told["accessKeyId"] = access_key
        if self.kind is Kind.IAM_USER:
            told["userName"] = name_in(self.arn)
        if self.session is not None:
            told["sessionContext"] = _session_context(self.session)
        return told


def synthetic_id(prefix: str, arn: str) -> str:
    """An id as IAM has them, `AIDA…`, which is the same for the same ARN (REC-14.4).

    >>> synthetic_id("AIDA", "arn:aws:iam::111122223333:user/alice")
    'AIDAK54MGDJ75DASHSZKW'
    """
    return prefix + b32encode(sha256(arn.encode()).digest()).decode("ascii")[:_ID_LENGTH]


def made_id(kind: Kind, arn: str) -> str:
    """The principalId of somebody whose real one is not known."""
    account = arn.split(":", 5)[4]
    match kind:
        case Kind.ROOT:
            return account
        case Kind.FEDERATED_USER:
            return f"{account}:{name_in(arn)}"
        case Kind.ROLE:
            # Without its path, which the ARNs of sessions leave out: a role has one id however it is met.
            return synthetic_id("AROA", f"{arn.partition(':role/')[0]}:role/{name_in(arn)}")
        case Kind.ASSUMED_ROLE:
            return f"{made_id(Kind.ROLE, role_arn_of(arn))}:{name_in(arn)}"
        case _:
            return synthetic_id("AIDA", arn)


def role_arn_of(assumed: str) -> str:
    """The role of an ARN of a session of one. A path of the role is not in it.

    >>> role_arn_of("arn:aws:sts::111122223333:assumed-role/Admin/bob")
    'arn:aws:iam::111122223333:role/Admin'
    """
    _, partition, _, _, account, resource = assumed.split(":", 5)
    return f"arn:{partition}:iam::{account}:role/{resource.split('/')[1]}"


def name_in(arn: str) -> str:
    """The name of a user or role: what stands behind the path.

    >>> name_in("arn:aws:iam::111122223333:user/security/alice")
    'alice'
    """
    return arn.rpartition("/")[2]


def principal_of_arn(arn: str, *, principal_id: str = "", session: Session | None = None) -> Principal | None:
    """The principal that an ARN names; None for what is no ARN of a user, role, session or root user."""
    found = _ARN.match(arn)
    if found is None:
        return None
    kind = _kind_of(found["service"], found["resource"])
    return None if kind is None else Principal(kind=kind, arn=arn, principal_id=principal_id, session=session)


def _kind_of(service: str, resource: str) -> Kind | None:
    if service == "iam":
        if resource == "root":
            return Kind.ROOT
        word, _, name = resource.partition("/")
        kinds = {"user": Kind.IAM_USER, "role": Kind.ROLE}
        return kinds.get(word) if name and not name.endswith("/") else None
    parts = resource.split("/")
    if parts[0] == "assumed-role" and len(parts) == 3 and all(parts):
        return Kind.ASSUMED_ROLE
    return Kind.FEDERATED_USER if parts[0] == "federated-user" and len(parts) == 2 and parts[1] else None


def _session_context(session: Session) -> dict[str, Any]:
    provider = session.federated_provider
    told: dict[str, Any] = {
        "sessionIssuer": {} if session.issuer is None else _issuer(session.issuer),
        "webIdFederationData": {"federatedProvider": provider, "attributes": {}} if provider else {},
        "attributes": {
            "creationDate": f"{session.created_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "mfaAuthenticated": "true" if session.has_mfa else "false",
        },
    }
    if session.source_identity:
        told["sourceIdentity"] = session.source_identity
    return told


def _issuer(issuer: Issuer) -> dict[str, str]:
    told = {
        "type": issuer.kind.value,
        "principalId": issuer.principal_id or made_id(issuer.kind, issuer.arn),
        "arn": issuer.arn,
        "accountId": issuer.arn.split(":", 5)[4],
    }
    if issuer.kind is not Kind.ROOT:
        told["userName"] = name_in(issuer.arn)
    return told
