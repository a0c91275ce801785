"""A data folder as an account of some size leaves it: a month of events, alarms, and a day that the service has lived.

What is older than a day is made as housekeeping would have left it: blocks, with all that they are looked up by, are
computed in several processes by the store's own functions and written by the store's own block writer, without the
loose rows in between and without waiting for the disk. The last day is put through the pipeline minute by minute:
metric filters match, alarms are evaluated, messages go to the mailbox, events are packed.

Everything depends on the options and the seeds in here, nothing on the clock.
"""

from __future__ import annotations

import asyncio
import bisect
import itertools
import json
import multiprocessing
import random  # noqa: TID251  (from seeds)
import sqlite3
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import tocsin
from tocsin.app.housekeeping import Housekeeping
from tocsin.app.pack import load_rules
from tocsin.app.pipeline import Pipeline
from tocsin.app.scan import compile_rules
from tocsin.clock import ManualClock
from tocsin.composition.data_folder import MAILBOX
from tocsin.composition.delivery import DeliveryLoop
from tocsin.composition.serve import RunningServer
from tocsin.composition.server_settings import plan_server
from tocsin.composition.telemetry import configure_log
from tocsin.config import load_config
from tocsin.console.visit import Actor
from tocsin.core.event import Event
from tocsin.core.event_time import format_time
from tocsin.core.message_projection import MessageProjection
from tocsin.core.metric import MetricDatum, MetricKey, StatisticSet
from tocsin.core.metric_filter import FilterSet
from tocsin.core.scope import Scope
from tocsin.notifiers.mailbox import find_mail, list_mails, read_mail
from tocsin.store.log_block import MOST_EVENTS, BlockEvent
from tocsin.store.sqlite_log_packing import BlockWriter, NewBlock, block_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tocsin.composition.server_settings import ServerPlan

ACCOUNT, REGION, GROUP = "111122223333", "us-east-1", "trail-group"
STREAM = f"{ACCOUNT}_CloudTrail_{REGION}"
HERE = Scope(ACCOUNT, REGION)
END = datetime(2026, 3, 14, 3, 14, 20, tzinfo=UTC)
"""The moment at which the folder is looked at."""

DAYS = 30
MADE = "made.json"
_VERSION = 1  # of what is made
_DAY_MS = 86_400_000
_END_MS = int(END.timestamp() * 1000)
_LIVE_MS = _END_MS - _DAY_MS  # from here on everything is put through the service

SECURITY_GROUP = "sg-0a1b2c3d4e5f60718"
MALLORY = f"arn:aws:iam::{ACCOUNT}:user/mallory"
STRANGE_ADDRESS = "203.0.113.47"
BUSY_ROLE = f"arn:aws:iam::{ACCOUNT}:role/ci-deployer"
BUSY_ADDRESS = "192.0.2.1"
BUSY_RESOURCE = "data-lake-00"
CHANGE_ID = "9f2c1e7a-0000-4000-8000-000000000001"
"""The eventID of the record in which mallory opens a port."""


class Made(NamedTuple):
    """What a folder holds, and the eventID and time (milliseconds) of a record from the middle of the month."""

    version: int
    events: int
    alarms: int
    seconds: float
    old_id: str
    old_at: int


# ---------------------------------------------------------------- records


