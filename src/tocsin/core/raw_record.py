"""The JSON texts of the records in a text, without decoding what they hold (FP-4.7).

Each function raises msgspec.DecodeError for a text of another kind, RecursionError for one that is
nested too deeply.
"""

from __future__ import annotations

import msgspec

Text = bytes | bytearray | memoryview
"""JSON text in UTF-8, as msgspec reads it."""


class _LogFile(msgspec.Struct):
    Records: list[msgspec.Raw]


_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_LOG_FILE = msgspec.json.Decoder(_LogFile)
_VALUE = msgspec.json.Decoder(msgspec.Raw)


def elements_of_array(text: Text) -> list[msgspec.Raw]:
    """The elements of a JSON array."""
    return _ARRAY.decode(text)


def elements_of_log_file(text: bytes | bytearray) -> list[msgspec.Raw]:
    """The elements of `{"Records": [...]}`; of two members of that name the last one counts (FP-4.3)."""
    return _LOG_FILE.decode(text).Records


def values_of_lines(text: bytes | bytearray) -> list[msgspec.Raw]:
    """The values of a text that has one a line."""
    return _VALUE.decode_lines(text)
