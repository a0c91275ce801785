"""Basic event selectors: read, written as AWS answers them, compiled. Spec: CT-8.2, CT-8.5, CT-8.6.

Rule: a selector takes a management event by read or write and by source, a data event by the ARN of one of its
resources. It takes nothing else.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tocsin.core.record_category import Category, is_read
from tocsin.core.trail.record_resource import resources_of
from tocsin.core.trail.selector_error import EventSelectorError
from tocsin.core.trail.selector_member import elements_of, members_of, refuse_value, texts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

MOST_SELECTORS: Final = 5
MOST_RESOURCES: Final = 250
"""Over all selectors of a trail; the value that stands for all of a type is not counted (CT-7.6)."""

EXCLUDABLE: Final = ("kms.amazonaws.com", "rdsdata.amazonaws.com")
"""The sources of management events that a basic selector can leave out."""

_MEMBERS: Final = ("ReadWriteType", "IncludeManagementEvents", "DataResources", "ExcludeManagementEventSources")


class ReadWriteType(StrEnum):
    """Which events a selector takes by whether they read or write."""

    ALL = "All"
    READ_ONLY = "ReadOnly"
    WRITE_ONLY = "WriteOnly"


class DataResource(msgspec.Struct, frozen=True, kw_only=True):
    """Resources whose data events are selected: a type, and ARNs or the beginnings of them."""

    type: str
    values: tuple[str, ...] = ()


class BasicSelector(msgspec.Struct, frozen=True, kw_only=True):
    """One of the EventSelectors of a trail. As it is without arguments it is the selector of a new trail."""

    read_write_type: ReadWriteType = ReadWriteType.ALL
    include_management_events: bool = True
    data_resources: tuple[DataResource, ...] = ()
    exclude_management_event_sources: tuple[str, ...] = ()

    @property
    def members(self) -> dict[str, Any]:
        """The selector as AWS answers it: every member, also those that are empty (CT-8.5)."""
        return {
            "ReadWriteType": self.read_write_type.value,
            "IncludeManagementEvents": self.include_management_events,
            "DataResources": [{"Type": one.type, "Values": list(one.values)} for one in self.data_resources],
            "ExcludeManagementEventSources": list(self.exclude_management_event_sources),
        }


# ---------------------------------------------------------------- reading


class _ResourceKind(msgspec.Struct, frozen=True):
    """How the values of one type are written. `all` is the form that stands for all resources of the type."""

    all: re.Pattern[str]
    one: re.Pattern[str]
    remedy: str


_OBJECT: Final = "AWS::S3::Object"
_FUNCTION: Final = "AWS::Lambda::Function"
_ARN_COLONS: Final = 5

_ARN: Final = r"arn:aws[a-z0-9-]*:"
_OF_ACCOUNT: Final = r":[a-z0-9-]+:[0-9]{12}:"

_KINDS: Final = {
    "AWS::DynamoDB::Table": _ResourceKind(
        re.compile(rf"{_ARN}dynamodb"),
        re.compile(rf"{_ARN}dynamodb{_OF_ACCOUNT}table/[A-Za-z0-9_.-]+"),
        "write arn:aws:dynamodb for all tables, or the ARN of a table; there are no wildcards",
    ),
    _FUNCTION: _ResourceKind(
        re.compile(rf"{_ARN}lambda"),
        re.compile(rf"{_ARN}lambda{_OF_ACCOUNT}function:[A-Za-z0-9_-]+(:[A-Za-z0-9_$-]+)?"),
        "write arn:aws:lambda for all functions, or the ARN of a function; there are no wildcards",
    ),
    _OBJECT: _ResourceKind(
        re.compile(rf"{_ARN}s3(:::)?"),
        re.compile(rf"{_ARN}s3:::[A-Za-z0-9._-]+/.*", re.DOTALL),
        "write arn:aws:s3 for all buckets, arn:aws:s3:::BUCKET/ for the objects of one, arn:aws:s3:::BUCKET/PREFIX "
        "for those that begin so; there are no wildcards",
    ),
}

RESOURCE_TYPES: Final = tuple(_KINDS)


def read_basic_selectors(value: object) -> tuple[BasicSelector, ...]:
    """The selectors in the EventSelectors of a request.

    Raises:
        EventSelectorError: what PutEventSelectors refuses (CT-8.6).
    """
    elements = elements_of(value, "EventSelectors")
    if not 1 <= len(elements) <= MOST_SELECTORS:
        raise EventSelectorError(
            f"Specify a valid number of event selectors (1 to {MOST_SELECTORS}) for your trail.",
            hint=f"there are {len(elements)}",
        )
    selectors = tuple(_read(one, f"EventSelectors[{index}]") for index, one in enumerate(elements))
    resources = sum(
        _KINDS[one.type].all.fullmatch(text) is None
        for selector in selectors
        for one in selector.data_resources
        for text in one.values
    )
    if resources > MOST_RESOURCES:
        raise EventSelectorError(
            f"Specify a valid number of DataResources.Values (0 to {MOST_RESOURCES}) for all your selectors",
            hint=f"there are {resources}",
        )
    return selectors


def _read(value: object, place: str) -> BasicSelector:
    members = members_of(value, _MEMBERS, place)
    kind = members.get("ReadWriteType", ReadWriteType.ALL)
    if kind not in list(ReadWriteType):
        raise refuse_value(kind, "ReadWriteType", allowed=list(ReadWriteType), hint=place)
    includes = members.get("IncludeManagementEvents", True)
    if not isinstance(includes, bool):
        raise EventSelectorError(f"{place}.IncludeManagementEvents must be true or false.")
    listed = elements_of(members.get("DataResources", []), f"{place}.DataResources")
    if not includes and not listed:
        raise EventSelectorError(
            "An event selector that does not include management events must specify DataResources.",
            hint=f"{place} would select nothing",
        )
    return BasicSelector(
        read_write_type=ReadWriteType(kind),
        include_management_events=includes,
        data_resources=tuple(
            _read_resource(one, f"{place}.DataResources[{index}]") for index, one in enumerate(listed)
        ),
        exclude_management_event_sources=_read_sources(members, f"{place}.ExcludeManagementEventSources"),
    )


def _read_sources(members: Mapping[str, Any], place: str) -> tuple[str, ...]:
    sources = texts_of(members.get("ExcludeManagementEventSources", []), place)
    for source in sources:
        if source not in EXCLUDABLE:
            raise refuse_value(source, "ExcludeManagementEventSources", allowed=EXCLUDABLE, hint=place)
    return sources


def _read_resource(value: object, place: str) -> DataResource:
    members = members_of(value, ("Type", "Values"), place)
    name = members.get("Type")
    kind = _KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise refuse_value(
            name,
            "DataResources.Type",
            allowed=RESOURCE_TYPES,
            hint=f"{place}: advanced event selectors know the other types",
        )
    values = texts_of(members.get("Values", []), f"{place}.Values")
    for text in values:
        if kind.all.fullmatch(text) is None and kind.one.fullmatch(text) is None:
            raise refuse_value(text, "DataResources.Values", hint=kind.remedy)
    return DataResource(type=str(name), values=values)


# ---------------------------------------------------------------- selecting


def compile_basic(selector: BasicSelector) -> Callable[[Mapping[str, Any], str], bool]:
    """Whether the selector takes a record of a category.

    A record that does not tell whether it reads counts as one that writes: it is not to get lost where the calls that
    change something are kept.
    """
    takes_reads = selector.read_write_type is not ReadWriteType.WRITE_ONLY
    takes_writes = selector.read_write_type is not ReadWriteType.READ_ONLY
    excluded = frozenset(selector.exclude_management_event_sources)
    is_resource_taken = _compile_resources(selector.data_resources)

    def selects(record: Mapping[str, Any], category: str) -> bool:
        if category == Category.MANAGEMENT:
            source = record.get("eventSource")
            if not selector.include_management_events or (isinstance(source, str) and source in excluded):
                return False
        elif category != Category.DATA or not any(is_resource_taken(*one) for one in resources_of(record)):
            return False
        return takes_reads if is_read(record) else takes_writes

    return selects


def _compile_resources(resources: Iterable[DataResource]) -> Callable[[str, str], bool]:
    """Whether the data events of a resource, given by type and ARN, are taken."""
    exact: set[tuple[str, str]] = set()
    beginnings: dict[str, tuple[str, ...]] = {}
    for one in resources:
        for text in one.values:
            beginning = _beginning(one.type, text)
            if beginning is None:
                exact.add((one.type, text))
            else:
                beginnings[one.type] = (*beginnings.get(one.type, ()), beginning)
            if one.type == _FUNCTION:
                exact.add((one.type, text))

    def takes(kind: str, arn: str) -> bool:
        return (kind, arn) in exact or arn.startswith(beginnings.get(kind, ()))

    return takes


def _beginning(kind: str, text: str) -> str | None:
    """How the ARNs begin that a value takes; None for a value that is one ARN."""
    if text.count(":") < _ARN_COLONS:  # all of the type; `arn:aws:s3` is not to take `arn:aws:s3-outposts:…`
        return f"{text}:"
    if kind == _FUNCTION:  # its versions and aliases
        return f"{text}:"
    return text if kind == _OBJECT else None
