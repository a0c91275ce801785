"""Cutting text into JSON values and their elements: what is cut, where reading goes on after a break, and bounds."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tocsin.core.limits import DEFAULT_LIMITS, Limits
from tocsin.core.splitter import Piece, Splitter, member_text, split

A = b'{"eventTime":"2026-03-01T10:00:00Z","eventID":"a"}'
B = b'{"eventTime":"2026-03-01T10:00:00Z","eventID":"b"}'
C = b'{"eventTime":"2026-03-01T10:00:00Z","eventID":"c"}'
DEEP = b'{"a":{"b":{"c":{"d":{"e":{"f":{"g":{"h":[1]}}}}}}}}'
WHOLE = None


def pieces(text: bytes, *, step: int = 10**9, limits: Limits = DEFAULT_LIMITS) -> list[Piece]:
    splitter = Splitter(limits)
    found = [piece for at in range(0, len(text), step) for piece in splitter.feed(text[at : at + step])]
    return found + list(splitter.close())


def read(text: bytes, step: int = 10**9, limits: Limits = DEFAULT_LIMITS) -> list[tuple[str | None, bytes]]:
    """Container and text of each piece, all of which must be readable."""
    found = pieces(text, step=step, limits=limits)
    assert [piece.problem for piece in found] == [None] * len(found)
    assert [text[piece.offset : piece.offset + len(piece.text)] for piece in found] == [piece.text for piece in found]
    return [(piece.container, piece.text) for piece in found]


def outline(text: bytes, step: int = 10**9, limits: Limits = DEFAULT_LIMITS) -> list[bytes | str]:
    """Text of each piece, or its problem; the file's own problem begins with FILE."""
    return [
        piece.text if piece.problem is None else ("FILE " if piece.unfinished else "") + piece.problem
        for piece in pieces(text, step=step, limits=limits)
    ]


@pytest.fixture(params=[10**9, 1, 7, 64])
def step(request) -> int:
    """How many bytes come at once."""
    return request.param


# ------------------------------------------------------------ values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (b"", []),
        (b" \r\n\t", []),
        (A, [A]),
        (A + B, [A, B]),
        (A + b"\n" + B + b"\n", [A, B]),
        (A + b"\r\n\r\n" + B + b"\r\n", [A, B]),
        (A + b" \t" + B, [A, B]),
        (b"\xef\xbb\xbf" + A + b"\n\xef\xbb\xbf" + B, [A, B]),
        (json.dumps(json.loads(A), indent=2).encode(), [json.dumps(json.loads(A), indent=2).encode()]),
        (b"{}{ }", [b"{}", b"{ }"]),
        (DEEP + DEEP, [DEEP, DEEP]),
        (b'"a" "b\\"c""d"', [b'"a"', b'"b\\"c"', b'"d"']),
        (b"1\n-2.5e+7\ntrue\nfalse\nnull\n0", [b"1", b"-2.5e+7", b"true", b"false", b"null", b"0"]),
        (b'1{"a":1}', [b"1", b'{"a":1}']),
        (b'{"a":"}\\"]{["}', [b'{"a":"}\\"]{["}']),
        (b'{"a" : [ {"b":[]} , "x" ] }', [b'{"a" : [ {"b":[]} , "x" ] }']),
        (b'{"a":{"Records":[1,2]}}', [b'{"a":{"Records":[1,2]}}']),
        (b'{"Records":null}', [b'{"Records":null}']),
        (b'{"Records":{"a":1}}', [b'{"Records":{"a":1}}']),
        (b'{"records":[1]}', [b'{"records":[1]}']),
        (b'{"x\\"y":1,"Records":"[1]"}', [b'{"x\\"y":1,"Records":"[1]"}']),
        (b'{"a":"\\u0052"}', [b'{"a":"\\u0052"}']),
    ],
)
def test_values_may_follow_one_another(text: bytes, values: list[bytes], step: int) -> None:
    assert read(text, step) == [(WHOLE, value) for value in values]


