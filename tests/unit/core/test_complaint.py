"""How complaints are told. Spec: AL-19.4, IF-9 (operator.channel)."""

from __future__ import annotations

import pytest

from tocsin.core.complaint import (
    MOST_NAMED,
    Complaint,
    ComplaintKind,
    ComplaintReport,
    ReportEvent,
    report_text,
    shown_endpoint,
)

AT = 1_772_366_400_000


def complaint(number: int = 0, *, remedy: str = "subscribe somebody") -> Complaint:
    return Complaint(
        kind=ComplaintKind.UNHEARD_ALARM,
        subject=f"arn:aws:cloudwatch:eu-west-1:111122223333:alarm:a{number}",
        since=AT,
        reason="nobody is told",
        remedy=remedy,
    )


@pytest.mark.parametrize(
    ("protocol", "endpoint", "shown"),
    [
        (
            "https",
            "https://user:secret@hooks.example.com:8443/T000/B000?key=secret",
            "https://hooks.example.com:8443/…",
        ),
        ("http", "http://example.com/hook", "http://example.com/…"),
        ("https", "https://example.com:port/x", "https://…"),
        ("https", "https://[::1/x", "https://…"),
        ("email", "alice@example.com", "alice@example.com"),
    ],
)
def test_no_path_of_a_url_is_shown(protocol: str, endpoint: str, shown: str) -> None:
    assert shown_endpoint(protocol, endpoint) == shown


@pytest.mark.parametrize("event", list(ReportEvent))
@pytest.mark.parametrize("count", [1, 2, MOST_NAMED, MOST_NAMED + 3])
@pytest.mark.parametrize("remedy", ["", "subscribe somebody"])
def test_what_a_report_names(event: ReportEvent, count: int, remedy: str) -> None:
    complaints = [complaint(number, remedy=remedy) for number in range(count)]
    report = ComplaintReport(event=event, at=AT, complaints=complaints, why="somebody hears it")
    text = report_text(report, service="https://tocsin.example.com")
    for one in complaints[:MOST_NAMED]:
        assert f"{one.subject}\n" in text
    assert ("and 3 more" in text) is (count > MOST_NAMED)
    assert ("It is over: somebody hears it." in text) is (event is ReportEvent.ENDED and count == 1)
    assert ("What to do: subscribe somebody." in text) is (bool(remedy) and event is not ReportEvent.ENDED)
    assert text.endswith("  Told by: https://tocsin.example.com\n")
