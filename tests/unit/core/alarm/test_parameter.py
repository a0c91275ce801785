from __future__ import annotations

from typing import Any

import pytest

from tocsin.core.alarm import AlarmError
from tocsin.core.alarm.parameter import ParameterReader, refuse_violations


def violation(members: dict[Any, Any], read: Any) -> str:
    reader = ParameterReader(members)
    read(reader)
    with pytest.raises(AlarmError) as caught:
        refuse_violations(reader.violations)
    return caught.value.message.removeprefix("1 validation error detected: ")


# WIRE-3.15 to WIRE-3.17: AWS's words.
@pytest.mark.parametrize(
    ("members", "read", "says"),
    [
        ({}, lambda r: r.text("AlarmName", required=True), "Value null at 'alarmName' failed to satisfy constraint: Member must not be null"),
        ({"A": None}, lambda r: r.text("A", required=True), "Value null at 'a' failed to satisfy constraint: Member must not be null"),
        ({"A": 1.5}, lambda r: r.text("A"), "Value '1.5' at 'a' failed to satisfy constraint: Member must be a string"),
        ({"A": "x"}, lambda r: r.text("A", words=["B", "C"]), "Value 'x' at 'a' failed to satisfy constraint: Member must satisfy enum value set: [B, C]"),
        ({"A": ""}, lambda r: r.text("A", least=1), "Value '' at 'a' failed to satisfy constraint: Member must have length greater than or equal to 1"),
        ({"A": "xy"}, lambda r: r.text("A", most=1), "Value 'xy' at 'a' failed to satisfy constraint: Member must have length less than or equal to 1"),
        ({"A": "1"}, lambda r: r.whole("A", least=1), "Value '1' at 'a' failed to satisfy constraint: Member must be an integer"),
        ({"A": True}, lambda r: r.whole("A", least=1), "Value 'true' at 'a' failed to satisfy constraint: Member must be an integer"),
        ({"A": 1.5}, lambda r: r.whole("A", least=1), "Value '1.5' at 'a' failed to satisfy constraint: Member must be an integer"),
        ({"A": float("nan")}, lambda r: r.whole("A", least=1), "Value 'nan' at 'a' failed to satisfy constraint: Member must be an integer"),
        ({"A": 0}, lambda r: r.whole("A", least=1), "Value '0' at 'a' failed to satisfy constraint: Member must have value greater than or equal to 1"),
        ({"A": 9}, lambda r: r.whole("A", least=1, most=8), "Value '9' at 'a' failed to satisfy constraint: Member must have value less than or equal to 8"),
        ({"A": "1"}, lambda r: r.number("A"), "Value '1' at 'a' failed to satisfy constraint: Member must be a number"),
        ({"A": False}, lambda r: r.number("A"), "Value 'false' at 'a' failed to satisfy constraint: Member must be a number"),
        ({"A": float("inf")}, lambda r: r.number("A"), "Value 'inf' at 'a' failed to satisfy constraint: Member must be a finite number"),
        ({"A": 10**5000}, lambda r: r.number("A"), "Value 'a very large number' at 'a' failed to satisfy constraint: Member must be a finite number"),
        ({"A": "yes"}, lambda r: r.boolean("A", default=True), "Value 'yes' at 'a' failed to satisfy constraint: Member must be a boolean"),
        ({"A": "x"}, lambda r: r.texts("A", most=1, item_most=1), "Value 'x' at 'a' failed to satisfy constraint: Member must be a list"),
        ({"A": ["x", "y"]}, lambda r: r.texts("A", most=1, item_most=1), "Value '[x, y]' at 'a' failed to satisfy constraint: Member must have length less than or equal to 1"),
        ({"A": []}, lambda r: r.texts("A", most=1, item_most=1, least=1), "Value '[]' at 'a' failed to satisfy constraint: Member must have length greater than or equal to 1"),
        (
            {"A": ["x", ""]},
            lambda r: r.texts("A", most=5, item_most=9),
            ("Value '[x, ]' at 'a' failed to satisfy constraint: Member must satisfy constraint: "
            "[Member must have length less than or equal to 9, Member must have length greater than or equal to 1]"),
        ),
        ({"A": [1]}, lambda r: r.texts("A", most=5, item_most=9), "Value '[1]' at 'a' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 9, Member must have length greater than or equal to 1]"),
        ({"A": 1}, lambda r: r.record("A"), "Value '1' at 'a' failed to satisfy constraint: Member must be a structure"),
        ({"Ab": [{}, 1]}, lambda r: r.records("Ab"), "Value '1' at 'ab.2.member' failed to satisfy constraint: Member must be a structure"),
        ({"Ab": {"Cd": []}}, lambda r: r.record("Ab").text("Cd"), "Value '[]' at 'ab.cd' failed to satisfy constraint: Member must be a string"),
        ({"Ab": [{"Cd": 1}]}, lambda r: r.records("Ab")[0].text("Cd"), "Value '1' at 'ab.1.member.cd' failed to satisfy constraint: Member must be a string"),
        ({"A": "\ud800"}, lambda r: r.text("A", words=["B"]), "Value '\\ud800' at 'a' failed to satisfy constraint: Member must satisfy enum value set: [B]"),
    ],
)  # fmt: skip
def test_what_the_model_does_not_take(members: dict[Any, Any], read: Any, says: str) -> None:
    assert violation(members, read) == says


