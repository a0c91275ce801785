"""Who am I, and sessions, with a real client. Spec: WIRE-5.4, WIRE-5.12, WIRE-8."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import msgspec
import pytest
from wire_client import Dispatcher, client, wire_request

from tocsin.api.sts import operations
from tocsin.app.service import Service
from tocsin.app.session import find_session, user_id_of
from tocsin.clock import ManualClock
from tocsin.store.memory import MemoryStore

START = datetime(2026, 3, 1, tzinfo=UTC)
ROLE = "arn:aws:iam::444455556666:role/path/to/auditor"
SESSION = "arn:aws:sts::444455556666:assumed-role/auditor/alice"


class Sessions:
    """A service whose callers are who their session says, as the authenticator of the server has it."""

    def __init__(self, service: Service) -> None:
        self.service = service

    def client(self, access_key: str):
        dispatcher = Dispatcher(self.service, operations)
        session = find_session(self.service, access_key)
        assert session is not None
        context = dispatcher._context  # who a key belongs to

        def of_session(*args):
            found = context(*args)
            scope = msgspec.structs.replace(found.scope, account=session.account)
            return msgspec.structs.replace(found, scope=scope, principal_arn=session.principal_arn)

        dispatcher._context = of_session
        return client("sts", dispatcher, access_key=access_key)


@pytest.fixture
def sessions(service: Service) -> Sessions:
    return Sessions(service)


def test_who_am_i(sts) -> None:
    told = sts.get_caller_identity()
    assert (told["Account"], told["Arn"]) == ("111122223333", "arn:aws:iam::111122223333:user/tocsin")
    assert told["UserId"].startswith("AIDA")
    assert len(told["UserId"]) == 21
    assert sts.get_caller_identity()["UserId"] == told["UserId"]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_who_am_i_by_a_presigned_link(sts, dispatcher: Dispatcher, method: str) -> None:

    url = urlsplit(sts.generate_presigned_url("get_caller_identity", HttpMethod=method))
    answer = dispatcher(wire_request(method=method, query=url.query))
    assert answer.status == 200
    assert b"arn:aws:iam::111122223333:user/tocsin" in answer.body


@pytest.mark.parametrize(
    ("arn", "expected"),
    [
        ("arn:aws:iam::111122223333:root", "111122223333"),
        ("arn:aws:sts::111122223333:federated-user/bob", "111122223333:bob"),
    ],
)
def test_ids_of_principals(arn: str, expected: str) -> None:
    assert user_id_of(arn) == expected


def test_a_role_has_one_id_however_it_is_met(sts) -> None:
    assumed = sts.assume_role(RoleArn=ROLE, RoleSessionName="alice")["AssumedRoleUser"]
    assert user_id_of(SESSION) == assumed["AssumedRoleId"]


def test_a_role_is_assumed(sts, sessions: Sessions, clock) -> None:
    answer = sts.assume_role(RoleArn=ROLE, RoleSessionName="alice", SourceIdentity="al")
    assert answer["AssumedRoleUser"]["Arn"] == SESSION
    ident, _, name = answer["AssumedRoleUser"]["AssumedRoleId"].partition(":")
    assert (ident[:4], len(ident), name) == ("AROA", 21, "alice")
    assert answer["SourceIdentity"] == "al"
    assert "PackedPolicySize" not in answer
    given = answer["Credentials"]
    assert given["AccessKeyId"].startswith("ASIA")
    assert (len(given["AccessKeyId"]), len(given["SecretAccessKey"])) == (20, 40)
    assert given["Expiration"].astimezone(UTC) == clock.now() + timedelta(hours=1)
    kept = find_session(sessions.service, given["AccessKeyId"])
    assert kept is not None
    assert (kept.secret, kept.token) == (given["SecretAccessKey"], given["SessionToken"])
    told = sessions.client(given["AccessKeyId"]).get_caller_identity()
    assert (told["Account"], told["Arn"]) == ("444455556666", SESSION)
    assert told["UserId"] == answer["AssumedRoleUser"]["AssumedRoleId"]


def test_no_two_sessions_are_alike(sts) -> None:
    found = [sts.get_session_token()["Credentials"] for _ in range(3)]
    for member in ("AccessKeyId", "SecretAccessKey", "SessionToken"):
        assert len({one[member] for one in found}) == 3


def test_secrets_do_not_show(sts, service: Service) -> None:
    given = sts.get_session_token()["Credentials"]
    shown = repr(find_session(service, given["AccessKeyId"]))
    assert given["SecretAccessKey"] not in shown
    assert given["SessionToken"] not in shown


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:iam::444455556666:user/alice-and-more",
        "arn:aws:iam::44445555666:role/auditor",
        "arn:aws:iam::444455556666:role/",
        "arn:aws:s3::444455556666:role/auditor",
        "arn:aws:iam::444455556666:role/a b/auditor",
        "twenty-characters-and-no-arn",
    ],
)
def test_roles_that_are_none(sts, refused, arn: str) -> None:
    assert refused(sts.assume_role, RoleArn=arn, RoleSessionName="alice") == ("ValidationError", f"{arn} is invalid")


def test_names_of_sessions_are_checked_by_the_model(sts, refused) -> None:
    assert refused(sts.assume_role, RoleArn=ROLE, RoleSessionName="Session1:2") == (
        "ValidationError",
        (
            "1 validation error detected: Value 'Session1:2' at 'roleSessionName' failed to satisfy constraint: Member must "
            r"satisfy regular expression pattern: [\w+=,.@-]*"
        ),
    )


TAG = {"Key": "Team", "Value": "a"}
INVALID = "InvalidParameterValue"
DUPLICATE = "Duplicate tag keys found. Please note that Tag keys are case insensitive."
NOT_INCLUDED = "The specified transitive tag key must be included in the requested tags."
CONFLICT = (
    "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the "
    "calling session."
)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"Tags": [TAG, {"Key": "TEAM", "Value": "b"}]}, DUPLICATE),
        ({"Tags": [TAG], "TransitiveTagKeys": ["Other"]}, NOT_INCLUDED),
        ({"TransitiveTagKeys": ["Team"]}, NOT_INCLUDED),
    ],
)
def test_tags_that_are_refused(sts, refused, given, message: str) -> None:
    assert refused(sts.assume_role, RoleArn=ROLE, RoleSessionName="alice", **given) == (INVALID, message)


def test_transitive_tags_go_on(sts, sessions: Sessions, refused) -> None:
    given = {"RoleArn": ROLE, "RoleSessionName": "alice"}
    first = sts.assume_role(**given, Tags=[TAG], TransitiveTagKeys=["team"])["Credentials"]["AccessKeyId"]
    second = sessions.client(first).assume_role(**given)["Credentials"]["AccessKeyId"]
    for key in (first, second):
        assert refused(sessions.client(key).assume_role, **given, Tags=[TAG]) == (INVALID, CONFLICT)
        assert sessions.client(key).assume_role(**given, Tags=[{"Key": "Other", "Value": ""}])["Credentials"]
    own = sts.assume_role(**given, Tags=[TAG])["Credentials"]["AccessKeyId"]
    assert sessions.client(own).assume_role(**given, Tags=[TAG])["Credentials"]


def test_chained_roles_last_an_hour(sts, sessions: Sessions, refused) -> None:
    given = {"RoleArn": ROLE, "RoleSessionName": "alice"}
    key = sts.assume_role(**given, DurationSeconds=43_200)["Credentials"]["AccessKeyId"]
    assert sessions.client(key).assume_role(**given, DurationSeconds=3600)["Credentials"]
    assert refused(sessions.client(key).assume_role, **given, DurationSeconds=3601) == (
        "ValidationError",
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
    )


@pytest.mark.parametrize(
    ("given", "size"),
    [
        ({"Policy": json.dumps({"Version": "2012-10-17", "Statement": []})}, 3),
        ({"PolicyArns": [{"arn": "arn:aws:iam::aws:policy/SecurityAudit"}]}, 2),
    ],
)
def test_policies_take_room(sts, given, size: int) -> None:
    assert sts.assume_role(RoleArn=ROLE, RoleSessionName="alice", **given)["PackedPolicySize"] == size


@pytest.mark.parametrize("policy", ["{", "[]", "text"])
def test_policies_that_are_none(sts, refused, policy: str) -> None:
    code, _ = refused(sts.assume_role, RoleArn=ROLE, RoleSessionName="alice", Policy=policy)
    assert code == "MalformedPolicyDocument"


@pytest.mark.parametrize(
    ("operation", "given", "seconds"),
    [
        ("get_session_token", {}, 43_200),
        ("get_session_token", {"DurationSeconds": 129_600}, 129_600),
        ("get_federation_token", {"Name": "bob"}, 43_200),
        ("get_federation_token", {"Name": "bob", "DurationSeconds": 900}, 900),
        ("assume_role", {"RoleArn": ROLE, "RoleSessionName": "alice", "DurationSeconds": 900}, 900),
    ],
)
def test_how_long_sessions_last(sts, clock, operation: str, given, seconds: int) -> None:
    found = getattr(sts, operation)(**given)["Credentials"]["Expiration"]
    assert found.astimezone(UTC) == clock.now() + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("operation", "given", "most"),
    [
        ("get_session_token", {}, 129_600),
        ("get_federation_token", {"Name": "bob"}, 129_600),
        ("assume_role", {"RoleArn": ROLE, "RoleSessionName": "alice"}, 43_200),
    ],
)
def test_how_long_sessions_may_not_last(dispatcher: Dispatcher, refused, operation: str, given, most: int) -> None:
    sts = client("sts", dispatcher, check=False)  # botocore knows of the least itself
    text = "1 validation error detected: Value '{}' at 'durationSeconds' failed to satisfy constraint: Member must have"
    for value, which in ((899, "greater than or equal to 900"), (most + 1, f"less than or equal to {most}")):
        assert refused(getattr(sts, operation), **given, DurationSeconds=value) == (
            "ValidationError",
            f"{text.format(value)} value {which}",
        )


def test_a_federated_user(sts, sessions: Sessions) -> None:
    answer = sts.get_federation_token(Name="bob")
    assert answer["FederatedUser"] == {
        "FederatedUserId": "111122223333:bob",
        "Arn": "arn:aws:sts::111122223333:federated-user/bob",
    }
    assert answer["PackedPolicySize"] == 0
    told = sessions.client(answer["Credentials"]["AccessKeyId"]).get_caller_identity()
    assert told["Arn"] == answer["FederatedUser"]["Arn"]
    assert told["UserId"] == "111122223333:bob"


def test_a_session_token_is_the_caller(sts, sessions: Sessions) -> None:
    key = sts.get_session_token()["Credentials"]["AccessKeyId"]
    told, own = sessions.client(key).get_caller_identity(), sts.get_caller_identity()
    assert [told[name] for name in ("Account", "Arn", "UserId")] == [own[name] for name in ("Account", "Arn", "UserId")]


@pytest.mark.parametrize(
    ("operation", "name", "given"),
    [("get_session_token", "GetSessionToken", {}), ("get_federation_token", "GetFederationToken", {"Name": "bob"})],
)
def test_sessions_make_no_sessions_of_themselves(sts, sessions: Sessions, refused, operation, name, given) -> None:
    key = sts.get_session_token()["Credentials"]["AccessKeyId"]
    found = refused(getattr(sessions.client(key), operation), **given)
    assert found == ("AccessDenied", f"Cannot call {name} with session credentials")


def test_the_account_of_a_key(sts, service: Service) -> None:
    key = sts.assume_role(RoleArn=ROLE, RoleSessionName="alice")["Credentials"]["AccessKeyId"]
    service.settings = msgspec.structs.replace(
        service.settings, account="999988887777", key_accounts={"AKIAIOSFODNN7EXAMPLE": "111122223333"}
    )

    def account(of: str) -> str:
        return sts.get_access_key_info(AccessKeyId=of)["Account"]

    assert account(key) == "444455556666"
    assert account("AKIAIOSFODNN7EXAMPLE") == "111122223333"
    assert account("ASIAIOSFODNN7EXAMPLE") == "999988887777"


def test_ended_sessions_are_known_for_a_day_and_then_forgotten(sts, service: Service, clock) -> None:
    key = sts.get_session_token(DurationSeconds=900)["Credentials"]["AccessKeyId"]
    clock.advance(900 + 86_399)
    found = find_session(service, key)
    assert found is not None
    assert found.expires_at < clock.now()
    clock.advance(1)
    assert find_session(service, key) is None
    sts.get_session_token()
    with service.store.read() as store:
        assert len(list(store.scan_all("session"))) == len(list(store.scan_all("session-end"))) == 1


def test_without_a_source_of_secrets_nothing_is_given_out() -> None:
    numbers = itertools.count()
    service = Service(MemoryStore(), ManualClock(START), new_id=lambda: str(next(numbers)))
    with pytest.raises(RuntimeError, match="without a source of secrets"):
        client("sts", Dispatcher(service, operations)).get_session_token()
