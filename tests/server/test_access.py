"""Who may ask: modes of authentication with real clients, and pages of other sites. Spec: WIRE-5.6, WIRE-5.14, WIRE-5.15."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from live_server import LiveServer
from wire_client import client

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY, OTHER_KEY = "AKIAIOSFODNN7EXAMPLE", "AKIAI44QH8DHBEXAMPLE"
SECRET, OTHER_SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY"
KEYS = f"""
[{KEY}]
secret = "{SECRET}"
arn = "arn:aws:iam::111122223333:user/ci"

[{OTHER_KEY}]
secret = "{OTHER_SECRET}"
arn = "arn:aws:iam::111122223333:user/audit"
account = "444455556666"
"""
CALLS = {
    "logs": "describe_log_groups",
    "cloudwatch": "describe_alarms",
    "cloudtrail": "describe_trails",
    "sns": "list_topics",
    "sts": "get_caller_identity",
}
LOGS = {"X-Amz-Target": "Logs_20140328.DescribeLogGroups", "Content-Type": "application/x-amz-json-1.1"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module", params=["known", "strict"])
def guarded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server that wants access keys; `mode` says how much."""
    folder = tmp_path_factory.mktemp(request.param)
    config = folder / "tocsin.toml"
    config.write_text(f'[auth]\nmode = "{request.param}"\ncredentials = "keys.toml"\n', encoding="utf-8")
    (folder / "keys.toml").write_text(KEYS, encoding="utf-8")
    with LiveServer(folder / "data", "--config", str(config)) as one:
        yield one
        for secret in (SECRET, OTHER_SECRET, "Signature=", "wrong-secret"):
            assert secret not in one.log


def mode_of(server: LiveServer) -> str:
    return str(server.ask("/_tocsin/health").json()["auth"])


def outcome(service: str, server: LiveServer, **keys: Any) -> tuple[str, int]:
    try:
        answer = getattr(client(service, server.address, **keys), CALLS[service])()
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
    return "answered", answer["ResponseMetadata"]["HTTPStatusCode"]


@pytest.mark.parametrize("service", CALLS)
def test_a_key_of_the_file_may_ask(guarded: LiveServer, service: str) -> None:
    assert outcome(service, guarded, access_key=KEY, secret=SECRET) == ("answered", 200)


@pytest.mark.parametrize(
    ("service", "refused"),
    [
        ("logs", ("UnrecognizedClientException", 400)),
        ("cloudtrail", ("UnrecognizedClientException", 400)),
        ("sns", ("InvalidClientTokenId", 403)),
        ("sts", ("InvalidClientTokenId", 403)),
    ],
)
@pytest.mark.parametrize("key", ["AKIAIOSFODNN7UNKNOWN", "111122223333"])
def test_no_other_key_may(guarded: LiveServer, service: str, refused: tuple[str, int], key: str) -> None:
    assert outcome(service, guarded, access_key=key, secret=SECRET) == refused


@pytest.mark.parametrize(
    ("service", "refused"),
    [
        ("logs", ("InvalidSignatureException", 400)),
        ("cloudtrail", ("InvalidSignatureException", 400)),
        ("sns", ("SignatureDoesNotMatch", 403)),
        ("sts", ("SignatureDoesNotMatch", 403)),
    ],
)
def test_strict_looks_at_the_signature(guarded: LiveServer, service: str, refused: tuple[str, int]) -> None:
    expected = refused if mode_of(guarded) == "strict" else ("answered", 200)
    assert outcome(service, guarded, access_key=KEY, secret="wrong-secret") == expected
    assert outcome(service, guarded, access_key=KEY, secret=OTHER_SECRET) == expected


@pytest.mark.parametrize(
    ("headers", "body", "status", "code"),
    [(LOGS, b"{}", 400, b"MissingAuthenticationTokenException"), (FORM, b"Action=ListTopics", 403, b"<Code>MissingAuthenticationToken</Code>")],
)  # fmt: skip
def test_nobody_asks_unsigned(
    guarded: LiveServer, headers: dict[str, str], body: bytes, status: int, code: bytes
) -> None:
    answer = guarded.ask("/", method="POST", body=body, headers=headers)
    assert (answer.status, code in answer.body) == (status, True)


def test_each_key_has_its_account(guarded: LiveServer) -> None:
    for key, secret, account, arn in (
        (KEY, SECRET, "111122223333", "arn:aws:iam::111122223333:user/ci"),
        (OTHER_KEY, OTHER_SECRET, "444455556666", "arn:aws:iam::111122223333:user/audit"),
    ):
        identity = client("sts", guarded.address, access_key=key, secret=secret).get_caller_identity()
        assert (identity["Account"], identity["Arn"]) == (account, arn)
    first, second = (
        client("logs", guarded.address, access_key=key, secret=secret)
        for key, secret in ((KEY, SECRET), (OTHER_KEY, OTHER_SECRET))
    )
    first.create_log_group(logGroupName="mine")
    assert second.describe_log_groups()["logGroups"] == []
    first.delete_log_group(logGroupName="mine")


