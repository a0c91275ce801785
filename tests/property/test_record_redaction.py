"""No record holds what a model calls sensitive, wherever it stands. Spec: REC-10.3."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from recorded_call import CIRCUMSTANCES, MODELS
from serialized_call import serialized

from tocsin.core.record import ApiAnswer, record_of
from tocsin.wire.observed import ObservedCall, observe

MARKER = "hushhushhush"
BLOB = b"hushhushhush"
IN_BASE64 = "aHVzaGh1c2ho"
SERVICES = ("iam", "sts", "secretsmanager", "kms", "ssm", "rds", "lambda", "ec2", "cognito-idp")
LEVELS = 7


class Marked:
    """Values of shapes with all members set, the sensitive ones to the marker."""

    def __init__(self) -> None:
        self.count = 0

    def value(self, shape: Any, path: tuple[str, ...] = (), *, is_marked: bool = False) -> Any:
        is_marked = is_marked or bool(shape.metadata.get("sensitive"))
        inside = (*path, shape.name)
        is_too_deep = len(path) > LEVELS or path.count(shape.name) > 0
        match shape.type_name:
            case "structure":
                members = {} if is_too_deep else shape.members
                return {
                    name: self.value(member, inside, is_marked=is_marked)
                    for name, member in members.items()
                    if not member.serialization.get("eventstream")
                }
            case "list":
                return [] if is_too_deep else [self.value(shape.member, inside, is_marked=is_marked)]
            case "map":
                if is_too_deep:
                    return {}
                key = self.value(shape.key, inside, is_marked=is_marked)
                return {key: self.value(shape.value, inside, is_marked=is_marked)}
            case "string":
                self.count += is_marked
                return MARKER if is_marked else "x"
            case "blob":
                self.count += is_marked
                return BLOB if is_marked else b"x"
            case "boolean":
                return True
            case "timestamp":
                return CIRCUMSTANCES.at
        return 1


@cache
def marked_operations(service: str) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """The operations that have something sensitive, with parameters and output that are marked."""
    found = []
    model = MODELS.service(service).model
    for name in model.operation_names:
        operation = model.operation_model(name)
        marked = Marked()
        parameters = marked.value(operation.input_shape) if operation.input_shape is not None else {}
        output = marked.value(operation.output_shape) if operation.output_shape is not None else {}
        if marked.count:
            found.append((name, parameters, output))
    return found


@pytest.mark.parametrize("service", SERVICES)
def test_nothing_sensitive_is_recorded(service: str) -> None:
    api = MODELS.service(service)
    operations = marked_operations(service)
    assert len(operations) > 0
    for operation, parameters, output in operations:
        observed = observe(serialized(api, operation, parameters), MODELS)
        assert isinstance(observed, ObservedCall), operation
        assert observed.call.parameters is not None, operation
        made = record_of(observed.call, ApiAnswer(output=output, request_id="r"), CIRCUMSTANCES)
        text = json.dumps(made)
        assert MARKER not in text, operation
        assert IN_BASE64 not in text, operation


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "output"),
    [
        ("iam", "CreateAccessKey", {}, {"AccessKey": {"SecretAccessKey": MARKER}}),
        ("iam", "ChangePassword", {"OldPassword": MARKER, "NewPassword": MARKER}, {}),
        ("sts", "AssumeRole", {"TokenCode": MARKER}, {"Credentials": {"SecretAccessKey": MARKER}}),
        ("sts", "AssumeRoleWithSAML", {"SAMLAssertion": MARKER}, {}),
        ("sts", "AssumeRoleWithWebIdentity", {"WebIdentityToken": MARKER}, {}),
        ("secretsmanager", "PutSecretValue", {"SecretString": MARKER, "SecretBinary": BLOB}, {}),
        ("kms", "Encrypt", {"Plaintext": BLOB}, {"CiphertextBlob": BLOB}),
        ("ssm", "PutParameter", {"Name": "n", "Value": MARKER}, {}),
        ("ssm", "SendCommand", {"Parameters": {"commands": [MARKER]}}, {}),
        ("ssm", "StartSession", {"Target": "i-1"}, {"TokenValue": MARKER}),
        ("rds", "CreateDBInstance", {"MasterUserPassword": MARKER, "TdeCredentialPassword": MARKER}, {}),
        ("lambda", "CreateFunction", {"Code": {"ZipFile": BLOB}, "Environment": {"Variables": {"K": MARKER}}}, {}),
        ("lambda", "Invoke", {"FunctionName": "f", "Payload": BLOB}, {"Payload": BLOB}),
        ("ec2", "RunInstances", {"ImageId": "ami-1", "UserData": MARKER}, {}),
        ("ec2", "ModifyInstanceAttribute", {"InstanceId": "i-1", "UserData": {"Value": BLOB}}, {}),
        ("ec2", "CreateLaunchTemplate", {"LaunchTemplateData": {"UserData": MARKER}}, {}),
        ("ec2", "CreateKeyPair", {"KeyName": "k"}, {"KeyMaterial": MARKER}),
        ("sns", "Publish", {"Message": MARKER, "Subject": MARKER}, {}),
        ("sns", "PublishBatch", {"PublishBatchRequestEntries": [{"Id": "1", "Message": MARKER}]}, {}),
        ("sqs", "SendMessageBatch", {"QueueUrl": "q", "Entries": [{"Id": "1", "MessageBody": MARKER}]}, {}),
        ("dynamodb", "PutItem", {"TableName": "t", "Item": {"a": {"S": MARKER}}}, {"Attributes": {"a": {"S": MARKER}}}),
        (
            "dynamodb",
            "BatchWriteItem",
            {"RequestItems": {"t": [{"PutRequest": {"Item": {"a": {"S": MARKER}}}}]}},
            {"UnprocessedItems": {"t": [{"PutRequest": {"Item": {"a": {"S": MARKER}}}}]}},
        ),
        ("dynamodb", "Query", {"TableName": "t", "ExpressionAttributeValues": {":a": {"S": MARKER}}}, {}),
        ("dynamodb", "ExecuteStatement", {"Statement": f"a = '{MARKER}'", "Parameters": [{"S": MARKER}]}, {}),
        ("kinesis", "PutRecord", {"StreamName": "s", "Data": BLOB, "PartitionKey": "k"}, {}),
        ("redshift", "CreateCluster", {"MasterUserPassword": MARKER}, {}),
        ("elasticache", "CreateReplicationGroup", {"AuthToken": MARKER}, {}),
        ("directconnect", "CreateBGPPeer", {"newBGPPeer": {"authKey": "x"}}, {}),
    ],
)
def test_members_of_the_table_are_not_recorded(
    service: str, operation: str, parameters: dict[str, Any], output: dict[str, Any]
) -> None:
    observed = observe(serialized(MODELS.service(service), operation, parameters), MODELS)
    assert isinstance(observed, ObservedCall)
    assert observed.call.parameters is not None
    text = json.dumps(record_of(observed.call, ApiAnswer(output=output), CIRCUMSTANCES))
    assert MARKER not in text
    assert IN_BASE64 not in text
