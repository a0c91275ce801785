"""The few fields that are decoded of every record, and which records need a closer look.

Rule: a record that is not a candidate matches no filter of the set. A candidate may or may not
match; it is decoded exactly and asked. Spec: FP-14.2, FP-14.4, FP-14.5, AR-13.

Soundness rests on the language having no negation: a condition that is replaced by 'true' can only
let more records through. Each pattern gives *clues*: conditions on plain property paths, at least
one of which holds for every record that the pattern matches. A pattern without clues makes every
record a candidate.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import msgspec

from tocsin.core.event import lexeme
from tocsin.core.pattern import tree
from tocsin.core.pattern.value_match import differs, equals, is_exact

if TYPE_CHECKING:
    from tocsin.core.pattern import FilterPattern

Path = tuple[str, ...]
Test = Callable[[str | bool], bool]

EVENT_NAME: Path = ("eventName",)

EVENT_TIME: Path = ("eventTime",)

# A path longer than this is no clue: each level is one more object to build for every record.
_LONGEST_PATH = 4

# Property names that a Struct can be told to look for.
_PLAIN_NAME = re.compile(r"[ -~]+")

# How many values of a field are remembered as uninteresting; beyond it the memory starts afresh, so
# that a field whose values never repeat costs time and not memory.
_REMEMBERED = 50_000


class Clue(NamedTuple):
    """A condition on one property: the `literal` that it must be, else a `test` of the string or boolean there."""

    path: Path
    literal: str | None
    test: Test | None


class _Choice(NamedTuple):
    """Clues that stand for an expression, and what looking at them costs."""

    cost: float
    clues: tuple[Clue, ...]


def clues_of(pattern: FilterPattern) -> tuple[Clue, ...] | None:
    """Clues of which one holds in every record that `pattern` matches; None when there are none.

    An empty tuple means that the pattern matches nothing.
    """
    if not isinstance(pattern.tree, tree.Json):
        return None
    choice = _choose(pattern.tree.expr)
    return choice.clues if choice else None


def _choose(expr: tree.Expr) -> _Choice | None:
    match expr:
        case tree.And(items):
            found = [choice for choice in map(_choose, items) if choice]
            return min(found, key=lambda choice: choice.cost, default=None)
        case tree.Or(items):
            clues: list[Clue] = []
            cost = 0.0
            for item in items:
                choice = _choose(item)
                if choice is None:
                    return None
                clues.extend(choice.clues)
                cost = max(cost, choice.cost)
            return _Choice(cost, tuple(clues))
        case tree.Compare(tree.Selector() as selector, op, value):
            return _compared(selector, op, value)
    return None


def _compared(selector: tree.Selector, op: tree.Op, value: tree.Value) -> _Choice | None:
    path = selector.names
    if path is None or len(path) > _LONGEST_PATH or not all(map(_PLAIN_NAME.fullmatch, path)):
        return None
    deep = 0.0 if path == EVENT_NAME else 0.5 * len(path)
    if op is tree.Op.EQ and isinstance(value, tree.Literal) and is_exact(value):
        return _Choice(deep, (Clue(path, value.text, None),))
    if op not in (tree.Op.EQ, tree.Op.NE):
        return None
    test = equals(value) if op is tree.Op.EQ else differs(value)
    wide = op is tree.Op.NE or (isinstance(value, tree.Literal) and value.text.strip("*") == "")
    return _Choice((8.0 if wide else 2.0) + deep, (Clue(path, None, test),))


class Projection:
    """Decodes the fields that the clues of `patterns` and the paths `also` need.

    `decode_log_file` takes a whole `{"Records": [...]}` without other members (and gives an object with `Records`),
    `decode_elements` a list of its elements, `decode_values` a list of records that are no elements of
    `Records`, `decode_lines` one of those a line. They raise for anything that is not such data; what they
    accept the exact decoder accepts, too.

    `everything` is true when some pattern gives no clue, so that every record is a candidate; or when
    that was asked for.
    """

    def __init__(
        self, patterns: Iterable[FilterPattern], *, also: Iterable[Path] = (), everything: bool = False
    ) -> None:
        self.everything = everything
        watched: dict[Path, _Watch] = {}
        for pattern in patterns:
            clues = clues_of(pattern)
            if clues is None:
                self.everything = True
                continue
            for clue in clues:
                watched.setdefault(clue.path, _Watch(clue.path)).add(clue)
        self._watches = () if self.everything else tuple(watched.values())
        self._suspects = _compile_suspects(self._watches)
        self.time_of: Callable[[Any], str] = attrgetter(_field(EVENT_TIME[0]))
        self._columns = {path: _Column(path) for path in (EVENT_TIME, *also)}
        self.paths: tuple[Path, ...] = tuple(
            dict.fromkeys((EVENT_TIME, *(watch.path for watch in self._watches), *also))
        )
        record, line = _record_type(self.paths, line=False), _record_type(self.paths, line=True)
        self.decode_log_file = msgspec.json.Decoder(_log_file_type(record)).decode
        self.decode_elements = msgspec.json.Decoder(list[record]).decode  # type: ignore[valid-type]  # built at run time
        self.decode_values = msgspec.json.Decoder(list[line]).decode  # type: ignore[valid-type]  # built at run time
        self.decode_lines = msgspec.json.Decoder(line).decode_lines

    def candidates(self, records: Sequence[Any]) -> Sequence[int]:
        """The places in `records` (as decoded by this projection) that have to be looked at closely."""
        if self.everything:
            return range(len(records))
        suspects: Sequence[int]
        try:
            suspects = self._suspects(records, *[watch.cold for watch in self._watches])
        except (TypeError, AttributeError):
            # Something in a record has no hash (an object or array where a clue looks), or no fields
            # (null in place of an object). Then all are suspect, and each watch reads them with care.
            suspects = range(len(records))
        found: set[int] = set()
        for watch in self._watches:
            found.update(place for place in suspects if watch.suspects(records[place]))
        return sorted(found)

    def column(self, records: Sequence[Any], path: Path) -> list[Any]:
        """The value at `path` of each record; None where it is null, absent or out of reach."""
        return self._columns[path](records)

    def times(self, records: Sequence[Any]) -> list[str]:
        """The eventTime of each record."""
        return list(map(self.time_of, records))


class _Watch:
    """All clues on one path, and values found there that satisfy none of them (`cold` ones)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.cold: set[Any] = {None}
        self._column = _Column(path)
        self._literals: set[str] = set()
        self._tests: list[Test] = []

    def add(self, clue: Clue) -> None:
        """Watch for this clue, too."""
        if clue.literal is not None:
            self._literals.add(clue.literal)
        if clue.test is not None:
            self._tests.append(clue.test)

    @property
    def expression(self) -> str:
        """Python for the value at the path of a `record`."""
        return ".".join(("record", *map(_field, self.path)))

    def suspects(self, record: Any) -> bool:
        """Does a clue hold of the record, or may it? Values that satisfy none are remembered."""
        value = self._column.read(record)
        if type(value) is str:
            if value in self.cold:
                return False
            if value in self._literals or any(test(value) for test in self._tests):
                return True
            if len(self.cold) >= _REMEMBERED:
                self.cold = {None}
            self.cold.add(value)
            return False
        if isinstance(value, bool):  # never remembered: True and 1 are one key to a set
            return lexeme(value) in self._literals or any(test(value) for test in self._tests)
        # No comparison holds of null, objects and arrays. Of a number the exact path knows how it is written.
        return isinstance(value, int | float)


