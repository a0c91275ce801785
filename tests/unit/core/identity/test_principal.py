"""Principals as userIdentity tells them. Spec: CT-3, REC-14.4, REC-14.8."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from tocsin.core.identity import Issuer, Kind, Principal, Session, principal_of_arn, synthetic_id

A = "111122223333"
SINCE = datetime(2026, 3, 1, 9, 0, 0, 123, tzinfo=UTC)
ROLE = f"arn:aws:iam::{A}:role/ops/Admin"


def test_user_has_path_in_arn_and_not_in_name() -> None:
    user = Principal(kind=Kind.IAM_USER, arn=f"arn:aws:iam::{A}:user/security/alice", principal_id="AIDAEXAMPLE")
    assert user.identity("AKIAEXAMPLE") == {
        "type": "IAMUser",
        "principalId": "AIDAEXAMPLE",
        "arn": f"arn:aws:iam::{A}:user/security/alice",
        "accountId": A,
        "accessKeyId": "AKIAEXAMPLE",
        "userName": "alice",
    }
    assert list(user.identity("AKIAEXAMPLE")) == ["type", "principalId", "arn", "accountId", "accessKeyId", "userName"]


def test_no_key_leaves_the_field_out() -> None:
    root = Principal(kind=Kind.ROOT, arn=f"arn:aws:iam::{A}:root")
    assert root.identity() == {"type": "Root", "principalId": A, "arn": f"arn:aws:iam::{A}:root", "accountId": A}


def test_session_of_a_role_tells_its_role_with_the_path() -> None:
    session = Session(
        created_at=SINCE.astimezone(timezone(timedelta(hours=2))),
        has_mfa=True,
        issuer=Issuer(kind=Kind.ROLE, arn=ROLE, principal_id="AROAEXAMPLE"),
        source_identity="bob@example.com",
    )
    arn = f"arn:aws:sts::{A}:assumed-role/Admin/bob"
    caller = Principal(kind=Kind.ASSUMED_ROLE, arn=arn, principal_id="AROAEXAMPLE:bob", session=session)
    assert caller.identity("ASIAEXAMPLE") == {
        "type": "AssumedRole",
        "principalId": "AROAEXAMPLE:bob",
        "arn": arn,
        "accountId": A,
        "accessKeyId": "ASIAEXAMPLE",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": "AROAEXAMPLE",
                "arn": ROLE,
                "accountId": A,
                "userName": "Admin",
            },
            "webIdFederationData": {},
            "attributes": {"creationDate": "2026-03-01T09:00:00Z", "mfaAuthenticated": "true"},
            "sourceIdentity": "bob@example.com",
        },
    }


def test_session_of_ones_own_has_two_empty_objects() -> None:
    user = Principal(kind=Kind.IAM_USER, arn=f"arn:aws:iam::{A}:user/bob", session=Session(created_at=SINCE))
    assert user.identity("ASIAEXAMPLE")["sessionContext"] == {
        "sessionIssuer": {},
        "webIdFederationData": {},
        "attributes": {"creationDate": "2026-03-01T09:00:00Z", "mfaAuthenticated": "false"},
    }


def test_root_as_issuer_has_no_name_and_web_identity_names_its_provider() -> None:
    session = Session(
        created_at=SINCE,
        issuer=Issuer(kind=Kind.ROOT, arn=f"arn:aws:iam::{A}:root"),
        federated_provider="accounts.google.com",
    )
    caller = Principal(kind=Kind.FEDERATED_USER, arn=f"arn:aws:sts::{A}:federated-user/eve", session=session)
    context = caller.identity("ASIAEXAMPLE")["sessionContext"]
    assert context["sessionIssuer"] == {
        "type": "Root",
        "principalId": A,
        "arn": f"arn:aws:iam::{A}:root",
        "accountId": A,
    }
    assert context["webIdFederationData"] == {"federatedProvider": "accounts.google.com", "attributes": {}}


@pytest.mark.parametrize(
    ("arn", "kind", "principal_id"),
    [
        (f"arn:aws:iam::{A}:root", Kind.ROOT, A),
        (f"arn:aws:iam::{A}:user/a/b/alice", Kind.IAM_USER, synthetic_id("AIDA", f"arn:aws:iam::{A}:user/a/b/alice")),
        (f"arn:aws-cn:iam::{A}:role/x/Admin", Kind.ROLE, synthetic_id("AROA", f"arn:aws-cn:iam::{A}:role/Admin")),
        (
            f"arn:aws-cn:sts::{A}:assumed-role/Admin/bob",
            Kind.ASSUMED_ROLE,
            synthetic_id("AROA", f"arn:aws-cn:iam::{A}:role/Admin") + ":bob",
        ),
        (f"arn:aws:sts::{A}:federated-user/eve", Kind.FEDERATED_USER, f"{A}:eve"),
    ],
)
def test_arn_names_a_principal_and_an_id_that_stays(arn: str, kind: Kind, principal_id: str) -> None:
    found = principal_of_arn(arn)
    assert found is not None
    assert (found.kind, found.account, found.identity()["principalId"]) == (kind, A, principal_id)
    assert len(synthetic_id("AIDA", arn)) == 21


@pytest.mark.parametrize(
    "arn",
    [
        "",
        "alice",
        "arn:aws:iam::1234:user/alice",
        f"arn:aws:iam::{A}:user/",
        f"arn:aws:iam::{A}:user/path/",
        f"arn:aws:iam::{A}:group/admins",
        f"arn:aws:s3::{A}:user/alice",
        f"arn:aws:sts::{A}:assumed-role/Admin",
        f"arn:aws:sts::{A}:assumed-role//bob",
        f"arn:aws:sts::{A}:federated-user/",
        f"arn:aws:sts::{A}:federated-user/a/b",
        f"arn:aws:sts::{A}:else/x",
        f"arn:aws:iam::{A}:user/with blank",
        f"arn:aws:iam::{A}:user/" + "x" * 2000,
    ],
)
def test_what_names_nobody(arn: str) -> None:
    assert principal_of_arn(arn) is None
