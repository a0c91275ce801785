"""Text that is nested too deeply is refused at exactly one level (FP-4.6, CT-14.4)."""

from __future__ import annotations

import sys

import msgspec
import pytest

from tocsin.core import depth
from tocsin.core.depth import decode_within


class Name(msgspec.Struct):
    name: str = ""


LIST = msgspec.json.Decoder(list[Name])
LINES = msgspec.json.Decoder(Name)

WAYS = [depth._within_bracket_count] + ([depth._within_recursion_limit] if sys.version_info < (3, 12) else [])


def arrays(levels: int) -> bytes:
    return b'{"skipped":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"


def objects(levels: int) -> bytes:
    return b'{"a":' * (levels - 1) + b"{}" + b"}" * (levels - 1)


# Calls that C code makes on the way here (pytest's own) count against the recursion limit without
# being visible; the bound may be that much stricter, and the exact path takes over earlier.
HIDDEN = 60


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("make", [arrays, objects])
@pytest.mark.parametrize("levels", [100, 500])
def test_one_level_too_many_is_refused(way, make, levels) -> None:
    assert len(way(LIST.decode, b"[" + make(levels - HIDDEN) + b"]", levels + 1)) == 1
    assert len(way(LINES.decode_lines, make(levels - HIDDEN) + b"\n", levels)) == 1
    for text in (b"[" + make(levels + 1) + b"]", memoryview(b"[" + make(levels + 1) + b"]")):
        with pytest.raises(RecursionError):
            way(LIST.decode, text, levels + 1)
    with pytest.raises(RecursionError):
        way(LINES.decode_lines, make(levels + 1) + b"\n", levels)


def test_counting_brackets_is_exact() -> None:
    assert len(depth._within_bracket_count(LIST.decode, b"[" + arrays(500) + b"]", 501)) == 1


@pytest.mark.parametrize("way", WAYS)
def test_the_callers_own_stack_makes_no_difference(way) -> None:
    def call(frames: int) -> int:
        return call(frames - 1) if frames else len(way(LIST.decode, b"[" + arrays(300) + b"]", 301 + HIDDEN))

    assert call(200) == 1


def test_the_recursion_limit_is_restored() -> None:
    before = sys.getrecursionlimit()
    decode_within(LIST.decode, b"[{}]", 10)
    with pytest.raises(msgspec.DecodeError):
        decode_within(LIST.decode, b"[", 10)
    assert sys.getrecursionlimit() == before


LOG_FILE = msgspec.json.Decoder(msgspec.defstruct("LogFile", [("Records", list[Name])]))


def test_brackets_of_many_records_do_not_add_up() -> None:
    counted = depth._within_bracket_count
    for separator, wrap, decode in (
        (b",", b"[%b]", LIST.decode),
        (b"\n", b"%b", LINES.decode_lines),
        (b",", b'{"Records":[%b]}', LOG_FILE.decode),
    ):
        fine = wrap % separator.join([objects(30)] * 100)
        assert counted(decode, fine, 50) == decode(fine)
        deep = wrap % separator.join([*[objects(30)] * 100, objects(60)])
        with pytest.raises(RecursionError):
            counted(decode, deep, 50)
    assert counted(LINES.decode, objects(3), 3) == Name()
