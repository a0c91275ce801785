"""`fieldSelectionCriteria`: which events a filter sees (FP-9.11)."""

from __future__ import annotations

import pytest

from tocsin.core.criteria import CriteriaError, parse_criteria

HOME = ("111122223333", "us-east-1")
AWAY = ("444455556666", "eu-west-1")


@pytest.mark.parametrize(
    ("source", "home", "away"),
    [
        ("", True, True),
        ("  \n", True, True),
        ('@aws.account = "111122223333"', True, False),
        ('@aws.account != "111122223333"', False, True),
        ('@aws.region="eu-west-1"', False, True),
        ('@aws.account IN ["111122223333", "444455556666"]', True, True),
        ('@aws.account IN ["000000000000"]', False, False),
        ('@aws.account NOT IN ["111122223333"]', False, True),
        ('@aws.account IN ["111122223333"] AND @aws.region != "us-east-1"', False, False),
        ('@aws.account = "111122223333" OR @aws.region = "eu-west-1"', True, True),
        # AND binds tighter than OR, wherever it stands.
        ('@aws.region = "us-east-1" OR @aws.region = "x" AND @aws.account = "x"', True, False),
        ('@aws.account = "x" AND @aws.region = "x" OR @aws.region = "us-east-1"', True, False),
        ('(@aws.region = "us-east-1" OR @aws.region = "x") AND @aws.account = "x"', False, False),
        ('((@aws.region = "us-east-1"))', True, False),
        ('(@aws.region = "us-east-1" AND (@aws.account = "x" OR @aws.account = "111122223333"))', True, False),
    ],
)
def test_criteria_decide_by_account_and_region(source: str, home: bool, away: bool) -> None:
    sees = parse_criteria(source)
    assert (sees(*HOME), sees(*AWAY)) == (home, away)


@pytest.mark.parametrize(
    ("source", "position", "says"),
    [
        ("$.x = 1", 0, "unexpected '$'"),
        ('@aws.account = "1" ; ', 19, "unexpected ';'"),
        ('@aws.account == "1"', 14, "a text in double quotes expected"),
        ("@aws.account = 1", 15, "unexpected '1'"),
        ('@aws.partition = "aws"', 0, "unexpected '@'"),
        ('@aws.account "1"', 13, "IN or NOT IN expected"),
        ('@aws.account NOT ["1"]', 17, "IN or NOT IN expected"),
        ('@aws.account IN "1"', 16, "[ expected"),
        ("@aws.account IN []", 17, "a text in double quotes expected"),
        ('@aws.account IN ["1" "2"]', 21, ", or ] expected"),
        ('@aws.account IN ["1"', 20, "but the text ends"),
        ('@aws.account = "1" or @aws.region = "x"', 19, "unexpected 'o'"),
        ('@aws.account = "1" @aws.region = "x"', 19, "AND or OR expected"),
        ('@aws.account = "1" IN @aws.region = "x"', 19, "AND or OR expected"),
        ('@aws.account = "1" AND', 22, "expected"),
        ("AND", 0, "expected"),
        ('(@aws.account = "1"', 0, "'(' is never closed"),
        ('@aws.account = "1")', 18, "')' without '('"),
        ("()", 1, "expected"),
        ('"' + "x" * 2000, 2000, "2,000 are allowed"),
    ],
)
def test_criteria_that_are_refused_say_where(source: str, position: int, says: str) -> None:
    with pytest.raises(CriteriaError) as refused:
        parse_criteria(source)
    assert says in refused.value.message
    assert refused.value.position == position


def test_criteria_may_be_nested_as_deep_as_their_length_allows() -> None:
    depth = 980
    sees = parse_criteria("(" * depth + '@aws.account = "1"' + ")" * depth)
    assert sees("1", "x")