_ACCOUNTS = (ACCOUNT, ACCOUNT, ACCOUNT, ACCOUNT, "111122224444", "111122225555")
_REGIONS = (REGION, REGION, REGION, "eu-west-1", "eu-central-1", "us-west-2")
_ROUTINE = (  # service, weight, names
    ("s3", 24, ("GetObject", "GetObject", "PutObject", "HeadObject", "ListObjects", "GetBucketLocation")),
    ("kms", 19, ("Decrypt", "Decrypt", "GenerateDataKey", "DescribeKey", "Encrypt")),
    ("sts", 17, ("AssumeRole", "AssumeRole", "GetCallerIdentity", "AssumeRoleWithWebIdentity")),
    ("ec2", 15, tuple(f"Describe{what}" for what in ("Instances", "Volumes", "Subnets", "Vpcs", "Images", "Tags"))),
    ("ssm", 6, ("GetParameter", "GetParameters", "UpdateInstanceInformation", "DescribeParameters")),
    ("dynamodb", 4, ("DescribeTable", "ListTables", "DescribeTimeToLive")),
    ("logs", 4, ("CreateLogStream", "DescribeLogGroups", "DescribeLogStreams", "FilterLogEvents")),
    ("lambda", 3, ("GetFunction20150331v2", "ListFunctions20150331", "Invoke")),
    ("secretsmanager", 3, ("GetSecretValue", "DescribeSecret")),
    ("iam", 2, ("GetRole", "ListUsers", "ListRoles", "GetPolicy", "ListAttachedRolePolicies")),
    ("ecr", 2, ("BatchGetImage", "GetAuthorizationToken", "DescribeImages")),
    ("rds", 1, ("DescribeDBInstances", "DescribeDBSnapshots", "ListTagsForResource")),
)
_SERVICES = [(service, names) for service, weight, names in _ROUTINE for _ in range(weight)]
_ALERTS = (  # what a filter of the packs counts
    ("ec2", "AuthorizeSecurityGroupIngress"),
    ("ec2", "CreateSecurityGroup"),
    ("iam", "AttachRolePolicy"),
    ("iam", "PutRolePolicy"),
    ("s3", "PutBucketPolicy"),
    ("ec2", "CreateRoute"),
    ("kms", "DisableKey"),
    ("ec2", "CreateNetworkAclEntry"),
)
_ROLES = ["ci-deployer", *(f"service-{number:03}" for number in range(1, 120))]
_ROLE_REACH = list(itertools.accumulate(1 / (rank + 1.5) for rank in range(len(_ROLES))))
_USERS = [f"user-{number:02}" for number in range(80)]
_ALERT_SHARE, _DENIED_SHARE = 0.0008, 0.006


def _identity(rng: random.Random, account: str, hour: int) -> tuple[str, str]:
    """UserIdentity as JSON, and the address that the call comes from."""
    drawn = rng.random()
    if drawn < 0.1:
        service = rng.choice(("config", "autoscaling", "cloudtrail", "backup"))
        return f'{{"type":"AWSService","invokedBy":"{service}.amazonaws.com"}}', f"{service}.amazonaws.com"
    if drawn < 0.9:
        place = bisect.bisect_left(_ROLE_REACH, rng.random() * _ROLE_REACH[-1])
        role, session = _ROLES[place], f"i-{place:08x}{hour % 97:09x}"
        arn = f"arn:aws:sts::{account}:assumed-role/{role}/{session}"
        issuer = f'{{"type":"Role","principalId":"AROAROLE{place:013}","arn":"arn:aws:iam::{account}:role/{role}"'
        identity = (
            f'{{"type":"AssumedRole","principalId":"AROAROLE{place:013}:{session}","arn":"{arn}",'
            f'"accountId":"{account}","accessKeyId":"ASIA{place:04}{hour:012}","sessionContext":{{"sessionIssuer":'
            f'{issuer},"accountId":"{account}","userName":"{role}"}}}}}}'
        )
        return identity, BUSY_ADDRESS if place == 0 else f"198.51.100.{(place * 3 + rng.randrange(3)) % 250 + 1}"
    place = rng.randrange(len(_USERS))
    user = _USERS[place]
    identity = (
        f'{{"type":"IAMUser","principalId":"AIDAUSER{place:013}","arn":"arn:aws:iam::{account}:user/{user}",'
        f'"accountId":"{account}","accessKeyId":"AKIAUSER{place:012}","userName":"{user}"}}'
    )
    return identity, f"192.0.2.{10 + place * 2 + rng.randrange(2)}"


