"""`tocsin backtest --compare OLD NEW`: what it asks for, what it writes in each form, its exit status (IF-1, IF-4)."""

from __future__ import annotations

import csv
import json
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from synthetic import log_file, record

from tocsin.app.comparison_report import (
    AlarmDifference,
    AlarmVersion,
    ComparisonReport,
    ExclusionResult,
    OneSidedRecords,
    RecordKind,
    Ring,
    RuleDifference,
    RuleVersion,
)
from tocsin.app.report import Bytes, Files, Records, Skip
from tocsin.cli.comparison_table import draw_comparison
from tocsin.cli.invocation import UseCases
from tocsin.composition import comparison

if TYPE_CHECKING:
    from .conftest import Call, MakeStream

HOSTILE = "alice\x1b[2J\u202e"
NOW = datetime(2026, 4, 1, tzinfo=UTC)

OLD = """\
id: stop
title: Logging stopped
severity: high
filter:
  filterPattern: '{ $.eventName = StopLogging }'
  metricTransformations: [{metricName: Stops, metricNamespace: N, metricValue: "1"}]
alarm: {Statistic: Sum, Period: 60, EvaluationPeriods: 1, Threshold: 1,
        ComparisonOperator: GreaterThanOrEqualToThreshold, TreatMissingData: notBreaching}
"""
EXCEPT = """\
except:
  - {name: robot, when: '{ $.userIdentity.userName = "ci" }', reason: It restarts trails., expires: 2027-03-31}
  - {name: office, when: '{ $.sourceIPAddress = "198.51.100.1" }', reason: The office., expires: 2027-03-31}
  - {name: over, when: '{ $.userIdentity.userName = "bob" }', reason: Left., expires: 2026-03-31}
"""
OTHER = OLD.replace("id: stop", "id: other").replace("metricName: Stops", "metricName: Others")


def person(name: str, minute: int, **fields: Any) -> dict[str, Any]:
    user = {"type": "IAMUser", "userName": name, "accountId": "111122223333"}
    at = f"2026-03-01T10:{minute:02}:00Z"
    return record("StopLogging", at, userIdentity=user, eventID=f"{name}-{minute}", **fields)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    records = [
        *(person("alice", 1), person("ci", 5), person("ci", 20, sourceIPAddress="198.51.100.1")),
        *(person("bob", 40, sourceIPAddress="198.51.100.1"), person("bob", 50)),
    ]
    (tmp_path / "log.json").write_bytes(log_file(*records))
    (tmp_path / "old.yaml").write_text(OLD)
    (tmp_path / "new.yaml").write_text(OLD + EXCEPT)
    (tmp_path / "other.yaml").write_text(OTHER)
    return tmp_path


COMPARE = ("backtest", "log.json", "--compare", "old.yaml", "new.yaml")
LEDGER = "5 records in 1 file"


# ---------------------------------------------------------------- the table


def test_each_exclusion_stands_over_what_it_silences(call: Call, folder: Path) -> None:
    result = call(*COMPARE, now=NOW, environ={"COLUMNS": "100"})
    assert (result.status, result.err) == (0, "")
    table, _, ledger = result.out.partition(LEDGER)
    assert ledger
    assert table == (
        "OLD  old.yaml\n"
        "NEW  new.yaml\n"
        "\n"
        "  SEVERITY  RULE  OLD  NEW  LOST  GAINED\n"
        "● high      stop    5    2     3       0\n"
        "    • robot until 2027-03-31: It restarts trails.\n"
        "      silences 2 records, 1 of them on its own\n"
        "      1  StopLogging  IAM user ci  192.0.2.1     2026-03-01 10:05\n"
        "      1  StopLogging  IAM user ci  198.51.100.1  2026-03-01 10:20  also office\n"
        "    • office until 2027-03-31: The office.\n"
        "      silences 2 records, 1 of them on its own\n"
        "      1  StopLogging  IAM user ci   198.51.100.1  2026-03-01 10:20  also robot\n"
        "      1  StopLogging  IAM user bob  198.51.100.1  2026-03-01 10:40\n"
        "    • over expired 2026-03-31: Left.\n"
        "      has expired: it silences nothing\n"
        "\n"
        "  SEVERITY  ALARM   RANG        IN ALARM\n"
        "● high      stop   5 → 2  15 min → 6 min\n"
        "    lost    2026-03-01 10:06 for 3 min, 1 record\n"
        "    lost    2026-03-01 10:21 for 3 min, 1 record\n"
        "    lost    2026-03-01 10:41 for 3 min, 1 record\n"
        "\n"
        "2026-03-01 10:01 to 2026-03-01 10:54 UTC\n"
    )


