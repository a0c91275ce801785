"""Two versions of rules on one archive: what is gained, lost and silenced, record by record (IF-1, IF-3, IF-4)."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest
from synthetic import Archive, log_file, record

from tocsin.app.alarm_data import AlarmDataPlan
from tocsin.app.alarm_set import build_alarm_set
from tocsin.app.backtest import BacktestPlan
from tocsin.app.comparison import ComparisonPlan, compare_versions
from tocsin.app.comparison_data import (
    RECORDS_KEPT,
    ComparisonReader,
    ComparisonTotal,
    KeptRecords,
    Rooms,
    Sighting,
    sightings_in,
)
from tocsin.app.comparison_report import ComparisonReport, RuleDifference, encode_comparison
from tocsin.app.rule_pairs import pair_up, watch
from tocsin.app.rulepack import ChainRule
from tocsin.app.selection import Selection
from tocsin.core.exclusion import compile_exclusions
from tocsin.core.metric_filter import MetricFilter, MetricTransformation
from tocsin.core.notification.event import EventSummary
from tocsin.core.rule import Exclusion, Rule
from tocsin.core.tally import Room, TooManyDatapointsError

TODAY = date(2026, 3, 1)
STOP = "{ $.eventName = StopLogging }"
ALARM = {
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    "TreatMissingData": "notBreaching",
}
CI = Exclusion(name="ci", when='{ $.userIdentity.userName = "ci" }', reason="The build robot.", expires="2027-03-31")
OFFICE = Exclusion(name="office", when='{ $.sourceIPAddress = "198.51.100.1" }', reason="The office.", author="alice")
GONE = Exclusion(name="gone", when='{ $.userIdentity.userName = "bob" }', reason="Left.", expires="2026-03-01")


def rule(
    pattern: str = STOP,
    *exclusions: Exclusion,
    name: str = "stop",
    alarm: dict[str, Any] | None = ALARM,
    metric: str = "",
    params: dict[str, str] | None = None,
    clauses: dict[str, str] | None = None,
    **more: Any,
) -> Rule:
    """A rule as it comes out of a file: with the pattern that is in force."""
    params = params or {}
    filled = pattern
    for key, value in params.items():
        filled = filled.replace(f"<{key}>", value)
    compiled = compile_exclusions(filled, exclusions, at=TODAY, clauses=clauses)
    metric = metric or name.rpartition("/")[2]
    value = MetricTransformation(metric_name=metric, metric_namespace="N", metric_value="1")
    return Rule(
        id=name.rpartition("/")[2],
        name=name,
        title=name.title(),
        filter=MetricFilter(filter_name=name, filter_pattern=pattern, metric_transformations=(value,)),
        exclusions=exclusions,
        effective_pattern=compiled.pattern,
        alarm=alarm,
        params=params,
        **more,
    )


def person(name: str, minute: int, **fields: Any) -> dict[str, Any]:
    at = f"2026-03-01T10:{minute:02}:00Z"
    user = {"type": "IAMUser", "userName": name, "accountId": "111122223333"}
    return record("StopLogging", at, **{"userIdentity": user, "eventID": f"{name}-{minute}", **fields})


def plan_of(old: list[Rule], new: list[Rule], **options: Any) -> ComparisonPlan:
    def version(rules: list[Rule]) -> BacktestPlan:
        alarms = build_alarm_set([ChainRule(rule=one) for one in rules])
        assert not alarms.findings
        filters = tuple(one for one in rules if one.filter)
        return BacktestPlan(data=AlarmDataPlan(rules=filters, **options), alarms=alarms)

    return ComparisonPlan(old=version(old), new=version(new), old_name="old.yaml", new_name="new.yaml", at=TODAY)


def compare(
    archive: Archive, old: list[Rule], new: list[Rule], *, split: int = 1, clauses: Any = None, **options: Any
) -> ComparisonReport:
    """Compare in `split` parts, as that many processes would."""
    plan = plan_of(old, new, **options)
    reading = plan.data_plan(clauses)
    total = ComparisonTotal(reading)
    kept: dict[int, list[Sighting]] = {}
    places = archive.places()
    for turn in range(split):
        reader = ComparisonReader(
            reading, open_file=archive.open, keep=lambda place, one: kept.setdefault(place, []).append(one)
        )
        total.add(reader.read(places[turn::split]))
    total.add_unique(one for _, found in sorted(kept.items()) for one in found)
    return compare_versions(plan, reading, total.total, version="0", elapsed=lambda: 1.23456)


ARCHIVE = Archive(
    {
        "a": log_file(person("alice", 1), person("ci", 5), person("ci", 20, sourceIPAddress="198.51.100.1")),
        "b": log_file(person("bob", 40, sourceIPAddress="198.51.100.1"), person("bob", 50), record("GetTrail")),
        "c": b"",
    }
)


def ids(records: Any) -> list[tuple[str, list[str]]]:
    return [(one.id, one.excluded_by) for one in records.records]


def only(report: ComparisonReport) -> RuleDifference:
    (found,) = report.rules
    return found


# ---------------------------------------------------------------- records


def test_each_lost_record_names_the_exclusions_that_silence_it() -> None:
    found = only(compare(ARCHIVE, [rule()], [rule(STOP, CI, OFFICE, GONE)]))
    assert (found.name, found.title, found.severity, found.changed) == ("stop", "Stop", "medium", ["except"])
    assert (found.both, found.lost.count, found.lost.unexplained, found.gained.count) == (2, 3, 0, 0)
    assert ids(found.lost) == [("ci-5", ["ci"]), ("ci-20", ["ci", "office"]), ("bob-40", ["office"])]
    assert found.old is not None
    assert found.new is not None
    assert (found.old.matches, found.new.matches, found.old.exclusions) == (5, 2, [])


def test_each_exclusion_shows_what_it_silences_also_where_two_hold_at_once() -> None:
    new = only(compare(ARCHIVE, [rule()], [rule(STOP, CI, OFFICE, GONE)])).new
    assert new is not None
    shown = [(one.name, one.silences, one.alone, one.others, one.applies) for one in new.exclusions]
    assert shown == [("ci", 2, 1, 2, True), ("office", 2, 1, 2, True), ("gone", 0, 0, 0, False)]
    assert [ids(one) for one in new.exclusions] == [
        [("ci-5", ["ci"]), ("ci-20", ["ci", "office"])],
        [("ci-20", ["ci", "office"]), ("bob-40", ["office"])],
        [],
    ]
    first = new.exclusions[0]
    assert (first.reason, first.expires, first.when, first.use) == ("The build robot.", "2027-03-31", CI.when, None)
    assert new.exclusions[1].author == "alice"


def test_the_text_without_exclusions_stays_available() -> None:
    """IF-4: for auditors who compare text."""
    new = only(compare(ARCHIVE, [rule()], [rule(STOP, CI)])).new
    assert new is not None
    assert new.written == STOP
    assert "$.userIdentity.userName IS NULL" in new.pattern


def test_a_record_that_no_exclusion_explains_is_told_apart() -> None:
    """The pattern itself leaves Bob out, so no exclusion is to blame, although one holds for a record of his."""
    narrow = '{ ($.eventName = StopLogging) && ($.userIdentity.userName != "bob") }'
    found = only(compare(ARCHIVE, [rule()], [rule(narrow, OFFICE)]))
    assert found.changed == ["filter", "except"]
    assert ids(found.lost) == [("ci-20", ["office"]), ("bob-40", []), ("bob-50", [])]
    assert (found.lost.count, found.lost.unexplained) == (3, 2)


def test_what_an_exclusion_silences_is_counted_where_the_other_version_does_not_count_it_either() -> None:
    old, new = rule(STOP, CI), rule(STOP, CI, OFFICE)
    found = only(compare(ARCHIVE, [old], [new]))
    assert ids(found.lost) == [("bob-40", ["office"])]
    assert found.new is not None
    shown = [(one.name, one.silences, one.alone, one.others) for one in found.new.exclusions]
    assert shown == [("ci", 2, 1, 0), ("office", 2, 1, 1)]


def test_a_gained_record_names_the_exclusions_that_kept_it_out() -> None:
    found = only(compare(ARCHIVE, [rule(STOP, CI)], [rule('{ $.eventName = "*" }')]))
    assert ids(found.gained) == [("GetTrail-2026-03-01T10:00:00Z", []), ("ci-5", ["ci"]), ("ci-20", ["ci"])]
    assert (found.gained.count, found.gained.unexplained, found.lost.count) == (3, 1, 0)


def test_a_record_is_shown_with_who_what_where_and_when() -> None:
    line = only(compare(ARCHIVE, [rule()], [rule(STOP, CI)])).lost.records[0]
    assert (line.at, line.event, line.who, line.address) == (
        "2026-03-01T10:05:00Z", "StopLogging", "IAM user ci", "192.0.2.1",
    )  # fmt: skip
    assert (line.region, line.account, line.source) == ("us-east-1", "111122223333", "cloudtrail.amazonaws.com")


def test_parameters_and_shared_clauses_are_filled_in() -> None:
    clauses = {"not-the-user": '(($.userIdentity.userName NOT EXISTS) || ($.userIdentity.userName != "ci"))'}
    shared = Exclusion(name="robot", use="not-the-user", reason="r")
    pattern = "{ $.eventName = <NAME> }"
    old = rule(pattern, params={"NAME": "StopLogging"})
    new = rule(pattern, shared, params={"NAME": "StopLogging"}, clauses=clauses)
    found = only(compare(ARCHIVE, [old], [new], clauses=clauses))
    assert ids(found.lost) == [("ci-5", ["robot"]), ("ci-20", ["robot"])]
    assert found.new is not None
    assert found.new.exclusions[0].use == "not-the-user"


def test_an_exclusion_that_is_refused_explains_nothing() -> None:
    refused = Exclusion(name="no", use="no-such-clause")
    made = msgspec.structs.replace(rule(), exclusions=(refused,))
    found = only(compare(ARCHIVE, [rule()], [made]))
    assert found.new is not None
    assert (found.lost.count, found.new.exclusions[0].applies) == (0, False)


def test_what_is_kept_is_bounded_and_the_rest_is_counted() -> None:
    count = 3 * RECORDS_KEPT
    many = [person("ci" if n % 2 else "bob", n % 60, eventID=f"id-{n:04}") for n in range(count)]
    archive = Archive({f"{n}": log_file(*many[n::4]) for n in range(4)})
    found = only(compare(archive, [rule()], [rule("{ $.eventName = Nothing }")]))
    assert (found.lost.count, len(found.lost.records), found.lost.omitted) == (count, 100, count - 100)
    assert found.lost.records == sorted(found.lost.records, key=lambda line: (line.at, line.id))
    found = only(compare(archive, [rule()], [rule(STOP, CI)]))
    assert found.new is not None
    one = found.new.exclusions[0]
    assert (one.silences, len(one.records), one.omitted) == (count // 2, 100, count // 2 - 100)


def test_records_are_told_by_kind_however_many_there_are() -> None:
    """One record of a person among a robot's thousand stands on a line of its own, even where it is not kept."""
    issuer = {"sessionIssuer": {"type": "Role", "userName": "ci"}}
    role = {"type": "AssumedRole", "sessionContext": issuer}
    robots = [
        person(
            "ci",
            n % 50,
            eventID=f"{n:04}",
            userIdentity={**role, "arn": f"arn:aws:sts::111122223333:assumed-role/ci/{n}"},
        )
        for n in range(1000)
    ]
    robots[5]["sourceIPAddress"] = "198.51.100.9"
    archive = Archive({"a": log_file(*robots[::2]), "b": log_file(*robots[1::2], person("bob", 55, errorCode="No"))})
    for split in (1, 2):
        found = only(compare(archive, [rule()], [rule("{ $.eventName = X }")], split=split)).lost
        assert [(one.count, one.who, one.event, one.error, one.address) for one in found.kinds] == [
            (1000, "role ci", "StopLogging", "", "192.0.2.1"),
            (1, "IAM user bob", "StopLogging", "No", "192.0.2.1"),
        ]
        assert [one.several_addresses for one in found.kinds] == [True, False]
        assert [(one.first[11:16], one.last[11:16]) for one in found.kinds] == [("10:00", "10:49"), ("10:55", "10:55")]
        assert "bob-55" not in {one.id for one in found.records}


