"""Decoders that build a few fields of each record and skip all else. Spec: FP-14.2, CT-14.3, AR-13.

Rule: what they accept the exact decoder accepts, too, and tells as records; for anything else they raise.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

Path = tuple[str, ...]
"""Property names from the top of a record down to a value."""

Form = Literal["log_file", "elements", "values", "lines"]
"""What a text holds: a whole `{"Records": [...]}` without other members, the elements of one as an array, an
array of records that are no elements of `Records`, or such records one a line."""


FIXED_PATHS: frozenset[Path] = frozenset({("eventTime",), ("eventVersion",), ("eventSource",)})
"""Paths whose types the form of a record decides; `kinds` has no say in them."""


class ProjectedRecord(msgspec.Struct, frozen=True, gc=False):
    """A record of which only some fields were built."""


class RecordDecoder:
    """Decodes the values at `paths`; `eventTime` must be among them, and a string.

    `kinds` gives the type that a value must have where not any will do; `base` is what the records
    are instances of. `log_file` gives an object with the list `Records`, the others give the list.
    They raise msgspec.DecodeError, ValueError or RecursionError.
    """

    def __init__(
        self,
        paths: Iterable[Path],
        *,
        kinds: Mapping[Path, Any] | None = None,
        base: type[ProjectedRecord] = ProjectedRecord,
    ) -> None:
        self._paths = tuple(paths)
        self._kinds = kinds or {}
        self._base = base

    # Each is made when it is asked for: an archive of log files needs two of the four.

    @cached_property
    def log_file(self) -> Callable[[bytes | bytearray], Any]:
        """Decodes an object with the one member `Records`."""
        return msgspec.json.Decoder(_log_file_type(self._record)).decode

    @cached_property
    def elements(self) -> Callable[[bytes | bytearray], Any]:
        """Decodes an array of elements of `Records`."""
        return msgspec.json.Decoder(list[self._record]).decode  # type: ignore[name-defined]  # built at run time

    @cached_property
    def values(self) -> Callable[[bytes | bytearray], Any]:
        """Decodes an array of records of any other origin."""
        return msgspec.json.Decoder(list[self._line]).decode  # type: ignore[name-defined]  # built at run time

    @cached_property
    def lines(self) -> Callable[[bytes | bytearray], Any]:
        """Decodes such records one a line."""
        return msgspec.json.Decoder(self._line).decode_lines

    @cached_property
    def _record(self) -> type[Any]:
        return _record_type(self._paths, self._kinds, self._base, line=False)

    @cached_property
    def _line(self) -> type[Any]:
        return _record_type(self._paths, self._kinds, self._base, line=True)


# The key that makes an element of `Records` an S3 notification (CT-14.3, rule 5). Nothing else that
# stands there has an eventTime but records.
_NOTIFICATION_KEY = "s3"
# Keys that decide the form of a value outside `Records` before rule 12 does (CT-14.3).
_FORM_KEYS = (
    "Type", "Service", "Records", "Messages", "s3Bucket", "detail-type", "awslogs", "messageType", "Events",
    "digestStartTime",
)  # fmt: skip

# A type that no value has: where one of the keys above stands, decoding fails and the exact path decides.
_Nothing = Literal["\x00"]

# `aws:s3` is the eventSource of S3 notifications, which are no records; every service's is longer.
_EventSource = Annotated[str, msgspec.Meta(min_length=len("aws:s3") + 1)]


def field_of(name: str) -> str:
    """The Struct field for a property: property names may be anything, fields are identifiers."""
    return "f" + name.encode().hex()


def _record_type(
    paths: Iterable[Path], kinds: Mapping[Path, Any], base: type[ProjectedRecord], *, line: bool
) -> type[Any]:
    """A Struct that builds the values at `paths` and skips all else.

    Leaves are of any type, or of that in `kinds`; objects on the way to them are Structs or null. Where a
    record has something else in their place decoding fails, and the exact path takes over. `eventTime` must
    be a string; a record on a `line` of its own needs an eventVersion as well (CT-14.3, rule 12).
    """
    top = _tree_of(paths, kinds)
    # Every key that is named costs a comparison for each key of each record.
    for key in (_NOTIFICATION_KEY, *(_FORM_KEYS if line else ())):
        top[key] = _Nothing
    if line:
        top["eventSource"] = _EventSource | None
    required = ("eventTime", "eventVersion") if line else ("eventTime",)
    for key in required:
        top[key] = str
    return _struct("Record", top, required, base)


def projected_type(paths: Iterable[Path]) -> type[Any]:
    """A Struct that builds the values at `paths` of any object; absent ones are None."""
    return _struct("Message", _tree_of(paths, {}), base=ProjectedRecord)


def _log_file_type(record: type[Any]) -> type[Any]:
    """`{"Records": [...]}` and no other member: some would make it something else (CT-14.3)."""
    records = ("Records", list[record])  # type: ignore[valid-type]  # built at run time
    return msgspec.defstruct("LogFile", [records], frozen=True, gc=False, forbid_unknown_fields=True)


def _tree_of(paths: Iterable[Path], kinds: Mapping[Path, Any]) -> dict[str, Any]:
    top: dict[str, Any] = {}
    for path in sorted(paths, key=len, reverse=True):  # `a.b` before `a`: an object on the way wins
        level = top
        for name in path[:-1]:
            level = level.setdefault(name, {})
        level.setdefault(path[-1], kinds.get(path, Any))
    return top


def _struct(
    title: str, level: dict[str, Any], required: Sequence[str] = (), base: type[msgspec.Struct] = msgspec.Struct
) -> type[Any]:
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    for name, kind in level.items():
        if name in required:
            fields.append((field_of(name), kind))
        elif isinstance(kind, dict):
            # Where the object is absent one without properties stands for it: one look-up less.
            nested = _struct("Object", kind)
            fields.append((field_of(name), nested | None, nested()))
        else:
            fields.append((field_of(name), kind, None))
    names = {field_of(name): name for name in level}
    return msgspec.defstruct(title, fields, bases=(base,), rename=names, frozen=True, gc=False, kw_only=True)
