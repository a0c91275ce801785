"""`tocsin explain`: event types, alarm states, prices, rules and patterns (IF-1, R-16, R-51)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tocsin.app.census import Category, CategoryCount, CensusReport
from tocsin.app.price_words import dollars, price_text
from tocsin.app.report import Bytes, Files, Records, Skip
from tocsin.app.rule_words import alarm_words
from tocsin.core.metric_filter import MetricFilter, MetricTransformation
from tocsin.core.pattern import FilterPattern
from tocsin.core.pattern.words import pattern_lines, pattern_words
from tocsin.core.rule import Exclusion, Rule, RuleSeverity, RuleTest

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Call


def census(*, skipped: tuple[Skip, ...] = (), selected: int = 100, other: dict[str, int] | None = None) -> CensusReport:
    counts = {Category.MANAGEMENT: (60, 30, 5), Category.DATA: (3, 1, 0)}
    categories = []
    for category in Category:
        reads, writes, unsaid = counts.get(category, (0, 0, 0))
        names = [("sts:AssumeRole", 40), ("=evil\x1b", 2)] if category is Category.MANAGEMENT else []
        categories.append(
            CategoryCount(
                category=category,
                records=reads + writes + unsaid,
                reads=reads,
                writes=writes,
                unsaid=unsaid,
                names=names,
            )
        )
    return CensusReport(
        categories=categories,
        other=other or {},
        files=Files(read=7, skipped=list(skipped)),
        records=Records(read=100, selected=selected, malformed=1),
        bytes=Bytes(read=10, unpacked=20),
    )


class UseCases:
    """Use cases with their answers ready."""

    def __init__(self, *, census: CensusReport | None = None, rules: list[Rule] | None = None) -> None:
        self._census = census
        self._rules = rules or []
        self.asked: dict[str, Any] = {}

    def count_event_types(self, paths: tuple[str, ...], **asked: Any) -> CensusReport:
        self.asked = {"paths": paths, **asked}
        assert self._census is not None
        return self._census

    def pack_names(self) -> list[str]:
        return ["p"]

    def load_rules(self, *sources: str, at: Any) -> list[Rule]:
        self.asked = {"sources": sources, "at": at.isoformat()}
        return self._rules


ALARM = {
    "Statistic": "Sum",
    "Period": 300,
    "EvaluationPeriods": 1,
    "Threshold": 3,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    "TreatMissingData": "notBreaching",
}

WIDTHS = pytest.mark.parametrize("width", ["60", "80", "132"])


# ---------------------------------------------------------------- event types


def test_event_types_are_those_of_the_table(call: Call) -> None:
    status, out, err = call("explain", "event-types")
    assert (status, err) == (0, "")
    assert out.split("\n")[:5] == [
        "EVENT TYPE        BY DEFAULT  VOLUME",
        "Management        logged      Typically lower than that of data events",
        "Data              not logged  High",
        "Insights          not logged  Low; none while nothing unusual happens",
        "Network activity  not logged  Depends on the traffic of the endpoint",
    ]
    for label in ("scope", "examples", "tells", "control", "switch on", "in a record"):
        assert out.count(f"\n  {label}  ") == 4
    for name in ("AuthorizeSecurityGroupIngress", "GetObject", "ApiCallRateInsight", "VpceAccessDenied"):
        assert name in out


@WIDTHS
def test_event_types_fit_the_terminal(call: Call, width: str) -> None:
    out = call("explain", "event-types", ".", use_cases=UseCases(census=census()), environ={"COLUMNS": width}).out
    assert max(map(len, out.split("\n"))) <= int(width)


def test_counts_of_an_archive_stand_beside_each_type(call: Call) -> None:
    cases = UseCases(census=census(selected=99, other={"New\x1b": 1}))
    status, out, _ = call("explain", "event-types", ".", "--since", "1d", "-j", "2", use_cases=cases)
    assert status == 0
    assert (cases.asked["paths"], cases.asked["jobs"]) == ((".",), 2)
    lines = [" ".join(line.split()) for line in out.split("\n")]
    assert any(
        line.startswith("Management logged Typically lower than") and "95 95.0 % 60 30" in line for line in lines
    )
    assert any(line.startswith("Insights not logged") and "0 0 % - -" in line for line in lines)
    text = " ".join(out.split())
    assert "95 records, 95.0 % of all (60 read, 30 write, 5 do not say); most often sts:AssumeRole 40" in text
    assert "no record of this type" in text
    assert "100 records in 7 files, 99 of them chosen and counted here; 1 malformed." in text
    assert "1 record of a type that is not known here: New\\x1b." in text
    assert "\x1b" not in out


@pytest.mark.parametrize(("argv", "status"), [([], 1), (["--allow-skips"], 0)])
def test_skipped_files_change_the_exit_status(call: Call, argv: list[str], status: int) -> None:
    cases = UseCases(census=census(skipped=tuple(Skip(path=f"f{n}", reason="broken") for n in range(7))))
    result = call("explain", "event-types", ".", *argv, use_cases=cases)
    assert result.status == status
    assert "not read in full: f0: broken" in result.out
    assert "and 2 more files" in result.out


def test_event_types_as_json(call: Call) -> None:
    document = json.loads(
        call("explain", "event-types", ".", "--format", "json", use_cases=UseCases(census=census())).out
    )
    first, *_, last = document["types"]
    assert first["category"] == "Management"
    assert first["logged_by_default"] is True
    assert (
        first["archive"]
        == {
            "records": 95,
            "share": 95 / 99,
            "reads": 60,
            "writes": 30,
            "unsaid": 5,
            "names": [["sts:AssumeRole", 40], ["=evil\x1b", 2]],
        }
        or first["archive"]["records"] == 95
    )
    assert last["category"] == "NetworkActivity"
    assert document["records"]["read"] == 100


def test_event_types_without_archive_have_no_counts(call: Call) -> None:
    document = json.loads(call("explain", "event-types", "--format", "json").out)
    assert set(document) == {"types", "notes"}
    assert "archive" not in document["types"][0]


@pytest.mark.parametrize("with_archive", [True, False])
def test_event_types_as_rows(call: Call, with_archive: bool) -> None:
    argv = ["explain", "event-types", *(["."] if with_archive else [])]
    cases = UseCases(census=census())
    assert len(call(*argv, "--format", "ndjson", use_cases=cases).out.splitlines()) == 4
    head, *rows = call(*argv, "--format", "csv", use_cases=cases).out.splitlines()
    assert head.startswith("category,logged_by_default,scope,volume,examples,tells,control,switch_on,in_a_record")
    assert head.endswith("records,share,reads,writes,unsaid") is with_archive
    assert len(rows) == 4


# ---------------------------------------------------------------- alarm states


@WIDTHS
def test_alarm_states_fit_the_terminal(call: Call, width: str) -> None:
    status, out, _ = call("explain", "alarm-states", environ={"COLUMNS": width})
    assert status == 0
    assert max(map(len, out.split("\n"))) <= int(width)
    for state in ("OK", "ALARM", "INSUFFICIENT_DATA"):
        assert f"\n{state}\n" in f"\n{out}"


def test_usual_alarm_rings_for_fifteen_minutes(call: Call) -> None:
    out = " ".join(call("explain", "alarm-states").out.split())
    assert "12:11 ALARM" in out
    assert "12:26 OK" in out
    assert "One breaching period rings it for 15 minutes" in out


@pytest.mark.parametrize(("form", "count"), [("ndjson", 3), ("csv", 4)])
def test_alarm_states_as_rows(call: Call, form: str, count: int) -> None:
    assert len(call("explain", "alarm-states", "--format", form).out.splitlines()) == count


def test_alarm_states_as_json(call: Call) -> None:
    document = json.loads(call("explain", "alarm-states", "--format", "json").out)
    assert [state["state"] for state in document["states"]] == ["OK", "ALARM", "INSUFFICIENT_DATA"]


def test_alarm_states_as_json_have_the_tables_of_the_guide(call: Call) -> None:
    document = json.loads(call("explain", "alarm-states", "--format", "json").out)
    assert [table["rows"][0][0] for table in document["tables"]] == ["0 - X - X", "0 - X - X"]
    assert document["example"]["steps"][0]["at"] == "12:00"


def test_life_of_an_alarm_of_ones_own(call: Call) -> None:
    rule = made_rule(alarm={**ALARM, "Period": 60, "TreatMissingData": "ignore"})
    status, out, err = call("explain", "alarm-states", "stop", use_cases=UseCases(rules=[rule]))
    text = " ".join(out.split())
    assert (status, err) == (0, "")
    assert "The life of p/stop Sum of m is at least 3 in 1 minute; TreatMissingData ignore." in text
    assert "it stays in ALARM until a period has data that do not breach" in text
    assert "→ ignore INSUFFICIENT_DATA from then on ALARM" in text


@WIDTHS
def test_life_of_a_burst_fits_the_terminal(call: Call, width: str) -> None:
    rule = made_rule(
        alarm={**ALARM, "EvaluationPeriods": 9, "TreatMissingData": "notBreaching"}, name="p/" + "stop" * 30
    )
    out = call("explain", "alarm-states", "stop", use_cases=UseCases(rules=[rule]), environ={"COLUMNS": width}).out
    assert max(map(len, out.split("\n"))) <= int(width)
    assert "come in 9 periods on end: at 12:10, 12:15, 12:20, 12:25, 12:30, and so on." in " ".join(out.split())


def test_life_on_the_clock_of_a_zone(call: Call) -> None:
    window = {"WallClockWindow": {"Timezone": "Europe/Berlin"}}
    rule = made_rule(alarm={**ALARM, "Period": 3600, "EvaluationWindow": window})
    text = " ".join(call("explain", "alarm-states", "stop", use_cases=UseCases(rules=[rule])).out.split())
    assert "13:00 ALARM" in text
    assert "14:00 OK" in text


def test_default_value_of_the_filter_ends_it_sooner(call: Call) -> None:
    value = MetricTransformation(metric_name="m", metric_namespace="n", metric_value="1", default_value=0.0)
    rule = made_rule(filter=MetricFilter(filter_name="f", filter_pattern="", metric_transformations=(value,)))
    text = " ".join(call("explain", "alarm-states", "stop", use_cases=UseCases(rules=[rule])).out.split())
    assert "There is a good value before and after." in text
    assert "12:16 OK" in text


def test_alarm_shares_its_name_with_a_filter(call: Call) -> None:
    alarm = {**ALARM, "MetricName": "x", "Namespace": "n"}
    rules = [made_rule(alarm=None), made_rule(filter=None, alarm=alarm)]
    assert "Sum of x" in call("explain", "alarm-states", "p/stop", use_cases=UseCases(rules=rules)).out


def test_settings_widen_the_range_of_a_life(call: Call) -> None:
    environ = {"TOCSIN_ALARM_EVALUATION_RANGE": "5"}
    assert "rings it for 30 minutes" in " ".join(call("explain", "alarm-states", environ=environ).out.split())


@pytest.mark.parametrize(
    ("argv", "rule", "message"),
    [
        (["stop"], {"alarm": None}, "p/stop is a rule without an alarm\nhint: name a rule with a metric alarm"),
        (["stop"], {"alarm": None, "filter": None, "composite": {"AlarmRule": "ALARM(a)"}}, "p/stop is a composite alarm"),
        (["stop"], {"alarm": {**ALARM, "Period": 45}}, "Period must be 10, 20, 30 or a multiple of 60"),
        (["stopp"], {}, "there is no rule 'stopp'\nhint: did you mean 'p/stop'?"),
        (["-r", "x.yaml"], {}, "no alarm is named\nhint: tocsin explain alarm-states RULE -r SOURCE"),
    ],
)  # fmt: skip
def test_no_life_to_show(call: Call, argv: list[str], rule: dict[str, Any], message: str) -> None:
    status, out, err = call("explain", "alarm-states", *argv, use_cases=UseCases(rules=[made_rule(**rule)]))
    assert (status, out) == (2, "")
    assert message in err


# ---------------------------------------------------------------- pricing


@WIDTHS
@pytest.mark.parametrize("argv", [[], ["--all"]])
def test_prices_fit_the_terminal(call: Call, argv: list[str], width: str) -> None:
    status, out, _ = call("explain", "pricing", *argv, environ={"COLUMNS": width})
    assert status == 0
    assert max(map(len, out.split("\n"))) <= int(width)


def test_short_prices_answer_the_article(call: Call) -> None:
    text = " ".join(call("explain", "pricing").out.split())
    assert "AWS prices as of 2026-11-23, US dollars" in text
    assert "10 alarm metrics" in text
    assert "1,000 e-mails" in text
    assert "free management events, first copy in a region" in text
    assert "$2.00 per 100,000 events management events, each further copy" in text
    assert "10 are free, the 11th costs $0.10 a month" in text


def test_every_row_has_its_source_and_doubtful_ones_are_marked(call: Call) -> None:
    out = call("explain", "pricing", "--all", environ={"COLUMNS": "200"}).out
    text = " ".join(out.split())
    assert "price-list: infracost test data" in text
    assert "$0.90 per GB ?" in text
    assert "price unknown ?" in text
    assert "$0.30 for the first 10,000, $0.10 for the next 240,000" in text
    assert "rows marked ?" in text
    assert "Quotas and latencies" in text
    assert "metric filters of a log group" in text


def test_prices_as_json_have_numbers_and_a_date(call: Call) -> None:
    document = json.loads(call("explain", "pricing", "--all", "--format", "json").out)
    rows = {row["id"]: row for row in document["rows"]}
    assert (document["as_of"], document["currency"]) == ("2026-11-23", "USD")
    assert rows["ct-mgmt-more"]["price"] == 2.0
    assert rows["cw-metric"]["tiers"][0] == [10000, 0.3]
    assert rows["cw-alarm-log"]["price"] is None
    assert document["unverified"] == sum(row["status"] in {"unverified", "vendor"} for row in document["rows"])
    assert document["free_tier"][0]["quantity"] == 10
    assert len(document["limits"]) > 30


@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_prices_as_rows(call: Call, form: str) -> None:
    brief = call("explain", "pricing", "--format", form).out.splitlines()
    every = call("explain", "pricing", "--all", "--format", form).out.splitlines()
    assert 10 < len(brief) < len(every)


@pytest.mark.parametrize(("year", "is_old"), [(2026, False), (2027, False), (2028, True)])
def test_old_table_is_told_to_be_old(year: int, is_old: bool) -> None:
    from tocsin.app.explain import prices

    assert prices().is_old(datetime(year, 5, 1, tzinfo=UTC).date()) is is_old


def test_reader_of_an_old_table_is_warned(call: Call) -> None:
    later = datetime(2028, 1, 1, tzinfo=UTC)
    assert "prices may have changed" in call("explain", "pricing", now=later).out
    assert "they may have changed" in call("explain", "pricing", "--format", "csv", now=later).err
    assert call("explain", "pricing", "--format", "csv", "--quiet", now=later).err == ""
    assert "changed" not in call("explain", "pricing").out


@pytest.mark.parametrize(("amount", "text"), [("2.0", "$2.00"), ("0.00645", "$0.00645"), ("1200", "$1,200.00")])
def test_amount(amount: str, text: str) -> None:
    from decimal import Decimal

    assert dollars(Decimal(amount)) == text


def test_every_price_has_words() -> None:
    from tocsin.app.explain import prices

    for row in prices().rows:
        assert price_text(row)


# ---------------------------------------------------------------- rules


def made_rule(pattern: str = "{ $.eventName = StopLogging }", **more: Any) -> Rule:
    value = MetricTransformation(metric_name="m", metric_namespace="n", metric_value="1")
    settings: dict[str, Any] = {
        "id": "stop",
        "name": "p/stop",
        "pack": "p",
        "title": "Somebody stops the trail",
        "severity": RuleSeverity.CRITICAL,
        "why": "It records nothing more.",
        "runbook": "1. Start it again.\n2. Ask who.\n",
        "references": {"attack": ["T1562.008"], "tocsin": ["p/s01"]},
        "false_positives": "None.",
        "filter": MetricFilter(filter_name="f", filter_pattern=pattern, metric_transformations=(value,)),
        "effective_pattern": pattern,
        "alarm": ALARM,
        "exclusions": (Exclusion(name="ci", reason="deploys", expires="2027-01-31"),),
        "tests": (
            RuleTest(name="it matches", event={}, matches=True),
            RuleTest(name="starting is quiet", event={}, matches=False),
            RuleTest(name="no ring", expect=({"at": "1m", "never": "ALARM"},)),
            RuleTest(name="it rings", expect=({"at": "1m", "state": "ALARM"},)),
        ),
        **more,
    }
    return Rule(**settings)


@WIDTHS
@pytest.mark.parametrize("ident", ["p/stop", "p/s01", "stop"])
def test_rule_is_explained(call: Call, ident: str, width: str) -> None:
    cases = UseCases(rules=[made_rule()])
    status, out, err = call("explain", "rule", ident, use_cases=cases, environ={"COLUMNS": width})
    assert (status, err) == (0, "")
    assert max(map(len, out.split("\n"))) <= int(width)
    text = " ".join(out.split())
    assert out.startswith("p/stop  ")
    assert "◆ critical" in text
    assert "Why It records nothing more." in text
    assert "{ $.eventName = StopLogging } Events named StopLogging." in text
    assert "Rings When Sum of m is at least 3 in 5 minutes." in text
    assert "One breaching period rings it for 15 minutes: so long the point stays in the range of 3 periods." in text
    assert "Look-alikes that are quiet • starting is quiet Noise" in text
    assert "Excluded • ci until 2027-01-31: deploys" in text
    assert "NOT EXISTS" in text
    assert "1. Start it again. 2. Ask who." in text
    assert "ATT&CK T1562.008 catalogue p/s01" in text
    assert "10 are free, the 11th costs $0.10 a month" in text


def test_pattern_with_more_than_names_is_said_in_words(call: Call) -> None:
    cases = UseCases(rules=[made_rule('{ $.eventName = A && $.errorCode != "x" }')])
    text = " ".join(call("explain", "rule", "stop", use_cases=cases).out.split())
    assert 'B errorCode is there and is not "x"' in text


def test_rule_without_alarm_counts(call: Call) -> None:
    cases = UseCases(rules=[made_rule(alarm=None, tests=(), exclusions=(), runbook="")])
    assert "It has no alarm: it counts." in call("explain", "rule", "stop", use_cases=cases).out


def test_composite_is_explained(call: Call) -> None:
    rule = made_rule(filter=None, alarm=None, composite={"AlarmRule": "ALARM(a) AND ALARM(b)"})
    text = " ".join(call("explain", "rule", "stop", use_cases=UseCases(rules=[rule])).out.split())
    assert "when ALARM(a) AND ALARM(b)" in text
    assert "none is free" in text


def test_metric_with_dimensions_and_default_is_priced_in_words(call: Call) -> None:
    value = MetricTransformation(
        metric_name="m", metric_namespace="n", metric_value="1", default_value=0.0, dimensions={"u": "$.a"}
    )
    rule = made_rule(filter=MetricFilter(filter_name="f", filter_pattern="", metric_transformations=(value,)))
    text = " ".join(call("explain", "rule", "stop", use_cases=UseCases(rules=[rule])).out.split())
    assert "for each set of dimension values, metered in every hour" in text


def test_rule_is_looked_for_in_the_sources_named(call: Call) -> None:
    cases = UseCases(rules=[made_rule()])
    call("explain", "rule", "stop", "-r", "my.yaml", use_cases=cases)
    assert cases.asked == {"sources": ("my.yaml",), "at": "2026-03-01"}


@pytest.mark.parametrize(
    ("ident", "message"),
    [
        ("stopp", "there is no rule 'stopp'\nhint: did you mean 'p/stop'?"),
        ("zzz", "there is no rule 'zzz'\nhint: tocsin rules lists the packs"),
        ("twin", "'twin' fits several rules: p/twin, q/twin\nhint: give the full name"),
    ],
)
def test_unknown_rule_is_told_with_a_suggestion(call: Call, ident: str, message: str) -> None:
    twins = [made_rule(id="twin", name=f"{pack}/twin", references={}) for pack in "pq"]
    status, _, err = call("explain", "rule", ident, use_cases=UseCases(rules=[made_rule(), *twins]))
    assert status == 2
    assert message in err


@pytest.mark.parametrize("form", ["json", "ndjson", "csv"])
def test_rule_as_data(call: Call, form: str) -> None:
    out = call("explain", "rule", "stop", "--format", form, use_cases=UseCases(rules=[made_rule()])).out
    if form == "csv":
        assert out.splitlines()[0] == "name,severity,title,why,pattern,false_positives"
    else:
        document = json.loads(out)
        assert document["name"] == "p/stop"
        assert document["rings"].startswith("When Sum of m is at least 3")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"Period": 60}, "When Sum of m is at least 3 in 1 minute."),
        (
            {"EvaluationPeriods": 5, "DatapointsToAlarm": 3},
            "in 3 of the last 5 periods of 5 minutes. 3 breaching periods",
        ),
        ({"TreatMissingData": "ignore"}, "it stays in ALARM"),
        ({"TreatMissingData": "breaching"}, "what is missing counts as breaching. TreatMissingData is breaching."),
        ({"TreatMissingData": "missing"}, "Then it goes to INSUFFICIENT_DATA. TreatMissingData is missing."),
        ({"Period": 45}, "Never, CloudWatch refuses the alarm: Period must be 10, 20, 30 or a multiple of 60"),
    ],
)
def test_alarm_in_words(changes: dict[str, Any], words: str) -> None:
    assert words in alarm_words(made_rule(alarm={**ALARM, **changes}))


def test_treatment_that_was_not_given_is_the_default() -> None:
    alarm = {name: value for name, value in ALARM.items() if name != "TreatMissingData"}
    assert alarm_words(made_rule(alarm=alarm)).endswith("TreatMissingData is missing (the default).")
    assert alarm_words(made_rule(alarm=None)) == ""


@WIDTHS
def test_exclusion_that_is_shown_can_be_pasted(call: Call, width: str, tmp_path: Path) -> None:
    from tocsin.app.pack import load_rules

    cases = UseCases(rules=[made_rule(exclusions=())])
    out = call("explain", "rule", "stop", use_cases=cases, environ={"COLUMNS": width}).out
    assert max(map(len, out.split("\n"))) <= int(width)
    example = out[out.index("\nexcept:") + 1 : out.index("\n\n", out.index("\nexcept:"))]
    file = tmp_path / "r.yaml"
    metric = "{metricName: m, metricNamespace: n, metricValue: '1'}"
    pattern = "{ $.eventName = StopLogging }"
    file.write_text(f"id: r\nfilter:\n  filterPattern: '{pattern}'\n  metricTransformations: [{metric}]\n{example}\n")
    (rule,) = load_rules(str(file))
    (exclusion,) = rule.exclusions
    assert exclusion.expires == "2026-05-30"  # 90 days from the day of the call
    compiled = FilterPattern.parse(rule.effective_pattern)
    record = {"eventName": "StopLogging"}
    assert compiled.matches(json.dumps(record))
    arn = "arn:aws:iam::111122223333:role/NAME"
    record["userIdentity"] = {"sessionContext": {"sessionIssuer": {"arn": arn}}}
    assert not compiled.matches(json.dumps(record))


def test_exclusions_that_are_there_need_no_example(call: Call) -> None:
    assert "\nexcept:\n" not in call("explain", "rule", "stop", use_cases=UseCases(rules=[made_rule()])).out


def test_pattern_that_takes_no_exclusion_has_no_example(call: Call) -> None:
    cases = UseCases(rules=[made_rule("ERROR", exclusions=())])
    assert "\nexcept:\n" not in call("explain", "rule", "stop", use_cases=cases).out


# ---------------------------------------------------------------- patterns

CASES = [
    (
        '{ ($.a = "*x") || ($.b = "x*") && ($.c != d) }',
        ["{", '  $.a = "*x"', "  || (", '    $.b = "x*"', "    && $.c != d", "  )", "}"],
        [
            "Matches a JSON event in which",
            "  at least one of these holds:",
            '    A  a ends with "x"',
            "    all of these hold:",
            '      B  b begins with "x"',
            '      C  c is there and is not "d"',
        ],
    ),
    (
        "{ $.a NOT EXISTS }",
        ["{", "  $.a NOT EXISTS", "}"],
        ["Matches a JSON event in which a is absent (null would be there)."],
    ),
    (
        "{ $.a IS NULL && $.b[*] = 5 && $.c >= 1 && $.d != * && $.e = *x* }",
        ["{", "  $.a IS NULL", "  && $.b[*] = 5", "  && $.c >= 1", "  && $.d != *", "  && $.e = *x*", "}"],
        [
            "Matches a JSON event in which",
            "  all of these hold:",
            "    A  a is JSON null",
            "    B  some value of b[*] equals 5",
            "    C  c is a number at least 1",
            "    D  d is there and has no value",
            '    E  e contains "x"',
        ],
    ),
    (
        "{ $.a = %^x% || $.a != %y% || $.b = * || $.c != 5 }",
        ["{", "  $.a = %^x%", "  || $.a != %y%", "  || $.b = *", "  || $.c != 5", "}"],
        [
            "Matches a JSON event in which",
            "  at least one of these holds:",
            "    A  a matches %^x%",
            "    B  a is there and does not match %y%",
            "    C  b has any value",
            "    D  c is there and does not equal 5",
        ],
    ),
    (
        '{ $.a != "*x" && $.a != "x*" && $.a != "*x*" }',
        ["{", '  $.a != "*x"', '  && $.a != "x*"', '  && $.a != "*x*"', "}"],
        [
            "Matches a JSON event in which",
            "  all of these hold:",
            '    A  a is there and does not end with "x"',
            '    B  a is there and does not begin with "x"',
            '    C  a is there and does not contain "x"',
        ],
    ),
    (
        'foo -bar "x y"',
        ["foo", "-bar", '"x y"'],
        [
            "Matches a message that",
            '  contains "foo" and "x y"',
            '  does not contain "bar"',
            "Upper and lower case differ; the terms may stand anywhere, also within words.",
        ],
    ),
    (
        "?a ?%b%",
        ["?a", "?%b%"],
        [
            "Matches a message that",
            '  contains "a" or %b%',
            "Upper and lower case differ; the terms may stand anywhere, also within words.",
        ],
    ),
    (
        "?a b",
        ["?a", "b"],
        [
            "Matches a message that",
            '  contains "b"',
            '  ("a": no effect beside terms without a question mark)',
            "Upper and lower case differ; the terms may stand anywhere, also within words.",
        ],
    ),
    (
        "[ip, user = a || user = b, ..., size > 100]",
        ["[", "  ip,", "  user = a || user = b,", "  ...,", "  size > 100", "]"],
        [
            "Matches a line of at least 3 fields, separated by blanks,",
            "  ip: anything",
            "  user:",
            "    at least one of these holds:",
            '      A  user is "a"',
            '      B  user is "b"',
            "  ... any number of fields",
            "  size: C  size is a number greater than 100",
        ],
    ),
    ("", ['""'], ["Every event matches."]),
]


@pytest.mark.parametrize(("source", "lines", "words"), CASES, ids=[source for source, _, _ in CASES])
def test_pattern_is_laid_out_and_said_in_words(source: str, lines: list[str], words: list[str]) -> None:
    tree = FilterPattern.parse(source).tree
    assert pattern_lines(tree) == lines
    assert pattern_words(tree) == words
    if source:
        assert FilterPattern.parse(" ".join(lines)).tree == tree


PATTERN = '{ ($.eventName = StopLogging) && ($.userIdentity.invokedBy != "x") }'


@WIDTHS
def test_pattern_is_explained_with_findings_and_an_example(call: Call, width: str) -> None:
    status, out, err = call("explain", "pattern", PATTERN, environ={"COLUMNS": width})
    assert (status, err) == (0, "")
    assert max(map(len, out.split("\n"))) <= int(width)
    text = " ".join(out.split())
    assert "Only events named StopLogging are looked at closely." in text
    assert "warning neq-absent" in text
    assert "[FP-13.1]" in text
    assert "An event that it matches" in text
    assert '"eventName": "StopLogging"' in text


def test_event_is_explained_clause_by_clause(call: Call, tmp_path: Path) -> None:
    event = tmp_path / "e.json"
    event.write_text('{"eventName": "StopLogging"}\n', encoding="utf-8")
    out = call("explain", "pattern", PATTERN, str(event)).out
    assert "no match" in out
    assert "(absent)" in out


def test_event_comes_from_standard_input(call: Call) -> None:
    out = call("explain", "pattern", "[a, b = 4*]", "-", stdin=b"x 404\r\n").out
    assert "=> matches" in out


def test_log_file_taken_as_an_event_is_remarked(call: Call) -> None:
    out = call("explain", "pattern", PATTERN, "-", stdin=b'{"Records": [{}, {}]}').out
    assert "This is a log file with 2 records" in out


@pytest.mark.parametrize(
    ("stdin", "path", "message"),
    [
        (b"\x1f\x8b\x08", "-", "a packed log file is no single event"),
        (b"x" * 2000, "-", "an event has at most 1,024 bytes"),
        (b"", "no/such/file", "there is no such file"),
        (b"", ".", "not a file with an event"),
    ],
)
def test_what_is_no_event_is_refused(call: Call, stdin: bytes, path: str, message: str) -> None:
    status, _, err = call("explain", "pattern", PATTERN, path, stdin=stdin, environ={"TOCSIN_LIMITS_RECORD": "1 KiB"})
    assert status == 2
    assert message in err


def test_pattern_that_never_matches_has_no_example(call: Call) -> None:
    out = call("explain", "pattern", "{ $.a = x && $.a NOT EXISTS }").out
    assert "none was found" in out


def test_long_example_is_laid_out(call: Call) -> None:
    pattern = "{ " + " && ".join(f"$.field{n}.inner = value{n}" for n in range(6)) + " }"
    out = call("explain", "pattern", pattern).out
    assert '\n    "field0": {\n' in out


def test_refused_pattern_shows_the_place(call: Call) -> None:
    status, out, err = call("explain", "pattern", "{ $.a = }")
    assert (status, out) == (2, "")
    assert err.startswith("tocsin: Invalid")
    assert "^" in err
    assert "hint: " in err


def test_finding_of_a_pattern_keeps_its_colour_on_a_terminal(call: Call) -> None:
    out = call("explain", "pattern", PATTERN, is_terminal=True).out
    assert "\x1b[33mwarning\x1b[0m neq-absent" in out


def test_pattern_as_data(call: Call) -> None:
    document = json.loads(call("explain", "pattern", PATTERN, "-", "--format", "json", stdin=b"{}").out)
    assert document["pattern"] == PATTERN
    assert document["event_names"] == ["StopLogging"]
    assert "neq-absent" in [finding["name"] for finding in document["findings"]]
    assert document["explanation"]["matches"] is False
    assert json.loads(document["example"])["eventName"] == "StopLogging"
    assert len(call("explain", "pattern", PATTERN, "--format", "ndjson").out.splitlines()) == 1
    head, *rows = call("explain", "pattern", PATTERN, "--format", "csv").out.splitlines()
    assert head == "severity,name,spec,position,message,hint"
    assert rows
