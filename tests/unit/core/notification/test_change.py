"""What a call changed (R-1, CON-4.5)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from alarm_message import call

from tocsin.core.notification.change import PortRule, port_rules, tell_changes

GRANT = "http://acs.amazonaws.com/groups/global/AllUsers"
OPEN = json.dumps({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})


def permission(
    protocol: str, first: int | None = None, last: int | None = None, **lists: list[dict[str, str]]
) -> dict[str, Any]:
    """One entry of ipPermissions with its four lists (REC-8.5)."""
    ports = {} if first is None else {"fromPort": first, "toPort": last}
    empty: dict[str, Any] = {"groups": {}, "ipRanges": {}, "ipv6Ranges": {}, "prefixListIds": {}}
    return {"ipProtocol": protocol, **ports, **empty, **{name: {"items": items} for name, items in lists.items()}}


def group(*permissions: dict[str, Any]) -> dict[str, Any]:
    """Parameters of a call on a security group."""
    return {"groupId": "sg-1", "ipPermissions": {"items": list(permissions)}}


SSH = permission("tcp", 22, 22, ipRanges=[{"cidrIp": "0.0.0.0/0"}])


@pytest.mark.parametrize(
    ("parameters", "wanted"),
    [
        (group(SSH), [("tcp 22", "0.0.0.0/0")]),
        (group(permission("udp", 1000, 2000, ipv6Ranges=[{"cidrIpv6": "::/0"}])), [("udp 1000-2000", "::/0")]),
        (group(permission("-1", ipRanges=[{"cidrIp": "10.0.0.0/8"}])), [("all traffic", "10.0.0.0/8")]),
        (group(permission("tcp", 0, 65535, groups=[{"groupId": "sg-2"}])), [("tcp, all ports", "sg-2")]),
        (group(permission("icmp", -1, -1, prefixListIds=[{"prefixListId": "pl-1"}])), [("icmp", "pl-1")]),
        (group(permission("6", 443, 443)), [("tcp 443", "")]),
        # What is open to everybody comes first.
        (
            group(permission("tcp", 443, 443, ipRanges=[{"cidrIp": "192.0.2.0/24"}]), SSH),
            [("tcp 22", "0.0.0.0/0"), ("tcp 443", "192.0.2.0/24")],
        ),
        (
            {
                "groupId": "sg-1",
                "ipPermissions": {},
                "ipProtocol": "tcp",
                "fromPort": 22,
                "toPort": 22,
                "cidrIp": "192.0.2.1/32",
            },
            [("tcp 22", "192.0.2.1/32")],
        ),
        (
            {
                "ModifySecurityGroupRulesRequest": {
                    "GroupId": "sg-1",
                    "SecurityGroupRule": {
                        "tag": 1,
                        "SecurityGroupRuleId": "sgr-1",
                        "SecurityGroupRule": {
                            "IpProtocol": "tcp",
                            "FromPort": 22,
                            "ToPort": 22,
                            "CidrIpv4": "0.0.0.0/0",
                        },
                    },
                }
            },
            [("tcp 22", "0.0.0.0/0")],
        ),
        ({"groupId": "sg-1", "ipPermissions": {"items": ["x", None, {}]}}, []),
        ({"groupId": "sg-1"}, []),
    ],
)
def test_port_rules(parameters: dict[str, Any], wanted: list[tuple[str, str]]) -> None:
    assert port_rules(call(requestParameters=parameters)) == [PortRule(*rule) for rule in wanted]


def test_rules_taken_back_by_id_are_told_from_the_answer() -> None:
    made = call(
        service="ec2",
        eventName="RevokeSecurityGroupIngress",
        requestParameters={"groupId": "sg-1", "securityGroupRuleIds": {"items": [{"securityGroupRuleId": "sgr-1"}]}},
        responseElements={
            "revokedSecurityGroupRuleSet": {
                "items": [{"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "cidrIpv4": "0.0.0.0/0"}]
            }
        },
    )
    assert tell_changes(made) == ["- tcp 22 from 0.0.0.0/0"]


def test_a_flood_of_rules_does_not_hide_the_open_one() -> None:
    many = [permission("tcp", port, port, ipRanges=[{"cidrIp": "192.0.2.0/24"}]) for port in range(900)]
    assert port_rules(call(requestParameters=group(*many, SSH)))[0] == ("tcp 22", "0.0.0.0/0")
    assert len(port_rules(call(requestParameters=group(*many * 4)))) <= 2000


@pytest.mark.parametrize(
    ("source", "parameters", "wanted"),
    [
        ("ec2:AuthorizeSecurityGroupIngress", group(SSH), ["+ tcp 22 from 0.0.0.0/0"]),
        ("ec2:AuthorizeSecurityGroupEgress", group(SSH), ["+ tcp 22 to 0.0.0.0/0"]),
        ("ec2:RevokeSecurityGroupEgress", group(permission("tcp", 1, 1)), ["- tcp 1"]),
        (
            "ec2:CreateNetworkAclEntry",
            {
                "ruleAction": "allow",
                "egress": False,
                "cidrBlock": "0.0.0.0/0",
                "aclProtocol": "6",
                "portRange": {"from": 22, "to": 22},
            },
            ["= allow tcp 22 in from 0.0.0.0/0"],
        ),
        (
            "ec2:ReplaceNetworkAclEntry",
            {"ruleAction": "deny", "egress": True, "ipv6CidrBlock": "::/0", "protocol": "-1"},
            ["= deny all traffic out to ::/0"],
        ),
        ("ec2:CreateNetworkAclEntry", {}, []),
        ("ec2:ModifyVpcAttribute", {"vpcId": "vpc-1", "enableDnsSupport": {"value": False}}, ["value = false"]),
        # What is switched off comes first.
        (
            "cloudtrail:UpdateTrail",
            {"name": "main", "s3BucketName": "b", "isMultiRegionTrail": True, "enableLogFileValidation": False},
            ["enableLogFileValidation = false", "isMultiRegionTrail = true", "s3BucketName = b"],
        ),
        (
            "cloudtrail:PutEventSelectors",
            {"eventSelectors": [{"includeManagementEvents": False, "readWriteType": "WriteOnly"}]},
            ["includeManagementEvents = false", "readWriteType = WriteOnly"],
        ),
        ("iam:PutUserPolicy", {"policyDocument": OPEN}, ["+ allow * on *"]),
        ("iam:PutUserPolicy", {"policyDocument": "%7B%7D"}, []),
        (
            "s3:PutBucketPolicy",
            {"bucketPolicy": {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}]}},
            ["+ allow s3:GetObject to everyone"],
        ),
        ("s3:PutBucketAcl", {"bucketName": "b", "x-amz-acl": ["public-read"]}, ["= public-read"]),
        (
            "s3:PutBucketAcl",
            {
                "AccessControlPolicy": {
                    "AccessControlList": {
                        "Grant": [
                            {"Grantee": {"ID": "owner"}, "Permission": "FULL_CONTROL"},
                            {"Grantee": {"URI": GRANT}, "Permission": "READ"},
                            {"Grantee": {}, "Permission": "READ"},
                            "x",
                        ]
                    }
                }
            },
            ["+ READ to AllUsers", "+ FULL_CONTROL to owner"],
        ),
        ("iam:CreateUser", {"userName": "bob"}, []),
        (
            "iam:PutRolePolicy",
            {"omitted": True, "originalSize": 131_136, "reason": "requestParameters too large"},
            ["the parameters are not in the record: too large (131136 bytes)"],
        ),
        ("x:Y", {"omitted": "true"}, ["the parameters are not in the record: too large"]),
    ],
)
def test_tell_changes(source: str, parameters: dict[str, Any], wanted: list[str]) -> None:
    service, _, name = source.partition(":")
    assert tell_changes(call(service=service, eventName=name, requestParameters=parameters)) == wanted
