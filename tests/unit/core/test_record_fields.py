"""Facts about CloudTrail's fields (detections.md section 2, CT-2.2)."""

from __future__ import annotations

import pytest

from tocsin.core.pattern.parser import parse_pattern
from tocsin.core.pattern.tree import Json, NotExists, Step
from tocsin.core.record_fields import (
    ALWAYS_PRESENT,
    FIELDS,
    PRESENT_BY_TYPE,
    FieldKind,
    field_path,
    is_always_present,
    kind_of,
    recase,
)


def steps(selector: str) -> tuple[Step, ...]:
    tree = parse_pattern(f"{{ {selector} NOT EXISTS }}")
    assert isinstance(tree, Json)
    assert isinstance(tree.expr, NotExists)
    return tree.expr.selector.steps


@pytest.mark.parametrize(
    ("selector", "kind"),
    [
        ("$.eventName", FieldKind.TEXT),
        ("$.readOnly", FieldKind.BOOLEAN),
        ("$.sessionCredentialFromConsole", FieldKind.TEXT_BOOLEAN),
        ("$.userIdentity.sessionContext.attributes.mfaAuthenticated", FieldKind.TEXT_BOOLEAN),
        ("$.userIdentity", FieldKind.OBJECT),
        ("$.requestParameters", FieldKind.MOSTLY_OBJECT),
        ("$.resources", FieldKind.LIST),
        ("$.resources[0]", FieldKind.OBJECT),
        ("$.resources[*].ARN", FieldKind.TEXT),
        ("$.additionalEventData.MFAUsed", FieldKind.VARYING),
        ("$.insightDetails.insightContext.statistics.insight.average", FieldKind.NUMBER),
        ("$.requestParameters.name", None),
        ("$.*", None),
        ("$.eventName.x", None),
    ],
)
def test_kind(selector: str, kind: FieldKind | None) -> None:
    assert kind_of(steps(selector)) is kind


def test_kinds_say_what_compares() -> None:
    assert [kind for kind in FieldKind if kind.is_text] == [FieldKind.TEXT, FieldKind.TEXT_BOOLEAN]
    containers = [FieldKind.OBJECT, FieldKind.MOSTLY_OBJECT, FieldKind.LIST]
    assert [kind for kind in FieldKind if kind.is_container] == containers


def test_paths() -> None:
    assert field_path(steps("$.resources[3].ARN")) == ("resources", "[]", "ARN")
    assert field_path(steps("$.userIdentity.*")) is None


def test_what_every_record_has() -> None:
    assert is_always_present(steps("$.eventName"))
    assert not is_always_present(steps("$.eventType"))  # CT-2.9: old records lack it
    assert not is_always_present(steps("$.requestParameters.eventName"))


def test_facts_agree_with_one_another() -> None:
    present = {path for paths in PRESENT_BY_TYPE.values() for path in paths}
    assert (ALWAYS_PRESENT | present) <= set(FIELDS)
    # Whatever has fields below it is a container.
    assert all(FIELDS[path[:-1]].is_container for path in FIELDS if len(path) > 1)


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("$.EventName", (0, "eventName")),
        ("$.requestparameters.x", (0, "requestParameters")),
        ("$.userIdentity.ARN", (1, "arn")),
        ("$.resources[*].arn", (2, "ARN")),
        ("$.additionalEventData.MfaUsed", (1, "MFAUsed")),
        ("$.eventName", None),
        ("$.requestParameters.Name", None),
        ("$.other.EventName", None),
        ("$[0].eventname", None),
        ("$.*.ARN", None),
    ],
)
def test_names_that_differ_in_case_alone(selector: str, found: tuple[int, str] | None) -> None:
    assert recase(steps(selector)) == found
