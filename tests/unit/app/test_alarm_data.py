"""What a backtest keeps of an archive (IF-3, FP-9.12 to 9.17, AL-18.2)."""

from __future__ import annotations

from typing import Any

import pytest
from chain import event, feed, read, second
from synthetic import Archive, log_file

from tocsin.app.alarm_data import (
    AT_ITS_TIME,
    EVENTS_KEPT,
    AlarmData,
    AlarmDataPlan,
    AlarmDataReader,
    AlarmDataTotal,
    Contribution,
    matches_in,
)
from tocsin.app.selection import Selection
from tocsin.core.rule import Rule
from tocsin.core.tally import Room, TooManyDatapointsError

DELIVERED = "x/111122223333_CloudTrail_us-east-1_20260301T1005Z_AbCdEfGhIjKlMnOp.json.gz"
STOP = feed()
DEFAULT = feed(default_value=0)


def plan(*rules: Rule, **more: Any) -> AlarmDataPlan:
    return AlarmDataPlan(rules=rules or (STOP,), **more)


def cells(data: AlarmData, place: int = 0) -> dict[Any, tuple[int, dict[float, int]]]:
    """Counts and weights by dimensions, minute of the day and arrival."""
    day = second("00:00") // 60
    return {
        (dimensions, minute - day, arrival): (cell.count, cell.weights)
        for (dimensions, minute, arrival), cell in data.cells[place].items()
    }


def contents(data: AlarmData) -> Any:
    """All that a part holds, for comparing."""
    return (
        [{key: (cell.count, cell.weights, cell.events) for key, cell in found.items()} for found in data.cells],
        data.unusable,
        data.broken,
        data.present,
        data.ledger.records(),
        data.ledger.files(),
    )


def test_matches_are_kept_by_their_minute() -> None:
    archive = Archive(
        {"a": log_file(event("10:00:59"), event("10:01"), event("10:00", n=1), event("10:00", "GetTrail"))}
    )
    assert cells(read(plan(), archive)) == {
        ((), 600, AT_ITS_TIME): (2, {1.0: 2}),
        ((), 601, AT_ITS_TIME): (1, {1.0: 1}),
    }


def test_values_and_dimensions_are_those_of_the_event() -> None:
    rule = feed(value="$.n", dimensions={"R": "$.awsRegion"})
    archive = Archive(
        {
            "a": log_file(
                event("10:00", n=2.5),
                event("10:00:01", n=2.5),
                event("10:00:02", n=7),
                event("10:00:03", n=1, awsRegion="eu-west-1"),
                event("10:00:04", n=1, awsRegion=None),  # published without any dimension (FP-9.15)
            )
        }
    )
    assert cells(read(plan(rule), archive)) == {
        ((("R", "us-east-1"),), 600, AT_ITS_TIME): (3, {2.5: 2, 7.0: 1}),
        ((("R", "eu-west-1"),), 600, AT_ITS_TIME): (1, {1.0: 1}),
        ((), 600, AT_ITS_TIME): (1, {1.0: 1}),
    }


