"""Forms: `application/x-www-form-urlencoded` bodies and the query strings of URLs. Spec: WIRE-1.9 (3), WIRE-2.7."""

from __future__ import annotations

from urllib.parse import unquote_plus

from tocsin.wire.limits import FORM_FIELDS, NESTING
from tocsin.wire.shape import ParseError

Form = tuple[tuple[str, str], ...]
"""Decoded keys and values, in the order in which they came; where a key comes twice, the last one counts."""


def parse_form(*parts: bytes) -> Form:
    """The fields of all parts, the URL's before the body's.

    `+` is a blank, escapes are UTF-8; what is no UTF-8 becomes U+FFFD. A field without `=` has the empty value.

    Raises:
        ParseError: there are too many fields, or a key has too many parts (WIRE-7.4).
    """
    if sum(part.count(b"&") + 1 for part in parts if part) > FORM_FIELDS:
        raise ParseError(f"The request has more than {FORM_FIELDS} fields")
    fields = []
    for part in parts:
        text = part.decode("utf-8", "replace")
        for field in text.split("&"):
            if field:
                key, _, value = field.partition("=")
                if "%" in key or "+" in key:
                    key = unquote_plus(key)
                if "%" in value or "+" in value:
                    value = unquote_plus(value)
                if key.count(".") >= NESTING:
                    raise ParseError(f"A key has more than {NESTING} parts")
                fields.append((key, value))
    return tuple(fields)