@pytest.mark.parametrize(
    ("text", "container", "elements"),
    [
        (b'{"Records":[]}', "Records", []),
        (b'{"Records":[%b,%b]}' % (A, B), "Records", [A, B]),
        (b' { "Records" : [ %b , %b ] } ' % (A, DEEP), "Records", [A, DEEP]),
        (b'{"Records":[\n%b,\n%b\n]}\n' % (A, B), "Records", [A, B]),
        (b'{"Records":[{"a":[{"Records":[1]}]}]}', "Records", [b'{"a":[{"Records":[1]}]}']),
        (b'{"Records":[1,"x",null,[2],{}]}', "Records", [b"1", b'"x"', b"null", b"[2]", b"{}"]),
        (b'{"R\\u0065cords":[1]}', "Records", [b"1"]),
        (b'{"a":1,"b":{"c":[2]},"Records":[%b],"d":"e"}' % A, "Records", [A]),
        (b'{"Records":[1],"Records":[2]}', "Records", [b"1", b"2"]),
        (b'{"Records":[1],"Events":[2]}', "Records", [b"1"]),
        (b'{"Messages":[]}', "Messages", []),
        (b'{"Messages":[{"Body":"x"}]}', "Messages", [b'{"Body":"x"}']),
        (b'{"Events":[]}', "Events", []),
        (b'{"Events":[{"CloudTrailEvent":"{}"},{"x":1}]}', "Events", [b'{"CloudTrailEvent":"{}"}', b'{"x":1}']),
        (b'{"messageType":"DATA_MESSAGE","logEvents":[{"message":"x"}]}', "logEvents", [b'{"message":"x"}']),
        (b'{"logEvents":[{"message":"x"}],"messageType":"DATA_MESSAGE"}', "logEvents", [b'{"message":"x"}']),
        (b'{"logEvents":[1],"messageType":"DATA\\u005fMESSAGE"}', "logEvents", [b"1"]),
        (b"[]", "[", []),
        (b"[%b,%b]" % (A, B), "[", [A, B]),
        (b' [ 1 , [ 2 , [ ] ] , "x" ] ', "[", [b"1", b"[ 2 , [ ] ]", b'"x"']),
        (b'[{"Records":[1]}]', "[", [b'{"Records":[1]}']),
        (b'{"Records":[1]}{"Records":[2]}', "Records", [b"1", b"2"]),
    ],
)
def test_containers_are_cut_into_their_elements(text: bytes, container: str, elements: list[bytes], step: int) -> None:
    assert read(text, step) == [(container, element) for element in elements]


@pytest.mark.parametrize(
    "text",
    [
        b'{"Records":[1],"Type":"Notification","Message":"x"}',
        b'{"Type":"Notification","Message":"x","Records":[1]}',
        b'{"Type":"SubscriptionConfirmation","Records":[1]}',
        b'{"Records":[1],"Service":"Amazon S3","Event":"s3:TestEvent"}',
        b'{"logEvents":[{"message":"x"}],"messageType":"CONTROL_MESSAGE"}',
        b'{"messageType":"CONTROL_MESSAGE","logEvents":[{"message":"x"}]}',
        b'{"logEvents":[{"message":"x"}]}',
        b'{"messageType":"DATA_MESSAGE","logEvents":{}}',
        b'{"messageType":7,"logEvents":[1]}',
        b'{"messageType":"DATA\\x","logEvents":[1]}',
        b'{"messageType":"DATA_MESSAGE","messageType":null,"logEvents":[1]}',
        b'{"Events":[{"SourceIdentifier":"x"}]}',
        b'{"Messages":[{"body":"x"}]}',
        b'{"s3Bucket":"b","s3ObjectKey":"k","Events":[{"CloudTrailEvent":"{}"}]}',
        b'{"detail":{},"detail-type":"x","Events":[{"CloudTrailEvent":"{}"}]}',
        b'{"awslogs":{"data":"x"},"Events":[{"CloudTrailEvent":"{}"}]}',
        b'{"digestStartTime":"x","logFiles":[]}',
    ],
)
def test_a_form_that_fits_before_keeps_the_object_whole(text: bytes, step: int) -> None:
    assert read(text, step) == [(WHOLE, text)]


def test_the_offset_is_counted_from_where_the_text_begins() -> None:
    splitter = Splitter(offset=1000)
    assert [piece.offset for piece in (*splitter.feed(b' {"Records":[1, 2]}'), *splitter.close())] == [1013, 1016]


def test_the_validation_message_is_a_value(step: int) -> None:
    text = b"CloudTrail validation message.\n" + A
    assert outline(text, step) == [b'"CloudTrail validation message."', A]