def test_all_violations_are_told_at_once() -> None:
    reader = ParameterReader({"B": {"C": ""}})
    reader.text("A", required=True)
    reader.record("B").text("C", least=1)
    with pytest.raises(AlarmError) as caught:
        refuse_violations(reader.violations)
    assert caught.value.message == (
        "2 validation errors detected: Value null at 'a' failed to satisfy constraint: Member must not be null; "
        "Value '' at 'b.c' failed to satisfy constraint: Member must have length greater than or equal to 1"
    )
    assert caught.value.parameter == "A"
    refuse_violations([])


def test_members_of_the_right_type_are_handed_out() -> None:
    reader = ParameterReader({"T": "x", "W": 300.0, "N": 2, "B": False, "L": ["x"], "R": {"T": "y"}, "S": [{"T": "z"}]})
    assert (reader.text("T"), reader.whole("W", least=1), reader.number("N")) == ("x", 300, 2.0)
    assert (reader.boolean("B", default=True), reader.boolean("?", default=True)) == (False, True)
    assert reader.texts("L", most=1, item_most=1) == ("x",)
    assert reader.record("R").text("T") == "y"
    assert [one.text("T") for one in reader.records("S")] == ["z"]
    assert not reader.violations
    reader.refuse_unknown()


def test_members_that_are_not_there_are_none() -> None:
    reader = ParameterReader({"T": None})
    assert (reader.text("T"), reader.whole("W", least=1), reader.number("N")) == (None, None, None)
    assert (reader.texts("L", most=1, item_most=1), reader.record("R"), reader.records("S")) == (None, None, ())
    assert not reader.violations


@pytest.mark.parametrize(("name", "hint"), [("Perod", "did you mean 'Period'?"), ("Zzz", ""), (5, "")])
def test_an_unknown_member_is_named(name: Any, hint: str) -> None:
    reader = ParameterReader({"Metric": {"Period": 60, name: 1}}).record("Metric")
    reader.whole("Period", least=1)
    with pytest.raises(AlarmError, match=f"Unknown parameter: {name}") as caught:
        reader.refuse_unknown()
    assert (caught.value.parameter, caught.value.hint) == (f"Metric.{name}", hint)


def test_what_is_shown_of_a_value_is_bounded() -> None:
    assert len(violation({"A": "x" * 1_000_000}, lambda r: r.text("A", most=1))) < 5000
    assert len(violation({"A": ["x" * 1_000_000] * 9}, lambda r: r.texts("A", most=1, item_most=1))) < 5000
