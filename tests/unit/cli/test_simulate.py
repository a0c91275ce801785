"""`tocsin simulate selectors`: what it reads, what it writes in each form, its exit status (IF-1, CT-8, CT-10)."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from synthetic import log_file, record

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Call

RULES = """\
id: stop
title: Logging stopped
severity: high
filter:
  filterPattern: '{ $.eventName = StopLogging }'
  metricTransformations: [{metricName: Stops, metricNamespace: N, metricValue: "1"}]
alarm: {Statistic: Sum, Period: 60, EvaluationPeriods: 1, Threshold: 1,
        ComparisonOperator: GreaterThanOrEqualToThreshold, TreatMissingData: notBreaching}
---
id: denied
title: Access denied
severity: low
filter:
  filterPattern: '{ $.errorCode = "AccessDenied" }'
  metricTransformations: [{metricName: Denials, metricNamespace: N, metricValue: "1"}]
alarm: {Statistic: Sum, Period: 60, EvaluationPeriods: 1, Threshold: 1,
        ComparisonOperator: GreaterThanOrEqualToThreshold, TreatMissingData: notBreaching}
---
id: deleted
title: Trail deleted
severity: high
filter:
  filterPattern: '{ $.eventName = DeleteTrail }'
  metricTransformations: [{metricName: Deletions, metricNamespace: N, metricValue: "1"}]
"""

WRITES = '{"ReadWriteType": "WriteOnly"}'
WRITES_AND_OBJECTS = json.dumps(
    [{"ReadWriteType": "WriteOnly", "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}]}]
)
# The selectors of real attacks: the trail looks alive and records nothing (CT-10.1).
BLIND = json.dumps(
    {
        "ReadWriteType": "ReadOnly",
        "IncludeManagementEvents": False,
        "DataResources": [{"Type": "AWS::S3::Object", "Values": []}, {"Type": "AWS::Lambda::Function", "Values": []}],
        "ExcludeManagementEventSources": [],
    }
)
ALL = '{"ReadWriteType": "All"}'


def object_record(name: str, *, at: str, is_read: bool) -> dict[str, Any]:
    resources = [{"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::data/key"}]
    return record(
        name,
        at,
        eventSource="s3.amazonaws.com",
        eventCategory="Data",
        managementEvent=False,
        readOnly=is_read,
        resources=resources,
    )


def records() -> list[dict[str, Any]]:
    return [
        *(
            record(
                "DescribeInstances", f"2026-03-0{day}T10:0{minute}:00Z", eventSource="ec2.amazonaws.com", readOnly=True
            )
            for day in (1, 5)
            for minute in range(5)
        ),
        record("Decrypt", "2026-03-02T11:00:00Z", eventSource="kms.amazonaws.com", readOnly=True),
        record("StopLogging", "2026-03-03T11:00:00Z", readOnly=False),
        record("GetTrail", "2026-03-03T11:05:00Z", readOnly=True, errorCode="AccessDenied"),
        object_record("GetObject", at="2026-03-04T11:00:00Z", is_read=True),
        object_record("PutObject", at="2026-03-04T11:05:00Z", is_read=False),
    ]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "log.json").write_bytes(log_file(*records()))
    (tmp_path / "rules.yaml").write_text(RULES)
    return tmp_path


SIMULATE = ("simulate", "selectors", "log.json", "-r", "rules.yaml", "--set")


def report_of(call: Call, *argv: str) -> dict[str, Any]:
    result = call(*SIMULATE, *argv, "--format", "json")
    assert (result.status, result.err) == (0, "")
    report: dict[str, Any] = json.loads(result.out)
    return report


# ---------------------------------------------------------------- the table

TABLE = """\
BEFORE  all management events
AFTER   management events that write
        data events that write of AWS::S3::Object: arn:aws:s3

Keeps 1 of 13 records, gains 1 (-83 % bytes to the log group)
CATEGORY    RECORDS  BEFORE  AFTER  LOST          GAINED
Management       13      13      1    12  92.3 %       0
Data              2       0      1     0               1

LOST BY SOURCE  RECORDS  MOSTLY
ec2                  10  DescribeInstances 10
cloudtrail            1  GetTrail 1
kms                   1  Decrypt 1

