"""Quantities as people read them: `1,234`, `8.1 MB`, `1 h 20 min`."""

from __future__ import annotations

import math

_BYTE_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")


def count_text(number: float) -> str:
    """A number with thousands marked; whole numbers without a fraction, very small ones with three digits.

    >>> count_text(1_234_567), count_text(2.5), count_text(0.00012)
    ('1,234,567', '2.5', '0.00012')
    """
    if not math.isfinite(number):
        return f"{number}"
    if number == int(number):
        return f"{int(number):,}"
    if abs(number) < 0.01:
        return f"{number:.3g}"
    return f"{number:,.2f}".rstrip("0").rstrip(".")


def counted(number: int, noun: str, nouns: str = "") -> str:
    """A number with its noun: `1 file`, `2 files`."""
    return f"{count_text(number)} {noun if number == 1 else nouns or noun + 's'}"


def ordinal(number: int) -> str:
    """A place in an order.

    >>> ordinal(1), ordinal(11), ordinal(22), ordinal(1_003)
    ('1st', '11th', '22nd', '1,003rd')
    """
    ending = "th" if number // 10 % 10 == 1 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{count_text(number)}{ending}"


def bytes_text(number: float) -> str:
    """A number of bytes in decimal units, three digits at most."""
    place = 0
    while number >= 999.5 and place < len(_BYTE_UNITS) - 1:
        number /= 1000
        place += 1
    digits = 0 if place == 0 or number >= 99.95 else 1
    return f"{number:.{digits}f} {_BYTE_UNITS[place]}"


def duration_text(seconds: float) -> str:
    """A length of time in its two largest units."""
    if seconds < 10:
        return f"{seconds:.2f} s" if seconds < 1 else f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600:,} h {whole % 3600 // 60:02d} min"


def share_text(part: int, whole: int) -> str:
    """`part` of `whole` in per cent; never 0 % or 100 % when it is not exactly that."""
    if whole == 0:
        return ""
    share = 100 * part / whole
    if 0 < share < 0.1:
        return "< 0.1 %"
    if 99.9 < share < 100:
        return "> 99.9 %"
    return f"{share:.0f} %" if share in (0, 100) else f"{share:.1f} %"