def test_a_kind_says_which_exclusions_hold_for_it() -> None:
    found = only(compare(ARCHIVE, [rule()], [rule(STOP, CI, OFFICE)]))
    assert found.new is not None
    assert [(one.who, one.excluded_by) for one in found.lost.kinds] == [
        ("IAM user ci", ["ci"]), ("IAM user ci", ["ci", "office"]), ("IAM user bob", ["office"]),
    ]  # fmt: skip
    assert [[one.excluded_by for one in exclusion.kinds] for exclusion in found.new.exclusions] == [
        [["ci"], ["ci", "office"]], [["ci", "office"], ["office"]],
    ]  # fmt: skip


def test_of_very_many_kinds_the_most_frequent_and_the_rarest_are_told() -> None:
    names = [f"user-{n:03}" for n in range(150) for _ in range(2 if n < 60 else 1)]
    archive = Archive({"a": log_file(*(person(name, 1, eventID=f"{n:03}") for n, name in enumerate(names)))})
    lost = only(compare(archive, [rule()], [rule("{ $.eventName = X }")])).lost
    assert (len(lost.kinds), lost.kinds_omitted) == (100, 50)
    assert [one.count for one in lost.kinds] == [2] * 50 + [1] * 50


def test_what_explains_and_what_does_not_are_kept_apart() -> None:
    """A flood of records that an exclusion explains does not hide one that none does."""
    many = [person("ci", 1, eventID=f"id-{n:04}") for n in range(3 * RECORDS_KEPT)]
    archive = Archive({"a": log_file(*many, person("bob", 50))})
    narrow = '{ ($.eventName = StopLogging) && ($.userIdentity.userName != "bob") }'
    lost = only(compare(archive, [rule()], [rule(narrow, CI)])).lost
    assert ids(lost)[-1] == ("bob-50", [])
    assert (lost.count, lost.unexplained, lost.omitted) == (301, 1, 200)


