"""Requests and answers of EC2 as its records show them: plain or wrapped. Spec: REC-8.

What must not be known has another text in its place here, it is never left out (REC-10.2).
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from tocsin.core.record import ec2_key
from tocsin.core.record.guess import guessed
from tocsin.core.record.key import lower_first
from tocsin.core.record.moment import MomentForm, moment_value
from tocsin.core.record.redaction import KEPT, redaction_of
from tocsin.core.record.tree import json_value

if TYPE_CHECKING:
    from tocsin.core.record.call import ApiAnswer, ApiCall, Values
    from tocsin.core.record.redaction import Redaction, Treatment
    from tocsin.core.record.shape import Member, Shape
    from tocsin.core.record.tree import Tree

XMLNS: Final = "http://ec2.amazonaws.com/doc/2016-11-15/"
_TEXT_IN_ANSWERS: Final = frozenset({"size", "volumeSize"})
_MARK: Final = "tag"


def ec2_parameters(call: ApiCall, shape: Shape, values: Values) -> Tree | None:
    """The requestParameters; a wrapped call without any has an empty text under its key."""
    redaction = redaction_of("ec2", call.operation, "request")
    if ec2_key.is_wrapped(call.operation):
        return {ec2_key.request_key(call.operation): _Wrapped(redaction).structure(shape, values) or ""}
    return _Plain(call.operation, redaction).parameters(shape, values) or None


def ec2_elements(call: ApiCall, answer: ApiAnswer) -> Tree | None:
    """The responseElements of a call that went well."""
    redaction = redaction_of("ec2", call.operation, "answer")
    output = answer.output or {}
    known: Tree = {} if answer.request_id is None else {"requestId": answer.request_id}
    # An answer without elements of its own says `<return>true</return>`; others say it besides [seen].
    has_return = answer.is_true or call.output is None
    if ec2_key.is_wrapped(call.operation):
        said = {"return": True} if has_return else {}
        shown = _Wrapped(redaction).answer(call.output, output) if call.output is not None else {}
        return {f"{call.operation}Response": {"xmlns": XMLNS, **known, **said, **shown}}
    said = {"_return": True} if has_return else {}
    shown = (
        _PlainAnswer(call.operation, redaction).structure(call.output, output, ()) if call.output is not None else {}
    )
    return {**known, **said, **shown} or None


def top_key(operation: str, member: Member) -> str:
    """The key of a parameter in the plain style (REC-8.1, REC-8.3, REC-8.4)."""
    if member.shape.kind != "list":
        return ec2_key.member_key(operation, member.name) or lower_first(member.xml_name)
    known = ec2_key.list_key(operation, member.name)
    return known.key if known is not None else f"{lower_first(member.xml_name)}Set"


def inner_key(member: Member) -> str:
    """The key of a member of a parameter, in the plain style (REC-8.2)."""
    if member.name == "Tags":
        return "tags"
    known = ec2_key.list_key("", member.name) if member.shape.kind == "list" else None
    return known.key if known is not None else lower_first(member.xml_name)


class _Plain:
    """Parameters by the model, in sets of items (REC-8.1 to REC-8.7)."""

    def __init__(self, operation: str, redaction: Redaction) -> None:
        self._operation = operation
        self._redaction = redaction

    def parameters(self, shape: Shape, values: Values) -> Tree:
        tree: Tree = {}
        if self._operation == "RunInstances":
            values = _instances_of_run(values, tree)
        elif self._operation in ec2_key.PERMISSIONS:
            values = _with_permissions(self._operation, values)
        for name, value in values.items():
            member = shape.members.get(name)
            if member is None or value is None or (self._operation, name) in ec2_key.LEFT_OUT:
                continue
            self._put(tree, member, value, ())
        if self._operation.startswith("Describe"):
            self._put_empty_lists(tree, shape)
        for key, value in ec2_key.DEFAULTS.get(self._operation, {}).items():
            tree.setdefault(key, value)
        return tree

    def _put_empty_lists(self, tree: Tree, shape: Shape) -> None:
        shown = ec2_key.EMPTY_LISTS_OF.get(self._operation)
        for name, member in shape.members.items():
            if member.shape.kind == "list" and (shown is None or name in shown):
                tree.setdefault(top_key(self._operation, member), {})

    def _put(self, tree: Tree, member: Member, value: Any, parents: tuple[str, ...]) -> None:
        treatment = self._redaction.of_member(member, parents)
        key = inner_key(member) if parents else top_key(self._operation, member)
        if treatment != KEPT:
            tree[key] = treatment
            return
        shown = self._value(member, value, (*parents, lower_first(member.name)))
        if isinstance(shown, dict) and isinstance(shown.get("items"), list) and key in tree:
            tree[key]["items"] += shown["items"]  # groups by id and by name are one set
        else:
            tree[key] = shown

    def _value(self, member: Member, value: Any, parents: tuple[str, ...]) -> Any:
        shape = member.shape
        if shape.kind == "structure" and isinstance(value, dict):
            return self._structure(shape, value, parents)
        if shape.kind == "list" and isinstance(value, list) and shape.element is not None:
            return self._items(member, shape.element, value, parents)
        if isinstance(value, datetime):
            return moment_value(value, MomentForm.EPOCH_MILLISECONDS)
        if self._operation == "CreateVolume" and member.name == "Size":
            return str(value)  # [seen], and so in the answer
        if member.name == "NoDevice":
            return {}  # that it was sent is all that it says
        return json_value(value)

    def _structure(self, shape: Shape, values: Values, parents: tuple[str, ...]) -> Tree:
        tree: Tree = {}
        for name, value in values.items():
            member = shape.members.get(name)
            if member is not None and value is not None:
                self._put(tree, member, value, parents)
        if parents[-1] == "ipPermissions":
            for key in ec2_key.PERMISSION_LISTS:
                tree.setdefault(key, {})
        elif parents[-1] == "filters" and "value" in tree:
            tree["valueSet"] = tree.pop("value")
        return tree

    def _items(self, member: Member, element: Member, values: list[Any], parents: tuple[str, ...]) -> Any:
        if not values:
            return {}
        if element.shape.kind == "structure":
            items = [self._structure(element.shape, value, parents) for value in values if isinstance(value, dict)]
            return items if parents[-1] == "tags" and len(parents) > 1 else {"items": items}
        known = ec2_key.list_key(self._operation, member.name) if len(parents) == 1 else None
        known = known or ec2_key.list_key("", member.name)
        key = (known.item if known is not None else "") or lower_first(member.xml_name)
        of_element = self._redaction.of_element(element)
        items = [{key: json_value(value) if of_element == KEPT else of_element} for value in values]
        return {"item" if self._operation == "DescribeVpcClassicLink" and key == "vpcId" else "items": items}


def _instances_of_run(values: Values, tree: Tree) -> Values:
    """RunInstances gathers some of its members in an entry of instancesSet, and takes others out of Placement."""
    rest = dict(values)
    entry = {
        lower_first(name): json_value(rest.pop(name))
        for name in ("ImageId", "MinCount", "MaxCount", "KeyName")
        if rest.get(name) is not None
    }
    tree["instancesSet"] = {"items": [entry]}
    placement = rest.get("Placement")
    if isinstance(placement, dict):
        placement = dict(placement)
        for name in ("Tenancy", "AvailabilityZone"):
            if placement.get(name) is not None:
                tree[lower_first(name)] = json_value(placement.pop(name))
        rest["Placement"] = placement or None
    return rest


def _with_permissions(operation: str, values: Values) -> Values:
    """Who is let in or out, however it was said; and the attribute by the name that records have for it (REC-8.4)."""
    member, attribute, groups = ec2_key.PERMISSIONS[operation]
    if member not in values and values.get("Attribute") != ec2_key.PERMISSION_ATTRIBUTES[operation]:
        return values
    rest = {name: value for name, value in values.items() if name not in {"OperationType", "UserIds", groups}}
    users, teams = values.get("UserIds"), values.get(groups)
    said = [{"UserId": user} for user in users if user] if isinstance(users, list) else []
    said += [{"Group": team} for team in teams if team] if isinstance(teams, list) else []
    if said and member not in rest:
        rest[member] = {"Remove" if values.get("OperationType") == "remove" else "Add": said}
    return {**rest, "Attribute": attribute}


class _PlainAnswer:
    """The elements of an answer, lists as items (REC-8.8)."""

    def __init__(self, operation: str, redaction: Redaction) -> None:
        self._operation = operation
        self._redaction = redaction

    def structure(self, shape: Shape, values: Values, parents: tuple[str, ...]) -> Tree:
        tree: Tree = {}
        for name, value in values.items():
            member = shape.members.get(name)
            if member is None or value is None:
                continue
            treatment = self._redaction.of_member(member, parents)
            key = ec2_key.answer_key(self._operation, member.xml_name) or lower_first(member.xml_name)
            if treatment == KEPT:
                tree[key] = self._value(member, value, (*parents, lower_first(name)))
            else:
                tree[key] = treatment
        return tree

    def _value(self, member: Member, value: Any, parents: tuple[str, ...]) -> Any:
        shape = member.shape
        if shape.kind == "structure" and isinstance(value, dict):
            return self.structure(shape, value, parents)
        if shape.kind == "list" and isinstance(value, list) and shape.element is not None:
            if not value:
                return {}
            key = "item" if member.xml_name in ec2_key.LISTS_OF_ITEM else "items"
            return {key: [self._element(shape.element, item, parents) for item in value if item is not None]}
        if isinstance(value, datetime):
            return moment_value(value, MomentForm.EPOCH_MILLISECONDS)
        if len(parents) == 1 and member.xml_name in _TEXT_IN_ANSWERS:
            return str(value)
        return json_value(value)

    def _element(self, element: Member, value: Any, parents: tuple[str, ...]) -> Any:
        treatment = self._redaction.of_element(element)
        return self._value(element, value, parents) if treatment == KEPT else treatment


class _Wrapped:
    """Form and document as they are, numbers and booleans guessed (REC-8.9, REC-8.10)."""

    def __init__(self, redaction: Redaction) -> None:
        self._redaction = redaction

    def structure(self, shape: Shape, values: Values, parents: tuple[str, ...] = ()) -> Tree:
        """The fields of a form, as a tree."""
        tree: Tree = {}
        for name, value in values.items():
            member = shape.members.get(name)
            if member is None or value is None:
                continue
            treatment = self._redaction.of_member(member, parents)
            if treatment == KEPT:
                shown = self._field(member, value, (*parents, lower_first(name)))
                if shown is not None:
                    tree[member.wire_name] = shown
            else:
                tree[member.wire_name] = treatment
        return tree

    def _field(self, member: Member, value: Any, parents: tuple[str, ...]) -> Any:
        shape = member.shape
        if shape.kind == "structure" and isinstance(value, dict):
            return self.structure(shape, value, parents)
        if shape.kind == "list" and isinstance(value, list) and shape.element is not None:
            items = [self._numbered(shape.element, item, number, parents) for number, item in enumerate(value, start=1)]
            return _one_or_all(items)
        return _guessed_scalar(value)

    def _numbered(self, element: Member, value: Any, number: int, parents: tuple[str, ...]) -> Tree:
        if element.shape.kind == "structure" and isinstance(value, dict):
            return {_MARK: number, **self.structure(element.shape, value, parents)}
        return {_MARK: number, "content": self._content(element, value)}

    def _content(self, element: Member, value: Any) -> Any:
        treatment: Treatment = self._redaction.of_element(element)
        return _guessed_scalar(value) if treatment == KEPT else treatment

    def answer(self, shape: Shape, values: Values, parents: tuple[str, ...] = ()) -> Tree:
        """The elements of a document, as a tree."""
        tree: Tree = {}
        for name, value in values.items():
            member = shape.members.get(name)
            if member is None or value is None:
                continue
            treatment = self._redaction.of_member(member, parents)
            if treatment == KEPT:
                tree[member.xml_name] = self._node(member, value, (*parents, lower_first(name)))
            else:
                tree[member.xml_name] = treatment
        return tree

    def _node(self, member: Member, value: Any, parents: tuple[str, ...]) -> Any:
        shape = member.shape
        if shape.kind == "structure" and isinstance(value, dict):
            return self.answer(shape, value, parents) or ""
        if shape.kind == "list" and isinstance(value, list) and shape.element is not None:
            element = shape.element
            if not value:
                return ""
            of_element = self._redaction.of_element(element)
            items = [
                self._node(element, item, parents) if of_element == KEPT else of_element
                for item in value
                if item is not None
            ]
            return {element.xml_name or "item": _one_or_all(items)}
        return _guessed_scalar(value)


def _one_or_all(items: list[Any]) -> Any:
    """One element stands by itself, several as a list; None for none."""
    return None if not items else items[0] if len(items) == 1 else items


def _guessed_scalar(value: Any) -> Any:
    if isinstance(value, str):
        return guessed(value)
    if isinstance(value, datetime):
        return moment_value(value, MomentForm.ISO_MILLISECONDS)
    return json_value(value)
