"""Values by the model to the trees of a record: keys, moments, blobs, and nothing that is secret. Spec: REC-5, REC-6.

Rule: whatever a value holds, what comes out can be written as JSON, and no member passes by the redaction.
"""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime
from math import isfinite
from typing import TYPE_CHECKING, Any

from tocsin.core.record.key import lower_first, member_key
from tocsin.core.record.moment import MomentForm, form_of, moment_value
from tocsin.core.record.redaction import DROPPED, KEPT, REDACTED, without_literals

if TYPE_CHECKING:
    from tocsin.core.record.redaction import Redaction
    from tocsin.core.record.shape import Member, Shape

Tree = dict[str, Any]


class TreeForm:
    """How the values of one request or answer are written: service, and what is to be left out."""

    def __init__(self, service: str, redaction: Redaction, *, is_rest_json: bool) -> None:
        self.service = service
        self.redaction = redaction
        self.is_rest_json = is_rest_json

    def key(self, member: Member) -> str:
        """What a member is called."""
        return member_key(self.service, member.name, member.xml_name or member.name)

    def moment_form(self, member: Member) -> MomentForm:
        """How its moments are written."""
        return form_of(self.service, member.timestamp_format, is_rest_json=self.is_rest_json)


def structure_tree(shape: Shape, values: dict[str, Any], form: TreeForm, parents: tuple[str, ...] = ()) -> Tree:
    """The tree of a structure. Members that the model has not, and those that are None, are left out."""
    tree: Tree = {}
    members = shape.members
    for name, value in values.items():
        member = members.get(name)
        if member is None or value is None or member.is_streamed:
            continue
        treatment = form.redaction.of_member(member, parents)
        if treatment == KEPT:
            tree[form.key(member)] = _member_value(member, value, form, (*parents, lower_first(name)))
        elif treatment == REDACTED and isinstance(value, str):
            tree[form.key(member)] = without_literals(value)
        elif treatment is not DROPPED:
            tree[form.key(member)] = treatment
    return tree


def _member_value(member: Member, value: Any, form: TreeForm, parents: tuple[str, ...]) -> Any:
    shape = member.shape
    match shape.kind:
        case "structure":
            return structure_tree(shape, value, form, parents) if isinstance(value, dict) else json_value(value)
        case "list" if isinstance(value, (list, tuple)) and shape.element is not None:
            return [
                item for item in (_element(shape.element, each, form, parents) for each in value) if item is not None
            ]
        case "map" if isinstance(value, dict) and shape.element is not None and shape.key is not None:
            return _map_tree(shape.key, shape.element, value, form, parents)
        case "timestamp" if isinstance(value, datetime):
            return moment_value(value, form.moment_form(member))
    return json_value(value)


def _element(element: Member, value: Any, form: TreeForm, parents: tuple[str, ...]) -> Any:
    """An element of a list; None where it is to be left out."""
    if value is None:
        return None
    treatment = form.redaction.of_element(element)
    return _member_value(element, value, form, parents) if treatment == KEPT else treatment


def _map_tree(key: Member, element: Member, values: dict[Any, Any], form: TreeForm, parents: tuple[str, ...]) -> Tree:
    of_key = form.redaction.of_element(key)
    tree: Tree = {}
    for name, value in values.items():
        item = _element(element, value, form, parents)
        if item is not None and of_key is not DROPPED:
            tree[str(name) if of_key == KEPT else of_key] = item
    return tree


def json_value(value: Any) -> Any:
    """A value that no shape describes as JSON has it: blobs as base64, numbers that JSON lacks as text."""
    if isinstance(value, bytes):
        return b64encode(value).decode("ascii")
    if isinstance(value, float) and not isfinite(value):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"  # noqa: PLR0124  (true for NaN alone)
    if isinstance(value, datetime):
        return moment_value(value, MomentForm.ISO)
    if isinstance(value, dict):
        return {str(name): json_value(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_value(item) for item in value]
    return value
