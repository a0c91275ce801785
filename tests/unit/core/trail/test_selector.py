"""Event selectors: what is read, refused and answered, and which records are taken (CT-8)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.number import Number
from tocsin.core.trail.selector import (
    DEFAULT_SELECTORS,
    EventSelectorError,
    Selectors,
    compile_selectors,
    read_selectors,
    selectors_of,
)

FULL = {
    "ReadWriteType": "WriteOnly",
    "IncludeManagementEvents": False,
    "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::b/"]}],
    "ExcludeManagementEventSources": ["kms.amazonaws.com"],
}
EMPTY = {
    "ReadWriteType": "All",
    "IncludeManagementEvents": True,
    "DataResources": [],
    "ExcludeManagementEventSources": [],
}
# The selectors by which intruders have switched a trail off in real attacks (CT-10.1).
BLIND = {
    "ReadWriteType": "ReadOnly",
    "IncludeManagementEvents": False,
    "DataResources": [{"Type": "AWS::S3::Object", "Values": []}, {"Type": "AWS::Lambda::Function", "Values": []}],
    "ExcludeManagementEventSources": [],
}


def basic(**members: Any) -> dict[str, Any]:
    return {"EventSelectors": [members]}


def data(kind: str, *values: str, **members: Any) -> dict[str, Any]:
    resources = [{"Type": f"AWS::{kind}", "Values": list(values)}]
    return basic(**{"IncludeManagementEvents": False, "DataResources": resources, **members})


def advanced(category: str, *fields: dict[str, Any], name: str | None = None) -> dict[str, Any]:
    selectors = [{"Field": "eventCategory", "Equals": [category]}, *fields]
    named = {"FieldSelectors": selectors} if name is None else {"Name": name, "FieldSelectors": selectors}
    return {"AdvancedEventSelectors": [named]}


def field(name: str, **operators: list[str]) -> dict[str, Any]:
    return {"Field": name, **operators}


OBJECTS = field("resources.type", Equals=["AWS::S3::Object"])


def record(**fields: Any) -> dict[str, Any]:
    return {
        "eventSource": "ec2.amazonaws.com",
        "eventName": "RunInstances",
        "readOnly": False,
        "managementEvent": True,
        "eventCategory": "Management",
        "eventType": "AwsApiCall",
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/alice"},
        **fields,
    }


def data_record(kind: str, *arns: str, **fields: Any) -> dict[str, Any]:
    resources = [{"type": f"AWS::{kind}", "ARN": arn} for arn in arns]
    return record(**{"eventCategory": "Data", "managementEvent": False, "resources": resources, **fields})


def selects(setting: dict[str, Any], event: dict[str, Any]) -> bool:
    return compile_selectors(setting).selects(event)


# ---------------------------------------------------------------- answers


@pytest.mark.parametrize(
    ("setting", "answer"),
    [
        ({}, {"EventSelectors": [EMPTY]}),
        (basic(), {"EventSelectors": [EMPTY]}),
        (basic(ReadWriteType="ReadOnly"), {"EventSelectors": [{**EMPTY, "ReadWriteType": "ReadOnly"}]}),
        ({"EventSelectors": [FULL, BLIND]}, {"EventSelectors": [FULL, BLIND]}),
        ({"EventSelectors": [FULL], "AdvancedEventSelectors": None}, {"EventSelectors": [FULL]}),
        ({"TrailName": "t", "EventSelectors": [EMPTY]}, {"EventSelectors": [EMPTY]}),
        (advanced("Management"), advanced("Management")),
        (advanced("Management", name=""), advanced("Management", name="")),
        (
            advanced("Management", field("eventName", NotEndsWith=["x"], Equals=["b", "a"]), name="n"),
            advanced("Management", {"Field": "eventName", "Equals": ["b", "a"], "NotEndsWith": ["x"]}, name="n"),
        ),
    ],
)
def test_what_is_answered(setting: dict, answer: dict) -> None:
    members = selectors_of(setting).members
    assert json.dumps(members) == json.dumps(answer)
    assert read_selectors(members) == selectors_of(setting)


def test_a_new_trail_selects_all_management_events_and_nothing_else() -> None:
    assert selectors_of({}) is DEFAULT_SELECTORS
    assert compile_selectors(DEFAULT_SELECTORS).selects(record())
    assert selects({}, record(readOnly=True, eventSource="kms.amazonaws.com"))
    for category in ("Data", "NetworkActivity", "Insight", "Other"):
        assert not selects({}, record(eventCategory=category))


# ---------------------------------------------------------------- refusals

NO_VALUE = "Value {} for DataResources.Values is invalid."
TYPES = "AWS::DynamoDB::Table, AWS::Lambda::Function, AWS::S3::Object"
S3, FUNCTION, TABLE = "S3::Object", "Lambda::Function", "DynamoDB::Table"


def arns(count: int, name: str = "b") -> list[str]:
    return [f"arn:aws:s3:::{name}{index}/" for index in range(count)]


def named(**members: Any) -> dict[str, Any]:
    return {"AdvancedEventSelectors": [members]}


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"TrailName": "t"}, "Specify either EventSelectors or AdvancedEventSelectors."),
        (
            {**basic(), **advanced("Management")},
            "Specify either EventSelectors or AdvancedEventSelectors, not both.",
        ),
        ({"EventSelectors": []}, "Specify a valid number of event selectors (1 to 5) for your trail."),
        ({"EventSelectors": [{}] * 6}, "Specify a valid number of event selectors (1 to 5) for your trail."),
        ({"EventSelectors": {}}, "EventSelectors must be a list, not an object."),
        ({"EventSelectors": ["All"]}, "EventSelectors[0] must be an object, not a text."),
        (basic(ReadWriteTyp="All"), "EventSelectors[0] has an unknown member: ReadWriteTyp."),
        ({"EventSelectors": [{7: 1}]}, "EventSelectors[0] has an unknown member: a number."),
        (
            basic(ReadWriteType="read-only"),
            "Value read-only for ReadWriteType is invalid. Valid values are: All, ReadOnly, WriteOnly",
        ),
        (
            basic(ReadWriteType=[]),
            "Value an array for ReadWriteType is invalid. Valid values are: All, ReadOnly, WriteOnly",
        ),
        (basic(IncludeManagementEvents="false"), "EventSelectors[0].IncludeManagementEvents must be true or false."),
        (
            basic(IncludeManagementEvents=False),
            "An event selector that does not include management events must specify DataResources.",
        ),
        (
            basic(IncludeManagementEvents=False, DataResources=[]),
            "An event selector that does not include management events must specify DataResources.",
        ),
        (
            basic(ExcludeManagementEventSources=["iam.amazonaws.com"]),
            (
                "Value iam.amazonaws.com for ExcludeManagementEventSources is invalid. "
                "Valid values are: kms.amazonaws.com, rdsdata.amazonaws.com"
            ),
        ),
        (
            basic(ExcludeManagementEventSources=[7]),
            "EventSelectors[0].ExcludeManagementEventSources[0] must be a text, not a number.",
        ),
        (
            data("S3::Bucket", "arn:aws:s3"),
            f"Value AWS::S3::Bucket for DataResources.Type is invalid. Valid values are: {TYPES}",
        ),
        (
            basic(DataResources=[{"Values": []}]),
            f"Value null for DataResources.Type is invalid. Valid values are: {TYPES}",
        ),
        *(
            (data(kind, value), NO_VALUE.format(value))
            for kind, value in (
                (S3, "arn:aws:s3:::*"),
                (S3, "arn:aws:s3:::*/*"),
                (S3, "arn:aws:s3:::bucket"),
                (S3, "bucket"),
                (S3, "bucket/"),
                (S3, ""),
                (S3, "arn:aws:s3*"),
                (S3, "arn:gcp:s3:::bucket/"),
                (S3, "arn:aws:lambda"),
                (FUNCTION, "arn:aws:lambda:*"),
                (FUNCTION, "arn:aws:lambda:us-east-1:111122223333:function:*"),
                (FUNCTION, "arn:aws:lambda:us-east-1:1:function:f"),
                (FUNCTION, "helloworld"),
                (TABLE, "arn:aws:dynamodb:us-east-1:111122223333:table/*"),
                (TABLE, "arn:aws:dynamodb:us-east-1:111122223333:table/T/stream/1"),
            )
        ),
        (data(S3, "x" * 300), NO_VALUE.format("x" * 200 + "…")),
        (
            data(S3, *arns(251)),
            "Specify a valid number of DataResources.Values (0 to 250) for all your selectors",
        ),
        (
            {"EventSelectors": [*data(S3, *arns(200))["EventSelectors"], *data(S3, *arns(51, "c"))["EventSelectors"]]},
            "Specify a valid number of DataResources.Values (0 to 250) for all your selectors",
        ),
        ({"AdvancedEventSelectors": []}, "AdvancedEventSelectors must have at least one selector."),
        (named(), "AdvancedEventSelectors[0].FieldSelectors must be a list, not null."),
        (
            named(FieldSelectors=[]),
            "Field eventCategory is required in every advanced event selector.",
        ),
        (
            named(Name="n" * 1001, FieldSelectors=[field("eventCategory", Equals=["Data"])]),
            "AdvancedEventSelectors[0].Name must be a text of at most 1000 characters.",
        ),
        (
            named(Name=7, FieldSelectors=[]),
            "AdvancedEventSelectors[0].Name must be a text of at most 1000 characters.",
        ),
        (named(FieldSelectors=[{}]), "AdvancedEventSelectors[0].FieldSelectors[0].Field must be a text."),
        (named(FieldSelectors=[field("readOnly")]), "Field readOnly has no operator."),
        (
            named(FieldSelectors=[field("readOnly", Equals=[])]),
            "Equals of field readOnly must list values of 1 to 2048 characters.",
        ),
        (
            advanced("Management", field("eventName", StartsWith=["x" * 2049])),
            "StartsWith of field eventName must list values of 1 to 2048 characters.",
        ),
        (
            advanced("Management", field("eventName", StartsWith=["a", ""])),
            "StartsWith of field eventName must list values of 1 to 2048 characters.",
        ),
        (
            advanced("Management", field("eventName", Equals=["a"]), field("eventName", NotEquals=["b"])),
            "Field eventName is specified more than once in one advanced event selector.",
        ),
        (
            named(FieldSelectors=[field("eventCategory", NotEquals=["Data"])]),
            "Field eventCategory takes the operator Equals with one value.",
        ),
        (
            named(FieldSelectors=[field("eventCategory", Equals=["Data", "Management"])]),
            "Field eventCategory takes the operator Equals with one value.",
        ),
        (
            named(FieldSelectors=[field("eventCategory", Equals=["Insight"])]),
            "Value Insight for eventCategory is invalid. Valid values are: Management, Data, NetworkActivity",
        ),
        (
            advanced("Data"),
            "Field resources.type is required in advanced event selectors with eventCategory Data.",
        ),
        (
            advanced("NetworkActivity", field("eventName", Equals=["a"])),
            "Field eventSource is required in advanced event selectors with eventCategory NetworkActivity.",
        ),
        (
            advanced("Management", field("resources.ARN", StartsWith=["arn:"])),
            "Field resources.ARN is not supported in advanced event selectors with eventCategory Management.",
        ),
        (
            advanced("Data", OBJECTS, field("errorCode", Equals=["VpceAccessDenied"])),
            "Field errorCode is not supported in advanced event selectors with eventCategory Data.",
        ),
        (
            advanced("Management", field("readOnly", NotEquals=["true"])),
            "Operator NotEquals is not supported for field readOnly. Valid operators are: Equals",
        ),
        (
            advanced("Management", field("readOnly", Equals=["True"])),
            "Value True for readOnly is invalid. Valid values are: true, false",
        ),
        (
            advanced("Management", field("sessionCredentialFromConsole", StartsWith=["true"])),
            (
                "Operator StartsWith is not supported for field sessionCredentialFromConsole. "
                "Valid operators are: Equals, NotEquals"
            ),
        ),
        (
            advanced("Management", field("sessionCredentialFromConsole", Equals=["false"])),
            "Value false for sessionCredentialFromConsole is invalid. Valid values are: true",
        ),
        (
            advanced("Data", field("resources.type", StartsWith=["AWS::S3"])),
            "Operator StartsWith is not supported for field resources.type. Valid operators are: Equals",
        ),
        (
            advanced("Data", field("resources.type", Equals=["AWS::S3::Object", "AWS::SNS::Topic"])),
            "Field resources.type takes one value.",
        ),
        (
            advanced("Data", field("resources.type", Equals=["S3"])),
            "Value S3 for resources.type is invalid.",
        ),
        (
            advanced("NetworkActivity", field("eventSource", StartsWith=["ec2"])),
            "Operator StartsWith is not supported for field eventSource. Valid operators are: Equals",
        ),
        (
            advanced(
                "NetworkActivity",
                field("eventSource", Equals=["ec2.amazonaws.com"]),
                field("errorCode", Equals=["AccessDenied"]),
            ),
            "Value AccessDenied for errorCode is invalid. Valid values are: VpceAccessDenied",
        ),
        (
            advanced("Management", field("eventName", Equals=[str(index) for index in range(500)])),
            "Specify a valid number of values (1 to 500) for all conditions of all your advanced event selectors.",
        ),
        (
            {"AdvancedEventSelectors": [{}] * 501},
            "Specify a valid number of values (1 to 500) for all conditions of all your advanced event selectors.",
        ),
    ],
)
def test_what_is_refused(setting: dict, message: str) -> None:
    with pytest.raises(EventSelectorError) as refusal:
        read_selectors(setting)
    assert refusal.value.message == message
    assert refusal.value.aws_code == "InvalidEventSelectorsException"


@pytest.mark.parametrize(
    "setting",
    [
        data(S3, *arns(250), "arn:aws:s3"),
        {"EventSelectors": [{}] * 5},
        advanced("Management", field("eventName", Equals=[str(index) for index in range(499)])),
        advanced("Data", field("resources.type", Equals=["AWS::S3Outposts::Object"])),
        advanced("NetworkActivity", field("eventSource", Equals=["ec2.amazonaws.com"])),
        advanced("Management", field("sessionCredentialFromConsole", NotEquals=["true"]), name="n" * 1000),
        advanced("Management", field("eventSource", NotEquals=["kms.amazonaws.com"], EndsWith=[".amazonaws.com"])),
    ],
)
def test_what_is_taken(setting: dict) -> None:
    assert read_selectors(setting) == read_selectors(read_selectors(setting).members)


def test_a_refusal_says_where_and_what_to_do() -> None:
    with pytest.raises(EventSelectorError) as refusal:
        read_selectors(advanced("Management", field("eventname", Equals=["a"])))
    assert refusal.value.hint == "did you mean 'eventName'?"


# ---------------------------------------------------------------- basic selectors

FUNCTION_ARN = "arn:aws:lambda:us-west-2:111122223333:function:helloworld"
TABLE_ARN = "arn:aws:dynamodb:us-west-2:111122223333:table/Music"


@pytest.mark.parametrize(
    ("setting", "event", "is_selected"),
    [
        (basic(), record(), True),
        (basic(ReadWriteType="ReadOnly"), record(), False),
        (basic(ReadWriteType="ReadOnly"), record(readOnly=True), True),
        (basic(ReadWriteType="ReadOnly"), record(readOnly="true"), True),
        (basic(ReadWriteType="WriteOnly"), record(), True),
        (basic(ReadWriteType="WriteOnly"), record(readOnly=True), False),
        # Records of old versions say nothing: the verb decides, and what has none counts as writing.
        (basic(ReadWriteType="WriteOnly"), record(readOnly=None), True),
        (basic(ReadWriteType="WriteOnly"), record(readOnly=None, eventName="GetTrail"), False),
        (basic(ReadWriteType="WriteOnly"), record(readOnly=None, eventName=None), True),
        (basic(ReadWriteType="ReadOnly"), record(readOnly=None, eventName=None), False),
        (basic(ExcludeManagementEventSources=["kms.amazonaws.com"]), record(eventSource="kms.amazonaws.com"), False),
        (basic(ExcludeManagementEventSources=["kms.amazonaws.com"]), record(), True),
        (basic(ExcludeManagementEventSources=["kms.amazonaws.com"]), record(eventSource=["kms.amazonaws.com"]), True),
        (data(S3, "arn:aws:s3"), record(), False),
        (
            data(S3, "arn:aws:s3", IncludeManagementEvents=True, ExcludeManagementEventSources=["kms.amazonaws.com"]),
            data_record(S3, "arn:aws:s3:::b/k", eventSource="kms.amazonaws.com"),
            True,
        ),
        (data(S3, "arn:aws:s3"), data_record(S3, "arn:aws:s3:::b/k"), True),
        (data(S3, "arn:aws:s3:::"), data_record(S3, "arn:aws:s3:::b/k"), True),
        (data(S3, "arn:aws:s3"), data_record(S3, "arn:aws-cn:s3:::b/k"), False),
        (data(S3, "arn:aws-cn:s3"), data_record(S3, "arn:aws-cn:s3:::b/k"), True),
        (data(S3, "arn:aws:s3"), data_record("S3Outposts::Object", "arn:aws:s3-outposts:us-east-1:1:x"), False),
        (data(S3, "arn:aws:s3"), data_record(S3, "arn:aws:s3-outposts:us-east-1:1:x"), False),
        (data(S3, "arn:aws:s3:::b/"), data_record(S3, "arn:aws:s3:::b/k"), True),
        (data(S3, "arn:aws:s3:::b/"), data_record(S3, "arn:aws:s3:::bb/k"), False),
        (data(S3, "arn:aws:s3:::b/pre"), data_record(S3, "arn:aws:s3:::b/prefix/k"), True),
        (data(S3, "arn:aws:s3:::b/pre"), data_record(S3, "arn:aws:s3:::b/k"), False),
        (data(S3, "arn:aws:s3:::a/", "arn:aws:s3:::b/"), data_record(S3, "arn:aws:s3:::b/k"), True),
        (data(S3, "arn:aws:s3:::b/"), data_record("S3::Bucket", "arn:aws:s3:::b/k"), False),
        (
            data(S3, "arn:aws:s3:::b/"),
            data_record(S3, resources=[{"type": "AWS::S3::Object", "ARNPrefix": "arn:aws:s3:::b/"}]),
            True,
        ),
        (data(S3, "arn:aws:s3", ReadWriteType="ReadOnly"), data_record(S3, "arn:aws:s3:::b/k"), False),
        (data(S3, "arn:aws:s3", ReadWriteType="WriteOnly"), data_record(S3, "arn:aws:s3:::b/k"), True),
        (data(FUNCTION, "arn:aws:lambda"), data_record(FUNCTION, FUNCTION_ARN), True),
        (data(FUNCTION, FUNCTION_ARN), data_record(FUNCTION, FUNCTION_ARN), True),
        (data(FUNCTION, FUNCTION_ARN), data_record(FUNCTION, f"{FUNCTION_ARN}:live"), True),
        (data(FUNCTION, FUNCTION_ARN), data_record(FUNCTION, f"{FUNCTION_ARN}2"), False),
        (data(TABLE, "arn:aws:dynamodb"), data_record(TABLE, TABLE_ARN), True),
        (data(TABLE, TABLE_ARN), data_record(TABLE, TABLE_ARN), True),
        (data(TABLE, TABLE_ARN), data_record(TABLE, f"{TABLE_ARN}2"), False),
        (
            data(TABLE, TABLE_ARN),
            data_record(TABLE, "arn:aws:dynamodb:us-west-2:111122223333:table/A", TABLE_ARN),
            True,
        ),
        (data(S3, "arn:aws:s3"), data_record(S3, "arn:aws:s3:::b/k", eventCategory="NetworkActivity"), False),
        (data(S3, "arn:aws:s3"), data_record(S3, "arn:aws:s3:::b/k", eventCategory=None), True),  # managementEvent
        ({"EventSelectors": [BLIND, basic(ReadWriteType="WriteOnly")["EventSelectors"][0]]}, record(), True),
    ],
)
def test_what_basic_selectors_take(setting: dict, event: dict, is_selected: bool) -> None:
    assert selects(setting, event) is is_selected


# ---------------------------------------------------------------- advanced selectors

ARN = field(
    "resources.ARN", Equals=["arn:aws:s3:::a/o1"], StartsWith=["arn:aws:s3:::b/"], NotEndsWith=[".tmp"]
)  # CT-8.4
ALICE = "arn:aws:iam::111122223333:user/alice"
NETWORK = field("eventSource", Equals=["ec2.amazonaws.com"])


@pytest.mark.parametrize(
    ("setting", "event", "is_selected"),
    [
        (advanced("Data", OBJECTS, ARN), data_record(S3, "arn:aws:s3:::a/o1"), True),
        (advanced("Data", OBJECTS, ARN), data_record(S3, "arn:aws:s3:::b/x"), True),
        (advanced("Data", OBJECTS, ARN), data_record(S3, "arn:aws:s3:::b/x.tmp"), False),
        (advanced("Data", OBJECTS, ARN), data_record(S3, "arn:aws:s3:::a/o2"), False),
        (
            advanced("Data", OBJECTS, field("resources.ARN", NotEndsWith=[".tmp"])),
            data_record(S3, "arn:aws:s3:::a/o2"),
            True,
        ),
        (
            advanced("Data", OBJECTS, field("resources.ARN", NotEndsWith=[".tmp"])),
            data_record(S3, "arn:aws:s3:::a.tmp"),
            False,
        ),
        # Several values in a record: one is enough for the positive group, and one for the negative.
        (advanced("Data", OBJECTS, ARN), data_record(S3, "arn:aws:s3:::c/x", "arn:aws:s3:::b/x"), True),
        (advanced("Data", OBJECTS, ARN), data_record(S3, "arn:aws:s3:::b/x", "arn:aws:s3:::c/x.tmp"), False),
        # A field that is absent fails a positive group and passes a negative one.
        (advanced("Data", OBJECTS), data_record(S3), False),
        (advanced("Management", field("userIdentity.arn", StartsWith=["arn:"])), record(userIdentity={}), False),
        (advanced("Management", field("userIdentity.arn", NotEquals=[ALICE])), record(userIdentity={}), True),
        (advanced("Management", field("userIdentity.arn", NotEquals=[ALICE])), record(userIdentity="x"), True),
        (advanced("Management", field("userIdentity.arn", NotEquals=[ALICE])), record(), False),
        (advanced("Management", field("userIdentity.arn", EndsWith=["user/alice"])), record(), True),
        (advanced("Management", field("readOnly", Equals=["false"])), record(), True),
        (advanced("Management", field("readOnly", Equals=["false"])), record(readOnly="false"), True),
        (advanced("Management", field("readOnly", Equals=["true"])), record(), False),
        (advanced("Management", field("readOnly", Equals=["true", "false"])), record(), True),
        (advanced("Management", field("readOnly", Equals=["false"])), record(readOnly=None), False),
        (advanced("Management", field("eventName", Equals=["runinstances"])), record(), False),
        (advanced("Management", field("eventName", Equals=["Run*"])), record(), False),
        (advanced("Management", field("eventName", Equals=["7"])), record(eventName=Number("7")), False),
        (
            advanced("Management", field("eventSource", NotEquals=["kms.amazonaws.com", "rdsdata.amazonaws.com"])),
            record(eventSource="rdsdata.amazonaws.com"),
            False,
        ),
        (advanced("Management", field("eventSource", NotEquals=["kms.amazonaws.com"])), record(), True),
        (advanced("Management", field("eventType", NotStartsWith=["AwsService"])), record(), True),
        (
            advanced("Management", field("eventType", NotStartsWith=["AwsService"])),
            record(eventType="AwsServiceEvent"),
            False,
        ),
        (
            advanced("Management", field("sessionCredentialFromConsole", NotEquals=["true"])),
            record(sessionCredentialFromConsole="true"),
            False,
        ),
        (advanced("Management", field("sessionCredentialFromConsole", NotEquals=["true"])), record(), True),
        (advanced("Management", field("sessionCredentialFromConsole", Equals=["true"])), record(), False),
        (
            advanced("Management", field("sessionCredentialFromConsole", Equals=["true"])),
            record(userIdentity={"sessionContext": {"attributes": {"sessionCredentialFromConsole": "true"}}}),
            True,
        ),
        # The category of the selector is that of the record, whatever else holds.
        (advanced("Management"), record(), True),
        (advanced("Management"), record(eventCategory=None), True),
        (advanced("Management"), data_record(S3, "arn:aws:s3:::b/k"), False),
        (advanced("Data", OBJECTS), data_record(S3, "arn:aws:s3:::b/k"), True),
        (advanced("Data", OBJECTS), data_record("SNS::Topic", "arn:aws:sns:::t"), False),
        (advanced("Data", OBJECTS), data_record(S3, "arn:aws:s3:::b/k", eventCategory=None), True),
        (advanced("Data", OBJECTS), record(resources=[{"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::b"}]), False),
        (advanced("NetworkActivity", NETWORK), record(eventCategory="NetworkActivity"), True),
        (advanced("NetworkActivity", NETWORK), record(), False),
        (
            advanced("NetworkActivity", NETWORK, field("errorCode", Equals=["VpceAccessDenied"])),
            record(eventCategory="NetworkActivity", errorCode="VpceAccessDenied"),
            True,
        ),
        (
            advanced("NetworkActivity", NETWORK, field("vpcEndpointId", NotEquals=["vpce-1"])),
            record(eventCategory="NetworkActivity", vpcEndpointId="vpce-1"),
            False,
        ),
        (advanced("Management"), record(eventCategory="Insight"), False),
    ],
)
def test_what_advanced_selectors_take(setting: dict, event: dict, is_selected: bool) -> None:
    assert selects(setting, event) is is_selected


def test_any_selector_is_enough() -> None:
    both = [*advanced("Management")["AdvancedEventSelectors"], *advanced("Data", OBJECTS)["AdvancedEventSelectors"]]
    setting = {"AdvancedEventSelectors": both}
    assert selects(setting, record())
    assert selects(setting, data_record(S3, "arn:aws:s3:::b/k"))
    assert not selects(setting, data_record("SNS::Topic", "arn:aws:sns:us-east-1:111122223333:t"))


# ---------------------------------------------------------------- attacks, hostile records


@pytest.mark.parametrize(
    "setting",
    [
        {"EventSelectors": [BLIND]},  # CT-10.1: the trail looks alive and records nothing
        advanced("Management", field("eventName", Equals=["NoSuchCall"])),
        advanced("Data", OBJECTS, field("resources.ARN", Equals=["arn:aws:s3:::nothing/here"])),
    ],
)
def test_selectors_that_select_nothing_are_taken_and_select_nothing(setting: dict) -> None:
    events = [
        record(),
        record(readOnly=True),
        data_record(S3, "arn:aws:s3:::b/k", readOnly=True),
        data_record(FUNCTION, FUNCTION_ARN, readOnly=True),
        record(eventCategory="Insight"),
    ]
    assert not any(selects(setting, event) for event in events)


HOSTILE: list[Any] = [None, "", "text", 7, 1.5, True, [], {}, [None], ["x"], [[]], [{}], {"arn": []}, {"attributes": 1}]


@pytest.mark.parametrize("value", HOSTILE, ids=repr)
@pytest.mark.parametrize(
    "name",
    [
        *("eventSource", "eventName", "readOnly", "resources", "userIdentity", "eventType", "managementEvent"),
        *("eventCategory", "sessionCredentialFromConsole", "insightDetails", "vpcEndpointId", "errorCode"),
    ],
)
def test_no_shape_of_a_record_makes_selecting_fail(name: str, value: Any) -> None:
    settings = [
        {},
        {"EventSelectors": [{**FULL, "IncludeManagementEvents": True}]},
        advanced("Management", *(field(one, NotEquals=["x"]) for one in ("eventSource", "userIdentity.arn"))),
        advanced("Management", field("sessionCredentialFromConsole", Equals=["true"])),
        advanced("Data", OBJECTS, ARN),
    ]
    for event in (record(), data_record(S3, "arn:aws:s3:::b/k")):
        for nested in ({name: value}, {"userIdentity": {"sessionContext": value}}, {"resources": [{"ARN": value}]}):
            for setting in settings:
                assert selects(setting, {**event, **nested}) in (True, False)


def test_a_record_without_anything_is_a_management_event_that_writes() -> None:
    assert selects({}, {})
    assert selects(basic(ReadWriteType="WriteOnly"), {})
    assert not selects(basic(ReadWriteType="ReadOnly"), {})


# ---------------------------------------------------------------- against a naive oracle

POSITIVE = ("Equals", "StartsWith", "EndsWith")
WORDS = st.sampled_from(["a", "b", "ab", "ba", "aab", "abb"])
CONDITIONS = st.dictionaries(
    st.sampled_from([*POSITIVE, *(f"Not{one}" for one in POSITIVE)]),
    st.lists(WORDS, min_size=1, max_size=3),
    min_size=1,
    max_size=4,
)
SELECTOR = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("eventName", "eventSource", "eventType", "resources.ARN", "userIdentity.arn"), CONDITIONS),
        "readOnly": st.just({"Equals": ["true"]}),
        "sessionCredentialFromConsole": st.sampled_from([{"Equals": ["true"]}, {"NotEquals": ["true"]}]),
    },
)
EVENT = st.fixed_dictionaries(
    {"category": st.sampled_from(["Data", "Data", "Management"]), "types": st.lists(st.sampled_from("XY"), max_size=3)},
    optional={
        **dict.fromkeys(("eventName", "eventSource", "eventType", "userIdentity.arn"), WORDS),
        "readOnly": st.booleans(),
        "sessionCredentialFromConsole": st.just("true"),
        "ARNs": st.lists(WORDS, max_size=3),
    },
)


def oracle_field(condition: dict[str, list[str]], values: list[str]) -> bool:
    """CT-8.3, word for word, one value after the other."""
    hits = {"Equals": str.__eq__, "StartsWith": str.startswith, "EndsWith": str.endswith}
    has_positive = is_hit = is_refused = False
    for operator, texts in condition.items():
        for text in texts:
            is_met = any(hits[operator.removeprefix("Not")](value, text) for value in values)
            if operator.startswith("Not"):
                is_refused = is_refused or is_met
            else:
                has_positive, is_hit = True, is_hit or is_met
    return (not has_positive or is_hit) and not is_refused


@given(st.lists(SELECTOR, min_size=1, max_size=3), EVENT)
def test_advanced_selectors_agree_with_a_naive_oracle(conditions: list[dict], event: dict) -> None:
    setting = {
        "AdvancedEventSelectors": [
            {
                "FieldSelectors": [
                    {"Field": "eventCategory", "Equals": ["Data"]},
                    {"Field": "resources.type", "Equals": ["AWS::X::X"]},
                    *({"Field": name, **operators} for name, operators in one.items()),
                ]
            }
            for one in conditions
        ]
    }
    values: dict[str, list[str]] = {
        name: [json.dumps(event[name]).strip('"')] if name in event else []
        for name in (
            *("eventName", "eventSource", "eventType", "userIdentity.arn"),
            *("readOnly", "sessionCredentialFromConsole"),
        )
    }
    values["resources.type"] = [f"AWS::X::{kind}" for kind in event["types"]]
    values["resources.ARN"] = event.get("ARNs", [])
    expected = event["category"] == "Data" and any(
        oracle_field({"Equals": ["AWS::X::X"]}, values["resources.type"])
        and all(oracle_field(operators, values[name]) for name, operators in one.items())
        for one in conditions
    )
    given_record = {name: event[name] for name in event.keys() - {"category", "types", "ARNs", "userIdentity.arn"}}
    given_record["eventCategory"] = event["category"]
    given_record["resources"] = [{"type": kind} for kind in values["resources.type"]]
    given_record["resources"] += [{"ARN": arn} for arn in values["resources.ARN"]]
    if "userIdentity.arn" in event:
        given_record["userIdentity"] = {"arn": event["userIdentity.arn"]}
    assert selects(setting, given_record) is expected


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(max_size=5) | st.sampled_from(["AWS::S3::Object", "All"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from([*FULL, "Type", "Values", "Field", "Equals", "Name", "FieldSelectors"]),
                inner,
                max_size=3,
            )
        ),
    )
)
def test_whatever_is_given_is_read_or_refused(value: Any) -> None:
    for name in ("EventSelectors", "AdvancedEventSelectors"):
        try:
            selectors = read_selectors({name: value})
        except EventSelectorError:
            continue
        assert isinstance(selectors, Selectors)
