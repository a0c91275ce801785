"""Who makes a call without a signature. Spec: REC-14.7, CT-3.1."""

from __future__ import annotations

import re
from base64 import b64decode, urlsafe_b64decode
from typing import Any, Final

import msgspec

from tocsin.core.identity.learning import text_of
from tocsin.core.identity.principal import CallerIdentity, principal_of_arn

_WELL_KNOWN: Final = frozenset(
    ("cognito-identity.amazonaws.com", "accounts.google.com", "www.amazon.com", "graph.facebook.com")
)
"""Providers of web identities that AWS knows by itself; of any other an account has made an object of IAM."""

_NAME_ID: Final = re.compile(rb"<(?:[\w.-]{1,40}:)?NameID\b[^<>]{0,4000}>([^<>]{1,1000})</")
_LONGEST_CLAIM: Final = 1024
_LONGEST_TOKEN: Final = 100_000


def unsigned_identity(
    service: str, operation: str, parameters: dict[str, Any], output: dict[str, Any], *, account: str
) -> CallerIdentity:
    """Who called, of what the call brings along; nothing of it is verified. `account` is the one of who is unknown.

    `service` is the model's name, parameters and output go by the model's member names.
    """
    role = principal_of_arn(text_of(parameters, "RoleArn"))
    owner = account if role is None else role.account
    partition = "aws" if role is None else role.arn.split(":", 2)[1]
    match service, operation:
        case "sts", "AssumeRoleWithWebIdentity":
            return CallerIdentity(account=owner, identity=_web_identity(parameters, f"arn:{partition}:iam::{owner}"))
        case "sts", "AssumeRoleWithSAML":
            return CallerIdentity(account=owner, identity=_saml_user(parameters, output))
        case "s3", _:
            told = {"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"}
            return CallerIdentity(account=account, identity=told)
        case _:
            return CallerIdentity(account=account, identity={"type": "Unknown"})


def _web_identity(parameters: dict[str, Any], account_arn: str) -> dict[str, Any]:
    claims = _claims(parameters.get("WebIdentityToken"))
    issuer = _claim(claims, "iss").removeprefix("https://") or text_of(parameters, "ProviderId")
    user = _claim(claims, "sub")
    provider = issuer if issuer in _WELL_KNOWN or not issuer else f"{account_arn}:oidc-provider/{issuer}"
    principal_id = ":".join(part for part in (provider, _claim(claims, "aud"), user) if part)
    return {"type": "WebIdentityUser", "principalId": principal_id, "userName": user, "identityProvider": provider}


def _claims(token: object) -> dict[str, Any]:
    """The claims of a token in its middle part; none where it is no such token."""
    parts = token.split(".") if isinstance(token, str) and len(token) <= _LONGEST_TOKEN else []
    if len(parts) != 3:
        return {}
    try:
        claims = msgspec.json.decode(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _claim(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name)
    if isinstance(value, list):
        value = value[0] if value else ""
    return value[:_LONGEST_CLAIM] if isinstance(value, str) else ""


def _saml_user(parameters: dict[str, Any], output: dict[str, Any]) -> dict[str, Any]:
    """Of the answer, which tells what was made of the assertion; where it was refused, of the assertion itself."""
    subject = text_of(output, "Subject") or _name_id(parameters.get("SAMLAssertion"))
    qualifier = text_of(output, "NameQualifier")
    principal_id = ":".join(part for part in (qualifier, subject) if part)
    return {"type": "SAMLUser", "principalId": principal_id, "userName": subject, "identityProvider": qualifier}


def _name_id(assertion: object) -> str:
    """The NameID of an assertion. It is looked for as text: XML of strangers is not parsed here."""
    if not isinstance(assertion, str) or len(assertion) > _LONGEST_TOKEN:
        return ""
    try:
        document = b64decode(assertion)
    except ValueError:
        return ""
    found = _NAME_ID.search(document)
    return found[1].decode("utf-8", "replace").strip() if found else ""