@pytest.mark.parametrize("value", [None, "x", {}, "1e400", 10**200])
def test_a_match_without_a_usable_value_publishes_nothing_and_its_minute_is_not_quiet(value: object) -> None:
    data = read(plan(feed(value="$.n", default_value=0)), Archive({"a": log_file(event("10:00", n=value))}))
    assert (cells(data), data.unusable) == ({}, [1])
    assert data.broken == [{(second("10:00") // 60, AT_ITS_TIME)}]
    assert data.present == {(second("10:00") // 60, AT_ITS_TIME)}


def test_minutes_with_records_are_noted_where_a_filter_has_a_default() -> None:
    archive = Archive({"a": log_file(event("10:00", "GetTrail"), event("10:02", "GetTrail"))})
    assert {minute for minute, _ in read(plan(DEFAULT), archive).present} == {
        second("10:00") // 60,
        second("10:02") // 60,
    }
    assert read(plan(STOP), archive).present == set()
    assert (plan(DEFAULT).has_defaults, plan(STOP).has_defaults, plan(Rule(id="a", name="a")).has_defaults) == (
        True,
        False,
        False,
    )


@pytest.mark.parametrize(
    ("options", "path", "arrival"),
    [
        ({}, DELIVERED, None),
        ({"to_the_second": True}, DELIVERED, "10:00:30"),
        ({"as_delivered": True}, DELIVERED, "10:05"),
        ({"as_delivered": True}, "events.json", "10:00:30"),  # the name says nothing: its own time
        ({"as_delivered": True}, DELIVERED.replace("T1005Z", "T0959Z"), "10:00:30"),  # never before its time
        ({"as_delivered": True, "to_the_second": True}, DELIVERED, "10:05"),
    ],
)
def test_when_a_record_is_known(options: dict[str, bool], path: str, arrival: str | None) -> None:
    archive = Archive({path: log_file(event("10:00:30"), event("10:00:30", "GetTrail"))})
    data = read(plan(DEFAULT, **options), archive)
    expected = AT_ITS_TIME if arrival is None else second(arrival)
    assert [key[2] for key in cells(data)] == [expected]
    # Of a quiet minute it is enough to know when it began, or was delivered.
    assert data.present == {
        (second("10:00") // 60, expected if arrival is None or arrival == "10:05" else second("10:00"))
    }


ARCHIVE = Archive(
    {
        name: log_file(
            *(event(f"10:0{(place * n) % 7}:{n:02}", eventID=f"e{(place * n) % 11}", n=n % 3) for n in range(12)),
            event("10:09", "GetTrail"),
        )
        for place, name in enumerate("abcde", 1)
    },
    broken={"f": "gzip: unexpected end of stream"},
)


@pytest.mark.parametrize("unique", [False, True])
@pytest.mark.parametrize("split", [2, 3, 6])
def test_the_answer_does_not_depend_on_how_the_files_are_shared(split: int, unique: bool) -> None:
    asked = plan(feed(value="$.n"), feed("all", "", default_value=None), DEFAULT, unique=unique)
    assert contents(read(asked, ARCHIVE, split=split)) == contents(read(asked, ARCHIVE))


def test_an_event_id_counts_once_when_asked() -> None:
    archive = Archive({"a": log_file(event("10:00")), "b": log_file(event("10:00"), event("10:01", eventID=None))})
    assert matches_in(read(plan(), archive)) == 3
    assert matches_in(read(plan(unique=True), archive)) == 2
    twice = Archive({"a": log_file(*[event("10:00", eventID=None)] * 2)})
    assert matches_in(read(plan(unique=True), twice)) == 2


def test_records_that_were_not_chosen_do_not_count() -> None:
    archive = Archive({"a": log_file(event("10:00"), event("10:01"), event("10:02"))})
    chosen = Selection(since=second("10:01"), until=second("10:02"))
    data = read(plan(selection=chosen), archive)
    assert [key[1] for key in cells(data)] == [601]
    assert (data.ledger.read, data.ledger.selected) == (3, 1)


@pytest.mark.parametrize("split", [1, 5])
def test_first_hundred_events_of_a_minute_are_kept_and_all_are_counted(split: int) -> None:
    several = [event("10:00:30", eventID=f"e{n:03}") for n in range(450)]
    several += [event("10:00:10", eventID=f"f{n:03}") for n in range(7)]
    archive = Archive({str(turn): log_file(*several[turn::5]) for turn in range(5)})
    (cell,) = read(plan(), archive, split=split).cells[0].values()
    assert cell.count == 457
    expected = [f"f{n:03}" for n in range(7)] + [f"e{n:03}" for n in range(EVENTS_KEPT - 7)]
    first = sorted(cell.events, key=lambda one: (one.second, one.event_id))[:EVENTS_KEPT]
    assert [one.event_id for one in first] == expected


BUSY = Archive({"a": log_file(*(event(f"10:{n:02}") for n in range(60)))})
REGIONS = Archive({"a": log_file(*(event("10:00", awsRegion="r" * n) for n in range(1, 200)))})
NUMBERS = Archive({"a": log_file(*(event("10:00", n=n) for n in range(400)))})


@pytest.mark.parametrize(
    ("rule", "archive", "room"),
    [
        (STOP, BUSY, 2000),  # no room for minutes
        (feed(dimensions={"R": "$.awsRegion"}), REGIONS, 1500),  # none for dimensions
        (feed(value="$.n"), NUMBERS, 20_000),  # none for values
    ],
)
def test_a_file_whose_matches_do_not_fit_into_memory_is_in_the_ledger(rule: Rule, archive: Archive, room: int) -> None:
    reader = AlarmDataReader(plan(rule), open_file=archive.open, room=room)
    assert reader.read(archive.places()).ledger.skipped == [
        ("a", "its matches lie in more minutes or dimensions than fit into memory")
    ]


def test_events_for_which_there_is_no_room_are_counted() -> None:
    data = AlarmData(1, words=5000)
    reader = AlarmDataReader(plan(), open_file=BUSY.open)
    part = reader.read(BUSY.places())
    room = Room()
    data.merge(part, room)
    assert (matches_in(data), len(data.cells[0])) == (60, 60)
    kept = [one.event_id for cell in data.cells[0].values() for one in cell.events]
    assert 0 < len(kept) < 3
    # Those that come one by one are treated alike.
    single = AlarmData(1, words=5000)
    for contribution in _contributions(BUSY):
        single.count(contribution, room)
    assert (matches_in(single), sum(len(cell.events) for cell in single.cells[0].values())) == (60, len(kept))


def test_a_minute_of_many_matches_takes_no_more_room_than_one_of_some() -> None:
    # Room for what a minute keeps, and not for the rest of its matches.
    contributions = _contributions(Archive({"a": log_file(*(event("10:00", eventID=f"e{n:04}") for n in range(900)))}))
    crowd = AlarmData(1, words=201 * 3000)
    for contribution in [*contributions, *_contributions(BUSY)]:
        crowd.count(contribution, Room())
    assert {len(cell.events) > 0 for cell in crowd.cells[0].values()} == {True}
    assert matches_in(crowd) == 960


def _contributions(archive: Archive) -> list[Contribution]:
    kept: list[Contribution] = []
    asked = plan(unique=True)
    AlarmDataReader(asked, open_file=archive.open, keep=lambda _, one: kept.append(one)).read(archive.places())
    return kept


def test_parts_that_do_not_fit_into_memory_together_are_refused() -> None:
    part = AlarmDataReader(plan(), open_file=BUSY.open).read(BUSY.places())
    with pytest.raises(TooManyDatapointsError):
        AlarmDataTotal(plan(), room=100).add(part)


def test_file_that_is_damaged_is_in_the_ledger_and_its_records_count() -> None:
    records = log_file(event("10:00"), event("10:01"))
    archive = Archive({"a": records[:-2]}, broken={"a": "gzip: unexpected end of stream"})
    data = read(plan(), archive)
    assert (matches_in(data), data.ledger.skipped) == (2, [("a", "gzip: unexpected end of stream")])


def test_record_that_only_looks_like_a_match_does_not_count() -> None:
    rule = feed(pattern='{ ($.eventName = StopLogging) && ($.awsRegion = "eu-west-1") }')
    data = read(plan(rule), Archive({"a": log_file(event("10:00"), event("10:01", awsRegion="eu-west-1"))}))
    assert [key[1] for key in cells(data)] == [601]


def test_rules_without_a_filter_have_no_place() -> None:
    assert len(AlarmDataTotal(plan(Rule(id="a", name="a"), STOP)).data.cells) == 1
