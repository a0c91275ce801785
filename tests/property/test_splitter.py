"""Cutting never depends on how the text comes, and of well-formed text nothing is lost (CT-14.3, CT-14.4)."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.event import MessageError, decode_message
from tocsin.core.forms import MalformedLeaf, RecordLeaf, tell
from tocsin.core.limits import Limits
from tocsin.core.splitter import Piece, Splitter, member_text, split

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(['}{"', "\\", '"', "[", "},{", "\n{", "\\u0000", "Records", "é"]),
)
names = st.one_of(st.text(max_size=4), st.sampled_from(["Records", "Events", "a", "Type", "detail", "logEvents"]))
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(names, inner, max_size=4)),
    max_leaves=12,
)
wrappers = st.builds(
    lambda before, name, elements, after: {**before, name: elements, **after},
    st.dictionaries(st.text(alphabet="abc", max_size=2), scalars, max_size=2),
    st.sampled_from(["Records", "Events", "Messages", "logEvents"]),
    st.lists(values, max_size=5),
    st.dictionaries(st.sampled_from(["messageType", "Type", "x"]), scalars, max_size=2),
)
styles = st.sampled_from(
    [
        {"separators": (",", ":")},
        {},
        {"indent": 2},
        {"indent": 0},
        {"ensure_ascii": False},
        {"separators": (" ,\t", " :\r\n")},
    ]
)
top_level = st.one_of(
    wrappers,
    st.dictionaries(names, values, max_size=5),
    st.lists(values, max_size=5),
    st.text(max_size=5),
)
between = st.sampled_from(["", "\n", " ", "\r\n", "\n\n"])

# What makes text that is anything but well-formed.
shreds = st.sampled_from(
    [
        *'{}[]",:\\\n1x ',
        '{"Records":[',
        '"logEvents":[',
        '"messageType":"DATA_MESSAGE"',
        '"messageType":null',
        '"Events":[{"CloudTrailEvent":"{}"}]',
        '"\\u0052ecords":[1,2]',
        '{"a":[{"b":[{"c":[{}]}]}]}',
        '{"eventTime":"x"}',
        '\n{"a":1}\n',
        "}\n{",
        "}{",
        "]}",
        "null",
        "tru",
        "y" * 30,
        '"' + "z" * 40 + '"',
        "\ufeff",
        "CloudTrail validation message.",
    ]
)  # fmt: skip
garbage = st.lists(shreds, max_size=25).map(lambda parts: "".join(parts).encode())
limits = st.builds(
    Limits, record=st.sampled_from([10, 20, 40, 100, 10_000]), depth=st.sampled_from([1, 2, 3, 5, 8, 9, 20])
)


def fed(text: bytes, sizes: list[int], within: Limits) -> list[Piece]:
    splitter = Splitter(within)
    found: list[Piece] = []
    at = turn = 0
    while at < len(text):
        size = sizes[turn % len(sizes)]
        found += splitter.feed(text[at : at + size])
        at, turn = at + size, turn + 1
    return found + list(splitter.close())


sizes = st.lists(st.integers(1, 20), min_size=1, max_size=5)


@given(garbage, sizes, limits)
def test_the_pieces_do_not_depend_on_how_the_text_comes(text: bytes, sizes: list[int], within: Limits) -> None:
    assert fed(text, sizes, within) == fed(text, [1], within) == list(split(text, within))


@given(garbage, limits)
def test_every_piece_stands_in_the_text_where_it_says(text: bytes, within: Limits) -> None:
    own = (b'"CloudTrail validation message."', b'{"digestStartTime":null,"logFiles":[]}')
    for piece in split(text, within):
        assert (piece.problem is None) == bool(piece.text)
        assert len(piece.text) <= within.record or piece.text in own
        assert piece.text in own or text[piece.offset :].startswith(piece.text)


@st.composite
def texts(draw) -> tuple[str, list[Any]]:
    """Well-formed values one after another, with the values."""
    found = draw(st.lists(top_level, max_size=4))
    parts = []
    for value in found:
        text = json.dumps(value, **draw(styles))
        parts.append(text + draw(between))
    return "".join(parts), found


@given(texts(), sizes)
def test_of_well_formed_values_nothing_is_lost(sample: tuple[str, list[Any]], sizes: list[int]) -> None:
    text, expected = sample
    rebuilt: list[Any] = []
    for piece in fed(text.encode("utf-8", "surrogatepass"), sizes, Limits()):
        assert piece.problem is None
        rebuilt.append((piece.container, json.loads(piece.text.decode("utf-8", "surrogatepass"))))
    for value in expected:
        if isinstance(value, list):
            container, elements = "[", value
        elif rebuilt and rebuilt[0] == (None, value):
            rebuilt.pop(0)
            continue
        else:
            container = next(name for name in ("Records", "Messages", "logEvents", "Events") if is_cut(value, name))
            elements = value[container]
        assert rebuilt[: len(elements)] == [(container, element) for element in elements]
        del rebuilt[: len(elements)]
    assert rebuilt == []


def is_cut(value: dict[str, Any], name: str) -> bool:
    return isinstance(value.get(name), list) and (name != "logEvents" or value.get("messageType") == "DATA_MESSAGE")


@given(texts(), st.integers(0, 400), st.integers(0, 30), st.binary(max_size=10))
def test_damage_leaves_what_lies_before_it(
    sample: tuple[str, list[Any]], place: int, length: int, instead: bytes
) -> None:
    text = sample[0].encode("utf-8", "surrogatepass")
    whole = [piece for piece in split(text) if piece.offset + len(piece.text) < place and piece.text]
    damaged = list(split(text[:place] + instead + text[place + length :]))
    # What is held whole, so that its members may come in any order, is cut or not by what comes later.
    kept = {(piece.offset, piece.text) for piece in damaged}
    assert all((piece.offset, piece.text) in kept for piece in whole if piece.container != "logEvents")


@given(values, limits)
def test_telling_ends_for_every_value(value: Any, within: Limits) -> None:
    text = json.dumps(value)
    try:
        decoded = decode_message(text, depth=within.depth)
    except MessageError:
        return
    with_text = list(tell(decoded, text=text, limits=within))
    assert all(leaf.text is not None for leaf in with_text if isinstance(leaf, RecordLeaf))
    assert [type(leaf) for leaf in with_text] == [type(leaf) for leaf in tell(decoded, limits=within)] or any(
        isinstance(leaf, MalformedLeaf) for leaf in with_text
    )


@given(st.dictionaries(names, values, min_size=1, max_size=5), styles)
def test_the_text_of_a_member_decodes_to_the_member(value: dict[str, Any], style: dict[str, Any]) -> None:
    text = json.dumps(value, **style)
    for name, member in value.items():
        found = member_text(text.encode("utf-8", "surrogatepass"), name)
        assert found is not None
        assert json.loads(found.decode("utf-8", "surrogatepass")) == member
