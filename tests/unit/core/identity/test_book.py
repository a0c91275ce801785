"""The book of access keys. Spec: REC-14."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from tocsin.core.identity import (
    IdentityBook,
    Kind,
    KnownPrincipal,
    Lesson,
    Observation,
    Principal,
    UnknownKeys,
    made_id,
    synthetic_id,
)

A = "111122223333"
DEFAULT = "123456789012"
AT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
KEY = "AKIAIOSFODNN7EXAMPLE"
ROLE = f"arn:aws:iam::{A}:role/ops/Admin"
ASSUMED = f"arn:aws:sts::{A}:assumed-role/Admin/bob"
ENDS = AT + timedelta(hours=1)
CREDENTIALS = {"AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": ENDS}


def book(**more: Any) -> IdentityBook:
    alice = Principal(kind=Kind.IAM_USER, arn=f"arn:aws:iam::{A}:user/security/alice", principal_id="AIDAALICE")
    return IdentityBook(account=DEFAULT, configured={KEY: alice}, **more)


def seen(
    service: str, operation: str, parameters: Any, output: Any, *, access_key: str = KEY, at: datetime = AT
) -> Observation:
    return Observation(
        service=service,
        operation=operation,
        parameters=parameters,
        output=output,
        access_key=access_key,
        region="us-east-1",
        at=at,
    )


def identity(of: IdentityBook, key: str, *, at: datetime = AT, region: str = "us-east-1") -> dict[str, Any]:
    return of.caller(key, region=region, at=at).identity


ASSUME = {"RoleArn": ROLE, "RoleSessionName": "bob", "SourceIdentity": "bob@example.com"}
ASSUME_ANSWER = {"Credentials": CREDENTIALS, "AssumedRoleUser": {"AssumedRoleId": "AROAEXAMPLE:bob", "Arn": ASSUMED}}


# ---------------------------------------------------------------- who is not known


@pytest.mark.parametrize(
    ("key", "region", "account", "arn"),
    [
        ("AKIAUNKNOWN", "us-east-1", DEFAULT, f"arn:aws:iam::{DEFAULT}:user/AKIAUNKNOWN"),
        ("AKIAUNKNOWN", "cn-north-1", DEFAULT, f"arn:aws-cn:iam::{DEFAULT}:user/AKIAUNKNOWN"),
        ("AKIAUNKNOWN", "us-gov-west-1", DEFAULT, f"arn:aws-us-gov:iam::{DEFAULT}:user/AKIAUNKNOWN"),
        (A, "us-east-1", A, f"arn:aws:iam::{A}:user/{A}"),
        ("a:b c/d", "us-east-1", DEFAULT, f"arn:aws:iam::{DEFAULT}:user/a_b_c_d"),
        ("", "us-east-1", DEFAULT, f"arn:aws:iam::{DEFAULT}:user/unknown"),
    ],
)
def test_unknown_key_is_a_user_of_its_name(key: str, region: str, account: str, arn: str) -> None:
    found = book().caller(key, region=region, at=AT)
    assert found.account == account
    told = {"type": "IAMUser", "principalId": synthetic_id("AIDA", arn), "arn": arn, "accountId": account}
    key_told = {"accessKeyId": key} if key else {}
    assert found.identity == {**told, **key_told, "userName": arn.rpartition("/")[2]}


def test_unknown_key_may_be_unknown() -> None:
    other = book(unknown=UnknownKeys.UNKNOWN)
    assert identity(other, "AKIAUNKNOWN") == {"type": "Unknown", "accessKeyId": "AKIAUNKNOWN"}
    assert other.caller(A, region="us-east-1", at=AT).account == A
    assert identity(other, KEY)["userName"] == "alice"


def test_unknown_key_of_the_service_is_its_principal() -> None:
    assert identity(book(unknown=UnknownKeys.SERVICE), "test")["arn"] == f"arn:aws:iam::{DEFAULT}:user/tocsin"


def test_key_that_is_too_long_is_cut() -> None:
    assert len(identity(book(), "K" * 5000)["accessKeyId"]) == 128


# ---------------------------------------------------------------- sessions


def test_session_of_a_role_is_learned() -> None:
    with_mfa = {**ASSUME, "SerialNumber": f"arn:aws:iam::{A}:mfa/bob", "TokenCode": "123456"}
    known = book()
    lesson = known.learn(seen("sts", "AssumeRole", with_mfa, ASSUME_ANSWER))
    assert identity(known, "ASIAEXAMPLE") == {
        "type": "AssumedRole",
        "principalId": "AROAEXAMPLE:bob",
        "arn": ASSUMED,
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
    assert lesson is not None
    other = book()
    other.remember(msgspec.json.decode(msgspec.json.encode(lesson), type=Lesson))
    assert identity(other, "ASIAEXAMPLE") == identity(known, "ASIAEXAMPLE")
    assert b"SecretAccessKey" not in msgspec.json.encode(lesson)


@pytest.mark.parametrize(
    ("operation", "parameters", "output", "provider"),
    [
        ("AssumeRoleWithWebIdentity", {}, {"Provider": "accounts.google.com"}, "accounts.google.com"),
        ("AssumeRoleWithWebIdentity", {"ProviderId": "www.amazon.com"}, {}, "www.amazon.com"),
        ("AssumeRoleWithSAML", {"ProviderId": "x"}, {"Provider": "y"}, ""),
    ],
)
def test_federated_sessions(operation: str, parameters: Any, output: Any, provider: str) -> None:
    known = book()
    known.learn(seen("sts", operation, {**ASSUME, **parameters}, {**ASSUME_ANSWER, **output}, access_key=""))
    context = identity(known, "ASIAEXAMPLE")["sessionContext"]
    assert context["webIdFederationData"] == ({"federatedProvider": provider, "attributes": {}} if provider else {})


def test_id_of_a_role_that_the_answer_leaves_out() -> None:
    without_id = {"Credentials": CREDENTIALS, "AssumedRoleUser": {"Arn": ASSUMED}}
    known = book()
    known.learn(seen("sts", "AssumeRole", ASSUME, without_id))
    assert identity(known, "ASIAEXAMPLE")["principalId"] == f"{made_id(Kind.ROLE, ROLE)}:bob"
    known.learn(seen("iam", "CreateRole", {}, {"Role": {"Arn": ROLE, "RoleId": "AROAREAL"}}))
    known.learn(seen("sts", "AssumeRole", ASSUME, without_id))
    assert identity(known, "ASIAEXAMPLE")["principalId"] == "AROAREAL:bob"


def test_session_of_ones_own_is_still_the_user() -> None:
    known = book()
    known.learn(seen("sts", "GetSessionToken", {}, {"Credentials": CREDENTIALS}))
    told = identity(known, "ASIAEXAMPLE")
    assert (told["type"], told["userName"], told["accessKeyId"]) == ("IAMUser", "alice", "ASIAEXAMPLE")
    assert told["sessionContext"]["sessionIssuer"] == {}


def test_federated_user_tells_who_asked() -> None:
    known = book()
    known.learn(
        seen("iam", "CreateUser", {}, {"User": {"Arn": f"arn:aws:iam::{DEFAULT}:user/eve", "UserId": "AIDAEVE"}})
    )
    arn = f"arn:aws:sts::{DEFAULT}:federated-user/x"
    answer = {"Credentials": CREDENTIALS, "FederatedUser": {"FederatedUserId": f"{DEFAULT}:x", "Arn": arn}}
    known.learn(seen("sts", "GetFederationToken", {"Name": "x"}, answer, access_key="eve"))
    told = identity(known, "ASIAEXAMPLE")
    assert (told["type"], told["principalId"], told["arn"]) == ("FederatedUser", f"{DEFAULT}:x", arn)
    issuer = told["sessionContext"]["sessionIssuer"]
    assert (issuer["type"], issuer["userName"], issuer["principalId"]) == ("IAMUser", "eve", "AIDAEVE")


def test_id_of_an_issuer_that_is_told_later() -> None:
    known = book()
    arn = f"arn:aws:sts::{DEFAULT}:federated-user/x"
    answer = {"Credentials": CREDENTIALS, "FederatedUser": {"Arn": arn}}
    known.learn(seen("sts", "GetFederationToken", {"Name": "x"}, answer, access_key="eve"))
    issuer = identity(known, "ASIAEXAMPLE")["sessionContext"]["sessionIssuer"]
    assert issuer["principalId"] == synthetic_id("AIDA", f"arn:aws:iam::{DEFAULT}:user/eve")
    user = KnownPrincipal(
        kind="user", account=DEFAULT, name="eve", arn=f"arn:aws:iam::{DEFAULT}:user/eve", principal_id="AIDAEVE"
    )
    known.remember(Lesson(principals=(user,)))
    issuer = identity(known, "ASIAEXAMPLE")["sessionContext"]["sessionIssuer"]
    assert issuer["principalId"] == "AIDAEVE"


def test_federated_user_of_an_unknown_key() -> None:
    known = book(unknown=UnknownKeys.UNKNOWN)
    answer = {"Credentials": CREDENTIALS, "FederatedUser": {"Arn": f"arn:aws:sts::{A}:federated-user/x"}}
    known.learn(seen("sts", "GetFederationToken", {"Name": "x"}, answer, access_key="AKIAUNKNOWN"))
    assert identity(known, "ASIAEXAMPLE")["sessionContext"]["sessionIssuer"] == {}


# ---------------------------------------------------------------- the end of keys


def test_key_is_known_for_a_day_after_its_end() -> None:
    known = book()
    known.learn(seen("sts", "AssumeRole", ASSUME, ASSUME_ANSWER))
    late = ENDS + timedelta(hours=23)
    assert identity(known, "ASIAEXAMPLE", at=late)["type"] == "AssumedRole"
    assert known.forget_ended(late) == 0
    too_late = ENDS + timedelta(hours=24)
    assert identity(known, "ASIAEXAMPLE", at=too_late)["type"] == "IAMUser"
    assert len(known) == 1
    assert known.forget_ended(too_late) == 1
    assert len(known) == 0


def test_deleted_key_is_known_for_a_day() -> None:
    known = book()
    known.learn(
        seen(
            "iam", "CreateAccessKey", {"UserName": "eve"}, {"AccessKey": {"AccessKeyId": "AKIAEVE", "UserName": "eve"}}
        )
    )
    assert identity(known, "AKIAEVE", at=AT + timedelta(days=900))["userName"] == "eve"
    assert known.learn(seen("iam", "DeleteAccessKey", {"AccessKeyId": "AKIAEVE"}, {})) is not None
    assert identity(known, "AKIAEVE", at=AT + timedelta(hours=23))["userName"] == "eve"
    assert identity(known, "AKIAEVE", at=AT + timedelta(hours=25))["userName"] == "AKIAEVE"
    assert known.learn(seen("iam", "DeleteAccessKey", {"AccessKeyId": "AKIAOTHER"}, {})) is None


def test_book_is_bounded_and_the_oldest_go_first() -> None:
    known = book(most=2)
    for name in ("one", "two", "three"):
        known.learn(
            seen("iam", "CreateUser", {}, {"User": {"Arn": f"arn:aws:iam::{A}:user/p/{name}", "UserId": f"AIDA{name}"}})
        )
        known.learn(seen("iam", "CreateAccessKey", {}, {"AccessKey": {"AccessKeyId": name, "UserName": name}}))
    assert len(known) == 2
    assert [identity(known, name)["arn"].split("/", 1)[1] for name in ("one", "two", "three")] == [
        "one",
        "p/two",
        "p/three",
    ]


# ---------------------------------------------------------------- users


def test_key_of_a_user_has_the_users_path_and_id() -> None:
    known = book()
    arn = f"arn:aws:iam::{A}:user/staff/eve"
    known.learn(seen("iam", "CreateUser", {}, {"User": {"Arn": arn, "UserId": "AIDAEVE"}}))
    known.learn(seen("iam", "CreateAccessKey", {}, {"AccessKey": {"AccessKeyId": "AKIAEVE", "UserName": "eve"}}))
    told = identity(known, "AKIAEVE")
    assert (told["arn"], told["principalId"]) == (arn, "AIDAEVE")


def test_key_for_oneself() -> None:
    known = book()
    known.learn(seen("iam", "CreateAccessKey", {}, {"AccessKey": {"AccessKeyId": "AKIATWO"}}))
    assert identity(known, "AKIATWO") == {**identity(known, KEY), "accessKeyId": "AKIATWO"}


def test_renamed_user_keeps_id_and_keys() -> None:
    known = book()
    known.learn(
        seen("iam", "CreateUser", {}, {"User": {"Arn": f"arn:aws:iam::{A}:user/staff/eve", "UserId": "AIDAEVE"}})
    )
    known.learn(seen("iam", "CreateAccessKey", {}, {"AccessKey": {"AccessKeyId": "AKIAEVE", "UserName": "eve"}}))
    lesson = known.learn(seen("iam", "UpdateUser", {"UserName": "eve", "NewUserName": "eva"}, {}))
    told = identity(known, "AKIAEVE")
    assert (told["arn"], told["userName"], told["principalId"]) == (
        f"arn:aws:iam::{A}:user/staff/eva",
        "eva",
        "AIDAEVE",
    )
    assert lesson is not None
    assert [one.name for one in lesson.principals if not one.arn] == ["eve"]
    known.learn(seen("iam", "UpdateUser", {"UserName": "eva", "NewPath": "/gone/"}, {}))
    told = identity(known, "AKIAEVE")
    assert (told["arn"], told["principalId"]) == (f"arn:aws:iam::{A}:user/gone/eva", "AIDAEVE")


def test_renamed_user_of_whom_nothing_was_known_keeps_the_id_that_was_made() -> None:
    known = book()
    known.learn(seen("iam", "CreateAccessKey", {}, {"AccessKey": {"AccessKeyId": "AKIAEVE", "UserName": "eve"}}))
    before = identity(known, "AKIAEVE")["principalId"]
    known.learn(seen("iam", "UpdateUser", {"UserName": "eve", "NewUserName": "eva"}, {}))
    told = identity(known, "AKIAEVE")
    assert (told["userName"], told["principalId"]) == ("eva", before)


def test_id_that_was_looked_up_takes_the_place_of_a_made_one() -> None:
    known = book()
    arn = f"arn:aws:iam::{DEFAULT}:user/eve"
    user = KnownPrincipal(kind="user", account=DEFAULT, name="eve", arn=arn, principal_id="AIDAREAL")
    known.remember(Lesson(principals=(user,)))
    assert identity(known, "eve")["principalId"] == "AIDAREAL"
    other = Principal(kind=Kind.IAM_USER, arn=f"arn:aws:iam::{DEFAULT}:user/path/eve")
    moved = IdentityBook(account=DEFAULT, configured={"k": other})
    moved.remember(Lesson(principals=(user,)))
    assert identity(moved, "k")["principalId"] == synthetic_id("AIDA", other.arn)


# ---------------------------------------------------------------- what teaches nothing

USER_ARN = f"arn:aws:iam::{A}:user/eve"


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "output"),
    [
        ("ec2", "RunInstances", {}, {}),
        ("sts", "AssumeRole", {}, ASSUME_ANSWER),
        ("sts", "AssumeRole", {"RoleArn": USER_ARN}, ASSUME_ANSWER),
        ("sts", "AssumeRole", ASSUME, {}),
        ("sts", "AssumeRole", ASSUME, {**ASSUME_ANSWER, "AssumedRoleUser": {"Arn": USER_ARN}}),
        ("sts", "AssumeRole", ASSUME, {**ASSUME_ANSWER, "Credentials": None}),
        ("sts", "AssumeRole", ASSUME, {**ASSUME_ANSWER, "Credentials": {**CREDENTIALS, "AccessKeyId": 7}}),
        ("sts", "AssumeRole", ASSUME, {**ASSUME_ANSWER, "Credentials": {**CREDENTIALS, "AccessKeyId": "k" * 5000}}),
        ("sts", "AssumeRole", ASSUME, {**ASSUME_ANSWER, "Credentials": {**CREDENTIALS, "Expiration": "soon"}}),
        (
            "sts",
            "AssumeRole",
            ASSUME,
            {**ASSUME_ANSWER, "Credentials": {**CREDENTIALS, "Expiration": datetime(2026, 3, 1)}},  # noqa: DTZ001
        ),
        (
            "sts",
            "AssumeRole",
            ASSUME,
            {**ASSUME_ANSWER, "Credentials": {**CREDENTIALS, "Expiration": datetime.max.replace(tzinfo=UTC)}},
        ),
        ("sts", "GetFederationToken", {}, {"Credentials": CREDENTIALS, "FederatedUser": {"Arn": USER_ARN}}),
        ("sts", "GetFederationToken", {}, {"Credentials": CREDENTIALS}),
        ("iam", "CreateAccessKey", {}, {}),
        ("iam", "CreateAccessKey", {}, {"AccessKey": {"AccessKeyId": "AKIAX", "UserName": "no name"}}),
        ("iam", "CreateUser", {}, {"User": {"Arn": ROLE}}),
        ("iam", "CreateRole", {}, {"Role": {}}),
        ("iam", "UpdateUser", {}, {}),
        ("iam", "UpdateUser", {"UserName": "eve"}, {}),
        ("iam", "UpdateUser", {"UserName": "eve", "NewUserName": "no name"}, {}),
    ],
)
def test_what_teaches_nothing(service: str, operation: str, parameters: Any, output: Any) -> None:
    known = book()
    assert known.learn(seen(service, operation, parameters, output)) is None
    assert len(known) == 0


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "output"),
    [
        ("sts", "GetSessionToken", {}, {"Credentials": CREDENTIALS}),
        ("iam", "CreateAccessKey", {}, {"AccessKey": {"AccessKeyId": "AKIAX", "UserName": "eve"}}),
        ("iam", "UpdateUser", {"UserName": "eve", "NewUserName": "eva"}, {}),
    ],
)
def test_nobody_teaches_nothing(service: str, operation: str, parameters: Any, output: Any) -> None:
    assert book().learn(seen(service, operation, parameters, output, access_key="")) is None