def _details(rng: random.Random, service: str, name: str) -> str:
    """RequestParameters as JSON, with a resource in most."""
    match service:
        case "s3":
            place = int(rng.random() ** 3 * 300)
            return f'{{"bucketName":"data-lake-{place:02}","key":"part-{rng.getrandbits(40):010x}.parquet"}}'
        case "kms":
            place = int(rng.random() ** 2 * 60)
            return f'{{"keyId":"arn:aws:kms:{REGION}:{ACCOUNT}:key/00000000-0000-4000-8000-{place:012}"}}'
        case "sts":
            return f'{{"roleArn":"arn:aws:iam::{ACCOUNT}:role/{rng.choice(_ROLES)}","roleSessionName":"s"}}'
        case "ec2" if "SecurityGroup" in name:
            group = f"sg-{int(rng.random() ** 2 * 400):017x}"
            return (
                f'{{"groupId":"{group}","ipPermissions":{{"items":[{{"ipProtocol":"tcp","fromPort":443,"toPort":443,'
                '"groups":{},"ipRanges":{"items":[{"cidrIp":"192.0.2.0/24"}]},"ipv6Ranges":{},"prefixListIds":{}}]}}'
            )
        case "ec2":
            return f'{{"instancesSet":{{"items":[{{"instanceId":"i-{int(rng.random() ** 2 * 3000):017x}"}}]}}}}'
        case "iam":
            return f'{{"roleName":"{rng.choice(_ROLES)}"}}'
        case _:
            return f'{{"name":"/app/{int(rng.random() ** 2 * 500)}"}}'


