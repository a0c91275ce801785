"""What a form of the console would be elsewhere (CON-7.8): template, rule file, program, beside the command."""

from __future__ import annotations

from functools import cache
from typing import Any

import botocore
import pytest
import yaml
from botocore.loaders import Loader
from botocore.model import ServiceModel

from tocsin.app.rulepack import read_sources
from tocsin.core.aws_call import AwsCall
from tocsin.core.equal_command import NO_CALL, EqualForm, EqualKind, equal_forms
from tocsin.core.equal_command.escape import quoted
from tocsin.core.equal_command.python_text import program_of
from tocsin.core.equal_command.resource import MAKING, REFERENCES, UNMADE
from tocsin.core.equal_command.rule_file import rule_id
from tocsin.core.equal_command.yaml_text import yaml_of

TOPIC = "arn:aws:sns:us-east-1:111122223333:sec-alerts"
ALARM_ARN = "arn:aws:cloudwatch:us-east-1:111122223333:alarm:sg-changes"
PATTERN = "{ ($.eventName = AuthorizeSecurityGroupIngress) || ($.eventName = RevokeSecurityGroupIngress) }"
ACTIONS = ("OKActions", "AlarmActions", "InsufficientDataActions")

# The properties that AWS's template reference documents.
DOCUMENTED: dict[str, set[str]] = {
    "AWS::Logs::MetricFilter": {
        *("ApplyOnTransformedLogs", "EmitSystemFieldDimensions", "FieldSelectionCriteria", "FilterName"),
        *("FilterPattern", "LogGroupName", "MetricTransformations"),
    },
    "AWS::Logs::LogGroup": {
        *(
            "BearerTokenAuthenticationEnabled",
            "DataProtectionPolicy",
            "DeletionProtectionEnabled",
            "FieldIndexPolicies",
        ),
        *("KmsKeyId", "LogGroupClass", "LogGroupName", "ResourcePolicyDocument", "RetentionInDays", "Tags"),
    },
    "AWS::Logs::LogStream": {"LogGroupName", "LogStreamName"},
    "AWS::Logs::SubscriptionFilter": {
        *("ApplyOnTransformedLogs", "DestinationArn", "Distribution", "EmitSystemFields", "FieldSelectionCriteria"),
        *("FilterName", "FilterPattern", "LogGroupName", "RoleArn"),
    },
    "AWS::CloudWatch::Alarm": {
        *("ActionConfiguration", "ActionsEnabled", *ACTIONS, "AlarmDescription", "AlarmName", "ComparisonOperator"),
        *("DatapointsToAlarm", "Dimensions", "EvaluateLowSampleCountPercentile", "EvaluationCriteria"),
        *("EvaluationInterval", "EvaluationPeriods", "EvaluationWindow", "ExtendedStatistic", "MetricName", "Metrics"),
        *("Namespace", "Period", "Statistic", "Tags", "Threshold", "ThresholdMetricId", "TreatMissingData", "Unit"),
        "WarmUpConfiguration",
    },
    "AWS::CloudWatch::CompositeAlarm": {
        *("ActionsEnabled", "ActionsSuppressor", "ActionsSuppressorExtensionPeriod", "ActionsSuppressorWaitPeriod"),
        *(*ACTIONS, "AlarmDescription", "AlarmName", "AlarmRule", "Tags"),
    },
    "AWS::CloudWatch::AlarmMuteRule": {
        *("Description", "ExpireDate", "MuteTargets", "Name", "Rule", "StartDate", "Tags"),
    },
    "AWS::CloudWatch::Dashboard": {"DashboardBody", "DashboardName", "Tags"},
    "AWS::SNS::Topic": {
        *("ArchivePolicy", "ContentBasedDeduplication", "DataProtectionPolicy", "DeliveryStatusLogging", "DisplayName"),
        *(
            "FifoThroughputScope",
            "FifoTopic",
            "KmsMasterKeyId",
            "SignatureVersion",
            "Subscription",
            "Tags",
            "TopicName",
        ),
        "TracingConfig",
    },
    "AWS::SNS::Subscription": {
        *("DeliveryPolicy", "Endpoint", "FilterPolicy", "FilterPolicyScope", "Protocol", "RawMessageDelivery"),
        *("RedrivePolicy", "Region", "ReplayPolicy", "SubscriptionRoleArn", "TopicArn"),
    },
    "AWS::CloudTrail::Trail": {
        *("AdvancedEventSelectors", "AggregationConfigurations", "CloudWatchLogsLogGroupArn", "CloudWatchLogsRoleArn"),
        *("EnableLogFileValidation", "EventSelectors", "IncludeGlobalServiceEvents", "InsightSelectors", "IsLogging"),
        *(
            "IsMultiRegionTrail",
            "IsOrganizationTrail",
            "KMSKeyId",
            "S3BucketName",
            "S3KeyPrefix",
            "SnsTopicName",
            "Tags",
        ),
        "TrailName",
    },
}

