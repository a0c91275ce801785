"""Events: exact decoding, the line between JSON and not JSON, and looking fields up (FP-4)."""

from __future__ import annotations

import json
import pickle
import sys

import pytest

from tocsin.core import event
from tocsin.core.event import ABSENT, NOT_JSON, Event, MessageError, decode_message, lexeme, look_up
from tocsin.core.number import Number


@pytest.fixture(params=["str", "bytes", "deep in the stack", "without recursion"])
def decode(request):
    """The ways into the decoder: they must agree on everything."""

    def without_recursion(text: str, *, depth: int = 500):
        event._check_depth(text, depth)
        return event._decode_flat(text)

    return {
        "str": decode_message,
        "bytes": lambda text, **limits: decode_message(text.encode("utf-8", "surrogatepass"), **limits),
        "deep in the stack": lambda text, **limits: called_deep(lambda: decode_message(text, **limits)),
        "without recursion": without_recursion,
    }[request.param]


def called_deep(call):
    """Call with so little room on the stack that the recursive decoder gives up on nested text."""
    frames = 0
    frame = sys._getframe()
    while frame is not None:
        frames, frame = frames + 1, frame.f_back

    def descend(levels: int):
        return descend(levels - 1) if levels else call()

    return descend(sys.getrecursionlimit() - frames - 45)


def nested(levels: int, *, inside: str = "1") -> str:
    return "[" * levels + inside + "]" * levels


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{}", {}),
        ("[]", []),
        (" \t\r\n[ ] \n", []),
        ('{"a": {"b": [true, false, null, "x"]}}', {"a": {"b": [True, False, None, "x"]}}),
        ('[{}, [], [[]], {"a": {}}]', [{}, [], [[]], {"a": {}}]),
        ('{"": 1}', {"": "1"}),
        ('{"a": 1, "a": 2}', {"a": "2"}),
        ('{"a": 1, "\\u0061": 2}', {"a": "2"}),
        ('{"eventName":"GetTrail","event\\u004eame":"Delet\\u0065Trail"}', {"eventName": "DeleteTrail"}),
        ('"\\ud83d\\ude00"', "\U0001f600"),
        ('"\\"\\\\\\/\\b\\f\\n\\r\\t"', '"\\/\b\f\n\r\t'),
        ('"\x7f\u2028"', "\x7f\u2028"),
        ("true", True),
        ("null", None),
        ('"x"', "x"),
    ],
)
def test_json_is_decoded(decode, text: str, value: object) -> None:
    assert decode(text) == value
    assert decode(f"[{text}]") == [value]


@pytest.mark.parametrize(
    "number",
    [
        "0", "-0", "5", "5.0", "1e3", "1E+3", "1e-400", "1e999999999", "-12.50", "9007199254740993",
        "1234567890123456789012345678901234567890", "0.1000000000000000055511151231257827",
    ],
)  # fmt: skip
def test_number_keeps_its_source_text(decode, number: str) -> None:
    value = decode(f'{{"n": {number}}}')["n"]
    assert (type(value), value) == (Number, number)


def test_text_of_digits_is_no_number(decode) -> None:
    assert type(decode('["5"]')[0]) is str


@pytest.mark.parametrize("text", ['"\\ud800"', '"\\udfff\\ud800"', '"\\ud800x"'])
def test_lone_surrogate_is_kept(decode, text: str) -> None:
    assert decode(text) == json.loads(text)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("", 0),
        ("   ", 3),
        ("plain text", 0),
        ('Mar  4 host trail: {"a": 1}', 0),
        ('{"a": 1} trailing', 9),
        ('{"a": 1}{"b": 2}', 8),
        ("{} // why", 3),
        ("\ufeff{}", 0),
        ("\u00a0{}", 0),
        ("{}\x0b", 2),
        ("{'a': 1}", 1),
        ("{a: 1}", 1),
        ('{"a" 1}', 5),
        ('{"a": }', 6),
        ("[1 2]", 3),
        ("[01]", 2),
        ("[1.]", 2),
        ("[.5]", 1),
        ("[+1]", 1),
        ("[-]", 1),
        ("[0x1F]", 2),
        ("[1e]", 2),
        ("[\u0661]", 1),
        ("[tru]", 1),
        ("[True]", 1),
        ("[NaN]", 1),
        ('{"a": "NaN [", "b": NaN}', 20),
        ("[Infinity]", 1),
        ("[[-Infinity], NaN]", 2),
        ('["a\nb"]', 3),
        ('["a\tb"]', 3),
        ('["a\\xb"]', 3),
        ('["abc', 1),
        ('{"a', 1),
        ('{"a": 1 "b": 2}', 8),
        ('{"a": [1, 2}', 11),
    ],
)
def test_anything_else_is_refused_with_its_place(decode, text: str, position: int) -> None:
    with pytest.raises(MessageError) as caught:
        decode(text)
    assert (caught.value.position, bool(caught.value.reason)) == (position, True)


@pytest.mark.parametrize("text", ['["\\u12"]', "[1,]", '{"a": 1,}', "[", "{", '{"a"', '{"a":', '{"a": 1', "[1", "[[1,"])
def test_unfinished_text_is_refused(decode, text: str) -> None:
    with pytest.raises(MessageError) as caught:
        decode(text)
    assert 0 < caught.value.position <= len(text)


