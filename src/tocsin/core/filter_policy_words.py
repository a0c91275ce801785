"""What a filter policy lets through, in words. Spec: SNS-9.2, SNS-9.4, CON-4.9.

Rule: the words say what `FilterPolicy` decides and no more; names and values of the policy stand in them as they are,
so whoever shows them treats them as foreign text.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from tocsin.core.filter_policy import FilterPolicy
from tocsin.core.filter_policy_message import decoded
from tocsin.core.filter_policy_rule import RULE_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tocsin.core.filter_policy import PolicyScope

_COMPARISONS: Final = {
    "=": "is",
    ">": "is more than",
    ">=": "is at least",
    "<": "is less than",
    "<=": "is at most",
}
_PATTERNS: Final = {"prefix": "begins with", "suffix": "ends with"}


def filter_words(policy: str, scope: PolicyScope) -> str:
    """The messages that a policy lets through, to stand behind `messages`.

    Raises:
        FilterPolicyError: it is none that SNS takes.

    >>> filter_words('{"NewStateValue": ["ALARM", "OK"], "AlarmName": [{"prefix": "prod-"}]}', "MessageBody")
    'in whose body NewStateValue is "ALARM" or is "OK", and AlarmName begins with "prod-"'
    """
    FilterPolicy.parse(policy, scope)
    tree = decoded(policy)
    place = "in whose body" if scope == "MessageBody" else "whose attribute"
    return f"{place} {_object_words(tree, '')}" if tree else "of every kind"


def _object_words(members: Mapping[str, Any], path: str) -> str:
    return ", and ".join(_member_words(members, path))


def _member_words(members: Mapping[str, Any], path: str) -> Iterable[str]:
    for name, value in members.items():
        below = f"{path}.{name}" if path else name
        if name == "$or" and _is_choice(value):
            yield "either " + " or ".join(_branch_words(one, path) for one in value)
        elif isinstance(value, dict):
            yield _object_words(value, below)
        else:
            yield f"{below} {' or '.join(map(_rule_words, value))}"


def _branch_words(branch: Mapping[str, Any], path: str) -> str:
    words = _object_words(branch, path)
    return f"({words})" if len(branch) > 1 else words


def _is_choice(value: Any) -> bool:
    """Whether `$or` is the word, not the name of a property (SNS-9.2)."""
    return all(isinstance(one, dict) for one in value) and not all(one.keys() <= RULE_WORDS for one in value)


def _rule_words(rule: Any) -> str:
    if not isinstance(rule, dict):
        return f"is {_value(rule)}"
    [(word, given)] = rule.items()
    match word:
        case "prefix" | "suffix":
            return f"{_PATTERNS[word]} {_value(given)}"
        case "equals-ignore-case":
            return f"is {_value(given)} in any case"
        case "exists":
            return "is there" if given else "is not there"
        case "cidr":
            return f"is an address in {given}"
        case "numeric":
            pairs = zip(given[::2], given[1::2], strict=True)
            return " and ".join(f"{_COMPARISONS[operator]} {_value(bound)}" for operator, bound in pairs)
        case _:
            return _unlike(given)


def _unlike(given: Any) -> str:
    """`anything-but`, which wants the key to be there."""
    if isinstance(given, dict):
        [(word, text)] = given.items()
        return f"is there and does not {_PATTERNS[word].replace('s ', ' ', 1)} {_value(text)}"
    values = [_value(one) for one in given] if isinstance(given, list) else [_value(given)]
    if len(values) == 1:
        return f"is there and is not {values[0]}"
    return f"is there and is neither {', '.join(values[:-1])} nor {values[-1]}"


def _value(value: Any) -> str:
    if isinstance(value, Decimal):
        return str(value)
    return json.dumps(value, ensure_ascii=False)
