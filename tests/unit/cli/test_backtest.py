"""`tocsin backtest`: what it asks of the use case, what it writes in each form, its exit status; and whole runs (IF-1, IF-3)."""

from __future__ import annotations

import csv
import gzip
import json
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from alarms import TOPIC
from chain import alarm, composite, feed
from synthetic import record

from tocsin.app.alarm_data import AlarmDataTotal
from tocsin.app.alarm_set import build_alarm_set
from tocsin.app.backtest_report import AlarmResult, BacktestReport, EventLine, TransitionLine
from tocsin.app.report import Bytes, Files, Records, Skip
from tocsin.app.rulepack import Chain, ChainRule
from tocsin.core.topic import Subscription

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Call

HOSTILE = "arn:aws:iam::111122223333:user/\x1b[2J\u202e"
SKIP = Skip(path="a.json.gz", reason="gzip: unexpected end of stream")
ALICE = Subscription(topic_arn=TOPIC, protocol="email", endpoint="alice@example.com", subscription_arn=f"{TOPIC}:1")


def line(**more: Any) -> TransitionLine:
    settings: dict[str, Any] = {
        "at": "2026-03-01T10:11:00Z",
        "from_": "OK",
        "to": "ALARM",
        "reason": "Threshold Crossed.",
        "events": ["e1", "e2"],
        "datapoints": [("2026-03-01T10:10:00Z", 1.0)],
        "not_notified": "nobody is subscribed to t",
        **more,
    }
    return TransitionLine(**settings)


def result(name: str = "a", *lines: TransitionLine) -> AlarmResult:
    return AlarmResult(name=name, final="OK", time_in={"OK": 60.0}, transitions=list(lines))


def report(*alarms: AlarmResult, **more: Any) -> BacktestReport:
    settings: dict[str, Any] = {
        "tocsin": "0.1.0",
        "from_": "2026-03-01T10:00:00Z",
        "until": "2026-03-01T11:00:00Z",
        "evaluations": 60,
        "seconds": 0.2,
        "files": Files(read=2),
        "records": Records(read=100, selected=100),
        "bytes": Bytes(read=1000, unpacked=1000),
        "alarms": list(alarms),
        **more,
    }
    return BacktestReport(**settings)


class UseCases:
    """Use cases that note what they were asked, and answer with a report."""

    def __init__(self, answer: BacktestReport | None = None, *rules: Any) -> None:
        self.answer = answer or report(result())
        self.rules = rules or (feed(), alarm("a"))
        self.loaded: tuple[Any, ...] = ()
        self.topic = ""
        self.asked: dict[str, Any] = {}

    def pack_names(self) -> list[str]:
        return ["article", "cis"]

    def load_chain(self, *sources: str, at: Any) -> Chain:
        self.loaded = (sources, at.isoformat())
        return Chain(entries=tuple(ChainRule(rule=rule) for rule in self.rules), subscriptions=(ALICE,))

    def build_alarm_set(self, entries: Any, mute_rules: Any, *, topic: str) -> Any:
        self.topic = topic
        return build_alarm_set(entries, mute_rules, topic=topic)

    def backtest(self, paths: tuple[str, ...], plan: Any, **asked: Any) -> BacktestReport:
        self.asked = {"paths": paths, "plan": plan, **asked}
        return self.answer


# ---------------------------------------------------------------- what is asked


def test_call_without_options_asks_for_every_pack_and_every_record(call: Call) -> None:
    cases = UseCases()
    assert call("backtest", ".", use_cases=cases).status == 0
    assert cases.loaded == (("article", "cis"), "2026-03-01")
    plan = cases.asked.pop("plan")
    assert cases.asked == {"paths": (".",), "jobs": None, "progress": None}
    assert plan.data.selection.is_everything
    assert (plan.data.as_delivered, plan.data.unique, plan.extra) == (False, False, None)
    assert [rule.name for rule in plan.data.rules] == ["stop"]
    assert (plan.alarms.names, plan.subscriptions) == ({"a"}, (ALICE,))


