"""Who made a call, for each type of identity (CT-3)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from alarm_message import summary

from tocsin.core.event import decode_message
from tocsin.core.notification.identity import Identity, name_identity, read_identity

ACCOUNT = "111122223333"
ROLE_SESSION = {
    "type": "AssumedRole",
    "principalId": "AROAEXAMPLE:ci-42",
    "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/ci-42",
    "accountId": ACCOUNT,
    "accessKeyId": "ASIAEXAMPLE",
    "sessionContext": {
        "sessionIssuer": {"type": "Role", "userName": "deploy", "arn": f"arn:aws:iam::{ACCOUNT}:role/teams/deploy"},
        "webIdFederationData": {},
        "attributes": {"mfaAuthenticated": "false"},
    },
}


def session(**members: Any) -> dict[str, Any]:
    """The role session with other members of its context."""
    return {**ROLE_SESSION, "sessionContext": {**ROLE_SESSION["sessionContext"], **members}}


@pytest.mark.parametrize(
    ("user", "who", "actor"),
    [
        ({"type": "Root", "principalId": ACCOUNT, "arn": f"arn:aws:iam::{ACCOUNT}:root"}, "root user", "root user"),
        ({"type": "Root", "userName": "acme"}, "root user (acme)", "root user (acme)"),
        (
            {"type": "Root", "sessionContext": {"assumedRoot": "true"}},
            "root user, session made by AssumeRoot",
            "root user",
        ),
        ({"type": "Root", "invokedBy": "config.amazonaws.com"}, "root user, through config.amazonaws.com", "root user"),
        ({"type": "IAMUser", "userName": "alice", "arn": "x"}, "IAM user alice", "alice"),
        ({"type": "IAMUser", "arn": f"arn:aws:iam::{ACCOUNT}:user/path/bob"}, "IAM user bob", "bob"),
        ({"type": "IAMUser", "principalId": "AIDAEXAMPLE"}, "IAM user AIDAEXAMPLE", "AIDAEXAMPLE"),
        ({"type": "IAMUser"}, "IAM user without a name", "IAM user without a name"),
        (
            {"type": "IAMUser", "userName": "HIDDEN_DUE_TO_SECURITY_REASONS"},
            "an unknown user name (AWS hides it)",
            "an unknown user name (AWS hides it)",
        ),
        (
            {"type": "IAMUser", "userName": "alice", "accountId": "444455556666"},
            "IAM user alice, of account 444455556666",
            "alice",
        ),
        (ROLE_SESSION, "role deploy, session ci-42", "role deploy (ci-42)"),
        ({**ROLE_SESSION, "sessionContext": {}}, "role deploy, session ci-42", "role deploy (ci-42)"),
        (
            {"type": "AssumedRole", "principalId": "AROAEXAMPLE:s"},
            "session s of a role without a name",
            "session s of a role without a name",
        ),
        ({"type": "AssumedRole", "arn": "odd"}, "role odd", "role odd"),
        ({"type": "Role", "userName": "deploy"}, "role deploy", "role deploy"),
        (session(sourceIdentity="alice"), "role deploy, session ci-42, source identity alice", "role deploy (ci-42)"),
        (
            session(webIdFederationData={"federatedProvider": "accounts.example.com"}),
            "role deploy, session ci-42, from accounts.example.com",
            "role deploy (ci-42)",
        ),
        (
            {**ROLE_SESSION, "onBehalfOf": {"userId": "d-1"}},
            "role deploy, session ci-42, on behalf of Identity Center user d-1",
            "role deploy (ci-42)",
        ),
        (
            {
                "type": "FederatedUser",
                "arn": f"arn:aws:sts::{ACCOUNT}:federated-user/carol",
                "sessionContext": {"sessionIssuer": {"type": "IAMUser", "userName": "broker"}},
            },
            "federated user carol, issued by IAM user broker",
            "federated user carol",
        ),
        ({"type": "FederatedUser", "principalId": f"{ACCOUNT}:carol"}, "federated user carol", "federated user carol"),
        (
            {"type": "AWSService", "invokedBy": "config.amazonaws.com"},
            "AWS service config.amazonaws.com",
            "AWS service config.amazonaws.com",
        ),
        ({"type": "AWSService", "invokedBy": "AWS Internal"}, "AWS Internal", "AWS Internal"),
        (
            {"type": "AWSAccount", "accountId": "444455556666", "principalId": "AROAEXAMPLE:session"},
            "account 444455556666, AROAEXAMPLE:session",
            "account 444455556666",
        ),
        ({"type": "AWSAccount", "accountId": "444455556666"}, "account 444455556666", "account 444455556666"),
        (
            {"type": "IdentityCenterUser", "onBehalfOf": {"userId": "u-1"}},
            "Identity Center user u-1",
            "Identity Center user u-1",
        ),
        ({"type": "IdentityCenterUser", "userId": "u-2"}, "Identity Center user u-2", "Identity Center user u-2"),
        (
            {"type": "SAMLUser", "userName": "dana", "identityProvider": "idp.example.com"},
            "SAML user dana, from idp.example.com",
            "SAML user dana",
        ),
        ({"type": "WebIdentityUser", "principalId": "i:a:u"}, "web identity i:a:u", "web identity i:a:u"),
        ({"type": "Unknown", "principalId": "guest"}, "Unknown guest", "Unknown guest"),
        ({"type": "Directory"}, "Directory without a name", "Directory without a name"),
        (
            {"accountId": ACCOUNT, "invokedBy": "s3.amazonaws.com"},
            "AWS service s3.amazonaws.com",
            "AWS service s3.amazonaws.com",
        ),
        ({"accountId": ACCOUNT}, f"account {ACCOUNT}", f"account {ACCOUNT}"),
        ({"userName": "odd"}, "odd", "odd"),
        # What is no plain word stands in quotes: it cannot pass for a note of ours.
        (
            {"type": "IAMUser", "userName": "alice, of account 1"},
            'IAM user "alice, of account 1"',
            '"alice, of account 1"',
        ),
        ({}, "the record names nobody", "somebody whom the record does not name"),
        (None, "the record names nobody", "somebody whom the record does not name"),
        ("odd", "the record names nobody", "somebody whom the record does not name"),
        (
            {"type": {}, "userName": [], "arn": None},
            "the record names nobody",
            "somebody whom the record does not name",
        ),
    ],
)
def test_who(user: object, who: str, actor: str) -> None:
    told = summary(userIdentity=user)
    assert (told.who, told.actor) == (who, actor)


def test_a_record_without_identity_names_nobody() -> None:
    assert summary(absent=["userIdentity"], userIdentity=None).who == "the record names nobody"


def test_the_parts_of_a_session() -> None:
    user = decode_message(json.dumps(ROLE_SESSION))
    assert read_identity(user, recipient=ACCOUNT) == Identity(
        type="AssumedRole",
        principal="deploy/ci-42",
        role="deploy",
        session="ci-42",
        account=ACCOUNT,
        access_key="ASIAEXAMPLE",
        mfa="no",
    )
    assert name_identity(Identity(type="AssumedRole", role="deploy", principal="deploy")) == "role deploy"
