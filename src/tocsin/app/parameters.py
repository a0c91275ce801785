"""The keys of a rule file and the parameters of AWS's operations, as shapes.

Rule: names, types, lengths and enumerations of AWS's own models stand here and nowhere else; what
values mean together is decided elsewhere. Spec: IF-4, FP-9.1, AL-5.1, AL-5.2, AL-12, AL-13.1.
"""

from __future__ import annotations

import re

from tocsin.app.shape import Anything, Boolean, ListOf, MapOf, Number, Record, Shape, Text
from tocsin.core.rule import RULE_ID, RuleSeverity

_STATES = ("OK", "ALARM", "INSUFFICIENT_DATA")

_UNITS = tuple(
    f"{unit}{per}"
    for per in ("", "/Second")
    for unit in (
        *("Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes"),
        *("Bits", "Kilobits", "Megabits", "Gigabits", "Terabits", "Count"),
    )
)
UNITS = ("Seconds", "Microseconds", "Milliseconds", *_UNITS, "Percent", "None")
"""CloudWatch's StandardUnit (AL-1.2)."""

# ---------------------------------------------------------------- PutMetricFilter

_NO_COLON_STAR = re.compile(r"[^:*]*\Z")
_METRIC_NAME = re.compile(r"[^:*$]*\Z")
_NAMESPACE = re.compile(r"[^*$]*\Z")  # the model refuses ':' as well, AWS does not (FP-9.1)
_LOG_GROUP = re.compile(r"[.\-_/#A-Za-z0-9]+\Z")

METRIC_TRANSFORMATION = Record(
    members={
        "metricName": Text(least=1, most=255, form=_METRIC_NAME, advice="no ':', '*' or '$'"),
        "metricNamespace": Text(least=1, most=255, form=_NAMESPACE, advice="no '*' or '$'"),
        "metricValue": Text(least=1, most=100, advice='a number or a field: "1"'),
        "defaultValue": Number(),
        "dimensions": MapOf(key=Text(least=1, most=255), value=Text(least=1, most=255), most=3, spec="FP-9.6"),
        "unit": Text(words=UNITS),
    },
    required=("metricName", "metricNamespace", "metricValue"),
    spec="FP-9.1",
)

_FILTER_MEMBERS: dict[str, Shape] = {
    "filterName": Text(least=1, most=512, form=_NO_COLON_STAR, advice="no ':' or '*'"),
    "filterPattern": Text(),  # its length and syntax are the pattern language's own (FP-1.4, FP-8)
    "metricTransformations": ListOf(item=METRIC_TRANSFORMATION, least=1, most=1),
    "logGroupName": Text(least=1, most=512, form=_LOG_GROUP, advice="letters, digits and . - _ / #"),
    "fieldSelectionCriteria": Text(most=2000),
    "emitSystemFieldDimensions": ListOf(item=Text(words=("@aws.account", "@aws.region")), most=2, spec="FP-9.7"),
    "applyOnTransformedLogs": Boolean(),
}

FILTER = Record(members=_FILTER_MEMBERS, required=("filterPattern", "metricTransformations"), spec="FP-9.1")
"""The parameters of PutMetricFilter."""

LISTED_FILTER = Record(
    members=_FILTER_MEMBERS,
    required=("filterName", "filterPattern", "metricTransformations"),
    open=True,
    spec="FP-9.21",
)
"""One entry of what DescribeMetricFilters answers; AWS may add keys to it."""

# ---------------------------------------------------------------- PutMetricAlarm, PutCompositeAlarm

_ACTIONS = ListOf(item=Text(least=1, most=1024), most=5, spec="AL-5.2")
_DIMENSIONS = ListOf(
    item=Record(
        members={"Name": Text(least=1, most=255), "Value": Text(least=1, most=1024)}, required=("Name", "Value")
    ),
    most=30,
    spec="AL-5.2",
)
_TAGS = ListOf(
    item=Record(members={"Key": Text(least=1, most=128), "Value": Text(most=256)}, required=("Key", "Value")),
    most=50,
    spec="AL-5.2",
)
_NAME = Text(least=1, most=255)
_WHOLE = Number(whole=True, least=1)

