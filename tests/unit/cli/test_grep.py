"""`tocsin grep`: what it asks of the use case, what it prints, and an exit status like grep's (IF-1)."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import pytest

from tocsin.app.grep import GrepCount, GrepLine
from tocsin.app.ledger import Ledger
from tocsin.errors import PatternError, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from .conftest import Call

RECORD = (
    '{"eventTime":"2023-07-10T12:01:10Z","eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging",'
    '"awsRegion":"us-east-1","sourceIPAddress":"192.0.2.1","userAgent":"%s",'
    '"userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/alice"},"eventID":"e-1"}'
)
LINE = GrepLine("a.json", 3, RECORD % "cli")
PATTERN = "{ $.eventName = StopLogging }"


class Search:
    """A search with its answer ready."""

    def __init__(self, lines: Sequence[GrepLine], counts: Sequence[GrepCount], ledger: Ledger) -> None:
        self._lines = lines
        self.counts = list(counts)
        self.ledger = ledger

    def __iter__(self) -> Iterator[GrepLine]:
        yield from self._lines


class UseCases:
    """Use cases that note what they were asked."""

    def __init__(self, *lines: GrepLine, counts: Sequence[int] | None = None, ledger: Ledger | None = None) -> None:
        self.lines = lines
        found = [len(lines)] if counts is None else counts
        self.counts = [GrepCount(place=n, path=f"f{n}.json", found=number) for n, number in enumerate(found)]
        self.ledger = ledger or Ledger()
        self.asked: dict[str, Any] = {}

    def grep(self, pattern: str, paths: Sequence[str], **asked: Any) -> Search:
        self.asked = {"pattern": pattern, "paths": list(paths), **asked}
        return Search(self.lines, self.counts, self.ledger)


# ---------------------------------------------------------------- what is asked


def test_options_reach_the_use_case(call: Call) -> None:
    cases = UseCases(LINE)
    call("grep", "-cv", "--since", "1d", "--account", "111122223333", "-j1", PATTERN, ".", "-", use_cases=cases)
    assert cases.asked["pattern"] == PATTERN
    assert cases.asked["paths"] == [".", "-"]
    assert (cases.asked["invert"], cases.asked["count_only"], cases.asked["jobs"]) == (True, True, 1)
    assert cases.asked["accounts"] == {"111122223333"}
    assert cases.asked["since"] is not None


def test_pattern_may_begin_with_a_dash_behind_the_delimiter(call: Call) -> None:
    cases = UseCases(LINE)
    assert call("grep", "--", "-ERROR", ".", use_cases=cases).status == 0
    assert cases.asked["pattern"] == "-ERROR"


# ---------------------------------------------------------------- exit status


def ledger(**counts: Any) -> Ledger:
    made = Ledger()
    for name, value in counts.items():
        setattr(made, name, value)
    return made


@pytest.mark.parametrize(
    ("cases", "argv", "status"),
    [
        (UseCases(LINE), [], 0),
        (UseCases(), [], 1),
        (UseCases(counts=[0, 2]), ["-c"], 0),
        (UseCases(counts=[0, 0]), ["-c"], 1),
        (UseCases(LINE, ledger=ledger(skipped=[("a.gz", "broken")])), [], 2),
        (UseCases(LINE, ledger=ledger(skipped=[("a.gz", "broken")])), ["--allow-skips"], 0),
        (UseCases(ledger=ledger(skipped=[("a.gz", "broken")])), ["--allow-skips"], 1),
        (UseCases(LINE, ledger=ledger(malformed=1, problems=[("a.json", 2, "no eventTime")])), [], 0),
    ],
)
def test_exit_status_is_greps(call: Call, cases: UseCases, argv: list[str], status: int) -> None:
    assert call("grep", *argv, PATTERN, ".", use_cases=cases).status == status


def test_absent_path_is_trouble_and_the_others_are_searched(call: Call) -> None:
    cases = UseCases(LINE)
    status, out, err = call("grep", PATTERN, "no/such/file", ".", use_cases=cases)
    assert (status, out) == (2, LINE.text + "\n")
    assert err == "tocsin: no/such/file: there is no such file or folder\n"
    assert cases.asked["paths"] == ["."]


@pytest.mark.parametrize(
    "error", [PatternError("Invalid filter pattern", source="{", position=1, rule="FP-2.9"), SourceError("broken")]
)
def test_any_trouble_gives_2(call: Call, error: Exception) -> None:
    class Refusing(UseCases):
        def grep(self, *_: Any, **__: Any) -> Search:
            raise error

    status, out, err = call("grep", "{", ".", use_cases=Refusing())
    assert (status, out) == (2, "")
    assert error.args[0] in err


# ---------------------------------------------------------------- records


def test_records_are_ndjson(call: Call) -> None:
    assert call("grep", PATTERN, ".", use_cases=UseCases(LINE, LINE)).out == f"{LINE.text}\n{LINE.text}\n"


@pytest.mark.parametrize("lines", [[], [LINE], [LINE, LINE]])
def test_records_are_one_array_as_json(call: Call, lines: list[GrepLine]) -> None:
    out = call("grep", "--format", "json", PATTERN, ".", use_cases=UseCases(*lines)).out
    assert json.loads(out) == [json.loads(line.text) for line in lines]


def test_record_is_a_line_of_its_main_fields_as_table(call: Call) -> None:
    out = call("grep", "--format", "table", PATTERN, ".", use_cases=UseCases(LINE)).out
    assert (
        out
        == "2023-07-10 12:01:10  cloudtrail:StopLogging            user/alice                  192.0.2.1        us-east-1\n"
    )


def test_record_is_a_row_as_csv(call: Call) -> None:
    out = call("grep", "--format", "csv", PATTERN, ".", use_cases=UseCases(LINE)).out
    head, row = csv.reader(out.splitlines())
    assert dict(zip(head, row, strict=True))["userIdentity.arn"] == "arn:aws:iam::111122223333:user/alice"


@pytest.mark.parametrize("argv", [[], ["--format", "json"], ["--format", "table"], ["--format", "csv"], ["--explain"]])
def test_no_event_value_acts_on_a_terminal(call: Call, argv: list[str]) -> None:
    hostile = "\x7f\x9b2J\u202e\u2028"
    line = GrepLine(f"{hostile}\x1b", 1, (RECORD % hostile).replace("us-east-1", hostile).replace("alice", hostile))
    out = call("grep", *argv, PATTERN, ".", use_cases=UseCases(line)).out
    assert out
    assert not set(out) & set(hostile + "\x1b") - set("2J")


def test_output_file_holds_the_records(call: Call, tmp_path: Path) -> None:
    target = tmp_path / "out.ndjson"
    assert call("grep", PATTERN, ".", "-o", str(target), use_cases=UseCases(LINE)).out == ""
    assert target.read_text(encoding="utf-8") == LINE.text + "\n"


# ---------------------------------------------------------------- counts


@pytest.mark.parametrize(
    ("counts", "argv", "out"),
    [
        ([], [], "0\n"),
        ([5], [], "5\n"),
        ([5, 0], [], "f0.json:5\nf1.json:0\n"),
        ([5, 0], ["--format", "csv"], "path,found\nf0.json,5\nf1.json,0\n"),
        ([5], ["--format", "ndjson"], '{"path":"f0.json","found":5}\n'),
        ([5], ["--format", "json"], '{"found":5,"files":[{"path":"f0.json","found":5}]}\n'),
    ],
)
def test_counts_stand_alone_or_beside_their_files(call: Call, counts: list[int], argv: list[str], out: str) -> None:
    assert call("grep", "-c", *argv, PATTERN, ".", use_cases=UseCases(counts=counts)).out == out


# ---------------------------------------------------------------- reasons


def test_explanation_stands_under_its_record(call: Call) -> None:
    out = call("grep", "--explain", PATTERN, ".", use_cases=UseCases(LINE)).out
    first, second, third, *_ = out.split("\n")
    assert first == "a.json no. 3"
    assert "cloudtrail:StopLogging" in second
    assert third.startswith("  A  ")
    assert "true" in third


@pytest.mark.parametrize("form", ["json", "ndjson"])
def test_explanation_is_data_beside_the_record(call: Call, form: str) -> None:
    out = call("grep", "--explain", "--format", form, PATTERN, ".", use_cases=UseCases(LINE)).out
    document = json.loads(out)
    document = document[0] if form == "json" else document
    assert (document["path"], document["position"]) == ("a.json", 3)
    assert document["explanation"]["matches"] is True
    assert document["record"]["eventID"] == "e-1"


def test_explanation_has_no_form_as_csv(call: Call) -> None:
    assert call("grep", "--explain", "--format", "csv", PATTERN, ".", use_cases=UseCases()).status == 2


# ---------------------------------------------------------------- remarks


def test_what_was_not_read_is_told_and_the_rest_counted(call: Call) -> None:
    made = ledger(
        skipped=[(f"f{n}.gz", "broken") for n in range(7)], malformed=2, problems=[("a.json", 2, "no eventTime")]
    )
    err = call("grep", PATTERN, ".", use_cases=UseCases(LINE, ledger=made)).err
    assert "tocsin: f0.gz: broken\n" in err
    assert "f5.gz" not in err
    assert "and 2 more files could not be read in full" in err
    assert "2 values no usable record, the first: a.json no. 2: no eventTime" in err


def test_quiet_grep_makes_no_remarks(call: Call) -> None:
    made = ledger(skipped=[("a.gz", "broken")], read=5)
    assert call("grep", "-q", PATTERN, ".", use_cases=UseCases(ledger=made)).err == ""


def test_empty_selection_is_told(call: Call) -> None:
    err = call("grep", PATTERN, ".", use_cases=UseCases(ledger=ledger(read=5))).err
    assert "none of the 5 records lies in the time" in err


@pytest.mark.parametrize(("argv", "has_bar"), [([], False), (["-c"], True), (["-c", "-q"], False)])
def test_bar_does_not_get_between_records(call: Call, argv: list[str], has_bar: bool) -> None:
    cases = UseCases(LINE)
    call("grep", *argv, PATTERN, ".", use_cases=cases, is_terminal=True)
    assert (cases.asked["progress"] is not None) is has_bar
