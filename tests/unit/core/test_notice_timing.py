"""When changes of an alarm are told, as its tags say; none is lost. Spec: AL-19.6, R-21, AL-8.2, AL-8.4."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.alarm.state import StateValue
from tocsin.core.notice_timing import (
    AS_ON_AWS,
    MOST_UNTOLD,
    Change,
    Notice,
    NoticeRules,
    NoticeState,
    acknowledged,
    caught_up,
    changed,
    due_notice,
    lapsed,
    nothing_new,
    notice_problem,
    notice_rules,
    postponed,
    restarted,
    tell,
    tell_in_time,
)

ALARM, OK, UNKNOWN = StateValue.ALARM, StateValue.OK, StateValue.INSUFFICIENT_DATA
VALUES = {"A": ALARM, "O": OK, "I": UNKNOWN}
LETTERS = {value: letter for letter, value in VALUES.items()}
ALL = frozenset(StateValue)
PERIOD = 300
HOUR = 3_600


class Message(NamedTuple):
    """A message: when it came, what it is (`A`, `O`, `I` for a change told at once), and what it names besides."""

    at: int
    kind: str
    named: str = ""


class Story:
    """An alarm as time goes on. Each action list is that of one topic, so that a message reaches all or one."""

    def __init__(self, rules: NoticeRules, *, with_actions: str = "AOI", shares_topic: bool = True) -> None:
        self.rules = rules
        self.state = NoticeState()
        self.value = UNKNOWN
        self.messages: list[Message] = []
        self.offered: list[Change] = []
        self.told: list[Change] = []
        self.skipped: list[Change] = []
        self.waits: list[Change] = []
        self._with_actions = {VALUES[letter] for letter in with_actions}
        self._shares_topic = shares_topic
        self._held: Change | None = None
        self._is_new = True

    def reaches(self, value: StateValue) -> set[StateValue]:
        """Whom a message about `value` reaches: states without actions ask nobody to be told."""
        silent = set(ALL - self._with_actions)
        return silent | (self._with_actions if self._shares_topic else {value})

    def change(self, at: int, letter: str, *, runs: bool = True) -> None:
        """The alarm changes; `runs` is false where a mute rule drops the actions for good."""
        new = VALUES[letter]
        self.state = changed(
            self.rules, self.state, old=self.value, new=new, at=at, period=PERIOD, is_first=self._is_new
        )
        self.value, self._is_new = new, False
        if not runs or new not in self._with_actions:
            return
        change = Change(at, new)
        self.offered.append(change)
        told = tell(self.rules, self.state, change, at=at, reaches=self.reaches(new), events_from=at - PERIOD)
        if "first" in told.why_not:
            self.skipped.append(change)
        if told.state.held == change:
            self._held = change
        if not told.why_not:
            self.messages.append(Message(at, letter, self._names(told.untold)))
            self.told.append(change)
        self.state = told.state

    def until(self, end: int) -> None:
        """Let everything happen that is due before `end`."""
        while self.state.due is not None and self.state.due < end:
            at = self.state.due
            notice = due_notice(self.state, at)
            assert notice is not None
            value = OK if notice is Notice.HELD else self.value
            told = tell_in_time(self.rules, self.state, notice, at=at, period=PERIOD, reaches=self.reaches(value))
            if notice is Notice.HELD:
                assert self._held is not None
                self.told.append(self._held)
            self.messages.append(Message(at, str(notice), self._names(told.untold)))
            self.state = told.state

    def _names(self, untold: tuple[Change, ...]) -> str:
        self.told += untold
        return "".join(LETTERS[one.value] for one in untold)


def play(story: Story, steps: list[tuple[int, str]], until: int) -> list[Message]:
    for at, letter in steps:
        story.until(at)
        story.change(at, letter)
    story.until(until)
    return story.messages


class Case(NamedTuple):
    """A story by name: what the tags ask for, when the alarm changes, and what is told until a second."""

    name: str
    rules: NoticeRules
    steps: list[tuple[int, str]]
    until: int
    messages: list[tuple[int, str] | tuple[int, str, str]]


CASES = [
    Case("as on AWS", AS_ON_AWS, [(0, "O"), (60, "A"), (120, "O"), (180, "I")], 9_999, [(0, "O"), (60, "A"), (120, "O"), (180, "I")]),
    Case("reminders while it lasts", NoticeRules(remind_every=600), [(0, "A"), (1_500, "O")], 9_999, [(0, "A"), (600, "reminder"), (1_200, "reminder"), (1_500, "O")]),
    Case("no reminder of OK", NoticeRules(remind_every=600), [(0, "O")], 9_999, [(0, "O")]),
    Case("a look for new events each period", NoticeRules(reminds_of_events=True), [(0, "A"), (700, "O")], 9_999, [(0, "A"), (300, "new-events"), (600, "new-events"), (700, "O")]),
    Case("an OK that lasts is told late", NoticeRules(hold_down=600), [(0, "A"), (60, "O")], 9_999, [(0, "A"), (660, "held")]),
    Case("one that does not last is named by what follows", NoticeRules(hold_down=600), [(0, "A"), (60, "O"), (120, "A"), (180, "O")], 9_999, [(0, "A"), (120, "A", "O"), (780, "held")]),
    Case("a return at the very end of the time comes first", NoticeRules(hold_down=600), [(0, "A"), (60, "O"), (660, "A")], 9_999, [(0, "A"), (660, "A", "O")]),
    Case("an OK before any ALARM is told at once", NoticeRules(hold_down=600), [(0, "O"), (60, "A")], 9_999, [(0, "O"), (60, "A")]),
    Case("no data is out of ALARM, too", NoticeRules(hold_down=600), [(0, "A"), (60, "I"), (120, "O")], 9_999, [(0, "A"), (60, "I"), (660, "held")]),
    Case("long without data, and OK is told at once", NoticeRules(hold_down=600), [(0, "A"), (60, "I"), (900, "O")], 9_999, [(0, "A"), (60, "I"), (900, "O")]),
    Case("an OK that is held again is named", NoticeRules(hold_down=600), [(0, "A"), (60, "O"), (120, "I"), (180, "O")], 9_999, [(0, "A"), (120, "I"), (660, "held", "O")]),
    Case("the first change is left out", NoticeRules(skips_first=True), [(0, "O"), (60, "A")], 9_999, [(60, "A")]),
    Case("reminders after an ALARM that was left out", NoticeRules(skips_first=True, remind_every=600), [(0, "A")], 700, [(600, "reminder")]),
    Case("too many are told together", NoticeRules(flap_limit=2), [(0, "A"), (60, "O"), (120, "A"), (180, "O")], 9_999, [(0, "A"), (60, "O"), (3_720, "summary", "AO")]),
    Case("the next one that is told names them", NoticeRules(flap_limit=1), [(0, "A"), (3_000, "O"), (3_700, "A")], 9_999, [(0, "A"), (6_600, "summary", "OA")]),
    Case("a calm hour, and each is told again", NoticeRules(flap_limit=1), [(0, "A"), (60, "O"), (7_300, "A")], 9_999, [(0, "A"), (3_660, "summary", "O"), (7_300, "A")]),
    Case("a rate that falls again", NoticeRules(flap_limit=2), [(0, "A"), (1_800, "O"), (1_900, "A"), (5_450, "O")], 9_999, [(0, "A"), (1_800, "O"), (5_450, "O", "A")]),
    Case("a reminder in time is the summary", NoticeRules(flap_limit=1, remind_every=600), [(0, "A"), (60, "O"), (120, "A")], 1_000, [(0, "A"), (720, "reminder", "OA")]),
    Case("held, and then too many", NoticeRules(flap_limit=2, hold_down=900), [(0, "A"), (60, "O"), (120, "A"), (180, "O")], 9_999, [(0, "A"), (3_720, "summary", "OAO")]),
]  # fmt: skip


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name.replace(" ", "-")) for case in CASES])
def test_what_is_told(case: Case) -> None:
    assert play(Story(case.rules), case.steps, case.until) == [Message(*one) for one in case.messages]


def test_the_first_change_is_the_first_one_even_where_nobody_is_told_of_it() -> None:
    """An alarm with AlarmActions alone goes to OK first: it is not its first ALARM that is left out."""
    story = Story(NoticeRules(skips_first=True), with_actions="A")
    assert play(story, [(0, "O"), (60, "A")], 9_999) == [Message(60, "A")]


def test_changes_that_nobody_is_told_of_count_too() -> None:
    story = Story(NoticeRules(flap_limit=2), with_actions="A")
    steps = [(0, "A"), (60, "O"), (120, "A"), (180, "O")]
    assert play(story, steps, 9_999) == [Message(0, "A"), Message(3_720, "summary", "A")]


def test_a_held_ok_whose_return_is_muted_is_told_all_the_same() -> None:
    story = Story(NoticeRules(hold_down=600))
    story.change(0, "A")
    story.change(60, "O")
    story.change(120, "A", runs=False)
    story.change(180, "O", runs=False)
    story.until(9_999)
    assert story.messages == [Message(0, "A"), Message(120 + HOUR, "summary", "O")]


def test_who_is_not_reached_is_told_later() -> None:
    """OK goes to another topic than ALARM: the ALARM names the OK, and those who hear of OK alone get a summary."""
    story = Story(NoticeRules(hold_down=600), shares_topic=False)
    assert play(story, [(0, "A"), (60, "O"), (120, "A")], 9_999) == [
        Message(0, "A"),
        Message(120, "A", "O"),
        Message(120 + HOUR, "summary", "O"),
    ]


RULES = st.builds(
    NoticeRules,
    remind_every=st.sampled_from([0, 600]),
    reminds_of_events=st.booleans(),
    hold_down=st.sampled_from([0, 300, 1_800]),
    flap_limit=st.none() | st.integers(1, 6),
    skips_first=st.booleans(),
)
STEPS = st.lists(st.tuples(st.integers(1, 900), st.sampled_from("AOI"), st.booleans()), max_size=30)


@given(STEPS, RULES, st.sampled_from(["AOI", "AO", "A", "O"]), st.booleans())
def test_nothing_is_lost(
    steps: list[tuple[int, str, bool]], rules: NoticeRules, with_actions: str, shares_topic: bool
) -> None:
    """Each change whose actions would run is told, or named by a message within an hour, or it was the first one."""
    story = Story(rules, with_actions=with_actions, shares_topic=shares_topic)
    at, last = 0, "I"
    for pause, letter, runs in steps:
        at += pause
        if letter == last:
            continue
        last = letter
        story.until(at)
        story.change(at, letter, runs=runs)
    story.until(at + HOUR + 1_800 + 1)
    assert set(story.offered) == {*story.told, *story.skipped}
    assert len(story.skipped) <= 1
    if shares_topic:  # then nothing is told twice
        assert set(Counter(story.told).values()) <= {1}
    assert (story.state.held, story.state.untold, story.state.untold_more, story.state.summary_at) == (
        None,
        (),
        0,
        None,
    )


@given(STEPS, RULES)
def test_less_is_never_more(steps: list[tuple[int, str, bool]], rules: NoticeRules) -> None:
    """Without reminders there are no more messages than changes that would be told."""
    rules = msgspec.structs.replace(rules, remind_every=0, reminds_of_events=False)
    story = Story(rules)
    at, last = 0, "I"
    for pause, letter, runs in steps:
        at += pause
        if letter != last:
            story.until(at)
            story.change(at, letter, runs=runs)
            last = letter
    story.until(at + 2 * HOUR)
    assert len(story.messages) <= len(story.offered)


def test_what_is_remembered_is_bounded() -> None:
    story = Story(NoticeRules(flap_limit=1))
    for step in range(4 * MOST_UNTOLD):
        story.change(step * 10, "OA"[step % 2])
    assert len(story.state.untold) == MOST_UNTOLD
    assert len(story.state.changes) <= 361
    (summary,) = [one for one in [*story.messages, *play(story, [], 99_999)] if one.kind == "summary"][:1]
    assert len(summary.named) == MOST_UNTOLD


def test_how_many_there_are_besides() -> None:
    state = NoticeState(untold=(Change(1, OK),) * MOST_UNTOLD, summary_at=9)
    rules = NoticeRules(flap_limit=1)
    state = changed(rules, msgspec.structs.replace(state, changes=(1, 2)), old=OK, new=ALARM, at=3, period=None)
    more = tell(rules, state, Change(3, ALARM), at=3, reaches=ALL, events_from=0).state
    assert (len(more.untold), more.untold_more) == (MOST_UNTOLD, 1)
    told = tell_in_time(rules, more, Notice.SUMMARY, at=9, period=None, reaches=())
    assert (told.more, told.state.untold_more, told.state.summary_at) == (1, 0, None)


# ---------------------------------------------------------------- the events that are named


def test_events_of_what_was_folded_are_for_the_summary() -> None:
    story = Story(NoticeRules(flap_limit=1))
    story.change(1_000, "A")
    assert story.state.events_from == 1_000
    story.change(1_100, "O")
    story.change(1_200, "A")
    assert story.state.events_from == 900  # the events behind that ALARM may be older than the message before
    told = tell_in_time(story.rules, story.state, Notice.SUMMARY, at=4_700, period=PERIOD, reaches=())
    assert (told.since, told.state.events_from) == (900, 4_700)


def test_events_of_what_is_named_are_listed_with_its_own() -> None:
    rules = NoticeRules(flap_limit=2)
    story = Story(rules)
    assert play(story, [(0, "O"), (1_800, "I"), (1_900, "A")], 2_000)[-1].kind == "I"
    change = Change(5_450, OK)
    state = changed(rules, story.state, old=ALARM, new=OK, at=5_450, period=PERIOD)
    told = tell(rules, state, change, at=5_450, reaches=ALL, events_from=1_500)
    assert (told.untold, told.since) == ((Change(1_900, ALARM),), 1_500)


def test_a_reminder_lists_what_came_since_the_last_one() -> None:
    rules = NoticeRules(remind_every=600)
    story = Story(rules)
    story.change(1_000, "A")
    told = tell_in_time(rules, story.state, Notice.REMINDER, at=1_600, period=PERIOD, reaches=ALL)
    assert (told.since, told.state.events_from, told.state.remind_at) == (1_000, 1_600, 2_200)


def test_a_look_that_found_nothing() -> None:
    rules = NoticeRules(reminds_of_events=True, remind_every=600)
    state = NoticeState(events_from=10, remind_at=700, look_at=300)
    seen = nothing_new(rules, state, at=300, period=PERIOD)
    assert (seen.events_from, seen.remind_at, seen.look_at) == (300, 700, 600)
    owing = msgspec.structs.replace(state, untold=(Change(20, ALARM),))
    assert nothing_new(rules, owing, at=300, period=PERIOD).events_from == 10


def test_composites_have_no_events() -> None:
    rules = NoticeRules(reminds_of_events=True, remind_every=600)
    state = changed(rules, NoticeState(), old=OK, new=ALARM, at=0, period=None)
    assert (state.remind_at, state.look_at) == (600, None)


# ---------------------------------------------------------------- what else changes the timers


def test_what_is_muted_comes_later() -> None:
    state = NoticeState(held_until=5, summary_at=10, remind_at=11, look_at=9)
    later = postponed(state, at=10, until=50)
    assert (later.held_until, later.summary_at, later.remind_at, later.look_at) == (50, 50, 11, 50)
    assert postponed(NoticeState(), at=10, until=50) == NoticeState()


def test_disabled_actions_replay_nothing() -> None:
    rules = NoticeRules(remind_every=600)
    state = NoticeState(
        held=Change(1, OK), held_until=5, untold=(Change(2, OK),), untold_more=3, summary_at=6, remind_at=7
    )
    state = lapsed(rules, state, at=10, period=PERIOD)
    assert (state.held, state.held_until) == (None, None)
    state = lapsed(rules, state, at=10, period=PERIOD)
    assert (state.untold, state.untold_more, state.summary_at) == ((), 0, None)
    assert lapsed(rules, state, at=10, period=PERIOD).remind_at == 610


@pytest.mark.parametrize(
    ("due", "now", "expected"),
    [(100, 100, 100), (100, 699, 100), (100, 700, 700), (100, 6_199, 6_100), (None, 6_199, None), (101, 9_999, 101)],
)
def test_reminders_after_a_pause_are_one(due: int | None, now: int, expected: int | None) -> None:
    rules = NoticeRules(remind_every=600)
    assert caught_up(rules, NoticeState(remind_at=due), at=100, now=now, period=None).remind_at == expected


def test_looks_after_a_pause_are_one() -> None:
    state = NoticeState(remind_at=100, look_at=100)
    later = caught_up(NoticeRules(reminds_of_events=True), state, at=100, now=1_000, period=10)
    assert (later.remind_at, later.look_at) == (100, 1_000)


def test_timers_begin_anew() -> None:
    rules = NoticeRules(remind_every=600, reminds_of_events=True, hold_down=300, flap_limit=3)
    alarming = restarted(rules, NoticeState(), value=ALARM, since=40, at=100, period=PERIOD)
    assert (alarming.remind_at, alarming.look_at, alarming.events_from) == (700, 400, 40)
    known = restarted(rules, NoticeState(events_from=30), value=ALARM, since=40, at=100, period=PERIOD)
    assert known.events_from == 30
    assert restarted(AS_ON_AWS, alarming, value=ALARM, since=40, at=200, period=PERIOD).due is None
    held = NoticeState(held=Change(200, OK), held_until=500, remind_at=1)
    again = restarted(rules, held, value=OK, since=200, at=400, period=PERIOD)
    assert (again.held_until, again.due) == (700, 700)
    assert restarted(rules, NoticeState(), value=OK, since=0, at=400, period=PERIOD) == NoticeState()


@pytest.mark.parametrize(("rules", "expected"), [(AS_ON_AWS, 400), (NoticeRules(flap_limit=3), 400 + HOUR)])
def test_a_summary_of_an_alarm_whose_tag_is_gone_comes_at_once(rules: NoticeRules, expected: int) -> None:
    owing = NoticeState(untold=(Change(1, ALARM),), summary_at=9_000)
    assert restarted(rules, owing, value=OK, since=0, at=400, period=PERIOD).summary_at == expected


# ---------------------------------------------------------------- tags


def test_rules_of_tags() -> None:
    tags = {
        "tocsin:remind-every": "PT1H",
        "tocsin:remind-on": "new-events",
        "tocsin:hold-down": "P1DT10M1S",
        "tocsin:flap-limit": "6",
        "tocsin:skip-first": "true",
        "team": "security",
    }
    assert notice_rules(tags) == NoticeRules(
        remind_every=3_600, reminds_of_events=True, hold_down=87_001, flap_limit=6, skips_first=True
    )
    assert [notice_problem(key, value) for key, value in tags.items()] == [""] * 6
    assert notice_rules(dict.fromkeys(tags, "nonsense")) == AS_ON_AWS
    assert notice_rules({"tocsin:skip-first": "false"}) == notice_rules({}) == AS_ON_AWS


@pytest.mark.parametrize(("text", "seconds"), [("PT1M", 60), ("P2W", 1_209_600), ("PT90S", 90), ("P365D", 31_536_000)])
def test_durations(text: str, seconds: int) -> None:
    assert notice_rules({"tocsin:remind-every": text}).remind_every == seconds


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(
            (key, value)
            for key in ("tocsin:remind-every", "tocsin:hold-down")
            for value in ("hourly", "", "P", "PT", "P1DT", "P1Y", "P1M", "PT0S", "PT59S", "P366D", "PT1.5H", "pt1h")
        ),
        ("tocsin:hold-down", "PT1H\n"),
        ("tocsin:hold-down", f"PT{'9' * 300}H"),
        ("tocsin:remind-on", "everything"),
        ("tocsin:flap-limit", "0"),
        ("tocsin:flap-limit", "many"),
        ("tocsin:flap-limit", "²"),
        ("tocsin:flap-limit", "361"),
        ("tocsin:skip-first", "yes"),
    ],
)
def test_tags_that_mean_nothing(key: str, value: str) -> None:
    assert notice_problem(key, value).startswith(f"{key} takes ")
    assert notice_rules({key: value}) == AS_ON_AWS


def test_what_was_acknowledged_is_not_reminded_of_until_the_next_change() -> None:
    rules = NoticeRules(remind_every=HOUR, reminds_of_events=True)
    state = changed(rules, NoticeState(), old=OK, new=ALARM, at=0, period=PERIOD)
    state = acknowledged(state)
    assert (state.remind_at, state.look_at) == (None, PERIOD)
    # New events are told all the same, and do not start the clock again.
    state = tell_in_time(rules, state, Notice.NEW_EVENTS, at=PERIOD, period=PERIOD, reaches=ALL).state
    assert (state.remind_at, state.look_at) == (None, 2 * PERIOD)
    assert restarted(rules, state, value=ALARM, since=0, at=HOUR, period=PERIOD).remind_at is None
    state = changed(rules, state, old=ALARM, new=OK, at=HOUR, period=PERIOD)
    assert changed(rules, state, old=OK, new=ALARM, at=2 * HOUR, period=PERIOD).remind_at == 3 * HOUR