@pytest.mark.parametrize("split", [2, 3])
@pytest.mark.parametrize("options", [{}, {"unique": True}, {"as_delivered": True}])
def test_the_answer_does_not_depend_on_how_the_files_are_shared(split: int, options: dict[str, Any]) -> None:
    many = [person("ci" if n % 3 else "bob", n % 60, eventID=f"id-{n % 200}") for n in range(400)]
    archive = Archive({f"{n}": log_file(*many[n::7]) for n in range(7)})
    versions = [rule()], [rule(STOP, CI, OFFICE)]
    assert compare(archive, *versions, split=split, **options) == compare(archive, *versions, **options)


def test_an_event_id_counts_once_when_asked() -> None:
    archive = Archive({"a": log_file(person("ci", 1)), "b": log_file(person("ci", 1), person("ci", 2, eventID=None))})
    for unique, lost in ((False, 3), (True, 2)):
        assert only(compare(archive, [rule()], [rule(STOP, CI)], unique=unique)).lost.count == lost


def test_only_chosen_records_are_compared() -> None:
    found = compare(ARCHIVE, [rule()], [rule(STOP, CI)], selection=Selection(since=1772359500 + 60))
    assert ids(only(found).lost) == [("ci-20", ["ci"])]
    assert found.records.selected == 3


