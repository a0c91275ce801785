"""Calls of our own API become CloudTrail records. Spec: WIRE-10.5, REC-1.2, REC-2.2, REC-4, REC-14, REC-16.1."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
from typing import TYPE_CHECKING

import msgspec
import pytest
from botocore.exceptions import ClientError

from tocsin.clock import SystemClock
from tocsin.core.kept_record import MANAGEMENT_HISTORY
from tocsin.core.log_event import Term
from tocsin.core.scope import Scope
from tocsin.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from live_server import LiveServer

REGION = "eu-west-1"


def records(server: LiveServer, account: str, name: str | None = None, *, region: str = REGION) -> list[dict]:
    """The records of an account in the server's store, oldest first."""
    store = SqliteStore(server.data / "tocsin.sqlite3", migrates=False)
    with contextlib.closing(store), store.read() as reader:
        term = None if name is None else Term("EventName", name)
        found = reader.records.look_up(Scope(account, region), MANAGEMENT_HISTORY, term, limit=1000)
    return [json.loads(one.body) for one in found][::-1]


def wait_for(server: LiveServer, account: str, name: str, **how) -> dict:
    """The record of a call, which is made a moment after the call was answered."""
    waiting = threading.Event()
    for _ in range(500):
        if found := records(server, account, name, **how):
            return found[0]
        waiting.wait(0.02)  # for another process
    raise AssertionError(f"no record of {name}")


def test_a_call_is_recorded_as_aws_writes_it(server, account) -> None:
    server.client("logs", account=account).create_log_group(logGroupName="g", tags={"team": "blue"})
    record = wait_for(server, account, "CreateLogGroup")
    assert list(record)[:7] == [
        "eventVersion",
        "userIdentity",
        "eventTime",
        "eventSource",
        "eventName",
        "awsRegion",
        "sourceIPAddress",
    ]
    told = {name: record[name] for name in record if name not in {"eventTime", "eventID", "requestID", "userAgent"}}
    assert told == {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": record["userIdentity"]["principalId"],
            "arn": f"arn:aws:iam::{account}:user/tocsin",
            "accountId": account,
            "accessKeyId": account,
            "userName": "tocsin",
        },
        "eventSource": "logs.amazonaws.com",
        "eventName": "CreateLogGroup",
        "awsRegion": REGION,
        "sourceIPAddress": "127.0.0.1",
        "requestParameters": {"logGroupName": "g", "tags": {"team": "blue"}},
        "responseElements": None,
        "readOnly": False,
        "eventType": "AwsApiCall",
        "apiVersion": "20140328",
        "managementEvent": True,
        "recipientAccountId": account,
        "eventCategory": "Management",
        "tlsDetails": {"clientProvidedHostHeader": server.address.removeprefix("http://")},
    }
    assert "Botocore" in record["userAgent"]


def test_a_call_that_was_refused_is_recorded_with_its_error(server, account) -> None:
    logs = server.client("logs", account=account)
    with pytest.raises(ClientError) as caught:
        logs.delete_log_group(logGroupName="none")
    record = wait_for(server, account, "DeleteLogGroup")
    assert record["errorCode"] == "ResourceNotFoundException"
    assert record["errorMessage"] == caught.value.response["Error"]["Message"]
    assert record["requestParameters"] == {"logGroupName": "none"}
    assert record["requestID"] == caught.value.response["ResponseMetadata"]["RequestId"]


def test_a_call_that_does_not_fit_its_model_is_recorded(server, account) -> None:
    answer = server.ask(
        "/",
        method="POST",
        body=b'{"logGroupName": 7}',
        headers={
            "X-Amz-Target": "Logs_20140328.CreateLogGroup",
            "Content-Type": "application/x-amz-json-1.1",
            "Authorization": f"AWS4-HMAC-SHA256 Credential={account}/20260101/{REGION}/logs/aws4_request,"
            " SignedHeaders=host, Signature=0",
            "X-Amz-Date": "20260101T000000Z",
        },
    )
    assert answer.status == 400
    assert wait_for(server, account, "CreateLogGroup")["requestParameters"] is None


def test_sessions_say_whose_they_are(server, account) -> None:
    arn = f"arn:aws:iam::{account}:role/team/Deploy"
    given = server.client("sts", account=account).assume_role(
        RoleArn=arn,
        RoleSessionName="bob",
        SourceIdentity="bob@example.com",
        SerialNumber=f"arn:aws:iam::{account}:mfa/bob",
        TokenCode="123456",
    )
    assumed = wait_for(server, account, "AssumeRole")
    credentials = given["Credentials"]
    assert assumed["responseElements"]["credentials"]["accessKeyId"] == credentials["AccessKeyId"]
    assert credentials["SecretAccessKey"] not in json.dumps(assumed)
    key = {
        "access_key": credentials["AccessKeyId"],
        "secret": credentials["SecretAccessKey"],
        "token": credentials["SessionToken"],
    }
    server.client("sns", **key).create_topic(Name="t")
    identity = wait_for(server, account, "CreateTopic")["userIdentity"]
    context = identity.pop("sessionContext")
    assert identity == {
        "type": "AssumedRole",
        "principalId": given["AssumedRoleUser"]["AssumedRoleId"],
        "arn": given["AssumedRoleUser"]["Arn"],
        "accountId": account,
        "accessKeyId": credentials["AccessKeyId"],
    }
    assert context["sessionIssuer"]["arn"] == arn
    assert context["sessionIssuer"]["principalId"] == identity["principalId"].partition(":")[0]
    assert context["attributes"]["mfaAuthenticated"] == "true"
    assert context["sourceIdentity"] == "bob@example.com"