def _compile_suspects(watches: Sequence[_Watch]) -> Callable[..., list[int]]:
    """A function of records and the watches' cold values: the places of records with another value.

    It is asked about every record of an archive. Python that names the fields answers in half the time
    of anything that is told them; the names are hexadecimal digits, whatever a pattern says.
    """
    cold = [f"cold_{number}" for number in range(len(watches))]
    doubts = " or ".join(f"{watch.expression} not in {name}" for watch, name in zip(watches, cold, strict=True))
    source = f"[place for place, record in enumerate(records) if {doubts or False}]"
    return eval(f"lambda records, {', '.join(cold)}: {source}")  # type: ignore[no-any-return]  # noqa: S307  (see above)


class _Column:
    """Reads one path of many projected records."""

    def __init__(self, path: Path) -> None:
        self._fields = tuple(map(_field, path))
        self._read = attrgetter(".".join(self._fields))

    def __call__(self, records: Sequence[Any]) -> list[Any]:
        try:
            return list(map(self._read, records))
        except AttributeError:  # an object on the way is null in one of them
            return list(map(self.read, records))

    def read(self, record: Any) -> Any:
        """The value in one record."""
        value = record
        for field in self._fields:
            if value is None:
                return None
            value = getattr(value, field)
        return value


# Keys of an element of `Records` that make it something else than a record (CT-14.3, rules 4 and 5).
_ENVELOPE_KEYS = ("s3", "body", "Sns", "kinesis")
# Keys that decide the form of a value outside `Records` before rule 12 does (CT-14.3).
_FORM_KEYS = (
    "Type", "Service", "Records", "Messages", "s3Bucket", "detail-type", "awslogs", "messageType", "Events",
    "digestStartTime",
)  # fmt: skip

