"""Whatever a client of botocore sends is read back as it was meant, in every protocol. Spec: REC-18.3 (e)."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recorded_call import CIRCUMSTANCES, MODELS
from serialized_call import serialized
from shape_values import GONE, same, through_a_form, values

from tocsin.core.record import ApiAnswer, record_of
from tocsin.wire.observed import ObservedCall, observe

OPERATIONS = [
    ("cloudtrail", "PutEventSelectors", "json"),
    ("dynamodb", "BatchWriteItem", "json"),
    ("kms", "CreateGrant", "json"),
    ("ssm", "PutParameter", "json"),
    ("cloudwatch", "PutMetricAlarm", "smithy-rpc-v2-cbor"),
    ("cloudwatch", "PutMetricAlarm", "query"),
    ("iam", "PutUserPolicy", "query"),
    ("iam", "CreateSAMLProvider", "query"),
    ("rds", "ModifyDBInstance", "query"),
    ("cloudformation", "CreateStack", "query"),
    ("elbv2", "CreateRule", "query"),
    ("sns", "Publish", "query"),
    ("ec2", "AuthorizeSecurityGroupIngress", "ec2"),
    ("ec2", "CreateFlowLogs", "ec2"),
    ("ec2", "DescribeSnapshots", "ec2"),
    ("lambda", "CreateFunction", "rest-json"),
    ("lambda", "AddPermission", "rest-json"),
    ("lambda", "ListFunctions", "rest-json"),
    ("eks", "CreateNodegroup", "rest-json"),
    ("efs", "CreateFileSystem", "rest-json"),
    ("batch", "SubmitJob", "rest-json"),
    ("guardduty", "CreateFilter", "rest-json"),
    ("route53", "ChangeResourceRecordSets", "rest-xml"),
    ("route53", "ListResourceRecordSets", "rest-xml"),
    ("cloudfront", "CreateInvalidation", "rest-xml"),
]
"""Service, operation and the protocol to send it in: one of each kind that there is."""

_PLAIN = re.compile("[^A-Za-z0-9._~/=:@-]")


def sendable(shape: Any, parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters without what headers and paths cannot carry, and without bodies that are never read."""
    sent = {}
    for name, drawn in parameters.items():
        member, value = shape.members[name], drawn
        location = member.serialization.get("location")
        if name == shape.serialization.get("payload") and member.type_name in {"blob", "string"}:
            continue
        if location in {"uri", "header"} and isinstance(value, str):
            value = _PLAIN.sub("", value) or "x"
        if location == "header" and isinstance(value, datetime):
            value = value.replace(microsecond=0)
        if location in {"header", "headers", "querystring"} and value in ([], {}, None):
            continue
        sent[name] = value
    return sent


def carried(protocol: str, shape: Any, parameters: dict[str, Any]) -> Any:
    """What of the parameters a request can carry at all."""
    if protocol not in {"query", "ec2"}:
        return parameters
    left = through_a_form(shape, parameters)
    left = {} if left is GONE else left
    return without_empty_lists(left) if protocol == "ec2" else left


def without_empty_lists(value: Any) -> Any:
    """EC2 has no form for an empty list, nor for what holds nothing else."""
    if isinstance(value, dict):
        kept = {name: without_empty_lists(item) for name, item in value.items()}
        return {name: item for name, item in kept.items() if item not in ([], {})}
    if isinstance(value, list):
        return [item for item in map(without_empty_lists, value) if item not in ([], {})]
    return value


@pytest.mark.parametrize(("service", "operation", "protocol"), OPERATIONS)
@settings(max_examples=12)
@given(data=st.data())
def test_what_was_sent_is_read(service: str, operation: str, protocol: str, data: st.DataObject) -> None:
    api = MODELS.service(service)
    shape = api.model.operation_model(operation).input_shape
    drawn = data.draw(values(shape, is_xml=protocol == "rest-xml", is_finite=True))
    if protocol == "rest-xml":
        drawn = without_carriage_returns(drawn)
    parameters = sendable(shape, drawn)
    observed = observe(serialized(api, operation, parameters, protocol=protocol), MODELS)
    assert isinstance(observed, ObservedCall)
    assert (observed.api.name, observed.model.name) == (service, operation)
    read = observed.call.parameters
    assert read is not None
    assert same(carried(protocol, shape, parameters), read)
    record_of(observed.call, ApiAnswer(output={}), CIRCUMSTANCES)


def without_carriage_returns(value: Any) -> Any:
    """Python writes them so that XML makes line ends of them."""
    if isinstance(value, str):
        return value.replace("\r", "")
    if isinstance(value, dict):
        return {key: without_carriage_returns(item) for key, item in value.items()}
    return [without_carriage_returns(item) for item in value] if isinstance(value, list) else value
