"""The rules that ship, as a running service knows them. Spec: IF-4, IF-7, CON-4.10 (Rules).

Rule: exclusions count by the day, so the packs are read once for each day that is asked about, and no more often.
"""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from tocsin.app.pack import pack_names
from tocsin.app.rulepack import read_sources, shared_clauses
from tocsin.app.ruletest import RuleTester, kind_of
from tocsin.app.ruletest_report import Failure
from tocsin.core.rule import Rule
from tocsin.errors import NotFoundError
from tocsin.time_limit import no_time_limit

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from tocsin.app.ruleentry import RuleEntry
    from tocsin.app.rulepack import RuleSet
    from tocsin.app.service import Service


class Pack(msgspec.Struct, frozen=True, kw_only=True):
    """A pack and the rules in it that can be used, by id."""

    name: str
    rules: tuple[Rule, ...]


class ShippedRules:
    """The packs as they are on one day. `found` has every rule with its text, and what was found in reading it."""

    def __init__(self, found: RuleSet, clauses: dict[str, str]) -> None:
        self.found = found
        self.clauses = clauses
        self._entries = {entry.rule.name: entry for entry in found.entries if entry.usable}
        by_pack: dict[str, list[Rule]] = {}
        for entry in self._entries.values():
            by_pack.setdefault(entry.rule.pack or "", []).append(entry.rule)
        self.packs = tuple(
            Pack(name=name, rules=tuple(sorted(rules, key=lambda rule: rule.id))) for name, rules in by_pack.items()
        )

    @property
    def rules(self) -> tuple[Rule, ...]:
        """All rules, pack by pack."""
        return tuple(rule for pack in self.packs for rule in pack.rules)

    def entry(self, name: str) -> RuleEntry:
        """The rule of that full name, with its text. NotFoundError where there is none."""
        found = self._entries.get(name)
        if found is None:
            raise NotFoundError(f"there is no rule '{name}'", resource="rule")
        return found

    def pack(self, name: str) -> Pack:
        """The pack of that name. NotFoundError where there is none."""
        found = next((pack for pack in self.packs if pack.name == name), None)
        if found is None:
            raise NotFoundError(f"there is no pack '{name}'", resource="pack")
        return found


class RuleCatalogue:
    """Gives the shipped rules: `service.part(RuleCatalogue)`. `packs_dir` is where they lie, for tests."""

    def __init__(self, _service: Service, packs_dir: Path | None = None) -> None:
        self._packs_dir = packs_dir
        self._lock = threading.Lock()
        self._day: date | None = None
        self._rules: ShippedRules | None = None

    def on(self, day: date) -> ShippedRules:
        """The rules as they are on a day (UTC)."""
        with self._lock:
            if self._rules is None or self._day != day:
                with no_time_limit():
                    self._rules = _on(day) if self._packs_dir is None else _read(day, self._packs_dir)
                self._day = day
            return self._rules


@lru_cache(maxsize=2)
def _on(day: date) -> ShippedRules:
    """The rules that ship are the same for all services of a process."""
    return _read(day, None)


def _read(day: date, packs_dir: Path | None) -> ShippedRules:
    return ShippedRules(read_sources(pack_names(packs_dir), packs_dir=packs_dir, at=day), shared_clauses(packs_dir))


class TestedRule(msgspec.Struct, frozen=True, kw_only=True):
    """A test of a rule as it went just now. `failures` say what was expected and what came instead."""

    __test__ = False  # not a test of pytest's

    name: str
    kind: str
    failures: tuple[Failure, ...]

    @property
    def passed(self) -> bool:
        """Whether all that it expects came true."""
        return not self.failures


def tested(service: Service, shipped: ShippedRules, rule: Rule) -> list[TestedRule]:
    """Run the tests of a rule, beside the rules that its alarm may look at (IF-4)."""
    around = shipped.rules if rule.composite is not None else (rule,)
    tester = RuleTester(around, extra=service.settings.evaluation_range, timer=service.clock.monotonic)
    outcomes = tester.run(rule, range(len(rule.tests)))
    return [
        TestedRule(name=test.name, kind=kind_of(test), failures=tuple(failure for _, failure in outcome.failures))
        for test, outcome in zip(rule.tests, outcomes, strict=True)
    ]
