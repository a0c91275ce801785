"""A day of an account, lived through by a real service on a clock that stands where it is put.

    story = Story(tmp_path / "data")
    story.tell()
    with story.serving() as address:  # nothing moves any more
        open(f"{address}/console")

The day: people and pipelines at work, denials in the afternoon, root without MFA in the evening, and at ten past three
in the night mallory opens a security group to everybody. Somebody is told, somebody never confirmed, a hook fails, one
topic has no reader. `empty` begins the same service and defines nothing; `hostile` puts into every name and field what
an attacker would; `broken` is the same day on a machine that then failed: nothing was evaluated or delivered for 40
minutes, the bucket's folder is gone, a topic that alarms name, a block of events and a mail are not what they were.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
from http_endpoint import HttpEndpoint

import tocsin
from tocsin.app.acknowledgement import acknowledge
from tocsin.clock import ManualClock
from tocsin.composition.data_folder import BUCKETS, DATABASE, MAILBOX
from tocsin.composition.delivery import DeliveryLoop
from tocsin.composition.serve import RunningServer
from tocsin.composition.server_settings import plan_server
from tocsin.composition.side_thread import server_thread
from tocsin.config import load_config
from tocsin.console.visit import Actor
from tocsin.core.scope import Scope
from tocsin.notifiers.mailbox import find_mail, list_mails, read_mail

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

ACCOUNT, REGION = "111122223333", "us-east-1"
HERE = Scope(ACCOUNT, REGION)
AT = datetime(2026, 3, 14, 3, 14, 20, tzinfo=UTC)
GROUP = "trail-group"
WEB_GROUP = "sg-0a1b2c3d4e5f60718"
EVENT_ID = "9f2c1e7a-0000-4000-8000-000000000001"
"""Of the record in which mallory opens tcp 22."""

HOSTILE = (
    "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>\u202egnp.exe\u0000\u0007{{7*7}}javascript:alert(3)\r\nX: y"
    "=1+1\u200b" + "e" + "\u0301" * 40
)
"""A text with everything that a page might stumble over."""

_MARKUP = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}"
"""As much of it as AWS takes in a description."""


class Story:
    """The service while its day is told, and then while it is looked at."""

    def __init__(self, data: Path, *, environ: Mapping[str, str] | None = None) -> None:
        data.mkdir(parents=True, exist_ok=True)
        self.data = data
        self.address = ""
        settings = {
            "TOCSIN_SERVER_DATA": str(data),
            "TOCSIN_SERVER_PORT": "0",
            "TOCSIN_SERVER_ACCOUNT": ACCOUNT,
            "TOCSIN_ALARM_EVALUATION_DELAY": "0",
            **(environ or {}),
        }
        self.plan = plan_server(load_config(None, settings, folder=data), settings)
        self.clock = ManualClock(AT - timedelta(hours=27))
        self._number = 0
        self.kind = ""
        self.hook = ""  # where one more subscription is sent, which nobody confirms

    # ------------------------------------------------------------ telling

    @contextmanager
    def _running(self) -> Iterator[RunningServer]:
        running = RunningServer(self.plan, clock=self.clock)
        running.models.load_served()
        running.signing_key.open()
        running.signing_key.make()
        self._audit = running.console_api._audit
        running.console_api._audit = _Unheard()  # the day is told by AWS clients, not by the console
        try:
            yield running
        finally:
            running.close()

    def tell(self, kind: str = "full") -> None:
        """Live through the day: a `full` one, an `empty` one, a `hostile` or a `broken` one."""
        self.kind = kind
        if kind == "empty":
            self.clock.advance((AT - self.clock.now()).total_seconds())
            return
        hostile = kind == "hostile"
        with self._running() as running:
            self._define(running, hostile=hostile)
            for at, records in _day(hostile=hostile):
                self._go_to(running, at)
                self._put(running, records)
            self._go_to(running, AT)
            acknowledge(running.service, HERE, "cis/unauthorized-api-calls", by="alice", note="asked the team on call")
            running.console_api._audit = self._audit
            self._change(running, hostile=hostile)
            if kind == "broken":
                self._fail(running)
        if kind == "broken":
            self._damage()

    def _fail(self, running: RunningServer) -> None:
        topic = HERE.arn("sns", "root-alerts")
        self.call(running, "sns", "DeleteTopic", {"TopicArn": topic})
        while running.store.pack_logs(at=running.service.now_ms())[0]:
            pass
        self.clock.advance(40 * 60.0)

    def _damage(self) -> None:
        with closing(sqlite3.connect(self.data / DATABASE)) as database, database:
            database.execute("UPDATE log_block SET data = zeroblob(9) WHERE id = (SELECT max(id) FROM log_block)")
        newest = find_mail(self.data / MAILBOX, list_mails(self.data / MAILBOX)[0].name)
        assert newest is not None
        newest.write_bytes(b"\xff\xfe\x00" * 99)
        bucket = self.data / BUCKETS
        shutil.rmtree(bucket, ignore_errors=True)
        bucket.write_bytes(b"")

    def _change(self, running: RunningServer, *, hostile: bool) -> None:
        """What alice does in the console, last of all."""
        agent = HOSTILE if hostile else "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"
        name = "cis/network-gateway-changes"
        arn = HERE.arn("cloudwatch", f"alarm:{name}")
        tag = {"Key": "team", "Value": _MARKUP if hostile else "blue"}
        for operation, parameters in (
            ("EnableAlarmActions", {"AlarmNames": [name]}),
            ("DisableAlarmActions", {"AlarmNames": [name]}),
            ("TagResource", {"ResourceARN": arn, "Tags": [tag]}),
        ):
            self.call(running, "cloudwatch", operation, parameters, agent=agent)

    def call(
        self,
        running: RunningServer,
        service: str,
        operation: str,
        parameters: Mapping[str, Any],
        *,
        agent: str = "story",
    ) -> Any:
        """Call an operation of the API."""
        actor = Actor(
            name="alice",
            role="operator",
            source_address="192.0.2.10",
            user_agent=agent,
            request_id=f"req-{self._next()}",
            at=self.clock.now(),
        )
        return running.console_api.call(service, operation, parameters, scope=HERE, actor=actor)

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _define(self, running: RunningServer, *, hostile: bool) -> None:
        def call(service: str, operation: str, **parameters: Any) -> Any:
            return self.call(running, service, operation, parameters)

        for group in (GROUP, "app/payments"):
            call("logs", "CreateLogGroup", logGroupName=group)
            call("logs", "CreateLogStream", logGroupName=group, logStreamName=f"{ACCOUNT}_CloudTrail_{REGION}")
        call("logs", "PutRetentionPolicy", logGroupName=GROUP, retentionInDays=90)
        topics = {
            name: call("sns", "CreateTopic", Name=name)["TopicArn"]
            for name in ("sec-alerts", "root-alerts", "ops-noise")
        }
        if hostile:
            call(
                "sns",
                "SetTopicAttributes",
                TopicArn=topics["sec-alerts"],
                AttributeName="DisplayName",
                AttributeValue=_MARKUP[:40],
            )
        self._subscribe(running, topics)
        self._switch_on(running, topics, hostile=hostile)
        call(
            "cloudtrail",
            "CreateTrail",
            Name="main-trail",
            S3BucketName="example-trail-logs",
            IsMultiRegionTrail=True,
            EnableLogFileValidation=True,
        )
        call("cloudtrail", "StartLogging", Name="main-trail")
        call(
            "cloudwatch",
            "PutAlarmMuteRule",
            Name="weekly-maintenance",
            Description=_MARKUP if hostile else "network changes by the platform team",
            Rule={"Schedule": {"Expression": "cron(0 2 * * *)", "Duration": "PT4H", "Timezone": "UTC"}},
            MuteTargets={"AlarmNames": ["cis/route-table-changes", "cis/vpc-changes"]},
        )
        call("cloudwatch", "DisableAlarmActions", AlarmNames=["cis/network-gateway-changes"])

    def _subscribe(self, running: RunningServer, topics: Mapping[str, str]) -> None:
        def subscribe(topic: str, protocol: str, endpoint: str) -> None:
            parameters = {"TopicArn": topics[topic], "Protocol": protocol, "Endpoint": endpoint}
            self.call(running, "sns", "Subscribe", parameters)

        with HttpEndpoint() as endpoint:
            subscribe("sec-alerts", "email", "security@example.com")
            subscribe("root-alerts", "email", "ciso@example.com")
            subscribe("sec-alerts", "http", endpoint.url)
            self._deliver(running)
            for topic, token in [*self._tokens(), *_tokens_of(endpoint)]:
                self.call(running, "sns", "ConfirmSubscription", {"TopicArn": topic, "Token": token})
        subscribe("sec-alerts", "email", "oncall@example.com")
        if self.hook:
            subscribe("sec-alerts", "http", self.hook)
        self._deliver(running)

    def _tokens(self) -> Iterator[tuple[str, str]]:
        """Topics and tokens in the links of the mails so far."""
        folder = self.data / MAILBOX
        for kept in list_mails(folder):
            path = find_mail(folder, kept.name)
            assert path is not None
            text = read_mail(path).get_body(("plain",)).get_content()  # type: ignore[union-attr]
            token = text.partition("token=")[2].split()[0].strip()
            topic = next(word for word in text.split() if word.startswith("arn:aws:sns:")).rstrip(".,")
            yield topic, token

    def _switch_on(self, running: RunningServer, topics: Mapping[str, str], *, hostile: bool) -> None:
        for rule in tocsin.load_rules("article", "cis"):
            if rule.filter is not None:
                one = rule.filter.metric_transformations[0]
                transformation = {
                    "metricName": one.metric_name,
                    "metricNamespace": one.metric_namespace,
                    "metricValue": one.metric_value,
                }
                parameters = {
                    "logGroupName": GROUP,
                    "filterName": rule.name,
                    "filterPattern": rule.effective_pattern,
                    "metricTransformations": [transformation],
                }
                self.call(running, "logs", "PutMetricFilter", parameters)
            if rule.filter is not None and rule.alarm is not None:
                topic = (
                    "root-alerts"
                    if "root" in rule.id
                    else "ops-noise"
                    if rule.id == "unauthorized-api-calls"
                    else "sec-alerts"
                )
                parameters = {
                    **rule.alarm,
                    "AlarmName": rule.name,
                    "AlarmDescription": _MARKUP if hostile else rule.title,
                    "MetricName": one.metric_name,
                    "Namespace": one.metric_namespace,
                    "AlarmActions": [topics[topic]],
                    "OKActions": [topics[topic]],
                    "Tags": [
                        {"Key": "tocsin:rule", "Value": rule.name},
                        {"Key": "tocsin:severity", "Value": rule.severity.value},
                    ],
                }
                self.call(running, "cloudwatch", "PutMetricAlarm", parameters)
        self.call(
            running,
            "cloudwatch",
            "PutCompositeAlarm",
            {
                "AlarmName": "account-takeover",
                "AlarmRule": "ALARM(cis/root-user-used) AND ALARM(cis/security-group-changes)",
                "AlarmDescription": "root is used while the network is opened",
                "AlarmActions": [topics["root-alerts"]],
            },
        )

    def _put(self, running: RunningServer, records: list[dict[str, Any]]) -> None:
        events = [
            {
                "timestamp": int(datetime.fromisoformat(record["eventTime"]).timestamp() * 1000),
                "message": msgspec.json.encode(record).decode("utf-8", "surrogatepass"),
            }
            for record in records
        ]
        parameters = {"logGroupName": GROUP, "logStreamName": f"{ACCOUNT}_CloudTrail_{REGION}", "logEvents": events}
        self.call(running, "logs", "PutLogEvents", parameters)

    def _go_to(self, running: RunningServer, at: datetime) -> None:
        """Let time pass: alarms are evaluated, and what is due is delivered, every ten minutes at least."""
        while self.clock.now() < at:
            self.clock.advance(min(600.0, (at - self.clock.now()).total_seconds()))
            while running.evaluator.run().is_behind:
                pass
            self._deliver(running)

    def _deliver(self, running: RunningServer) -> None:
        async def once() -> None:
            loop = DeliveryLoop(running.service, running._notifiers(), chance=lambda: 0.0, report=_raise)
            while await loop.step():
                await loop.finish()
            await loop._end()

        # In a thread, as a browser that is driven from this one has a loop running in it.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, once()).result()

    # ------------------------------------------------------------ looking

    @contextmanager
    def serving(self) -> Iterator[str]:
        """The address of the service, which nothing moves any more."""
        with server_thread(self.plan, clock=self.clock) as server:
            self.address = server.address
            yield server.address


class _Unheard:
    """Keeps nothing."""

    def note(self, change: object, actor: object) -> None:
        """Do nothing."""


def _raise(_protocol: str, error: BaseException) -> None:
    raise error


def _tokens_of(endpoint: HttpEndpoint) -> Iterator[tuple[str, str]]:
    for received in endpoint.received:
        body = msgspec.json.decode(received.body)
        yield body["TopicArn"], body["Token"]


# ---------------------------------------------------------------- the records of the day


def _record(at: datetime, source: str, name: str, who: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    number = f"{int(at.timestamp()) % 10**12:012d}"
    return {
        "eventVersion": "1.11",
        "userIdentity": dict(who),
        "eventTime": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": f"{source}.amazonaws.com",
        "eventName": name,
        "awsRegion": REGION,
        "sourceIPAddress": "192.0.2.10",
        "userAgent": "aws-cli/2.31.4",
        "requestParameters": None,
        "responseElements": None,
        "requestID": f"aaaaaaaa-0000-4000-8000-{number}",
        "eventID": f"bbbbbbbb-{len(name) * len(source):04x}-4000-8000-{number}",
        "readOnly": name.startswith(("Describe", "List", "Get", "Lookup")),
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
        **more,
    }


def _user(name: str, key: str) -> dict[str, Any]:
    return {
        "type": "IAMUser",
        "principalId": f"AIDA{name.upper():0<17}",
        "arn": f"arn:aws:iam::{ACCOUNT}:user/{name}",
        "accountId": ACCOUNT,
        "accessKeyId": key,
        "userName": name,
    }


def _role(name: str, session: str) -> dict[str, Any]:
    return {
        "type": "AssumedRole",
        "principalId": f"AROAEXAMPLEEXAMPLE001:{session}",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{session}",
        "accountId": ACCOUNT,
        "accessKeyId": "ASIAEXAMPLEEXAMPLE01",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": "AROAEXAMPLEEXAMPLE001",
                "arn": f"arn:aws:iam::{ACCOUNT}:role/{name}",
                "accountId": ACCOUNT,
                "userName": name,
            },
            "attributes": {"creationDate": "2026-03-13T00:00:00Z", "mfaAuthenticated": "false"},
        },
    }


ALICE = _user("alice", "AKIAALICEEXAMPLE0001")
MALLORY = _user("mallory", "AKIAMALLORYEXAMPLE01")
DEPLOY = _role("ci-deployer", "build-4711")
ROOT = {"type": "Root", "principalId": ACCOUNT, "arn": f"arn:aws:iam::{ACCOUNT}:root", "accountId": ACCOUNT}

_ROUTINE = (
    ("ec2", "DescribeInstances", ALICE),
    ("s3", "ListBuckets", ALICE),
    ("cloudformation", "DescribeStacks", DEPLOY),
    ("lambda", "GetFunction20150331v2", DEPLOY),
    ("sts", "GetCallerIdentity", DEPLOY),
    ("logs", "DescribeLogGroups", ALICE),
)
_STRANGE_PLACE = {"sourceIPAddress": "203.0.113.47", "userAgent": "aws-cli/2.31.4"}


def _day(*, hostile: bool) -> Iterator[tuple[datetime, list[dict[str, Any]]]]:
    begins = AT - timedelta(hours=26)
    for turn in range(26 * 6):
        at = begins + timedelta(minutes=10 * turn)
        busy = 3 + (turn * 7 + turn // 6 * 3) % 5
        records = [
            _record(
                at - timedelta(seconds=30 * k + turn % 13),
                *_ROUTINE[(turn + k) % len(_ROUTINE)][:2],
                _ROUTINE[(turn + k) % len(_ROUTINE)][2],
            )
            for k in range(busy)
        ]
        records += [one for one in _incidents(hostile=hostile) if at - timedelta(minutes=10) < _at(one) <= at]
        yield at, sorted(records, key=lambda one: one["eventTime"])
    last = [one for one in _incidents(hostile=hostile) if _at(one) > at]
    for minute in range(4, 14):
        moment = AT.replace(minute=minute, second=50)
        due = [one for one in last if moment - timedelta(minutes=1) < _at(one) <= moment]
        if due:
            yield moment, due


def _at(record: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(record["eventTime"])


def _incidents(*, hostile: bool) -> list[dict[str, Any]]:
    night = AT.replace(hour=0, minute=0, second=0)

    def at(text: str, *, before: bool = False) -> datetime:
        hours, minutes, seconds = (int(part) for part in text.split(":"))
        return night - timedelta(days=before) + timedelta(hours=hours, minutes=minutes, seconds=seconds)

    def opens(moment: datetime, port: int, cidr: str, **more: Any) -> dict[str, Any]:
        permission = {
            "ipProtocol": "tcp",
            "fromPort": port,
            "toPort": port,
            "groups": {},
            "ipRanges": {"items": [{"cidrIp": cidr}]},
            "ipv6Ranges": {},
            "prefixListIds": {},
        }
        parameters = {"groupId": WEB_GROUP, "ipPermissions": {"items": [permission]}}
        return _record(
            moment,
            "ec2",
            "AuthorizeSecurityGroupIngress",
            MALLORY,
            requestParameters=parameters,
            responseElements={"_return": True},
            **{**_STRANGE_PLACE, **more},
        )

    denied = [
        _record(
            at("14:40:00", before=True) + timedelta(seconds=40 * k),
            "kms",
            "Decrypt",
            DEPLOY,
            errorCode="AccessDenied",
            errorMessage="User is not authorized to perform: kms:Decrypt",
        )
        for k in range(12)
    ]
    root = _record(
        at("23:09:12", before=True),
        "signin",
        "ConsoleLogin",
        ROOT,
        eventType="AwsConsoleSignIn",
        sourceIPAddress="198.51.100.9",
        userAgent="Mozilla/5.0",
        responseElements={"ConsoleLogin": "Success"},
        additionalEventData={"MFAUsed": "No", "LoginTo": "https://console.aws.amazon.com/", "MobileVersion": "No"},
    )
    change: dict[str, Any] = {"eventID": EVENT_ID}
    if hostile:
        change |= {
            "userAgent": HOSTILE + "a" * 100_000,
            "sourceIPAddress": HOSTILE,
            "userIdentity": {**MALLORY, "userName": HOSTILE, "arn": f"arn:aws:iam::{ACCOUNT}:user/{HOSTILE}"},
            "errorMessage": HOSTILE,
            "requestParameters": {"groupId": HOSTILE, HOSTILE: _deep(64)},
        }
    return [
        *denied,
        root,
        _record(at("02:58:40"), "sts", "GetCallerIdentity", MALLORY, **_STRANGE_PLACE),
        _record(at("03:01:10"), "ec2", "DescribeSecurityGroups", MALLORY, **_STRANGE_PLACE),
        _record(at("03:02:51"), "iam", "ListUsers", MALLORY, errorCode="AccessDenied", errorMessage="not authorized", **_STRANGE_PLACE),
        _record(at("03:05:20"), "iam", "CreateAccessKey", MALLORY, requestParameters={"userName": "svc-backup"}, **_STRANGE_PLACE),
        {**opens(at("03:10:08"), 22, "0.0.0.0/0"), **change},
        opens(at("03:10:41"), 3389, "0.0.0.0/0", eventID=f"{EVENT_ID[:-1]}2"),
        _record(at("03:12:02"), "ec2", "RunInstances", MALLORY, requestParameters={"instanceType": "p4d.24xlarge", "minCount": 8}, **_STRANGE_PLACE),
        _record(at("03:13:30"), "ec2", "DescribeInstances", MALLORY, **_STRANGE_PLACE),
    ]  # fmt: skip


def _deep(levels: int) -> Any:
    value: Any = HOSTILE
    for _ in range(levels):
        value = {"deeper": value}
    return value
