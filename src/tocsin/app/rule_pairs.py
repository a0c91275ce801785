"""Two versions of a set of rules side by side: which rule is which, and what must be asked of each record.

Rule: versions belong together by full name; what is left over belongs together by id, where each
side has that id once, so that a rule out of a pack and its tuned copy are one rule. An exclusion
silences a record exactly when the pattern without exclusions matches it and the pattern with this
exclusion alone does not. Spec: IF-1 (--compare), IF-4 (Full name, Exclusions).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec

from tocsin.app.rulereader import fill
from tocsin.core.exclusion import compile_exclusions, is_expired
from tocsin.core.rule import Exclusion, Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

Item = TypeVar("Item")


class ExclusionPlaces(msgspec.Struct, frozen=True, kw_only=True):
    """Where the exclusions of one version are asked: places in `WatchList.rules`.

    `plain` is the filter without exclusions. `alone` has an entry for each exclusion, in their
    order: the filter with this one alone; None for one that does not apply (any more).
    """

    plain: int
    alone: tuple[int | None, ...]

    def holding(self, matched: frozenset[int]) -> tuple[int, ...]:
        """Which exclusions keep a record out that these places matched; none where the pattern itself does."""
        if self.plain not in matched:
            return ()
        return tuple(index for index, place in enumerate(self.alone) if place is not None and place not in matched)


class RulePair(msgspec.Struct, frozen=True, kw_only=True):
    """The two versions of one rule with a filter; None where a side does not have it.

    `old_place` and `new_place` are the filters in `WatchList.rules`. `changed` are the keys of IF-4
    in which the versions differ; empty for a rule that is the same in both.
    """

    old: Rule | None = None
    new: Rule | None = None
    old_place: int | None = None
    new_place: int | None = None
    old_exclusions: ExclusionPlaces | None = None
    new_exclusions: ExclusionPlaces | None = None
    changed: tuple[str, ...] = ()

    @property
    def rule(self) -> Rule:
        """The version to name it by: the new one where there is one."""
        found = self.new or self.old
        assert found is not None
        return found


class WatchList(msgspec.Struct, frozen=True, kw_only=True):
    """Every filter to be asked, each once: first the `counted` ones, which publish data, then those about exclusions.

    `old_places` and `new_places` say where the filters of a version are, in the order of its rules.
    """

    rules: tuple[Rule, ...]
    counted: int
    pairs: tuple[RulePair, ...]
    old_places: tuple[int, ...]
    new_places: tuple[int, ...]


def watch(
    old: Sequence[Rule], new: Sequence[Rule], *, at: date | None = None, clauses: Mapping[str, str] | None = None
) -> WatchList:
    """Put the filters of two versions side by side.

    `at` is the day for which exclusions count (None: none has expired), `clauses` are the shared
    ones that an exclusion may `use`.
    """
    return _Watching(at, clauses or {}).build(
        [rule for rule in old if rule.filter], [rule for rule in new if rule.filter]
    )


def pair_up(
    old: Sequence[Item], new: Sequence[Item], *, name: Callable[[Item], str], ident: Callable[[Item], str]
) -> list[tuple[Item | None, Item | None]]:
    """What belongs together: by name, else by id where each side has it once. In the order of `new`, then of `old`."""
    by_name = {name(one): one for one in old}
    found = {name(one): by_name[name(one)] for one in new if name(one) in by_name}
    left = _by_ident([one for one in old if name(one) not in found], ident)
    fresh = _by_ident([one for one in new if name(one) not in found], ident)
    for key, one in fresh.items():
        if one is not None and (other := left.get(key)) is not None:
            found[name(one)] = other
    taken = {name(one) for one in found.values()}
    pairs: list[tuple[Item | None, Item | None]] = [(found.get(name(one)), one) for one in new]
    return [*pairs, *((one, None) for one in old if name(one) not in taken)]


def _by_ident(items: Sequence[Item], ident: Callable[[Item], str]) -> dict[str, Item | None]:
    """Items by id; None for an id that several have, and nothing for those without one."""
    found: dict[str, Item | None] = {}
    for one in items:
        key = ident(one)
        if key:
            found[key] = None if key in found else one
    return found


class _Watching:
    def __init__(self, at: date | None, clauses: Mapping[str, str]) -> None:
        self._at = at
        self._clauses = clauses
        self._rules: list[Rule] = []
        self._places: dict[bytes, int] = {}

    def build(self, old: Sequence[Rule], new: Sequence[Rule]) -> WatchList:
        old_places, new_places = [self._place(rule) for rule in old], [self._place(rule) for rule in new]
        counted = len(self._rules)
        before = {rule.name: place for rule, place in zip(old, old_places, strict=True)}
        after = {rule.name: place for rule, place in zip(new, new_places, strict=True)}
        pairs = []
        for first, second in pair_up(old, new, name=_name, ident=_ident):
            changed = _changed(first, second)
            pairs.append(
                RulePair(
                    old=first,
                    new=second,
                    old_place=None if first is None else before[first.name],
                    new_place=None if second is None else after[second.name],
                    old_exclusions=self._exclusions(first) if changed else None,
                    new_exclusions=self._exclusions(second) if changed else None,
                    changed=changed,
                )
            )
        return WatchList(
            rules=tuple(self._rules),
            counted=counted,
            pairs=tuple(pairs),
            old_places=tuple(old_places),
            new_places=tuple(new_places),
        )

    def _place(self, rule: Rule) -> int:
        """The place of a filter, which is added when it is not there yet."""
        key = msgspec.json.encode([_nameless(rule), rule.effective_pattern], order="deterministic")
        place = self._places.get(key)
        if place is None:
            place = self._places[key] = len(self._rules)
            self._rules.append(rule)
        return place

    def _exclusions(self, rule: Rule | None) -> ExclusionPlaces | None:
        if rule is None or rule.filter is None or not rule.exclusions:
            return None
        pattern = fill(rule.filter.filter_pattern, rule.params)
        clauses = {name: fill(clause, rule.params) for name, clause in self._clauses.items()}
        return ExclusionPlaces(
            plain=self._place(msgspec.structs.replace(rule, effective_pattern=pattern)),
            alone=tuple(self._alone(rule, pattern, one, clauses) for one in rule.exclusions),
        )

    def _alone(self, rule: Rule, pattern: str, exclusion: Exclusion, clauses: Mapping[str, str]) -> int | None:
        if is_expired(exclusion, self._at):
            return None
        when = None if exclusion.when is None else fill(exclusion.when, rule.params)
        compiled = compile_exclusions(
            pattern, [msgspec.structs.replace(exclusion, when=when)], at=self._at, clauses=clauses
        )
        if not compiled.applied:
            return None  # refused: such a rule does not run with its exclusions, either
        return self._place(msgspec.structs.replace(rule, effective_pattern=compiled.pattern))


def _name(rule: Rule) -> str:
    return rule.name


def _ident(rule: Rule) -> str:
    return rule.id


def _nameless(rule: Rule) -> object:
    """The filter without its name and log group, which say nothing about what it counts here."""
    assert rule.filter is not None
    return msgspec.structs.replace(rule.filter, filter_name="", log_group_name=None)


def _changed(old: Rule | None, new: Rule | None) -> tuple[str, ...]:
    """The keys of IF-4 in which two versions differ; of a rule that only one side has, `filter`."""
    if old is None or new is None:
        return ("filter",)
    differs = {
        "filter": _nameless(old) != _nameless(new),
        "params": old.params != new.params,
        "except": old.exclusions != new.exclusions or old.effective_pattern != new.effective_pattern,
        "alarm": old.alarm != new.alarm,
    }
    if differs["filter"] or differs["params"]:
        differs["except"] = old.exclusions != new.exclusions
    return tuple(key for key, differ in differs.items() if differ)