# ------------------------------------------------------------ breaks


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # A garbled line is one problem, whatever is in it.
        (A + b"\nhello {world}\n" + B, [A, 'not JSON: unexpected "h" at byte 51', B]),
        (b"1404840900 INFO started\n" + A, ['not JSON: unexpected "1" at byte 0', A]),
        (b"nullified\n" + A, ['not JSON: unexpected "n" at byte 0', A]),
        (b"01\n" + A, ['not JSON: unexpected "0" at byte 0', A]),
        (b"Cloud\n" + A, ['not JSON: unexpected "C" at byte 0', A]),
        (b"\xef\xbb\n" + A, ["not JSON: unexpected byte 0xef at byte 0", A]),
        (b"\x00\x00\x00\n" + A, ["not JSON: unexpected byte 0x00 at byte 0", A]),
        (b"<a>\n<b>\n" + A, ['not JSON: unexpected "<" at byte 0', 'not JSON: unexpected "<" at byte 4', A]),
        (A + b"\noops", [A, 'not JSON: unexpected "o" at byte 51']),
        # Without separators there are no lines to go by.
        (A + b"garbage" + B + C, [A, 'not JSON: unexpected "g" at byte 50', B, C]),
        (A + b'\nx} {"q":1}\n' + B, [A, 'not JSON: unexpected "x" at byte 51', b'{"q":1}', B]),
        # Commas between values, as of an array that lost its brackets, are reported once.
        (A + b",\n" + B + b",\n" + C + b",\n", [A, 'not JSON: unexpected "," at byte 50', B, C]),
        (A + b"," + B + b"]}", [A, 'not JSON: unexpected "," at byte 50', B]),
        # A line that was cut off does not swallow the next one.
        (A + b'\n{"a":"abc\n' + B + b"\n" + C, [A, "not JSON: a line break inside a string at byte 60", B, C]),
        (A + b'\n{"a":"abc\\\n' + B + b"\n" + C, [A, "not JSON: a line break inside a string at byte 60", B, C]),
        (A + b'\n{"a":1,\n' + B + b"\n" + C, [A, 'not JSON: a line begins with "{" before the value has ended at byte 59', B, C]),
        (A + b'\n{"a":\n' + B + b"\n" + C, [A, 'not JSON: a line begins with "{" before the value has ended at byte 108', B, C]),
        (A + b'\n{"a":{"b":[\n' + B + b"\n" + C, [A, 'not JSON: a line begins with "{" before the value has ended at byte 114', B, C]),
        (A + b'\n{"a":[1,\n' + B + b"\n" + C, [A, 'not JSON: a line begins with "{" before the value has ended at byte 111', B, C]),
        (A + b'\n{"a":{"b":1}\n' + B, [A, 'not JSON: a line begins with "{" before the value has ended at byte 64', B]),
        # Only brackets that do not fit end a value; what is wrong otherwise is for the decoder.
        (b'{"a":[}\n' + A, ['not JSON: "}" where "]" is due at byte 6', A]),
        (b'{"a":[1,{"b":2]\n' + A, ['not JSON: "]" where "}" is due at byte 14', A]),
        (b'{"a":[}}' + A, ['not JSON: "}" where "]" is due at byte 6', A]),
        (b'"abc\n' + A, ["not JSON: a line break inside a string at byte 4", A]),
        (b"{'a': 1}\n" + A, [b"{'a': 1}", A]),
        (b'{"a":1,}' + A, [b'{"a":1,}', A]),
        (b'{"a" 1}' + A, [b'{"a" 1}', A]),
        (b'{"a":}' + A, [b'{"a":}', A]),
        (b'{"a":1 2}' + A, [b'{"a":1 2}', A]),
        (b'{"a":\x01}' + A, [b'{"a":\x01}', A]),
        (b"{,}" + A, [b"{,}", A]),
        (b'{"a":NaN}' + A, [b'{"a":NaN}', A]),
        # In an object that may be a container the same holds.
        (b'{"Records" 1}' + A, [b'{"Records" 1}', A]),
        (b'{"Records":,"a":1}' + A, [b'{"Records":,"a":1}', A]),
        (b'{"Records":"x" "y"}' + A, [b'{"Records":"x" "y"}', A]),
        (b'{"Records":"x",}' + A, [b'{"Records":"x",}', A]),
        (b'{"a":{"Records":1}\n{"b":2}\n', ['not JSON: a line begins with "{" before the value has ended at byte 19', b'{"b":2}']),
        (b'{"a\\q\\u0000":1}' + A, [b'{"a\\q\\u0000":1}', A]),
    ],
)  # fmt: skip
def test_reading_goes_on_after_a_break(text: bytes, expected: list[bytes | str], step: int) -> None:
    assert outline(text, step) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"{", ["FILE JSON: unexpected end at byte 1"]),
        (b"[", ["FILE JSON: unexpected end at byte 1"]),
        (b'"abc', ["FILE JSON: unexpected end at byte 4"]),
        (b'{"a', ["FILE JSON: unexpected end at byte 3"]),
        (b'{"a\\', ["FILE JSON: unexpected end at byte 4"]),
        (b'{"a"', ["FILE JSON: unexpected end at byte 4"]),
        (b'{"a":', ["FILE JSON: unexpected end at byte 5"]),
        (b'{"a":1', ["FILE JSON: unexpected end at byte 6"]),
        (b'{"a":1,', ["FILE JSON: unexpected end at byte 7"]),
        (b"[1", [b"1", "FILE JSON: unexpected end at byte 2"]),
        (b"[1,", [b"1", "FILE JSON: unexpected end at byte 3"]),
        (A + b"\n" + B[:20], [A, "FILE JSON: unexpected end at byte 71"]),
        (b'{"Records":[%b,%b,%b' % (A, B, C[:-5]), [A, B, "FILE JSON: unexpected end at byte 159"]),
        (b'{"Records":[%b,%b]' % (A, B), [A, B, "FILE JSON: unexpected end at byte 114"]),
        (b'{"Records":[%b],"x":' % A, [A, "FILE JSON: unexpected end at byte 68"]),
        (b'{"Records":[\n%b,\n%b,\n{"a":' % (A, B), [A, B, "FILE JSON: unexpected end at byte 122"]),
        (b'{"messageType":"DATA_MESSAGE","logEvents":[1,', [b"1", "FILE JSON: unexpected end at byte 45"]),
        (b'{"messageType":"CONTROL_MESSAGE","logEvents":[1,', ["FILE JSON: unexpected end at byte 48"]),
        # What ends too early may be a line that swallowed others.
        (b'{"a":\n' + A + b"\n", ["not JSON: unexpected end at byte 57", A, "FILE JSON: unexpected end at byte 57"]),
        (b'{"a":\n' + A + b',"b":\n' + B,
         ["not JSON: unexpected end at byte 112", A, b'"b"', B, "FILE JSON: unexpected end at byte 112"]),
    ],
)  # fmt: skip
def test_a_text_that_ends_too_early_is_damaged(text: bytes, expected: list[bytes | str], step: int) -> None:
    assert outline(text, step) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b'{"Records":[%b%b,%b]}' % (A, B, C), [A, 'not JSON: unexpected "{" at byte 62', B, C]),
        (b'{"Records":[%b,,%b]}' % (A, B), [A, 'not JSON: unexpected "," at byte 63']),
        (b'{"Records":[%b}\n%b' % (A, B), [A, 'not JSON: unexpected "}" at byte 62', B]),
        (b'{"Records":[%b,{"a":[1},%b\n]}\n%b' % (A, B, C), [A, 'not JSON: "}" where "]" is due at byte 70', C]),
        (b'{"Records":[\n%b,\n{"a":[\n%b\n%b,\n%b]}' % (A, B, B, C),
         [A, 'not JSON: a line begins with "{" before the value has ended at byte 123', B, B, C]),
        (b"[%b,\x01]\n%b" % (A, B), [A, "not JSON: unexpected byte 0x01 at byte 52", B]),
        (b"[%b:%b]" % (A, B), [A, 'not JSON: unexpected ":" at byte 51']),
        (b'{"Records":[1] 2,"x":3}' + A, [b"1", 'not JSON: unexpected "2" at byte 15', A]),
        (b'{"Records":[1],"x":[}\n' + A, [b"1", 'not JSON: "}" where "]" is due at byte 20', A]),
        (b'{"Records":[1],"x":{\n{"a":1}\n', [b"1", 'not JSON: a line begins with "{" before the value has ended at byte 21', b'{"a":1}']),
    ],
)  # fmt: skip
def test_a_container_that_breaks_damages_the_file(text: bytes, expected: list[bytes | str], step: int) -> None:
    found = outline(text, step)
    assert found[:-1] == expected
    reason = next(each for each in expected if isinstance(each, str))
    assert found[-1] == f"FILE {reason}; values after it may be lost"


