"""Rules of a filter policy: what a leaf must be. Spec: SNS-9.2, SNS-9.4, SNS-9.6.

Rule: every rule that was accepted answers for every leaf; one that is refused is refused where SNS notices it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from ipaddress import ip_address, ip_network
from operator import eq, ge, gt, le, lt
from typing import Final, NamedTuple

from tocsin.core.filter_policy_source import Node, Refusal, text_of

Value = str | Decimal | bool | None
Fits = Callable[[Value], bool]


class Rules(NamedTuple):
    """The rules of one key: a leaf fits where one of them does; absence may do as well."""

    tests: tuple[Fits, ...]
    accepts_absence: bool

    def fit(self, value: Value) -> bool:
        """Whether a leaf with that value satisfies one of the rules."""
        return any(test(value) for test in self.tests)


_COMPARISONS: Final[Mapping[str, Callable[[Decimal, Decimal], bool]]] = {"=": eq, ">": gt, ">=": ge, "<": lt, "<=": le}


def read_rules(items: list[Node], *, end: int) -> Rules:
    """The rules in a list, which ends at that place."""
    if not items:
        raise Refusal("Empty arrays are not allowed", end)
    tests: list[Fits] = []
    accepts_absence = False
    for item in items:
        match item.value:
            case dict() as match:
                fits = _read_match(match, item.end)
                if fits is None:
                    accepts_absence = True
                else:
                    tests.append(fits)
            case list():
                raise Refusal("Match value must be String, number, true, false, or null", item.seen)
            case scalar:
                tests.append(_equals(scalar))
    return Rules(tuple(tests), accepts_absence)


def _same(one: Value, other: Value) -> bool:
    """Equal and of one type: true is not 1."""
    return type(one) is type(other) and one == other


def _equals(wanted: Value) -> Fits:
    return lambda value: _same(value, wanted)


def _read_match(match: Mapping[str, Node], end: int) -> Fits | None:
    """A rule that is an object; None for the one that wants absence."""
    if not match:
        raise Refusal("Match expression name not found", end)
    (word, given), *others = match.items()
    reader = _READERS.get(word)
    if reader is None:
        raise Refusal(f"Unrecognized match type {word}", given.seen)
    fits = reader(given)
    if others:
        raise Refusal("Only one key allowed in match expression", others[0][1].seen)
    return fits


def _text(given: Node, word: str) -> str:
    if not isinstance(given.value, str):
        raise Refusal(f"{word} match pattern must be a string", given.seen)
    return given.value


def _prefix(given: Node) -> Fits:
    wanted = _text(given, "prefix")
    return lambda value: isinstance(value, str) and value.startswith(wanted)


def _suffix(given: Node) -> Fits:
    wanted = _text(given, "suffix")
    return lambda value: isinstance(value, str) and value.endswith(wanted)


def _ignore_case(given: Node) -> Fits:
    wanted = _text(given, "equals-ignore-case").lower()
    return lambda value: isinstance(value, str) and value.lower() == wanted


def _exists(given: Node) -> Fits | None:
    if not isinstance(given.value, bool):
        raise Refusal("exists match pattern must be either true or false.", given.seen)
    return (lambda _value: True) if given.value else None


def _anything_but(given: Node) -> Fits:
    match given.value:
        case dict() as match:
            return _anything_but_pattern(match, given.end)
        case list() as items:
            unwanted = tuple(_unwanted(item) for item in items)
            if not unwanted:
                raise Refusal(
                    "Inside anything but list, either all values are number or string, mixed type is not supported",
                    given.end,
                )
        case scalar:
            unwanted = (scalar,)
    return lambda value: not any(_same(value, one) for one in unwanted)


def _unwanted(item: Node) -> Value:
    if isinstance(item.value, dict | list):
        raise Refusal("Inside anything but list, start|null|boolean is not supported.", item.seen)
    return item.value


def _anything_but_pattern(match: Mapping[str, Node], end: int) -> Fits:
    if not match:
        raise Refusal("Anything-But expression name not found", end)
    (word, given), *others = match.items()
    if word not in {"prefix", "suffix"}:
        raise Refusal(f"Unsupported anything-but pattern: {word}", given.seen)
    fits = _prefix(given) if word == "prefix" else _suffix(given)
    if others:
        raise Refusal("Only one key allowed in match expression", others[0][1].seen)
    return lambda value: isinstance(value, str) and not fits(value)


def _cidr(given: Node) -> Fits:
    if not isinstance(given.value, str):
        raise Refusal("prefix match pattern must be a string", given.seen)
    if given.value.count("/") != 1:
        raise Refusal("Malformed CIDR, one '/' required")
    address, _, bits = given.value.partition("/")
    if not (bits.isascii() and bits.isdigit()):
        raise Refusal("Malformed CIDR, mask bits must be an integer")
    try:
        network = ip_network(given.value, strict=False)
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


def _numeric(given: Node) -> Fits:
    """`["=", 1]`, `[">", 0]`, or `[">", 0, "<=", 10]`; terms are looked at one after the other."""
    if not isinstance(given.value, list):
        raise Refusal("Value of numeric must be an array.", given.seen)
    closing = Node("]", given.end, given.end)
    first, second, third, fourth, fifth = [*given.value, *[closing] * 5][:5]
    if not isinstance(first.value, str) or first is closing:
        raise Refusal(f"Invalid member in numeric match: {text_of(first)}", first.seen)
    if first.value not in _COMPARISONS:
        raise Refusal(f"Unrecognized numeric range operator: {first.value}", second.seen)
    compare, bound = _COMPARISONS[first.value], second.value
    if not isinstance(bound, Decimal):
        raise Refusal(f"Value of {'equals' if first.value == '=' else first.value} must be numeric", second.seen)
    if third is closing:
        return lambda value: isinstance(value, Decimal) and compare(value, bound)
    if first.value not in {">", ">="}:
        raise Refusal("Too many elements in numeric expression", third.seen)
    if not isinstance(third.value, str):
        raise Refusal(f"Bad value in numeric range: {text_of(third)}", third.seen)
    if third.value not in {"<", "<="}:
        raise Refusal(f"Bad numeric range operator: {third.value}", third.end)
    compare_top, top = _COMPARISONS[third.value], fourth.value
    if not isinstance(top, Decimal):
        raise Refusal(f"Value of {third.value} must be numeric", fourth.seen)
    if fifth is not closing:
        raise Refusal("Too many terms in numeric range expression", fifth.seen)
    if bound >= top:
        raise Refusal("Bottom must be less than top", given.end)
    return lambda value: isinstance(value, Decimal) and compare(value, bound) and compare_top(value, top)


_READERS: Final[Mapping[str, Callable[[Node], Fits | None]]] = {
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
