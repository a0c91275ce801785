"""Security Token Service: who am I, and sessions. Spec: WIRE-8, WIRE-5.4, WIRE-5.12."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import msgspec

from tocsin.api.operation import Operations
from tocsin.app.session import Session, find_session, open_session, user_id_of
from tocsin.core.identity import Kind, made_id
from tocsin.errors import InputError
from tocsin.wire.fault import Fault

if TYPE_CHECKING:
    from tocsin.api.operation import Context, Parameters

operations = Operations("sts", {(InputError, ""): "ValidationError"})

_ROLE = re.compile(r"arn:([a-z-]+):iam::([0-9]{12}):role/(?:[!-.0-~]+/)*([\w+=,.@-]{1,64})\Z", re.ASCII)
_ACCOUNT = re.compile(r"[0-9]{12}\Z")
_HOUR = 3600
_HALF_DAY = 12 * _HOUR
_POLICY_SIZE = 2048


@operations("GetCallerIdentity")
def get_caller_identity(ctx: Context, _parameters: Parameters) -> dict[str, Any]:
    """Account, ARN and id of who calls."""
    session = find_session(ctx.tocsin, ctx.access_key)
    user_id = user_id_of(ctx.principal_arn) if session is None else session.user_id
    return {"UserId": user_id, "Account": ctx.scope.account, "Arn": ctx.principal_arn}


@operations("AssumeRole")
def assume_role(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """A session of a role; no trust policy is looked at."""
    arn, name = parameters["RoleArn"], parameters["RoleSessionName"]
    found = _ROLE.match(arn)
    if found is None:
        raise Fault("ValidationError", f"{arn} is invalid")
    caller = find_session(ctx.tocsin, ctx.access_key)
    seconds = parameters.get("DurationSeconds", _HOUR)
    if caller is not None and caller.is_of_role and seconds > _HOUR:
        raise Fault(
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
        )
    transitive = _transitive_tags(parameters, caller)
    packed_size = _packed_size(parameters)
    partition, account, role = found.groups()
    assumed = f"arn:{partition}:sts::{account}:assumed-role/{role}/{name}"
    user_id = f"{made_id(Kind.ROLE, arn)}:{name}"
    session = open_session(
        ctx.tocsin,
        account=account,
        principal_arn=assumed,
        user_id=user_id,
        seconds=seconds,
        transitive_tags=transitive,
        issuer_arn=arn,
        has_mfa=_has_mfa(parameters),
        source_identity=parameters.get("SourceIdentity", ""),
    )
    return {
        "Credentials": _credentials(session),
        "AssumedRoleUser": {"Arn": assumed, "AssumedRoleId": user_id},
        "PackedPolicySize": packed_size,
        "SourceIdentity": parameters.get("SourceIdentity"),
    }


def _transitive_tags(parameters: Parameters, caller: Session | None) -> frozenset[str]:
    """The keys of tags that go on to further sessions, in lower case, of the caller and of this call."""
    given = [one["Key"].lower() for one in parameters.get("Tags", ())]
    if len(set(given)) < len(given):
        raise Fault(
            "InvalidParameterValue", "Duplicate tag keys found. Please note that Tag keys are case insensitive."
        )
    transitive = frozenset(key.lower() for key in parameters.get("TransitiveTagKeys", ()))
    if not transitive <= set(given):
        raise Fault("InvalidParameterValue", "The specified transitive tag key must be included in the requested tags.")
    inherited = frozenset() if caller is None else caller.transitive_tags
    if inherited & set(given):
        raise Fault(
            "InvalidParameterValue",
            "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key "
            "from the calling session.",
        )
    return transitive | inherited


def _has_mfa(parameters: Parameters) -> bool:
    """Whether an MFA device was named with a code of it; nobody can check either."""
    return bool(parameters.get("SerialNumber")) and bool(parameters.get("TokenCode"))


def _packed_size(parameters: Parameters) -> int | None:
    """How much of their space the policies of a session take, in per cent; None for a session without any."""
    policy = parameters.get("Policy", "")
    if policy:
        try:
            tree = msgspec.json.decode(policy)
        except (msgspec.DecodeError, ValueError, RecursionError):
            tree = None
        if not isinstance(tree, dict):
            raise Fault("MalformedPolicyDocumentException", "This policy contains invalid Json")
    arns = [one.get("arn", "") for one in parameters.get("PolicyArns", ())]
    if not policy and not arns:
        return None
    return math.ceil(100 * (len(policy) + sum(map(len, arns))) / _POLICY_SIZE)


def _credentials(session: Session) -> dict[str, Any]:
    return {
        "AccessKeyId": session.access_key,
        "SecretAccessKey": session.secret,
        "SessionToken": session.token,
        "Expiration": session.expires_at.replace(microsecond=0),
    }


def _require_long_term_key(ctx: Context) -> None:
    """A session cannot make another one of itself."""
    if find_session(ctx.tocsin, ctx.access_key) is not None:
        raise Fault("AccessDenied", f"Cannot call {ctx.operation} with session credentials", status=403)


@operations("GetSessionToken")
def get_session_token(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """A session of who calls."""
    _require_long_term_key(ctx)
    session = open_session(
        ctx.tocsin,
        account=ctx.scope.account,
        principal_arn=ctx.principal_arn,
        user_id=user_id_of(ctx.principal_arn),
        seconds=parameters.get("DurationSeconds", _HALF_DAY),
        has_mfa=_has_mfa(parameters),
    )
    return {"Credentials": _credentials(session)}


@operations("GetFederationToken")
def get_federation_token(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """A session of a federated user."""
    _require_long_term_key(ctx)
    packed_size = _packed_size(parameters) or 0
    name = parameters["Name"]
    arn = f"arn:{ctx.scope.partition}:sts::{ctx.scope.account}:federated-user/{name}"
    session = open_session(
        ctx.tocsin,
        account=ctx.scope.account,
        principal_arn=arn,
        user_id=user_id_of(arn),
        seconds=parameters.get("DurationSeconds", _HALF_DAY),
        issuer_arn=ctx.principal_arn,
    )
    return {
        "Credentials": _credentials(session),
        "FederatedUser": {"FederatedUserId": session.user_id, "Arn": arn},
        "PackedPolicySize": packed_size,
    }


@operations("GetAccessKeyInfo")
def get_access_key_info(ctx: Context, parameters: Parameters) -> dict[str, Any]:
    """The account of a key: of a session of ours, a configured key, one that is an account, or else the default."""
    key, settings = parameters["AccessKeyId"], ctx.tocsin.settings
    session = find_session(ctx.tocsin, key)
    if session is not None:
        return {"Account": session.account}
    default = key if _ACCOUNT.match(key) else settings.account
    return {"Account": settings.key_accounts.get(key, default)}