def test_a_session_of_our_own_may_ask_with_its_token_alone(guarded: LiveServer) -> None:
    given = client("sts", guarded.address, access_key=KEY, secret=SECRET).get_session_token()["Credentials"]
    session = {"access_key": given["AccessKeyId"], "secret": given["SecretAccessKey"]}
    assert outcome("logs", guarded, **session, token=given["SessionToken"]) == ("answered", 200)
    token = given["SessionToken"]
    forged = ("y" if token[0] == "x" else "x") + token[1:]
    assert outcome("logs", guarded, **session, token=forged)[0] == "UnrecognizedClientException"
    assert outcome("logs", guarded, **session)[0] == "UnrecognizedClientException"
    for secret in (given["SecretAccessKey"], given["SessionToken"]):
        assert secret not in guarded.log


def test_health_and_metrics_need_no_key_and_tell_none(guarded: LiveServer) -> None:
    for path in ("/_tocsin/health", "/_tocsin/metrics"):
        answer = guarded.ask(path)
        assert answer.status == 200
        assert KEY.encode() not in answer.body


# ---------------------------------------------------------------- pages of other sites (WIRE-5.15)

PAGES = [
    ({}, 200),
    ({"Host": "localhost"}, 200),
    ({"Host": "tocsin.localhost:4590"}, 200),
    ({"Host": "[::1]:4590"}, 200),
    ({"Host": "logs.eu-west-1.amazonaws.com"}, 200),
    ({"Host": "monitoring.cn-north-1.amazonaws.com.cn"}, 200),
    ({"Host": "evil.example"}, 403),
    ({"Host": "127.0.0.1.evil.example"}, 403),
    ({"Host": "localhost.evil.example"}, 403),
    ({"Host": "amazonaws.com.evil.example"}, 403),
    ({"Host": "evilamazonaws.com"}, 403),
    ({"Host": ""}, 403),
    ({"Origin": "https://evil.example"}, 403),
    ({"Origin": "http://127.0.0.1.evil.example"}, 403),
    ({"Origin": "null"}, 403),
    ({"Origin": ""}, 403),
    ({"Sec-Fetch-Site": "cross-site"}, 403),
    ({"Sec-Fetch-Site": "same-origin"}, 200),
    ({"Sec-Fetch-Site": "none"}, 200),
]


@pytest.mark.parametrize(("headers", "status"), PAGES)
def test_pages_of_other_sites_get_nothing_of_ours(server: LiveServer, headers: dict[str, str], status: int) -> None:
    assert server.ask("/_tocsin/health", headers=headers).status == status


@pytest.mark.parametrize(("headers", "status"), PAGES)
def test_pages_of_other_sites_cannot_use_the_api(server: LiveServer, headers: dict[str, str], status: int) -> None:
    """A form needs no preflight: `Action=DeleteTopic` would arrive."""
    form = b"Action=CreateTopic&Version=2010-03-31&Name=of-a-page"
    answer = server.ask("/", method="POST", body=form, headers={**FORM, **headers})
    assert answer.status == status
    assert not any(name.startswith("access-control-") for name in answer.headers)
    if status == 403:
        topics = server.client("sns", account="123456789012", region="us-east-1").list_topics()["Topics"]
        assert topics == []
    else:
        server.client("sns", account="123456789012", region="us-east-1").delete_topic(
            TopicArn="arn:aws:sns:us-east-1:123456789012:of-a-page"
        )


def test_our_own_origin_may_ask(server: LiveServer) -> None:
    origin = {"Origin": server.address, "Host": server.address.removeprefix("http://")}
    assert server.ask("/_tocsin/health", headers=origin).status == 200
    assert server.ask("/_tocsin/health", headers={**origin, "Origin": "http://127.0.0.1:1"}).status == 403


def test_a_link_is_followed_to_a_page_of_ours_alone(server: LiveServer) -> None:
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert server.ask("/_tocsin/health", headers=followed).status == 200
    assert server.ask("/?Action=ListTopics&Version=2010-03-31", headers=followed).status == 403
    assert server.ask("/_tocsin/reset", method="POST", headers=followed).status == 403


def test_keys_do_not_open_our_pages_to_other_sites(guarded: LiveServer) -> None:
    """In the other modes a page has no key for the API; what is ours is guarded all the same."""
    assert guarded.ask("/_tocsin/health", headers={"Host": "evil.example"}).status == 403
    refused = guarded.ask("/", method="POST", body=b"{}", headers={**LOGS, "Host": "evil.example"})
    assert json.loads(refused.body)["__type"].endswith("MissingAuthenticationTokenException")
