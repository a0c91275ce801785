"""EC2, plain and wrapped. Spec: REC-8."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from record_shape import BOOLEAN, MOMENT, NUMBER, TEXT, call, list_of, made, member, structure

from tocsin.core.record import ApiAnswer, Member, Shape
from tocsin.core.record.ec2_key import is_wrapped, request_key

AT = datetime(2023, 7, 10, 12, 9, 21, 431_264, tzinfo=UTC)
XMLNS = "http://ec2.amazonaws.com/doc/2016-11-15/"


def shown(operation: str, shape: Shape, values: dict[str, Any]) -> Any:
    return made(call("ec2", operation, values, input=shape))["requestParameters"]


def answered(operation: str, shape: Shape | None, answer: ApiAnswer) -> Any:
    return made(call("ec2", operation, output=shape), answer)["responseElements"]


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("CreateFlowLogs", True),
        ("ModifySecurityGroupRules", True),
        ("CreateLaunchTemplate", True),
        ("AuthorizeSecurityGroupIngress", False),
        ("ReplaceRoute", False),
        ("DeleteNetworkAclEntry", False),
        ("AssociateAddress", False),
        ("ModifySnapshotAttribute", False),
        ("ReplaceNetworkAclAssociation", False),
        ("CreateVpcEndpoint", True),
    ],
)
def test_style(operation: str, expected: bool) -> None:
    assert is_wrapped(operation) is expected


def test_key_of_a_wrapped_request() -> None:
    assert request_key("CreateFlowLogs") == "CreateFlowLogsRequest"
    assert request_key("DeleteTransitGatewayVpcAttachment") == "DelTGwVpcAttachReq"


def located(shape: Shape, name: str, **traits: Any) -> Member:
    return member(shape, xml_name=name, wire_name=name[0].upper() + name[1:], **traits)


TAGS = located(list_of(structure(Key=TEXT, Value=TEXT)), "tag")
TAG_SPECIFICATIONS = located(
    list_of(structure(ResourceType=located(TEXT, "resourceType"), Tags=TAGS)), "TagSpecification"
)
FILTERS = located(list_of(structure(Name=TEXT, Values=located(list_of(TEXT), "value"))), "Filter")


def test_lists_are_sets_of_items() -> None:
    shape = structure(
        InstanceIds=located(list_of(TEXT), "InstanceId"),
        Filters=FILTERS,
        TagSpecifications=TAG_SPECIFICATIONS,
        MaxResults=NUMBER,
        DryRun=located(BOOLEAN, "dryRun"),
        Unknowns=located(list_of(TEXT), "Thing"),
    )
    values = {
        "InstanceIds": ["i-1", "i-2"],
        "Filters": [{"Name": "f", "Values": ["v"]}],
        "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "k", "Value": "v"}]}],
        "MaxResults": 5,
        "DryRun": True,
        "Unknowns": ["t"],
        "None": 1,
    }
    assert shown("StartInstances", shape, values) == {
        "instancesSet": {"items": [{"instanceId": "i-1"}, {"instanceId": "i-2"}]},
        "filterSet": {"items": [{"name": "f", "valueSet": {"items": [{"value": "v"}]}}]},
        "tagSpecificationSet": {"items": [{"resourceType": "instance", "tags": [{"key": "k", "value": "v"}]}]},
        "maxResults": 5,
        "dryRun": True,
        "thingSet": {"items": [{"thing": "t"}]},
    }


def test_describe_shows_lists_that_were_not_given() -> None:
    shape = structure(RegionNames=located(list_of(TEXT), "RegionName"), Filters=FILTERS)
    assert shown("DescribeInstances", shape, {}) == {"regionSet": {}, "filterSet": {}}
    assert shown("DescribeRegions", shape, {}) == {"regionSet": {}}
    assert shown("StartInstances", shape, {"Filters": []}) == {"filterSet": {}}
    assert shown("StartInstances", shape, {}) is None


def test_groups_by_id_and_by_name_are_one_set() -> None:
    shape = structure(
        SecurityGroupIds=located(list_of(TEXT), "SecurityGroupId"),
        SecurityGroups=located(list_of(TEXT), "SecurityGroup"),
    )
    assert shown("StartInstances", shape, {"SecurityGroupIds": ["sg-1"], "SecurityGroups": ["web"]}) == {
        "groupSet": {"items": [{"groupId": "sg-1"}, {"groupName": "web"}]}
    }


def test_permissions_have_all_their_lists() -> None:
    permission = structure(
        IpProtocol=located(TEXT, "ipProtocol"),
        IpRanges=located(list_of(structure(CidrIp=located(TEXT, "cidrIp"))), "ipRanges"),
    )
    shape = structure(GroupId=TEXT, IpPermissions=list_of(permission), CidrIp=TEXT)
    values = {"IpPermissions": [{"IpProtocol": "tcp", "IpRanges": [{"CidrIp": "192.0.2.0/24"}], "Odd": 1}]}
    assert shown("AuthorizeSecurityGroupIngress", shape, values) == {
        "ipPermissions": {
            "items": [
                {
                    "ipProtocol": "tcp",
                    "ipRanges": {"items": [{"cidrIp": "192.0.2.0/24"}]},
                    "groups": {},
                    "ipv6Ranges": {},
                    "prefixListIds": {},
                }
            ]
        }
    }
    assert shown("RevokeSecurityGroupEgress", shape, {"GroupId": "sg-1", "CidrIp": "0.0.0.0/0"}) == {
        "groupId": "sg-1",
        "cidrIp": "0.0.0.0/0",
        "ipPermissions": {},
    }


@pytest.mark.parametrize("placement", [{"Tenancy": "default", "GroupName": "g"}, {"AvailabilityZone": "a"}, {}, None])
def test_run_instances_gathers_an_entry(placement: Any) -> None:
    shape = structure(
        ImageId=TEXT,
        MinCount=NUMBER,
        MaxCount=NUMBER,
        KeyName=TEXT,
        Placement=structure(Tenancy=TEXT, AvailabilityZone=TEXT, GroupName=located(TEXT, "groupName")),
        UserData=TEXT,
        BlockDeviceMappings=located(list_of(structure(DeviceName=TEXT, NoDevice=TEXT)), "BlockDeviceMapping"),
        NetworkInterfaces=located(
            list_of(structure(Groups=located(list_of(TEXT), "SecurityGroupId"))), "networkInterface"
        ),
    )
    values = {
        "ImageId": "ami-1",
        "MinCount": 1,
        "MaxCount": 2,
        "Placement": placement,
        "UserData": "s",
        "BlockDeviceMappings": [{"DeviceName": "/dev/sdb", "NoDevice": ""}],
        "NetworkInterfaces": [{"Groups": ["sg-1"]}],
    }
    expected = {
        "instancesSet": {"items": [{"imageId": "ami-1", "minCount": 1, "maxCount": 2}]},
        "userData": "<sensitiveDataRemoved>",
        "blockDeviceMapping": {"items": [{"deviceName": "/dev/sdb", "noDevice": {}}]},
        "networkInterfaceSet": {"items": [{"groupSet": {"items": [{"groupId": "sg-1"}]}}]},
        "monitoring": {"enabled": False},
        "disableApiTermination": False,
        "disableApiStop": False,
    }
    if placement and "Tenancy" in placement:
        expected |= {"tenancy": "default", "placement": {"groupName": "g"}}
    if placement and "AvailabilityZone" in placement:
        expected |= {"availabilityZone": "a"}
    assert shown("RunInstances", shape, values) == expected


def test_members_with_names_of_their_own() -> None:
    shape = structure(AvailabilityZone=TEXT, Size=NUMBER, Attribute=TEXT, VpcId=TEXT, At=MOMENT, Description=TEXT)
    assert shown("CreateVolume", shape, {"AvailabilityZone": "a", "Size": 1}) == {"zone": "a", "size": "1"}
    assert shown("CreateSecurityGroup", shape, {"Description": "d", "At": AT}) == {
        "groupDescription": "d",
        "at": 1688990961431,
    }
    assert shown("DescribeVpcAttribute", shape, {"VpcId": "v", "Attribute": "x"}) == {"vpcId": "v"}
    assert shown("ModifyImageAttribute", shape, {"Attribute": "x"}) == {"attributeType": "x"}


WHOM = list_of(structure(UserId=located(TEXT, "userId"), Group=located(TEXT, "group")))


@pytest.mark.parametrize(
    ("values", "parameters"),
    [
        (
            {"CreateVolumePermission": {"Add": [{"UserId": "1"}, {"Group": "all"}]}},
            {"add": {"items": [{"userId": "1"}, {"group": "all"}]}},
        ),
        (
            {
                "Attribute": "createVolumePermission",
                "OperationType": "add",
                "UserIds": ["1", None],
                "GroupNames": ["all"],
            },
            {"add": {"items": [{"userId": "1"}, {"group": "all"}]}},
        ),
        (
            {"Attribute": "createVolumePermission", "OperationType": "remove", "GroupNames": ["all"]},
            {"remove": {"items": [{"group": "all"}]}},
        ),
        ({"Attribute": "createVolumePermission"}, None),
    ],
)
def test_whom_a_snapshot_is_shared_with(values: dict[str, Any], parameters: Any) -> None:
    shape = structure(
        SnapshotId=TEXT,
        Attribute=TEXT,
        OperationType=TEXT,
        UserIds=located(list_of(TEXT), "UserId"),
        GroupNames=located(list_of(TEXT), "UserGroup"),
        CreateVolumePermission=structure(Add=WHOM, Remove=WHOM),
    )
    expected = {"snapshotId": "snap-1", "attributeType": "CREATE_VOLUME_PERMISSION"}
    if parameters is not None:
        expected["createVolumePermission"] = parameters
    assert shown("ModifySnapshotAttribute", shape, {"SnapshotId": "snap-1", **values}) == expected


def test_describe_vpc_classic_link_says_item() -> None:
    shape = structure(VpcIds=located(list_of(TEXT), "VpcId"))
    assert shown("DescribeVpcClassicLink", shape, {"VpcIds": ["v"]}) == {"vpcSet": {"item": [{"vpcId": "v"}]}}


def test_sensitive_members_are_removed() -> None:
    shape = structure(
        A=member(TEXT, is_sensitive=True),
        B=list_of(member(TEXT, is_sensitive=True)),
        C=structure(KeyMaterial=TEXT),
    )
    values = {"A": "s", "B": ["s"], "C": {"KeyMaterial": "s"}}
    removed = "<sensitiveDataRemoved>"
    assert shown("StartInstances", shape, values) == {
        "a": removed,
        "bSet": {"items": [{"b": removed}]},
        "c": {"keyMaterial": removed},
    }
    assert shown("CreateLaunchTemplate", shape, values) == {
        "CreateLaunchTemplateRequest": {
            "A": removed,
            "B": {"tag": 1, "content": removed},
            "C": {"KeyMaterial": removed},
        }
    }
    answer = ApiAnswer(output=values, request_id="r")
    assert answered("StartInstances", shape, answer) == {
        "requestId": "r",
        "a": removed,
        "b": {"items": [removed]},
        "c": {"keyMaterial": removed},
    }
    assert answered("CreateLaunchTemplate", shape, answer) == {
        "CreateLaunchTemplateResponse": {
            "xmlns": XMLNS,
            "requestId": "r",
            "A": removed,
            "B": {"item": removed},
            "C": {"KeyMaterial": removed},
        }
    }


# --- wrapped ----------------------------------------------------------------------------------------------


def test_wrapped_request_is_the_form() -> None:
    shape = structure(
        ResourceIds=member(list_of(TEXT), wire_name="ResourceId"),
        Max=NUMBER,
        Tags=member(list_of(structure(Key=TEXT, Value=TEXT)), wire_name="Tag"),
        Inner=structure(At=MOMENT, Text=TEXT),
        Empty=list_of(TEXT),
    )
    values = {
        "ResourceIds": ["a", "b"],
        "Max": 600,
        "Tags": [{"Key": "k", "Value": "true", "Odd": 1}],
        "Inner": {"At": AT, "Text": None},
        "Empty": [],
        "Unknown": 1,
    }
    assert shown("CreateFlowLogs", shape, values) == {
        "CreateFlowLogsRequest": {
            "ResourceId": [{"tag": 1, "content": "a"}, {"tag": 2, "content": "b"}],
            "Max": 600,
            "Tag": {"tag": 1, "Key": "k", "Value": True},
            "Inner": {"At": "2023-07-10T12:09:21.431Z"},
        }
    }
    assert shown("DescribeNatGateways", shape, {}) == {"DescribeNatGatewaysRequest": ""}


def test_a_request_that_could_not_be_read_has_no_parameters() -> None:
    assert made(call("ec2", "CreateFlowLogs", input=structure(A=TEXT)))["requestParameters"] is None
    assert made(call("ec2", "CreateFlowLogs"))["requestParameters"] is None


def test_wrapped_answer_is_the_document() -> None:
    shape = structure(
        Gone=located(list_of(structure(A=TEXT)), "unsuccessful"),
        Ids=located(list_of(member(TEXT, xml_name="item")), "flowLogIdSet"),
        Many=located(list_of(TEXT), "manySet"),
        Inner=located(structure(At=located(MOMENT, "creationTime")), "inner"),
        Empty=located(structure(), "empty"),
        Flag=located(BOOLEAN, "flag"),
    )
    output = {
        "Gone": [],
        "Ids": ["fl-1"],
        "Many": ["1", "x"],
        "Inner": {"At": AT},
        "Empty": {},
        "Flag": True,
        "None": None,
    }
    assert answered("CreateFlowLogs", shape, ApiAnswer(output=output, request_id="r")) == {
        "CreateFlowLogsResponse": {
            "xmlns": XMLNS,
            "requestId": "r",
            "unsuccessful": "",
            "flowLogIdSet": {"item": "fl-1"},
            "manySet": {"item": [1, "x"]},
            "inner": {"creationTime": "2023-07-10T12:09:21.431Z"},
            "empty": "",
            "flag": True,
        }
    }
    assert answered("DeleteLaunchTemplate", None, ApiAnswer(output={}, request_id="r")) == {
        "DeleteLaunchTemplateResponse": {"xmlns": XMLNS, "requestId": "r", "return": True}
    }


# --- plain answers ----------------------------------------------------------------------------------------


def test_plain_answer_has_items() -> None:
    shape = structure(
        Return=located(BOOLEAN, "return"),
        VolumeSize=located(NUMBER, "volumeSize"),
        Vpc=located(structure(Tags=located(list_of(structure(Key=located(TEXT, "key"))), "tagSet")), "vpc"),
        Things=located(list_of(structure(A=TEXT)), "thingSet"),
        At=located(MOMENT, "startTime"),
        Odd=located(structure(A=TEXT), "odd"),
    )
    output = {
        "Return": True,
        "VolumeSize": 1,
        "Vpc": {"Tags": [{"Key": "k"}], "Unknown": 1},
        "Things": [],
        "At": AT,
        "Odd": "text",
    }
    assert answered("CreateVpc", shape, ApiAnswer(output=output, request_id="r")) == {
        "requestId": "r",
        "_return": True,
        "volumeSize": "1",
        "vpc": {"tagSet": {"items": [{"key": "k"}]}},
        "thingSet": {},
        "startTime": 1688990961431,
        "odd": "text",
    }


def test_answer_of_a_new_volume_names_its_zone() -> None:
    shape = structure(AvailabilityZone=located(TEXT, "availabilityZone"))
    answer = ApiAnswer(output={"AvailabilityZone": "a"}, request_id="r")
    assert answered("CreateVolume", shape, answer) == {"requestId": "r", "zone": "a"}
    assert answered("CreateSubnet", shape, answer) == {"requestId": "r", "availabilityZone": "a"}


def test_answer_that_is_only_true() -> None:
    assert answered("DeleteVpc", None, ApiAnswer(output={}, request_id="r")) == {"requestId": "r", "_return": True}
    assert answered("DeleteVpc", None, ApiAnswer(output={})) == {"_return": True}
    shape = structure(GroupId=located(TEXT, "groupId"))
    answer = ApiAnswer(output={"GroupId": "sg-1"}, request_id="r", is_true=True)
    assert answered("CreateSecurityGroup", shape, answer) == {"requestId": "r", "_return": True, "groupId": "sg-1"}
    assert answered("CreateSecurityGroup", shape, ApiAnswer(output={})) is None


def test_addresses_of_an_interface_say_item() -> None:
    addresses = located(list_of(structure(A=TEXT)), "privateIpAddressesSet")
    shape = structure(NetworkInterface=located(structure(PrivateIpAddresses=addresses), "networkInterface"))
    answer = ApiAnswer(output={"NetworkInterface": {"PrivateIpAddresses": [{"A": "a"}]}}, request_id="r")
    assert answered("CreateNetworkInterface", shape, answer) == {
        "requestId": "r",
        "networkInterface": {"privateIpAddressesSet": {"item": [{"a": "a"}]}},
    }
