"""What a call changed, as lines: `+ tcp 22 from 0.0.0.0/0`, `isMultiRegionTrail = false`.

Rule: a line says what the record holds. `+` was added, `-` taken away, `=` set; what was there before
is told only where the record has it. What reaches furthest comes first, so that a flood of harmless
changes in one call cannot push it out. Spec: R-1, CON-4.5, CT-2.6, REC-8.5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from tocsin.core.event import lexeme
from tocsin.core.notification.policy_statement import tell_policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tocsin.core.event import JsonValue
    from tocsin.core.notification.call import Call

EVERYWHERE: Final = frozenset({"0.0.0.0/0", "::/0"})
"""The address ranges that hold every address."""

# Rules of one call that are read; a security group has at most 1,000.
_MOST_RULES = 2_000


class PortRule(NamedTuple):
    """One rule of a security group: protocol and ports in words, and who is at the other end."""

    ports: str
    peer: str


def port_rules(call: Call) -> list[PortRule]:
    """The rules that a call on a security group names, those for every address first (REC-8.5)."""
    rules: list[PortRule] = []
    for permission in call.nodes("ipPermissions"):
        _add_permission(rules, permission)
    if not rules and call.parameters.get("ipProtocol") is not None:
        _add_permission(rules, call.parameters)
    if not rules:
        # Rules edited in place, and rules taken back by their ids: the answer tells what they were.
        for path in ("securityGroupRule.securityGroupRule", ">securityGroupRuleSet", ">revokedSecurityGroupRuleSet"):
            for node in call.nodes(path):
                _add_permission(rules, node)
    return sorted(dict.fromkeys(rules), key=lambda rule: rule.peer not in EVERYWHERE)


_PEERS = (
    *("cidrIp", "ipRanges.cidrIp", "cidrIpv4", "cidrIpv6", "ipv6Ranges.cidrIpv6"),
    *("groups.groupId", "groups.groupName", "referencedGroupId", "referencedGroupInfo.groupId"),
    *("prefixListIds.prefixListId", "prefixListId", "sourceSecurityGroupName"),
)


def permission_rules(permission: JsonValue) -> list[PortRule]:
    """The rules in one entry of ipPermissions, or in one rule of an answer (REC-8.5); none where it is neither."""
    rules: list[PortRule] = []
    _add_permission(rules, permission)
    return rules


def _add_permission(rules: list[PortRule], permission: JsonValue) -> None:
    if not isinstance(permission, dict):
        return
    ports = _ports(_one(permission, "ipProtocol"), _one(permission, "fromPort"), _one(permission, "toPort"))
    found = False
    for path in _PEERS:
        for peer in _all(permission, path):
            found = True
            if len(rules) < _MOST_RULES:
                rules.append(PortRule(ports, peer))
    if not found and ports:
        rules.append(PortRule(ports, ""))


def _ports(protocol: str, first: str, last: str) -> str:
    protocol = {"-1": "all traffic", "6": "tcp", "17": "udp", "1": "icmp"}.get(protocol, protocol)
    if protocol == "all traffic" or first in {"", "-1"}:
        return protocol
    if (first, last) == ("0", "65535"):
        return f"{protocol}, all ports"
    return f"{protocol} {first}" if last in {"", first} else f"{protocol} {first}-{last}"


def _one(value: dict[str, JsonValue], name: str) -> str:
    return next(iter(_all(value, name)), "")


def _all(value: JsonValue, path: str) -> list[str]:
    """Every text at a path, with either case of the first letters, through lists."""
    nodes = [value]
    for name in path.split("."):
        swapped = name[:1].upper() + name[1:]
        below: list[JsonValue] = []
        for node in nodes:
            if isinstance(node, dict):
                inner = node.get(name, node.get(swapped, None))
                if isinstance(inner, dict) and "items" in inner:
                    inner = inner["items"]
                below += inner if isinstance(inner, list) else [inner]
        nodes = below
    return [text for text in map(lexeme, nodes) if text]


def tell_changes(call: Call) -> list[str]:
    """What the call changed, or would have changed, one change a line, what matters most first."""
    omitted = _omitted(call)
    if omitted:
        return omitted
    teller = _TELLERS.get(f"{call.service}:{call.name}")
    return teller(call) if teller is not None else []


def _omitted(call: Call) -> list[str]:
    """A call whose parameters were too large for its record: a way to hide them (CT-2.6)."""
    if call.parameter("omitted") != "true":
        return []
    size = call.parameter("originalSize")
    return [f"the parameters are not in the record: too large{f' ({size} bytes)' if size else ''}"]


def _rules_of(sign: str, side: str) -> Callable[[Call], list[str]]:
    def tell(call: Call) -> list[str]:
        return [f"{sign} {rule.ports}{f' {side} {rule.peer}' if rule.peer else ''}" for rule in port_rules(call)]

    return tell


def _settings_of(*names: str) -> Callable[[Call], list[str]]:
    def tell(call: Call) -> list[str]:
        return _settings(call, names)

    return tell


def _settings(call: Call, names: Iterable[str]) -> list[str]:
    """The parameters of those names that are given; what is switched off first."""
    lines = [f"{name.rpartition('.')[2]} = {text}" for name in names if (text := ", ".join(call.texts(name)))]
    return sorted(lines, key=lambda line: not line.endswith("= false"))


def _policy_of(path: str) -> Callable[[Call], list[str]]:
    def tell(call: Call) -> list[str]:
        return [line for document in call.nodes(path) for line in tell_policy(document)]

    return tell


def _acl_entry(call: Call) -> list[str]:
    side = "out to" if call.parameter("egress") == "true" else "in from"
    ports = _ports(
        call.parameter("aclProtocol") or call.parameter("protocol"),
        call.parameter("portRange.from"),
        call.parameter("portRange.to"),
    )
    peer = call.parameter("cidrBlock") or call.parameter("ipv6CidrBlock")
    action = call.parameter("ruleAction")
    return [f"= {action} {ports} {side} {peer}"] if action and peer else []


def _bucket_acl(call: Call) -> list[str]:
    lines = [f"= {acl}" for acl in call.texts("x-amz-acl")]
    for node in call.nodes("AccessControlPolicy.AccessControlList.Grant"):
        grantee = _one_of(_all(node, "Grantee.URI") + _all(node, "Grantee.ID") + _all(node, "Grantee.EmailAddress"))
        permission = _one_of(_all(node, "Permission"))
        if grantee and permission:
            lines.append(f"+ {permission} to {grantee.rpartition('/')[2]}")
    return sorted(lines, key=lambda line: "AllUsers" not in line and "AuthenticatedUsers" not in line)


def _one_of(texts: list[str]) -> str:
    return texts[0] if texts else ""


_TRAIL = (
    *("isMultiRegionTrail", "includeGlobalServiceEvents", "enableLogFileValidation", "isOrganizationTrail"),
    *("s3BucketName", "s3KeyPrefix", "cloudWatchLogsLogGroupArn", "cloudWatchLogsRoleArn", "kmsKeyId", "snsTopicName"),
)
_SELECTORS = (
    *("eventSelectors.includeManagementEvents", "eventSelectors.readWriteType"),
    *("eventSelectors.excludeManagementEventSources", "advancedEventSelectors.name"),
)
_PUBLIC_ACCESS = tuple(
    f"PublicAccessBlockConfiguration.{name}"
    for name in ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
)

_TELLERS: Final[dict[str, Callable[[Call], list[str]]]] = {
    "ec2:AuthorizeSecurityGroupIngress": _rules_of("+", "from"),
    "ec2:AuthorizeSecurityGroupEgress": _rules_of("+", "to"),
    "ec2:RevokeSecurityGroupIngress": _rules_of("-", "from"),
    "ec2:RevokeSecurityGroupEgress": _rules_of("-", "to"),
    "ec2:ModifySecurityGroupRules": _rules_of("=", "for"),
    "ec2:CreateNetworkAclEntry": _acl_entry,
    "ec2:ReplaceNetworkAclEntry": _acl_entry,
    "ec2:ModifyVpcAttribute": _settings_of("enableDnsSupport.value", "enableDnsHostnames.value"),
    "cloudtrail:CreateTrail": _settings_of(*_TRAIL),
    "cloudtrail:UpdateTrail": _settings_of(*_TRAIL),
    "cloudtrail:PutEventSelectors": _settings_of(*_SELECTORS),
    "cloudtrail:PutInsightSelectors": _settings_of("insightSelectors.insightType"),
    "iam:PutUserPolicy": _policy_of("policyDocument"),
    "iam:PutRolePolicy": _policy_of("policyDocument"),
    "iam:PutGroupPolicy": _policy_of("policyDocument"),
    "iam:CreatePolicy": _policy_of("policyDocument"),
    "iam:CreatePolicyVersion": _policy_of("policyDocument"),
    "iam:CreateRole": _policy_of("assumeRolePolicyDocument"),
    "iam:UpdateAssumeRolePolicy": _policy_of("policyDocument"),
    "organizations:CreatePolicy": _policy_of("content"),
    "organizations:UpdatePolicy": _policy_of("content"),
    "kms:PutKeyPolicy": _policy_of("policy"),
    "s3:PutBucketPolicy": _policy_of("bucketPolicy"),
    "s3:PutBucketAcl": _bucket_acl,
    "s3:PutBucketPublicAccessBlock": _settings_of(*_PUBLIC_ACCESS),
    "s3:PutAccountPublicAccessBlock": _settings_of(*_PUBLIC_ACCESS),
    "s3:PutBucketVersioning": _settings_of("VersioningConfiguration.Status"),
    "s3:PutBucketLifecycle": _settings_of("LifecycleConfiguration.Rule.Expiration.Days"),
    "config:PutConfigurationRecorder": _settings_of(
        "configurationRecorder.recordingGroup.allSupported",
        "configurationRecorder.recordingGroup.includeGlobalResourceTypes",
    ),
    "config:PutDeliveryChannel": _settings_of("deliveryChannel.s3BucketName", "deliveryChannel.snsTopicARN"),
}
"""Service and event name -> what tells its changes."""