def test_options_reach_the_use_case(call: Call, tmp_path: Path) -> None:
    cases = UseCases()
    settings = tmp_path / "t.toml"
    settings.write_text(f"limits.depth = 9\nrules.topic = '{TOPIC}'\nalarm.evaluation_range = 4\n", encoding="utf-8")
    argv = ["backtest", "-", str(tmp_path), "-r", "cis", "--rules", "my.yaml", "--unique", "--as-delivered"]
    argv += ["--since", "1h", "--until", "2026-03-01T11:30:00Z", "--account", "012345678901", "--region", "us-east-1"]
    argv += ["-j", "2", "--config", str(settings), "--quiet"]
    assert call(*argv, use_cases=cases).status == 0
    plan = cases.asked["plan"]
    assert (cases.loaded[0], cases.asked["paths"], cases.asked["jobs"]) == (("cis", "my.yaml"), ("-", str(tmp_path)), 2)
    assert plan.data.selection.until - plan.data.selection.since == 1800
    assert (plan.data.selection.accounts, plan.data.selection.regions) == ({"012345678901"}, {"us-east-1"})
    assert (plan.data.unique, plan.data.as_delivered, plan.data.limits.depth) == (True, True, 9)
    assert (plan.extra, cases.topic) == (4, TOPIC)
    assert call(*argv, "--evaluation-range", "0", use_cases=cases).status == 0
    assert cases.asked["plan"].extra == 0


def test_bar_is_shown_on_a_terminal_unless_it_shall_be_quiet(call: Call) -> None:
    cases = UseCases()
    call("backtest", ".", use_cases=cases, is_terminal=True)
    assert cases.asked["progress"] is not None
    call("backtest", ".", "-q", use_cases=cases, is_terminal=True)
    assert cases.asked["progress"] is None


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--evaluation-range", "-1"], "--evaluation-range: -1 is not a number from 0 to 100"),
        (["--evaluation-range", "101"], "--evaluation-range: 101 is not a number from 0 to 100"),
        (["--since", "2026-03-02", "--until", "2026-03-01"], "is not before --until"),
        (["--since", "2026-03-01", "--until", "2026-03-01"], "is not before --until"),
        (["--since", "yesterday"], "no moment in time"),
        (["--account", "1"], "is no account"),
        (["--region", "Mars!"], "is no region"),
        (["-j", "0"], "--jobs: 0"),
        (["no-such-folder"], "there is no such file or folder"),
        (["-", "-r", "-"], "can be read once only"),
        (["-o", "x.txt", "--html", "x.txt"], "--html and --output name the same file: x.txt"),
    ],
)
def test_wrong_calls_are_told_before_anything_is_read(call: Call, argv: list[str], words: str) -> None:
    cases = UseCases()
    status, out, err = call("backtest", ".", *argv, use_cases=cases)
    assert (status, out, cases.asked) == (2, "", {})
    assert words in err


def test_rules_without_an_alarm_cannot_be_replayed(call: Call) -> None:
    status, _, err = call("backtest", ".", "-r", "filters.json", use_cases=UseCases(None, feed()))
    assert status == 2
    assert "filters.json: there is no alarm to evaluate" in err
    assert "tocsin scan" in err


def test_alarms_that_are_refused_are_all_told(call: Call) -> None:
    cases = UseCases(None, feed(), alarm("a", Period=7), composite("c", "ALARM(c)"))
    status, _, err = call("backtest", ".", use_cases=cases)
    assert status == 2
    assert "(and 1 more)" in err
    assert "Period must be 10, 20, 30 or a multiple of 60" in err
    assert "cannot have a child relation with itself" in err
    assert cases.asked == {}


# ---------------------------------------------------------------- exit status and remarks


