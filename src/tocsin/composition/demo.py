"""`tocsin demo`: the walk-through, from a trail to the mail that says who opened a port. Spec: IF-1, IF-7, article.

Rule: nothing is played. Every step is a call of a real client to a real service on this machine, and what is shown is
what that service then has: the record, the log file, the datapoint, the alarm's history, the mail.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from tocsin.app.pack import load_rules
from tocsin.composition.demo_stage import ACCOUNT, ALICE, MALLORY, REGION, Stage
from tocsin.core.aws_command import aws_command
from tocsin.errors import InternalError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from email.message import EmailMessage
    from pathlib import Path

    from tocsin.app.validate_report import ValidateReport
    from tocsin.composition.demo_stage import Actor
    from tocsin.core.rule import Rule

GROUP = "CloudTrail/logs"
TRAIL = "management-trail"
BUCKET = "trail-bucket"
PERSON = "oncall@example.com"
WATCHED = ("security-group-changes", "update-trail", "stop-logging", "delete-trail")
"""The rules of the pack `article` that the story sets off."""

_SPEED = 60
# So far back its clock begins. The story takes half an hour of it, more on a machine that is slow or busy, whose time
# it multiplies, too; nothing may have taken place in the future.
_BEGINS_AGO = timedelta(minutes=90)
_LONGEST_WAIT = timedelta(minutes=25)
_LINK = re.compile(r"https?://\S+/_tocsin/subscriptions/confirm\?\S+")


class Narrator(Protocol):
    """Tells the story as it happens."""

    def chapter(self, title: str, text: str) -> None:
        """A new part begins: what it is called, and what it is for."""
        ...

    def command(self, actor: str, command: str) -> None:
        """Somebody makes a call; `command` is that call for the AWS CLI."""
        ...

    def say(self, text: str) -> None:
        """What one should know about what comes next."""
        ...

    def fact(self, at: datetime | None, label: str, text: str) -> None:
        """Something is there now, at a time of the story's clock."""
        ...

    def mail(self, name: str, sender: str, recipient: str, subject: str, lines: Sequence[str]) -> None:
        """A mail has come, which the mailbox knows by that name."""
        ...

    def waiting(self, what: str) -> None:
        """Nothing to show until something happens."""
        ...

    def states(self, rows: Sequence[tuple[str, Sequence[tuple[float, str]]]], *, start: float, end: float) -> None:
        """Alarms with their changes of state, (second, new state), over the time of the story."""
        ...


def demo(*, data: Path, is_realtime: bool, narrator: Narrator, environ: Mapping[str, str]) -> None:
    """Tell the story, and leave its data in `data`, a folder that is empty or not there.

    Raises:
        ConfigError: the server cannot be started.
        InternalError: something did not happen that should have.
    """
    with Stage(data, speed=None if is_realtime else _SPEED, begins_ago=_BEGINS_AGO, environ=environ) as stage:
        _Story(stage, narrator).tell()