# Parameters without a property of their own. Insights of event data stores are no part of a trail.
NO_PROPERTY = {
    ("sns", "CreateTopic", "Attributes"),
    ("sns", "Subscribe", "Attributes"),
    ("sns", "Subscribe", "ReturnSubscriptionArn"),
    ("cloudwatch", "PutDashboard", "Tags"),
    ("cloudwatch", "PutCompositeAlarm", "ActionConfiguration"),
    ("cloudtrail", "CreateTrail", "RecursiveLogging"),
    ("cloudtrail", "UpdateTrail", "RecursiveLogging"),
    ("cloudtrail", "PutInsightSelectors", "EventDataStore"),
    ("cloudtrail", "PutInsightSelectors", "InsightsDestination"),
}


def call(service: str, operation: str, **parameters: Any) -> AwsCall:
    return AwsCall(service=service, operation=operation, parameters=parameters)


FILTER = call(
    "logs",
    "PutMetricFilter",
    logGroupName="trail-group",
    filterName="sg-changes",
    filterPattern=PATTERN,
    metricTransformations=[
        {
            "metricName": "SecurityGroupEventCount",
            "metricNamespace": "CloudTrailMetrics",
            "metricValue": "1",
            "dimensions": {"Who": "$.userIdentity.arn"},
        }
    ],
    emitSystemFieldDimensions=["@aws.account"],
)
ALARM = call(
    "cloudwatch",
    "PutMetricAlarm",
    AlarmName="sg-changes",
    Namespace="CloudTrailMetrics",
    MetricName="SecurityGroupEventCount",
    Statistic="Sum",
    Period=300,
    EvaluationPeriods=1,
    Threshold=1,
    ComparisonOperator="GreaterThanOrEqualToThreshold",
    TreatMissingData="notBreaching",
    AlarmActions=[TOPIC],
)
GROUP = call("logs", "CreateLogGroup", logGroupName="trail-group", tags={"team": "security"})
RETENTION = call("logs", "PutRetentionPolicy", logGroupName="trail-group", retentionInDays=90)


@cache
def model_of(service: str) -> ServiceModel:
    return ServiceModel(Loader().load_service_model(service, "service-2"))


def form(calls: list[AwsCall], kind: EqualKind) -> EqualForm:
    return next(one for one in equal_forms(calls) if one.kind is kind)


class Template(yaml.SafeLoader):
    """Reads a template; a reference is the id behind an arrow."""


Template.add_constructor("!Ref", lambda loader, node: f"-> {loader.construct_scalar(node)}")


def template(*calls: AwsCall) -> dict[str, Any]:
    return yaml.load(form(list(calls), EqualKind.CLOUDFORMATION).text, Template)["Resources"]  # a safe loader


# ---------------------------------------------------------------- the table


@pytest.mark.parametrize(("place", "making"), MAKING.items(), ids=[" ".join(place) for place in MAKING])
def test_every_property_is_one_that_aws_documents(place: tuple[str, str], making: Any) -> None:
    documented = DOCUMENTED[making.kind.type]
    assert {one.name for one in making.properties.values()} | set(making.adds) <= documented
    assert {*making.kind.named_by, *making.kind.needed} <= documented


@pytest.mark.parametrize("place", MAKING, ids=" ".join)
def test_every_parameter_of_an_operation_has_a_property_or_is_known_to_have_none(place: tuple[str, str]) -> None:
    service, operation = place
    shape = model_of(service).operation_model(operation).input_shape
    known = {name.partition(".")[0] for name in MAKING[place].properties}
    for name in shape.members:
        assert (name in known) != ((*place, name) in NO_PROPERTY) or name == "Attributes"
    assert known <= set(shape.members)


@pytest.mark.parametrize("place", UNMADE, ids=" ".join)
def test_what_makes_no_resource_is_an_operation(place: tuple[str, str]) -> None:
    model = model_of(place[0])
    assert place[1] in model.operation_names
    assert place not in MAKING


