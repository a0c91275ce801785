"""Filter policies in words. Spec: SNS-9.2, SNS-9.4, CON-4.9."""

from __future__ import annotations

import json

import pytest

from tocsin.core.filter_policy_words import filter_words
from tocsin.errors import FilterPolicyError

ROWS = [
    ({}, "of every kind"),
    ({"a": ["x"]}, 'in whose body a is "x"'),
    ({"a": ["x", 1, 0.5, True, None]}, 'in whose body a is "x" or is 1 or is 0.5 or is true or is null'),
    ({"a": {"b": {"c": [1]}}}, "in whose body a.b.c is 1"),
    ({"a": [{"prefix": "p"}, {"suffix": "s"}]}, 'in whose body a begins with "p" or ends with "s"'),
    ({"a": [{"equals-ignore-case": "Root"}]}, 'in whose body a is "Root" in any case'),
    ({"a": [{"exists": True}], "b": [{"exists": False}]}, "in whose body a is there, and b is not there"),
    ({"a": [{"cidr": "192.0.2.0/24"}]}, "in whose body a is an address in 192.0.2.0/24"),
    ({"a": [{"numeric": ["=", 5]}]}, "in whose body a is 5"),
    ({"a": [{"numeric": [">=", 1, "<", 2.5]}]}, "in whose body a is at least 1 and is less than 2.5"),
    ({"a": [{"numeric": [">", 1]}, {"numeric": ["<=", -1]}]}, "in whose body a is more than 1 or is at most -1"),
    ({"a": [{"anything-but": "x"}]}, 'in whose body a is there and is not "x"'),
    ({"a": [{"anything-but": ["x", "y", "z"]}]}, 'in whose body a is there and is neither "x", "y" nor "z"'),
    ({"a": [{"anything-but": {"prefix": "p"}}]}, 'in whose body a is there and does not begin with "p"'),
    ({"a": [{"anything-but": {"suffix": "s"}}]}, 'in whose body a is there and does not end with "s"'),
    (
        {"k": [1], "$or": [{"a": ["x"]}, {"b": ["y"], "c": ["z"]}]},
        'in whose body k is 1, and either a is "x" or (b is "y", and c is "z")',
    ),
    ({"d": {"$or": [{"a": [1]}, {"b": [2]}]}}, "in whose body either d.a is 1 or d.b is 2"),
    ({"$or": [{"prefix": "x"}]}, 'in whose body $or begins with "x"'),
    ({"ä": ["\u202eevil"]}, 'in whose body ä is "\u202eevil"'),
]


@pytest.mark.parametrize(("policy", "words"), ROWS)
def test_a_policy_is_said_in_words(policy: object, words: str) -> None:
    assert filter_words(json.dumps(policy), "MessageBody") == words


def test_the_words_say_that_attributes_are_looked_at() -> None:
    assert filter_words('{"kind": ["a"]}', "MessageAttributes") == 'whose attribute kind is "a"'


def test_what_is_no_policy_has_no_words() -> None:
    with pytest.raises(FilterPolicyError):
        filter_words('{"a": 1}', "MessageBody")