_METRIC_STAT = Record(
    members={
        "Metric": Record(members={"Namespace": _NAME, "MetricName": _NAME, "Dimensions": _DIMENSIONS}),
        "Period": _WHOLE,
        "Stat": Text(least=1),
        "Unit": Text(words=UNITS),
    },
    required=("Metric", "Period", "Stat"),
)
_QUERY = Record(
    members={
        "Id": _NAME,
        "MetricStat": _METRIC_STAT,
        "Expression": Text(least=1, most=2048),
        "Label": Text(),
        "ReturnData": Boolean(),
        "Period": _WHOLE,
        "AccountId": _NAME,
    },
    required=("Id",),
)
_PROMQL = Record(
    members={
        "Query": Text(least=1, most=10_000),
        "PendingPeriod": Number(whole=True, least=0, most=86_400),
        "RecoveryPeriod": Number(whole=True, least=0, most=86_400),
    },
    required=("Query",),
)
_TAG_KEYS = ListOf(item=Text(least=1, most=128), least=1, most=50)
_TAGS_PROPAGATION = Record(
    members={"Enabled": Boolean(), "IncludedTagKeys": _TAG_KEYS, "ExcludedTagKeys": _TAG_KEYS}, spec="AL-17.5"
)
_WARM_UP = Record(
    members={
        "WarmUpPeriodDurationInMinutes": Number(whole=True, least=1, most=2880),
        "OnlyStartEvaluatingAfterWarmUpPeriodEnds": Boolean(),
    },
    spec="AL-5.7",
)
_WINDOW = Record(
    members={"SlidingWindow": Anything(mapping=True), "WallClockWindow": Record(members={"Timezone": Text(least=1)})},
    spec="AL-5.8",
)

_ALARM_MEMBERS: dict[str, Shape] = {
    "AlarmName": _NAME,
    "AlarmDescription": Text(most=1024),
    "ActionsEnabled": Boolean(),
    "OKActions": _ACTIONS,
    "AlarmActions": _ACTIONS,
    "InsufficientDataActions": _ACTIONS,
    "MetricName": _NAME,
    "Namespace": _NAME,
    "Statistic": Text(words=("SampleCount", "Average", "Sum", "Minimum", "Maximum")),
    "ExtendedStatistic": Text(least=1),
    "Dimensions": _DIMENSIONS,
    "Period": _WHOLE,
    "Unit": Text(words=UNITS),
    "EvaluationPeriods": _WHOLE,
    "DatapointsToAlarm": _WHOLE,
    "Threshold": Number(),
    "ThresholdMetricId": _NAME,
    "ComparisonOperator": Text(
        words=(
            "GreaterThanOrEqualToThreshold",
            "GreaterThanThreshold",
            "LessThanThreshold",
            "LessThanOrEqualToThreshold",
            "LessThanLowerOrGreaterThanUpperThreshold",
            "LessThanLowerThreshold",
            "GreaterThanUpperThreshold",
        ),
        spec="AL-5.3",
    ),
    "TreatMissingData": Text(words=("missing", "ignore", "breaching", "notBreaching"), spec="AL-5.5"),
    "EvaluateLowSampleCountPercentile": Text(words=("evaluate", "ignore"), spec="AL-5.6"),
    "Metrics": ListOf(item=_QUERY, least=1, most=20, spec="AL-5.2"),
    "Tags": _TAGS,
    "EvaluationCriteria": Record(members={"PromQLCriteria": _PROMQL}, spec="AL-16.2"),
    "EvaluationInterval": Number(whole=True, least=10, most=3600, spec="AL-5.2"),
    "EvaluationWindow": _WINDOW,
    "WarmUpConfiguration": _WARM_UP,
    "ActionConfiguration": Record(members={"AlarmTagsPropagation": _TAGS_PROPAGATION}, spec="AL-17.5"),
}

ALARM = Record(members=_ALARM_MEMBERS, spec="AL-5.1")
"""The parameters of PutMetricAlarm: names, types and enumerations."""

LISTED_ALARM = Record(members=_ALARM_MEMBERS, required=("AlarmName",), open=True, spec="AL-11.1")
"""One of the MetricAlarms that DescribeAlarms answers; AWS adds what is no parameter, such as the state."""

_COMPOSITE_MEMBERS: dict[str, Shape] = {
    "AlarmName": _NAME,
    "AlarmDescription": Text(most=1024),
    "AlarmRule": Text(least=1, most=10_240),
    "ActionsEnabled": Boolean(),
    "OKActions": _ACTIONS,
    "AlarmActions": _ACTIONS,
    "InsufficientDataActions": _ACTIONS,
    "ActionsSuppressor": Text(least=1, most=1600),
    "ActionsSuppressorWaitPeriod": Number(whole=True, least=0, spec="AL-13.1"),
    "ActionsSuppressorExtensionPeriod": Number(whole=True, least=0, spec="AL-13.1"),
    "Tags": _TAGS,
}

COMPOSITE = Record(members=_COMPOSITE_MEMBERS, required=("AlarmRule",), spec="AL-12")
"""The parameters of PutCompositeAlarm: names and types."""

