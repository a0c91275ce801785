"""The tags with which an alarm tells Tocsin what AWS has no parameter for. Spec: AL-18.5, AL-19.6, IF-7.

Rule: a key that begins with `tocsin:` is known, and its value can be used; `TAGS` is the whole list.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from tocsin.core.alarm_severity import SEVERITY, severity_problem
from tocsin.core.late_breach import LATE, OFF, RING, RULE, late_problem
from tocsin.core.lint.observation import Observation, observe
from tocsin.core.nearest import did_you_mean
from tocsin.core.notice_timing import FLAP_LIMIT, HOLD_DOWN, REMIND_EVERY, REMIND_ON, SKIP_FIRST, notice_problem
from tocsin.core.rule import RuleSeverity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.core.rule import Rule

PREFIX = "tocsin:"
"""What the keys of Tocsin's own tags begin with."""

_LONGEST_SHOWN = 40


class _Tag(msgspec.Struct, frozen=True):
    """One tag: what its value has to be, in words, and how to tell."""

    kind: str
    takes: Callable[[str], bool]


def _notice(key: str, kind: str) -> _Tag:
    """A tag that says when an alarm speaks: it takes what the service takes."""
    return _Tag(kind, lambda text: not notice_problem(key, text))


_A_DURATION = "an ISO 8601 duration such as PT30M, from PT1M to P365D"

TAGS: dict[str, _Tag] = {
    REMIND_EVERY: _notice(REMIND_EVERY, _A_DURATION),
    REMIND_ON: _notice(REMIND_ON, "new-events"),
    HOLD_DOWN: _notice(HOLD_DOWN, _A_DURATION),
    FLAP_LIMIT: _notice(FLAP_LIMIT, "a whole number from 1 to 360, the changes of state in an hour"),
    SKIP_FIRST: _notice(SKIP_FIRST, "true or false"),
    LATE: _Tag(f"{RING} or {OFF}", lambda text: not late_problem(text)),
    RULE: _Tag("the full name of a rule", lambda text: bool(text.strip())),
    SEVERITY: _Tag(f"one of {', '.join(RuleSeverity)}", lambda text: not severity_problem(text)),
}
"""Every tag of Tocsin's, by its key. (The words of skip-first and late are our choice, AL-18.5 and AL-19.6.)"""


def lint_tags(rule: Rule, section: str) -> Iterator[Observation]:
    """Observations about the tags of a rule's alarm; `section` is `alarm` or `composite`."""
    parameters = (rule.alarm if section == "alarm" else rule.composite) or {}
    for place, tag in enumerate(parameters.get("Tags") or ()):
        key, value = tag["Key"], tag["Value"]
        if not key.lower().startswith(PREFIX):
            continue
        where = (section, "Tags", place)
        known = TAGS.get(key)
        if known is None:
            hint = did_you_mean(key, TAGS) or f"the tags are {', '.join(TAGS)}"
            message = f"there is no tag {_short(key)}: the setting has no effect"
            yield observe("alarm-tag", 0, message, hint=hint, key=(*where, "Key"))
        elif not known.takes(value):
            message = f"{key} cannot be {_short(value) or 'empty'}: the setting has no effect"
            yield observe("alarm-tag", 0, message, hint=f"give it {known.kind}", key=(*where, "Value"))


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
