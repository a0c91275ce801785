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
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec

from tocsin.core.depth import decode_within
from tocsin.core.event import lexeme
from tocsin.core.pattern import tree
from tocsin.core.pattern.value_match import differs, equals, is_exact
from tocsin.core.record_decoder import FIXED_PATHS, Form, Path, ProjectedRecord, RecordDecoder, field_of

if TYPE_CHECKING:
    from tocsin.core.pattern import FilterPattern

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
    """Decodes the fields that the clues of `patterns` and the paths `also` need, and tells candidates by them.

    `everything` is true when some pattern gives no clue, so that every record is a candidate; or when
    that was asked for.
    """

    def __init__(
        self, patterns: Iterable[FilterPattern], *, also: Iterable[Path] = (), everything: bool = False
    ) -> None:
        self.everything = everything
        watched: dict[Path, Watch] = {}
        for pattern in patterns:
            clues = clues_of(pattern)
            if clues is None:
                self.everything = True
                continue
            for clue in clues:
                watched.setdefault(clue.path, Watch(clue.path)).add(clue)
        self._watches = () if self.everything else tuple(watched.values())
        self._suspects = _compile_suspects(self._watches)
        self.time_of: Callable[[Any], str] = attrgetter(field_of(EVENT_TIME[0]))
        self._columns = {path: _Column(path) for path in (EVENT_TIME, *also)}
        self.paths: tuple[Path, ...] = tuple(
            dict.fromkeys((EVENT_TIME, *(watch.path for watch in self._watches), *also))
        )
        self._decoder = RecordDecoder(self.paths)
        self._cold = _ColdLane(self.paths, self._watches)

    def decode(self, form: Form, text: bytes, *, levels: int) -> Any:
        """The projected records of `text`, which has that form and is nested at most `levels` deep.

        An object with the list `Records` for a log file, else the list. Raises msgspec.DecodeError,
        ValueError or RecursionError for anything else; what is accepted the exact decoder accepts, too.
        """
        cold = self._cold.decoder()
        if cold is not None:
            try:
                return decode_within(getattr(cold, form), text, levels)
            except msgspec.ValidationError:
                self._cold.failed()
        return decode_within(getattr(self._decoder, form), text, levels)

    def candidates(self, records: Sequence[Any]) -> Sequence[int]:
        """The places in `records` (as decoded by this projection) that have to be looked at closely."""
        if self.everything:
            return range(len(records))
        if records and isinstance(records[0], _ColdRecord):
            return ()
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
        if not found:
            self._cold.learn()
        return sorted(found)

    def column(self, records: Sequence[Any], path: Path) -> list[Any]:
        """The value at `path` of each record; None where it is null, absent or out of reach."""
        return self._columns[path](records)

    def times(self, records: Sequence[Any]) -> list[str]:
        """The eventTime of each record."""
        return list(map(self.time_of, records))


class Watch:
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
        return ".".join(("record", *map(field_of, self.path)))

    def cold_kind(self) -> Any:
        """The type of the cold values that are remembered; null, and absence, are among them."""
        values = tuple(value for value in self.cold if value is not None)
        return Literal[values] | None if values else None

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


class _ColdRecord(ProjectedRecord, frozen=True, gc=False):
    """A record that was decoded where only cold values fit: it is no candidate."""


# A decoder of cold values is tried as long as at most a third of the texts do not fit: one that does
# not is decoded twice. That is looked at every so many texts, and then it rests for a while, longer each
# time.
_LOOK_EVERY = 32
_SHORTEST_REST, _LONGEST_REST = 32, 4096

# It is made anew when so many texts without a candidate did not fit, and each time it takes a third more:
# the rarer a value, the less it helps to know it. In the beginning a text that did not fit for want of
# known values does not count against the decoder.
_LEARN_AFTER = 12
_BEGINNING_ENDS = 400

# More values than these are not worth a decoder: values that never repeat are not learned by heart.
_MOST_LEARNED = 5_000


class _ColdLane:
    """A decoder that takes only records all of whose watched values are known to be cold.

    Nearly all texts of an archive hold no candidate. Where each value is one of a few known ones,
    msgspec gives the known object instead of making one, and nobody has to look at it afterwards:
    that it was accepted is the answer.
    """

    def __init__(self, paths: Sequence[Path], watches: Sequence[Watch]) -> None:
        self._paths = paths
        # Without watches nothing has to be looked at; the types of fixed paths are not ours to choose.
        self._watches = () if any(watch.path in FIXED_PATHS for watch in watches) else watches
        self._decoder: RecordDecoder | None = None
        self._known = 0  # cold values that the decoder knows
        self._unfit = 0  # texts of cold values that were decoded otherwise since the decoder was made
        self._learn_after = _LEARN_AFTER
        self._has_failed = False  # on the text at hand
        self._tried = self._failed = 0  # since the last look
        self._resting = 0
        self._rest = _SHORTEST_REST

    def decoder(self) -> RecordDecoder | None:
        """The decoder when it is worth a try."""
        self._has_failed = False
        if self._tried >= _LOOK_EVERY:
            if 3 * self._failed > self._tried:
                self._resting = self._rest
                self._rest = min(2 * self._rest, _LONGEST_REST)
            else:
                self._rest = _SHORTEST_REST
            self._tried = self._failed = 0
        if self._decoder is None or self._resting:
            self._resting = max(0, self._resting - 1)
            return None
        self._tried += 1
        return self._decoder

    def failed(self) -> None:
        """The decoder did not take a text."""
        self._has_failed = True
        self._failed += 1

    def learn(self) -> None:
        """A text was decoded otherwise, and all of its values turned out to be cold."""
        self._unfit += 1
        if self._has_failed and self._learn_after < _BEGINNING_ENDS:
            self._failed -= 1
        if self._unfit < self._learn_after or not self._watches:
            return
        self._unfit = 0
        self._learn_after += self._learn_after // 3
        known = sum(len(watch.cold) for watch in self._watches)
        if self._known < known <= _MOST_LEARNED:
            self._known = known
            kinds = {watch.path: watch.cold_kind() for watch in self._watches}
            self._decoder = RecordDecoder(self._paths, kinds=kinds, base=_ColdRecord)


def _compile_suspects(watches: Sequence[Watch]) -> Callable[..., list[int]]:
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
        self._fields = tuple(map(field_of, path))
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
