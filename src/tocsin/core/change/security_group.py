"""Calls on security groups. Spec: REC-8.5, CON-4.5."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tocsin.core.change.effect import MOST_LINES, Effect, Line, Subject, line
from tocsin.core.event import lexeme
from tocsin.core.notification.change import permission_rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tocsin.core.event import JsonValue
    from tocsin.core.notification.call import Call

KIND: Final = "security group"

_FROM, _TO, _FOR = "from", "to", "for"

# Every security group of a VPC is made with this rule.
_FIRST_RULE: Final = line("all traffic to 0.0.0.0/0")


def security_group_effects(call: Call) -> tuple[Effect, ...]:
    """What a call does to the rules of a security group."""
    match call.name:
        case "AuthorizeSecurityGroupIngress":
            return _edited(call, puts=_rules(call, _FROM, answer=">securityGroupRuleSet"))
        case "AuthorizeSecurityGroupEgress":
            return _edited(call, puts=_rules(call, _TO, answer=">securityGroupRuleSet"))
        case "RevokeSecurityGroupIngress":
            return _edited(call, takes=_taken(call, _FROM))
        case "RevokeSecurityGroupEgress":
            return _edited(call, takes=_taken(call, _TO))
        case "ModifySecurityGroupRules":
            return _edited(call, puts=_modified(call), takes_side=True)
        case "CreateSecurityGroup":
            made = call.parameter(">groupId")
            first = (_FIRST_RULE,) if call.parameter("vpcId") else ()
            return (Effect(subject=Subject(KIND, made), puts=first, is_whole=True, begins=True),) if made else ()
        case "DeleteSecurityGroup":
            return _edited(call, ends=True)
        case _:
            return ()


def _edited(
    call: Call, *, puts: Iterable[Line] = (), takes: Iterable[Line] = (), ends: bool = False, takes_side: bool = False
) -> tuple[Effect, ...]:
    name = call.parameter("groupId") or call.parameter("groupName")
    if not name:
        return ()
    subject = Subject(KIND, name)
    effect = Effect(subject=subject, puts=tuple(puts), takes=tuple(takes), ends=ends, takes_side=takes_side)
    return (effect,) if effect.puts or effect.takes or ends else ()


def _rules(call: Call, side: str, *, answer: str) -> Iterator[Line]:
    """The rules of a call: with their ids where the answer has them, else as they were asked for."""
    answered = list(_answered(call, answer, side))
    yield from answered or (line(text) for text in _texts(_asked(call), side))


def _asked(call: Call) -> list[JsonValue]:
    listed = list(call.nodes("ipPermissions"))
    # The short form: ports and address beside each other, and an empty list.
    return listed if any(permission_rules(one) for one in listed) else [call.parameters]


def _answered(call: Call, path: str, side: str) -> Iterator[Line]:
    for node in list(call.nodes(path))[:MOST_LINES]:
        ident = _text(node, "securityGroupRuleId")
        for text in _texts([node], side):
            yield line(ident or text, text)


def _taken(call: Call, side: str) -> list[Line]:
    """What was taken back: named by rules or by their ids; then the answer tells what they were."""
    rules = list(_rules(call, side, answer=">revokedSecurityGroupRuleSet"))
    ids = list(call.texts("securityGroupRuleIds")) or list(call.texts("securityGroupRuleId"))
    return rules or [line(ident, f"rule {ident}") for ident in ids[:MOST_LINES]]


def _modified(call: Call) -> Iterator[Line]:
    for node in list(call.nodes("securityGroupRule"))[:MOST_LINES]:
        ident = _text(node, "securityGroupRuleId")
        inner = _inner(node, "securityGroupRule")
        for text in _texts([inner], _FOR):
            yield line(ident or text, text)


def _texts(permissions: Iterable[JsonValue], side: str) -> Iterator[str]:
    rules = [rule for one in permissions for rule in permission_rules(one)]
    for rule in rules[:MOST_LINES]:
        yield f"{rule.ports} {side} {rule.peer}" if rule.peer else rule.ports


def _inner(node: JsonValue, name: str) -> JsonValue:
    if not isinstance(node, dict):
        return None
    return node.get(name, node.get(name[:1].upper() + name[1:]))


def _text(node: JsonValue, name: str) -> str:
    return lexeme(_inner(node, name)) or ""
