"""Numbers as they are written, compared exactly. Spec: FP-2.8, FP-4.4, FP-5.4.

A number keeps its source text; comparison goes through `NumberKey`, which never rounds and never
expands an exponent, so that `1e999999999` costs no more than `1`. Time and memory are linear in
the text, whatever it holds.
"""

from __future__ import annotations

import re
from functools import lru_cache

_NUMBER = re.compile(r"([+-]?)(?:([0-9]+)(?:\.([0-9]+))?|\.([0-9]+))(?:[eE]([+-]?)([0-9]+))?\Z")

# Magnitudes of up to this many digits are integers of their own; int() takes quadratic time on
# longer ones, and refuses them beyond 4300 digits.
_PLAIN_DIGITS = 1_000

# The digits of such an exponent that take part in addition: more than the length of any message.
_TAIL = 30

# A cache must not keep a hostile text of megabytes alive: longer ones are worked out each time.
_CACHED_LENGTH = 64

NumberKey = tuple[int, int, str]
"""(sign, magnitude, digits), ordered within one sign; zero is (0, 0, "").

The value is `0.ddd * 10**magnitude`, digits without zeros at either end. (A magnitude of
more than 1000 digits is not that number itself but one in the same order.)
"""


def is_number(text: str) -> bool:
    """Is `text` as a whole a number of the pattern language (FP-2.8)? ASCII digits only."""
    return _NUMBER.match(text) is not None


def number_key(text: str) -> NumberKey | None:
    """The exact value of `text` in a form that can be compared for equality; None if it is no number."""
    return _cached_key(text) if len(text) <= _CACHED_LENGTH else _number_key(text)


def compare_numbers(left: NumberKey, right: NumberKey) -> int:
    """-1, 0 or 1 as `left` is less than, equal to or greater than `right`."""
    if left == right:
        return 0
    if left[0] != right[0]:
        return -1 if left[0] < right[0] else 1
    # Same sign, digits without leading zeros: the larger magnitude is further from zero, then the
    # digits decide like letters ("12" < "123" < "13").
    further = left[1:] > right[1:]
    return 1 if further == (left[0] > 0) else -1


class Number(str):
    """A JSON number in a decoded message: the characters that stood there.

    It is a str so that its lexeme (FP-5.4) costs nothing, and a type of its own so that the number
    5 and the text "5" are never mixed up: test with `type(value) is Number`.
    """

    __slots__ = ()


def _number_key(text: str) -> NumberKey | None:
    found = _NUMBER.match(text)
    if found is None:
        return None
    sign, whole, fraction, bare, exponent_sign, exponent = found.groups()
    whole, fraction = whole or "", fraction or bare or ""
    digits = (whole + fraction).lstrip("0")
    if not digits:
        return (0, 0, "")
    shift = len(digits) - len(fraction)
    magnitude = _magnitude((exponent or "").lstrip("0"), negative=exponent_sign == "-", shift=shift)
    return (-1 if sign == "-" else 1, magnitude, digits.rstrip("0"))


_cached_key = lru_cache(maxsize=4096)(_number_key)


def _magnitude(exponent: str, *, negative: bool, shift: int) -> int:
    """An integer in the order of `±exponent + shift`: that number itself unless it is enormous."""
    if negative:
        shift = -shift
    if len(exponent) >= _PLAIN_DIGITS:  # the sum may have one digit more
        exponent, shift = _add(exponent, shift), 0
    if len(exponent) <= _PLAIN_DIGITS:
        magnitude = int(exponent or "0") + shift
    else:
        # Digits as bytes keep the order: first by length, then digit by digit. Every such integer
        # lies beyond all those of the other branch, since a byte takes more bits than a digit.
        magnitude = int.from_bytes(exponent.encode("ascii"), "big")
    return -magnitude if negative else magnitude


def _add(digits: str, shift: int) -> str:
    """`digits + shift` for digits that are longer than any shift, without leading zeros."""
    head, tail = digits[:-_TAIL], int(digits[-_TAIL:]) + shift
    if tail < 0:
        rest = head.rstrip("0")
        head, tail = rest[:-1] + str(int(rest[-1]) - 1) + "9" * (len(head) - len(rest)), tail + 10**_TAIL
    elif tail >= 10**_TAIL:
        rest = ("0" + head).rstrip("9")
        head, tail = rest[:-1] + str(int(rest[-1]) + 1) + "0" * (len(head) + 1 - len(rest)), tail - 10**_TAIL
    return (head + str(tail).zfill(_TAIL)).lstrip("0")
