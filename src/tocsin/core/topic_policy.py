"""Whether the policy of a topic lets alarms publish. Spec: SNS-1.3, SNS-1.4, AL-19.4.

Rule: only what is certain is called a refusal. A condition on what is not known here (an organization, an address)
may hold or not, so an Allow with it counts and a Deny with it does not.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

ALARM_SERVICE: Final = "cloudwatch.amazonaws.com"
"""Who publishes for an alarm."""

_PUBLISH: Final = "sns:publish"


def refuses_alarm(policy: str, *, topic_arn: str, alarm_arn: str) -> bool:
    """Whether a policy keeps the alarm `alarm_arn` from publishing to the topic; one that cannot be read does.

    The account of the alarm is that in its ARN. A topic that was given no policy refuses no alarm of its own account.
    """
    try:
        statements = msgspec.json.decode(policy)["Statement"]
    except (msgspec.DecodeError, KeyError, TypeError):
        return True
    listed = [one for one in _listed(statements) if isinstance(one, dict) and _concerns(one, topic_arn)]
    facts = _facts(alarm_arn)
    denies = [one for one in listed if one.get("Effect") == "Deny"]
    allows = [one for one in listed if one.get("Effect") == "Allow"]
    if any(_holds(one.get("Condition"), facts) is True for one in denies):
        return True
    return all(_holds(one.get("Condition"), facts) is False for one in allows)


def _facts(alarm_arn: str) -> dict[str, str]:
    """What is known of the call that an alarm makes, by the condition key in lower case."""
    account = [*alarm_arn.split(":"), "", "", "", "", ""][4]
    return {"aws:sourceaccount": account, "aws:sourceowner": account, "aws:sourcearn": alarm_arn}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _texts(value: Any) -> list[str]:
    return [one for one in _listed(value) if isinstance(one, str)]


def _concerns(statement: Mapping[str, Any], topic_arn: str) -> bool:
    """Whether a statement is about an alarm that publishes to the topic."""
    return (
        _names(statement, "Principal", _is_alarm_service)
        and _names(statement, "Action", lambda value: _fits_any(_PUBLISH, _lower(_texts(value))))
        and _names(statement, "Resource", lambda value: _fits_any(topic_arn, _texts(value)), absent=True)
    )


def _names(statement: Mapping[str, Any], key: str, fits: Callable[[Any], bool], *, absent: bool = False) -> bool:
    """Whether the element `key`, or its opposite `NotKey`, takes the call in."""
    if key in statement:
        return fits(statement[key])
    opposite = f"Not{key}"
    return not fits(statement[opposite]) if opposite in statement else absent


def _is_alarm_service(principal: Any) -> bool:
    """Whether a principal is everybody, or the service that publishes for alarms."""
    if not isinstance(principal, dict):
        return bool(principal == "*")
    return "*" in _texts(principal.get("AWS")) or not {"*", ALARM_SERVICE}.isdisjoint(_texts(principal.get("Service")))


def _lower(texts: Iterable[str]) -> list[str]:
    return [text.lower() for text in texts]


def _fits_any(text: str, patterns: Iterable[str]) -> bool:
    return any(_fits(text, pattern) for pattern in patterns)


def _fits(text: str, pattern: str) -> bool:
    """Whether `text` fits a pattern in which `*` stands for any characters and `?` for one."""
    # Each part between stars is looked for from where the one before it ended: that is all it takes, and no pattern
    # makes it slow.
    first, *others = [re.escape(part).replace(r"\?", ".") for part in pattern.split("*")]
    if not others:
        return re.fullmatch(first, text, re.DOTALL) is not None
    found = re.compile(first, re.DOTALL).match(text)
    for part in others[:-1]:
        if found is None:
            return False
        found = re.compile(part, re.DOTALL).search(text, found.end())
    last = re.compile(others[-1] + r"\Z", re.DOTALL)
    return found is not None and last.search(text, found.end()) is not None


_OPERATORS: Final[dict[str, Callable[[str, str], bool]]] = {
    "stringequals": lambda fact, value: fact == value,
    "stringequalsignorecase": lambda fact, value: fact.lower() == value.lower(),
    "stringlike": _fits,
    "arnequals": _fits,
    "arnlike": _fits,
}


def _holds(condition: Any, facts: Mapping[str, str]) -> bool | None:
    """Whether a condition holds; None where that is not known."""
    if condition is None:
        return True
    if not isinstance(condition, dict):
        return None
    answers = [
        _holds_one(str(operator).lower(), str(key).lower(), value, facts)
        for operator, tests in condition.items()
        for key, value in (tests.items() if isinstance(tests, dict) else [("", None)])
    ]
    if False in answers:
        return False
    return None if None in answers else True


def _holds_one(operator: str, key: str, value: Any, facts: Mapping[str, str]) -> bool | None:
    plain = operator.removesuffix("ifexists")
    is_opposite = "not" in plain
    compare = _OPERATORS.get(plain.replace("not", ""))
    values = _texts(value)
    if compare is None or key not in facts or any("${" in text for text in values):  # a variable of the policy
        return None
    return any(compare(facts[key], text) for text in values) is not is_opposite