def test_references_are_between_properties_that_there_are() -> None:
    for one in REFERENCES:
        assert one.property in DOCUMENTED[one.type]
        assert one.target in DOCUMENTED


# ---------------------------------------------------------------- templates


def test_calls_about_one_thing_are_one_resource() -> None:
    assert template(GROUP, RETENTION) == {
        "TrailGroup": {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {
                "LogGroupName": "trail-group",
                "Tags": [{"Key": "team", "Value": "security"}],
                "RetentionInDays": 90,
            },
        }
    }


def test_what_is_named_in_the_same_template_is_referred_to() -> None:
    made = template(GROUP, FILTER, call("sns", "CreateTopic", Name="sec-alerts"), ALARM)
    assert made["SgChangesFilter"]["Properties"]["LogGroupName"] == "-> TrailGroup"
    assert made["SgChangesAlarm"]["Properties"]["AlarmActions"] == ["-> SecAlertsTopic"]


def test_what_is_elsewhere_is_named() -> None:
    made = template(FILTER, ALARM)
    assert made["SgChangesFilter"]["Properties"]["LogGroupName"] == "trail-group"
    assert made["SgChangesAlarm"]["Properties"]["AlarmActions"] == [TOPIC]


def test_a_filter_has_its_transformation_as_cloudformation_spells_it() -> None:
    assert template(FILTER)["SgChangesFilter"]["Properties"]["MetricTransformations"] == [
        {
            "MetricName": "SecurityGroupEventCount",
            "MetricNamespace": "CloudTrailMetrics",
            "MetricValue": "1",
            "Dimensions": [{"Key": "Who", "Value": "$.userIdentity.arn"}],
        }
    ]


def test_attributes_are_properties_of_their_own() -> None:
    attributes = {"FilterPolicy": '{"State": ["ALARM"]}', "RawMessageDelivery": "true"}
    subscribe = call(
        "sns", "Subscribe", TopicArn=TOPIC, Protocol="email", Endpoint="a@example.com", Attributes=attributes
    )
    (made,) = template(subscribe).values()
    assert made["Properties"] == {
        "TopicArn": TOPIC,
        "Protocol": "email",
        "Endpoint": "a@example.com",
        "FilterPolicy": {"State": ["ALARM"]},
        "RawMessageDelivery": True,
    }


def test_a_document_that_is_not_finished_is_shown_as_it_is() -> None:
    subscribe = call("sns", "Subscribe", TopicArn=TOPIC, Protocol="email", Attributes={"FilterPolicy": '{"State": '})
    (made,) = template(subscribe).values()
    assert made["Properties"]["FilterPolicy"] == '{"State": '


def test_two_subscriptions_of_one_address_are_two_resources() -> None:
    calls = [
        call("sns", "Subscribe", TopicArn=arn, Protocol="email", Endpoint="a@example.com") for arn in (TOPIC, "t2")
    ]
    assert list(template(*calls)) == ["AExampleComSubscription", "AExampleComSubscription2"]


def test_a_name_without_letters_has_an_id_all_the_same() -> None:
    assert list(template(call("logs", "CreateLogGroup", logGroupName="/"))) == ["Group"]


