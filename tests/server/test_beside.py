"""Commands beside a server that runs, on the same data folder. Spec: IF-1, IF-7, SNS-12.1, SNS-12.3, AL-19.4."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from http_endpoint import HttpEndpoint, Reply
from live_server import LiveServer
from mail_server import MailServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ALARM = {
    "Namespace": "N",
    "MetricName": "m",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
}


class Ran:
    """A command that has ended."""

    def __init__(self, data: Path, *arguments: str) -> None:
        command = [sys.executable, "-m", "tocsin", *arguments, "--data", str(data)]
        done = subprocess.run(command, capture_output=True, check=False, text=True, cwd=data.parent)
        self.status, self.out, self.err = done.returncode, done.stdout, done.stderr

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with MailServer() as one:
        yield one


@pytest.fixture
def server(tmp_path: Path, mail: MailServer) -> Iterator[LiveServer]:
    with LiveServer(tmp_path / "data", "--smtp", mail.url) as one:
        yield one


def until(found: Callable[[], Any], seconds: float = 20.0) -> Any:
    end = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < end
        threading.Event().wait(0.1)
    return value


def subscribed(server: LiveServer, *addresses: str) -> tuple[Any, str]:
    sns = server.client("sns")
    topic = sns.create_topic(Name="alerts")["TopicArn"]
    for address in addresses:
        sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=address)
    return sns, topic


def test_a_subscription_is_asked_again_and_confirmed_for(server: LiveServer, mail: MailServer) -> None:
    sns, topic = subscribed(server, "pager@example.com")
    mail.wait(1)
    (pending,) = Ran(server.data, "sub", "--format", "json").json
    assert (pending["state"], pending["endpoint"], pending["topic"]) == ("pending", "pager@example.com", topic)
    arn = pending["arn"]

    assert Ran(server.data, "sub", "resend", arn).out == "it is sent at once\n"
    first, again = mail.wait(2)  # the server sends what another process has asked for
    assert first.text != again.text

    assert Ran(server.data, "sub", "confirm", arn, "--reason", "a pager's\nmailbox").out == "confirmed\n"
    (confirmed,) = Ran(server.data, "sub", "--format", "json").json
    assert (confirmed["state"], confirmed["reason"]) == ("protected", "a pager's mailbox")
    assert "confirmed for pager@example.com: a pager's mailbox" in Ran(server.data, "sub").out
    sns.publish(TopicArn=topic, Message="m")
    assert mail.wait(3)[2].text.startswith("m\n")

    for command in (("sub", "resend", arn), ("sub", "confirm", arn, "--reason", "once more")):
        refused = Ran(server.data, *command)
        assert refused.status == 2
        assert f"{arn} is confirmed" in refused.err


def test_what_is_refused(server: LiveServer) -> None:
    sns, topic = subscribed(server, "alice@example.com")
    (pending,) = Ran(server.data, "sub", "--format", "json").json
    unreasoned = Ran(server.data, "sub", "confirm", pending["arn"], "--reason", " ")
    assert (unreasoned.status, unreasoned.err.partition(":")[2].strip()[:10]) == (2, "--reason: ")
    none = Ran(server.data, "sub", "resend", f"{topic}:none")
    assert none.status == 2
    assert "there is no such subscription" in none.err
    with HttpEndpoint() as endpoint:
        sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint.url)
        arn = next(one["arn"] for one in Ran(server.data, "sub", "--format", "json").json if one["protocol"] == "http")
        refused = Ran(server.data, "sub", "confirm", arn, "--reason", "it cannot")
        assert (refused.status, "confirms by itself" in refused.err) == (2, True)
    for _ in range(4):
        Ran(server.data, "sub", "resend", pending["arn"])
    refused = Ran(server.data, "sub", "resend", pending["arn"])
    assert (refused.status, "five such mails within an hour" in refused.err) == (2, True)


def test_deliveries_and_one_more_try(server: LiveServer) -> None:
    status = [403]
    with HttpEndpoint(lambda _: Reply(status[0])) as endpoint:
        sns = server.client("sns")
        topic = sns.create_topic(Name="alerts")["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=f"{endpoint.url}hook")
        failed = until(lambda: Ran(server.data, "deliveries", "--state", "failed", "--format", "json").json)
        (one,) = failed
        assert (one["endpoint"], one["subject"]) == (f"{endpoint.url}hook", "SubscriptionConfirmation")
        assert [each["outcome"] for each in one["attempts"]] == ["status: 403 Some Reason"]
        status[0] = 200
        assert Ran(server.data, "deliveries", "replay", one["id"]).out == "it is due again\n"
        until(lambda: Ran(server.data, "deliveries", "--state", "delivered", "--format", "json").json)
        shown = Ran(server.data, "deliveries").out
        assert "   1. " in shown
        assert "   2. " in shown
        assert one["id"] in shown
        again = Ran(server.data, "deliveries", "replay", one["id"])
        assert (again.status, "no delivery with this id has failed" in again.err) == (2, True)


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ((), ["carol", "bob", "alice"]),
        (("--to", "BOB"), ["bob"]),
        (("--topic", "alerts", "--limit", "2"), ["carol", "bob"]),
        (("--topic", "other"), []),
        (("--state", "failed"), []),
        (("--since", "1h"), ["carol", "bob", "alice"]),
        (("--since", "2100-01-01"), []),
    ],
)
def test_which_deliveries(tmp_path_factory: pytest.TempPathFactory, options: tuple[str, ...], found: list[str]) -> None:
    """Also when the server does not run."""
    with LiveServer(tmp_path_factory.mktemp("which") / "data") as server:
        for name in ("alice", "bob", "carol"):
            subscribed(server, f"{name}@example.com")
    listed = Ran(server.data, "deliveries", "--format", "ndjson", *options)
    assert [json.loads(line)["endpoint"].partition("@")[0] for line in listed.out.splitlines()] == found


def test_status_says_who_would_hear(server: LiveServer, mail: MailServer) -> None:
    _, topic = subscribed(server, "alice@example.com")
    cloudwatch = server.client("cloudwatch")
    cloudwatch.put_metric_alarm(AlarmName="root-use", AlarmActions=[topic], **ALARM)
    unheard = Ran(server.data, "status")
    assert unheard.status == 1
    assert "NOBODY" in unheard.out
    assert "0 confirmed" in unheard.out
    assert "when this alarm goes off nobody is told" in unheard.out
    told = Ran(server.data, "status", "--format", "json").json
    assert [one["complaint"] for one in told["complaints"]] == ["unheard-alarm"]
    assert [(one["name"], one["pending"]) for one in told["alarms"]] == [("root-use", ["alice@example.com"])]

    mail.wait(1)
    (pending,) = Ran(server.data, "sub", "--format", "json").json
    Ran(server.data, "sub", "confirm", pending["arn"], "--reason", "a test")
    heard = Ran(server.data, "status")
    assert (heard.status, "alice@example.com" in heard.out, "NOBODY" in heard.out) == (0, True, False)


def test_filters_of_a_server_see_what_another_process_has_changed(server: LiveServer) -> None:
    """Versions that two processes give are never the same, so that nothing stale is taken for new."""
    logs = server.client("logs")
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    subscribed(server, *(f"mailbox-{number}@example.com" for number in range(3)))
    arns = [one["arn"] for one in Ran(server.data, "sub", "--format", "json").json]
    counted = 0
    for number, arn in enumerate(arns):
        Ran(server.data, "sub", "confirm", arn, "--reason", "a test")
        metric = {"metricName": f"m{number}", "metricNamespace": "N", "metricValue": "1"}
        logs.put_metric_filter(
            logGroupName="g", filterName=f"f{number}", filterPattern="hello", metricTransformations=[metric]
        )
        now = int(time.time() * 1000)  # noqa: TID251  (a client has the time of day)
        logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=[{"timestamp": now, "message": "hello"}])
        counted += number + 1
    metrics = server.ask("/_tocsin/metrics").body.decode()
    assert f"tocsin_filter_matches_total {counted}\n" in metrics


@pytest.mark.parametrize("command", ["status", "sub", "deliveries", "mailbox"])
def test_a_folder_that_is_none(tmp_path: Path, command: str) -> None:
    ran = Ran(tmp_path / "none", command)
    assert ran.status == 2
    assert "there is no such folder" in ran.err
    assert "--data names the folder of the service" in ran.err
