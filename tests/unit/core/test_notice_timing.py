"""When changes of an alarm are told, as its tags say. Spec: AL-19.6, R-21, AL-8.2."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.alarm.state import StateValue
from tocsin.core.notice_timing import (
    AS_ON_AWS,
    Notice,
    NoticeRules,
    NoticeState,
    notice_problem,
    notice_rules,
    on_change,
    on_time,
    restarted,
)

ALARM, OK, UNKNOWN = StateValue.ALARM, StateValue.OK, StateValue.INSUFFICIENT_DATA
VALUES = {"A": ALARM, "O": OK, "I": UNKNOWN}
PERIOD = 300


def told(rules: NoticeRules, story: list[tuple[int, str]], *, until: int, is_new: bool = True) -> list[tuple[int, str]]:
    """What is told and when: `A`, `O`, `I` at once, else the notice; a story is instants and changes."""
    state, value = NoticeState(has_changed=not is_new), UNKNOWN
    found: list[tuple[int, str]] = []
    waiting = list(story)
    while True:
        due = state.due
        at = min((one for one in (due, waiting[0][0] if waiting else None) if one is not None), default=until)
        if at >= until:
            return found
        if waiting and waiting[0][0] == at:
            _, letter = waiting.pop(0)
            value = VALUES[letter]
            state, untold = on_change(rules, state, value=value, at=at, period=PERIOD)
            if not untold:
                found.append((at, letter))
        else:
            state, notices = on_time(rules, state, value=value, at=at, period=PERIOD)
            found += ((at, str(notice)) for notice in notices)


CASES: list[tuple[str, NoticeRules, list[tuple[int, str]], int, list[tuple[int, str]]]] = [
    ("as on AWS", AS_ON_AWS, [(0, "O"), (60, "A"), (120, "O"), (180, "I")], 9_999, [(0, "O"), (60, "A"), (120, "O"), (180, "I")]),
    ("reminders while it lasts", NoticeRules(remind_every=600), [(0, "A"), (1_500, "O")], 9_999, [(0, "A"), (600, "reminder"), (1_200, "reminder"), (1_500, "O")]),
    ("no reminder of OK", NoticeRules(remind_every=600), [(0, "O")], 9_999, [(0, "O")]),
    ("a look for new events each period", NoticeRules(reminds_of_events=True), [(0, "A"), (700, "O")], 9_999, [(0, "A"), (300, "new-events"), (600, "new-events"), (700, "O")]),
    ("an OK that lasts is told late", NoticeRules(hold_down=600), [(0, "A"), (60, "O")], 9_999, [(0, "A"), (660, "held")]),
    ("one that does not last is not, nor is the return", NoticeRules(hold_down=600), [(0, "A"), (60, "O"), (120, "A"), (180, "O")], 9_999, [(0, "A"), (780, "held")]),
    ("an OK before any ALARM is told at once", NoticeRules(hold_down=600), [(0, "O"), (60, "A")], 9_999, [(0, "O"), (60, "A")]),
    ("no data is told at once, and nothing is held after it", NoticeRules(hold_down=600), [(0, "A"), (60, "I"), (120, "O")], 9_999, [(0, "A"), (60, "I"), (120, "O")]),
    ("the first change is left out", NoticeRules(skips_first=True), [(0, "O"), (60, "A")], 9_999, [(60, "A")]),
    ("too many are told together", NoticeRules(flap_limit=2), [(0, "A"), (60, "O"), (120, "A"), (180, "O")], 9_999, [(0, "A"), (60, "O"), (3_720, "summary")]),
    ("a calm hour, and each is told again", NoticeRules(flap_limit=1), [(0, "A"), (60, "O"), (7_300, "A")], 9_999, [(0, "A"), (3_660, "summary"), (7_300, "A")]),
    ("a summary in ALARM is reminded of", NoticeRules(flap_limit=1, remind_every=600), [(0, "A"), (60, "O"), (120, "A")], 4_300, [(0, "A"), (3_660, "summary"), (4_260, "reminder")]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rules", "story", "until", "expected"),
    [pytest.param(*case[1:], id=case[0].replace(" ", "-")) for case in CASES],
)
def test_what_is_told(
    rules: NoticeRules, story: list[tuple[int, str]], until: int, expected: list[tuple[int, str]]
) -> None:
    assert told(rules, story, until=until) == expected


def test_an_alarm_that_was_tagged_later_has_had_its_first_change() -> None:
    assert told(NoticeRules(skips_first=True), [(0, "A")], until=9, is_new=False) == [(0, "A")]


@given(
    st.lists(st.tuples(st.integers(1, 900), st.sampled_from("AOI")), max_size=30),
    st.builds(
        NoticeRules,
        remind_every=st.sampled_from([0, 600]),
        reminds_of_events=st.booleans(),
        hold_down=st.sampled_from([0, 300, 1_800]),
        flap_limit=st.none() | st.integers(1, 6),
    ),
)
def test_nobody_believes_for_long_what_is_not_so(steps: list[tuple[int, str]], rules: NoticeRules) -> None:
    """However it went: an hour and the hold-down after the last change the last thing that was told is how it is."""
    story: list[tuple[int, str]] = []
    at, last = 0, ""
    for pause, letter in steps:
        at += pause
        if letter != last:
            story.append((at, letter))
            last = letter
    heard = told(rules, story, until=at + 3_600 + 1_800 + 1)
    if not story:
        assert heard == []
        return
    known = ""
    for when, what in heard:
        state = [letter for second, letter in story if second <= when][-1]
        known = state if what in {"summary", "held", "reminder", "new-events"} else what
    assert known == last


def test_timers_begin_anew() -> None:
    rules = NoticeRules(remind_every=600, reminds_of_events=True, hold_down=300)
    alarming = restarted(rules, NoticeState(), value=ALARM, at=100, period=PERIOD)
    assert (alarming.remind_at, alarming.look_at) == (700, 400)
    assert restarted(AS_ON_AWS, alarming, value=ALARM, at=200, period=PERIOD).due is None
    held = NoticeState(held_until=500)
    assert restarted(rules, held, value=OK, at=400, period=PERIOD).held_until == 700
    assert restarted(rules, NoticeState(), value=OK, at=400, period=PERIOD) == NoticeState()


def test_rules_of_tags() -> None:
    tags = {
        "tocsin:remind-every": "PT1H",
        "tocsin:remind-on": "new-events",
        "tocsin:hold-down": "PT10M",
        "tocsin:flap-limit": "6",
        "tocsin:skip-first": "true",
        "team": "security",
    }
    assert notice_rules(tags) == NoticeRules(
        remind_every=3_600, reminds_of_events=True, hold_down=600, flap_limit=6, skips_first=True
    )
    assert [notice_problem(key, value) for key, value in tags.items()] == [""] * 6
    assert notice_rules(dict.fromkeys(tags, "nonsense")) == AS_ON_AWS
    assert notice_rules({}) == AS_ON_AWS


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("tocsin:remind-every", "hourly"),
        ("tocsin:remind-every", ""),
        ("tocsin:hold-down", "P1Y"),
        ("tocsin:remind-on", "everything"),
        ("tocsin:flap-limit", "0"),
        ("tocsin:flap-limit", "many"),
        ("tocsin:flap-limit", "101"),
        ("tocsin:skip-first", "yes"),
    ],
)
def test_tags_that_mean_nothing(key: str, value: str) -> None:
    assert notice_problem(key, value).startswith(f"{key} is ")


def test_a_look_that_was_switched_off_meanwhile() -> None:
    state, notices = on_time(AS_ON_AWS, NoticeState(look_at=5), value=ALARM, at=5, period=PERIOD)
    assert (state.due, notices) == (None, [Notice.NEW_EVENTS])