def test_matches_beyond_memory_are_refused() -> None:
    plan = plan_of([rule()], [rule(STOP, CI)]).data_plan()
    reader = ComparisonReader(plan, open_file=ARCHIVE.open, room=500)
    part = reader.read(ARCHIVE.places())
    assert any("fit into memory" in reason for _, reason in part.data.ledger.skipped)
    whole = ComparisonReader(plan, open_file=ARCHIVE.open).read(ARCHIVE.places())
    assert sightings_in(whole) == 8  # five of the old version, three of the new one
    with pytest.raises(TooManyDatapointsError):
        ComparisonTotal(plan, room=500).add(whole)


def test_room_for_kept_records_is_taken_once() -> None:
    """What is kept grows to a bound; beyond it nothing more is taken, however many records there are."""
    event = EventSummary(event_id="a", second=1)
    kept, rooms = KeptRecords(), Rooms(Room(2000), Room(2 * RECORDS_KEPT * 2200))
    for _ in range(20 * RECORDS_KEPT):
        kept.add(event, (), rooms)
    assert (kept.count, len(kept.first())) == (20 * RECORDS_KEPT, RECORDS_KEPT)
    fresh = KeptRecords()
    fresh.add(event, (), rooms)
    assert (fresh.count, len(fresh.first())) == (1, 1)


