"""Numbers as AWS's messages print them. Rule: the shortest decimal that reads back to the same double.

The form is that of Java's Double.toString: a decimal point always, an exponent from 10^7 on and
below 10^-3. Spec: AL-9.7.
"""

from __future__ import annotations

_LEAST, _MOST = 1e-3, 1e7


def number_text(value: float) -> str:
    """The text of a number.

    >>> number_text(50), number_text(99.97), number_text(12345678), number_text(0.0001)
    ('50.0', '99.97', '1.2345678E7', '1.0E-4')
    """
    value = float(value)
    if value == 0 or _LEAST <= abs(value) < _MOST:
        return repr(value)
    if value != value:  # noqa: PLR0124 - true for NaN alone, which no metric holds
        return "NaN"
    text = repr(value)
    if text.endswith("inf"):
        return text.replace("inf", "Infinity")
    sign = "-" if text.startswith("-") else ""
    mantissa, _, exponent = text.removeprefix("-").partition("e")
    whole, _, fraction = mantissa.partition(".")
    shift = int(exponent or "0") + len(whole) - 1
    digits = whole + fraction
    significant = digits.lstrip("0")
    shift -= len(digits) - len(significant)
    significant = significant.rstrip("0")
    return f"{sign}{significant[0]}.{significant[1:] or '0'}E{shift}"
