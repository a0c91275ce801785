"""A rule: AWS's own parameters under AWS's own names, a little metadata, and tests. Spec: IF-4."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from tocsin.core.metric_filter import MetricFilter  # msgspec reads annotations at run time
from tocsin.core.nearest import nearest
from tocsin.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence

RULE_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\Z")
"""The syntax of a rule's id: lower-case letters, digits and single hyphens."""

PARAMETER = re.compile(r"<([A-Z][A-Z0-9_]*)>")
"""A parameter of a pattern: `<ROLE_ARN>`."""

_OFFSET = re.compile(r"([0-9]{1,9})([smhd])\Z")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class RuleSeverity(StrEnum):
    """How much a match matters."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


KeyPath = tuple[str | int, ...]
"""Where a value stands inside a rule: `("filter", "filterPattern")`, `("except", 0, "when")`."""


class RuleText(Protocol):
    """The text that a rule was read from, so that findings can name their place."""

    @property
    def path(self) -> str:
        """The file, as the user named it, or `PACK/ID.yaml` for a rule that ships."""
        ...

    def place(self, key: KeyPath, offset: int = 0) -> tuple[int, int]:
        """Line and column (from 1) of the character `offset` of the value at `key`.

        The nearest enclosing value that exists when there is none at `key`.
        """
        ...

    def line(self, number: int) -> str:
        """The text of that line, without its end."""
        ...


class Exclusion(msgspec.Struct, frozen=True, kw_only=True):
    """Records that shall not count (IF-4). `when` is a pattern, `use` names a shared clause."""

    name: str
    when: str | None = None
    use: str | None = None
    reason: str = ""
    author: str = ""
    expires: str | None = None


class RuleTest(msgspec.Struct, frozen=True, kw_only=True):
    """One test of a rule as it stands in the file; the keys are IF-4's."""

    name: str
    event: dict[str, Any] | None = None
    message: str | None = None
    absent: tuple[str, ...] = ()
    matches: bool | None = None
    events: tuple[dict[str, Any], ...] = ()
    expect: tuple[dict[str, Any], ...] = ()


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule. `name` is its full name (IF-4): `PACK/ID` in a pack, the id alone elsewhere.

    `filter.filter_pattern` is the pattern as written; `effective_pattern` has params filled in and
    the exclusions that apply added, and is what scans run. `references` are lists of ids:
    `cis` by position (v1.2, v1.4 to v5.0, v6 and later; `-` where a version has none),
    `securityhub`, `attack`, `attack_v19`, `tocsin` (the id in detections.md). `params` are the
    values of `<NAME>` in patterns, `ignore` maps a finding of `check` to the reason for silence.
    `alarm` and `composite` are the parameters of PutMetricAlarm and PutCompositeAlarm as written.
    """

    id: str
    name: str
    pack: str | None = None
    title: str = ""
    severity: RuleSeverity = RuleSeverity.MEDIUM
    why: str = ""
    runbook: str = ""
    references: dict[str, list[str]] = {}
    false_positives: str = ""
    note: str = ""
    params: dict[str, str] = {}
    filter: MetricFilter | None = None
    alarm: dict[str, Any] | None = None
    composite: dict[str, Any] | None = None
    exclusions: tuple[Exclusion, ...] = ()
    ignore: dict[str, str] = {}
    tests: tuple[RuleTest, ...] = ()
    effective_pattern: str = ""


def parse_offset(text: str) -> int | None:
    """The seconds of an offset on the virtual clock of a test (`30s`, `1m`, `2h`, `1d`), or None if it is none."""
    found = _OFFSET.match(text)
    return int(found[1]) * _SECONDS[found[2]] if found is not None else None


def find_rule(rules: Sequence[Rule], name: str) -> Rule:
    """The rule of that name: its full name, its id in detections.md, or its id where only one rule has it.

    Raises NotFoundError with the nearest name when there is none, and with all of them when the
    name fits several.
    """
    for fits in (_has_name, _has_reference, _has_id):
        found = [rule for rule in rules if fits(rule, name)]
        if len(found) == 1:
            return found[0]
        if found:
            names = ", ".join(rule.name for rule in found)
            raise NotFoundError(f"'{name}' fits several rules: {names}", hint="give the full name")
    known = {rule.id: rule.name for rule in rules} | {rule.name: rule.name for rule in rules}
    known |= {one: one for rule in rules for one in rule.references.get("tocsin", [])}
    near = nearest(name, known)
    raise NotFoundError(f"there is no rule '{name}'", hint=f"did you mean '{known[near]}'?" if near is not None else "")


def _has_name(rule: Rule, name: str) -> bool:
    return rule.name == name


def _has_reference(rule: Rule, name: str) -> bool:
    return name in rule.references.get("tocsin", [])


def _has_id(rule: Rule, name: str) -> bool:
    return rule.id == name