TRAIL = call(
    "cloudtrail", "CreateTrail", Name="management", S3BucketName="trail-bucket", IsMultiRegionTrail=True, KmsKeyId="k"
)
SELECTORS = [{"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True}]


def test_a_trail_is_one_resource_with_its_selectors_and_logging() -> None:
    arn = "arn:aws:cloudtrail:us-east-1:111122223333:trail/management"
    selectors = call("cloudtrail", "PutEventSelectors", TrailName=arn, EventSelectors=SELECTORS)
    made = template(TRAIL, selectors, call("cloudtrail", "StartLogging", Name="management"))
    assert made["ManagementTrail"]["Properties"] == {
        "TrailName": "management",
        "S3BucketName": "trail-bucket",
        "IsMultiRegionTrail": True,
        "KMSKeyId": "k",
        "EventSelectors": SELECTORS,
        "IsLogging": True,
    }


def test_a_change_of_a_resource_says_that_it_is_a_part() -> None:
    made = form([call("cloudtrail", "StopLogging", Name="management")], EqualKind.CLOUDFORMATION)
    assert made.note == "A change: put these properties into the resource that your template has."
    assert "IsLogging: false" in made.text


@pytest.mark.parametrize(
    ("one", "note"),
    [
        (call("cloudwatch", "DeleteAlarms", AlarmNames=["a"]), "take the resource out of it"),
        (call("cloudwatch", "SetAlarmState", AlarmName="a", StateValue="OK", StateReason="test"), "A state is no part"),
        (call("logs", "AssociateKmsKey", logGroupName="g", kmsKeyId="k"), "no resource for AssociateKmsKey"),
    ],
    ids=["removed", "state", "unknown"],
)
def test_what_is_no_resource_is_said(one: AwsCall, note: str) -> None:
    made = form([one], EqualKind.CLOUDFORMATION)
    assert made.text == ""
    assert note in made.note


def test_what_has_no_property_is_said() -> None:
    made = form([call("sns", "CreateTopic", Name="t", Attributes={"Policy": "{}"})], EqualKind.CLOUDFORMATION)
    assert "no property for Attributes.Policy" in made.note


# ---------------------------------------------------------------- rule files


def rules_in(text: str, tmp_path: Any) -> Any:
    path = tmp_path / "rules.yaml"
    path.write_text(text)
    found = read_sources([str(path)])
    assert not [one for one in found.findings if one.severity == "error"]
    return found.rules


def test_a_filter_and_the_alarm_on_its_metric_are_one_rule(tmp_path: Any) -> None:
    text = form([FILTER, ALARM], EqualKind.RULE_FILE).text
    (rule,) = rules_in(text, tmp_path)
    assert rule.id == "sg-changes"
    assert rule.filter.filter_pattern == PATTERN
    assert rule.filter.filter_name == "sg-changes"
    assert rule.filter.log_group_name == "trail-group"
    assert rule.alarm["Threshold"] == 1
    assert rule.alarm["AlarmActions"] == [TOPIC]
    assert "MetricName" not in rule.alarm


def test_names_that_are_no_ids_are_kept(tmp_path: Any) -> None:
    named = AwsCall(
        service="logs", operation="PutMetricFilter", parameters={**FILTER.parameters, "filterName": "SG changes"}
    )
    other = AwsCall(service="cloudwatch", operation="PutMetricAlarm", parameters={**ALARM.parameters, "AlarmName": "B"})
    (rule,) = rules_in(form([named, other], EqualKind.RULE_FILE).text, tmp_path)
    assert rule.id == "sg-changes"
    assert rule.filter.filter_name == "SG changes"
    assert rule.alarm["AlarmName"] == "B"


def test_an_alarm_on_another_metric_is_a_rule_of_its_own(tmp_path: Any) -> None:
    other = AwsCall(
        service="cloudwatch",
        operation="PutMetricAlarm",
        parameters={**ALARM.parameters, "AlarmName": "other", "MetricName": "Other"},
    )
    first, second = rules_in(form([FILTER, other], EqualKind.RULE_FILE).text, tmp_path)
    assert (first.id, first.alarm) == ("sg-changes", None)
    assert second.alarm["MetricName"] == "Other"


def test_an_alarm_without_actions_says_so_because_a_rule_has_a_topic_of_its_own(tmp_path: Any) -> None:
    composite = call("cloudwatch", "PutCompositeAlarm", AlarmName="both", AlarmRule="ALARM(a) AND ALARM(b)")
    (rule,) = rules_in(form([composite], EqualKind.RULE_FILE).text, tmp_path)
    assert rule.composite == {"AlarmRule": "ALARM(a) AND ALARM(b)", "AlarmActions": []}


def test_what_is_no_rule_is_named_beside_it() -> None:
    made = form([GROUP, FILTER], EqualKind.RULE_FILE)
    assert made.note == "A rule file holds metric filters and alarms, not CreateLogGroup."
    assert made.text.startswith("id: sg-changes\n")


@pytest.mark.parametrize(
    ("name", "ident"),
    [
        ("cis/root-usage", "cis-root-usage"),
        ("SecurityGroupChanges", "security-group-changes"),
        ("  --  ", "rule"),
        ("Ünicode", "nicode"),
        ("x" * 300, "x" * 200),
    ],
)
def test_a_name_as_an_id(name: str, ident: str) -> None:
    assert rule_id(name) == ident


# ---------------------------------------------------------------- tags


def test_tags_that_are_set_by_a_call_of_their_own_are_part_of_the_alarm() -> None:
    tagging = call(
        "cloudwatch", "TagResource", ResourceARN=ALARM_ARN, Tags=[{"Key": "tocsin:severity", "Value": "high"}]
    )
    made = template(ALARM, tagging)["SgChangesAlarm"]["Properties"]
    assert made["Tags"] == [{"Key": "tocsin:severity", "Value": "high"}]
    assert "tag-resource" in form([ALARM, tagging], EqualKind.CLI).text


def test_a_later_tag_replaces_an_earlier_one() -> None:
    tagged = AwsCall(
        service="cloudwatch",
        operation="PutMetricAlarm",
        parameters={**ALARM.parameters, "Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "1"}]},
    )
    tagging = call("cloudwatch", "TagResource", ResourceARN=ALARM_ARN, Tags=[{"Key": "a", "Value": "2"}])
    assert template(tagged, tagging)["SgChangesAlarm"]["Properties"]["Tags"] == [
        {"Key": "a", "Value": "2"},
        {"Key": "b", "Value": "1"},
    ]


def test_tags_of_something_else_are_told_of() -> None:
    tagging = call("cloudwatch", "TagResource", ResourceARN=ALARM_ARN, Tags=[{"Key": "a", "Value": "2"}])
    other = AwsCall(service="cloudwatch", operation="PutMetricAlarm", parameters={"AlarmName": "other"})
    made = form([GROUP, other, tagging], EqualKind.CLOUDFORMATION)
    assert made.note == "In a template: Tags of the resource."


# ---------------------------------------------------------------- programs


class Boto3:
    """Plays boto3, and notes what is called."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, dict[str, Any]]] = []

    def client(self, service: str) -> Any:
        return Client(self, service)


class Client:
    def __init__(self, boto3: Boto3, service: str) -> None:
        self._boto3 = boto3
        self._service = service

    def __getattr__(self, method: str) -> Any:
        return lambda **parameters: self._boto3.calls.append((self._service, method, parameters))


def run(program: str) -> list[tuple[str, str, dict[str, Any]]]:
    boto3 = Boto3()
    exec(compile(program, "equal", "exec"), {"__builtins__": {"__import__": lambda *_: boto3}})
    return boto3.calls


def test_the_program_makes_the_same_calls() -> None:
    assert run(form([GROUP, FILTER, ALARM], EqualKind.PYTHON).text) == [
        ("logs", "create_log_group", GROUP.parameters),
        ("logs", "put_metric_filter", FILTER.parameters),
        ("cloudwatch", "put_metric_alarm", ALARM.parameters),
    ]


def test_methods_have_botocores_names() -> None:
    for service in ("logs", "cloudwatch", "sns", "cloudtrail", "sts"):
        model = model_of(service)
        for operation in model.operation_names:
            if "OTel" in operation:  # the one word that botocore knows by heart
                continue
            ((_, method, _),) = run(program_of([call(service, operation)]))
            assert method == botocore.xform_name(operation)


# ---------------------------------------------------------------- without a call


def test_where_aws_has_no_call_that_is_said_with_our_command() -> None:
    (only,) = equal_forms([], ours="tocsin subscriptions confirm sub-1 --reason known")
    assert only == EqualForm(
        kind=EqualKind.TOCSIN, text="tocsin subscriptions confirm sub-1 --reason known", note=NO_CALL
    )


def test_our_command_stands_beside_those_of_aws() -> None:
    *_, last = equal_forms([GROUP], ours="tocsin rules")
    assert last == EqualForm(kind=EqualKind.TOCSIN, text="tocsin rules")


# ---------------------------------------------------------------- text


@pytest.mark.parametrize(
    "value",
    [
        {"a": ["yes", "No", "1", "1e3", "0x1f", "12:30:45", "2026-01-01", "~", "null", "", " a", "a ", "a: b", "a #b"]},
        {"a": ["- x", "? x", "!x", "&x", "*x", "'x'", '"x"', "%x", "@x", "`x", "{a}", "[a]", "a:", "x\ny", "\x1b[0m"]},
        {"a": [1, 1.0, 1e20, 1e-07, -0.5, True, False, None, {}, [], "é", "\U0001f600", "\u202e", "\x85", "\ufeff"]},
        {"on": {"yes": ["x"], "1": {}}, "list": [["a", ["b"]], [{"c": 1, "d": [2]}]]},
        [],
        "on",
    ],
)
def test_yaml_is_read_as_what_it_was(value: Any) -> None:
    read = yaml.safe_load(yaml_of(value))
    assert read == value
    assert repr(read) == repr(value)


def test_what_does_not_print_is_escaped() -> None:
    assert quoted('a"\\\n\t\x1b\u202e\U000e0001é') == '"a\\"\\\\\\n\\t\\x1b\\u202e\\U000e0001é"'