def test_what_comes_back_stands_under_the_exclusion_that_kept_it_out(call: Call, folder: Path) -> None:
    result = call("backtest", "log.json", "--compare", "new.yaml", "old.yaml", now=NOW)
    assert (
        "    gained: 2 records that robot kept out in OLD\n      1  StopLogging  IAM user ci  192.0.2.1 " in result.out
    )
    assert "    gained  2026-03-01 10:06 for 3 min, 1 record\n" in result.out
    assert "has expired" not in result.out


def test_nothing_differs(call: Call, folder: Path) -> None:
    result = call("backtest", "log.json", "--compare", "old.yaml", "old.yaml")
    assert "No record and no alarm differs.\n" in result.out
    assert "1 rule is the same in both; 1 alarm rang at the same times or not at all\n" in result.out


def test_rules_add_to_both(call: Call, folder: Path) -> None:
    result = call(*COMPARE, "-r", "other.yaml", now=NOW)
    assert "1 rule is the same in both; 1 alarm rang at the same times or not at all\n" in result.out


def test_what_one_version_alone_has_takes_a_line(call: Call, folder: Path) -> None:
    (folder / "quiet.yaml").write_text(OTHER.replace("StopLogging", "Nothing"))
    result = call("backtest", "log.json", "--compare", "old.yaml", "quiet.yaml")
    assert "● high      stop    5    -     5       0  only in OLD\n" in result.out
    assert "● high      stop   5 → -  15 min → -  only in OLD\n" in result.out
    assert "1 rule only in NEW matched nothing: other\n1 alarm only in NEW never rang: other\n" in result.out


def test_a_renamed_rule_says_what_it_was_called(call: Call, folder: Path) -> None:
    (folder / "mine.yaml").write_text(OLD.replace("StopLogging", "Nothing").replace("id: stop", "id: stop-logging"))
    result = call("backtest", "log.json", "--compare", "article", "mine.yaml")
    assert "called article/stop-logging in OLD\n" in result.out
    assert "    lost: 5 records\n" in result.out


# ---------------------------------------------------------------- other forms


def test_json_is_the_report(call: Call, folder: Path) -> None:
    result = call(*COMPARE, "--format", "json", now=NOW)
    report = json.loads(result.out)
    assert list(report)[:5] == ["tocsin", "compare", "from", "until", "seconds"]
    assert report["compare"] == {"old": "old.yaml", "new": "new.yaml"}
    (rule,) = report["rules"]
    assert (rule["changed"], rule["both"], rule["lost"]["count"], rule["gained"]["count"]) == (["except"], 2, 3, 0)
    assert rule["new"]["written"] == rule["old"]["pattern"] == "{ $.eventName = StopLogging }"
    assert [one["silences"] for one in rule["new"]["exclusions"]] == [2, 2, 0]


def test_ndjson_is_a_record_or_a_ring_a_line_and_then_the_rest(call: Call, folder: Path) -> None:
    lines = [json.loads(line) for line in call(*COMPARE, "--format", "ndjson", now=NOW).out.splitlines()]
    assert [(line.get("rule"), line.get("alarm"), line.get("change"), line.get("id")) for line in lines] == [
        ("stop", None, "lost", "ci-5"),
        ("stop", None, "lost", "ci-20"),
        ("stop", None, "lost", "bob-40"),
        (None, "stop", "lost", None),
        (None, "stop", "lost", None),
        (None, "stop", "lost", None),
        (None, None, None, None),
    ]
    assert lines[1]["excluded_by"] == ["robot", "office"]
    assert lines[3]["at"] == "2026-03-01T10:06:00Z"
    assert "records" not in lines[-1]["rules"][0]["lost"]
    assert "lost" not in lines[-1]["alarms"][0]


