"""The scan report as a person reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.app.report import Bytes, Files, FilterResult, Metric, Problem, Records, ScanReport, Series, Skip
from tocsin.cli.scan_table import draw_report
from tocsin.cli.table import width_of
from tocsin.cli.terminal import Stream

from .conftest import FakeStream

if TYPE_CHECKING:
    from .conftest import MakeStream


def result(name: str, matches: int = 1, severity: str = "high", **more: Any) -> FilterResult:
    settings: dict[str, Any] = {
        "name": name,
        "pattern": "",
        "matches": matches,
        "metric": Metric(namespace="n", name="m"),
        "datapoints": [("2023-07-10T12:00:00Z", float(matches))],
        "top": {},
        "first": "2023-07-10T12:00:10Z",
        "last": "2023-07-10T12:04:40Z",
        "severity": severity,
        **more,
    }
    return FilterResult(**settings)


def report(*filters: FilterResult, **more: Any) -> ScanReport:
    settings: dict[str, Any] = {
        "tocsin": "0.1.0",
        "command": "scan",
        "files": Files(read=2),
        "records": Records(read=100, selected=100, first="2023-07-10T11:00:00Z", last="2023-07-10T13:00:00Z"),
        "bytes": Bytes(read=1000, unpacked=1000),
        "seconds": 2.0,
        "filters": list(filters),
        **more,
    }
    return ScanReport(**settings)


def test_report_is_drawn(make_stream: MakeStream) -> None:
    top = {
        "userIdentity.arn": [("arn:aws:iam::111122223333:user/alice", 7), ("arn:aws:iam::111122223333:root", 2)],
        "sourceIPAddress": [("192.0.2.1", 6), ("198.51.100.7", 2), ("203.0.113.9", 1), ("192.0.2.2", 1)],
        "awsRegion": [("us-east-1", 10)],
    }
    lines = list(
        draw_report(
            report(
                result("p/quiet", 0),
                result(
                    "p/loud", 10, top=top, datapoints=[("2023-07-10T12:00:00Z", 2.0), ("2023-07-10T13:00:00Z", 8.0)]
                ),
                result("p/worse", severity="critical", last="2023-07-10T12:00:10Z"),
            ),
            make_stream(),
        )
    )
    assert lines == [
        "  SEVERITY  FILTER  MATCHES  11:00 ──────────────────── 13:00",
        "◆ critical  worse         1  ················█···············",
        "            2023-07-10 12:00 UTC",
        "● high      loud         10  ················▂··············█",
        "            2023-07-10 12:00 to 12:04 UTC   by user/alice 7, root 2, others 1",
        "            from 192.0.2.1 6, 198.51.100.7 2, 203.0.113.9 1, others 1",
        "            in us-east-1 10",
        "",
        "1 filter matched nothing:",
        "  p: quiet",
        "",
        "100 records in 2 files; 1.0 kB; 2.0 s (50 records/s)",
    ]


def drawn(stream: Stream, *filters: FilterResult, **more: Any) -> str:
    return "\n".join(draw_report(report(*filters, **more), stream))


def test_gravest_comes_first_then_the_most_frequent(make_stream: MakeStream) -> None:
    filters = [
        result("a", 1, "low"),
        result("b", 2, "critical"),
        result("c", 9, "high"),
        result("d", 10, "high"),
        result("e", 5, ""),
    ]
    text = drawn(make_stream(), *filters)
    places = [text.index(f"  {name} ") for name in "bdcae"]
    assert places == sorted(places)


def test_names_keep_their_pack_where_there_are_several(make_stream: MakeStream) -> None:
    text = drawn(make_stream(), result("article/x"), result("cis/x"))
    assert "article/x" in text
    assert "cis/x" in text


def test_stream_without_unicode_gets_ascii(make_stream: MakeStream) -> None:
    text = drawn(make_stream(encoding="ascii"), result("p/" + "long-name-" * 9), result("p/quiet", 0))
    assert text.isascii()
    assert "@" in text


def test_values_of_all_dimensions_count_in_the_line(make_stream: MakeStream) -> None:
    series = [
        Series(dimensions={"u": user}, datapoints=[(f"2023-07-10T1{hour}:00:00Z", 1.0)])
        for user, hour in (("a", 1), ("b", 2))
    ]
    assert drawn(make_stream(), result("x", 2, datapoints=series)).count("█") == 2


def test_identity_without_arn_is_named_by_its_user(make_stream: MakeStream) -> None:
    top = {"userIdentity.arn": [], "userIdentity.userName": [("alice", 1)]}
    assert "by alice" in drawn(make_stream(), result("x", top=top))


def test_matches_without_a_value_are_told(make_stream: MakeStream) -> None:
    assert "2 matches without a usable value" in drawn(make_stream(), result("x", 3, unusable=2))


def test_nothing_matched_is_said(make_stream: MakeStream) -> None:
    text = drawn(make_stream(), result("p/a", 0), result("p/b", 0))
    assert "Nothing matched. 2 filters looked:" in text
    assert "p: a, b" in text


def test_empty_archive_is_drawn(make_stream: MakeStream) -> None:
    empty = {"records": Records(), "files": Files(), "bytes": Bytes(), "seconds": 0.0}
    assert drawn(make_stream(), **empty) == "0 records in 0 files; 0 bytes; 0.00 s"


def test_ledger_names_what_was_left_out(make_stream: MakeStream) -> None:
    text = drawn(
        make_stream(),
        files=Files(read=1, digests=3, skipped=[Skip(path=f"f{n}.gz", reason="not gzip") for n in range(7)]),
        records=Records(
            read=10,
            selected=4,
            malformed=5,
            problems=[Problem(path="a.json", position=n, reason="no eventTime") for n in range(1, 5)],
        ),
    )
    assert "10 records (4 chosen) in 1 file; 5 malformed; 3 digest files" in text
    assert "malformed  a.json no. 1: no eventTime" in text
    assert "and 2 more malformed" in text
    assert "7 files not read, or not to the end:" in text
    assert "  f0.gz: not gzip" in text
    assert "f5.gz" not in text
    assert "and 2 more (--format json lists them all)" in text


def test_filters_without_a_span_of_records_have_no_line(make_stream: MakeStream) -> None:
    text = drawn(make_stream(), result("x"), records=Records(read=1, selected=1, first=None, last=None))
    assert "x             1\n" in text


def test_span_of_days_is_headed_by_dates(make_stream: MakeStream) -> None:
    records = Records(read=2, selected=2, first="2023-07-10T11:00:00Z", last="2024-07-10T13:00:00Z")
    assert "2023-07-10 ────────── 2024-07-10" in drawn(make_stream(), result("x"), records=records)
    assert "2023" not in drawn(make_stream(width=40), result("long-name-of-it"), records=records).split("\n")[0]


def test_long_path_and_reason_stand_on_two_lines(make_stream: MakeStream) -> None:
    text = drawn(make_stream(), files=Files(skipped=[Skip(path="d/" * 60 + "x.gz", reason="r" * 60)]))
    assert "x.gz\n" in text
    assert all(len(line) <= 80 for line in text.split("\n"))


NAME = st.text(st.sampled_from("ab/-東\x1b é"), min_size=1, max_size=50)
COUNTS = st.lists(st.tuples(NAME, st.integers(1, 10**9)), max_size=5)


@given(
    st.lists(
        st.builds(
            lambda name, matches, severity, arns, addresses: result(
                name, matches, severity, top={"userIdentity.arn": arns, "sourceIPAddress": addresses}
            ),
            NAME,
            st.integers(0, 10**12),
            st.sampled_from(["critical", "high", "medium", "low", "info", ""]),
            COUNTS,
            COUNTS,
        ),
        max_size=5,
    ),
    st.lists(st.builds(lambda path, reason: Skip(path=path, reason=reason), NAME, NAME), max_size=7),
    st.integers(60, 140),
)
def test_no_line_is_wider_than_the_terminal(filters: list[FilterResult], skipped: list[Skip], width: int) -> None:
    stream = Stream(FakeStream(), {"COLUMNS": str(width)})
    for line in draw_report(report(*filters, files=Files(skipped=skipped)), stream):
        assert width_of(line) <= width
        assert "\x1b" not in line


@pytest.mark.parametrize("width", [40, 50, 60, 80, 120, 300])
def test_every_width_is_kept(make_stream: MakeStream, width: int) -> None:
    top = {"userIdentity.arn": [("arn:aws:sts::111122223333:assumed-role/" + "x" * 90, 12)] * 4}
    text = drawn(make_stream(width=width), result("pack/some-rather-long-name-of-a-filter", 12_345_678, top=top))
    assert all(width_of(line) <= width for line in text.split("\n"))