def test_what_would_be_too_much_is_not_recorded(server, account) -> None:
    logs = server.client("logs", account=account)
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    logs.put_log_events(
        logGroupName="g",
        logStreamName="s",
        logEvents=[{"timestamp": int(SystemClock().now().timestamp() * 1000), "message": "m"}],
    )
    server.client("cloudwatch", account=account).put_metric_data(
        Namespace="N", MetricData=[{"MetricName": "m", "Value": 1.0}]
    )
    topic = server.client("sns", account=account).create_topic(Name="t")["TopicArn"]
    server.client("sns", account=account).publish(TopicArn=topic, Message="data plane, and no trail selects it")
    server.ask(f"/?Action=Unsubscribe&Version=2010-03-31&SubscriptionArn={topic}:x")
    logs.describe_log_groups()
    wait_for(server, account, "DescribeLogGroups")
    names = [record["eventName"] for record in records(server, account)]
    assert sorted(names) == ["CreateLogGroup", "CreateLogStream", "CreateTopic", "DescribeLogGroups"]


def test_a_connection_that_is_protected_is_told(tmp_path) -> None:
    from live_server import LiveServer
    from mail_server import make_certificate

    _, trusting = make_certificate(tmp_path)
    files = {f"TOCSIN_SERVER_TLS_{name}": str(tmp_path / "mail.pem") for name in ("CERT", "KEY")}
    with LiveServer(tmp_path / "data", environ=files) as server:
        connection = http.client.HTTPSConnection("127.0.0.1", server.port, context=trusting)
        with contextlib.closing(connection):
            headers = {"X-Amz-Target": "Logs_20140328.DescribeLogGroups", "Content-Type": "application/x-amz-json-1.1"}
            connection.request("POST", "/", body=b"{}", headers=headers)
            assert connection.getresponse().status == 200
            version, (cipher, *_) = connection.sock.version(), connection.sock.cipher()
        record = wait_for(server, "123456789012", "DescribeLogGroups", region="us-east-1")
    assert record["tlsDetails"] == {
        "tlsVersion": version,
        "cipherSuite": cipher,
        "clientProvidedHostHeader": f"127.0.0.1:{server.port}",
    }
    assert "accessKeyId" not in record["userIdentity"]  # nobody has signed it


def test_records_of_calls_outlive_the_process(tmp_path) -> None:
    from live_server import LiveServer

    with LiveServer(tmp_path / "data") as server:
        for number in range(50):
            server.client("logs").create_log_group(logGroupName=f"g{number}")
        server.stop()
        assert len(records(server, "111122223333", "CreateLogGroup")) == 50


# ---------------------------------------------------------------- records of others


def made(number: int, account: str, **fields) -> bytes:
    record = {
        "eventVersion": "1.11",
        "eventTime": f"{SystemClock().now():%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": "iam.amazonaws.com",
        "eventName": "CreateUser",
        "awsRegion": REGION,
        "eventID": f"00000000-0000-4000-8000-{number:012}",
        "recipientAccountId": account,
        **fields,
    }
    return json.dumps(record, separators=(",", ":")).encode()


NDJSON = {"Content-Type": "application/x-ndjson"}


def post(server: LiveServer, *lines: bytes, **headers: str) -> tuple[int, dict]:
    body = b"\n".join(lines)
    answer = server.ask("/_tocsin/records", method="POST", body=body, headers={**NDJSON, **headers})
    return answer.status, answer.json()


def test_records_of_others_are_taken_once(server, account) -> None:
    lines = [made(number, account) for number in range(3)]
    assert post(server, *lines, b"") == (200, {"accepted": 3, "duplicates": 0})
    assert post(server, *lines, made(3, account)) == (200, {"accepted": 1, "duplicates": 3})
    assert len(records(server, account, "CreateUser")) == 4


