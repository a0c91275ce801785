"""Which resources of CloudFormation a call makes or changes, and under which properties.

Rule: the table is the whole knowledge; a parameter that it does not have is told of and never dropped in silence.
Property names are those of AWS's template reference. Spec: CON-7.8.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

Convert = Callable[[Any], Any]


class Property(NamedTuple):
    """A property, and what becomes of the parameter's value."""

    name: str
    convert: Convert = lambda value: value


class ResourceKind(NamedTuple):
    """A type of resource. `named_by` are the properties that say which one it is, the last of them its name.

    `needed` are those that CloudFormation requires; `noun` is what a logical id ends with.
    """

    type: str
    named_by: tuple[str, ...]
    needed: tuple[str, ...]
    noun: str


class Making(NamedTuple):
    """What one operation contributes to a resource: the property of each parameter, and what it means by itself."""

    kind: ResourceKind
    properties: Mapping[str, Property]
    adds: Mapping[str, Any] = {}


class Reference(NamedTuple):
    """A property that names another resource, by its name or at the end of its ARN."""

    type: str
    property: str
    target: str


# ---------------------------------------------------------------- values


def _pairs(value: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": text} for key, text in value.items()]


def _transformations(value: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """`metricTransformations`, whose dimensions are a map in the API and a list in CloudFormation."""
    return [
        {
            f"{name[:1].upper()}{name[1:]}": _pairs(member) if name == "dimensions" else member
            for name, member in one.items()
        }
        for one in value
    ]


def _document(value: str) -> Any:
    """A JSON document that the API takes as text; what is none, in a form that is not finished, stays as it is."""
    try:
        return msgspec.json.decode(value)
    except msgspec.DecodeError:
        return value


def _truth(value: str) -> bool:
    return value.lower() == "true"


def _last(value: str) -> str:
    """The name at the end of an ARN, or the name itself."""
    return value.rpartition("/")[2] if value.startswith("arn:") else value


def _same(*names: str) -> dict[str, Property]:
    return {name: Property(name) for name in names}


# ---------------------------------------------------------------- kinds

FILTER: Final = ResourceKind(
    "AWS::Logs::MetricFilter",
    ("LogGroupName", "FilterName"),
    ("FilterPattern", "LogGroupName", "MetricTransformations"),
    "Filter",
)
ALARM: Final = ResourceKind("AWS::CloudWatch::Alarm", ("AlarmName",), (), "Alarm")
COMPOSITE: Final = ResourceKind("AWS::CloudWatch::CompositeAlarm", ("AlarmName",), ("AlarmRule",), "Alarm")
MUTE_RULE: Final = ResourceKind("AWS::CloudWatch::AlarmMuteRule", ("Name",), ("Rule",), "MuteRule")
DASHBOARD: Final = ResourceKind("AWS::CloudWatch::Dashboard", ("DashboardName",), ("DashboardBody",), "Dashboard")
TOPIC: Final = ResourceKind("AWS::SNS::Topic", ("TopicName",), (), "Topic")
SUBSCRIPTION: Final = ResourceKind(
    "AWS::SNS::Subscription", ("TopicArn", "Protocol", "Endpoint"), ("Protocol", "TopicArn"), "Subscription"
)
LOG_GROUP: Final = ResourceKind("AWS::Logs::LogGroup", ("LogGroupName",), (), "Group")
LOG_STREAM: Final = ResourceKind("AWS::Logs::LogStream", ("LogGroupName", "LogStreamName"), ("LogGroupName",), "Stream")
SUBSCRIPTION_FILTER: Final = ResourceKind(
    "AWS::Logs::SubscriptionFilter",
    ("LogGroupName", "FilterName"),
    ("DestinationArn", "FilterPattern", "LogGroupName"),
    "Subscription",
)
TRAIL: Final = ResourceKind("AWS::CloudTrail::Trail", ("TrailName",), ("IsLogging", "S3BucketName"), "Trail")

_ACTIONS = ("ActionsEnabled", "OKActions", "AlarmActions", "InsufficientDataActions")

MAKING: Final[dict[tuple[str, str], Making]] = {
    ("logs", "PutMetricFilter"): Making(
        FILTER,
        {
            "logGroupName": Property("LogGroupName"),
            "filterName": Property("FilterName"),
            "filterPattern": Property("FilterPattern"),
            "metricTransformations": Property("MetricTransformations", _transformations),
            "applyOnTransformedLogs": Property("ApplyOnTransformedLogs"),
            "fieldSelectionCriteria": Property("FieldSelectionCriteria"),
            "emitSystemFieldDimensions": Property("EmitSystemFieldDimensions"),
        },
    ),
    ("cloudwatch", "PutMetricAlarm"): Making(
        ALARM,
        _same(
            *("AlarmName", "AlarmDescription", *_ACTIONS, "Namespace", "MetricName", "Dimensions", "Statistic"),
            *("ExtendedStatistic", "Period", "Unit", "EvaluationPeriods", "DatapointsToAlarm", "Threshold"),
            *("ComparisonOperator", "TreatMissingData", "EvaluateLowSampleCountPercentile", "Metrics", "Tags"),
            *("ThresholdMetricId", "EvaluationCriteria", "EvaluationInterval", "EvaluationWindow"),
            *("WarmUpConfiguration", "ActionConfiguration"),
        ),
    ),
    ("cloudwatch", "PutCompositeAlarm"): Making(
        COMPOSITE,
        _same(
            *("AlarmName", "AlarmDescription", "AlarmRule", *_ACTIONS, "Tags"),
            *("ActionsSuppressor", "ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod"),
        ),
    ),
    ("cloudwatch", "PutAlarmMuteRule"): Making(
        MUTE_RULE, _same("Name", "Description", "Rule", "MuteTargets", "Tags", "StartDate", "ExpireDate")
    ),
    ("cloudwatch", "PutDashboard"): Making(DASHBOARD, _same("DashboardName", "DashboardBody")),
    ("sns", "CreateTopic"): Making(
        TOPIC,
        {
            "Name": Property("TopicName"),
            "Attributes.DisplayName": Property("DisplayName"),
            "Attributes.KmsMasterKeyId": Property("KmsMasterKeyId"),
            "Attributes.SignatureVersion": Property("SignatureVersion"),
            "Attributes.TracingConfig": Property("TracingConfig"),
            "Attributes.ArchivePolicy": Property("ArchivePolicy", _document),
            "Attributes.FifoTopic": Property("FifoTopic", _truth),
            "Attributes.FifoThroughputScope": Property("FifoThroughputScope"),
            "Attributes.ContentBasedDeduplication": Property("ContentBasedDeduplication", _truth),
            "DataProtectionPolicy": Property("DataProtectionPolicy", _document),
            "Tags": Property("Tags"),
        },
    ),
    ("sns", "Subscribe"): Making(
        SUBSCRIPTION,
        {
            "TopicArn": Property("TopicArn"),
            "Protocol": Property("Protocol"),
            "Endpoint": Property("Endpoint"),
            "Attributes.FilterPolicy": Property("FilterPolicy", _document),
            "Attributes.FilterPolicyScope": Property("FilterPolicyScope"),
            "Attributes.RawMessageDelivery": Property("RawMessageDelivery", _truth),
            "Attributes.RedrivePolicy": Property("RedrivePolicy", _document),
            "Attributes.DeliveryPolicy": Property("DeliveryPolicy", _document),
            "Attributes.ReplayPolicy": Property("ReplayPolicy", _document),
            "Attributes.SubscriptionRoleArn": Property("SubscriptionRoleArn"),
        },
    ),
    ("logs", "CreateLogGroup"): Making(
        LOG_GROUP,
        {
            "logGroupName": Property("LogGroupName"),
            "logGroupClass": Property("LogGroupClass"),
            "kmsKeyId": Property("KmsKeyId"),
            "tags": Property("Tags", _pairs),
            "deletionProtectionEnabled": Property("DeletionProtectionEnabled"),
        },
    ),
    ("logs", "PutRetentionPolicy"): Making(
        LOG_GROUP, {"logGroupName": Property("LogGroupName"), "retentionInDays": Property("RetentionInDays")}
    ),
    ("logs", "PutLogGroupDeletionProtection"): Making(
        LOG_GROUP,
        {
            "logGroupIdentifier": Property("LogGroupName"),
            "deletionProtectionEnabled": Property("DeletionProtectionEnabled"),
        },
    ),
    ("logs", "CreateLogStream"): Making(
        LOG_STREAM, {"logGroupName": Property("LogGroupName"), "logStreamName": Property("LogStreamName")}
    ),
    ("logs", "PutSubscriptionFilter"): Making(
        SUBSCRIPTION_FILTER,
        {
            "logGroupName": Property("LogGroupName"),
            "filterName": Property("FilterName"),
            "filterPattern": Property("FilterPattern"),
            "destinationArn": Property("DestinationArn"),
            "roleArn": Property("RoleArn"),
            "distribution": Property("Distribution"),
            "applyOnTransformedLogs": Property("ApplyOnTransformedLogs"),
            "fieldSelectionCriteria": Property("FieldSelectionCriteria"),
            "emitSystemFields": Property("EmitSystemFields"),
        },
    ),
    ("cloudtrail", "CreateTrail"): Making(
        TRAIL,
        {
            "Name": Property("TrailName"),
            **_same(
                *("S3BucketName", "S3KeyPrefix", "SnsTopicName", "IncludeGlobalServiceEvents", "IsMultiRegionTrail"),
                *("EnableLogFileValidation", "CloudWatchLogsLogGroupArn", "CloudWatchLogsRoleArn"),
                "IsOrganizationTrail",
            ),
            "KmsKeyId": Property("KMSKeyId"),
            "TagsList": Property("Tags"),
        },
    ),
    ("cloudtrail", "StartLogging"): Making(TRAIL, {"Name": Property("TrailName", _last)}, {"IsLogging": True}),
    ("cloudtrail", "StopLogging"): Making(TRAIL, {"Name": Property("TrailName", _last)}, {"IsLogging": False}),
    ("cloudtrail", "PutEventSelectors"): Making(
        TRAIL, {"TrailName": Property("TrailName", _last), **_same("EventSelectors", "AdvancedEventSelectors")}
    ),
    ("cloudtrail", "PutInsightSelectors"): Making(
        TRAIL, {"TrailName": Property("TrailName", _last), **_same("InsightSelectors")}
    ),
}
MAKING["cloudtrail", "UpdateTrail"] = MAKING["cloudtrail", "CreateTrail"]._replace(
    properties={
        **{name: one for name, one in MAKING["cloudtrail", "CreateTrail"].properties.items() if name != "TagsList"},
        "Name": Property("TrailName", _last),
    }
)
"""What CloudFormation calls that which an operation puts. Maps of attributes are looked up member by member."""

_REMOVED = "In a template: take the resource out of it, and update the stack."

UNMADE: Final[dict[tuple[str, str], str]] = {
    ("logs", "DeleteMetricFilter"): _REMOVED,
    ("logs", "DeleteLogGroup"): _REMOVED,
    ("logs", "DeleteLogStream"): _REMOVED,
    ("logs", "DeleteSubscriptionFilter"): _REMOVED,
    ("logs", "DeleteRetentionPolicy"): "In a template: take RetentionInDays out of the log group.",
    ("cloudwatch", "DeleteAlarms"): _REMOVED,
    ("cloudwatch", "DeleteAlarmMuteRule"): _REMOVED,
    ("cloudwatch", "EnableAlarmActions"): "In a template: ActionsEnabled: true in the alarm.",
    ("cloudwatch", "DisableAlarmActions"): "In a template: ActionsEnabled: false in the alarm.",
    ("cloudwatch", "TagResource"): "In a template: Tags of the resource.",
    ("cloudwatch", "UntagResource"): "In a template: Tags of the resource.",
    ("cloudwatch", "SetAlarmState"): "A state is no part of a template.",
    ("cloudwatch", "PutMetricData"): "Data are no part of a template.",
    ("logs", "PutLogEvents"): "Data are no part of a template.",
    ("sns", "DeleteTopic"): _REMOVED,
    ("sns", "Unsubscribe"): _REMOVED,
    ("sns", "Publish"): "A message is no part of a template.",
    ("sns", "ConfirmSubscription"): "A subscription in a template is confirmed by whoever receives, as any other.",
    ("sns", "SetTopicAttributes"): "In a template: the property of the same name in the topic.",
    ("sns", "SetSubscriptionAttributes"): "In a template: the property of the same name in the subscription.",
    ("sns", "TagResource"): "In a template: Tags of the topic.",
    ("sns", "UntagResource"): "In a template: Tags of the topic.",
    ("cloudtrail", "DeleteTrail"): _REMOVED,
}
"""What there is to say about calls that put no resource."""

REFERENCES: Final[tuple[Reference, ...]] = (
    *(Reference(kind.type, "LogGroupName", LOG_GROUP.type) for kind in (FILTER, LOG_STREAM, SUBSCRIPTION_FILTER)),
    *(
        Reference(kind.type, name, TOPIC.type)
        for kind in (ALARM, COMPOSITE)
        for name in ("OKActions", "AlarmActions", "InsufficientDataActions")
    ),
    Reference(SUBSCRIPTION.type, "TopicArn", TOPIC.type),
)
"""Properties that stand as `!Ref` where what they name is in the same template."""
