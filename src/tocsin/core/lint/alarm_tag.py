"""The tags with which an alarm tells Tocsin what AWS has no parameter for. Spec: AL-18.5, AL-19.6, IF-7.

Rule: a key that begins with `tocsin:` is known, and its value can be used; `TAGS` is the whole list.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from tocsin.core.lint.observation import Observation, observe
from tocsin.core.nearest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.core.rule import Rule

PREFIX = "tocsin:"
"""What the keys of Tocsin's own tags begin with."""

_DURATION = re.compile(
    r"P(?:[0-9]{1,9}W|(?=[0-9T])(?:[0-9]{1,9}D)?(?:T(?=[0-9])(?:[0-9]{1,9}H)?(?:[0-9]{1,9}M)?(?:[0-9]{1,9}S)?)?)\Z"
)
_WHOLE = re.compile(r"[0-9]{1,9}\Z")
_LONGEST_SHOWN = 40


class _Tag(msgspec.Struct, frozen=True):
    """One tag: what its value has to be, in words, and how to tell."""

    kind: str
    takes: Callable[[str], bool]


def _is_duration(text: str) -> bool:
    return _DURATION.match(text) is not None and any(digit in "123456789" for digit in text)


def _is_count(text: str) -> bool:
    return _WHOLE.match(text) is not None and int(text) > 0


def _one_of(*words: str) -> _Tag:
    return _Tag(" or ".join(words), lambda text: text in words)


_A_DURATION = _Tag("an ISO 8601 duration such as PT30M", _is_duration)

TAGS: dict[str, _Tag] = {
    "tocsin:remind-every": _A_DURATION,
    "tocsin:remind-on": _one_of("new-events"),
    "tocsin:hold-down": _A_DURATION,
    "tocsin:flap-limit": _Tag("a whole number from 1, the changes of state in an hour", _is_count),
    "tocsin:skip-first": _one_of("true", "false"),
    "tocsin:late": _one_of("ring", "off"),
    "tocsin:rule": _Tag("the full name of a rule", lambda text: bool(text.strip())),
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