def test_what_was_acknowledged_survives_a_kill_and_is_there_once(tmp_path) -> None:
    """History and what waits for the trail are written together, and once, however often records are sent (AR-5)."""
    from live_server import LiveServer

    account = "111122223333"
    batches = [[made(number, account) for number in range(first, first + 25)] for first in range(0, 2000, 25)]
    acknowledged: list[int] = []
    environ = {"TOCSIN_TRAIL_DELIVERY_INTERVAL": "86400"}
    with LiveServer(tmp_path / "data", environ=environ) as server:
        trail = server.client("cloudtrail", account=account)
        trail.create_trail(Name="main", S3BucketName="logs")
        trail.start_logging(Name="main")

        def send() -> None:
            with contextlib.suppress(OSError, http.client.HTTPException):
                for number, batch in enumerate(batches):
                    assert post(server, *batch) == (200, {"accepted": 25, "duplicates": 0})
                    acknowledged.append(number)

        thread = threading.Thread(target=send)
        thread.start()
        while len(acknowledged) < 10:
            thread.join(0.01)
        server.kill()
        thread.join()
    kept = 25 * len(acknowledged)
    with LiveServer(tmp_path / "data", environ=environ) as server:
        assert len(records(server, account, "CreateUser")) in {kept, kept + 25}  # one may have had no answer
        again = [post(server, *batch)[1] for batch in batches[: len(acknowledged) + 1]]
        assert [told["accepted"] + told["duplicates"] for told in again] == [25] * len(again)
        assert [told["accepted"] for told in again[:-1]] == [0] * (len(again) - 1)
    assert len(records(server, account, "CreateUser")) == 25 * len(again)
    store = SqliteStore(server.data / "tocsin.sqlite3")
    with store.read() as reader:
        (waiting,) = reader.records.waiting()
        bodies = reader.records.read_waiting(waiting.group, most_bytes=10**9).bodies
    store.close()
    names = [json.loads(body)["eventName"] for body in bodies]
    assert names.count("CreateUser") == 25 * len(again)


def test_lines_that_are_no_records_are_named_and_the_others_taken(server, account) -> None:
    status, told = post(server, made(1, account), b"", b"{", b"[]", made(2, account))
    assert status == 400
    problems = told.pop("problems")
    assert told == {"accepted": 2, "duplicates": 0, "refused": 2}
    assert [one["line"] for one in problems] == [3, 4]
    assert "no JSON" in problems[0]["reason"]


@pytest.mark.parametrize(
    ("lines", "headers", "status", "reason"),
    [
        ([b"{}"], {"Content-Type": "text/plain"}, 415, "application/x-ndjson"),
        ([b"{}"] * 501, {}, 413, "500 records"),
        ([b" " * 2**20, b"{}"], {}, 413, "1048576 bytes"),
        ([b"{}"], {"Content-Encoding": "gzip"}, 400, "decompressed"),
        ([b"{}"], {"Content-Encoding": "br"}, 415, "not supported"),
        ([b"{}"], {"Origin": "https://example.com"}, 403, None),
    ],
)
def test_requests_that_are_refused(server, lines, headers, status, reason) -> None:
    answer = server.ask("/_tocsin/records", method="POST", body=b"\n".join(lines), headers={**NDJSON, **headers})
    assert answer.status == status
    if reason is not None:
        assert reason in answer.json()["reason"]
    assert server.ask("/_tocsin/records").status == 405


def test_records_are_signed_for_where_keys_are_asked_for(tmp_path) -> None:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    from live_server import LiveServer

    keys = tmp_path / "keys.toml"
    keys.write_text(
        '[AKIAIOSFODNN7EXAMPLE]\nsecret = "a secret of some length"\narn = "arn:aws:iam::111122223333:user/recorder"\n'
    )
    environ = {"TOCSIN_AUTH_MODE": "strict", "TOCSIN_AUTH_CREDENTIALS": str(keys)}
    body = made(1, "111122223333")
    with LiveServer(tmp_path / "data", environ=environ) as server:
        assert post(server, body)[0] == 403

        def signed(secret: str, service: str) -> tuple[int, dict]:
            request = AWSRequest("POST", f"{server.address}/_tocsin/records", data=body, headers=NDJSON)
            SigV4Auth(Credentials("AKIAIOSFODNN7EXAMPLE", secret), service, REGION).add_auth(request)
            return post(server, body, **dict(request.headers))

        assert signed("another secret of the same", "cloudtrail")[0] == 403
        assert signed("a secret of some length", "logs")[0] == 403
        assert signed("a secret of some length", "cloudtrail") == (200, {"accepted": 1, "duplicates": 0})


def test_reset_takes_what_was_called_before_it(tmp_path) -> None:
    from live_server import LiveServer

    with LiveServer(tmp_path / "data", environ={"TOCSIN_SERVER_ALLOW_RESET": "1"}) as server:
        for number in range(20):
            server.client("logs").create_log_group(logGroupName=f"g{number}")
        assert server.ask("/_tocsin/reset", method="POST").status == 200
        assert records(server, "111122223333") == []
        server.client("logs").create_log_group(logGroupName="g")
        wait_for(server, "111122223333", "CreateLogGroup")
        metrics = server.ask("/_tocsin/metrics").body
        assert b"\ntocsin_records_received_total 21\n" in metrics
        assert b"\ntocsin_records_dropped_total 0\n" in metrics
        assert msgspec.json.decode(server.ask("/_tocsin/health").body)["status"] == "ok"
