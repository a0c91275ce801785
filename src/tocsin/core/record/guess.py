"""Text that came without a type, as CloudTrail guesses one. Spec: REC-8.9, REC-9.1.

Where records show a form or an XML document as it is, `true` became a boolean and `600` a number, whatever the model
says of them.
"""

from __future__ import annotations

import re
from math import isfinite
from typing import Final

_WHOLE: Final = re.compile(r"-?[1-9][0-9]{0,17}|0", re.ASCII)
_DECIMAL: Final = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,18}(?:[eE][+-]?[0-9]{1,3})?|[eE][+-]?[0-9]{1,3})", re.ASCII)


def guessed(text: str) -> str | int | float | bool:
    """A boolean, a number, or the text itself; a number with leading zeros is text."""
    lowered = text.lower()
    if lowered in {"true", "false"}:
        return lowered == "true"
    if _WHOLE.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text) and isfinite(number := float(text)):
        return number
    return text