@pytest.mark.parametrize("before", [b'{"Records":[%b,', b"[%b,"])
def test_a_comma_with_nothing_behind_it_loses_nothing(before: bytes, step: int) -> None:
    text = before % A + b" ]" + (b"}" if before.startswith(b"{") else b"") + B
    place = text.index(b" ]") + 1
    assert outline(text, step) == [A, f"not JSON: a value is missing at byte {place}", B]


def test_what_is_garbled_is_told_from_what_is_too_large() -> None:
    found = pieces(b"oops\n" + b"[" + b"1" * 50 + b"]", limits=Limits(record=40))
    assert [(piece.garbled, piece.unfinished) for piece in found] == [(True, False), (False, False)]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{}".encode("utf-16"), "UTF-16 text"),
        ("{}".encode("utf-16-be"), "UTF-16 text"),
        ("{}".encode("utf-16-le"), "UTF-16 text"),
        (b"\xfe\xff\0{\0}", "UTF-16 text"),
        (b"\x1f\x8b\x08\x00", "gzip inside gzip"),
        (b"PAR1" + A, "a Parquet file"),
    ],
)
def test_text_that_cannot_be_json_is_reported_once(text: bytes, what: str, step: int) -> None:
    assert outline(text + b"\n" + text, step) == [f"not JSON: {what}"]