def test_without_room_records_are_counted_and_kinds_refused() -> None:
    event = EventSummary(event_id="a", second=1)
    kept = KeptRecords()
    kept.add(event, (), Rooms(Room(1000), Room(500)))
    assert (kept.count, kept.first(), len(kept.kinds)) == (1, [], 1)
    with pytest.raises(TooManyDatapointsError):
        KeptRecords().add(event, (), Rooms(Room(100), Room(10_000)))


def test_alarms_of_less_than_a_minute_know_records_to_the_second() -> None:
    """AL-6.1: an alarm with a period of 10 s is evaluated every 10 s; its version alone makes both be read so."""
    fine = {**ALARM, "Period": 10}
    report = compare(ARCHIVE, [rule(alarm=fine)], [rule()])
    (alarm,) = report.alarms
    assert alarm.old is not None
    assert alarm.new is not None
    assert alarm.old.in_alarm < alarm.new.in_alarm
    assert compare(ARCHIVE, [rule()], [rule(alarm=fine)]).alarms[0].new == alarm.old


def test_a_candidate_that_nothing_matches_is_passed_over() -> None:
    both = '{ ($.eventName = StopLogging) && ($.userIdentity.userName = "carol") }'
    found = only(compare(ARCHIVE, [rule(both)], [rule(both, CI)]))
    assert (found.both, found.lost.count, found.gained.count) == (0, 0, 0)


def test_defaults_are_published_as_in_a_backtest() -> None:
    """FP-9.16: minutes that hold records and no match have the filter's default value."""
    one = rule()
    assert one.filter is not None
    (value,) = one.filter.metric_transformations
    zero = msgspec.structs.replace(value, default_value=1.0)
    loud = msgspec.structs.replace(one, filter=msgspec.structs.replace(one.filter, metric_transformations=(zero,)))
    report = compare(ARCHIVE, [one], [loud])
    assert only(report).changed == ["filter"]
    assert only(report).both == 5
    (alarm,) = report.alarms
    assert (alarm.lost, alarm.gained) == ([], [])
    assert alarm.old is not None
    assert alarm.new is not None
    assert alarm.new.in_alarm - alarm.old.in_alarm == 60


# ---------------------------------------------------------------- which rule is which