@pytest.mark.parametrize(
    ("skipped", "argv", "status"),
    [([], [], 0), ([SKIP], [], 1), ([SKIP], ["--allow-skips"], 0), ([], ["--allow-skips"], 0)],
)
def test_exit_status_says_whether_everything_was_read(
    call: Call, skipped: list[Skip], argv: list[str], status: int
) -> None:
    answer = report(result("a", line()), files=Files(read=1, skipped=skipped))
    assert call("backtest", ".", *argv, use_cases=UseCases(answer)).status == status


def test_what_the_result_does_not_show_is_told_on_standard_error(call: Call) -> None:
    cases = UseCases(report(result(), files=Files(read=1, skipped=[SKIP]), notes=["left out: cpu"]))
    err = call("backtest", ".", "--format", "csv", use_cases=cases).err
    assert "1 file could not be read in full, the first: a.json.gz: gzip: unexpected end of stream" in err
    assert "left out: cpu" in err
    assert call("backtest", ".", "--format", "csv", "-q", use_cases=cases).err == ""
    table = call("backtest", ".", use_cases=cases)
    assert (table.err, "left out: cpu" in table.out) == ("", True)


def test_empty_selection_is_told(call: Call) -> None:
    err = call("backtest", ".", "--since", "1d", use_cases=UseCases(report(result(), records=Records(read=7)))).err
    assert err == "tocsin: none of the 7 records lies in the time, accounts and regions that were chosen\n"


# ---------------------------------------------------------------- forms


def test_json_is_the_report(call: Call) -> None:
    document = json.loads(
        call("backtest", ".", "--format", "json", use_cases=UseCases(report(result("a", line())))).out
    )
    assert (document["command"], document["from"], document["until"]) == (
        "backtest",
        "2026-03-01T10:00:00Z",
        "2026-03-01T11:00:00Z",
    )
    assert document["alarms"][0]["transitions"] == [
        {
            "at": "2026-03-01T10:11:00Z",
            "from": "OK",
            "to": "ALARM",
            "reason": "Threshold Crossed.",
            "events": ["e1", "e2"],
            "actions": [],
            "notified": [],
            "datapoints": [["2026-03-01T10:10:00Z", 1.0]],
            "not_notified": "nobody is subscribed to t",
            "details": [],
        }
    ]


def test_ndjson_is_one_change_a_line_then_the_rest(call: Call) -> None:
    cases = UseCases(report(result("a", line(), line(to="OK")), result("b", line())))
    *changes, rest = map(json.loads, call("backtest", ".", "--format", "ndjson", use_cases=cases).out.splitlines())
    assert [(one["alarm"], one["to"]) for one in changes] == [("a", "ALARM"), ("a", "OK"), ("b", "ALARM")]
    assert [one["name"] for one in rest["alarms"]] == ["a", "b"]
    assert all("transitions" not in one for one in rest["alarms"])
    assert rest["records"]["read"] == 100


def test_csv_is_one_change_a_row(call: Call) -> None:
    cases = UseCases(report(result("@evil", line(events_omitted=3, actions=[TOPIC], notified=["x@example.com"]))))
    assert list(csv.reader(call("backtest", ".", "--format", "csv", use_cases=cases).out.splitlines())) == [
        ["alarm", "at", "from", "to", "reason", "events", "events_omitted", "actions", "notified", "not_notified"],
        [
            "'@evil", "2026-03-01T10:11:00Z", "OK", "ALARM", "Threshold Crossed.", "e1 e2", "3", TOPIC, "x@example.com",
            "nobody is subscribed to t",
        ],
    ]  # fmt: skip


@pytest.mark.parametrize("form", ["table", "json", "ndjson", "csv"])
@pytest.mark.parametrize("is_terminal", [True, False])
def test_no_value_acts_on_a_terminal(call: Call, form: str, is_terminal: bool) -> None:
    words = dict.fromkeys(("id", "at", "event", "source", "error", "who", "address", "agent"), HOSTILE)
    detail = EventLine(**words, account=HOSTILE, region=HOSTILE, resource="\ud800")
    hostile = line(reason=HOSTILE, events=[HOSTILE], notified=[HOSTILE], not_notified=HOSTILE, details=[detail])
    answer = report(result(HOSTILE, hostile), result(HOSTILE + "q"), notes=[HOSTILE], files=Files(skipped=[SKIP]))
    done = call(
        "backtest",
        ".",
        "--format",
        form,
        use_cases=UseCases(answer),
        is_terminal=is_terminal,
        environ={"NO_COLOR": "1"},
    )
    assert not set(done.out) & {"\x1b", "\u202e", "\ud800"}