LISTED_COMPOSITE = Record(members=_COMPOSITE_MEMBERS, required=("AlarmName", "AlarmRule"), open=True, spec="AL-11.1")
"""One of the CompositeAlarms that DescribeAlarms answers."""

MUTE_RULE = Record(
    members={
        "Name": _NAME,
        "Description": Text(),
        "Rule": Record(
            members={
                "Schedule": Record(
                    members={
                        "Expression": Text(least=1, most=256),
                        "Duration": Text(least=1, most=50),
                        "Timezone": Text(least=1, most=50),
                    },
                    required=("Expression", "Duration"),
                )
            },
            required=("Schedule",),
        ),
        "MuteTargets": Record(members={"AlarmNames": ListOf(item=_NAME, most=100)}),
        "StartDate": Anything(),
        "ExpireDate": Anything(),
    },
    required=("Name", "Rule"),
    open=True,
    spec="AL-14.1",
)
"""What GetAlarmMuteRule answers."""

# ---------------------------------------------------------------- ListSubscriptions

SUBSCRIPTION = Record(
    members={
        "SubscriptionArn": Text(least=1),
        "Protocol": Text(least=1),
        "Endpoint": Text(),
        "TopicArn": Text(least=1, most=1024),
    },
    required=("SubscriptionArn", "Protocol", "Endpoint", "TopicArn"),
    open=True,
    spec="SNS-3.2",
)
"""One of the Subscriptions that ListSubscriptions answers."""

# ---------------------------------------------------------------- the rule

OFFSET = Text(form=re.compile(r"[0-9]{1,9}[smhd]\Z"), advice="a number with a unit: 30s, 1m, 2h, 1d")
"""An offset on the virtual clock of a test."""

MAX_REPEAT = 10_000
"""Events that one line of a test may stand for."""

_NAMES = ListOf(item=Text(least=1), single=True)

TEST_EVENT = Record(
    members={
        "at": OFFSET,
        "repeat": Number(whole=True, least=1, most=MAX_REPEAT),
        "every": OFFSET,
        "event": Anything(mapping=True),
        "absent": _NAMES,
    },
    required=("at", "event"),
)
TEST_EXPECTATION = Record(
    members={
        "at": OFFSET,
        "state": Text(words=_STATES),
        "never": Text(words=_STATES),
        "message": Record(
            members={"contains": ListOf(item=Text(least=1), least=1, single=True)}, required=("contains",)
        ),
    },
    required=("at",),
)
TEST = Record(
    members={
        "name": Text(least=1),
        "event": Anything(mapping=True),
        "message": Text(),
        "absent": _NAMES,
        "matches": Boolean(),
        "events": ListOf(item=TEST_EVENT),
        "expect": ListOf(item=TEST_EXPECTATION, least=1),
    },
    required=("name",),
)

EXCLUSION = Record(
    members={
        "name": Text(least=1),
        "when": Text(least=1),
        "use": Text(least=1),
        "reason": Text(least=1, advice="say why these records shall not count"),
        "author": Text(),
        "expires": Text(form=re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z"), advice="a date: 2027-01-31"),
    },
    required=("name", "reason"),
)

_REFERENCES = Record(
    members={
        "cis": ListOf(item=Text(least=1), most=3, single=True),
        "securityhub": _NAMES,
        "attack": _NAMES,
        "attack_v19": _NAMES,
        "tocsin": _NAMES,
    }
)

RULE = Record(
    members={
        "id": Text(most=200, form=RULE_ID, advice="lower-case letters and digits, with single hyphens between words"),
        "title": Text(),
        "severity": Text(words=tuple(RuleSeverity)),
        "why": Text(),
        "runbook": Text(),
        "references": _REFERENCES,
        "false_positives": Text(),
        "note": Text(),
        "params": MapOf(key=Text(form=re.compile(r"[A-Z][A-Z0-9_]*\Z"), advice="upper case: ROLE_ARN"), value=Text()),
        "filter": FILTER,
        "alarm": ALARM,
        "composite": COMPOSITE,
        "except": ListOf(item=EXCLUSION),
        "ignore": MapOf(value=Text(least=1, advice="say why")),
        "tests": ListOf(item=TEST),
    },
    required=("id",),
    spec="IF-4",
)
"""A rule as it stands in a file."""

CLAUSES = ListOf(
    item=Record(
        members={"name": Text(least=1), "clause": Text(least=1), "forgeable": Anything()},
        required=("name", "clause"),
    )
)
"""The shared exclusion clauses: `forgeable` says whether, or by whom, a caller can make the clause fail."""