def record(rng: random.Random, at_ms: int) -> str:
    """A record as CloudTrail writes it, of about 1,100 bytes."""
    account, region = rng.choice(_ACCOUNTS), rng.choice(_REGIONS)
    service, names = rng.choice(_SERVICES)
    name, error = rng.choice(names), ""
    drawn = rng.random()
    if drawn < _ALERT_SHARE:
        service, name = rng.choice(_ALERTS)
    elif drawn < _ALERT_SHARE + _DENIED_SHARE:
        error = '"errorCode":"AccessDenied","errorMessage":"User is not authorized to perform this operation",'
    identity, address = _identity(rng, account, at_ms // 3_600_000)
    moment = format_time(at_ms // 1000)
    ident = f"{rng.getrandbits(128):032x}"
    ident = f"{ident[:8]}-{ident[8:12]}-4{ident[13:16]}-a{ident[17:20]}-{ident[20:]}"
    reads = "true" if name.startswith(("Get", "List", "Describe", "Head")) else "false"
    return (
        f'{{"eventVersion":"1.11","userIdentity":{identity},"eventTime":"{moment}",'
        f'"eventSource":"{service}.amazonaws.com","eventName":"{name}","awsRegion":"{region}",'
        f'"sourceIPAddress":"{address}","userAgent":"aws-sdk-go-v2/1.41.0 os/linux lang/go#1.25 md/GOARCH#amd64",'
        f'{error}"requestParameters":{_details(rng, service, name)},"responseElements":null,'
        f'"requestID":"{ident[::-1]}","eventID":"{ident}","readOnly":{reads},"eventType":"AwsApiCall",'
        f'"managementEvent":true,"recipientAccountId":"{account}","eventCategory":"Management",'
        f'"tlsDetails":{{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256",'
        f'"clientProvidedHostHeader":"{service}.{region}.amazonaws.com"}}}}'
    )


def _by_mallory(service: str, name: str, at: datetime, ident: str, **more: Any) -> str:
    return json.dumps(
        {
            "eventVersion": "1.11",
            "userIdentity": {
                "type": "IAMUser",
                "principalId": "AIDAMALLORYEXAMPLE001",
                "arn": MALLORY,
                "accountId": ACCOUNT,
                "accessKeyId": "AKIAMALLORYEXAMPLE01",
                "userName": "mallory",
            },
            "eventTime": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "eventSource": f"{service}.amazonaws.com",
            "eventName": name,
            "awsRegion": REGION,
            "sourceIPAddress": STRANGE_ADDRESS,
            "userAgent": "aws-cli/2.31.4",
            "requestParameters": None,
            "responseElements": None,
            "requestID": ident[::-1],
            "eventID": ident,
            "readOnly": name.startswith(("Describe", "List", "Get")),
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": ACCOUNT,
            "eventCategory": "Management",
            **more,
        },
        separators=(",", ":"),
    )


def _attack() -> Iterator[tuple[int, str]]:
    """What mallory does in the last half hour: looks around, is denied, and opens a port."""
    begins = END - timedelta(minutes=29)
    names = ("DescribeInstances", "DescribeSecurityGroups", "ListUsers", "ListRoles", "ListBuckets", "GetPolicy")
    for number in range(48):
        at = begins + timedelta(seconds=35 * number)
        denied = {"errorCode": "AccessDenied", "errorMessage": "not authorized"} if number % 8 == 5 else {}
        name = names[number % len(names)]
        service = "ec2" if name.startswith("Describe") else "s3" if name == "ListBuckets" else "iam"
        yield (
            int(at.timestamp() * 1000),
            _by_mallory(service, name, at, f"77777777-0000-4000-8000-{number:012}", **denied),
        )
    opened = {
        "groupId": SECURITY_GROUP,
        "ipPermissions": {
            "items": [
                {
                    "ipProtocol": "tcp",
                    "fromPort": 22,
                    "toPort": 22,
                    "groups": {},
                    "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]},
                    "ipv6Ranges": {},
                    "prefixListIds": {},
                }
            ]
        },
    }
    at = END - timedelta(minutes=4)
    yield (
        int(at.timestamp() * 1000),
        _by_mallory(
            "ec2",
            "AuthorizeSecurityGroupIngress",
            at,
            CHANGE_ID,
            requestParameters=opened,
            responseElements={"_return": True},
        ),
    )


# ---------------------------------------------------------------- the month


class _Span(NamedTuple):
    """A block to be made: its number, its first time and its last in milliseconds, its first sequence."""

    number: int
    start: int
    end: int
    sequence: int


class _Month(NamedTuple):
    group_id: int
    stream_id: int


_filters: tuple[FilterSet, MessageProjection] | None = None


def _matching() -> tuple[FilterSet, MessageProjection]:
    global _filters  # noqa: PLW0603  (made once in each process)
    if _filters is None:
        compiled = compile_rules(load_rules("article", "cis"))
        _filters = FilterSet(compiled), MessageProjection(one.pattern for one in compiled)
    return _filters


def _make(month: _Month, span: _Span) -> tuple[NewBlock, dict[tuple[int, int], int], int]:
    """A block, how often each filter matches in each minute of it, and the bytes of its messages."""
    rng = random.Random(span.number)  # noqa: S311  (data, from a seed)
    events = []
    for place in range(MOST_EVENTS):
        at = span.start + (span.end - span.start) * place // MOST_EVENTS
        events.append(BlockEvent(at, span.sequence + place, at + 300_000, month.stream_id, record(rng, at)))
    block = block_of(events, group_id=month.group_id, scope=f"{ACCOUNT}/{REGION}", group=GROUP)
    filters, projection = _matching()
    matches: Counter[tuple[int, int]] = Counter()
    for place in projection.candidates([event.message for event in events]):
        for number in filters.match(Event(events[place].message)):
            matches[number, events[place].timestamp // 60_000] += 1
    size = sum(len(event.message) for event in events)
    # The messages are in the packed data; what goes back is small without them.
    return block._replace(events=[event._replace(message="") for event in events]), dict(matches), size


def _fill_month(database: Path, blocks: int, say: Say) -> list[tuple[int, int, int]]:
    """Write the blocks of all days but the last; how often each filter matched in each minute."""
    connection = sqlite3.connect(database, isolation_level=None)
    for pragma in ("journal_mode = WAL", "synchronous = OFF", "cache_size = -400000", "temp_store = MEMORY"):
        connection.execute(f"PRAGMA {pragma}")
    group_id, stream_id = connection.execute(
        "SELECT g.id, s.id FROM log_group g JOIN log_stream s ON s.group_id = g.id WHERE g.name = ?", (GROUP,)
    ).fetchone()
    first = _END_MS - DAYS * _DAY_MS
    width = (_LIVE_MS - first) / blocks
    spans = [
        _Span(number, int(first + number * width), int(first + (number + 1) * width), number * MOST_EVENTS + 1)
        for number in range(blocks)
    ]
    writer, matches, size = BlockWriter(connection), list[tuple[int, int, int]](), 0
    with multiprocessing.get_context("spawn").Pool() as pool:
        connection.execute("BEGIN")
        for made, (block, counted, length) in enumerate(
            pool.imap(partial(_make, _Month(group_id, stream_id)), spans, chunksize=4), 1
        ):
            writer.put(block)
            matches += [(number, minute, count) for (number, minute), count in counted.items()]
            size += length
            if made % 200 == 0:
                connection.execute("COMMIT")
                say(f"{made:,} of {blocks:,} blocks")
                connection.execute("BEGIN")
        connection.execute(
            "UPDATE log_stream SET first_event = ?, last_event = ?, last_ingestion = ?, stored_bytes = ? WHERE id = ?",
            (first, spans[-1].end, spans[-1].end, size, stream_id),
        )
        connection.execute("INSERT OR REPLACE INTO counter VALUES ('sequence', ?)", (blocks * MOST_EVENTS,))
        connection.execute("COMMIT")
    connection.close()
    return matches


# ---------------------------------------------------------------- the service


class Say:
    """Tells on standard error how far it has come."""

    def __init__(self) -> None:
        self.began = time.monotonic()

    def __call__(self, text: str) -> None:
        """Say this, and how many seconds have passed."""
        sys.stderr.write(f"{time.monotonic() - self.began:6.0f} s  {text}\n")
        sys.stderr.flush()


def plan(folder: Path) -> ServerPlan:
    """The plan of a server on a data folder, on a port that is free."""
    settings = {
        "TOCSIN_SERVER_DATA": str(folder),
        "TOCSIN_SERVER_PORT": "0",
        "TOCSIN_SERVER_ACCOUNT": ACCOUNT,
        "TOCSIN_SERVER_REGION": REGION,
        "TOCSIN_ALARM_EVALUATION_DELAY": "0",
    }
    return plan_server(load_config(None, settings, folder=folder), settings)


def quiet(folder: Path) -> None:
    """Let the service write its log beside the data."""
    configure_log(is_terminal=False, stream=(folder / "service.log").open("a"))


def made_before(folder: Path, *, events: int, alarms: int) -> Made | None:
    """What a folder holds if it is what is asked for."""
    try:
        made = Made(**json.loads((folder / MADE).read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return made if (made.version, made.events, made.alarms) == (_VERSION, events, alarms) else None


def make(folder: Path, *, events: int, alarms: int) -> Made:
    """Fill an empty folder."""
    folder.mkdir(parents=True)
    quiet(folder)
    say = Say()
    a_day = events // DAYS
    blocks = max(1, (events - a_day) // MOST_EVENTS)
    clock = ManualClock(END - timedelta(days=DAYS))
    with _Account(folder, clock) as account:
        account.define(alarms)
    say("definitions")
    matches = _fill_month(plan(folder).database, blocks, say)
    say(f"{blocks * MOST_EVENTS:,} events of {DAYS - 1} days")
    clock.advance((END - timedelta(days=1) - clock.now()).total_seconds())
    with _Account(folder, clock) as account:
        account.add_matches(matches)
        account.live(a_day, say)
    middle = _Span(blocks // 2, *_middle(blocks), blocks // 2 * MOST_EVENTS + 1)
    old = json.loads(record(random.Random(middle.number), middle.start))  # noqa: S311  (as above)
    made = Made(_VERSION, events, alarms, round(time.monotonic() - say.began), old["eventID"], middle.start)
    (folder / MADE).write_text(json.dumps(made._asdict(), indent=1) + "\n")
    return made


def _middle(blocks: int) -> tuple[int, int]:
    first, number = _END_MS - DAYS * _DAY_MS, blocks // 2
    width = (_LIVE_MS - first) / blocks
    return int(first + number * width), int(first + (number + 1) * width)


class _Account:
    """The service on the folder, while its clock is moved by hand."""

    def __init__(self, folder: Path, clock: ManualClock) -> None:
        self._folder = folder
        self._clock = clock
        self._server = RunningServer(plan(folder), clock=clock)
        self._server.models.load_served()
        self._server.signing_key.open()
        self._server.signing_key.make()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()

    def _call(self, service: str, operation: str, /, **parameters: Any) -> Any:
        actor = Actor(
            name="alice",
            role="operator",
            source_address="192.0.2.10",
            user_agent="benchmark",
            request_id="r",
            at=self._clock.now(),
        )
        return self._server.console_api.call(service, operation, parameters, scope=HERE, actor=actor)

    # ------------------------------------------------------------ definitions

    def define(self, alarms: int) -> None:
        """Groups, filters, topics with readers, a trail, mutes, and so many alarms."""
        self._call("logs", "CreateLogGroup", logGroupName=GROUP)
        self._call("logs", "CreateLogStream", logGroupName=GROUP, logStreamName=STREAM)
        self._call("logs", "PutRetentionPolicy", logGroupName=GROUP, retentionInDays=90)
        topics = [self._call("sns", "CreateTopic", Name=name)["TopicArn"] for name in ("sec-alerts", "shop", "noise")]
        readers = {"security": 0, "oncall": 0, "ciso": 0, "shop": 1, "dev": 1}
        for name, topic in readers.items():
            self._call("sns", "Subscribe", TopicArn=topics[topic], Protocol="email", Endpoint=f"{name}@example.com")
        self._deliver()
        for arn, token in self._tokens():
            self._call("sns", "ConfirmSubscription", TopicArn=arn, Token=token)
        self._call("sns", "Subscribe", TopicArn=topics[0], Protocol="email", Endpoint="late@example.com")
        self._deliver()
        rules = self._switch_on(topics[0])
        self._call("cloudtrail", "CreateTrail", Name="main-trail", S3BucketName="example-logs", IsMultiRegionTrail=True)
        self._call("cloudtrail", "StartLogging", Name="main-trail")
        self._call(
            "cloudwatch",
            "PutAlarmMuteRule",
            Name="weekly",
            Rule={"Schedule": {"Expression": "cron(0 2 * * *)", "Duration": "PT4H", "Timezone": "UTC"}},
            MuteTargets={"AlarmNames": ["cis/route-table-changes", "cis/vpc-changes"]},
        )
        for number in range(alarms - rules):
            # Every third watches a metric with data; forty of them swing, twelve have never had a datum.
            self._call(
                "cloudwatch",
                "PutMetricAlarm",
                AlarmName=f"shop/service-{number:04}",
                Namespace="Shop",
                MetricName=_metric(number),
                Statistic="Sum",
                Period=60,
                EvaluationPeriods=1,
                Threshold=3.0,
                ComparisonOperator="GreaterThanOrEqualToThreshold",
                TreatMissingData="missing" if number % 80 == 79 else "notBreaching",
                AlarmActions=[topics[1]] if number % _SWINGS < 2 else [topics[2]] if number % 10 else [],
            )
        off = [f"shop/service-{number:04}" for number in (100, 200)]
        self._call("cloudwatch", "DisableAlarmActions", AlarmNames=off)
        for _ in range(3):  # they have a state from the beginning
            self._clock.advance(60)
            self._evaluate()

    def _switch_on(self, topic: str) -> int:
        """Filters and alarms of the packs; how many alarms that were."""
        count = 0
        for rule in tocsin.load_rules("article", "cis"):
            if rule.filter is None or rule.alarm is None:
                continue
            one = rule.filter.metric_transformations[0]
            self._call(
                "logs",
                "PutMetricFilter",
                logGroupName=GROUP,
                filterName=rule.name,
                filterPattern=rule.effective_pattern,
                metricTransformations=[
                    {
                        "metricName": one.metric_name,
                        "metricNamespace": one.metric_namespace,
                        "metricValue": one.metric_value,
                    }
                ],
            )
            self._call(
                "cloudwatch",
                "PutMetricAlarm",
                **{
                    **rule.alarm,
                    "AlarmName": rule.name,
                    "AlarmDescription": rule.title,
                    "MetricName": one.metric_name,
                    "Namespace": one.metric_namespace,
                    "AlarmActions": [topic],
                    "Tags": [
                        {"Key": "tocsin:rule", "Value": rule.name},
                        {"Key": "tocsin:severity", "Value": rule.severity.value},
                    ],
                },
            )
            count += 1
        return count

    def _tokens(self) -> Iterator[tuple[str, str]]:
        folder = self._folder / MAILBOX
        for kept in list_mails(folder):
            path = find_mail(folder, kept.name)
            body = None if path is None else read_mail(path).get_body(("plain",))
            text = "" if body is None else body.get_content()
            arn = next(word for word in text.split() if word.startswith("arn:aws:sns:")).rstrip(".,")
            yield arn, text.partition("token=")[2].split()[0]

    # ------------------------------------------------------------ the last day

    def add_matches(self, matches: Sequence[tuple[int, int, int]]) -> None:
        """What the filters have published in the days before."""
        compiled = compile_rules(load_rules("article", "cis"))
        data = [
            MetricDatum(
                key=MetricKey.of(made.metric_namespace, made.metric_name),
                timestamp=minute * 60,
                statistics=StatisticSet.weighted({1.0: count}),
            )
            for number, minute, count in matches
            for made in (compiled[number].transformation,)
        ]
        for start in range(0, len(data), 1_000):
            some = data[start : start + 1_000]
            self._server.store.write(lambda writer, some=some: writer.metrics.add(HERE, some))

    def live(self, events: int, say: Say) -> None:
        """Live through the day, minute by minute."""
        rng = random.Random("the last day")  # noqa: S311  (as above)
        attack = list(_attack())
        pipeline, housekeeping = self._server.service.part(Pipeline), self._server.service.part(Housekeeping)
        times = sorted(_LIVE_MS + 1_000 + rng.randrange(_DAY_MS - 2_000) for _ in range(events))
        done = 0
        for minute in range(1, 24 * 60 + 1):
            self._clock.advance(60)
            now = self._server.service.now_ms()
            upto = bisect.bisect_left(times, now)
            put = [(at, record(rng, at)) for at in times[done:upto]]
            put += [one for one in attack if now - 60_000 <= one[0] < now]
            done = upto
            if put:
                pipeline.put(HERE, GROUP, STREAM, sorted(put), checked=False)
            self._server.store.write(lambda writer, now=now: writer.metrics.add(HERE, _data(now // 60_000)))
            self._evaluate()
            if minute % 10 == 0:
                self._deliver()
            while housekeeping.run().is_behind:
                pass
            if minute % 120 == 0:
                say(f"{minute // 60} hours of the last day")
        self._deliver()

    def _evaluate(self) -> None:
        while self._server.evaluator.run().is_behind:
            pass

    def _deliver(self) -> None:
        async def once() -> None:
            loop = DeliveryLoop(self._server.service, self._server._notifiers(), chance=lambda: 0.0, report=_raise)  # noqa: SLF001  (no loop runs here that would make them)
            while await loop.step():
                await loop.finish()
            await loop._end()  # noqa: SLF001  (as above)

        asyncio.run(once())


_SWINGS = 25
"""Every so many alarms of the shop watch a metric that swings."""


def _metric(number: int) -> str:
    if number % 80 == 79:
        return f"never-{number}"
    return f"swing-{number // _SWINGS}" if number % _SWINGS == 0 else f"orders-{number % 300}"


def _data(minute: int) -> list[MetricDatum]:
    """What the shop publishes in a minute: a hundred metrics, and those that swing, each at its own pace."""
    values = {f"orders-{number}": 1.0 for number in range(0, 300, 3)}
    values |= {f"swing-{number}": 9.0 if minute // (number + 1) % 2 else 0.0 for number in range(40)}
    return [
        MetricDatum(key=MetricKey.of("Shop", name), timestamp=(minute - 1) * 60, statistics=StatisticSet.of(value))
        for name, value in values.items()
    ]


def _raise(_protocol: str, error: BaseException) -> None:
    raise error
