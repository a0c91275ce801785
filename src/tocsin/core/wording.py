"""How foreign values stand in sentences. Rule: what is shown is short and can be encoded, whatever it was.

Control characters are left to whoever shows the sentence.
"""

from __future__ import annotations

from tocsin.core.number import Number

_QUOTED = 60


def quote(text: str, *, length: int = _QUOTED) -> str:
    """`text` in double quotes, no more than `length` characters of it, lone surrogates as escapes.

    >>> quote("2014-03-06T21: 22: 54Z")
    '"2014-03-06T21: 22: 54Z"'
    """
    shown = text if len(text) <= length else f"{text[:length]}…"
    return f'"{printable(shown)}"'


def printable(text: str) -> str:
    """`text` with lone surrogates, which no encoding takes, as escapes."""
    return text.encode("utf-8", "backslashreplace").decode()


def kind_of(value: object) -> str:
    """What kind of JSON value this is, with its article.

    >>> kind_of([]), kind_of(Number("1"))
    ('an array', 'a number')
    """
    if isinstance(value, Number):
        return "a number"
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, dict):
        return "an object"
    return "an array" if isinstance(value, list) else "a text"
