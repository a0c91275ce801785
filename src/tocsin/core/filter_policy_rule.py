"""Rules of a filter policy: what a leaf must be. Spec: SNS-9.2, SNS-9.4, SNS-9.6.

Rule: every rule that was accepted answers for every leaf.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from ipaddress import ip_address, ip_network
from operator import eq, ge, gt, le, lt
from typing import Any, Final, NamedTuple

Value = str | Decimal | bool | None
Fits = Callable[[Value], bool]


class Refusal(Exception):  # noqa: N818  (not an error that anybody sees: it becomes a FilterPolicyError)
    """Why a rule is refused, in AWS's words."""


class Rules(NamedTuple):
    """The rules of one key: a leaf fits where one of them does; absence may do as well."""

    tests: tuple[Fits, ...]
    accepts_absence: bool

    def fit(self, value: Value) -> bool:
        """Whether a leaf with that value satisfies one of the rules."""
        return any(test(value) for test in self.tests)


_COMPARISONS: Final[Mapping[str, Callable[[Decimal, Decimal], bool]]] = {"=": eq, ">": gt, ">=": ge, "<": lt, "<=": le}
_RANGE_TERMS = 4


def read_rules(items: Sequence[Any]) -> Rules:
    """The rules in a list."""
    if not items:
        raise Refusal("Empty arrays are not allowed")
    tests: list[Fits] = []
    accepts_absence = False
    for item in items:
        if isinstance(item, dict):
            if item == {"exists": False}:
                accepts_absence = True
            else:
                tests.append(_read_match(item))
        elif isinstance(item, list):
            raise Refusal("Match value must be String, number, true, false, or null")
        else:
            tests.append(_equals(item))
    return Rules(tuple(tests), accepts_absence)


def _same(one: Value, other: Value) -> bool:
    """Equal and of one type: true is not 1."""
    return type(one) is type(other) and one == other


def _equals(wanted: Value) -> Fits:
    return lambda value: _same(value, wanted)


def _read_match(item: Mapping[str, Any]) -> Fits:
    if len(item) != 1:
        raise Refusal("Only one key allowed in match expression")
    ((word, given),) = item.items()
    reader = _READERS.get(word)
    if reader is None:
        raise Refusal(f"Unrecognized match type {word}")
    return reader(given)


def _text(given: Any, word: str) -> str:
    if not isinstance(given, str):
        raise Refusal(f"{word} match pattern must be a string")
    return given


def _prefix(given: Any) -> Fits:
    wanted = _text(given, "prefix")
    return lambda value: isinstance(value, str) and value.startswith(wanted)


def _suffix(given: Any) -> Fits:
    wanted = _text(given, "suffix")
    return lambda value: isinstance(value, str) and value.endswith(wanted)


def _ignore_case(given: Any) -> Fits:
    wanted = _text(given, "equals-ignore-case").lower()
    return lambda value: isinstance(value, str) and value.lower() == wanted


def _exists(given: Any) -> Fits:
    if given is not True:  # false was taken before
        raise Refusal("exists match pattern must be either true or false.")
    return lambda _value: True


def _anything_but(given: Any) -> Fits:
    if isinstance(given, dict):
        if len(given) != 1:
            raise Refusal("Only one key allowed in match expression")
        ((word, text),) = given.items()
        if word not in ("prefix", "suffix"):
            raise Refusal(f"Unsupported anything-but pattern: {word}")
        wanted = _text(text, word)
        if word == "prefix":
            return lambda value: isinstance(value, str) and not value.startswith(wanted)
        return lambda value: isinstance(value, str) and not value.endswith(wanted)
    unwanted = given if isinstance(given, list) else [given]
    if not unwanted or any(isinstance(one, dict | list) for one in unwanted):
        raise Refusal("anything-but must be a value, or a list of values, or a prefix or suffix")
    return lambda value: not any(_same(value, one) for one in unwanted)


def _cidr(given: Any) -> Fits:
    if not isinstance(given, str):
        raise Refusal("prefix match pattern must be a string")
    if given.count("/") != 1:
        raise Refusal("Malformed CIDR, one '/' required")
    address, _, bits = given.partition("/")
    if not (bits.isascii() and bits.isdigit()):
        raise Refusal("Malformed CIDR, mask bits must be an integer")
    try:
        network = ip_network(given, strict=False)
    except ValueError:
        raise Refusal(f"Nonstandard IP address: {address}") from None

    def fits(value: Value) -> bool:
        if not isinstance(value, str):
            return False
        try:
            found = ip_address(value)
        except ValueError:
            return False
        return found.version == network.version and found in network

    return fits


def _numeric(given: Any) -> Fits:
    if not isinstance(given, list) or not given:
        raise Refusal("Invalid member in numeric match: ]")
    first = given[0]
    if not isinstance(first, str):
        raise Refusal(f"Invalid member in numeric match: {first}")
    if first not in _COMPARISONS:
        raise Refusal(f"Unrecognized numeric range operator: {first}")
    if len(given) == 1 or not isinstance(given[1], Decimal):
        raise Refusal(f"Value of {'equals' if first == '=' else first} must be numeric")
    tests = [(_COMPARISONS[first], given[1])]
    if len(given) > 2:
        tests.append(_upper_bound(given))
    return lambda value: isinstance(value, Decimal) and all(compare(value, bound) for compare, bound in tests)


def _upper_bound(given: Sequence[Any]) -> tuple[Callable[[Decimal, Decimal], bool], Decimal]:
    """The second half of a range, `">", 0, "<=", 10`."""
    if given[0] not in (">", ">="):
        raise Refusal("Too many elements in numeric expression")
    if given[2] not in ("<", "<="):
        raise Refusal(f"Bad numeric range operator: {given[2]}")
    if len(given) < _RANGE_TERMS or not isinstance(given[3], Decimal):
        raise Refusal(f"Bad value in numeric range: {given[3] if len(given) >= _RANGE_TERMS else ']'}")
    if len(given) > _RANGE_TERMS:
        raise Refusal("Too many terms in numeric range expression")
    if given[1] >= given[3]:
        raise Refusal("Bottom must be less than top")
    return _COMPARISONS[given[2]], given[3]


_READERS: Final[Mapping[str, Callable[[Any], Fits]]] = {
    "prefix": _prefix,
    "suffix": _suffix,
    "equals-ignore-case": _ignore_case,
    "anything-but": _anything_but,
    "numeric": _numeric,
    "exists": _exists,
    "cidr": _cidr,
}

RULE_WORDS: Final = frozenset(_READERS)
"""The words of rules; a `$or` whose elements' keys are such words is an ordinary name (SNS-9.2)."""
