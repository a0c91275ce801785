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
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from itertools import count, islice
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from tocsin.core.depth import decode_within
from tocsin.core.event import lexeme
from tocsin.core.pattern import tree
from tocsin.core.pattern.value_match import differs, equals, is_exact
from tocsin.core.record_decoder import FIXED_PATHS, Form, Path, RecordDecoder, field_of

if TYPE_CHECKING:
    from tocsin.core.pattern import FilterPattern
    from tocsin.core.raw_record import Text

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


class Projected(NamedTuple):
    """Records as a projection decodes them.

    `hot` are the numbers that stand in them for values that satisfy a clue; None when nobody has looked.
    """

    records: list[Any]
    hot: frozenset[int] | None


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
        self._suspects = compile_suspects(self._watches)
        self._having = _compile_having(self._watches)
        self.time_of: Callable[[Any], str] = attrgetter(field_of(EVENT_TIME[0]))
        also = tuple(also)
        self.times: Callable[[Sequence[Any]], list[str]] = _compile_column(field_of(EVENT_TIME[0]))
        """The eventTime of each record."""
        self._columns = {path: _Column(path) for path in (EVENT_TIME, *also)}
        self.paths: tuple[Path, ...] = tuple(
            dict.fromkeys((EVENT_TIME, *(watch.path for watch in self._watches), *also))
        )
        self._decoder = RecordDecoder(self.paths)
        self._quick = _QuickLane(self.paths, self._watches, kept=also)

    def decode(self, form: Form, text: Text, *, levels: int) -> Projected:
        """The projected records of `text`, which has that form and is nested at most `levels` deep.

        Raises msgspec.DecodeError, ValueError or RecursionError for anything else; what is accepted the exact
        decoder accepts, too.
        """
        quick = self._quick.decoder()
        if quick is not None:
            try:
                decoded = decode_within(getattr(quick, form), text, levels)
            except msgspec.ValidationError:
                self._quick.failed()
            except (msgspec.DecodeError, ValueError, RecursionError):
                self._quick.hot()  # nothing may be left that nobody has judged: it would pass for cold
                raise
            else:
                return Projected(decoded.Records if form == "log_file" else decoded, self._quick.hot())
        decoded = decode_within(getattr(self._decoder, form), text, levels)
        return Projected(decoded.Records if form == "log_file" else decoded, None)

    def candidates(self, projected: Projected) -> Sequence[int]:
        """The places of the records (as decoded by this projection) that have to be looked at closely."""
        records, hot = projected
        if self.everything:
            return range(len(records))
        if hot is not None:
            return self._places_of(hot, records) if hot else ()
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

    def _places_of(self, hot: frozenset[int], records: Sequence[Any]) -> list[int]:
        try:
            return self._having(records, hot)
        except AttributeError:  # null in place of an object
            return [place for place, record in enumerate(records) if any(one.has(hot, record) for one in self._watches)]

    def column(self, records: Sequence[Any], path: Path) -> list[Any]:
        """The value at `path` of each record; None where it is null, absent or out of reach."""
        return self._columns[path](records)


class _Members(Enum):
    """What the quick decoder finds in place of known values."""

    __hash__ = object.__hash__  # that of Enum is written in Python


# The quick decoder finds one in place of any other value.
_NUMBERS = count()

# Longer values are looked at each time: what is remembered should stay small.
_LONGEST_REMEMBERED = 256