def test_csv_is_a_record_or_a_ring_a_row(call: Call, folder: Path) -> None:
    (folder / "half.yaml").write_text(
        OLD.replace("= StopLogging", '= "*Logging"').replace("}'", "&& $.a NOT EXISTS }'")
    )
    rows = list(csv.DictReader(call(*COMPARE, "--format", "csv", now=NOW).out.splitlines()))
    assert [(row["kind"], row["name"], row["change"], row["at"], row["id"]) for row in rows][:4] == [
        ("record", "stop", "lost", "2026-03-01T10:05:00Z", "ci-5"),
        ("record", "stop", "lost", "2026-03-01T10:20:00Z", "ci-20"),
        ("record", "stop", "lost", "2026-03-01T10:40:00Z", "bob-40"),
        ("alarm", "stop", "lost", "2026-03-01T10:06:00Z", "ci-5"),
    ]
    assert rows[1]["excluded_by"] == "robot; office"
    assert (rows[1]["who"], rows[1]["address"], rows[3]["until"]) == (
        "IAM user ci", "198.51.100.1", "2026-03-01T10:09:00Z",
    )  # fmt: skip
    swapped = call("backtest", "log.json", "--compare", "new.yaml", "old.yaml", "--format", "csv", now=NOW).out
    assert [row["change"] for row in csv.DictReader(swapped.splitlines())] == ["gained"] * 6


def test_the_result_can_go_to_a_file(call: Call, folder: Path) -> None:
    result = call(*COMPARE, "--format", "json", "--output", "out.json")
    assert (result.status, result.out, result.err) == (0, "", "")
    assert json.loads(Path("out.json").read_text())["command"] == "backtest"


# ---------------------------------------------------------------- the call


def test_the_use_case_is_given_both_versions(call: Call, folder: Path) -> None:
    asked: dict[str, Any] = {}

    class Cases(UseCases):
        def compare(self, paths: Any, plan: Any, **more: Any) -> ComparisonReport:
            asked.update(more, paths=paths, plan=plan)
            return report()

    options = ("--evaluation-range", "5", "--unique", "--as-delivered", "--since", "2026-01-01", "-j", "3")
    result = call(*COMPARE, *options, use_cases=Cases(), now=NOW)
    assert result.status == 0
    plan = asked["plan"]
    assert (plan.old_name, plan.new_name, plan.at) == ("old.yaml", "new.yaml", date(2026, 4, 1))
    for version in (plan.old, plan.new):
        assert (version.extra, version.data.unique, version.data.as_delivered) == (5, True, True)
        assert version.data.selection.since == 1767225600
    assert (asked["paths"], asked["jobs"], asked["progress"]) == (("log.json",), 3, None)


@pytest.mark.parametrize(
    ("argv", "text"),
    [
        (["--compare", "old.yaml"], "--compare needs 2 values: OLD NEW"),
        (["--compare"], "--compare needs 2 values: OLD NEW"),
        (["--compare", "old.yaml", "no-such.yaml"], "no-such.yaml"),
        (["--compare", "old.yaml", "new.yaml", "--html", "x.html"], "--compare cannot be combined with --html"),
        (["--compare", "old.yaml", "new.yaml", "--mail", "stop"], "--compare cannot be combined with --mail"),
        (["--compare", "-", "-"], "standard input (-) can be read once only"),
        (["--compare", "old.yaml", "new.yaml", "-r", "-"], "standard input (-) can be read once only"),
        (["--compare", "old.yaml", "broken.yaml"], "broken.yaml:7:33: error invalid-alarm: Period must be"),
        (["--compare", "old.yaml", "new.yaml", "-r", "old.yaml"], "another rule is called 'stop'"),
    ],
)
def test_a_call_that_cannot_be_right_is_refused(call: Call, folder: Path, argv: list[str], text: str) -> None:
    (folder / "broken.yaml").write_text(OLD.replace("Period: 60", "Period: 7"))
    result = call("backtest", "log.json", *argv)
    assert (result.status, result.out) == (2, "")
    assert text in result.err


