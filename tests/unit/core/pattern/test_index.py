"""What a pattern tells about the events it can match: keys and required fields (FP-14.2, FP-14.4)."""

from __future__ import annotations

import pytest

from tocsin.core.pattern.index import EVENT_NAME, keys_for, required_fields
from tocsin.core.pattern.parser import parse_pattern
from tocsin.core.pattern.tree import And, AnyElement, AnyName, Compare, Index, Json, Literal, Name, Op, Or, Selector

NONE = None


@pytest.mark.parametrize(
    ("pattern", "keys"),
    [
        # The table of FP-14.2.
        ('{ ($.eventName = A) || ($.eventName = "B") }', {"A", "B"}),
        ('{ $.eventName = A && $.errorCode = "x*" }', {"A"}),
        ("{ ($.eventName = A || $.eventName = B) && $.eventName != B }", {"A", "B"}),
        ('{ $.eventName = A || $.errorCode = "x" }', NONE),
        ('{ $.eventName = "Delete*" }', NONE),
        ("{ $.eventName = %^Delete% }", NONE),
        ("{ $.eventName != A }", NONE),
        ("{ $.requestParameters.eventName = A }", NONE),
        ("{ $.* = A }", NONE),
        ("{ $.eventName = 5 }", NONE),
        # The other rows of its rule.
        ("{ $.eventName = A }", {"A"}),
        ("{ $['eventName'] = A }", {"A"}),
        ('{ $.["eventName"] = A }', {"A"}),
        ('{ $.eventName = "5" }', {"5"}),
        ('{ $.eventName = "" }', {""}),
        ("{ $.eventName = Put*Policy }", {"Put*Policy"}),
        ("{ $.eventName = *A }", NONE),
        ("{ $.eventName = * }", NONE),
        ("{ $.eventName > 5 }", NONE),
        ("{ $.eventName > A }", NONE),
        ("{ $.eventName IS NULL }", NONE),
        ("{ $.eventName NOT EXISTS }", NONE),
        ("{ $.eventName[0] = A }", NONE),
        ("{ $.eventName.x = A }", NONE),
        ("{ $[0].eventName = A }", NONE),
        ("{ $.x = 1 && $.y = 2 }", NONE),
        ("{ $.x = 1 && ($.eventName = A || $.eventName = B) }", {"A", "B"}),
        ("{ $.eventName = A && $.eventName = B }", set()),
        ("{ $.eventName = A && $.eventName = B || $.eventName = C }", {"C"}),
        ("{ ($.eventName = A || $.eventName = B) && ($.eventName = B || $.eventName = C) }", {"B"}),
        ("{ ($.eventName = A || $.x = 1) && $.eventName = B }", {"B"}),
        ("{ $.eventName = A || ($.eventName = B && $.x = 1) }", {"A", "B"}),
        ("{ $.eventName = A || ($.x = 1 && $.y = 2) }", NONE),
        # Other kinds are never indexed.
        ("", NONE),
        ("eventName", NONE),
        ("[eventName = A]", NONE),
    ],
)
def test_keys(pattern: str, keys: set[str] | None) -> None:
    assert keys_for(parse_pattern(pattern), EVENT_NAME) == keys


def test_keys_of_another_path() -> None:
    pattern = parse_pattern("{ $.eventSource = kms.amazonaws.com && $.userIdentity.type = Root && $.eventName = A }")
    assert keys_for(pattern, ("eventSource",)) == {"kms.amazonaws.com"}
    assert keys_for(pattern, ("userIdentity", "type")) == {"Root"}
    assert keys_for(pattern, ("userIdentity",)) is None


def test_depth_does_not_matter() -> None:
    leaf = Compare(Selector("$.eventName", (Name("eventName"),)), Op.EQ, Literal("A", quoted=False))
    expr = leaf
    for level in range(5_000):
        expr = (And if level % 2 else Or)((expr, leaf))
    assert keys_for(Json(expr), EVENT_NAME) == {"A"}


@pytest.mark.parametrize(
    ("pattern", "fields"),
    [
        ("", set()),
        ("ERROR", set()),
        ("[a = 1]", set()),
        ("{ $.a.b = 1 && $.c NOT EXISTS || $.a.b = 2 }", {(Name("a"), Name("b")), (Name("c"),)}),
        ("{ $['a.b'] IS NULL }", {(Name("a.b"),)}),
        ("{ $.a[2].b > 1 }", {(Name("a"), Index(2), Name("b"))}),
        # The example of FP-14.4: a wildcard step keeps the whole subtree.
        (
            "{ $.tags[*].key = env && $.errorCode NOT EXISTS }",
            {(Name("tags"), AnyElement()), (Name("errorCode"),)},
        ),
        ("{ $.a.*.b[0] = 1 }", {(Name("a"), AnyName())}),
    ],
)
def test_required_fields(pattern: str, fields: set[tuple[object, ...]]) -> None:
    assert required_fields(parse_pattern(pattern)) == fields
