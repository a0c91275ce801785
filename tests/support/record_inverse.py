"""From what a real record shows back to what the client sent: the other direction of `core.record`, for tests."""

from __future__ import annotations

from base64 import b64decode
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from tocsin.core.record import Member, Shape
from tocsin.core.record.ec2 import inner_key, top_key
from tocsin.core.record.ec2_key import answer_key
from tocsin.core.record.key import lower_first, member_key

RUN_INSTANCES = ("ImageId", "MinCount", "MaxCount", "KeyName")


class Inverse:
    """Values by the model's names; `unknown` collects the keys that no member has."""

    def __init__(self, service: str) -> None:
        self._service = service
        self.unknown: list[str] = []

    def structure(self, shape: Shape, tree: dict[str, Any], path: str = "") -> dict[str, Any]:
        """The values of a structure that a tree shows."""
        by_key = {self._key(member): member for member in shape.members.values()}
        values: dict[str, Any] = {}
        for key, shown in tree.items():
            member = by_key.get(key)
            if member is None:
                self.unknown.append(f"{path}.{key}")
            else:
                values[member.name] = self._value(member, shown, f"{path}.{key}")
        return values

    def _key(self, member: Member) -> str:
        return member_key(self._service, member.name, member.xml_name)

    def _value(self, member: Member, shown: Any, path: str) -> Any:
        shape = member.shape
        match shape.kind:
            case "structure" if isinstance(shown, dict):
                return self.structure(shape, shown, path)
            case "list" if isinstance(shown, list) and shape.element is not None:
                return [self._value(shape.element, item, path) for item in shown]
            case "map" if isinstance(shown, dict) and shape.element is not None:
                return {name: self._value(shape.element, item, path) for name, item in shown.items()}
            case "timestamp":
                return moment(shown)
            case "blob" if isinstance(shown, str):
                try:
                    return b64decode(shown, validate=True)
                except ValueError:
                    return shown.encode()
        return shown


def moment(shown: Any) -> datetime:
    """A moment in one of the forms in which records have them."""
    if isinstance(shown, int | float):
        return datetime.fromtimestamp(shown / 1000 if shown > 10**11 else shown, UTC)
    for form in ("%b %d, %Y %I:%M:%S %p", "%b %d, %Y, %I:%M:%S %p"):
        try:
            return datetime.strptime(shown, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return datetime.fromisoformat(shown)


class Ec2Inverse:
    """The same for the plain style of EC2."""

    def __init__(self, operation: str) -> None:
        self._operation = operation
        self.unknown: list[str] = []

    def parameters(self, shape: Shape, tree: dict[str, Any]) -> dict[str, Any]:
        """The parameters of a request."""
        values: dict[str, Any] = {}
        if self._operation == "RunInstances":
            tree = dict(tree)
            (entry,) = tree.pop("instancesSet")["items"]
            values = {
                name: entry[name[:1].lower() + name[1:]]
                for name in RUN_INSTANCES
                if name[:1].lower() + name[1:] in entry
            }
            groups = tree.pop("groupSet", {}).get("items", [])
            values["SecurityGroupIds"] = [group["groupId"] for group in groups if "groupId" in group]
            values["SecurityGroups"] = [group["groupName"] for group in groups if "groupName" in group]
        by_key = {top_key(self._operation, member): member for member in shape.members.values()}
        for key, shown in tree.items():
            member = by_key.get(key)
            if member is not None:
                values[member.name] = self._value(member, shown, f".{key}")
            elif shown:
                self.unknown.append(f".{key}")
        return values

    def _value(self, member: Member, shown: Any, path: str) -> Any:
        shape = member.shape
        if shape.kind == "structure" and isinstance(shown, dict):
            return self._structure(shape, shown, path)
        if shape.kind == "list" and shape.element is not None:
            items = shown if isinstance(shown, list) else shown.get("items", shown.get("item", []))
            if shape.element.shape.kind == "structure":
                return [self._structure(shape.element.shape, item, path) for item in items]
            return [next(iter(item.values())) for item in items]
        if member.name == "NoDevice":
            return ""
        return int(shown) if shape.kind == "number" and isinstance(shown, str) else shown

    def _structure(self, shape: Shape, tree: dict[str, Any], path: str) -> dict[str, Any]:
        by_key = {inner_key(member): member for member in shape.members.values()}
        values: dict[str, Any] = {}
        for key, shown in tree.items():
            member = by_key.get("value" if key == "valueSet" else key)
            if member is not None:
                values[member.name] = self._value(member, shown, f"{path}.{key}")
            elif shown != {}:
                self.unknown.append(f"{path}.{key}")
        return values


def from_plain_answer(operation: str, shape: Shape, tree: dict[str, Any]) -> dict[str, Any]:
    """The output that an answer of EC2 in the plain style shows; what no member has is left out."""
    by_key = {
        answer_key(operation, each.xml_name) or lower_first(each.xml_name): each for each in shape.members.values()
    }
    return {by_key[key].name: _of_answer(operation, by_key[key], shown) for key, shown in tree.items() if key in by_key}


def _of_answer(operation: str, member: Member, shown: Any) -> Any:
    shape = member.shape
    if shape.kind == "structure":
        return from_plain_answer(operation, shape, shown)
    if shape.kind == "list" and shape.element is not None:
        items = shown.get("items", shown.get("item", []))
        return [_of_answer(operation, shape.element, item) for item in items]
    if shape.kind == "timestamp":
        return moment(shown)
    return int(shown) if shape.kind == "number" and isinstance(shown, str) else shown


def from_wrapped(shape: Shape, tree: Any) -> dict[str, Any]:
    """The parameters of a request of EC2 in the wrapped style; keys that no member has raise KeyError."""
    by_name = {member.wire_name: member for member in shape.members.values()}
    values = {}
    for key, shown in (tree or {}).items():
        if key == "tag":
            continue
        member = by_name[key]
        element = member.shape.element
        if member.shape.kind == "list" and element is not None:
            items = shown if isinstance(shown, list) else [shown]
            values[member.name] = [
                from_wrapped(element.shape, item) if element.shape.kind == "structure" else _text(item["content"])
                for item in items
            ]
        elif member.shape.kind == "structure":
            values[member.name] = from_wrapped(member.shape, shown)
        else:
            values[member.name] = _text(shown) if member.shape.kind == "string" else shown
    return values


def _text(shown: Any) -> Any:
    """Text that was guessed to be something else, as it was sent."""
    return str(shown).lower() if isinstance(shown, bool) else str(shown)


def xml_of(name: str, shown: Any) -> str:
    """An element as XML, of the form in which records of S3 show it."""
    if isinstance(shown, list):
        return "".join(xml_of(name, item) for item in shown)
    if not isinstance(shown, dict):
        return f"<{name}>{escape(_text(shown))}</{name}>"
    attributes = {key: text for key, text in shown.items() if ":" in key or key == "xmlns"}
    inside = "".join(xml_of(key, value) for key, value in shown.items() if key not in attributes)
    return f"<{name}{''.join(f' {key}={quoteattr(text)}' for key, text in attributes.items())}>{inside}</{name}>"