# ------------------------------------------------------------ limits

SMALL = Limits(record=100, depth=10)
TOO_LONG = "longer than 100 bytes (limits.record)"
TOO_DEEP = "nested more than 10 levels deep (limits.depth)"


def nested(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b'"%b"' % (b"x" * 98), [b'"%b"' % (b"x" * 98)]),
        (b'"%b" 1' % (b"x" * 99), [TOO_LONG, b"1"]),
        (b"1" * 100, [b"1" * 100]),
        (b"1" * 101 + b"\n2", [TOO_LONG, b"2"]),
        (b'{"a":"%b"}' % (b"x" * 92), [b'{"a":"%b"}' % (b"x" * 92)]),
        (b'{"a":"%b"}%b' % (b"x" * 93, A), [TOO_LONG, A]),
        (b'{"a":"%b"}%b' % (b"\\\\" * 93, A), [TOO_LONG, A]),
        (b'{"%b":1}%b' % (b"x" * 300, A), [TOO_LONG, A]),
        (b'{"a":%b1}%b' % (b" " * 300, A), [TOO_LONG, A]),
        (b'{"a":"%b","b":[1,{"c":2}],"d":null}%b' % (b"x" * 200, A), [TOO_LONG, A]),
        (b'{"a":"%b" "b"}%b' % (b"x" * 200, A), [TOO_LONG, A]),
        # Each element has the limit for itself; the container has none.
        (b'{"Records":[%b,%b,%b]}' % (A, B, C), [A, B, C]),
        (b'{"Records":[%b,"%b",%b]}' % (A, b"x" * 99, B), [A, TOO_LONG, B]),
        (b'{"Records":["%b",1]}' % (b"x" * 2000), [TOO_LONG, b"1"]),
        (b'{"x":"%b","Records":[%b,%b]}' % (b"x" * 200, A, B), [A, B]),
        (b'{"Records":[%b],"x":"%b","Events":[%b]}' % (A, b"x" * 200, B), [A, B]),
        (b'[%b,"%b",%b]' % (A, b"x" * 99, B), [A, TOO_LONG, B]),
        (b'{"messageType":"CONTROL_MESSAGE","logEvents":[%b,%b,"%b",1,2,3]}' % (A, B, b"x" * 200), [TOO_LONG]),
        (b'{"messageType":"DATA_MESSAGE","logEvents":[%b,%b]}' % (A, B), [A, B]),
        (b'{"Records":[%b,%b,]}' % (A, B), [A, B, "not JSON: a value is missing at byte 114"]),
        # Depth is that of the element, or of the whole value.
        (b'{"a":%b}%b' % (nested(9), A), [b'{"a":%b}' % nested(9), A]),
        (b'{"a":%b}%b' % (nested(10), A), [TOO_DEEP, A]),
        (b'{"Records":[%b,%b,1]}' % (nested(10), nested(11)), [nested(10), TOO_DEEP, b"1"]),
        (b'{"Records":1,"a":%b}' % nested(9), [b'{"Records":1,"a":%b}' % nested(9)]),
        (b'{"Records":1,"a":%b}' % nested(10), [TOO_DEEP]),
        (b'{"a":{"Events":[%b]}}' % nested(8), [TOO_DEEP]),
        (b'{"Events":[{"x":%b}]}' % nested(8), [TOO_DEEP]),
        (b"[%b,1]" % nested(11), [TOO_DEEP, b"1"]),
        # A digest is one, however long.
        (b'{"digestStartTime":"x","logFiles":[%b]}' % b",".join([A, B, C]), [b'{"digestStartTime":null,"logFiles":[]}']),
        # Of what is longer than the limit no line is tried a second time.
        (b'{"a":[\n%b,\n%b,\n%b' % (A, B, C), ["FILE JSON: unexpected end at byte 161"]),
    ],
)  # fmt: skip
def test_what_is_beyond_the_limits_is_passed_over(text: bytes, expected: list[bytes | str], step: int) -> None:
    assert outline(text, step, SMALL) == expected


