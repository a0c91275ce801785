"""A server that runs and watches who listens: health, metrics, log, the operator's channel. Spec: AL-19.4, IF-7, IF-9."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from http_endpoint import HttpEndpoint, Reply
from live_server import LiveServer
from mail_server import MailServer

from tocsin.app.topic import SUBSCRIPTIONS, TOPICS, KeptSubscription, Topic
from tocsin.app.watch import COMPLAINTS
from tocsin.core.scope import Scope
from tocsin.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable

ACCOUNT = "111122223333"
HERE = Scope(ACCOUNT, "eu-west-1")
TOPIC = f"arn:aws:sns:eu-west-1:{ACCOUNT}:alerts"
BASE = {"TOCSIN_SERVER_ACCOUNT": ACCOUNT, "TOCSIN_SERVER_REGION": "eu-west-1", "TOCSIN_ALARM_EVALUATION_DELAY": "0"}
DAY_MS = 86_400_000


def served(folder: Path, **environ: str) -> LiveServer:
    return LiveServer(folder / "data", environ={**BASE, **environ})


def until(look: Callable[[], Any], seconds: float = 20) -> Any:
    """What `look` finds, as soon as that is anything."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end
        threading.Event().wait(0.05)  # for another process
    return found


def with_one_that_waits(folder: Path, *, days: float = 1.5) -> None:
    """A database in which a subscription has waited for its confirmation so many days."""
    (folder / "data").mkdir(exist_ok=True)
    at = int(time.time() * 1000) - int(days * DAY_MS)  # noqa: TID251  # a server of its own has the time of day
    one = KeptSubscription(
        ident="waits", topic="alerts", protocol="email", endpoint="oncall@example.com", owner=ACCOUNT, principal="",
        created_at=at, token_ends_at=at + 2 * DAY_MS,
    )  # fmt: skip
    with closing(SqliteStore(folder / "data" / "tocsin.sqlite3")) as store:
        store.write(lambda writer: TOPICS.put(writer, HERE, "alerts", Topic(name="alerts", created_at=at)))
        store.write(lambda writer: SUBSCRIPTIONS.put(writer, HERE, "alerts\0waits", one))


def health(server: LiveServer) -> dict[str, Any]:
    answer = server.ask("/_tocsin/health")
    assert answer.status == 200
    return answer.json()


def lines(server: LiveServer, event: str) -> list[dict[str, Any]]:
    return [told for line in server.log.splitlines() if (told := json.loads(line))["event"] == event]


def put_alarm(server: LiveServer) -> None:
    server.client("cloudwatch", account=ACCOUNT, region="eu-west-1").put_metric_alarm(
        AlarmName="root-use", Namespace="Trail", MetricName="m", Statistic="Sum", Period=60, EvaluationPeriods=1,
        Threshold=1, ComparisonOperator="GreaterThanThreshold", AlarmActions=[TOPIC],
    )  # fmt: skip