@pytest.mark.parametrize(
    ("old", "new", "pairs"),
    [
        (["a"], ["a"], [("a", "a")]),
        (["a"], ["b"], [(None, "b"), ("a", None)]),
        (["cis/a"], ["a"], [("cis/a", "a")]),
        (["a", "cis/b"], ["mine/b", "a"], [("cis/b", "mine/b"), ("a", "a")]),
        (["cis/a", "article/a"], ["a"], [(None, "a"), ("cis/a", None), ("article/a", None)]),
        (["cis/a", "a"], ["a"], [("a", "a"), ("cis/a", None)]),
        ([], [], []),
    ],
)
def test_versions_belong_together_by_name_then_by_id(old: list[str], new: list[str], pairs: list[object]) -> None:
    assert pair_up(old, new, name=str, ident=lambda name: name.rpartition("/")[2]) == pairs


def test_names_without_an_id_are_not_paired_by_it() -> None:
    assert pair_up(["a"], ["b"], name=str, ident=lambda _: "") == [(None, "b"), ("a", None)]


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        (rule(), rule(), ()),
        (rule(), rule(why="another text"), ()),
        (rule(), rule("{ $.eventName = X }"), ("filter",)),
        (rule(), rule(metric="other"), ("filter",)),
        (rule(), rule(STOP, CI), ("except",)),
        (rule(), rule(alarm={**ALARM, "Threshold": 2}), ("alarm",)),
        (rule("{ $.a = <A> }", params={"A": "1"}), rule("{ $.a = <A> }", params={"A": "2"}), ("params",)),
        (rule(), msgspec.structs.replace(rule(), effective_pattern="{ $.a = 1 }"), ("except",)),
        (rule(name="cis/stop"), rule(), ()),
    ],
)
def test_what_changed_is_named_by_the_keys_of_the_file(old: Rule, new: Rule, changed: tuple[str, ...]) -> None:
    (pair,) = watch([old], [new], at=TODAY).pairs
    assert pair.changed == changed


def test_a_filter_that_both_versions_have_is_asked_once() -> None:
    watched = watch([rule(), rule(name="b")], [rule(), rule(STOP, CI, name="b")], at=TODAY)
    assert watched.counted == 3
    assert watched.old_places == (0, 1)
    assert watched.new_places == (0, 2)
    # Without its exclusion the new version is the old one, and with this one alone it is itself.
    assert len(watched.rules) == 3


def test_a_rule_of_one_version_is_lost_or_gained_whole() -> None:
    report = compare(ARCHIVE, [rule()], [rule(name="other", alarm=None)])
    gained, lost = report.rules
    assert (gained.name, gained.old, gained.gained.count, gained.gained.unexplained) == ("other", None, 5, 5)
    assert (lost.name, lost.new, lost.lost.count, lost.lost.unexplained) == ("stop", None, 5, 5)
    (alarm,) = report.alarms
    assert (alarm.new, len(alarm.lost), alarm.gained) == (None, 5, [])


def test_what_is_the_same_is_counted_not_listed() -> None:
    report = compare(ARCHIVE, [rule(), rule(name="b")], [rule(), rule(name="b")])
    assert (report.rules, report.rules_unchanged, report.alarms, report.alarms_unchanged) == ([], 2, [], 2)


# ---------------------------------------------------------------- alarms


def test_rings_that_only_one_version_has_are_lost_or_gained() -> None:
    report = compare(ARCHIVE, [rule()], [rule(STOP, CI)])
    (alarm,) = report.alarms
    assert (alarm.name, alarm.title, alarm.severity, alarm.gained) == ("stop", "Stop", "medium", [])
    assert [(ring.at, ring.events) for ring in alarm.lost] == [
        ("2026-03-01T10:06:00Z", ["ci-5"]),
        ("2026-03-01T10:21:00Z", ["ci-20"]),
    ]
    assert alarm.old is not None
    assert alarm.new is not None
    assert (alarm.old.rings, alarm.new.rings) == (5, 3)
    assert alarm.old.in_alarm - alarm.new.in_alarm == sum(ring.seconds for ring in alarm.lost)
    assert alarm.lost[0].reason.startswith("Threshold Crossed: ")