def test_arrays_nested_a_hundred_thousand_deep_are_passed_over() -> None:
    assert outline(nested(100_000) + A) == ["nested more than 500 levels deep (limits.depth)", A]


def test_the_bound_on_depth_can_be_as_low_as_one(step: int) -> None:
    limits = Limits(depth=1)
    deep = "nested more than 1 levels deep (limits.depth)"
    assert outline(b'{"a":1}{"a":[]}[{},[[]]]', step, limits) == [b'{"a":1}', deep, b"{}", deep]


def test_brackets_are_compared_up_to_the_bound_on_depth(step: int) -> None:
    limits = Limits(depth=3)
    text = b'{"a":[[[[}]]]]}\n' + A
    assert outline(text, step, limits)[1:] == [A]


@pytest.mark.parametrize(
    ("opening", "unit", "closing"),
    [
        (b"", b'{"a":"xyz","b":[1,2,{"c":null}]}\n', b""),
        (b'{"Records":[', b'{"a":"xyz","b":[1,2,{"c":null}]},', b"1]}"),
        (b"[", b'{"a":"xyz","b":[1,2,{"c":null}]},', b"1]"),
        (b'{"a":"', b"xyz\\n", b'"}'),
        (b'{"a":', b" \n", b"1}"),
        (b"{", b'"abc":1,', b'"z":1}'),
        (b"", b"garbage without end ", b""),
        (b"", b"[{", b""),
        (b'{"x":[\n', b'{"a":\n', b""),
        (b'{"Records":[{"a":[', b"[],", b"1]}]}"),
    ],
)
def test_memory_is_bounded_whatever_the_text(opening: bytes, unit: bytes, closing: bytes) -> None:
    limits = Limits(record=2000, depth=50)
    splitter = Splitter(limits)
    part = unit * (1000 // len(unit))

    def fed() -> Iterator[bytes]:
        yield opening
        for _ in range(100):
            yield part
        yield closing

    for text in fed():
        for piece in splitter.feed(text):
            assert len(piece.text) <= limits.record
        assert len(splitter._data) <= limits.record + 2 * len(part)
    assert sum(1 for _ in splitter.close()) <= 2


# ------------------------------------------------------------ what is built on it


def test_a_text_that_is_all_there_can_be_split_at_once() -> None:
    assert [piece.text for piece in split(A + B)] == [A, B]


@pytest.mark.parametrize(
    ("text", "member"),
    [
        (b"{}", None),
        (b'{ "a" : 1 }', None),
        (b'{"detail":{"x":[1,"}"]}}', b'{"x":[1,"}"]}'),
        (b' {"a":{"detail":1} , "det\\u0061il" : [ 2 ] ,"b":"c"}'.strip(), b"[ 2 ]"),
        (b'{"detail":1,"detail":{"y":2}}', b'{"y":2}'),
        (b'{"detail":"x","b":true}', b'"x"'),
    ],
)
def test_the_text_of_a_member_is_as_it_stands(text: bytes, member: bytes | None) -> None:
    assert member_text(text, "detail") == member
