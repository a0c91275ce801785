"""Who made a call of our own API, as its record tells it. Spec: REC-14, WIRE-5.4.

Rule: records and GetCallerIdentity agree. An access key is one of our sessions, one that was configured, or the
principal that everybody else is taken for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.app.session import find_session
from tocsin.core.identity import CallerIdentity, Issuer, Kind, Principal, Session, principal_of_arn, unsigned_identity
from tocsin.core.identity.principal import role_arn_of

if TYPE_CHECKING:
    from tocsin.app.service import Service
    from tocsin.app.session import Session as OpenSession
    from tocsin.composition.call_recording import MadeCall

_UNSIGNED = ("AssumeRoleWithSAML", "AssumeRoleWithWebIdentity")


def identity_of(service: Service, made: MadeCall) -> CallerIdentity:
    """The userIdentity of a call, and the account that its record is for."""
    caller, call = made.caller, made.call
    if not caller.is_signed and call.service == "sts" and call.operation in _UNSIGNED:
        output = made.result if isinstance(made.result, dict) else {}
        return unsigned_identity(
            call.service, call.operation, dict(made.parameters or {}), output, account=caller.account
        )
    opened = find_session(service, caller.access_key)
    principal = principal_of_arn(caller.principal_arn) if opened is None else _in_session(opened)
    if principal is None:
        told = {"type": "Unknown", "arn": caller.principal_arn, "accountId": caller.account}
        return CallerIdentity(
            account=caller.account, identity=told | ({"accessKeyId": caller.access_key} if caller.access_key else {})
        )
    return CallerIdentity(account=caller.account, identity=principal.identity(caller.access_key))


def _in_session(opened: OpenSession) -> Principal | None:
    """Whoever a session was opened for, with what is known of how it was."""
    issuer: Issuer | None = None
    arn = opened.issuer_arn
    if opened.is_of_role:
        issuer = Issuer(kind=Kind.ROLE, arn=arn or role_arn_of(opened.principal_arn))
    elif arn and (found := principal_of_arn(arn)) is not None:
        issuer = Issuer(kind=found.kind, arn=arn)
    session = Session(
        created_at=opened.opened_at or opened.expires_at,
        has_mfa=opened.has_mfa,
        issuer=issuer,
        source_identity=opened.source_identity,
    )
    return principal_of_arn(opened.principal_arn, principal_id=opened.user_id, session=session)
