"""Where a value ends: strings and brackets, across the seams of what comes at once."""

from __future__ import annotations

import pytest

from tocsin.core.skim import QUICK_LEVELS, Skim, Skimmed, quick_element, quick_object


def skim(text: bytes, *, step: int, depth: int = 100) -> tuple[Skimmed, int, Skim]:
    """Skim a value that comes `step` bytes at once; index of the end, or of the break, in `text`."""
    state = Skim(depth)
    place, end = 0, min(step, len(text))
    while True:
        outcome, index = state.run(text[place:end], 0)
        place += index
        if outcome is not Skimmed.MORE or end == len(text):
            return outcome, place, state
        end = min(end + step, len(text))


@pytest.mark.parametrize("step", [1, 2, 3, 1000])
@pytest.mark.parametrize(
    ("text", "length", "deepest"),
    [
        (b"{} x", 2, 1),
        (b"[] x", 2, 1),
        (b'{"a":[{"b":"]}"}]}{', 18, 3),
        (b'"a\\"b\\\\" x', 8, 0),
        (b"123,", 3, 0),
        (b"null}", 4, 0),
        (b'[\n{"a":1},\n{"b":2}\n] ', 20, 2),
        (b'{"a":\n{"b":1}} ', 14, 2),
        (b'{"a":1 "b" [}', 0, 2),
    ],
)
def test_a_value_ends_where_its_brackets_do(text: bytes, length: int, deepest: int, step: int) -> None:
    outcome, place, state = skim(text, step=step)
    if length:
        assert (outcome, place, state.deepest) == (Skimmed.DONE, length, deepest)
    else:
        assert outcome is Skimmed.BROKEN


@pytest.mark.parametrize("step", [1, 2, 3, 1000])
@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        (b'{"a":[}', 6, '"}" where "]" is due'),
        (b'["a\nb"]', 3, "a line break inside a string"),
        (b'["a\\\nb"]', 3, "a line break inside a string"),
        (b'{"a":1 \n{', 8, 'a line begins with "{" before the value has ended'),
        (b"[1\n{", 3, 'a line begins with "{" before the value has ended'),
        (b'{"a":[1],\r\n{', 11, 'a line begins with "{" before the value has ended'),
    ],
)
def test_a_value_breaks_off_where_its_end_is_missing(text: bytes, place: int, reason: str, step: int) -> None:
    outcome, where, state = skim(text, step=step)
    assert (outcome, where, state.reason) == (Skimmed.BROKEN, place, reason)


@pytest.mark.parametrize("length", [10, 65_535, 65_536, 65_537, 200_000])
@pytest.mark.parametrize("unit", [b"x", b"\\\\", b'\\"', b"\\n"])
def test_long_strings_end_where_they_end(length: int, unit: bytes) -> None:
    text = b'{"a":"' + unit * (length // len(unit)) + b'","b":"' + unit * 3 + b'"}'
    assert Skim(5).run(text + b" ", 0) == (Skimmed.DONE, len(text))


@pytest.mark.parametrize("count", [10, 10_000, 20_000])
def test_many_members_without_brackets_are_passed(count: int) -> None:
    text = b'{"a":[' + b'"x":1,' * count + b"1]}"
    assert Skim(5).run(text + b" ", 0) == (Skimmed.DONE, len(text))


def test_brackets_beyond_the_depth_are_counted() -> None:
    text = b"[" * 1000 + b"{}" + b"]" * 1000
    outcome, place, state = skim(text, step=7, depth=3)
    assert (outcome, place, state.deepest) == (Skimmed.DONE, len(text), 4)
    assert len(state._stack) == 0


def test_the_rest_of_an_object_can_be_skimmed() -> None:
    text = b' oops [1] "}" }'
    assert Skim(5, inside_object=True).run(text + b"x", 0) == (Skimmed.DONE, len(text))


@pytest.mark.parametrize(
    ("text", "length"),
    [
        (b'{"a":{"b":[1,{"c":[{}]}]}} ', 26),
        (b"{" * QUICK_LEVELS + b"}" * QUICK_LEVELS, 2 * QUICK_LEVELS),
        (b"{" * (QUICK_LEVELS + 1) + b"}" * (QUICK_LEVELS + 1), None),
        (b'{"a":[}', None),
        (b'{"a":"b\n"}', None),
        (b'{"a":\n{}}', None),
        (b'{"a":"b', None),
        (b"[]", None),
    ],
)
def test_a_plain_object_is_taken_whole(text: bytes, length: int | None) -> None:
    found = quick_object()(text, 0, len(text))
    assert (found and found.end()) == length


@pytest.mark.parametrize(
    ("text", "element", "rest"),
    [
        (b'{"a":1} , {"b":2}]', b'{"a":1}', b'{"b":2}]'),
        (b'{"a":1} ] ', b'{"a":1}', b"] "),
        (b'"x,]",1]', b'"x,]"', b"1]"),
        (b"12,]", None, None),
        (b"12,", None, None),
        (b"12 13", None, None),
        (b"[1],2", None, None),
    ],
)
def test_a_plain_element_is_taken_up_to_the_next(text: bytes, element: bytes | None, rest: bytes | None) -> None:
    found = quick_element()(text, 0, len(text))
    assert (found and found[1], found and text[found.end() :].lstrip()) == (element, rest)
