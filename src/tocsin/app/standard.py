"""Standards, and which rule answers which of their controls. Spec: CON-4.10 (Coverage), detections.md 1 and 6.

Rule: facts stand in `data/standards.yaml` and in the references of rules; of rules that name the same control of an
exact standard the one of the pack that knows the standard best answers it.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

import msgspec

from tocsin.app.explain import load_table
from tocsin.core.rule import Rule
from tocsin.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterable

_NONE = "-"


class Standard(msgspec.Struct, frozen=True, kw_only=True, rename={"fallback": "else"}):
    """A standard or a version of one. `is_exact`: each control asks for one filter with one meaning."""

    id: str
    title: str
    short: str
    reference: str
    place: int | None = None
    fallback: str = ""
    is_exact: bool = False

    def controls_of(self, rule: Rule) -> tuple[str, ...]:
        """The controls that a rule is made for; the first is the one that it stands under."""
        named = rule.references.get(self.reference) or rule.references.get(self.fallback) or []
        if self.place is None:
            return tuple(named)
        text = named[self.place] if self.place < len(named) else _NONE
        return () if text == _NONE else tuple(re.split(r",\s*", text))


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be known of a rule's text under some standards."""

    rule: str
    standards: tuple[str, ...]
    text: str


class Outside(msgspec.Struct, frozen=True, kw_only=True):
    """A control that no filter can answer, and why."""

    control: str
    standards: tuple[str, ...]
    text: str


class Standards(msgspec.Struct, frozen=True, kw_only=True):
    """All standards in the order of the table."""

    standards: tuple[Standard, ...]
    notes: tuple[Note, ...]
    outside: tuple[Outside, ...]

    def find(self, ident: str) -> Standard:
        """The standard of that id. NotFoundError where there is none."""
        found = next((one for one in self.standards if one.id == ident), None)
        if found is None:
            raise NotFoundError(
                f"there is no standard '{ident}'", hint="cis-6.0, security-hub or attack-19, for example"
            )
        return found

    def note(self, standard: Standard, rule: Rule) -> str:
        """What is to be known of a rule's text under a standard; empty where there is nothing."""
        found = (one.text for one in self.notes if one.rule == rule.name and standard.id in one.standards)
        return next(found, "")

    def outside_of(self, standard: Standard) -> list[Outside]:
        """The controls of a standard that no filter can answer."""
        return [one for one in self.outside if standard.id in one.standards]


@cache
def standards() -> Standards:
    """The table of standards."""
    return load_table("standards.yaml", Standards)


class Control(msgspec.Struct, frozen=True, kw_only=True):
    """A control and the rules that answer it. `also` are other controls that the first of them is made for."""

    id: str
    rules: tuple[Rule, ...]
    also: tuple[str, ...] = ()


def controls_of(standard: Standard, rules: Iterable[Rule]) -> list[Control]:
    """The controls of a standard that rules are made for, in their order. Rules without a filter answer none."""
    answers = [(rule, named) for rule in rules if rule.filter is not None and (named := standard.controls_of(rule))]
    known = Counter(rule.pack for rule, _ in answers)
    found: dict[str, list[tuple[Rule, tuple[str, ...]]]] = {}
    for rule, named in sorted(answers, key=lambda one: (-known[one[0].pack], one[0].name)):
        for control in named[:1] if standard.is_exact else named:
            found.setdefault(control, []).append((rule, named))
    return [
        Control(
            id=control,
            rules=tuple(rule for rule, _ in (several[:1] if standard.is_exact else several)),
            also=several[0][1][1:] if standard.is_exact else (),
        )
        for control, several in sorted(found.items(), key=lambda item: _order(item[0]))
    ]


def _order(control: str) -> list[tuple[int, str]]:
    """Numbers in a control's id by their value: 4.9 stands before 4.10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.findall(r"\d+|\D+", control)]