class _Story:
    def __init__(self, stage: Stage, narrator: Narrator) -> None:
        self._stage = stage
        self._narrator = narrator
        self._topic = ""
        self._began = stage.clock.now()
        self._mails: set[str] = set()
        self._last_mail = ""

    def tell(self) -> None:
        """All of it."""
        self._make_trail()
        self._make_filters()
        self._make_topic()
        self._make_alarms()
        changed = self._open_a_port()
        self._narrow_the_trail()
        self._calm_again(changed)
        self._look_back()

    # ------------------------------------------------------------ set-up

    def _make_trail(self) -> None:
        self._narrator.chapter(
            "A trail",
            "records what users, roles and services do in the account. Here management events of every region, into "
            "a bucket and into a log group, with signed digests.",
        )
        self._narrator.fact(None, "service", f"AWS_ENDPOINT_URL={self._stage.server_url}")
        self._call(ALICE, "logs", "CreateLogGroup", logGroupName=GROUP)
        self._call(
            ALICE,
            "cloudtrail",
            "CreateTrail",
            Name=TRAIL,
            S3BucketName=BUCKET,
            IsMultiRegionTrail=True,
            EnableLogFileValidation=True,
            CloudWatchLogsLogGroupArn=f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{GROUP}:*",
            CloudWatchLogsRoleArn=f"arn:aws:iam::{ACCOUNT}:role/CloudTrail_CloudWatchLogs_Role",
        )
        self._call(
            ALICE,
            "cloudtrail",
            "PutEventSelectors",
            TrailName=TRAIL,
            EventSelectors=[{"ReadWriteType": "All", "IncludeManagementEvents": True}],
        )
        self._call(ALICE, "cloudtrail", "StartLogging", Name=TRAIL)
        status = self._ask("cloudtrail", "GetTrailStatus", Name=TRAIL)
        self._narrator.fact(self._now(), "trail", f"{TRAIL}: {'logging' if status['IsLogging'] else 'not logging'}")

    def _make_filters(self) -> None:
        self._narrator.chapter(
            "Metric filters",
            "count the events that a pattern matches. The first one is the article's for security groups; three more "
            "watch the trail itself.",
        )
        for rule in self._rules():
            assert rule.filter is not None
            parameters = {
                "logGroupName": GROUP,
                "filterName": rule.id,
                "filterPattern": rule.filter.filter_pattern,
                "metricTransformations": [
                    {
                        "metricName": one.metric_name,
                        "metricNamespace": one.metric_namespace,
                        "metricValue": one.metric_value,
                    }
                    for one in rule.filter.metric_transformations
                ],
            }
            if rule.id == WATCHED[0]:
                self._call(ALICE, "logs", "PutMetricFilter", **parameters)
            else:
                self._stage.call(ALICE, "logs", "PutMetricFilter", parameters)
                self._narrator.fact(self._now(), "likewise", f"{rule.id}: {rule.filter.filter_pattern}")

    def _make_topic(self) -> None:
        self._narrator.chapter(
            "A topic, and somebody who is told",
            "An address that was subscribed gets nothing until the person behind it has agreed.",
        )
        made = self._call(ALICE, "sns", "CreateTopic", Name="sec-alerts", Attributes={"DisplayName": "Security alerts"})
        self._topic = str(made["TopicArn"])
        self._call(ALICE, "sns", "Subscribe", TopicArn=self._topic, Protocol="email", Endpoint=PERSON)
        self._narrator.fact(self._now(), "subscription", f"{PERSON}: {self._subscription()}")
        mail = self._await("the mail that asks for confirmation", lambda: self._new_mail("confirm"))
        link = _LINK.search(_text(mail))
        if link is None:
            raise InternalError("the mail that asks for confirmation has no link", ident="demo-link")
        self._show(mail)
        self._stage.press(link[0])
        self._narrator.fact(
            self._now(), "the button", "behind the link is pressed: looking at the page changes nothing"
        )
        self._narrator.fact(self._now(), "subscription", f"{PERSON}: {self._subscription()}")

    def _make_alarms(self) -> None:
        self._narrator.chapter(
            "Alarms", "compare a metric with a threshold, and tell the topic when they change their state."
        )
        for rule in self._rules():
            assert rule.filter is not None
            assert rule.alarm is not None
            (transformation,) = rule.filter.metric_transformations
            parameters = {
                "AlarmName": rule.id,
                "MetricName": transformation.metric_name,
                "Namespace": transformation.metric_namespace,
                **rule.alarm,
                "AlarmActions": [self._topic],
            }
            if rule.id == WATCHED[0]:
                self._call(ALICE, "cloudwatch", "PutMetricAlarm", **parameters, OKActions=[self._topic])
            else:
                self._stage.call(ALICE, "cloudwatch", "PutMetricAlarm", parameters)
                each = f"one event in {rule.alarm['Period']} seconds is enough"
                self._narrator.fact(self._now(), "likewise", f"{rule.id}: {each}")
        at = self._await_change(WATCHED[0], "OK", since=self._began)
        self._narrator.fact(at, "alarm", f"{WATCHED[0]}: OK")
        first = self._await("the first mail", lambda: self._new_mail("OK: "))
        self._narrator.fact(self._now(), "mail", f"{first['Subject']} (from INSUFFICIENT_DATA to OK is a change, too)")

    # ------------------------------------------------------------ the trouble

    def _open_a_port(self) -> datetime:
        stage = self._stage
        self._narrator.chapter(
            "Somebody opens a port to the world",
            f"The call goes through the recorder ({stage.recorder_url}), which passes it on unchanged and makes the "
            "CloudTrail record of it."
            if stage.has_endpoint
            else "No EC2 endpoint is installed (pip install 'tocsin[demo]' brings one), so the record of this call is "
            "one that was made before; all that follows is real.",
        )
        at = self._now()
        group = stage.security_group()
        parameters = {
            "GroupId": group,
            "IpPermissions": [
                {
                    "IpProtocol": "tcp",
                    "FromPort": 22,
                    "ToPort": 22,
                    "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "just for a minute"}],
                }
            ],
        }
        self._narrator.command(MALLORY.name, aws_command("ec2", "AuthorizeSecurityGroupIngress", parameters))
        stage.open_port(parameters)
        self._follow("AuthorizeSecurityGroupIngress", WATCHED[0], since=at, shows_mail=True)
        return at

    def _narrow_the_trail(self) -> None:
        self._narrator.chapter(
            "And goes for the trail",
            "First the quiet way: a trail of one region sees nothing of the others. Then the loud ones. The record of "
            "such a call still goes where the trail delivered before it.",
        )
        at = self._now()
        self._call(MALLORY, "cloudtrail", "UpdateTrail", Name=TRAIL, IsMultiRegionTrail=False)
        self._follow("UpdateTrail", "update-trail", since=at)
        at = self._now()
        self._call(MALLORY, "cloudtrail", "StopLogging", Name=TRAIL)
        self._follow("StopLogging", "stop-logging", since=at)
        self._narrator.say(
            "A trail that is stopped records nothing more, not even that it is deleted. So somebody has to start it "
            "again, and soon."
        )
        self._call(ALICE, "cloudtrail", "StartLogging", Name=TRAIL)
        at = self._now()
        self._call(MALLORY, "cloudtrail", "DeleteTrail", Name=TRAIL)
        self._follow("DeleteTrail", "delete-trail", since=at)

    def _calm_again(self, since: datetime) -> None:
        self._narrator.chapter(
            "OK again", "The event leaves the range that the alarm looks at. The port is still open."
        )
        at = self._await_change(WATCHED[0], "OK", since=since)
        self._narrator.fact(at, "alarm", f"{WATCHED[0]}: OK")
        mail = self._await("the mail about it", lambda: self._new_mail("OK: "))
        self._narrator.fact(self._now(), "mail", str(mail["Subject"]))

    def _look_back(self) -> None:
        self._narrator.chapter("What is left", "")
        changes = [(name, self._changes(name)) for name in WATCHED]
        self._narrator.states(changes, start=self._began.timestamp(), end=self._now().timestamp())
        self._narrator.fact(None, "event history", self._history_text())
        self._narrator.fact(None, "log files", f"{len(self._stage.log_files())}, in {self._stage.bucket}")
        report = self._await("the last digest", self._all_signed)
        digests, _, files = report.sums()
        told = f"{digests.valid}/{digests.total} digests and {files.valid}/{files.total} log files are valid"
        self._narrator.fact(None, "tocsin validate", told)

    def _all_signed(self) -> ValidateReport | None:
        """What the digests say once they list every log file: the last one is made after the trail was deleted."""
        report = self._stage.validated()
        return None if report.unsigned or not report.chains else report

    # ------------------------------------------------------------ one event, all the way

    def _follow(self, event: str, alarm: str, *, since: datetime, shows_mail: bool = False) -> None:
        """Show what becomes of a call: record, log file, log event, datapoint, alarm, mail."""
        record = self._await(f"the record of {event}", lambda: self._recorded(event, since))
        self._narrator.fact(record["EventTime"], "record", f"{event} by {record.get('Username', '?')}")
        told = self._await("the trail to deliver", lambda: self._delivered(str(record["EventId"])))
        delivered_at = datetime.fromtimestamp(told["timestamp"] / 1000, UTC)
        self._narrator.fact(delivered_at, "log event", f"{told['logStreamName']} in {GROUP}")
        file = self._await("the log file", lambda: self._stage.log_file_with(str(record["EventId"])))
        self._narrator.fact(delivered_at, "log file", file)
        rule = next(rule for rule in self._rules() if rule.id == alarm)
        self._show_match(rule, str(told["message"]))
        self._show_datapoint(rule, since)
        rang = self._await_change(alarm, "ALARM", since=since)
        self._narrator.fact(rang, "alarm", f"{alarm}: ALARM")
        mail = self._await("the mail", lambda: self._new_mail(f'ALARM: "{alarm}"'))
        if shows_mail:
            self._show(mail)
        else:
            first = next((line for line in _text(mail).splitlines() if line.strip()), "")
            self._narrator.fact(self._now(), "mail", first)

    def _show_match(self, rule: Rule, message: str) -> None:
        assert rule.filter is not None
        found = self._ask(
            "logs", "TestMetricFilter", filterPattern=rule.filter.filter_pattern, logEventMessages=[message]
        )["matches"]
        self._narrator.fact(None, "filter match", f"{rule.id}: {'yes' if found else 'no'}")

    def _show_datapoint(self, rule: Rule, since: datetime) -> None:
        assert rule.filter is not None
        (transformation,) = rule.filter.metric_transformations

        def look() -> Any:
            return next(
                iter(
                    self._ask(
                        "cloudwatch",
                        "GetMetricStatistics",
                        Namespace=transformation.metric_namespace,
                        MetricName=transformation.metric_name,
                        StartTime=since - timedelta(minutes=1),
                        EndTime=self._now() + timedelta(minutes=1),
                        Period=60,
                        Statistics=["Sum"],
                    )["Datapoints"]
                ),
                None,
            )

        point = self._await("the datapoint", look)
        self._narrator.fact(point["Timestamp"], "datapoint", f"{transformation.metric_name} = {point['Sum']:g}")

    def _recorded(self, event: str, since: datetime) -> Any:
        found = self._ask(
            "cloudtrail",
            "LookupEvents",
            LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": event}],
            StartTime=since - timedelta(seconds=1),
            MaxResults=1,
        )["Events"]
        return found[0] if found else None

    def _delivered(self, event_id: str) -> Any:
        found = self._ask(
            "logs", "FilterLogEvents", logGroupName=GROUP, filterPattern=f'{{ $.eventID = "{event_id}" }}'
        )["events"]
        return found[0] if found else None

    def _await_change(self, alarm: str, state: str, *, since: datetime) -> datetime:
        def changed() -> datetime | None:
            times = [at for at, new in self._changes(alarm) if new == state and at >= since.timestamp()]
            return datetime.fromtimestamp(times[-1], UTC) if times else None

        at: datetime = self._await(f"{alarm} to go to {state}", changed)
        return at

    def _changes(self, alarm: str) -> list[tuple[float, str]]:
        items = self._ask(
            "cloudwatch",
            "DescribeAlarmHistory",
            AlarmName=alarm,
            HistoryItemType="StateUpdate",
            ScanBy="TimestampAscending",
        )["AlarmHistoryItems"]
        return [(item["Timestamp"].timestamp(), item["HistorySummary"].rpartition(" to ")[2]) for item in items]

    def _subscription(self) -> str:
        attributes = self._ask("sns", "GetTopicAttributes", TopicArn=self._topic)["Attributes"]
        return "confirmed" if attributes["SubscriptionsConfirmed"] == "1" else "pending confirmation"

    def _history_text(self) -> str:
        events = self._ask(
            "cloudtrail", "LookupEvents", LookupAttributes=[{"AttributeKey": "Username", "AttributeValue": "mallory"}]
        )["Events"]
        names = ", ".join(event["EventName"] for event in reversed(events))
        return f"mallory: {names} (kept for 90 days, with or without a trail)"

    # ------------------------------------------------------------ calls, mails, time

    def _rules(self) -> list[Rule]:
        rules = {rule.id: rule for rule in load_rules("article")}
        return [rules[name] for name in WATCHED]

    def _call(self, actor: Actor, service: str, operation: str, **parameters: Any) -> Any:
        self._narrator.command(actor.name, aws_command(service, operation, parameters))
        return self._stage.call(actor, service, operation, parameters)

    def _ask(self, service: str, operation: str, **parameters: Any) -> Any:
        return self._stage.call(ALICE, service, operation, parameters)

    def _now(self) -> datetime:
        return self._stage.clock.now()

    def _await(self, what: str, look: Callable[[], Any]) -> Any:
        """What `look` finds as soon as it finds something."""
        until = self._now() + _LONGEST_WAIT
        while True:
            found = look()
            if found is not None:
                return found
            if self._now() > until:
                raise InternalError(f"the demonstration waited in vain for {what}", ident="demo-wait")
            self._narrator.waiting(what)
            self._stage.pause()

    def _new_mail(self, subject: str) -> EmailMessage | None:
        """The first mail not yet told of whose subject holds that text."""
        for name, mail in self._stage.mails():
            if name not in self._mails and subject.lower() in str(mail["Subject"]).lower():
                self._mails.add(name)
                self._last_mail = name
                return mail
        return None

    def _show(self, mail: EmailMessage) -> None:
        head = (str(mail["From"]), str(mail["To"]), str(mail["Subject"]))
        self._narrator.mail(self._last_mail.rpartition("-")[2], *head, _text(mail).splitlines())


def _text(mail: EmailMessage) -> str:
    """The plain text of a mail."""
    body = mail.get_body(preferencelist=("plain",))
    return "" if body is None else str(body.get_content())
