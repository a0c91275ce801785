"""The clause that a field of a record is copied as holds of that record, and of no other value (CON-4.5)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.event import ABSENT, Event
from tocsin.core.pattern import FilterPattern
from tocsin.core.pattern.field_clause import field_clause
from tocsin.core.pattern.tree import Index, Name

# A record, the way to a field in it, and its clause.
ROWS: list[tuple[Any, list[str | int], str | None]] = [
    ({"eventName": "StopLogging"}, ["eventName"], '$.eventName = "StopLogging"'),
    ({"userIdentity": {"type": "Root"}}, ["userIdentity", "type"], '$.userIdentity.type = "Root"'),
    ({}, ["errorCode"], "$.errorCode NOT EXISTS"),
    ({"a": {}}, ["a", "b", "c"], "$.a.b.c NOT EXISTS"),
    ({"requestParameters": None}, ["requestParameters"], "$.requestParameters IS NULL"),
    ({"readOnly": True}, ["readOnly"], "$.readOnly IS TRUE"),
    ({"readOnly": False}, ["readOnly"], "$.readOnly IS FALSE"),
    ({"mfaAuthenticated": "false"}, ["mfaAuthenticated"], '$.mfaAuthenticated = "false"'),
    ({"port": 22}, ["port"], "$.port = 22"),
    ({"n": -1.5e3}, ["n"], "$.n = -1500.0"),
    ({"n": 12345678901234567890123}, ["n"], "$.n = 12345678901234567890123"),
    ({"n": "5"}, ["n"], '$.n = "5"'),
    ({"n": ""}, ["n"], '$.n = ""'),
    ({"n": " "}, ["n"], '$.n = " "'),
    ({"n": 'say "hi"\\'}, ["n"], r'$.n = "say \"hi\"\\"'),
    ({"n": "a\r\nb\tc"}, ["n"], '$.n = "a\r\nb\tc"'),
    ({"n": "日本 🦊"}, ["n"], '$.n = "日本 🦊"'),
    ({"n": "Ev*ent"}, ["n"], '$.n = "Ev*ent"'),
    ({"n": "*"}, ["n"], r"$.n = %^\x2a$%"),
    ({"n": "arn:aws:s3:::b/*"}, ["n"], r"$.n = %^arn:aws:s3:::b/\x2a$%"),
    ({"n": "*(50%)!~"}, ["n"], r"$.n = %^\x2a\x2850\x25\x29\x21\x7e$%"),
    ({"n": "日*"}, ["n"], None),
    ({"service.name": 1}, ["service.name"], "$['service.name'] = 1"),
    ({"detail-type": 1, "a": 2}, ["detail-type"], "$.detail-type = 1"),
    ({"": None}, [""], "$[''] IS NULL"),
    ({"日本": "x"}, ["日本"], "$['日本'] = \"x\""),
    ({"it's]": True}, ["it's]"], "$['it's]'] IS TRUE"),
    ({"a']b": 1}, ["a']b"], '$["a\']b"] = 1'),
    ({"a'": 1}, ["a'"], "$['a''] = 1"),
    ({"a']\"]": 1}, ["a']\"]"], None),
    ({"*": 1}, ["*"], "$['*'] = 1"),
    ({"resources": [{"ARN": "a"}, {"ARN": "b"}]}, ["resources", 1, "ARN"], '$.resources[*].ARN = "b"'),
    ({"a": [[1, 2], [3]]}, ["a", 1, 0], "$.a[1][0] = 3"),
    ({"a": ["x", None]}, ["a", 1], "$.a[*] IS NULL"),
    ([{"a": 1}], [0, "a"], "$[*].a = 1"),
    ({"a": {}}, ["a"], None),
    ({"a": []}, ["a"], None),
    ({"a": "x" * 1012}, ["a"], '$.a = "' + "x" * 1012 + '"'),
    ({"a": "x" * 1013}, ["a"], None),
]


def steps_of(way: list[str | int]) -> list[Name | Index]:
    return [Name(one) if isinstance(one, str) else Index(one) for one in way]


def value_at(event: Event, way: list[str | int]) -> Any:
    node: Any = event.value
    for one in way:
        if isinstance(one, str):
            node = node.get(one, ABSENT) if isinstance(node, dict) else ABSENT
        else:
            node = node[one]
    return node


@pytest.mark.parametrize(("record", "way", "clause"), ROWS)
def test_the_clause_of_a_field(record: Any, way: list[str | int], clause: str | None) -> None:
    event = Event(json.dumps(record))
    made = field_clause(steps_of(way), value_at(event, way))
    assert made == clause
    if made is not None:
        assert FilterPattern.parse(f"{{ {made} }}").matches_event(event)


names = st.one_of(
    st.sampled_from(["eventName", "a-b", "0", "service.name", "", "a'", "']", "*", "é"]), st.text(max_size=5)
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12),
    st.text(st.sampled_from('*"\\%()[]{}&|=$. a\n'), max_size=8),
)
documents = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=3)),
    max_leaves=12,
)


def fields_of(node: Any, way: tuple[Name | Index, ...] = ()) -> list[tuple[tuple[Name | Index, ...], Any]]:
    if isinstance(node, dict):
        return [found for name, one in node.items() for found in fields_of(one, (*way, Name(name)))]
    if isinstance(node, list):
        return [found for place, one in enumerate(node) for found in fields_of(one, (*way, Index(place)))]
    return [(way, node)]


@given(st.one_of(st.lists(documents, max_size=3), st.dictionaries(names, documents, max_size=3)))
def test_every_clause_holds_of_its_record(record: Any) -> None:
    event = Event(json.dumps(record))
    for way, value in fields_of(event.value):
        clause = field_clause(way, value)
        assert clause is None or FilterPattern.parse(f"{{ {clause} }}").matches_event(event)


@given(scalars, scalars)
def test_no_clause_holds_of_another_value(one: Any, other: Any) -> None:
    event, another = Event(json.dumps({"f": one})), Event(json.dumps({"f": other}))
    clause = field_clause((Name("f"),), value_at(event, ["f"]))
    if clause is None or json.dumps(one) == json.dumps(other):
        return
    # The language itself takes some values for equal: FP-5.4.
    are_like = not isinstance(one, bool | None) and str(one) == str(other)
    are_like = are_like or (isinstance(one, int | float) and isinstance(other, int | float) and one == other)
    are_like = are_like or (isinstance(other, bool) and str(one).casefold() == str(other).casefold())
    assert are_like or not FilterPattern.parse(f"{{ {clause} }}").matches_event(another)
