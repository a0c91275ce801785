"""A selector setting as people have it at hand (CT-8)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tocsin.app.selector_setting import read_selector_setting
from tocsin.core.trail.selector import read_selectors
from tocsin.errors import InputError

BASIC = {"ReadWriteType": "WriteOnly"}
ADVANCED = {"Name": "n", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"TrailARN": "arn:aws:cloudtrail:us-east-1:111122223333:trail/t", "EventSelectors": [BASIC]}, "basic"),
        ({"TrailName": "t", "EventSelectors": [BASIC], "AdvancedEventSelectors": []}, "basic"),
        ({"TrailARN": "t", "EventSelectors": [], "AdvancedEventSelectors": [ADVANCED]}, "advanced"),
        ({"AdvancedEventSelectors": [ADVANCED], "EventSelectors": None}, "advanced"),
        ([BASIC], "basic"),
        ([ADVANCED], "advanced"),
        (BASIC, "basic"),
        (ADVANCED, "advanced"),
    ],
)
def test_every_form_of_a_setting_is_read(given: Any, kind: str) -> None:
    expected = {"EventSelectors": [BASIC]} if kind == "basic" else {"AdvancedEventSelectors": [ADVANCED]}
    assert read_selector_setting(json.dumps(given, indent=2), name="x") == read_selectors(expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "x:1:1: not JSON: expecting value"),
        ('{"ReadWriteType":\n  tru}', "x:2:3: not JSON: expecting value"),
        ("[" * 60 + "]" * 60, "x:1:51: not JSON: nested more than 50 levels deep"),
        ("{}", "x: there is no event selector in it"),
        ("[]", "x: there is no event selector in it"),
        ('"All"', "x: there is no event selector in it"),
        ("7", "x: there is no event selector in it"),
        ("[7]", "x: EventSelectors[0] must be an object, not a number."),
        ('{"Trail": 1}', "x: EventSelectors[0] has an unknown member: Trail."),
        ('{"EventSelectors": []}', "x: Specify a valid number of event selectors (1 to 5) for your trail."),
        (
            '{"ReadWriteType": "Read"}',
            "x: Value Read for ReadWriteType is invalid. Valid values are: All, ReadOnly, WriteOnly",
        ),
    ],
)
def test_what_is_no_setting_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(InputError) as refusal:
        read_selector_setting(text, name="x")
    assert refusal.value.message == message
