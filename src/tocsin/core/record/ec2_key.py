"""How records of EC2 name what was asked: operations in the wrapped style, keys of the plain one. Spec: REC-8.

The tables were made of real records; `docs/spec/ec2-request-keys.txt` lists what was seen.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

import msgspec

_WRAPPED_NAMES: Final = (
    "CreateFlowLogs DeleteFlowLogs DescribeFlowLogs CreateNatGateway DeleteNatGateway DescribeNatGateways "
    "DescribeEgressOnlyInternetGateways DescribeAddressTransfers DescribeAddressesAttribute DescribeHosts "
    "DescribeInstanceCreditSpecifications DescribeInstanceTypes DescribeInstanceTypeOfferings DescribeLaunchTemplates "
    "DescribeLaunchTemplateVersions DescribeVpcClassicLinkDnsSupport DescribeVpcEndpoints "
    "DescribeVpcEndpointServiceConfigurations DescribeVpcEndpointConnectionNotifications EnableSerialConsoleAccess "
    "DeleteTransitGatewayVpcAttachment ModifySecurityGroupRules"
)
"""Seen in the wrapped style (REC-8.11)."""

_PLAIN_NAMES: Final = (
    "AuthorizeSecurityGroupEgress AuthorizeSecurityGroupIngress RevokeSecurityGroupEgress RevokeSecurityGroupIngress "
    "CreateTags DeleteTags DescribeAccountAttributes DescribeAvailabilityZones DescribeInstanceStatus DescribeRegions "
    "DescribeVolumeStatus DescribeVpcClassicLink GetPasswordData"
)
"""Seen in the plain style, though their nouns do not tell."""

_WRAPPED: Final = frozenset(_WRAPPED_NAMES.split())
_PLAIN: Final = frozenset(_PLAIN_NAMES.split())

_PLAIN_NOUN: Final = re.compile(
    "(?:Instances?|Images?|Snapshots?|Volumes?|SecurityGroups?|Vpcs?|VpcPeeringConnections?|Subnets?|RouteTables?|Route"
    "|InternetGateways?|NetworkAcls?|NetworkAclEntry|NetworkInterfaces?|DhcpOptions|KeyPairs?|Address(?:es)?|Tags"
    "|PlacementGroups?|VpnConnections?|VpnGateways?|CustomerGateways?|SpotInstanceRequests|SpotInstances"
    "|ReservedInstances)(?:Attribute|Association)?",
    re.ASCII,
)
_VERB: Final = re.compile("[A-Z][a-z]+", re.ASCII)

_REQUEST_KEYS: Final = {"DeleteTransitGatewayVpcAttachment": "DelTGwVpcAttachReq"}
"""Wrapped requests whose key is not `<Op>Request`."""


@lru_cache(maxsize=1024)
def is_wrapped(operation: str) -> bool:
    """Do records of the operation show form and document as they are (REC-8.9), not by the model (REC-8.1)?"""
    if operation in _WRAPPED:
        return True
    if operation in _PLAIN:
        return False
    return _PLAIN_NOUN.fullmatch(_VERB.sub("", operation, count=1)) is None


def request_key(operation: str) -> str:
    """The one key of a wrapped request."""
    return _REQUEST_KEYS.get(operation, f"{operation}Request")


class ListKey(msgspec.Struct, frozen=True):
    """What a list is called, and the key of each of its elements that is no structure; empty: by its name."""

    key: str
    item: str = ""


_LISTS: Final = {
    "InstanceIds": ListKey("instancesSet", "instanceId"),
    "ImageIds": ListKey("imagesSet", "imageId"),
    "Owners": ListKey("ownersSet", "owner"),
    "OwnerIds": ListKey("ownersSet", "owner"),
    "RestorableByUserIds": ListKey("sharedUsersSet"),
    "VolumeIds": ListKey("volumeSet", "volumeId"),
    "SnapshotIds": ListKey("snapshotSet", "snapshotId"),
    "SubnetIds": ListKey("subnetSet", "subnetId"),
    "VpcIds": ListKey("vpcSet", "vpcId"),
    "VpnConnectionIds": ListKey("vpnConnectionSet"),
    "VpnGatewayIds": ListKey("vpnGatewaySet"),
    "CustomerGatewayIds": ListKey("customerGatewaySet"),
    "DhcpOptionsIds": ListKey("dhcpOptionsSet"),
    "KeyNames": ListKey("keySet"),
    "RegionNames": ListKey("regionSet"),
    "ZoneNames": ListKey("availabilityZoneSet"),
    "ZoneIds": ListKey("availabilityZoneIdSet"),
    "PublicIps": ListKey("publicIpsSet", "publicIp"),
    "AllocationIds": ListKey("allocationIdsSet", "allocationId"),
    "AttributeNames": ListKey("accountAttributeNameSet", "attributeName"),
    "Versions": ListKey("versionsSet", "version"),
    "Resources": ListKey("resourcesSet", "resourceId"),
    "SecurityGroupIds": ListKey("groupSet", "groupId"),
    "Groups": ListKey("groupSet", "groupId"),
    "SecurityGroups": ListKey("groupSet", "groupName"),
    "BlockDeviceMappings": ListKey("blockDeviceMapping"),
    "IpPermissions": ListKey("ipPermissions"),
}
"""Lists by the model's name of the member (REC-8.3); all others by their name on the wire."""