GAINED BY SOURCE  RECORDS  MOSTLY
s3                      1  PutObject 1

   SEVERITY  DETECTION  BEFORE  AFTER
○  low       denied          1      0  blind
1 detection would see nothing any more; 1 detection would see all that it sees
now; 1 matched nothing before and after.

ALARM   RINGS BEFORE  AFTER  LOST  FIRST LOST
denied             1      0     1  2026-03-03 11:06 UTC
1 alarm would not ring any more; 1 alarm would do the same at the same times.

DOLLARS A MONTH, ROUGHLY, FROM 4 DAYS OF RECORDS   BEFORE    AFTER  DIFFERENCE
management events, first copy (99 → 8)              $0.00    $0.00       $0.00
or a further copy of them (99 → 8)                < $0.01  < $0.01   - < $0.01
data events (0 → 8)                                 $0.00  < $0.01   + < $0.01
log group in us-east-1 (39.9 kB → 6.9 kB)           $0.00    $0.00       $0.00
in all, as the only trail                           $0.00  < $0.01   + < $0.01
in all, beside another trail                      < $0.01  < $0.01   - < $0.01
  Prices of 2026-11-23, US dollars, without tax and discounts; no unverified
  row.
  The records cover less than a week: a month may well look different.
  The log group is taken to be in us-east-1, where most records are from.
  Of what it takes in 5 GB a month are free, if nothing else uses them; keeping
  it is not counted.

