"""What answers of STS and IAM tell of access keys and principals. Spec: REC-14.3.

Rule: what does not look as AWS writes it teaches nothing. Secrets are not looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import msgspec

from tocsin.core.identity.principal import (
    Issuer,
    Kind,
    Principal,
    Session,
    made_id,
    name_in,
    principal_of_arn,
    synthetic_id,
)

Values = dict[str, Any]
PrincipalKind = Literal["user", "role"]

_LONGEST: Final = 2048


class LearnedKey(msgspec.Struct, frozen=True, kw_only=True):
    """An access key, and whose it is. It is forgotten at `forget_at` (aware); never where that is None."""

    access_key: str
    principal: Principal
    forget_at: datetime | None = None


class KnownPrincipal(msgspec.Struct, frozen=True, kw_only=True):
    """A user or role by its name: its ARN with the path, and its id. With an empty ARN it is one that is no more."""

    kind: PrincipalKind
    account: str
    name: str
    arn: str
    principal_id: str = ""


class Lesson(msgspec.Struct, frozen=True, kw_only=True):
    """What was learned of one answer, to be kept."""

    keys: tuple[LearnedKey, ...] = ()
    principals: tuple[KnownPrincipal, ...] = ()


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """A call that went well: `service` as its model is called, parameters and output by the model's member names.

    `access_key` made the call (empty: nobody signed it), for `region`; `at` is when the answer was complete.
    """

    service: str
    operation: str
    parameters: Values
    output: Values
    access_key: str
    region: str
    at: datetime


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What the book knows that a lesson builds on."""

    caller: Callable[[], Principal | None]
    principal: Callable[[PrincipalKind, str, str], KnownPrincipal | None]
    """By kind, account and name."""
    key: Callable[[str], LearnedKey | None]
    keys_of: Callable[[str], list[LearnedKey]]
    """Of the principal of an ARN."""


def lesson_of(seen: Observation, known: Known, *, remembered: timedelta) -> Lesson | None:
    """What a call teaches; None when that is nothing. `remembered` is how long a key that has ended stays known."""
    teach = _TEACHERS.get((seen.service, seen.operation))
    return None if teach is None else teach(seen, known, remembered)


def text_of(values: object, *names: str) -> str:
    """A text in nested values; empty where there is none, or one that is too long to be meant."""
    for name in names:
        values = values.get(name) if isinstance(values, dict) else None
    return values if isinstance(values, str) and len(values) <= _LONGEST else ""


def _assume_role(seen: Observation, known: Known, remembered: timedelta) -> Lesson | None:
    """A session of a role, by any of the three ways."""
    role = principal_of_arn(text_of(seen.parameters, "RoleArn"))
    assumed_id = text_of(seen.output, "AssumedRoleUser", "AssumedRoleId")
    if role is None or role.kind is not Kind.ROLE:
        return None
    role_id = assumed_id.partition(":")[0]
    found = known.principal("role", role.account, name_in(role.arn))
    if not role_id and found is not None:
        role_id = found.principal_id
    session = Session(
        created_at=seen.at,
        has_mfa=_has_mfa(seen.parameters),
        issuer=Issuer(kind=Kind.ROLE, arn=role.arn, principal_id=role_id),
        federated_provider=_web_provider(seen),
        source_identity=text_of(seen.output, "SourceIdentity") or text_of(seen.parameters, "SourceIdentity"),
    )
    assumed = principal_of_arn(text_of(seen.output, "AssumedRoleUser", "Arn"), principal_id=assumed_id, session=session)
    if assumed is None or assumed.kind is not Kind.ASSUMED_ROLE:
        return None
    if not assumed_id:
        name = assumed.arn.rpartition("/")[2]
        assumed = msgspec.structs.replace(assumed, principal_id=f"{role_id or made_id(Kind.ROLE, role.arn)}:{name}")
    return _session_lesson(seen, assumed, remembered)


def _web_provider(seen: Observation) -> str:
    if seen.operation != "AssumeRoleWithWebIdentity":
        return ""
    return text_of(seen.output, "Provider") or text_of(seen.parameters, "ProviderId")


def _get_session_token(seen: Observation, known: Known, remembered: timedelta) -> Lesson | None:
    caller = known.caller()
    if caller is None:
        return None
    session = Session(created_at=seen.at, has_mfa=_has_mfa(seen.parameters))
    return _session_lesson(seen, msgspec.structs.replace(caller, session=session), remembered)


def _get_federation_token(seen: Observation, known: Known, remembered: timedelta) -> Lesson | None:
    caller = known.caller()
    issuer = None
    if caller is not None:
        issuer = Issuer(kind=caller.kind, arn=caller.arn, principal_id=caller.principal_id)
    federated = principal_of_arn(
        text_of(seen.output, "FederatedUser", "Arn"),
        principal_id=text_of(seen.output, "FederatedUser", "FederatedUserId"),
        session=Session(created_at=seen.at, issuer=issuer),
    )
    if federated is None or federated.kind is not Kind.FEDERATED_USER:
        return None
    return _session_lesson(seen, federated, remembered)


