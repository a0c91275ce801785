"""How the parameters of a call are read (CT-2.9, REC-8, REC-9)."""

from __future__ import annotations

from typing import Any

import pytest
from alarm_message import call


@pytest.mark.parametrize(
    ("parameters", "path", "wanted"),
    [
        ({"name": "main"}, "name", ["main"]),
        ({"Name": "main"}, "name", ["main"]),
        ({"name": "main"}, "Name", ["main"]),
        ({"a": {"b": 7}}, "a.b", ["7"]),
        ({"a": {"b": False}}, "a.b", ["false"]),
        ({"a": [1, {"b": 2}, "x"]}, "a", ["1", "x"]),
        (
            {"instancesSet": {"items": [{"instanceId": "i-1"}, {"instanceId": "i-2"}]}},
            "instancesSet.instanceId",
            ["i-1", "i-2"],
        ),
        ({"set": {"item": {"id": "x"}}}, "set.id", ["x"]),
        # EC2's newer style (REC-8.9): one key, wire names, elements with numbers.
        ({"DeleteFlowLogsRequest": {"FlowLogId": {"tag": 1, "content": "fl-1"}}}, "flowLogId", ["fl-1"]),
        ({"DelTGwVpcAttachReq": {"TransitGatewayAttachmentId": "tgw-1"}}, "transitGatewayAttachmentId", ["tgw-1"]),
        ({"DescribeNatGatewaysRequest": ""}, "natGatewayId", []),
        ({"a": "x"}, "a.b", []),
        ({"a": {"c": 1}}, "a.b", []),
        ({"a": None, "b": {}, "c": ""}, "a", []),
        ({}, "a", []),
        (None, "a", []),
        ("null", "a", []),
    ],
)
def test_texts(parameters: Any, path: str, wanted: list[str]) -> None:
    made = call(requestParameters=parameters)
    assert list(made.texts(path)) == wanted
    assert made.parameter(path) == (wanted[0] if wanted else "")


def test_the_answer_is_read_after_a_mark() -> None:
    made = call(requestParameters={"groupId": "sg-1"}, responseElements={"groupId": "sg-2"})
    assert (made.parameter("groupId"), made.parameter(">groupId")) == ("sg-1", "sg-2")


def test_only_so_many_elements_are_looked_at() -> None:
    assert sum(1 for _ in call(requestParameters={"a": list(range(20_000))}).texts("a")) == 10_000


@pytest.mark.parametrize(
    ("members", "wanted"),
    [
        ({}, "done"),
        ({"errorCode": "AccessDenied"}, "denied"),
        ({"errorCode": "Client.UnauthorizedOperation"}, "denied"),
        ({"errorCode": "VpceAccessDenied"}, "denied"),
        ({"errorCode": "ForbiddenException"}, "denied"),
        ({"errorCode": "NotAuthorizedException"}, "denied"),
        ({"errorCode": "TrailNotFoundException"}, "failed"),
        ({"errorCode": ""}, "done"),
        ({"eventName": "ConsoleLogin", "errorMessage": "Failed authentication"}, "failed"),
        ({"eventName": "ConsoleLogin", "responseElements": {"ConsoleLogin": "Failure"}}, "failed"),
        ({"eventName": "ConsoleLogin", "responseElements": {"ConsoleLogin": "Success"}}, "done"),
    ],
)
def test_result(members: dict[str, Any], wanted: str) -> None:
    assert call(**members).result == wanted


@pytest.mark.parametrize(
    ("members", "service", "name"),
    [
        ({"service": "lambda", "eventName": "UpdateFunctionCode20150331v2"}, "lambda", "UpdateFunctionCode"),
        ({"service": "lambda", "eventName": "CreateFunction20150331"}, "lambda", "CreateFunction"),
        (
            {
                "eventSource": "",
                "eventName": "",
                "insightDetails": {"eventSource": "ec2.amazonaws.com", "eventName": "X"},
            },
            "ec2",
            "X",
        ),
        ({"eventSource": 7, "eventName": None}, "7", ""),
    ],
)
def test_service_and_name(members: dict[str, Any], service: str, name: str) -> None:
    made = call(**members)
    assert (made.service, made.name) == (service, name)