class Watch:
    """All clues on one path, and values found there that satisfy none of them (`cold` ones)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # Each with a number. What is looked up and not there gets the next one; no Python runs for that: an
        # interrupt that came in the middle of decoding would be lost.
        self.cold: dict[Any, int] = defaultdict(_NUMBERS.__next__, {None: next(_NUMBERS)})
        self.judged = 1  # so many of `cold` have been judged
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

    def kind(self) -> Any:
        """A type for msgspec: cold values are its members, others are looked up in `cold`; None when there is no such.

        Members are found in half the time. Of values that never repeat only the first ones become members.
        """
        known = [value for value in self.cold if value is not None][:_MOST_MEMBERS]
        if not known and self._is_cold(""):
            known = [""]
        if not known:
            return None
        kind: Any = _Members("Known", {f"value_{number}": value for number, value in enumerate(known)})  # type: ignore[call-arg]
        kind._missing_ = self.cold.__getitem__
        return kind

    def judge(self) -> set[int]:
        """The numbers of values that the decoder has looked up since this was last asked, without the cold ones."""
        found: set[int] = set()
        for value in list(islice(reversed(self.cold), len(self.cold) - self.judged)):
            is_cold = self._is_cold(value)
            if not is_cold:
                found.add(self.cold[value])
            if not is_cold or len(value) > _LONGEST_REMEMBERED:
                del self.cold[value]
        self._bound()
        return found

    def has(self, hot: frozenset[int], record: Any) -> bool:
        """Does a value with one of these numbers stand in the record?"""
        return self._column.read(record) in hot

    def suspects(self, record: Any) -> bool:
        """Does a clue hold of the record, or may it? Values that satisfy none are remembered."""
        value = self._column.read(record)
        if type(value) is str:
            if value in self.cold:
                return False
            if not self._is_cold(value):
                return True
            if len(value) <= _LONGEST_REMEMBERED:
                self.cold[value] = next(_NUMBERS)
                self._bound()
            return False
        if isinstance(value, bool):  # never remembered: True and 1 are one key to a set
            return lexeme(value) in self._literals or any(test(value) for test in self._tests)
        # No comparison holds of null, objects and arrays. Of a number the exact path knows how it is written.
        return isinstance(value, int | float)

    def learn(self, records: Sequence[Any]) -> None:
        """Remember the cold ones among the values in these records: each is looked at once."""
        try:
            fresh = set(self._column(records)).difference(self.cold)
        except TypeError:  # an object or array has no hash
            return
        for value in fresh:
            if type(value) is str and len(value) <= _LONGEST_REMEMBERED and self._is_cold(value):
                self.cold[value] = next(_NUMBERS)
        self._bound()

    def _is_cold(self, value: str) -> bool:
        return value not in self._literals and not any(test(value) for test in self._tests)

    def _bound(self) -> None:
        if len(self.cold) > _REMEMBERED:
            self.cold.clear()
            self.cold[None] = next(_NUMBERS)
        self.judged = len(self.cold)


# More members of a type than these cost more than they save.
_MOST_MEMBERS = 1_000

# The quick decoder learns new members after so many texts, and then each time there have been eight times as many.
_LEARN_AFTER = 16
_LEARN_AGAIN = 8

# How many texts it rests at the most where it does not take what it is given.
_LONGEST_REST = 256


_NOTHING: frozenset[int] = frozenset()


class _QuickLane:
    """A decoder that tells for all records of a text together whether one may be a candidate.

    Nearly all texts of an archive hold no candidate. Where a watch looks, this decoder does not build strings:
    it finds the member for a known cold value, and looks up any other value among those that are known to be
    cold. Only what is not there has to be looked at. Values of other types it does not take.
    """

    def __init__(self, paths: Sequence[Path], watches: Sequence[Watch], *, kept: Sequence[Path]) -> None:
        """`kept`: paths whose values are read afterwards."""
        self._paths = paths
        # The types of fixed paths are not ours to choose. Without watches there is nothing to be told.
        reserved = FIXED_PATHS.union(kept)
        self._watches = () if any(watch.path in reserved for watch in watches) else watches
        self._decoder: RecordDecoder | None = None
        self._members = 0
        self._texts = 0  # that were decoded
        self._learn_at = _LEARN_AFTER
        self._resting = self._rest = 0
        if self._watches:
            self._learn()

    def decoder(self) -> RecordDecoder | None:
        """The decoder when it is worth a try."""
        if self._resting:
            self._resting -= 1
            return None
        self._texts += 1
        if self._texts >= self._learn_at and self._watches:
            self._learn_at *= _LEARN_AGAIN
            self._learn()
        return self._decoder

    def failed(self) -> None:
        """The decoder did not take a text that it was given."""
        rest = self._rest
        self.hot()
        self._rest = self._resting = min(2 * rest + 1, _LONGEST_REST)

    def hot(self) -> frozenset[int]:
        """The numbers that stand for values that are not cold in the text that the decoder took."""
        self._rest = 0
        hot = _NOTHING
        for watch in self._watches:
            if len(watch.cold) != watch.judged:  # as it seldom is
                hot = hot.union(watch.judge())
        return hot

    def _learn(self) -> None:
        members = sum(min(len(watch.cold), _MOST_MEMBERS) for watch in self._watches)
        if members <= self._members:
            return
        self._members = members
        kinds = {watch.path: watch.kind() for watch in self._watches}
        if None not in kinds.values():
            self._decoder = RecordDecoder(self._paths, kinds={path: kind | None for path, kind in kinds.items()})


def compile_suspects(watches: Sequence[Watch]) -> Callable[..., list[int]]:
    """A function of records and the watches' cold values: the places of records with another value.

    It is asked about every record of an archive. Python that names the fields answers in half the time
    of anything that is told them; the names are hexadecimal digits, whatever a pattern says.
    """
    cold = [f"cold_{number}" for number in range(len(watches))]
    doubts = " or ".join(f"{watch.expression} not in {name}" for watch, name in zip(watches, cold, strict=True))
    source = f"[place for place, record in enumerate(records) if {doubts or False}]"
    return eval(f"lambda records, {', '.join(cold)}: {source}")  # type: ignore[no-any-return]  # noqa: S307  (see above)


def _compile_having(watches: Sequence[Watch]) -> Callable[..., list[int]]:
    """A function of records and numbers: the places of records where a watch finds one of these."""
    having = " or ".join(f"{watch.expression} in hot" for watch in watches)
    source = f"lambda records, hot: [place for place, record in enumerate(records) if {having or False}]"
    return eval(source)  # type: ignore[no-any-return]  # noqa: S307  (see above)


def _compile_column(field: str) -> Callable[[Sequence[Any]], list[Any]]:
    """A function of records: the value of each in a field of its own."""
    source = f"lambda records: [record.{field} for record in records]"
    return eval(source)  # type: ignore[no-any-return]  # noqa: S307  (see above)


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