def _session_lesson(seen: Observation, principal: Principal, remembered: timedelta) -> Lesson | None:
    key = text_of(seen.output, "Credentials", "AccessKeyId")
    credentials = seen.output.get("Credentials")
    ends = credentials.get("Expiration") if isinstance(credentials, dict) else None
    if not key or not isinstance(ends, datetime) or ends.tzinfo is None:
        return None
    try:
        forget_at = ends + remembered
    except OverflowError:
        return None
    return Lesson(keys=(LearnedKey(access_key=key, principal=principal, forget_at=forget_at),))


def _has_mfa(parameters: Values) -> bool:
    return bool(parameters.get("SerialNumber")) and bool(parameters.get("TokenCode"))


def _create_access_key(seen: Observation, known: Known, _remembered: timedelta) -> Lesson | None:
    key = text_of(seen.output, "AccessKey", "AccessKeyId")
    name = text_of(seen.output, "AccessKey", "UserName") or text_of(seen.parameters, "UserName")
    caller = known.caller()
    if not key or caller is None:
        return None
    if not name:  # for whoever asks
        return Lesson(keys=(LearnedKey(access_key=key, principal=msgspec.structs.replace(caller, session=None)),))
    found = known.principal("user", caller.account, name)
    partition = caller.arn.split(":")[1]
    arn = f"arn:{partition}:iam::{caller.account}:user/{name}" if found is None else found.arn
    principal = principal_of_arn(arn)
    return None if principal is None else Lesson(keys=(LearnedKey(access_key=key, principal=principal),))


def _delete_access_key(seen: Observation, known: Known, remembered: timedelta) -> Lesson | None:
    found = known.key(text_of(seen.parameters, "AccessKeyId"))
    if found is None:
        return None
    return Lesson(keys=(msgspec.structs.replace(found, forget_at=seen.at + remembered),))


def _create_user(seen: Observation, _known: Known, _remembered: timedelta) -> Lesson | None:
    return _principal_lesson("user", text_of(seen.output, "User", "Arn"), text_of(seen.output, "User", "UserId"))


def _create_role(seen: Observation, _known: Known, _remembered: timedelta) -> Lesson | None:
    return _principal_lesson("role", text_of(seen.output, "Role", "Arn"), text_of(seen.output, "Role", "RoleId"))


def _principal_lesson(kind: PrincipalKind, arn: str, principal_id: str) -> Lesson | None:
    principal = principal_of_arn(arn)
    if principal is None or principal.kind is not {"user": Kind.IAM_USER, "role": Kind.ROLE}[kind]:
        return None
    account, name = principal.account, name_in(arn)
    made = KnownPrincipal(kind=kind, account=account, name=name, arn=arn, principal_id=principal_id)
    return Lesson(principals=(made,))


def _update_user(seen: Observation, known: Known, _remembered: timedelta) -> Lesson | None:
    """A new name or path: the id stays, and so do the keys."""
    caller = known.caller()
    old = text_of(seen.parameters, "UserName")
    if caller is None or not old:
        return None
    found = known.principal("user", caller.account, old)
    before = f"arn:{caller.arn.split(':')[1]}:iam::{caller.account}:user/{old}" if found is None else found.arn
    start, _, resource = before.partition(":user/")
    path = text_of(seen.parameters, "NewPath") or f"/{resource[: -len(old)]}"
    name = text_of(seen.parameters, "NewUserName") or old
    arn = f"{start}:user{path}{name}"
    principal = principal_of_arn(arn)
    if principal is None or arn == before:
        return None
    # Without an id of its own a user has had one that is made from the ARN: it stays what it was.
    user_id = found.principal_id if found is not None and found.principal_id else synthetic_id("AIDA", before)
    renamed = [KnownPrincipal(kind="user", account=caller.account, name=name, arn=arn, principal_id=user_id)]
    if name != old:
        renamed.append(KnownPrincipal(kind="user", account=caller.account, name=old, arn=""))
    keys = (
        msgspec.structs.replace(key, principal=msgspec.structs.replace(key.principal, arn=arn))
        for key in known.keys_of(before)
    )
    return Lesson(keys=tuple(keys), principals=tuple(renamed))


_TEACHERS: Final[dict[tuple[str, str], Callable[[Observation, Known, timedelta], Lesson | None]]] = {
    ("sts", "AssumeRole"): _assume_role,
    ("sts", "AssumeRoleWithWebIdentity"): _assume_role,
    ("sts", "AssumeRoleWithSAML"): _assume_role,
    ("sts", "GetSessionToken"): _get_session_token,
    ("sts", "GetFederationToken"): _get_federation_token,
    ("iam", "CreateAccessKey"): _create_access_key,
    ("iam", "DeleteAccessKey"): _delete_access_key,
    ("iam", "CreateUser"): _create_user,
    ("iam", "CreateRole"): _create_role,
    ("iam", "UpdateUser"): _update_user,
}
