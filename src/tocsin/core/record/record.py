"""A call of an API and its answer to the CloudTrail record of it. Spec: REC-4, CT-2.

Rule: everything that a record says is decided here and in the modules beside, from arguments alone; what must not be
known is left out before anything is returned (REC-10).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tocsin.core.record.api_gateway import with_body_apart
from tocsin.core.record.category import data_resource_type
from tocsin.core.record.dynamodb import dynamodb_parameters
from tocsin.core.record.ec2 import ec2_elements, ec2_parameters
from tocsin.core.record.event_name import event_name, event_source, recorded_api_version
from tocsin.core.record.fault import error_code, error_message, is_denial, keeps_parameters
from tocsin.core.record.read_only import is_read_only
from tocsin.core.record.redaction import redaction_of
from tocsin.core.record.resource import resources_of
from tocsin.core.record.s3 import BODIES_NOT_SHOWN, s3_additional_data, s3_elements, s3_parameters
from tocsin.core.record.size import TEXT_SIZE, bounded, omitted
from tocsin.core.record.tree import TreeForm, structure_tree

if TYPE_CHECKING:
    from tocsin.core.record.call import ApiAnswer, ApiCall, Circumstances
    from tocsin.core.record.shape import Shape
    from tocsin.core.record.tree import Tree

EVENT_VERSION: Final = "1.11"
_HANDS_OUT_CREDENTIALS: Final = frozenset(
    {"AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "AssumeRoot", "GetSessionToken"}
)
"""Calls of STS that have responseElements although they read only (CT-2.7)."""


_ANSWERED_WITH_ARN_ALONE: Final = frozenset({"CreateSecret", "PutSecretValue"})
"""Calls of Secrets Manager whose answers are shown as `arn`, and nothing else (REC-5.3)."""
_WITH_DEFAULT_ALGORITHM: Final = frozenset({"Encrypt", "Decrypt"})
"""Calls of KMS that show the algorithm also when it was not sent [seen in 381 of 385]."""
_SILENT_DATA: Final = frozenset({"dynamodb", "dynamodbstreams", "lambda"})
"""Services whose data events have no responseElements [seen for dynamodb]."""


def record_of(call: ApiCall, answer: ApiAnswer, circumstances: Circumstances) -> dict[str, Any]:
    """The record of a call, its keys in the order of CT-2.1. It shares nothing with its arguments that may change."""
    known = circumstances
    error = answer.error
    read_only = is_read_only(call.signing_name, call.operation)
    is_data = is_data_event(call)
    record: dict[str, Any] = {
        "eventVersion": EVENT_VERSION,
        "userIdentity": known.identity,
        "eventTime": f"{known.at:%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": event_source(call.service, call.signing_name),
        "eventName": event_name(call.service, call.operation, path_date=call.path_date),
        "awsRegion": call.region,
        "sourceIPAddress": known.source_address,
    }
    if known.user_agent is not None:
        record["userAgent"] = known.user_agent[:TEXT_SIZE]
    if error is not None:
        record["errorCode"] = error_code(call.service, error)[:TEXT_SIZE]
        message = error_message(error)
        if message is not None:
            record["errorMessage"] = message
    record["requestParameters"] = _request_parameters(call, answer)
    record["responseElements"] = _response_elements(call, answer, is_read_only=read_only, is_data=is_data)
    if call.s3 is not None:
        record["additionalEventData"] = s3_additional_data(call.s3, answer, known.tls)
    record["requestID"] = (answer.request_id or known.request_id)[:TEXT_SIZE]
    record["eventID"] = known.event_id
    record["readOnly"] = read_only
    resources = resources_of(call, answer, known.account)
    if resources:
        record["resources"] = resources
    record["eventType"] = "AwsApiCall"
    api_version = recorded_api_version(call.service)
    if api_version is not None and not (
        error is not None and is_denial(error)
    ):  # denied calls lack it [seen, 10 of 10]
        record["apiVersion"] = api_version
    record["managementEvent"] = not is_data
    record["recipientAccountId"] = known.account
    record["eventCategory"] = "Data" if is_data else "Management"
    tls = _tls_details(known)
    if tls:
        record["tlsDetails"] = tls
    return bounded(record)


def is_data_event(call: ApiCall) -> bool:
    """Is it a data event? Every call for an object of S3 is one (REC-12.2)."""
    has_key = call.s3 is not None and call.s3.key is not None
    return has_key or data_resource_type(call.service, call.operation) is not None


def _tls_details(known: Circumstances) -> dict[str, str]:
    details = {}
    if known.tls is not None:
        details = {"tlsVersion": known.tls.version, "cipherSuite": known.tls.cipher}
    if known.host is not None:
        details["clientProvidedHostHeader"] = known.host
    return details


def _request_parameters(call: ApiCall, answer: ApiAnswer) -> Tree | None:
    if answer.error is not None and not keeps_parameters(call.service, answer.error):
        return None
    if call.omitted_size and call.operation not in BODIES_NOT_SHOWN:
        return omitted("requestParameters", call.omitted_size)
    if call.s3 is not None:
        return s3_parameters(call.operation, call.s3)
    if call.parameters is None or call.input is None:
        return None
    if call.service == "ec2":
        return ec2_parameters(call, call.input, call.parameters)
    redaction = redaction_of(call.service, call.operation, "request")
    form = TreeForm(call.service, redaction, is_rest_json=call.is_rest_json)
    tree = structure_tree(call.input, call.parameters, form)
    match call.service:
        case "apigateway":
            tree = with_body_apart(call.operation, tree)
        case "kms" if call.operation in _WITH_DEFAULT_ALGORITHM:
            tree.setdefault("encryptionAlgorithm", "SYMMETRIC_DEFAULT")
        case "dynamodb":
            tree = dynamodb_parameters(call.operation, tree)
    return tree or None


def _response_elements(call: ApiCall, answer: ApiAnswer, *, is_read_only: bool, is_data: bool) -> Tree | None:
    if call.s3 is not None:
        return s3_elements(answer, is_data=is_data, is_read_only=is_read_only)
    if answer.error is not None or (is_read_only and not _has_answer_though_read_only(call)):
        return None
    if answer.omitted_size:
        return omitted("responseElements", answer.omitted_size)
    if answer.output is None or (is_data and call.service in _SILENT_DATA):
        return None
    if call.service == "ec2":
        return ec2_elements(call, answer)
    if call.output is None:
        return None
    if call.service == "secretsmanager" and call.operation in _ANSWERED_WITH_ARN_ALONE:
        return {"arn": answer.output["ARN"]} if "ARN" in answer.output else None
    redaction = redaction_of(call.service, call.operation, "answer")
    form = TreeForm(call.service, redaction, is_rest_json=call.is_rest_json)
    shape, values = _unwrapped(call.service, call.output, answer.output)
    return structure_tree(shape, values, form) or None


def _has_answer_though_read_only(call: ApiCall) -> bool:
    return call.service == "sts" and call.operation in _HANDS_OUT_CREDENTIALS


_UNWRAPPING: Final = frozenset({"rds", "docdb", "neptune"})


def _unwrapped(service: str, shape: Shape, values: dict[str, Any]) -> tuple[Shape, dict[str, Any]]:
    """RDS answers of one structure are recorded as what is in it (REC-5.4)."""
    if service in _UNWRAPPING and len(shape.members) == 1:
        (member,) = shape.members.values()
        inner = values.get(member.name)
        if member.shape.kind == "structure" and isinstance(inner, dict):
            return member.shape, inner
    return shape, values