def test_an_alarm_that_reaches_nobody_is_in_health_metrics_and_log(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        assert until(lambda: health(server).get("listening")) == {
            "status": "ok",
            **dict.fromkeys(
                ("unheard_alarms", "pending_subscriptions", "lost_subscriptions", "failing_endpoints"), 0
            ),
        }  # fmt: skip
        put_alarm(server)
        server.stop()
    for _ in range(2):  # the first look of a server comes as soon as it starts
        with served(tmp_path) as server:
            listening = until(lambda: health(server).get("listening"))
            assert (listening["status"], listening["unheard_alarms"]) == ("trouble", 1)
            (complaint,) = listening["complaints"]
            assert complaint["kind"] == "unheard-alarm"
            assert complaint["subject"] == f"arn:aws:cloudwatch:eu-west-1:{ACCOUNT}:alarm:root-use"
            assert complaint["reason"] == "when this alarm goes off nobody is told: there is no topic alerts"
            metrics = server.ask("/_tocsin/metrics").body.decode().splitlines()
            assert "# TYPE tocsin_unheard_alarms gauge" in metrics
            assert {"tocsin_unheard_alarms 1", "tocsin_pending_subscriptions 0"} <= {*metrics}
            server.stop()
    (line,) = lines(server, "complaint-begun")
    assert (line["level"], line["part"], line["subject"]) == ("warning", "watch", complaint["subject"])


def test_where_keys_are_needed_health_counts_and_names_nothing(tmp_path: Path) -> None:
    with_one_that_waits(tmp_path)
    keys = tmp_path / "keys.toml"
    keys.write_text(f'[AKIAEXAMPLE]\nsecret = "not-a-secret-not-a-secret"\narn = "arn:aws:iam::{ACCOUNT}:user/a"\n')
    with served(tmp_path, TOCSIN_AUTH_MODE="strict", TOCSIN_AUTH_CREDENTIALS=str(keys)) as server:
        listening = until(lambda: health(server).get("listening"))
        assert (listening["status"], listening["pending_subscriptions"]) == ("trouble", 1)
        assert "complaints" not in listening
        assert "alerts" not in server.ask("/_tocsin/health").body.decode()
        server.stop()


def test_a_file_gets_one_line_when_it_begins_and_one_when_it_ends(tmp_path: Path) -> None:
    with_one_that_waits(tmp_path)
    channel = tmp_path / "complaints.jsonl"
    environ = {"TOCSIN_OPERATOR_CHANNEL": f"file:{channel}"}
    for kills in (True, True, False):
        with served(tmp_path, **environ) as server:
            until(lambda: health(server).get("listening"))
            until(channel.exists)
            if kills:
                server.kill()
            else:
                server.stop()
    told = {one["id"]: one for one in map(json.loads, channel.read_text().splitlines())}
    (begun,) = told.values()
    assert (begun["event"], begun["kind"], begun["subject"]) == ("begun", "pending-subscription", f"{TOPIC}:waits")
    assert begun["text"] == "A subscription to alerts is not confirmed"
    with served(tmp_path, **environ) as server:
        server.client("sns", account=ACCOUNT, region="eu-west-1").delete_topic(TopicArn=TOPIC)
        server.stop()
    with served(tmp_path, **environ) as server:
        until(lambda: '"ended"' in channel.read_text())
        server.stop()
    (ended,) = [one for one in map(json.loads, channel.read_text().splitlines()) if one["event"] == "ended"]
    assert ended["why"] == "nobody has confirmed the subscription, and it has lapsed or was removed"
    assert len(lines(server, "complaint-begun")) == len(lines(server, "complaint-ended")) == 1


def test_a_web_hook_gets_json_again_after_it_failed_and_its_address_is_kept_nowhere(tmp_path: Path) -> None:
    with_one_that_waits(tmp_path)
    answers = iter([Reply(503, b"abcdefghijkl")])
    with (
        HttpEndpoint(lambda _: next(answers, Reply())) as hook,
        served(tmp_path, TOCSIN_OPERATOR_CHANNEL="env:HOOK", HOOK=f"{hook.url}in/abcdefghijkl") as server,
    ):
        first, second = hook.wait(2, seconds=40)
        server.stop()
    assert first.body == second.body
    assert json.loads(first.body)["reason"].startswith("email oncall@example.com has not confirmed")
    assert first.line == "POST /in/abcdefghijkl HTTP/1.1"
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"abcdefghijkl" not in kept


def test_a_mail_address_gets_a_mail(tmp_path: Path) -> None:
    with_one_that_waits(tmp_path)
    with MailServer() as mails:
        environ = {"TOCSIN_OPERATOR_CHANNEL": "mailto:ops@example.com", "TOCSIN_SMTP_URL": mails.url}
        with served(tmp_path, **environ) as server:
            until(lambda: mails.received)
            server.stop()
        (mail,) = mails.received
    assert mail.message["To"] == "ops@example.com"
    assert mail.message["Subject"] == "Tocsin: A subscription to alerts is not confirmed"
    assert "What to do: look for the confirmation where unwanted mail ends" in mail.text
    assert "ops@example.com gets what Tocsin says of itself." in mail.text
    assert "List-Unsubscribe" not in mail.message


def test_what_is_told_is_written_with_the_complaint(tmp_path: Path) -> None:
    with_one_that_waits(tmp_path)
    with served(tmp_path, TOCSIN_OPERATOR_CHANNEL="http://192.0.2.1/never") as server:
        until(lambda: health(server).get("listening"))
        server.kill()
    with closing(SqliteStore(tmp_path / "data" / "tocsin.sqlite3")) as store, store.read() as reader:
        (row,) = reader.outbox.deliveries(cause="operator", limit=10)
        ((_, _, kept),) = COMPLAINTS.scan_all(reader)
    assert (row.target, row.protocol, row.created_at) == ("operator.channel", "operator", kept.told_at)


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"TOCSIN_OPERATOR_CHANNEL": "env:CHANNEL"}, "operator.channel is env:CHANNEL, and the variable CHANNEL is not set"),
        (
            {"TOCSIN_OPERATOR_CHANNEL": "env:CHANNEL", "CHANNEL": "abcdefghijkl"},
            "operator.channel is env:CHANNEL, and no channel stands there",
        ),
        ({"TOCSIN_OPERATOR_CHANNEL": "file:missing/x"}, "operator.channel is file:missing/x, and there is no folder missing"),
        ({"TOCSIN_OPERATOR_CHANNEL": "file:folder"}, "operator.channel is file:folder, which is not a regular file"),
        (
            {"TOCSIN_OPERATOR_CHANNEL": "nonsense://abcdefghijkl"},
            "operator.channel is nonsense://****, and the library apprise does not know that address",
        ),
        (
            {"TOCSIN_HEARTBEAT_URL": "env:BEAT", "BEAT": "abcdefghijkl"},
            "heartbeat.url is env:BEAT, and no http or https address stands there",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_address_is_told_at_the_start(
    tmp_path: Path, environ: dict[str, str], message: str
) -> None:
    (tmp_path / "folder").mkdir()
    command = [sys.executable, "-m", "tocsin", "serve", "--port", "0", "--data", "data"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False, env=environ)
    assert ended.returncode == 2
    assert message in " ".join(ended.stderr.split())
    assert "Traceback" not in ended.stderr
    assert "abcdefghijkl" not in ended.stderr
