"""Calls of AWS as a template of CloudFormation: what they make, not how.

Rule: calls about one thing are one resource; what has no property, and calls that make nothing, are told of beside
the template. Spec: CON-7.8.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from tocsin.core.equal_command.resource import MAKING, REFERENCES, UNMADE, Making, ResourceKind
from tocsin.core.equal_command.yaml_text import Tagged, yaml_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tocsin.core.aws_call import AwsCall

_PART_NOTE = "A change: put these properties into the resource that your template has."
_WORD = re.compile(r"[A-Za-z0-9]+")
_LONGEST_ID = 60


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """A template, empty where the calls make no resource, and what there is to say beside it."""

    text: str = ""
    note: str = ""


class _Resource(msgspec.Struct, kw_only=True):
    kind: ResourceKind
    properties: dict[str, Any]
    logical_id: str = ""

    @property
    def name(self) -> str:
        return str(self.properties.get(self.kind.named_by[-1], ""))

    @property
    def is_whole(self) -> bool:
        return all(name in self.properties for name in self.kind.needed)


def template_of(calls: Sequence[AwsCall]) -> Template:
    """What the calls make, as the `Resources` of a template."""
    resources: dict[tuple[str, ...], _Resource] = {}
    notes: list[str] = []
    for call in calls:
        making = MAKING.get((call.service, call.operation))
        if making is None:
            notes.append(UNMADE.get((call.service, call.operation), _no_resource(call.operation)))
            continue
        made = _properties(making, call.parameters)
        key = (making.kind.type, *(str(made.get(name, "")) for name in making.kind.named_by))
        resource = resources.setdefault(key, _Resource(kind=making.kind, properties={}))
        resource.properties |= made
        notes += [_no_property(name) for name in _unknown(making, call.parameters)]
    _name_all(resources.values())
    if not all(resource.is_whole for resource in resources.values()):
        notes.insert(0, _PART_NOTE)
    text = yaml_of({"Resources": dict(_blocks(list(resources.values())))}) if resources else ""
    return Template(text=text, note=" ".join(dict.fromkeys(notes)))


def _no_resource(operation: str) -> str:
    return f"CloudFormation has no resource for {operation}."


def _no_property(name: str) -> str:
    return f"CloudFormation has no property for {name}: set it by the command."


def _members(parameters: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The parameters; those in a map of attributes one by one."""
    for name, value in parameters.items():
        if name == "Attributes":
            yield from ((f"{name}.{member}", one) for member, one in value.items())
        else:
            yield name, value


def _properties(making: Making, parameters: Mapping[str, Any]) -> dict[str, Any]:
    made = {}
    for name, value in _members(parameters):
        wanted = making.properties.get(name)
        if wanted is not None:
            made[wanted.name] = wanted.convert(value)
    return {**made, **making.adds}


def _unknown(making: Making, parameters: Mapping[str, Any]) -> list[str]:
    return [name for name, _ in _members(parameters) if name not in making.properties]


# ---------------------------------------------------------------- names and references


def _name_all(resources: Iterable[_Resource]) -> None:
    """Give each a logical id: letters and digits, each once."""
    taken: set[str] = set()
    for resource in resources:
        words = _WORD.findall(resource.name)
        base = "".join(word[:1].upper() + word[1:] for word in words)[:_LONGEST_ID]
        noun = resource.kind.noun
        wanted = base if base.endswith(noun) else base + noun
        number = 1
        while wanted in taken:
            number += 1
            wanted = f"{base}{noun}{number}"
        taken.add(wanted)
        resource.logical_id = wanted


def _blocks(resources: Sequence[_Resource]) -> Iterator[tuple[str, dict[str, Any]]]:
    for resource in resources:
        properties = {name: _referred(resource, name, value, resources) for name, value in resource.properties.items()}
        yield resource.logical_id, {"Type": resource.kind.type, "Properties": properties}


def _referred(resource: _Resource, name: str, value: Any, resources: Sequence[_Resource]) -> Any:
    """The value of a property, as `!Ref` where it names another resource of the template."""
    targets = [one.target for one in REFERENCES if (one.type, one.property) == (resource.kind.type, name)]
    if not targets:
        return value
    names = {other.name: other.logical_id for other in resources if other.kind.type in targets}
    if isinstance(value, list):
        return [_reference(item, names) for item in value]
    return _reference(value, names)


def _reference(value: str, names: Mapping[str, str]) -> str | Tagged:
    named = value.rpartition(":")[2] if value.startswith("arn:") else value
    return Tagged("!Ref", names[named]) if named in names else value
