"""Callers without a signature. Spec: REC-14.7, CT-3.1."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tocsin.core.identity import unsigned_identity

A = "111122223333"
DEFAULT = "444455556666"
ROLE = f"arn:aws-cn:iam::{A}:role/Deploy"


def token(claims: object) -> str:
    middle = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{middle}.c2ln"


def web(parameters: dict[str, Any]) -> dict[str, Any]:
    found = unsigned_identity("sts", "AssumeRoleWithWebIdentity", {"RoleArn": ROLE, **parameters}, {}, account=DEFAULT)
    assert found.account == A
    return found.identity


def test_web_identity_by_the_claims_of_its_token() -> None:
    claims = {
        "iss": "https://oidc.example.com/id/7",
        "aud": ["sts.amazonaws.com"],
        "sub": "system:serviceaccount:prod:pay",
    }
    provider = f"arn:aws-cn:iam::{A}:oidc-provider/oidc.example.com/id/7"
    assert web({"WebIdentityToken": token(claims)}) == {
        "type": "WebIdentityUser",
        "principalId": f"{provider}:sts.amazonaws.com:system:serviceaccount:prod:pay",
        "userName": "system:serviceaccount:prod:pay",
        "identityProvider": provider,
    }


def test_providers_that_aws_knows_have_no_arn() -> None:
    told = web({"WebIdentityToken": token({"iss": "https://accounts.google.com", "aud": "app", "sub": "42"})})
    assert (told["identityProvider"], told["principalId"]) == ("accounts.google.com", "accounts.google.com:app:42")


@pytest.mark.parametrize(
    "sent",
    [
        None,
        7,
        "",
        "a.b",
        "a.!.c",
        "a.bm8.c",
        token([1]),
        token({"iss": 7, "sub": None, "aud": []}),
        "a." + "b" * 200_000 + ".c",
        "a." + base64.urlsafe_b64encode(b"[" * 90_000).decode().rstrip("=") + ".c",
    ],
)
def test_token_that_says_nothing(sent: object) -> None:
    told = web({"WebIdentityToken": sent, "ProviderId": "www.amazon.com"})
    assert told == {
        "type": "WebIdentityUser",
        "principalId": "www.amazon.com",
        "userName": "",
        "identityProvider": "www.amazon.com",
    }
    assert web({})["identityProvider"] == ""


def saml(assertion: object, output: dict[str, Any]) -> dict[str, Any]:
    parameters = {"RoleArn": ROLE, "SAMLAssertion": assertion}
    return unsigned_identity("sts", "AssumeRoleWithSAML", parameters, output, account=DEFAULT).identity


ASSERTION = base64.b64encode(
    b'<samlp:Response><saml:Subject><saml:NameID Format="x">eve@example.com</saml:NameID></saml:Subject></samlp:Response>'
).decode()


def test_saml_user_by_the_answer_and_without_one_by_the_assertion() -> None:
    assert saml(ASSERTION, {"Subject": "eve", "NameQualifier": "q1="}) == {
        "type": "SAMLUser",
        "principalId": "q1=:eve",
        "userName": "eve",
        "identityProvider": "q1=",
    }
    assert saml(ASSERTION, {})["userName"] == "eve@example.com"


@pytest.mark.parametrize("assertion", [None, "x", "!!!", base64.b64encode(b"<Response/>").decode(), "A" * 200_000])
def test_assertion_that_says_nothing(assertion: object) -> None:
    assert saml(assertion, {})["userName"] == ""


def test_others() -> None:
    assert unsigned_identity("s3", "GetObject", {}, {}, account=DEFAULT).identity == {
        "type": "AWSAccount",
        "principalId": "",
        "accountId": "ANONYMOUS_PRINCIPAL",
    }
    found = unsigned_identity("cognito-identity", "GetId", {}, {}, account=DEFAULT)
    assert (found.account, found.identity) == (DEFAULT, {"type": "Unknown"})