"""


def test_the_table_says_what_is_lost_before_what_stays(call: Call) -> None:
    result = call(*SIMULATE, WRITES_AND_OBJECTS)
    assert (result.status, result.err) == (0, "")
    table, ledger, _ = result.out.partition("15 records in 1 file")
    assert ledger
    assert table == TABLE


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        (BLIND, "Keeps 0 of 13 records: nothing that happened here would be recorded (-100 % bytes to the log group)"),
        (ALL, "Keeps 13 of 13 records CATEGORY"),
        (ALL, "2 detections would see all that they see now; 1 matched nothing before and after."),
        (ALL, "2 alarms would do the same at the same times."),
        (BLIND, "data events that read of AWS::Lambda::Function: none (the list is empty)"),
        (BLIND, "2 detections would see nothing any more; 1 matched nothing before and after."),
        (
            '{"ExcludeManagementEventSources": ["kms.amazonaws.com", "rdsdata.amazonaws.com"]}',
            "AFTER all management events, without those of kms.amazonaws.com and rdsdata.amazonaws.com",
        ),
        (
            json.dumps(
                {
                    "Name": "calls",
                    "FieldSelectors": [
                        {"Field": "eventCategory", "Equals": ["Management"]},
                        {
                            "Field": "eventName",
                            "Equals": ["A", "B", "C", "D"],
                            "StartsWith": ["E"],
                            "NotEndsWith": ["F"],
                        },
                        {"Field": "eventSource", "NotEquals": ["kms.amazonaws.com"]},
                    ],
                }
            ),
            (
                "AFTER calls: management events where eventName is A, B, C and 1 more or begins with E "
                "and does not end with F, and eventSource is not kms.amazonaws.com Keeps 0"
            ),
        ),
        (
            '{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}',
            "AFTER all management events Keeps 13",
        ),
    ],
)
def test_the_table_puts_settings_and_answers_into_words(call: Call, setting: str, words: str) -> None:
    out = call(*SIMULATE, setting).out
    assert words in " ".join(out.split())


@pytest.mark.parametrize(
    ("reads", "words"),
    [(0, "Keeps 500 of 500 records"), (1, "(less than -1 % bytes"), (250, "(-50 % bytes"), (499, "(-99 % bytes")],
)
def test_a_change_of_bytes_is_never_none_nor_all_where_it_is_not_exactly_that(
    call: Call, folder: Path, reads: int, words: str
) -> None:
    found = [record("X", eventID=f"{number:03}", readOnly=number < reads) for number in range(500)]
    (folder / "log.json").write_bytes(log_file(*found))
    assert words in call(*SIMULATE, WRITES).out


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ([], "There is no record to try the setting on."),
        ([{"awsRegion": "ap-southeast-2"}], "log group in ap-southeast-2 (7.2 kB → 0 bytes) price unknown"),
        ([{"awsRegion": "ap-southeast-2"}], "1 price is unknown there and left out of the sums."),
        ([{"awsRegion": "cn-north-1"}], "management events, first copy in a region (18 → 0) price unknown"),
        ([{"awsRegion": "cn-north-1"}], "3 prices are unknown there and left out of the sums."),
        ([{"awsRegion": None}], "log group in an unknown region"),
        ([{"eventCategory": "NetworkActivity"}], "NetworkActivity 1 0 0 0"),
        ([{"eventCategory": "New", "eventSource": None, "eventName": None}], "New 1 0 0 0"),
    ],
)
def test_the_table_of_an_archive(call: Call, folder: Path, changed: list[dict[str, Any]], words: str) -> None:
    ends = [record("StopLogging", f"2026-03-0{day}T00:00:00Z", readOnly=True) for day in (1, 6)]
    found = [{**one, **fields} for fields in changed for one in (*ends, record("X", "2026-03-02T00:00:00Z"))]
    if changed and "awsRegion" not in changed[0]:
        found = [*ends, found[-1]]
    (folder / "log.json").write_bytes(log_file(*found))
    assert words in " ".join(call(*SIMULATE, BLIND, environ={"COLUMNS": "120"}).out.split())


NETWORK = json.dumps(
    {
        "FieldSelectors": [
            {"Field": "eventCategory", "Equals": ["NetworkActivity"]},
            {"Field": "eventSource", "Equals": ["cloudtrail.amazonaws.com"]},
        ]
    }
)


@pytest.mark.parametrize(
    ("setting", "against", "words"),
    [
        (ALL, WRITES, "1 detection would see more; 1 detection would see all that it sees now"),
        (ALL, WRITES, "denied 0 1 0 1"),
        (NETWORK, ALL, "network activity events (0 → 8)"),
        (NETWORK, ALL, "2 detections would see nothing any more"),
        (
            '{"ReadWriteType": "ReadOnly"}',
            WRITES,
            "1 detection would see nothing any more; 1 detection would see something else",
        ),
    ],
)
def test_the_table_of_two_settings(call: Call, folder: Path, setting: str, against: str, words: str) -> None:
    network = record("X", "2026-03-02T00:00:00Z", eventCategory="NetworkActivity")
    (folder / "log.json").write_bytes(log_file(*records(), network))
    assert words in " ".join(call(*SIMULATE, setting, "--against", against).out.split())


def test_an_alarm_that_rings_as_often_for_another_time_is_counted_apart(call: Call, folder: Path) -> None:
    found = [
        record("GetTrail", f"2026-03-03T11:0{minute}:00Z", readOnly=minute > 0, errorCode="AccessDenied")
        for minute in range(3)
    ]
    (folder / "log.json").write_bytes(log_file(*found))
    out = " ".join(call(*SIMULATE, WRITES).out.split())
    assert "1 detection would see less;" in out
    assert "1 alarm would ring as often, for another length of time; 1 alarm would do the same" in out


def test_what_is_too_much_for_a_table_is_counted(call: Call, folder: Path) -> None:
    many = [
        record(f"List{number}", f"2026-03-01T10:00:{number:02}Z", eventSource=f"s{number % 12}.amazonaws.com")
        for number in range(60)
    ]
    rules = "".join(
        f"id: r{number}\nfilter:\n  filterPattern: '{{ $.eventName = List{number} }}'\n"
        f'  metricTransformations: [{{metricName: M{number}, metricNamespace: N, metricValue: "1"}}]\n'
        "alarm: {Statistic: Sum, Period: 60, EvaluationPeriods: 1, Threshold: 1,\n"
        "        ComparisonOperator: GreaterThanOrEqualToThreshold, TreatMissingData: notBreaching}\n---\n"
        for number in range(25)
    )
    (folder / "log.json").write_bytes(log_file(*many))
    (folder / "rules.yaml").write_text(rules)
    out = " ".join(call(*SIMULATE, WRITES).out.split())
    assert "4 others 20" in out
    assert "1 other call" in out
    assert "and 5 more: r5, r6, r7, r8, r9" in out
    assert "13 more alarms ring otherwise (--format json lists them); 25 alarms would not ring any" in out
    assert "No costs: the records cover less than a minute" not in out


@pytest.mark.parametrize("columns", ["40", "60", "200"])
def test_no_line_of_the_table_is_wider_than_the_terminal(call: Call, columns: str) -> None:
    out = call(*SIMULATE, WRITES_AND_OBJECTS, environ={"COLUMNS": columns}).out
    assert max(map(len, out.splitlines())) <= int(columns)


def test_hostile_names_do_not_reach_the_terminal(call: Call, folder: Path) -> None:
    hostile = record("\x1b[2JGet", "2026-03-01T10:00:00Z", eventSource="\u202ex.amazonaws.com", readOnly=True)
    (folder / "log.json").write_bytes(log_file(hostile, record(eventCategory="\x1b[2J")))
    for form in ("table", "json", "ndjson", "csv"):
        out = call(*SIMULATE, WRITES, "--format", form).out
        assert "\x1b" not in out
        assert "\u202e" not in out


# ---------------------------------------------------------------- the machine formats


def test_json_says_all_of_it(call: Call) -> None:
    report = report_of(call, WRITES_AND_OBJECTS)
    assert report["command"] == "simulate selectors"
    assert report["against"]["EventSelectors"][0]["ReadWriteType"] == "All"
    assert report["set"]["EventSelectors"][0]["DataResources"] == [
        {"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}
    ]
    total = report["total"]
    assert {name: total[name] for name in ("records", "before", "after", "lost", "gained")} == {
        "records": 15,
        "before": 13,
        "after": 2,
        "lost": 12,
        "gained": 1,
    }
    assert [(one["category"], one["lost"], one["gained"]) for one in report["categories"]] == [
        ("Management", 12, 0),
        ("Data", 0, 1),
    ]
    assert [(one["name"], one["before"], one["after"]) for one in report["calls"]] == [
        ("DescribeInstances", 10, 0),
        ("GetTrail", 1, 0),
        ("Decrypt", 1, 0),
        ("PutObject", 0, 1),
        ("GetObject", 0, 0),
        ("StopLogging", 1, 1),
    ]
    assert [(one["name"], one["before"], one["after"], one["lost"], one["gained"]) for one in report["rules"]] == [
        ("stop", 1, 1, 0, 0),
        ("denied", 1, 0, 1, 0),
        ("deleted", 0, 0, 0, 0),
    ]
    (alarm,) = report["alarms"]
    assert (alarm["name"], alarm["before"], alarm["after"], len(alarm["lost"])) == ("denied", 1, 0, 1)
    assert report["alarms_unchanged"] == 1
    assert report["costs"]["seconds"] == 4 * 86_400 + 4 * 60 + 1


def test_bytes_are_those_that_the_log_group_takes_in(call: Call, folder: Path) -> None:
    plain, large = record("GetTrail"), record("GetTrail", requestParameters={"p": "x" * 262_144})
    (folder / "log.json").write_text(json.dumps([plain, large], indent=2))
    total = report_of(call, BLIND)["total"]
    assert total["before"] == 2
    assert total["bytes_before"] == len(json.dumps(plain, separators=(",", ":"))) + 26
    assert total["bytes_after"] == 0


def test_ndjson_and_csv_have_one_call_a_line(call: Call) -> None:
    *lines, rest = [json.loads(line) for line in call(*SIMULATE, WRITES, "--format", "ndjson").out.splitlines()]
    assert [one["kind"] for one in lines] == ["call"] * 6 + ["rule"] * 3 + ["alarm"]
    assert "calls" not in rest
    assert rest["total"]["lost"] == 12
    rows = list(csv.DictReader(call(*SIMULATE, WRITES, "--format", "csv").out.splitlines()))
    assert (len(rows), rows[0]["source"], rows[0]["lost"]) == (6, "ec2.amazonaws.com", "10")


def test_swapping_the_settings_swaps_what_is_lost_and_what_is_gained(call: Call) -> None:
    one = report_of(call, WRITES_AND_OBJECTS, "--against", ALL)
    other = report_of(call, ALL, "--against", WRITES_AND_OBJECTS)
    assert (one["against"], one["set"]) == (other["set"], other["against"])
    assert (one["total"]["lost"], one["total"]["gained"]) == (other["total"]["gained"], other["total"]["lost"])
    assert one["costs"]["difference"] == -other["costs"]["difference"]
    for key in ("rules", "alarms"):
        for left, right in zip(one[key], other[key], strict=True):
            assert (left["before"], left["lost"]) == (right["after"], right["gained"])


def test_the_answer_does_not_depend_on_the_processes(call: Call, folder: Path) -> None:
    (folder / "logs").mkdir()
    for place, one in enumerate(records()):
        (folder / "logs" / f"{place}.json").write_bytes(log_file(one))
    answers = []
    for jobs in ("1", "2"):
        result = call(
            "simulate", "selectors", "logs", "-r", "rules.yaml", "--set", WRITES, "-j", jobs, "--format", "json"
        )
        answers.append({**json.loads(result.out), "seconds": 0})
    assert answers[0] == answers[1]


# ---------------------------------------------------------------- records, Insights, defaults


def test_records_of_insights_stay_whatever_the_setting(call: Call, folder: Path) -> None:
    insight = {**record(eventCategory="Insight", insightDetails={}), "eventName": None, "eventSource": None}
    (folder / "log.json").write_bytes(log_file(insight, record(readOnly=True)))
    result = call(*SIMULATE, BLIND)
    assert "Keeps 1 of 2 records: nothing that happened here would be recorded" in result.out
    assert "Selectors do not decide about Insights: the record of one stays." in result.out


def test_records_that_say_little_are_counted_as_far_as_they_go(call: Call, folder: Path) -> None:
    bare = {"eventTime": "2026-03-01T10:00:00Z", "eventName": 7, "eventSource": None, "awsRegion": ["x"]}
    (folder / "log.json").write_bytes(log_file(bare))
    report = report_of(call, BLIND)
    assert [(one["category"], one["source"], one["name"], one["lost"]) for one in report["calls"]] == [
        ("Management", "", "", 1)
    ]
    assert report["costs"]["reason"] == "the records cover less than a minute, too little for a month"


def test_a_default_value_is_published_where_records_are_left(call: Call, folder: Path) -> None:
    rules = RULES.partition("---")[0].replace('metricValue: "1"', 'metricValue: "1", defaultValue: 0')
    (folder / "rules.yaml").write_text(rules.replace("notBreaching", "breaching"))
    report = report_of(call, BLIND)
    (alarm,) = report["alarms"]
    # Where nothing is recorded not even the default comes, and data that is missing is taken as breaching.
    assert (alarm["before"], alarm["after"]) != (0, 0)
    assert alarm["lost"] or alarm["gained"]


@pytest.mark.parametrize(
    ("options", "records"),
    [
        ((), 15),
        (("--since", "2026-03-04", "--until", "2026-03-05"), 2),
        (("--account", "111122223333"), 15),
        (("--account", "999999999999"), 0),
        (("--region", "eu-west-1"), 0),
    ],
)
def test_only_the_records_that_were_chosen_count(call: Call, options: tuple[str, ...], records: int) -> None:
    result = call(*SIMULATE, WRITES, *options, "--format", "json")
    assert json.loads(result.out)["total"]["records"] == records
    assert ("none of the 15 records lies in the time" in result.err) == (not records)


def test_filters_without_alarms_are_enough(call: Call, folder: Path) -> None:
    listing = {
        "metricFilters": [
            {
                "filterName": "denied",
                "filterPattern": '{ $.errorCode = "AccessDenied" }',
                "metricTransformations": [{"metricName": "M", "metricNamespace": "N", "metricValue": "1"}],
            }
        ]
    }
    (folder / "filters.json").write_text(json.dumps(listing))
    result = call("simulate", "selectors", "log.json", "-r", "filters.json", "--set", WRITES)
    assert result.status == 0
    assert "1 detection would see nothing any more." in result.out
    assert "ALARM" not in result.out


def test_every_pack_is_tried_by_default(call: Call) -> None:
    result = call("simulate", "selectors", "log.json", "--set", WRITES, "--format", "json")
    names = [one["name"] for one in json.loads(result.out)["rules"]]
    assert "article/stop-logging" in names
    assert any(name.startswith("cis/") for name in names)


# ---------------------------------------------------------------- settings, mistakes, skips


def test_a_setting_comes_from_the_line_a_file_or_standard_input(call: Call, folder: Path) -> None:
    printed = json.dumps({"TrailARN": "arn:aws:cloudtrail:us-east-1:111122223333:trail/t", "EventSelectors": [{}]})
    (folder / "set.json").write_bytes(b"\xef\xbb\xbf" + WRITES.encode())
    assert report_of(call, "set.json")["total"]["after"] == 1
    result = call(*SIMULATE, "-", "--format", "json", stdin=printed.encode())
    assert json.loads(result.out)["total"]["after"] == 13


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("log.json",), "--set is missing"),
        (("nowhere", "--set", WRITES), "nowhere: there is no such file or folder"),
        (("log.json", "--set", "nowhere"), "--set: nowhere: there is no such file"),
        (("log.json", "--set", "."), "--set: .: Is a directory"),
        (("log.json", "--set", "a\0b"), "--set: a"),
        (("log.json", "--set", "{"), "--set:1:2: not JSON"),
        (("log.json", "--set", "big.json"), "--set: big.json: a setting has at most 1,048,576 bytes"),
        (("log.json", "--set", "latin.json"), "--set: latin.json: "),
        (("log.json", "--set", '{"ReadWriteType": "x"}'), "--set: Value x for ReadWriteType is invalid."),
        (("log.json", "--set", WRITES, "--against", "[]"), "--against: there is no event selector in it"),
        (("log.json", "--set", "-", "--against", "-"), "standard input (-) can be read once only"),
        (("log.json", "--set", WRITES, "-r", "nowhere"), "there is no pack, file or folder 'nowhere'"),
    ],
)
def test_a_wrong_call_is_told_with_its_remedy(call: Call, folder: Path, argv: tuple[str, ...], words: str) -> None:
    (folder / "big.json").write_bytes(b"[" + b" " * 1024 * 1024)
    (folder / "latin.json").write_bytes(b'{"Name": "\xe4"}')
    result = call("simulate", "selectors", *argv)
    assert (result.status, result.out) == (2, "")
    assert words in result.err


def test_a_file_that_cannot_be_read_is_named_and_changes_the_exit_status(call: Call, folder: Path) -> None:
    (folder / "logs").mkdir()
    (folder / "logs" / "broken.json").write_text("no json")
    (folder / "logs" / "good.json").write_bytes(log_file(*records()))
    argv = ("simulate", "selectors", "logs", "-r", "rules.yaml", "--set", WRITES)
    assert call(*argv).status == 1
    assert call(*argv, "--allow-skips").status == 0
    told = call(*argv, "--format", "json").err
    assert "1 file could not be read in full, the first: logs/broken.json: no JSON" in told
    assert call(*argv, "--format", "json", "--quiet").err == ""


@pytest.mark.parametrize(("year", "is_told"), [(2026, False), (2030, True)])
def test_old_prices_are_told(call: Call, year: int, *, is_told: bool) -> None:
    result = call(*SIMULATE, WRITES, now=datetime(year, 12, 1, tzinfo=UTC))
    assert ("they may have changed" in result.err) is is_told


def test_alarms_that_no_filter_feeds_are_told(call: Call, folder: Path) -> None:
    orphan = {"AlarmName": "cpu", "MetricName": "CPU", "Namespace": "AWS/EC2", "Statistic": "Sum", "Period": 60}
    orphan |= {"EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold"}
    (folder / "alarms.json").write_text(json.dumps({"MetricAlarms": [orphan]}))
    told = call(*SIMULATE, WRITES, "-r", "alarms.json", "--format", "json")
    assert "cpu" in told.err
    assert "cpu" in call(*SIMULATE, WRITES, "-r", "alarms.json").out


def test_matches_beyond_memory_are_told(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.app.selector_data.SelectorDataTotal.__init__.__kwdefaults__", {"room": 0})
    result = call(*SIMULATE, WRITES)
    assert (result.status, result.out) == (2, "")
    assert "fit into memory" in result.err


def test_progress_shows_on_a_terminal(call: Call) -> None:
    result = call(*SIMULATE, WRITES, is_terminal=True, environ={"TERM": "xterm"})
    assert result.status == 0
    assert "\r" in result.err or "\x1b" in result.err


def test_a_group_names_its_commands(call: Call) -> None:
    result = call("simulate", "--help")
    assert result.status == 0
    assert "selectors" in result.out
