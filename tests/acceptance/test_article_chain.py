"""The walk-through to its end: a changed security group rings, and the mail says who did what. Spec: SNS-5, AL-17, AL-19.1.

Everything is real: a server in a process of its own, boto3, a mail server and an HTTP endpoint on this machine, and
the clock. It takes up to a minute, since an alarm with a period of a minute is looked at once a minute; to OK it is set
by hand, as the minute after that would show nothing else.
"""

from __future__ import annotations

import json
import re
import threading
import time
import urllib.request
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from http_endpoint import HttpEndpoint
from live_server import LiveServer
from mail_server import MailServer, ReceivedMail

import tocsin

if TYPE_CHECKING:
    from pathlib import Path

PATTERN = (
    "{ ($.eventName = AuthorizeSecurityGroupIngress) || ($.eventName = AuthorizeSecurityGroupEgress) || "
    "($.eventName = RevokeSecurityGroupIngress) || ($.eventName = RevokeSecurityGroupEgress) || "
    "($.eventName = CreateSecurityGroup) || ($.eventName = DeleteSecurityGroup) }"
)
RECORD = {
    "eventVersion": "1.11",
    "userIdentity": {
        "type": "IAMUser",
        "principalId": "AIDAEXAMPLE",
        "arn": "arn:aws:iam::111122223333:user/mallory",
        "accountId": "111122223333",
        "accessKeyId": "AKIAEXAMPLE",
        "userName": "mallory",
    },
    "eventSource": "ec2.amazonaws.com",
    "eventName": "AuthorizeSecurityGroupIngress",
    "awsRegion": "us-east-1",
    "sourceIPAddress": "203.0.113.47",
    "userAgent": "aws-cli/2.31.0",
    "requestParameters": {
        "groupId": "sg-0123456789abcdef0",
        "ipPermissions": {
            "items": [
                {
                    "ipProtocol": "tcp",
                    "fromPort": 22,
                    "toPort": 22,
                    "groups": {},
                    "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]},
                }
            ]
        },
    },
    "responseElements": {"_return": True},
    "eventID": "5f1c0b1e-0f5e-4a1b-9d0e-56e0f3c2a001",
    "readOnly": False,
    "eventType": "AwsApiCall",
    "managementEvent": True,
    "recipientAccountId": "111122223333",
    "eventCategory": "Management",
}


def set_up(server: LiveServer) -> tuple[Any, Any, str]:
    """Log group, metric filter, topic and alarm, as the article has them."""
    logs, cloudwatch, sns = (server.client(name, region="us-east-1") for name in ("logs", "cloudwatch", "sns"))
    logs.create_log_group(logGroupName="CloudTrail/logs")
    logs.create_log_stream(logGroupName="CloudTrail/logs", logStreamName="111122223333_CloudTrail_us-east-1")
    logs.put_metric_filter(
        logGroupName="CloudTrail/logs",
        filterName="security-group-changes",
        filterPattern=PATTERN,
        metricTransformations=[
            {"metricName": "SecurityGroupEventCount", "metricNamespace": "CloudTrailMetrics", "metricValue": "1"}
        ],
    )
    topic = sns.create_topic(Name="sec-alerts", Attributes={"DisplayName": "Security alerts"})["TopicArn"]
    cloudwatch.put_metric_alarm(
        AlarmName="security-group-changes",
        Namespace="CloudTrailMetrics",
        MetricName="SecurityGroupEventCount",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
        AlarmActions=[topic],
        OKActions=[topic],
    )
    return logs, sns, topic


def mailed_for(mail: MailServer, state: str, *, after: ReceivedMail | None = None) -> ReceivedMail:
    """The first mail that tells of a state, of those that came after another one."""
    until = time.monotonic() + 150
    while True:
        start = 0 if after is None else mail.received.index(after) + 1
        for one in mail.received[start:]:
            if one.message["Subject"].startswith(f"{state}: "):
                return one
        assert time.monotonic() < until, f"no mail tells of {state}"
        threading.Event().wait(0.1)


def test_from_a_changed_security_group_to_whoever_is_awake(tmp_path: Path) -> None:
    environ = {"TOCSIN_ALARM_EVALUATION_DELAY": "0", "TOCSIN_ALARM_EVALUATION_RANGE": "0"}
    with (
        MailServer() as mail,
        HttpEndpoint() as endpoint,
        LiveServer(tmp_path / "data", "--smtp", mail.url, environ=environ) as server,
    ):
        logs, sns, topic = set_up(server)
        mailed = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="oncall@example.com")
        posted = sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint.url)
        assert {mailed["SubscriptionArn"], posted["SubscriptionArn"]} == {"pending confirmation"}
        assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["SubscriptionsPending"] == "2"

        (asked,) = mail.wait(1)
        link = re.search(r"^http://\S+(/_tocsin/subscriptions/confirm)\?(\S+)$", asked.text, re.MULTILINE)
        assert link is not None
        assert server.ask(link[1], method="POST", body=link[2].encode()).status == 200
        with urllib.request.urlopen(json.loads(endpoint.wait(1)[0].body)["SubscribeURL"], timeout=20) as answer:
            assert answer.status == 200
        assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["SubscriptionsConfirmed"] == "2"

        now = time.time()  # noqa: TID251  (a client has the time of day)
        record = {**RECORD, "eventTime": f"{datetime.fromtimestamp(now, UTC):%Y-%m-%dT%H:%M:%SZ}"}
        logs.put_log_events(
            logGroupName="CloudTrail/logs",
            logStreamName="111122223333_CloudTrail_us-east-1",
            logEvents=[{"timestamp": int(now * 1000), "message": json.dumps(record)}],
        )
        rang = mailed_for(mail, "ALARM")
        cloudwatch = server.client("cloudwatch", region="us-east-1")
        cloudwatch.set_alarm_state(AlarmName="security-group-changes", StateValue="OK", StateReason="looked into")
        fine = mailed_for(mail, "OK", after=rang)

        # Who, from where, what was changed, and how.
        assert rang.message["Subject"] == 'ALARM: "security-group-changes" in US East (N. Virginia)'
        assert str(rang.message["From"]) == "Security alerts <tocsin@localhost>"
        assert rang.text.startswith("mallory opened tcp 22 of sg-0123456789abcdef0 to the whole internet.\n")
        for told in ("203.0.113.47", "sg-0123456789abcdef0", "+ tcp 22 from 0.0.0.0/0", "account 111122223333"):
            assert told in rang.text
            assert told in rang.html
        assert 'class="band alarm"' in rang.html
        (attached,) = rang.message.iter_attachments()
        assert json.loads(attached.get_content()) == record

        assert fine.message["Subject"] == 'OK: "security-group-changes" in US East (N. Virginia)'
        assert fine.message["References"] == rang.message["References"]

        posts = endpoint.wait(len(mail.received))[1:]
        messages = [tocsin.verify_message(one.body, server=server.address, topics=[topic]) for one in posts]
        told = [json.loads(one["Message"]) for one in messages]
        assert [one["NewStateValue"] for one in told][-2:] == ["ALARM", "OK"]
        assert told[-2]["Tocsin"]["eventCount"] == 1