def test_output_file_holds_the_result_and_standard_output_nothing(call: Call, tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    status, out, err = call("backtest", ".", "--format", "json", "-o", str(target), use_cases=UseCases())
    assert (status, out, err) == (0, "", "")
    assert json.loads(target.read_text(encoding="utf-8"))["command"] == "backtest"


def test_page_is_written_beside_the_report(call: Call, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    done = call("backtest", ".", "--html", str(page), use_cases=UseCases(report(result("a", line()))))
    assert (done.status, "RANG" in done.out) == (0, True)
    assert page.read_text(encoding="utf-8").lstrip().lower().startswith("<!doctype html>")


@pytest.mark.parametrize("option", ["-o", "--html"])
def test_place_that_cannot_be_written_is_told_before_anything_is_read(call: Call, tmp_path: Path, option: str) -> None:
    cases = UseCases()
    assert call("backtest", ".", option, str(tmp_path / "no" / "file"), use_cases=cases).status == 2
    assert cases.asked == {}


# ---------------------------------------------------------------- whole runs


FILTERS = {
    "metricFilters": [
        {
            "filterName": "stop",
            "filterPattern": "{ $.eventName = StopLogging }",
            "logGroupName": "trail",
            "metricTransformations": [{"metricName": "Stops", "metricNamespace": "Security", "metricValue": "1"}],
        }
    ]
}
ALARM = {
    "AlarmName": "stopped",
    "MetricName": "Stops",
    "Namespace": "Security",
    "Statistic": "Sum",
    "Period": 300,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    "TreatMissingData": "notBreaching",
    "ActionsEnabled": True,
    "AlarmActions": [TOPIC],
    "OKActions": [],
    "InsufficientDataActions": [],
    "Dimensions": [],
    "StateValue": "ALARM",  # every alarm starts in INSUFFICIENT_DATA, whatever this says (IF-3)
}
CPU = {**ALARM, "AlarmName": "cpu", "MetricName": "CPUUtilization", "Namespace": "AWS/EC2"}
SUBSCRIPTIONS = {
    "Subscriptions": [
        {"SubscriptionArn": f"{TOPIC}:1", "Owner": "111122223333", "Protocol": "email", "Endpoint": "security@example.com", "TopicArn": TOPIC}
    ]
}  # fmt: skip
MUTE = {
    "Name": "m",
    "Rule": {"Schedule": {"Expression": "at(2026-03-01T10:00)", "Duration": "PT1H"}},
    "MuteTargets": {"AlarmNames": ["stopped"]},
}


@pytest.fixture
def account(tmp_path: Path) -> Path:
    """What the AWS CLI prints of an account, and an archive of two files of which one is damaged on request."""
    for name, document in (
        ("filters", FILTERS),
        ("alarms", {"MetricAlarms": [ALARM, CPU], "CompositeAlarms": []}),
        ("subscriptions", SUBSCRIPTIONS),
        ("mute", MUTE),
    ):
        (tmp_path / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")
    logs = tmp_path / "logs"
    logs.mkdir()
    stops = [record("StopLogging", f"2026-03-01T10:{minute:02}:30Z") for minute in (10, 12)]
    (logs / "a.json.gz").write_bytes(gzip.compress(json.dumps({"Records": stops}).encode()))
    others = [record("GetTrail", f"2026-03-01T10:{minute:02}:30Z") for minute in range(60)]
    (logs / "b.json.gz").write_bytes(gzip.compress(json.dumps({"Records": others}).encode()))
    return tmp_path


def chain(account: Path, *names: str) -> list[str]:
    return [word for name in names for word in ("-r", str(account / f"{name}.json"))]


def test_chain_of_an_account_is_replayed(call: Call, account: Path) -> None:
    argv = [
        "backtest",
        str(account / "logs"),
        "--format",
        "json",
        *chain(account, "filters", "alarms", "subscriptions"),
    ]
    status, out, err = call(*argv, "-j", "1")
    assert status == 0
    assert "left out, since no filter here feeds their metric: cpu" in err
    document = json.loads(out)
    (found,) = document["alarms"]
    assert [(one["at"][11:16], one["to"], one["notified"]) for one in found["transitions"]] == [
        ("10:01", "OK", []),
        ("10:11", "ALARM", ["security@example.com"]),
        ("10:28", "OK", []),
    ]
    assert (document["from"], document["until"]) == ("2026-03-01T10:00:00Z", "2026-03-01T11:15:00Z")
    assert found["time_in"] == {"INSUFFICIENT_DATA": 60.0, "OK": 10 * 60 + 47 * 60.0, "ALARM": 17 * 60.0}
    assert document["notes"] == ["left out, since no filter here feeds their metric: cpu"]
    several = json.loads(call(*argv, "-j", "2").out)
    assert {**several, "seconds": 0} == {**document, "seconds": 0}


@pytest.mark.parametrize("options", [[], ["--unique"], ["--as-delivered"]])
def test_processes_change_nothing(call: Call, account: Path, options: list[str]) -> None:
    argv = ["backtest", str(account / "logs"), "--format", "csv", "-q", *chain(account, "filters", "alarms"), *options]
    one, two = call(*argv, "-j", "1"), call(*argv, "-j", "2")
    assert (one.status, one.out) == (0, two.out)
    assert one.out.count("\n") == 4


def test_mail_of_the_last_ring_is_shown(call: Call, account: Path, tmp_path: Path) -> None:
    argv = ["backtest", str(account / "logs"), *chain(account, "filters", "alarms"), "--mail", "stopped"]
    status, out, err = call(*argv)
    assert (status, err) == (0, "")
    assert out.startswith('Subject: ALARM: "stopped" in ')
    assert "StopLogging" in out
    target = tmp_path / "mail.txt"
    assert call(*argv, "-o", str(target)).out == ""
    assert target.read_text(encoding="utf-8") == out


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        (["--mail", "stopped", "--since", "2026-03-01T10:30:00Z"], 1, "stopped did not ring"),
        (["--mail", "stoped"], 2, "--mail: there is no alarm 'stoped'"),
        (["--mail", "cpu"], 2, "--mail: there is no alarm 'cpu'"),  # it was left out
        (["--mail", "stopped", "--format", "json"], 2, "--mail is text, and has no --format json"),
    ],
)
def test_no_mail_and_the_reason(call: Call, account: Path, options: list[str], status: int, words: str) -> None:
    done = call("backtest", str(account / "logs"), *chain(account, "filters", "alarms"), *options)
    assert (done.status, done.out) == (status, "")
    assert words in done.err


def test_file_of_a_mail_stays_as_it_was_where_there_is_none(call: Call, account: Path, tmp_path: Path) -> None:
    target = tmp_path / "mail.txt"
    argv = ["backtest", str(account / "logs"), *chain(account, "filters", "alarms"), "--mail", "stopped"]
    assert call(*argv, "--since", "2026-03-01T10:30:00Z", "-o", str(target)).status == 1
    assert not target.exists()
    target.write_text("earlier", encoding="utf-8")
    assert call(*argv, "--since", "2026-03-01T10:30:00Z", "-o", str(target)).status == 1
    assert target.read_text(encoding="utf-8") == "earlier"


@pytest.mark.parametrize(("options", "status"), [([], 1), (["--allow-skips"], 0)])
def test_mail_tells_that_a_file_could_not_be_read(call: Call, account: Path, options: list[str], status: int) -> None:
    file = account / "logs" / "b.json.gz"
    file.write_bytes(file.read_bytes()[:-12])
    argv = ["backtest", str(account / "logs"), *chain(account, "filters", "alarms"), "--mail", "stopped", *options]
    done = call(*argv)
    assert done.out.startswith('Subject: ALARM: "stopped" in ')
    assert "1 file could not be read in full, the first: " in done.err
    assert done.status == status
    assert call(*argv, "--quiet").err == ""


def test_mute_rule_of_an_account_holds_actions(call: Call, account: Path) -> None:
    argv = ["backtest", str(account / "logs"), "--format", "json", *chain(account, "filters", "alarms", "mute")]
    ring = json.loads(call(*argv).out)["alarms"][0]["transitions"][1]
    assert (ring["to"], ring["actions"], ring["held"]) == ("ALARM", [], {"by": "Mute", "ran_at": None})


def test_damaged_file_is_told_by_the_exit_status(call: Call, account: Path) -> None:
    file = account / "logs" / "b.json.gz"
    file.write_bytes(file.read_bytes()[:-12])
    argv = ["backtest", str(account / "logs"), *chain(account, "filters", "alarms")]
    status, out, _ = call(*argv)
    assert (status, "1 file not read, or not to the end" in out, "StopLogging" in out) == (1, True, True)
    assert call(*argv, "--allow-skips").status == 0


def test_empty_archive_is_replayed(call: Call, account: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    status, out, _ = call("backtest", str(tmp_path / "empty"), *chain(account, "filters", "alarms"))
    assert status == 0
    assert "No alarm rang. 1 alarm looked:" in out


def test_matches_that_do_not_fit_into_memory_are_told(
    call: Call, account: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tocsin.composition.backtest.AlarmDataTotal", partial(AlarmDataTotal, room=10))
    status, _, err = call("backtest", str(account / "logs"), *chain(account, "filters", "alarms"))
    assert status == 2
    assert "more dimension values than fit into memory" in err
    assert "take a shorter span" in err


def test_alarms_alone_of_an_account_have_nothing_to_watch(call: Call, account: Path) -> None:
    status, _, err = call("backtest", str(account / "logs"), *chain(account, "alarms"))
    assert status == 2
    assert "there is no alarm to evaluate (left out, since no filter here feeds their metric: stopped, cpu)" in err


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.yaml", "x: [1"), ("b.json", "[]"), ("c.yaml", "\x00\x01"), ("d.yaml", "alarm: 5\nid: d\n"), ("e.json", "{}")],
)
def test_folder_of_nonsense_is_refused(call: Call, account: Path, name: str, text: str) -> None:
    folder = account / "rules"
    folder.mkdir()
    (folder / name).write_text(text, encoding="utf-8")
    status, out, err = call("backtest", str(account / "logs"), "-r", str(folder))
    assert (status, out) == (2, "")
    assert name in err


def test_alarm_over_centuries_that_depends_on_the_clock_is_refused(call: Call, account: Path) -> None:
    queries = [
        {"Id": "m1", "MetricStat": {"Metric": {"Namespace": "Security", "MetricName": "Stops"}, "Period": 60, "Stat": "Sum"}, "ReturnData": False},
        {"Id": "e1", "Expression": "IF(HOUR(m1) > 5, m1, 0)", "ReturnData": True},
    ]  # fmt: skip
    plain = ("MetricName", "Namespace", "Statistic", "Period", "Dimensions")
    given = {**{name: value for name, value in ALARM.items() if name not in plain}, "Metrics": queries}
    (account / "alarms.json").write_text(json.dumps({"MetricAlarms": [given]}), encoding="utf-8")
    argv = ["backtest", str(account / "logs"), *chain(account, "filters", "alarms")]
    assert call(*argv).status == 0
    status, _, err = call(*argv, "--since", "1500-01-01")
    assert status == 2
    assert "stopped depends on the clock and would be evaluated at every instant" in err
