"""Are the tests of a rule tests? Rule: a test that cannot be run is an error, never a test that passes.

Spec: IF-4 (Tests).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from tocsin.core.rule import parse_offset

if TYPE_CHECKING:
    from tocsin.core.rule import KeyPath

MAX_EVENTS = 100_000
"""Events that one test may make."""

LONGEST_DAYS = 366
"""Days that the virtual clock of a test runs at most: a year, and every instant of it can be evaluated."""

_LONGEST = LONGEST_DAYS * 86_400

_FILTER_KEYS = ("event", "message", "absent", "matches")
_ALARM_KEYS = ("events", "expect")


class KeyReporter(Protocol):
    """Takes what is wrong at a key path of a rule."""

    def __call__(self, key: KeyPath, name: str, message: str, *, hint: str = "") -> None:
        """Record it as an error."""
        ...


def check_tests(rule: dict[str, Any], report: KeyReporter) -> None:
    """Report what is wrong with the tests of a rule whose keys and types were checked before."""
    for index, test in enumerate(rule.get("tests", [])):
        key: KeyPath = ("tests", index)
        about_alarm = [name for name in _ALARM_KEYS if name in test]
        about_filter = [name for name in _FILTER_KEYS if name in test]
        if about_alarm and about_filter:
            message = f"'{about_filter[0]}' tests a filter, '{about_alarm[0]}' an alarm: a test has one of the two"
            report((*key, about_filter[0]), "conflicting-keys", message)
        elif about_alarm:
            _check_alarm_test(rule, test, key, report)
        else:
            _check_filter_test(rule, test, key, report)


def _check_filter_test(rule: dict[str, Any], test: dict[str, Any], key: KeyPath, report: KeyReporter) -> None:
    if "filter" not in rule:
        report(key, "conflicting-keys", "this rule has no filter to test", hint="use `events` and `expect`")
    if "matches" not in test:
        hint = "say `matches: true` or `matches: false`, or use `events` and `expect`"
        report(key, "missing-key", f"{_label(key)}.matches is missing", hint=hint)
    if "event" in test and "message" in test:
        report((*key, "message"), "conflicting-keys", "a test has one of 'event' and 'message'")
    if "event" not in test and "message" not in test:
        report(key, "missing-key", f"{_label(key)}.event is missing", hint="or `message` with a raw line")
    if "absent" in test and "event" not in test:
        report((*key, "absent"), "conflicting-keys", "'absent' takes members away from an 'event', and there is none")
    _check_absent(test, key, report)


def _check_alarm_test(rule: dict[str, Any], test: dict[str, Any], key: KeyPath, report: KeyReporter) -> None:
    if "alarm" not in rule and "composite" not in rule:
        report(key, "conflicting-keys", "this rule has no alarm to test", hint="use `event` and `matches`")
    for name in _ALARM_KEYS:
        if name not in test:
            report(key, "missing-key", f"{_label(key)}.{name} is missing")
    total = 0
    for index, event in enumerate(test.get("events", [])):
        place: KeyPath = (*key, "events", index)
        total += event.get("repeat", 1)
        if "every" in event and event.get("repeat", 1) < 2:
            report((*place, "every"), "conflicting-keys", "'every' needs a 'repeat' of 2 or more")
        if "every" in event and parse_offset(event["every"]) == 0:
            report((*place, "every"), "invalid-value", "'every' is 0", hint="leave it out: all at one instant")
        _check_absent(event, place, report)
        _check_clock(event, place, report)
    if total > MAX_EVENTS:
        report((*key, "events"), "too-many", f"{total:,} events in one test, {MAX_EVENTS:,} are allowed")
    for index, expectation in enumerate(test.get("expect", [])):
        _check_clock(expectation, (*key, "expect", index), report)
        if not {"state", "never", "message"} & expectation.keys():
            hint = "say `state`, `never` or `message`"
            report((*key, "expect", index), "missing-key", "nothing is expected here", hint=hint)


def _check_clock(step: dict[str, Any], key: KeyPath, report: KeyReporter) -> None:
    """What happens, or is expected, too late for the clock of a test."""
    at = parse_offset(step.get("at", "0m")) or 0
    last = at + (step.get("repeat", 1) - 1) * (parse_offset(step.get("every", "0m")) or 0)
    if last > _LONGEST:
        name = "at" if at > _LONGEST else "every"
        hint = "the clock of a test runs a year at most"
        report((*key, name), "invalid-value", f"this is later than {LONGEST_DAYS}d", hint=hint)


def _check_absent(test: dict[str, Any], key: KeyPath, report: KeyReporter) -> None:
    """A member that `absent` takes away and `event` gives is a contradiction."""
    for index, name in enumerate(test.get("absent", [])):
        if name in test.get("event", {}):
            message = f"'{name}' is given by 'event' and taken away by 'absent'"
            report((*key, "absent", index), "conflicting-keys", message)


def _label(key: KeyPath) -> str:
    return f"{key[0]}[{key[1]}]"