def test_one_version_may_come_from_standard_input(call: Call, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import io
    import sys

    class Input:
        buffer = io.BytesIO((OLD + EXCEPT).encode())

    monkeypatch.setattr(sys, "stdin", Input())
    result = call("backtest", "log.json", "--compare", "old.yaml", "-", now=NOW)
    assert "silences 2 records" in result.out


def test_an_event_id_counts_once_when_asked(call: Call, folder: Path) -> None:
    (folder / "again.json").write_bytes(log_file(person("ci", 5)))
    argv = ("backtest", ".", "--compare", "old.yaml", "new.yaml", "--format", "json")
    lost = [json.loads(call(*argv, *more, now=NOW).out)["rules"][0]["lost"]["count"] for more in ((), ("--unique",))]
    assert lost == [4, 3]


def test_the_answer_is_the_same_with_several_processes(call: Call, folder: Path) -> None:
    for number in range(4):
        (folder / f"more-{number}.json").write_bytes(log_file(person("ci", number), person("bob", 30 + number)))
    argv = ("backtest", ".", "--compare", "old.yaml", "new.yaml", "--format", "json")
    for more in ((), ("--unique",)):
        found = [json.loads(call(*argv, *more, "-j", jobs, now=NOW).out) for jobs in ("1", "2")]
        for one in found:
            del one["seconds"]
        assert found[0] == found[1]


def test_matches_that_do_not_fit_into_memory_are_refused(
    call: Call, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparison, "ComparisonTotal", partial(comparison.ComparisonTotal, room=500))
    result = call(*COMPARE)
    assert (result.status, "than fit into memory" in result.err, "--since" in result.err) == (2, True, True)


def test_filters_without_alarms_are_compared_too(call: Call, folder: Path) -> None:
    bare = OLD.partition("alarm:")[0]
    (folder / "old.yaml").write_text(bare)
    (folder / "new.yaml").write_text(bare + EXCEPT)
    result = call(*COMPARE, now=NOW)
    assert (result.status, "ALARM" in result.out, "silences 2 records" in result.out) == (0, False, True)


def test_a_file_that_cannot_be_read_in_full_shows(call: Call, folder: Path) -> None:
    (folder / "log.json").write_bytes((folder / "log.json").read_bytes()[:-200])
    shown = call(*COMPARE)
    assert (shown.status, "not read, or not to the end" in shown.out, shown.err) == (1, True, "")
    told = call(*COMPARE, "--format", "json")
    assert (told.status, "could not be read in full, the first: log.json" in told.err) == (1, True)
    assert call(*COMPARE, "--allow-skips").status == 0
    assert call(*COMPARE, "--format", "json", "-q").err == ""


def test_nothing_chosen_is_said(call: Call, folder: Path) -> None:
    result = call(*COMPARE, "--until", "2020-01-01")
    assert "none of the 5 records lies in the time, accounts and regions that were chosen" in result.err


def test_what_was_left_out_of_a_listing_is_said(call: Call, folder: Path) -> None:
    alarm = {
        "AlarmName": "far",
        "Namespace": "AWS/EC2",
        "MetricName": "CPUUtilization",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    (folder / "alarms.json").write_text(json.dumps({"MetricAlarms": [alarm], "CompositeAlarms": []}))
    note = "left out, since no filter here feeds their metric: far"
    assert note in call(*COMPARE, "-r", "alarms.json").out
    assert note in call(*COMPARE, "-r", "alarms.json", "--format", "csv").err


# ---------------------------------------------------------------- drawing what archives rarely hold


def kind(count: int = 1, **more: Any) -> RecordKind:
    settings: dict[str, Any] = {
        "count": count,
        "who": "IAM user alice",
        "event": "StopLogging",
        "error": "",
        "address": "192.0.2.1",
        "several_addresses": False,
        "first": "2026-03-01T10:00:00Z",
        "last": "2026-03-01T10:00:00Z",
        **more,
    }
    return RecordKind(**settings)


def records(*kinds: RecordKind, unexplained: int = 0) -> OneSidedRecords:
    count = sum(one.count for one in kinds)
    return OneSidedRecords(count=count, unexplained=unexplained, records=[], kinds=list(kinds))


def exclusion(*kinds: RecordKind, **more: Any) -> ExclusionResult:
    count = sum(one.count for one in kinds)
    settings: dict[str, Any] = {
        "name": "e",
        "applies": True,
        "silences": count,
        "alone": count,
        "others": count,
        "records": [],
        "kinds": list(kinds),
        **more,
    }
    return ExclusionResult(**settings)


def version(*exclusions: ExclusionResult, name: str = "stop", matches: int = 1) -> RuleVersion:
    return RuleVersion(name=name, pattern="", written="", matches=matches, exclusions=list(exclusions))


def difference(**more: Any) -> RuleDifference:
    settings: dict[str, Any] = {
        "name": "stop",
        "changed": ["except"],
        "old": version(),
        "new": version(),
        "both": 1,
        "lost": records(),
        "gained": records(),
        **more,
    }
    return RuleDifference(**settings)


def alarm(old: int | None, new: int | None, **more: Any) -> AlarmDifference:
    versions = [
        None if rings is None else AlarmVersion(name="a", condition="", rings=rings, in_alarm=60.0 * rings, final="OK")
        for rings in (old, new)
    ]
    settings: dict[str, Any] = {"name": "a", "old": versions[0], "new": versions[1], "lost": [], "gained": [], **more}
    return AlarmDifference(**settings)


def report(*rules: RuleDifference, alarms: tuple[AlarmDifference, ...] = (), **more: Any) -> ComparisonReport:
    settings: dict[str, Any] = {
        "tocsin": "0",
        "compare": {"old": "a", "new": "b"},
        "from_": "2026-03-01T00:00:00Z",
        "until": "2026-03-02T00:00:00Z",
        "seconds": 0.5,
        "files": Files(read=1),
        "records": Records(read=9),
        "bytes": Bytes(read=1),
        "rules": list(rules),
        "rules_unchanged": 0,
        "alarms": list(alarms),
        "alarms_unchanged": 0,
        **more,
    }
    return ComparisonReport(**settings)


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (report(difference()), "    except changed; the records are the same\n"),
        (report(difference(new=version(exclusion()))), "    • e: no reason given\n      silences nothing here\n"),
        (
            report(difference(new=version(exclusion(kind(), silences=3, alone=0, others=0)))),
            "silences 3 records, none of them on its own; OLD counts none of them\n",
        ),
        (
            report(difference(new=version(exclusion(*(kind(99 - n, event=f"E{n}") for n in range(10)))))),
            (
                "      96  E3  IAM user alice  192.0.2.1  2026-03-01 10:00\n"
                "      and 3 kinds of records between (--format json lists them)\n"
                "      92  E7  IAM user alice"
            ),
        ),
        (
            report(difference(new=version(exclusion(*map(kind, range(100, 0, -1)), kinds_omitted=5)))),
            "and 98 kinds of records between",
        ),
        (
            report(difference(new=version(exclusion()), lost=records(kind(), kind(excluded_by=["e"]), unexplained=1))),
            "    lost: 1 record that no exclusion explains\n      1  StopLogging  IAM user alice  192.0.2.1  2026-03-01 10:00\n\n",
        ),
        (report(difference(gained=records(kind(2), unexplained=2))), "    gained: 2 records\n      2  StopLogging"),
        (
            report(
                difference(
                    old=version(exclusion(kind(), kind(), others=1), exclusion(name="f")),
                    gained=records(kind(excluded_by=["e", "f"]), kind(), unexplained=1),
                )
            ),
            (
                "    gained: 1 record that e kept out in OLD\n"
                "      1  StopLogging  IAM user alice  192.0.2.1  2026-03-01 10:00  also f\n"
                "    gained: 1 record that no exclusion kept out\n"
                "      1  StopLogging  IAM user alice  192.0.2.1  2026-03-01 10:00\n"
            ),
        ),
        (
            report(difference(lost=records(kind(error="AccessDenied", address=""), unexplained=1))),
            "StopLogging (AccessDenied)  IAM user alice  -  2026-03-01 10:00\n",
        ),
        (
            report(difference(lost=records(kind(several_addresses=True), unexplained=1))),
            "IAM user alice  192.0.2.1, …  2026-03-01 10:00\n",
        ),
        *(
            (report(difference(lost=records(kind(2, last=last), unexplained=2))), f"  2026-03-01 10:00 to {shown}\n")
            for last, shown in (
                ("2026-03-01T12:30:00Z", "12:30"),
                ("2026-04-02T12:30:00Z", "04-02 12:30"),
                ("2027-04-02T12:30:00Z", "2027-04-02 12:30"),
            )
        ),
        (report(alarms=(alarm(2, 2),)), "    rang on the same occasions, at other times\n"),
        (report(alarms=(alarm(None, 2, gained=[1]),)), "  - → 2  - → 2 min  only in NEW\n"),
        (report(alarms=(alarm(0, 2000),)), "0 → 1 d 9 h"),
        (report(alarms=(alarm(3, 90),)), "3 min → 1 h 30 min"),
        (report(clock="delivery"), "UTC, each record known from its delivery on\n"),
        (report(notes=["one note"]), "one note\n"),
        (report(rules_unchanged=2, alarms_unchanged=3), "2 rules are the same in both; 3 alarms rang"),
    ],
)
def test_lines_of_the_table(make_stream: MakeStream, shown: ComparisonReport, expected: str) -> None:
    text = "".join(f"{one}\n" for one in draw_comparison(shown, make_stream(width=100)))
    assert expected in text