# A type that no value has: where one of the keys above stands, decoding fails and the exact path decides.
_Nothing = Literal["\x00"]

# `aws:s3` is the eventSource of S3 notifications, which are no records; every service's is longer.
_EventSource = Annotated[str, msgspec.Meta(min_length=len("aws:s3") + 1)]


def _field(name: str) -> str:
    """The Struct field for a property: property names may be anything, fields are identifiers."""
    return "f" + name.encode().hex()


def _record_type(paths: Iterable[Path], *, line: bool) -> type[Any]:
    """A Struct that builds the values at `paths` and skips all else.

    Leaves are of any type; objects on the way to them are Structs or null. Where a record has
    something else in their place decoding fails, and the exact path takes over. `eventTime` must be
    a string; a record on a `line` of its own needs an eventVersion as well (CT-14.3, rule 12).
    """
    top = _tree_of(paths)
    for key in _ENVELOPE_KEYS + (_FORM_KEYS if line else ()):
        top[key] = _Nothing
    top["eventSource"] = _EventSource | None
    required = ("eventTime", "eventVersion") if line else ("eventTime",)
    for key in required:
        top[key] = str
    return _struct("ProjectedRecord", top, required)


def _log_file_type(record: type[Any]) -> type[Any]:
    """`{"Records": [...]}` and no other member: some would make it something else (CT-14.3)."""
    records = ("Records", list[record])  # type: ignore[valid-type]  # built at run time
    return msgspec.defstruct("LogFile", [records], frozen=True, gc=False, forbid_unknown_fields=True)


def _tree_of(paths: Iterable[Path]) -> dict[str, Any]:
    top: dict[str, Any] = {}
    for path in sorted(paths, key=len, reverse=True):  # `a.b` before `a`: an object on the way wins
        level = top
        for name in path[:-1]:
            level = level.setdefault(name, {})
        level.setdefault(path[-1], Any)
    return top


def _struct(title: str, level: dict[str, Any], required: Sequence[str] = ()) -> type[Any]:
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    for name, kind in level.items():
        if name in required:
            fields.append((_field(name), kind))
        elif isinstance(kind, dict):
            # Where the object is absent one without properties stands for it: one look-up less.
            nested = _struct("ProjectedObject", kind)
            fields.append((_field(name), nested | None, nested()))
        else:
            fields.append((_field(name), kind, None))
    names = {_field(name): name for name in level}
    return msgspec.defstruct(title, fields, rename=names, frozen=True, gc=False, kw_only=True)
