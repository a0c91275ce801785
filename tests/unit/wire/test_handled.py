"""A call that this process answered becomes the record that one over the network would have become. Spec: WIRE-10.5."""

from __future__ import annotations

from typing import Any

import pytest
from recorded_call import CIRCUMSTANCES, MODELS, client, record, sent

from tocsin.core.record import ApiAnswer, record_of
from tocsin.wire.call import Call
from tocsin.wire.codec import decode_input, encode_fault, encode_output
from tocsin.wire.detection import detect
from tocsin.wire.fault import Fault
from tocsin.wire.handled import handled_answer, handled_call, handled_fault

TOPIC = "arn:aws:sns:eu-west-1:111122223333:t"


def handled(service: str, method: str, parameters: dict[str, Any]) -> tuple[Any, Call, Any]:
    request = sent(client(service), method, parameters)
    call = detect(request, MODELS)
    return request, call, handled_call(call, decode_input(call, request.body), region="eu-west-1")


def shown(call: Any, answer: ApiAnswer) -> dict[str, Any]:
    return record_of(call, answer, CIRCUMSTANCES)


@pytest.mark.parametrize(
    ("service", "method", "parameters", "result"),
    [
        ("sns", "create_topic", {"Name": "t"}, {"TopicArn": TOPIC}),
        ("sns", "publish", {"TopicArn": TOPIC, "Message": "hush"}, {"MessageId": "m"}),
        ("logs", "create_log_group", {"logGroupName": "g"}, None),
        ("cloudwatch", "delete_alarms", {"AlarmNames": ["a"]}, None),
        ("sts", "get_caller_identity", {}, {"Account": "111122223333"}),
    ],
)
def test_the_same_record_as_over_the_network(
    service: str, method: str, parameters: dict[str, Any], result: dict[str, Any] | None
) -> None:
    request, call, api_call = handled(service, method, parameters)
    answer = encode_output(call, result, "r-1")
    headers = {name.lower(): value for name, value in answer.headers}
    assert shown(api_call, handled_answer(result, "r-1")) == record(request, answer.body, headers=headers)


@pytest.mark.parametrize(
    ("service", "method", "parameters", "fault", "code"),
    [
        ("sns", "delete_topic", {"TopicArn": TOPIC}, Fault("NotFoundException", "no"), "NotFoundException"),
        ("logs", "delete_log_group", {"logGroupName": "g"}, Fault("ResourceNotFoundException", "no"), "ResourceNotFoundException"),
        ("cloudwatch", "delete_alarms", {"AlarmNames": ["a"]}, Fault("ResourceNotFound", "no"), "ResourceNotFound"),
        ("sns", "delete_topic", {"TopicArn": TOPIC}, Fault("AuthorizationErrorException", "no"), "AuthorizationErrorException"),
    ],
)  # fmt: skip
def test_the_same_error_as_over_the_network(
    service: str, method: str, parameters: dict[str, Any], fault: Fault, code: str
) -> None:
    request, call, api_call = handled(service, method, parameters)
    answer = encode_fault(call, fault, "r-1")
    headers = {name.lower(): value for name, value in answer.headers}
    made = shown(api_call, handled_fault(call, fault, "r-1"))
    assert made == record(request, answer.body, status=answer.status, headers=headers)
    assert (made["errorCode"], made["errorMessage"]) == (code, "no")


def test_a_request_that_could_not_be_read_has_no_parameters() -> None:
    _, call, _ = handled("sns", "create_topic", {"Name": "t"})
    made = shown(handled_call(call, None, region="eu-west-1"), handled_answer(b"<a/>", "r-1"))
    assert made["requestParameters"] is None
    assert made["responseElements"] is None
