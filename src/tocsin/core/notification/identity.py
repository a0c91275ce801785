"""Who made a call, in words, from the userIdentity of a record.

Rule: nothing is guessed. What the record does not name stays empty, and a type that is not known is
shown under its own name. Spec: CT-3, AL-19.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tocsin.core.event import ABSENT, lexeme, look_up
from tocsin.core.notification.safe_line import quoted_name

if TYPE_CHECKING:
    from tocsin.core.event import JsonValue

NOBODY = "the record names nobody"
"""What is said when there is no identity (CON-1.9)."""

_INTERNAL = "AWS Internal"
_HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"


class Identity(NamedTuple):
    """Who made a call: each part as it stands in the record, empty where there is none.

    `principal` is the name, or the ARN where there is no name; `role` and `session` belong to
    sessions; `note` is what else the record says about who is behind it.
    """

    type: str = ""
    principal: str = ""
    role: str = ""
    session: str = ""
    account: str = ""
    access_key: str = ""
    mfa: str = ""
    note: str = ""


def text_at(value: JsonValue, path: str) -> str:
    """The text at a path of names joined by dots; empty where there is none, or it is no text, number or boolean."""
    found = look_up(value, path.split(".") if "." in path else (path,))
    return "" if found is ABSENT else lexeme(found) or ""


def read_identity(user: JsonValue, *, recipient: str = "") -> Identity:
    """The identity in a userIdentity, whatever it holds (CT-2.9, CT-3).

    `recipient` is the account that the record was made for: a caller from another one is said to be.
    """
    kind = text_at(user, "type")
    invoked_by = text_at(user, "invokedBy")
    account = text_at(user, "accountId")
    principal, role, session, notes = _principal(user, kind, invoked_by)
    if invoked_by and principal != invoked_by:
        notes.append(f"through {quoted_name(invoked_by)}")
    if account and recipient and account not in {recipient, principal}:
        notes.append(f"of account {quoted_name(account)}")
    return Identity(
        type=kind,
        principal=principal,
        role=role,
        session=session,
        account=account,
        access_key=text_at(user, "accessKeyId"),
        mfa={"true": "yes", "false": "no"}.get(text_at(user, "sessionContext.attributes.mfaAuthenticated").lower(), ""),
        note=", ".join(notes),
    )


def _principal(user: JsonValue, kind: str, invoked_by: str) -> tuple[str, str, str, list[str]]:
    """Principal, role, session and notes."""
    name, arn, ident = text_at(user, "userName"), text_at(user, "arn"), text_at(user, "principalId")
    issuer = text_at(user, "sessionContext.sessionIssuer.userName")
    match kind:
        case "Root":
            assumed = text_at(user, "sessionContext.assumedRoot") == "true"
            return name or "root", "", "", ["session made by AssumeRoot"] if assumed else []
        case "AssumedRole" | "Role":
            tail = arn.split(":assumed-role/", 1)[-1].split("/", 1) if ":assumed-role/" in arn else ["", ""]
            role = issuer or tail[0] or name
            session = tail[-1] if len(tail) > 1 and tail[-1] else ident.partition(":")[2]
            shown = "/".join(part for part in (role, session) if part)
            return shown or arn or ident, role, session, _session_notes(user)
        case "FederatedUser":
            name = name or arn.partition(":federated-user/")[2] or ident.partition(":")[2] or arn or ident
            issuer_kind = text_at(user, "sessionContext.sessionIssuer.type")
            behind = " ".join(
                part for part in (_KINDS.get(issuer_kind, issuer_kind), issuer and quoted_name(issuer)) if part
            )
            return name, "", "", [f"issued by {behind}"] if behind else []
        case "AWSService":
            return invoked_by, "", "", []
        case "AWSAccount":
            return (
                text_at(user, "accountId") or ident,
                "",
                ident.partition(":")[2],
                [quoted_name(ident)] if ident else [],
            )
        case "IdentityCenterUser":
            known = (text_at(user, "onBehalfOf.userId"), text_at(user, "userId"), name, ident, arn)
            return next(filter(None, known), ""), "", "", []
        case "SAMLUser" | "WebIdentityUser":
            provider = text_at(user, "identityProvider")
            return name or ident, "", "", [f"from {quoted_name(provider)}"] if provider else []
        case "":
            return invoked_by or name or arn or text_at(user, "accountId"), "", "", []
        case _:
            name = name or arn.rpartition("/")[2] or ident
            return name, "", "", []


def _session_notes(user: JsonValue) -> list[str]:
    """Who took the role, as far as the session says so."""
    notes = []
    source = text_at(user, "sessionContext.sourceIdentity")
    if source:
        notes.append(f"source identity {quoted_name(source)}")
    person = text_at(user, "onBehalfOf.userId")
    if person:
        notes.append(f"on behalf of Identity Center user {quoted_name(person)}")
    provider = text_at(user, "sessionContext.webIdFederationData.federatedProvider")
    if provider:
        notes.append(f"from {quoted_name(provider)}")
    return notes


_KINDS = {
    "IAMUser": "IAM user",
    "Root": "root user",
    "Role": "role",
    "AssumedRole": "role",
    "FederatedUser": "federated user",
    "AWSService": "AWS service",
    "AWSAccount": "account",
    "IdentityCenterUser": "Identity Center user",
    "SAMLUser": "SAML user",
    "WebIdentityUser": "web identity",
}


def name_identity(identity: Identity) -> str:
    """The identity in a few words.

    >>> name_identity(Identity(type="AssumedRole", principal="deploy/ci-42", role="deploy", session="ci-42"))
    'role deploy, session ci-42'
    >>> name_identity(Identity())
    'the record names nobody'
    """
    kind, principal = identity.type, identity.principal
    if kind == "Root":
        return "root user" if principal in {"", "root"} else f"root user ({quoted_name(principal)})"
    if principal == _HIDDEN:
        return "an unknown user name (AWS hides it)"
    if kind in {"", "AWSService"}:
        return _service_or_account(principal)
    if identity.role:
        session = f", session {quoted_name(identity.session)}" if identity.session else ""
        return f"role {quoted_name(identity.role)}{session}"
    if kind == "AssumedRole" and identity.session:
        return f"session {quoted_name(identity.session)} of a role without a name"
    return f"{_KINDS.get(kind, kind)} {quoted_name(principal) if principal else 'without a name'}"


def _service_or_account(principal: str) -> str:
    """Service events name a service or an account, and no type; services also call as `AWS Internal` (CT-3.1)."""
    if not principal:
        return NOBODY
    if principal.isdigit():
        return f"account {principal}"
    if principal.endswith(".amazonaws.com"):
        return f"AWS service {quoted_name(principal)}"
    return principal if principal == _INTERNAL else quoted_name(principal)