def test_rings_beyond_a_few_are_counted(make_stream: MakeStream) -> None:
    rings = [
        Ring(
            at=f"2026-03-0{day}T00:00:00Z", until="", seconds=30, reason="", events=[], events_omitted=2, notified=["x"]
        )
        for day in range(1, 8)
    ]
    lines = list(draw_comparison(report(alarms=(alarm(7, 0, lost=rings),)), make_stream()))
    assert "    lost    2026-03-01 00:00 for 30 s, 2 records, told x" in lines
    assert "      and 3 more lost (--format json lists them)" in lines


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
def test_no_line_is_wider_than_asked_and_nothing_acts_on_the_terminal(make_stream: MakeStream, width: int) -> None:
    hostile = kind(
        12_345, who=HOSTILE * 4, event="E" * 80, error=HOSTILE, address="2001:db8::1", several_addresses=True
    )
    shown = report(
        difference(
            name=HOSTILE * 9,
            severity="high",
            old=version(exclusion(hostile, name=HOSTILE * 9), name=HOSTILE * 9),
            new=version(exclusion(hostile, name=HOSTILE, reason=HOSTILE * 30, expires="2027-01-01"), name="n" * 200),
            lost=records(hostile, unexplained=1),
            gained=records(kind(excluded_by=[HOSTILE] * 9), kind(), unexplained=1),
        ),
        alarms=(alarm(1, 1, name="n" * 200, severity="low"), alarm(1, None, name=HOSTILE * 9, lost=[1])),
        files=Files(read=1, skipped=[Skip(path=HOSTILE, reason=HOSTILE)]),
        compare={"old": HOSTILE * 30, "new": "n" * 300},
    )
    for encoding in ("utf-8", "ascii"):
        for one in draw_comparison(shown, make_stream(width=width, encoding=encoding)):
            assert "\x1b" not in one
            assert "\u202e" not in one
            assert len(one) <= width, one