_LISTS_OF_OPERATIONS: Final = {
    ("DescribeSecurityGroups", "GroupIds"): ListKey("securityGroupIdSet", "groupId"),
    ("DescribeSecurityGroups", "GroupNames"): ListKey("securityGroupSet", "groupName"),
    ("DescribePlacementGroups", "GroupIds"): ListKey("placementGroupIdSet", "groupId"),
    ("DescribePlacementGroups", "GroupNames"): ListKey("placementGroupSet", "groupName"),
}

_MEMBERS: Final = {
    ("CreateVolume", "AvailabilityZone"): "zone",
    ("CreateSecurityGroup", "Description"): "groupDescription",
    ("ModifyImageAttribute", "Attribute"): "attributeType",
    ("ModifySnapshotAttribute", "Attribute"): "attributeType",
    ("CreateNetworkAclEntry", "Protocol"): "aclProtocol",
    ("ReplaceNetworkAclEntry", "Protocol"): "aclProtocol",
    ("CreateNetworkAclEntry", "IcmpTypeCode"): "icmpTypeCode",
    ("ReplaceNetworkAclEntry", "IcmpTypeCode"): "icmpTypeCode",
}
"""Other members whose key is not their name on the wire (REC-8.4)."""

PERMISSION_ATTRIBUTES: Final = {
    "ModifySnapshotAttribute": "createVolumePermission",
    "ModifyImageAttribute": "launchPermission",
}
PERMISSIONS: Final = {
    "ModifySnapshotAttribute": ("CreateVolumePermission", "CREATE_VOLUME_PERMISSION", "GroupNames"),
    "ModifyImageAttribute": ("LaunchPermission", "launchPermission", "UserGroups"),
}
"""Calls that let others in: the member that says whom, the attribute as records have it, the flat list of groups."""

LEFT_OUT: Final = frozenset({("DescribeVpcAttribute", "Attribute")})
"""Members that records do not show [seen in 67 records]."""

DEFAULTS: Final[dict[str, dict[str, Any]]] = {
    "DescribeInstanceStatus": {"includeAllInstances": False},
    "DeleteSnapshot": {"force": False},
    "DeleteVolume": {"reportVolumeFailure": False},
    "CreateVpc": {"instanceTenancy": "default", "amazonProvidedIpv6CidrBlock": False},
    "RunInstances": {
        "blockDeviceMapping": {},
        "monitoring": {"enabled": False},
        "disableApiTermination": False,
        "disableApiStop": False,
    },
    "StopInstances": {"force": False},
    "CreateNetworkInterface": {"groupSet": {}, "privateIpAddressesSet": {}},
    "CreateNetworkAclEntry": {"icmpTypeCode": {}, "portRange": {}},
    "ReplaceNetworkAclEntry": {"icmpTypeCode": {}, "portRange": {}},
    "DescribeAccountAttributes": {"filterSet": {}},
    **{
        f"{verb}SecurityGroup{direction}": {"ipPermissions": {}}
        for verb in ("Authorize", "Revoke")
        for direction in ("Ingress", "Egress")
    },
}
"""What records show of calls that did not send it (REC-8.5 to REC-8.7)."""

LISTS_OF_ITEM: Final = frozenset({"privateIpAddressesSet"})
"""Lists of answers that say `item` where all others say `items` [seen in network interfaces, 9 records]."""

PERMISSION_LISTS: Final = ("groups", "ipRanges", "ipv6Ranges", "prefixListIds")
"""Always there in each of the ipPermissions (REC-8.5)."""

EMPTY_LISTS_OF: Final[dict[str, frozenset[str]]] = {"DescribeRegions": frozenset({"RegionNames"})}
"""Describe calls that do not show all of their lists when they were not given (REC-8.6)."""


def list_key(operation: str, member: str) -> ListKey | None:
    """The key of a list that does not go by its name on the wire."""
    return _LISTS_OF_OPERATIONS.get((operation, member)) or _LISTS.get(member)


def answer_key(operation: str, xml_name: str) -> str | None:
    """The key of an element of an answer that does not go by its name."""
    if xml_name == "return":
        return "_return"
    return "zone" if operation == "CreateVolume" and xml_name == "availabilityZone" else None


def member_key(operation: str, member: str) -> str | None:
    """The key of any other member that does not go by its name on the wire."""
    return _MEMBERS.get((operation, member))
