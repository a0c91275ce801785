"""Chat channels of a server that runs: an alarm with who did what, retries over a restart, no secret anywhere.

Spec: SNS-8.5, IF-9 (`[[notifier]]`), AL-17.7.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from http_endpoint import HttpEndpoint, Received, Reply
from live_server import LiveServer

from tocsin.core.outbox import DeliveryStatus
from tocsin.store.sqlite import SqliteStore

ACCOUNT = "111122223333"
SECRET = "services/T0123456/B0123456/abcdefghijklmnop"
BASE = {
    "TOCSIN_SERVER_ACCOUNT": ACCOUNT,
    "TOCSIN_SERVER_REGION": "eu-west-1",
    "TOCSIN_ALARM_EVALUATION_DELAY": "0",
}
RECORD = {
    "eventVersion": "1.11",
    "eventSource": "iam.amazonaws.com",
    "eventName": "CreateUser",
    "eventID": "00000000-0000-4000-8000-000000000001",
    "awsRegion": "us-east-1",
    "sourceIPAddress": "192.0.2.1",
    "userIdentity": {"type": "IAMUser", "userName": "alice", "accountId": ACCOUNT},
    "requestParameters": {"userName": "<!channel> @here"},
}


def settings_of(folder: Path, url: str, *, kind: str = "slack", topic: str = "alerts") -> Path:
    config = folder / "tocsin.toml"
    config.write_text(f'[[notifier]]\nkind = "{kind}"\nurl = "{url}"\ntopic = "{topic}"\n', encoding="utf-8")
    return config


def served(folder: Path, config: Path, **environ: str) -> LiveServer:
    return LiveServer(folder / "data", "--config", str(config), environ={**BASE, **environ})


def texts(requests: list[Received]) -> list[str]:
    return [json.loads(one.body)["text"] for one in requests]


def kept(folder: Path) -> bytes:
    """All that the service has written: its database with what belongs to it, and its log."""
    return b"".join(
        path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != ".toml"
    )


def test_an_alarm_reaches_the_channel_with_who_did_what(tmp_path: Path) -> None:
    now = datetime.now(UTC)  # noqa: TID251  # a client has the time of day
    with (
        HttpEndpoint() as hook,
        served(tmp_path, settings_of(tmp_path, "env:HOOK"), HOOK=f"{hook.url}{SECRET}") as server,
    ):
        logs, cloudwatch, sns = (server.client(name, account=ACCOUNT) for name in ("logs", "cloudwatch", "sns"))
        topic = sns.create_topic(Name="alerts")["TopicArn"]
        logs.create_log_group(logGroupName="trail")
        logs.create_log_stream(logGroupName="trail", logStreamName="s")
        logs.put_metric_filter(
            logGroupName="trail",
            filterName="created",
            filterPattern="{ $.eventName = CreateUser }",
            metricTransformations=[{"metricName": "created", "metricNamespace": "Trail", "metricValue": "1"}],
        )
        cloudwatch.put_metric_alarm(
            AlarmName="user-created",
            Namespace="Trail",
            MetricName="created",
            Statistic="Sum",
            Period=10,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
            AlarmActions=[topic],
        )
        # What filters count stands at the beginning of its minute. This one's may be too old by now for an alarm of
        # ten seconds; then the next one's is seen.
        minute = int(now.timestamp()) // 60 * 60
        logs.put_log_events(
            logGroupName="trail",
            logStreamName="s",
            logEvents=[{"timestamp": 1000 * at, "message": json.dumps(RECORD)} for at in (minute, minute + 60)],
        )
        (request, *_) = hook.wait(1, seconds=90)
        payload = json.loads(request.body)
        assert request.line == f"POST /{SECRET} HTTP/1.1"
        assert payload["text"].startswith("▲ ALARM: user-created in Europe (Ireland)\n")
        assert f"<{server.address}/console/alarms/user-created|Open the alarm>" in payload["text"]
        (events,) = [
            found
            for block in payload["blocks"]
            if block["type"] == "section" and (found := block.get("text", {}).get("text", "")).startswith("•")
        ]
        assert events.startswith('• alice created user "&lt;!channel&gt; ＠here" · from 192.0.2.1')

        sns.publish(TopicArn=topic, Message="a plain message", Subject="hello")
        assert texts(hook.wait(2))[1].startswith("hello\n")
        server.stop()
    assert SECRET.encode() not in kept(tmp_path)
    assert b"abcdefghijklmnop" not in kept(tmp_path)


def test_a_message_is_tried_again_over_a_kill_and_one_that_is_refused_is_not(tmp_path: Path) -> None:
    answers = iter([Reply(503, SECRET.encode())])

    def reply(request: Received) -> Reply:
        return Reply(404, f"no_service {SECRET}".encode()) if b"refused" in request.body else next(answers, Reply())

    config = settings_of(tmp_path, "env:HOOK")
    with HttpEndpoint(reply) as hook:
        environ = {"HOOK": f"{hook.url}{SECRET}"}
        with served(tmp_path, config, **environ) as server:
            sns = server.client("sns", account=ACCOUNT)
            topic = sns.create_topic(Name="alerts")["TopicArn"]
            sns.publish(TopicArn=topic, Message="first")
            hook.wait(1)
            sns.publish(TopicArn=topic, Message="refused")
            hook.wait(2)
            server.kill()
        with served(tmp_path, config, **environ) as server:
            # The kill may have come before the refusal was recorded; then that one comes once more.
            if b"refused" in hook.wait(3, seconds=60)[2].body:
                hook.wait(4, seconds=60)
            server.stop()
    told = [text.split("\n")[2] for text in texts(hook.received)]
    assert told.count("first") == 2
    assert told.count("refused") == len(told) - 2
    with closing(SqliteStore(tmp_path / "data" / "tocsin.sqlite3")) as store, store.read() as reader:
        rows = {row.outcome: row for row in reader.outbox.deliveries(limit=10)}
        assert {outcome: row.status for outcome, row in rows.items()} == {
            "delivered: 200 Some Reason": DeliveryStatus.DELIVERED,
            "status: 404 Some Reason: no_service ****": DeliveryStatus.FAILED,
        }
        assert {(row.target, row.protocol) for row in rows.values()} == {("slack env:HOOK", "slack")}
    assert b"abcdefghijklmnop" not in kept(tmp_path)


@pytest.mark.parametrize(
    ("kind", "url", "message", "hint"),
    [
        ("slack", "env:HOOK", "notifier.url is env:HOOK, and the variable HOOK is not set", "put the value"),
        (
            "slack",
            "file:hook.txt",
            "notifier.url of kind slack is an http or https address with a path; what is in file:hook.txt is none",
            "https://hooks.slack.com/services/",
        ),
        (
            "apprise",
            "nonsense://abcdefghijklmnop",
            "notifier.url of kind apprise is an address that the library knows; what is in number 1 is none",
            "https://appriseit.com/services/",
        ),
    ],
)
def test_what_is_wrong_with_an_address_is_told_at_the_start(
    tmp_path: Path, kind: str, url: str, message: str, hint: str
) -> None:
    (tmp_path / "hook.txt").write_text("ftp://abcdefghijklmnop")
    config = settings_of(tmp_path, url, kind=kind)
    command = [sys.executable, "-m", "tocsin", "serve", "--port", "0", "--data", "data", "--config", str(config)]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 2
    assert message in ended.stderr.replace("\n", " ")
    assert hint in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "abcdefghijklmnop" not in ended.stderr


def test_a_channel_without_a_topic_is_told_in_the_log(tmp_path: Path) -> None:
    with served(tmp_path, settings_of(tmp_path, "env:HOOK"), HOOK=f"http://127.0.0.1:9/{SECRET}") as server:
        until = time.monotonic() + 15
        while "topic-of-notifier-missing" not in server.log:
            assert time.monotonic() < until
            threading.Event().wait(0.1)  # for another process
        (line,) = [json.loads(line) for line in server.log.splitlines()]
        assert (line["notifier"], line["topic_arn"]) == ("slack env:HOOK", f"arn:aws:sns:eu-west-1:{ACCOUNT}:alerts")


def test_settings_are_shown_without_the_secret(tmp_path: Path) -> None:
    config = settings_of(tmp_path, f"https://hooks.example.com/{SECRET}")
    command = [sys.executable, "-m", "tocsin", "serve", "--print-config", "--config", str(config)]
    shown = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=30, check=True).stdout
    assert '[[notifier]]\nkind = "slack"\nurl = "****"\ntopic = "alerts"\n' in shown
    assert "abcdefghijklmnop" not in shown
