"""What somebody types into the one search box: something by its shape, or words of names. Spec: CON-3.5.

Rule: a shape is recognized only where the whole text has it; everything else is words.
"""

from __future__ import annotations

import re
from enum import StrEnum
from ipaddress import ip_address
from typing import Final

LONGEST: Final = 400
"""Characters that are looked at."""


class Shape(StrEnum):
    """What a text is by its looks."""

    EVENT_ID = "event ID"
    ACCOUNT = "account"
    KEY = "access key"
    ADDRESS = "address"
    ARN = "ARN"
    RESOURCE = "resource"
    PATTERN = "pattern"
    MAIL = "mail address"
    TERMS = "terms"
    WORDS = "words"


# In the order in which they are tried. The ids of EC2's resources are eight or seventeen hexadecimal digits.
_SHAPES: Final = (
    (Shape.EVENT_ID, re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")),
    (Shape.ACCOUNT, re.compile(r"[0-9]{12}")),
    (Shape.KEY, re.compile(r"A(?:KIA|SIA)[A-Z0-9]{12,124}")),
    (Shape.ARN, re.compile(r"arn:[a-z0-9-]+:[a-z0-9-]+:[a-z0-9-]*:[0-9]{0,12}:.+", re.DOTALL)),
    (Shape.RESOURCE, re.compile(r"[a-z]{1,12}(?:-[a-z]{1,8})?-[0-9a-f]{8}(?:[0-9a-f]{9})?")),
    (Shape.PATTERN, re.compile(r"[{\[].*", re.DOTALL)),
    (Shape.MAIL, re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")),
    (
        Shape.TERMS,
        re.compile(
            r"-?(?:actor|key|address|name|source|resource|error|account|region|type|since|until):.*",
            re.DOTALL | re.IGNORECASE,
        ),
    ),
)

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_]+")


def shape_of(text: str) -> Shape:
    """What a text is, blanks at its ends left out.

    >>> shape_of("203.0.113.47"), shape_of("sg-0a1b2c3d"), shape_of("root usage")
    (<Shape.ADDRESS: 'address'>, <Shape.RESOURCE: 'resource'>, <Shape.WORDS: 'words'>)
    """
    text = text.strip()
    for shape, looks in _SHAPES:
        if looks.fullmatch(text):
            return shape
    return Shape.ADDRESS if _is_address(text) else Shape.WORDS


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def fit_of(name: str, text: str) -> int | None:
    """How well a name fits what was typed, 0 best; None for a name that does not.

    0 is the name itself, 1 a name that begins so, 2 one of which a word begins so, 3 one that has all words of the
    text, whatever their order. Case does not matter.

    >>> [fit_of("cis/root-usage", text) for text in ("CIS/root-usage", "cis/r", "root", "usage cis", "oot")]
    [0, 1, 2, 3, None]
    """
    wanted = " ".join(text.casefold().split())
    folded = name.casefold()
    if not wanted:
        return None
    if folded == wanted:
        return 0
    if folded.startswith(wanted):
        return 1
    starts = {found.start() for found in _WORD.finditer(name)}
    if any(folded.startswith(wanted, at) for at in starts if len(folded) == len(name)):
        return 2
    words = [found[0].casefold() for found in _WORD.finditer(name)]
    parts = [found[0].casefold() for found in _WORD.finditer(text)]
    if parts and all(any(word.startswith(part) for word in words) for part in parts):
        return 3
    return None
