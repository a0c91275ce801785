"""Which events one setting of selectors takes and another does not, in words. Spec: CT-8, CT-10.1.

Rule: what is named is certainly lost. Both settings are asked about records of every kind that either of them names, so
a loss that no such record shows may be missed; how much of what really happened is lost is for a simulation to say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tocsin.core.record_category import Category
from tocsin.core.trail.selector import compile_selectors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tocsin.core.trail.selector import Selectors

_EXCLUDED_BY_CLICK: Final = ("kms.amazonaws.com", "rdsdata.amazonaws.com")
_PLAIN_SOURCE: Final = "ec2.amazonaws.com"
_ACTIONS: Final = ((False, "write"), (True, "read"))
_FIELDS: Final = ("eventSource", "eventName", "eventType", "userIdentity.arn", "errorCode", "vpcEndpointId")
_KINDS: Final = {
    Category.MANAGEMENT: "management events",
    Category.DATA: "data events",
    Category.NETWORK_ACTIVITY: "network activity events",
}
_EVERY_ARN: Final = {
    "AWS::S3::Object": "arn:aws:s3:::every-bucket/every-key",
    "AWS::Lambda::Function": "arn:aws:lambda:us-east-1:000000000000:function:every",
    "AWS::DynamoDB::Table": "arn:aws:dynamodb:us-east-1:000000000000:table/every",
}
_OF_ALL: Final = 2  # colons in a value that stands for all of a type, such as arn:aws:s3


class _Probe(NamedTuple):
    """A record to ask selectors about. `kind` is what it is one of, `detail` what is special about it."""

    kind: str
    action: str
    detail: str
    record: dict[str, Any]


def lost_events(before: Selectors, after: Selectors) -> list[str]:
    """The events that the one setting takes and the other does not, such as `management events that read`."""
    takes, keeps = compile_selectors(before).selects, compile_selectors(after).selects
    probes = [one for one in _probes(before, after) if takes(one.record) and not keeps(one.record)]
    whole = {(one.kind, one.action) for one in probes if not one.detail}
    lost: dict[tuple[str, str], dict[str, None]] = {}
    for one in probes:
        if not one.detail or (one.kind, one.action) not in whole:
            lost.setdefault((one.kind, one.detail), {})[one.action] = None
    return [f"{kind}{detail}{_acting(actions)}" for (kind, detail), actions in lost.items()]


def _acting(actions: Iterable[str]) -> str:
    several = list(actions)
    return "" if len(several) == len(_ACTIONS) else f" that {several[0]}"


def _probes(*settings: Selectors) -> Iterator[_Probe]:
    """Records of every category, type of resource and value that the settings name."""
    values = _values(settings)
    sources = dict.fromkeys((*_EXCLUDED_BY_CLICK, *values.get("eventSource", ())))
    for is_read, action in _ACTIONS:
        yield _probe(Category.MANAGEMENT, action, is_read=is_read)
    for is_read, action in _ACTIONS:
        for source in sources:
            yield _probe(Category.MANAGEMENT, action, f" of {source}", is_read=is_read, eventSource=source)
        for field in _FIELDS[1:]:
            for value in values.get(field, ()):
                yield _probe(
                    Category.MANAGEMENT, action, f" with {field} {value}", is_read=is_read, **_at(field, value)
                )
        for kind, arn in _resources(settings):
            every = _EVERY_ARN.get(kind, "arn:aws:any:::every")
            resources = [{"type": kind, "ARN": arn or every}]
            detail = f" at {arn}" if arn else ""
            yield _probe(Category.DATA, action, detail, of=f" of {kind}", is_read=is_read, resources=resources)
        for source in values.get("eventSource", ()):
            named = {"eventSource": source, "errorCode": "VpceAccessDenied"}
            yield _probe(Category.NETWORK_ACTIVITY, action, of=f" of {source}", is_read=is_read, **named)


def _probe(category: Category, action: str, detail: str = "", *, of: str = "", is_read: bool, **more: Any) -> _Probe:
    record = {
        "eventCategory": category.value,
        "managementEvent": category is Category.MANAGEMENT,
        "readOnly": is_read,
        "eventSource": _PLAIN_SOURCE,
        "eventName": "AnyCall",
        "eventType": "AwsApiCall",
        **more,
    }
    return _Probe(f"{_KINDS[category]}{of}", action, detail, record)


def _at(field: str, value: str) -> dict[str, Any]:
    name, _, member = field.partition(".")
    return {name: {member: value}} if member else {name: value}


def _values(settings: Iterable[Selectors]) -> dict[str, dict[str, None]]:
    """What the conditions of advanced selectors compare each field with."""
    found: dict[str, dict[str, None]] = {}
    for setting in settings:
        for selector in setting.advanced:
            for one in selector.field_selectors:
                for texts in one.values.values():
                    found.setdefault(one.field, {}).update(dict.fromkeys(texts))
    return found


def _resources(settings: Iterable[Selectors]) -> list[tuple[str, str]]:
    """Types of resources, and ARNs of them, empty for any; types first."""
    found: dict[tuple[str, str], None] = {}
    for setting in settings:
        for basic in setting.basic:
            for one in basic.data_resources:
                found[one.type, ""] = None
                found.update(
                    dict.fromkeys((one.type, value) for value in one.values if value.rstrip(":").count(":") > _OF_ALL)
                )
        for selector in setting.advanced:
            fields = {one.field: one.values for one in selector.field_selectors}
            for kind in fields.get("resources.type", {}).get("Equals", ()):
                found[kind, ""] = None
                arns = (text for texts in fields.get("resources.ARN", {}).values() for text in texts)
                found.update(dict.fromkeys((kind, arn) for arn in arns))
    return sorted(found, key=lambda one: bool(one[1]))
