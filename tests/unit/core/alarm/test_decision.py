from __future__ import annotations

import pytest

from tocsin.core.alarm import Datapoint, DecisionRule, StateValue, TreatMissingData, decide
from tocsin.core.alarm.decision import decided_words, samples_needed, too_few_samples

KINDS = {"0": Datapoint.GOOD, "X": Datapoint.BAD, "-": Datapoint.MISSING}
TREATMENTS = [TreatMissingData(name) for name in ("missing", "ignore", "breaching", "notBreaching")]


def points(text: str) -> tuple[Datapoint, ...]:
    return tuple(KINDS[one] for one in text if one in KINDS)


# The documented tables AL-7.4 (3 of 3) and AL-7.5 (2 of 3), right is newest; '=' keeps the state.
TABLE = [
    (3, "0 - X - X", "OK OK OK OK"),
    (3, "0 - - - -", "OK OK OK OK"),
    (3, "- - - - -", "INSUFFICIENT_DATA = ALARM OK"),
    (3, "0 X X - X", "ALARM ALARM ALARM ALARM"),
    (3, "- - X - -", "ALARM = ALARM OK"),
    (2, "0 - X - X", "ALARM ALARM ALARM ALARM"),
    (2, "0 0 X 0 X", "ALARM ALARM ALARM ALARM"),
    (2, "0 - X - -", "OK OK ALARM OK"),
    (2, "- - - - 0", "OK OK ALARM OK"),
    (2, "- - - X -", "ALARM = ALARM OK"),
]


@pytest.mark.parametrize("old", StateValue)
@pytest.mark.parametrize(("m", "text", "expected"), TABLE)
def test_documented_tables(m: int, text: str, expected: str, old: StateValue) -> None:
    found = [decide(points(text), n=3, m=m, treat=treat, old=old).state for treat in TREATMENTS]
    assert found == [old if one == "=" else StateValue(one) for one in expected.split()]


# Which rule decides, on which points (their places, newest first), of how many real ones, with how many fills.
@pytest.mark.parametrize(
    ("text", "treat", "state", "rule", "decisive", "real", "fills"),
    [
        ("X X 0 0 X", "breaching", "OK", DecisionRule.NEWEST_POINTS, (3, 2), 5, 0),
        ("X 0 X - X", "ignore", "ALARM", DecisionRule.NEWEST_POINTS, (4, 2), 4, 0),
        ("0 X X - -", "missing", "ALARM", DecisionRule.NEWEST_POINTS, (2, 1), 3, 0),
        ("- - - 0 -", "breaching", "ALARM", DecisionRule.FILLS_BREACH, (), 1, 2),
        ("- - 0 - 0", "breaching", "OK", DecisionRule.FILLS_BREACH, (4, 2), 2, 1),
        ("- - X - X", "notBreaching", "ALARM", DecisionRule.FILLS_DO_NOT_BREACH, (4, 2), 2, 1),
        ("- - - X -", "notBreaching", "OK", DecisionRule.FILLS_DO_NOT_BREACH, (), 1, 2),
        ("- X - - X", "missing", "ALARM", DecisionRule.ENOUGH_BREACHES, (4, 1), 2, 1),
        ("- X - - X", "ignore", "ALARM", DecisionRule.ENOUGH_BREACHES, (4, 1), 2, 1),
        ("- X - - 0", "missing", "OK", DecisionRule.GOOD_POINT, (4,), 2, 1),
        ("- - - - -", "missing", "INSUFFICIENT_DATA", DecisionRule.NO_DATA, (), 0, 3),
        ("- - - - -", "ignore", "ALARM", DecisionRule.KEPT_IGNORING, (), 0, 3),
        ("- - - X -", "ignore", "ALARM", DecisionRule.KEPT_IGNORING, (3,), 1, 2),
        ("- - - X -", "missing", "ALARM", DecisionRule.PREMATURE, (3,), 1, 2),
        ("- - - - X", "missing", "ALARM", DecisionRule.KEPT_TOO_YOUNG, (4,), 1, 2),
    ],
)
def test_the_rule_that_decides_is_named(
    text: str, treat: str, state: str, rule: DecisionRule, decisive: tuple[int, ...], real: int, fills: int
) -> None:
    found = decide(points(text), n=3, m=2, treat=TreatMissingData(treat), old=StateValue.ALARM)
    assert (found.state, found.rule, found.decisive) == (state, rule, decisive)
    assert (found.real, found.fills) == (real, fills)


# AL-7.6 (our choice): too young for ALARM is kept whatever the state was; fills that breach count at once.
@pytest.mark.parametrize("old", StateValue)
def test_open_cases(old: StateValue) -> None:
    assert decide(points("- - - - X"), n=3, m=3, treat=TreatMissingData.MISSING, old=old).state is old
    assert decide(points("- - - - X"), n=3, m=3, treat=TreatMissingData.BREACHING, old=old).state is StateValue.ALARM


def history(data: dict[int, str], instants: range, *, r: int, **options: object) -> list[str]:
    """The states at the instants, in slots, of data by slot."""
    state = StateValue.INSUFFICIENT_DATA
    states = []
    for instant in instants:
        values = tuple(KINDS[data.get(slot, "-")] for slot in range(instant - r, instant))
        state = decide(values, old=state, **options).state
        states.append(state.value)
    return states


# AL-7.a: ghosts, in slots of 10 s.
def test_ghosts() -> None:
    states = history({0: "X", 1: "0", 2: "X"}, range(1, 13), r=9, n=3, m=2, treat=TreatMissingData.MISSING)
    assert states == ["INSUFFICIENT_DATA", "OK", *["ALARM"] * 7, "OK", "ALARM", "INSUFFICIENT_DATA"]


# AL-7.b: premature.
@pytest.mark.parametrize(("m", "kept"), [(3, 2), (2, 1)])
def test_premature(m: int, kept: int) -> None:
    states = history({10: "X"}, range(11, 17), r=5, n=3, m=m, treat=TreatMissingData.MISSING)
    assert states == [*["INSUFFICIENT_DATA"] * kept, *["ALARM"] * (5 - kept), "INSUFFICIENT_DATA"]


# AL-5.6: 10/(1-p) for p >= 0.5, 10/p below; the ends have no bound (our choice).
@pytest.mark.parametrize(
    ("percentile", "needed"),
    [(50, 20), (90, 100), (95, 200), (99, 1000), (25, 40), (10, 100), (99.9, 10_000), (0.1, 10_000), (0, 0), (100, 0)],
)
def test_samples_that_a_percentile_needs(percentile: float, needed: float) -> None:
    assert samples_needed(percentile) == needed


# AL-5.6: the samples of the newest N slots; when all of those are empty the rule does not apply.
@pytest.mark.parametrize(
    ("counts", "too_few"),
    [
        ([1000, 50, 49], True),
        ([0, 50, 50], False),
        ([1000, None, 99], True),
        ([1000, None, 100], False),
        ([5, None, None], False),
        ([1000, 0.0, 0.0], True),
    ],
)
def test_too_few_samples(counts: list[float | None], too_few: bool) -> None:
    assert too_few_samples(counts, n=2, needed=100) is too_few


def test_every_rule_that_decides_has_words() -> None:
    told = {rule for rule in DecisionRule if decided_words(rule.value)}
    assert told == {rule for rule in DecisionRule if not rule.value.startswith("kept-")} - {DecisionRule.WARMING_UP}
    assert decided_words("anything else") == ""
