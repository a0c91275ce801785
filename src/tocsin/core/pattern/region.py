"""The values of one field, cut into regions that the conditions on it cannot tell apart.

Rule: every value lies in one of the regions that are returned, so a condition that holds in none of
them can never hold. A region for which no value is known is kept with `text` None: it may be empty.
Spec: FP-5.1, FP-5.4, FP-5.5, FP-6.6.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum, IntFlag
from typing import TYPE_CHECKING, assert_never

from tocsin.core.number import compare_numbers, number_key
from tocsin.core.pattern.language import Form, RegexTest, Test, TextTest, Within, text_test, words
from tocsin.core.pattern.tree import Compare, Constant, Is, Op, Regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tocsin.core.number import NumberKey
    from tocsin.core.pattern.tree import Condition


class Kind(IntFlag):
    """What stands at a selector."""

    MISSING = 1
    NULL = 2
    OBJECT = 4
    ARRAY = 8
    TEXT = 16
    NUMBER = 32
    BOOLEAN = 64


SCALAR = Kind.TEXT | Kind.NUMBER | Kind.BOOLEAN
CONTAINER = Kind.OBJECT | Kind.ARRAY


@dataclass(frozen=True, slots=True)
class Digits:
    """A bare number: compared by value with numbers, by its text with everything else (FP-5.4)."""

    text: str

    @property
    def key(self) -> NumberKey:
        """The exact value."""
        key = number_key(self.text)
        assert key is not None
        return key


@dataclass(frozen=True, slots=True)
class Comparison:
    """`op value`, without the selector."""

    op: Op
    value: Test | Digits


@dataclass(frozen=True, slots=True)
class IsConstant:
    """`IS NULL`, `IS TRUE` or `IS FALSE`, without the selector."""

    constant: Constant


@dataclass(frozen=True, slots=True)
class Missing:
    """`NOT EXISTS`, without the selector."""


Predicate = Comparison | IsConstant | Missing


def predicate_of(condition: Condition) -> Predicate:
    """A condition without its selector; conditions that differ in spelling alone give equal predicates."""
    if isinstance(condition, Compare):
        value = condition.value
        if isinstance(value, Regex):
            return Comparison(condition.op, RegexTest(value.source))
        return Comparison(condition.op, Digits(value.text) if value.is_number else text_test(value))
    return IsConstant(condition.constant) if isinstance(condition, Is) else Missing()


@dataclass(frozen=True, slots=True)
class Region:
    """Values for which the same predicates hold (bit i for predicate i).

    `text` is a value that lies there, as JSON text for fields of JSON events and as the plain text
    for columns and whole messages; None when none is known. A missing value has the text "".
    """

    kind: Kind
    holds: int
    text: str | None


class Domain(Enum):
    """Where a value stands, which decides what it can be."""

    JSON = "a node of a JSON event"
    COLUMN = "a column of a space-delimited line"
    MESSAGE = "the whole message of a text pattern"


def regions(predicates: Sequence[Predicate], domain: Domain) -> tuple[Region, ...]:
    """Cut the values that `domain` allows into regions, those that read best in an example first.

    Raises `TooLargeError` when there are too many.
    """
    is_numeric = bool(_digits(predicates))
    if domain is Domain.JSON:
        texts, numbers = _texts(predicates), _numbers(predicates, Within.JSON_NUMBER)
        scalars = [*numbers, *texts] if is_numeric else [*texts, *numbers]
        missing, *others = _others(predicates)
        return (missing, *scalars, *_booleans(predicates), *others)
    if not is_numeric:
        return tuple(_plain(region) for region in _texts(predicates))
    texts = _texts(predicates, within=Within.NOT_NUMBER)
    return tuple(_plain(region) for region in (*texts, *_numbers(predicates, Within.NUMBER)))


def _plain(region: Region) -> Region:
    """Outside JSON a value is its characters, and always text."""
    text = region.text
    if text is not None and region.kind is Kind.TEXT:
        text = json.loads(text)
    return Region(Kind.TEXT, region.holds, text)


def json_text(text: str) -> str:
    """A JSON string that decodes to `text`; half a surrogate pair is written as an escape."""
    readable = json.dumps(text, ensure_ascii=False)
    return json.dumps(text) if any("\ud800" <= char <= "\udfff" for char in text) else readable


def _bits(holds: Iterable[bool]) -> int:
    return sum(1 << place for place, is_true in enumerate(holds) if is_true)


def _others(predicates: Sequence[Predicate]) -> tuple[Region, ...]:
    null = _bits(predicate == IsConstant(Constant.NULL) for predicate in predicates)
    missing = _bits(predicate == Missing() for predicate in predicates)
    return (
        Region(Kind.MISSING, missing, ""),
        Region(Kind.OBJECT, 0, "{}"),
        Region(Kind.ARRAY, 0, "[]"),
        Region(Kind.NULL, null, "null"),
    )


# ---------------------------------------------------------------- text and booleans


def _tests(predicates: Sequence[Predicate]) -> list[Test]:
    """The text tests that decide `=` and `!=` on text, each once."""
    tests: dict[Test, None] = {}
    for predicate in predicates:
        if isinstance(predicate, Comparison) and predicate.op in {Op.EQ, Op.NE}:
            tests[_as_test(predicate.value)] = None
    return list(tests)


def _as_test(value: Test | Digits) -> Test:
    return TextTest(Form.EXACT, value.text) if isinstance(value, Digits) else value


def _compared(predicates: Sequence[Predicate], passed: dict[Test, bool]) -> int:
    """What holds for a scalar of which the text tests in `passed` are known."""

    def holds(predicate: Predicate) -> bool:
        if not isinstance(predicate, Comparison) or predicate.op not in {Op.EQ, Op.NE}:
            return False
        # A column that is no number passes no test against a number (FP-6.6): the test is then unknown here.
        return passed.get(_as_test(predicate.value), False) == (predicate.op is Op.EQ)

    return _bits(holds(predicate) for predicate in predicates)


def _texts(predicates: Sequence[Predicate], within: Within = Within.ALL) -> list[Region]:
    tests = _tests(predicates)
    if within is Within.NOT_NUMBER:
        tests = [test for test in tests if not _is_number_text(test)]
    found = []
    for word in words(tests, within=within):
        passed = {test: bool(word.holds >> place & 1) for place, test in enumerate(tests)}
        found.append(Region(Kind.TEXT, _compared(predicates, passed), json_text(word.text)))
    return found


def _is_number_text(test: Test) -> bool:
    return isinstance(test, TextTest) and test.form is Form.EXACT and number_key(test.core) is not None


def _booleans(predicates: Sequence[Predicate]) -> list[Region]:
    found = []
    for constant, text in ((Constant.TRUE, "true"), (Constant.FALSE, "false")):
        passed = {test: test.holds(text) for test in _tests(predicates)}
        holds = _compared(predicates, passed) | _bits(predicate == IsConstant(constant) for predicate in predicates)
        found.append(Region(Kind.BOOLEAN, holds, text))
    return found


# ---------------------------------------------------------------- numbers


def _numbers(predicates: Sequence[Predicate], spelling: Within) -> list[Region]:
    """Numbers have a value and a spelling; predicates on the one and on the other are combined."""
    values = {digits.key for digits in _digits(predicates)}
    samples = number_samples(values)
    tests = [test for test in _spelling_tests(predicates) if test != TextTest(Form.ANY, "")]
    if not tests:
        return [_number_region(predicates, key, {}, number_text(key)) for key in samples]
    found: dict[tuple[int, bool], Region] = {}
    for word in words(tests, within=spelling):
        passed = {test: bool(word.holds >> place & 1) for place, test in enumerate(tests)}
        fixed = any(isinstance(test, TextTest) and test.form is Form.EXACT for test, holds in passed.items() if holds)
        for key in [_key(word.text)] if fixed else samples:
            text = word.text if fixed else _spelled(key, word.text, passed, values)
            region = _number_region(predicates, key, passed, text)
            found.setdefault((region.holds, text is not None), region)
    return [region for (holds, is_known), region in found.items() if is_known or (holds, True) not in found]


def _digits(predicates: Sequence[Predicate]) -> list[Digits]:
    """The bare numbers that are compared with."""
    values = [predicate.value for predicate in predicates if isinstance(predicate, Comparison)]
    return [value for value in values if isinstance(value, Digits)]


def _spelling_tests(predicates: Sequence[Predicate]) -> list[Test]:
    """The tests that look at how a number is spelt, each once."""
    equalities = [one for one in predicates if isinstance(one, Comparison) and one.op in {Op.EQ, Op.NE}]
    return list(dict.fromkeys(one.value for one in equalities if not isinstance(one.value, Digits)))


def _key(text: str) -> NumberKey:
    key = number_key(text)
    assert key is not None
    return key


def _number_region(
    predicates: Sequence[Predicate], key: NumberKey, passed: dict[Test, bool], text: str | None
) -> Region:
    def holds(predicate: Predicate) -> bool:
        if not isinstance(predicate, Comparison):
            return False
        value = predicate.value
        if not isinstance(value, Digits):
            if predicate.op not in {Op.EQ, Op.NE}:
                return False
            return passed.get(value, True) == (predicate.op is Op.EQ)
        order = compare_numbers(key, value.key)
        match predicate.op:
            case Op.EQ:
                return order == 0
            case Op.NE:
                return order != 0
            case Op.LT:
                return order < 0
            case Op.LE:
                return order <= 0
            case Op.GT:
                return order > 0
            case Op.GE:
                return order >= 0
            case _:
                assert_never(predicate.op)

    return Region(Kind.NUMBER, _bits(holds(predicate) for predicate in predicates), text)


def _spelled(key: NumberKey, other: str, passed: dict[Test, bool], values: set[NumberKey]) -> str | None:
    """A spelling of a number near `key` that passes exactly the tests that `passed` says, if one is seen at once.

    `other` passes them; it is a solution when no value in `values` lies between the two numbers.
    """
    other_key = _key(other)
    if (key == other_key) or (
        key not in values
        and other_key not in values
        and all(compare_numbers(key, value) == compare_numbers(other_key, value) for value in values)
    ):
        return other
    for text in _spellings(key):
        if all(test.holds(text) == wanted for test, wanted in passed.items()):
            return text
    return None


def _spellings(key: NumberKey) -> tuple[str, ...]:
    text = number_text(key)
    if "e" in text:
        return (text, text.replace("e", "E"))
    if "." in text:
        return (text, f"{text}0", f"{text}e0", f"{text}E0")
    return (text, f"{text}.0", f"{text}e0", f"{text}E0", f"{text}.00")


def number_text(key: NumberKey) -> str:
    """A JSON spelling of an exact number: plain where that is short, else with an exponent."""
    sign, magnitude, digits = key
    if sign == 0:
        return "0"
    minus = "-" if sign < 0 else ""
    if len(digits) <= magnitude <= 30:
        return minus + digits.ljust(magnitude, "0")
    if 0 < magnitude < len(digits):
        return f"{minus}{digits[:magnitude]}.{digits[magnitude:]}"
    if -10 < magnitude <= 0:
        return f"{minus}0.{'0' * -magnitude}{digits}"
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{minus}{digits[0]}{fraction}e{magnitude - 1}"


def number_samples(values: Iterable[NumberKey]) -> list[NumberKey]:
    """One number for each value, each gap between two neighbours, and each of the two ends, in order."""
    ordered: list[NumberKey] = []
    for value in values:
        place = sum(1 for other in ordered if compare_numbers(other, value) < 0)
        ordered.insert(place, value)
    if not ordered:
        return [_ONE]
    samples = [_negated(_above(_negated(ordered[0])))]
    for place, value in enumerate(ordered):
        samples.append(value)
        samples.append(_between(value, ordered[place + 1]) if place + 1 < len(ordered) else _above(value))
    return samples


_ZERO_KEY: NumberKey = (0, 0, "")
_ONE: NumberKey = (1, 1, "1")


def _negated(key: NumberKey) -> NumberKey:
    return (-key[0], key[1], key[2])


def _above(key: NumberKey) -> NumberKey:
    """A number greater than `key`, the next whole one where that is short."""
    if key[0] <= 0:
        return _ONE if key == _ZERO_KEY else _ZERO_KEY
    whole = _whole_above(key)
    return whole if whole is not None else (1, key[1] + 1, "1")


def _whole_above(key: NumberKey) -> NumberKey | None:
    """The next whole number above a number that is not negative, unless it is very long."""
    _, magnitude, digits = key
    if magnitude > 30:
        return None
    whole = int(digits[: max(magnitude, 0)].ljust(max(magnitude, 0), "0") or "0")
    return number_key(str(whole + 1))


def _between(low: NumberKey, high: NumberKey) -> NumberKey:
    """A number strictly between two."""
    if low[0] < 0 < high[0]:
        return _ZERO_KEY
    if high[0] <= 0:
        return _negated(_between(_negated(high), _negated(low)))
    whole = _whole_above(low)
    if whole is not None and compare_numbers(whole, high) < 0:
        return whole
    if low == _ZERO_KEY:
        return (1, high[1] - 1, "1")
    # A digit is put after those that the two share the length of: 1.5 and 1.6 give 1.51.
    length = max(len(low[2]), len(high[2]))
    return (1, low[1], low[2].ljust(length, "0") + "5")