def test_invalid_utf8_becomes_replacement_characters() -> None:
    assert decode_message(b'{"a": "x\xff\xc3y"}') == {"a": "x\ufffd\ufffdy"}
    assert Event(b"x\xff").text == "x\ufffd"


# ---------------------------------------------------------------- depth (FP-4.6)


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"b":'])
@pytest.mark.parametrize("depth", [1, 7, 200, 500])
def test_depth_is_drawn_exactly(decode, opening: str, depth: int) -> None:
    brackets = [bracket for bracket in opening if bracket in "[{"]
    levels = depth - depth % len(brackets)
    times = levels // len(brackets)
    closing = "".join({"[": "]", "{": "}"}[bracket] for bracket in reversed(brackets))
    text = f"{opening * times}1{closing * times}"
    assert decode(text, depth=levels) is not None
    if levels > 1:
        with pytest.raises(MessageError) as caught:
            decode(text, depth=levels - 1)
        assert text[caught.value.position] in "[{"
    deeper = f"[{text}]"
    with pytest.raises(MessageError, match=f"nested more than {levels} levels deep"):
        decode(deeper, depth=levels)


def test_depth_by_default_is_500_levels(decode) -> None:
    assert decode(nested(500)) is not None
    with pytest.raises(MessageError) as caught:
        decode(nested(501))
    assert caught.value.position == 500


def test_wide_text_is_not_deep(decode) -> None:
    wide = f"[{', '.join([nested(2)] * 2000)}]"
    assert len(decode(wide, depth=3)) == 2000
    with pytest.raises(MessageError):
        decode(wide, depth=2)


def test_brackets_in_strings_are_not_levels(decode) -> None:
    text = json.dumps({"a": "[{" * 1000 + '\\"[[[', "b\\": ["]]]"]})
    assert decode(text, depth=2)["b\\"] == ["]]]"]


def test_hostile_nesting_is_refused_and_nothing_else() -> None:
    for text in ("[" * 1_000_000, '{"a":' * 200_000, nested(100_000), '"' + "[" * 1_000_000, "[" * 400 + "x"):
        with pytest.raises(MessageError):
            decode_message(text)


# ---------------------------------------------------------------- look-up


NAMES = ("userIdentity", "type")


@pytest.mark.parametrize(
    ("message", "value"),
    [
        ('{"userIdentity": {"type": "Root"}}', "Root"),
        ('{"userIdentity": {"type": ""}}', ""),
        ('{"userIdentity": {"type": null}}', None),
        ('{"userIdentity": {"type": {"a": 1}}}', {"a": "1"}),
        ('{"userIdentity": {}}', ABSENT),
        ('{"userIdentity": null}', ABSENT),
        ('{"userIdentity": "Root"}', ABSENT),
        ('{"userIdentity": [{"type": "Root"}]}', ABSENT),
        ('{"userIdentity.type": "Root"}', ABSENT),
        ("{}", ABSENT),
        ("[]", ABSENT),
        ("null", ABSENT),
        ("not JSON", ABSENT),
    ],
)
def test_absent_null_and_empty_are_told_apart(message: str, value: object) -> None:
    found = Event(message).get("userIdentity.type")
    assert found == value
    assert (found is ABSENT) == (value is ABSENT)
    assert look_up(Event(message).value, NAMES) == value


def test_look_up_without_names_is_the_value_itself() -> None:
    assert look_up({"a": None}, ()) == {"a": None}
    assert look_up(NOT_JSON, ()) is ABSENT


@pytest.mark.parametrize("sentinel", [ABSENT, NOT_JSON])
def test_sentinel_counts_as_false_and_stays_itself(sentinel) -> None:
    assert not sentinel
    assert pickle.loads(pickle.dumps(sentinel)) is sentinel
    assert repr(sentinel) in {"ABSENT", "NOT_JSON"}


@pytest.mark.parametrize(
    ("node", "text"),
    [
        ("x", "x"),
        ("", ""),
        (Number("5.0"), "5.0"),
        (True, "true"),
        (False, "false"),
        (None, None),
        ({}, None),
        ([], None),
    ],
)
def test_lexeme_is_what_conditions_compare(node: object, text: str | None) -> None:
    assert lexeme(node) == text


# ---------------------------------------------------------------- events


def test_event_is_decoded_once() -> None:
    made = Event('{"a": {}}')
    assert made.value is made.value
    assert made.problem is None


@pytest.mark.parametrize("message", ["Mar 4 host", b"Mar 4 host"])
def test_event_that_is_not_json_says_where_reading_stopped(message: str | bytes) -> None:
    made = Event(message)
    assert made.problem is not None
    assert (made.value, made.problem.position, made.text) == (NOT_JSON, 0, "Mar 4 host")


def test_event_that_is_decoded_already_is_not_decoded_again() -> None:
    made = Event.decoded({"a": Number("1")}, b'{"a":1,"b":2}')
    assert (made.get("a"), made.get("b"), made.text) == ("1", ABSENT, '{"a":1,"b":2}')


def test_event_takes_a_depth_of_its_own() -> None:
    assert Event(nested(3), depth=2).value is NOT_JSON
    assert Event(nested(3), depth=3).value == [[["1"]]]


def test_repr_is_short() -> None:
    assert len(repr(Event("x" * 10_000))) < 100


def test_message_error_crosses_process_boundaries() -> None:
    error = pickle.loads(pickle.dumps(MessageError("expecting value", 7)))
    assert (error.reason, error.position, str(error)) == ("expecting value", 7, "expecting value at character 7")