def test_stays_in_alarm_that_share_a_moment_are_the_same_occasion() -> None:
    """The one before 10:02 begins later, and lasts as long: it is neither lost nor gained."""
    archive = Archive({"a": log_file(person("ci", 1), person("alice", 2))})
    (alarm,) = compare(archive, [rule()], [rule(STOP, CI)]).alarms
    assert (alarm.lost, alarm.gained) == ([], [])
    assert alarm.old is not None
    assert alarm.new is not None
    assert (alarm.old.rings, alarm.new.rings) == (1, 1)
    assert alarm.old.in_alarm > alarm.new.in_alarm


def test_stays_that_only_touch_are_different_occasions() -> None:
    """OLD leaves ALARM at the instant at which NEW goes there."""
    archive = Archive({"a": log_file(person("ci", 1), person("alice", 4))})
    old, new = rule('{ $.userIdentity.userName = "ci" }'), rule('{ $.userIdentity.userName = "alice" }')
    (alarm,) = compare(archive, [old], [new]).alarms
    (lost,), (gained,) = alarm.lost, alarm.gained
    assert lost.until == gained.at


def test_a_stay_that_begins_at_the_end_of_the_span_is_compared_too() -> None:
    archive = Archive({"a": log_file(person("ci", 1), person("alice", 1))})
    end = Selection(until=1772359200 + 120)
    same = compare(archive, [rule()], [rule(STOP, CI)], selection=end)
    assert (same.alarms, same.alarms_unchanged) == ([], 1)
    lost = compare(archive, [rule()], [rule("{ $.eventName = X }")], selection=end).alarms[0].lost
    assert [(ring.at, ring.seconds) for ring in lost] == [("2026-03-01T10:02:00Z", 0.0)]


def test_both_versions_run_over_the_same_span() -> None:
    """IF-3: the longer evaluation range of the two says when it ends."""
    slow = {**ALARM, "Period": 3600}
    report = compare(ARCHIVE, [rule()], [rule(alarm=slow)])
    swapped = compare(ARCHIVE, [rule(alarm=slow)], [rule()])
    assert (report.from_, report.until) == (swapped.from_, swapped.until) == (
        "2026-03-01T10:00:00Z", "2026-03-01T13:51:00Z",
    )  # fmt: skip


def test_an_alarm_of_a_renamed_rule_is_found_by_the_rules_id() -> None:
    report = compare(ARCHIVE, [rule(name="cis/stop")], [rule(STOP, CI)])
    (alarm,) = report.alarms
    assert alarm.old is not None
    assert alarm.new is not None
    assert (alarm.old.name, alarm.new.name) == ("cis/stop", "stop")


def test_composite_alarms_are_compared_by_what_they_did() -> None:
    both = Rule(id="both", name="both", composite={"AlarmRule": "ALARM(stop)"})
    report = compare(ARCHIVE, [rule(), both], [rule(STOP, CI), both])
    assert [(alarm.name, len(alarm.lost)) for alarm in report.alarms] == [("stop", 2), ("both", 2)]
    assert report.rules_unchanged == 0
    assert report.alarms[1].old is not None
    assert report.alarms[1].old.condition == "ALARM(stop)"


def test_the_report_is_json() -> None:
    report = compare(ARCHIVE, [rule()], [rule(STOP, CI)])
    made = encode_comparison(report)
    assert (made["command"], made["compare"], made["clock"]) == (
        "backtest", {"old": "old.yaml", "new": "new.yaml"}, "event",
    )  # fmt: skip
    assert (made["from"], made["seconds"], made["notes"]) == ("2026-03-01T10:00:00Z", 1.235, [])
    assert (made["records"]["read"], made["files"]["read"], len(made["files"]["skipped"])) == (6, 2, 1)
    assert made["rules"][0]["lost"]["records"][0]["excluded_by"] == ["ci"]
    assert msgspec.json.decode(msgspec.json.encode(made)) == msgspec.json.decode(msgspec.json.encode(report))
