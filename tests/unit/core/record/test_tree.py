"""Names, values, moments, and what is left out. Spec: REC-5, REC-6, REC-10."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from record_shape import (
    BLOB,
    BOOLEAN,
    DOCUMENT,
    MOMENT,
    NUMBER,
    TEXT,
    call,
    list_of,
    made,
    map_of,
    member,
    structure,
)

from tocsin.core.record import ApiAnswer, Shape
from tocsin.core.record.guess import guessed
from tocsin.core.record.redaction import without_literals

HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
REMOVED = "<sensitiveDataRemoved>"
AT = datetime(2023, 7, 10, 12, 9, 21, 431_264, tzinfo=UTC)


def shown(
    shape: Shape, values: dict[str, Any], *, service: str = "config", operation: str = "PutThing", **fields: Any
) -> Any:
    return made(call(service, operation, values, input=shape, **fields))["requestParameters"]


def answered(shape: Shape, values: dict[str, Any], *, service: str = "config", operation: str = "PutThing") -> Any:
    return made(call(service, operation, output=shape), ApiAnswer(output=values))["responseElements"]


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("DBInstanceIdentifier", "dBInstanceIdentifier"),
        ("S3BucketName", "s3BucketName"),
        ("ARN", "aRN"),
        ("VPCZoneIdentifier", "vPCZoneIdentifier"),
        ("userName", "userName"),
    ],
)
def test_only_the_first_letter_becomes_small(name: str, key: str) -> None:
    assert shown(structure(**{name: TEXT}), {name: "x"}) == {key: "x"}


def test_some_services_show_names_as_they_were_sent() -> None:
    shape = structure(Name=member(TEXT, xml_name="name"), Code=TEXT)
    assert shown(shape, {"Name": "n", "Code": "c"}, service="synthetics") == {"name": "n", "Code": "c"}


@pytest.mark.parametrize(
    ("operation", "output", "elements"),
    [
        ("CreateSecret", {"ARN": "a", "Name": "n"}, {"arn": "a"}),
        ("PutSecretValue", {"Name": "n"}, None),
        ("DeleteSecret", {"ARN": "a", "Name": "n"}, {"aRN": "a", "name": "n"}),
    ],
)
def test_new_secrets_are_answered_with_their_arn_alone(operation: str, output: Any, elements: Any) -> None:
    shape = structure(ARN=TEXT, Name=TEXT)
    assert answered(shape, output, service="secretsmanager", operation=operation) == elements


def test_kms_shows_the_algorithm_that_was_not_sent() -> None:
    shape = structure(KeyId=TEXT, EncryptionAlgorithm=TEXT)
    assert shown(shape, {"KeyId": "k"}, service="kms", operation="Decrypt") == {
        "keyId": "k",
        "encryptionAlgorithm": "SYMMETRIC_DEFAULT",
    }
    sent = {"EncryptionAlgorithm": "RSAES_OAEP_SHA_1"}
    assert shown(shape, sent, service="kms", operation="Encrypt") == {"encryptionAlgorithm": "RSAES_OAEP_SHA_1"}
    assert shown(shape, {"KeyId": "k"}, service="kms", operation="Sign") == {"keyId": "k"}


def test_values_keep_their_kind() -> None:
    shape = structure(
        A=NUMBER,
        B=BOOLEAN,
        C=list_of(NUMBER),
        D=map_of(TEXT),
        E=BLOB,
        F=DOCUMENT,
        G=NUMBER,
        H=list_of(TEXT),
        I=map_of(TEXT),
    )
    values = {
        "A": 50.0,
        "B": False,
        "C": [1, None, 2],
        "D": {"K.x": "v", "none": None},
        "E": b"\x00\xff",
        "F": {"Deep": [{"X": float("nan")}, (1, float("inf"), float("-inf"))], "At": AT},
        "G": None,
        "H": [],
        "I": {},
        "Unknown": 1,
    }
    assert shown(shape, values) == {
        "a": 50.0,
        "b": False,
        "c": [1, 2],
        "d": {"K.x": "v"},
        "e": "AP8=",
        "f": {"Deep": [{"X": "NaN"}, [1, "Infinity", "-Infinity"]], "At": "2023-07-10T12:09:21.431264Z"},
        "h": [],
        "i": {},
    }


def test_a_value_of_another_kind_is_shown_as_it_is() -> None:
    shape = structure(A=structure(X=TEXT), B=list_of(TEXT), C=map_of(TEXT), D=MOMENT)
    assert shown(shape, {"A": "a", "B": "b", "C": "c", "D": "d"}) == {"a": "a", "b": "b", "c": "c", "d": "d"}


@pytest.mark.parametrize(
    ("service", "timestamp_format", "is_rest_json", "text"),
    [
        ("iam", "", False, "Jul 10, 2023 12:09:21 PM"),
        ("sts", "", False, "Jul 10, 2023, 12:09:21 PM"),
        ("rolesanywhere", "iso8601", True, "2023-07-10T12:09:21.431264Z"),
        ("ebs", "", True, "Jul 10, 2023 12:09:21 PM"),
        ("eks", "", True, 1688990961.431264),
    ],
)
def test_moments(service: str, timestamp_format: str, is_rest_json: bool, text: Any) -> None:
    shape = structure(At=member(MOMENT, timestamp_format=timestamp_format))
    assert shown(shape, {"At": AT}, service=service, is_rest_json=is_rest_json) == {"at": text}


@pytest.mark.parametrize(
    ("hour", "text"), [(0, "Jul 1, 2023 12:05:00 AM"), (9, "Jul 1, 2023 9:05:00 AM"), (13, "Jul 1, 2023 1:05:00 PM")]
)
def test_hours(hour: int, text: str) -> None:
    at = datetime(2023, 7, 1, hour, 5, tzinfo=UTC)
    assert shown(structure(At=MOMENT), {"At": at}) == {"at": text}


# --- redaction --------------------------------------------------------------------------------------------


SENSITIVE = structure(
    A=member(TEXT, is_sensitive=True),
    B=list_of(member(TEXT, is_sensitive=True)),
    C=map_of(member(TEXT, is_sensitive=True)),
    D=map_of(TEXT, key=member(TEXT, is_sensitive=True)),
    E=member(structure(X=TEXT), is_sensitive=True),
)
VALUES = {"A": "s", "B": ["s"], "C": {"k": "s"}, "D": {"s": "v"}, "E": {"X": "s"}}


@pytest.mark.parametrize(
    ("service", "becomes"),
    [
        ("iam", {"b": [], "c": {}, "d": {}}),
        ("config", {"a": HIDDEN, "b": [HIDDEN], "c": {"k": HIDDEN}, "d": {HIDDEN: "v"}, "e": HIDDEN}),
    ],
)
def test_sensitive_members(service: str, becomes: Any) -> None:
    assert shown(SENSITIVE, VALUES, service=service) == becomes
    assert answered(SENSITIVE, VALUES, service=service) == becomes


def test_streams_are_never_shown() -> None:
    assert shown(structure(Body=member(BLOB, is_streamed=True), A=TEXT), {"Body": b"x", "A": "a"}) == {"a": "a"}


@pytest.mark.parametrize(
    ("name", "shape", "value", "becomes"),
    [
        ("MasterPassword", TEXT, "s", HIDDEN),
        ("ClientSecret", TEXT, "s", HIDDEN),
        ("AuthToken", TEXT, "s", HIDDEN),
        ("PrivateKey", BLOB, b"s", HIDDEN),
        ("OldSecret", list_of(TEXT), ["s"], HIDDEN),
        ("ServiceCredentials", structure(X=TEXT), {"X": "s"}, HIDDEN),
        ("ManageMasterUserPassword", BOOLEAN, True, True),
        ("MasterUserSecret", structure(X=TEXT), {"X": "a"}, {"x": "a"}),
        ("NextToken", TEXT, "t", "t"),
        ("ClientRequestToken", TEXT, "t", "t"),
        ("LockToken", TEXT, "t", "t"),
        ("SecretId", TEXT, "t", "t"),
        ("SessionToken", TEXT, "t", "t"),
    ],
)
def test_members_that_are_secret_by_their_name(name: str, shape: Shape, value: Any, becomes: Any) -> None:
    key = name[0].lower() + name[1:]
    assert shown(structure(**{name: shape}), {name: value}) == {key: becomes}


@pytest.mark.parametrize(
    ("service", "operation", "shape", "values", "becomes"),
    [
        ("ssm", "PutParameter", structure(Value=TEXT), {"Value": "s"}, {"value": HIDDEN}),
        (
            "ssm",
            "PutParameter",
            structure(Tags=list_of(structure(Key=TEXT, Value=TEXT))),
            {"Tags": [{"Key": "k", "Value": "v"}]},
            {"tags": [{"key": "k", "value": "v"}]},
        ),
        ("ssm", "SendCommand", structure(Parameters=map_of(TEXT)), {"Parameters": {"a": "s"}}, {"parameters": HIDDEN}),
        (
            "cloudfront",
            "CreateDistribution",
            structure(DistributionConfig=structure(Comment=TEXT), Comment=TEXT),
            {"DistributionConfig": {"Comment": "s"}, "Comment": "c"},
            {"distributionConfig": {"comment": HIDDEN}, "comment": "c"},
        ),
        (
            "lambda",
            "CreateFunction",
            structure(Environment=structure(Variables=map_of(TEXT)), Code=structure(ZipFile=BLOB, S3Bucket=TEXT)),
            {"Environment": {"Variables": {"a": "s"}}, "Code": {"ZipFile": b"s", "S3Bucket": "b"}},
            {"environment": {}, "code": {"s3Bucket": "b"}},
        ),
        (
            "sts",
            "AssumeRole",
            structure(TokenCode=TEXT, RoleArn=TEXT),
            {"TokenCode": "s", "RoleArn": "r"},
            {"roleArn": "r"},
        ),
        ("ebs", "StartSnapshot", structure(KmsKeyArn=TEXT), {"KmsKeyArn": "s"}, {"kmsKeyArn": HIDDEN}),
    ],
)
def test_members_of_the_table(
    service: str, operation: str, shape: Shape, values: dict[str, Any], becomes: dict[str, Any]
) -> None:
    assert shown(shape, values, service=service, operation=operation) == becomes


@pytest.mark.parametrize(
    ("statement", "redacted"),
    [
        ("SELECT * FROM Music WHERE Artist = 'No One'", "SELECT * FROM Music WHERE Artist = ***(Redacted)"),
        ("a = 'it''s' AND b = -12.5e3", "a = ***(Redacted) AND b = ***(Redacted)"),
        ('SELECT x1 FROM "t2" WHERE c3 = ?', 'SELECT x1 FROM "t2" WHERE c3 = ?'),
        ("a = 'never closed", "a = ***(Redacted)"),
    ],
)
def test_literals_of_statements(statement: str, redacted: str) -> None:
    assert without_literals(statement) == redacted


def test_statements_are_shown_without_their_literals() -> None:
    shown_statement = shown(structure(Statement=TEXT), {"Statement": "a = 'x'"}, service="dynamodb")
    assert shown_statement == {"statement": "a = ***(Redacted)"}


def test_statement_that_is_no_text_is_hidden_whole() -> None:
    shape = structure(Statement=list_of(TEXT))
    assert shown(shape, {"Statement": ["s"]}, service="dynamodb", operation="ExecuteStatement") == {
        "statement": "***(Redacted)"
    }


# --- guessing ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("False", False),
        ("600", 600),
        ("0", 0),
        ("-1", -1),
        ("007", "007"),
        ("-0", "-0"),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("1e999", "1e999"),
        ("10.0.0.1", "10.0.0.1"),
        ("", ""),
        ("9" * 30, "9" * 30),
        ("vpc-1", "vpc-1"),
        ("\u0661", "\u0661"),
    ],
)
def test_guessed(text: str, value: Any) -> None:
    found = guessed(text)
    assert found == value
    assert type(found) is type(value)


# --- services with their own ways -------------------------------------------------------------------------


def test_api_gateway_shows_the_body_apart() -> None:
    shape = structure(restApiId=TEXT, stageName=TEXT)
    values = {"restApiId": "a", "stageName": "s"}
    assert shown(shape, values, service="apigateway", operation="CreateStage") == {
        "restApiId": "a",
        "createStageInput": {"stageName": "s"},
        "template": False,
    }
    assert shown(shape, values, service="apigateway", operation="UpdateStage") == values


ATTRIBUTE = structure(S=TEXT, N=TEXT, B=BLOB)


def test_dynamodb_shows_keys_without_their_types() -> None:
    shape = structure(TableName=TEXT, Key=map_of(ATTRIBUTE), Item=map_of(ATTRIBUTE))
    values = {"TableName": "t", "Key": {"pk": {"S": "x"}, "sk": {"B": b"\x00"}, "odd": {}}, "Item": {"a": {"S": "s"}}}
    assert shown(shape, values, service="dynamodb", operation="UpdateItem") == {
        "tableName": "t",
        "key": {"pk": "x", "sk": "AA==", "odd": {}},
    }


def test_dynamodb_shows_several_items() -> None:
    action = structure(TableName=TEXT, Key=map_of(ATTRIBUTE), Keys=list_of(map_of(ATTRIBUTE)))
    shape = structure(TransactItems=list_of(structure(Delete=action, Put=action)), ClientRequestToken=TEXT)
    values = {
        "TransactItems": [
            {"Delete": {"TableName": "t", "Key": {"pk": {"S": "x"}}, "Keys": [{"pk": {"S": "y"}}]}},
            {"Delete": {"TableName": "t"}, "Put": {"TableName": "u"}},
            {"Put": "odd"},
        ],
        "ClientRequestToken": "c",
    }
    assert shown(shape, values, service="dynamodb", operation="TransactWriteItems") == {
        "requestItems": [
            {"operation": "Delete", "tableName": "t", "key": {"pk": "x"}, "keys": [{"pk": "y"}]},
            {"delete": {"tableName": "t"}, "put": {"tableName": "u"}},
            {"put": "odd"},
        ],
        "clientRequestToken": "c",
    }
    assert shown(structure(Key=TEXT), {"Key": "odd"}, service="dynamodb", operation="GetItem") == {"key": "odd"}
