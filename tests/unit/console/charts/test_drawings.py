"""The drawings as text, compared with the files in `golden/`. Spec: CON-5.1, CON-5.2, CON-5.5, CON-5.6.

Run this file as a program to write them anew, and look at what has changed:

    PYTHONPATH=src python tests/unit/console/charts/test_drawings.py
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest

from tocsin.console.charts import (
    DecidingEvaluation,
    Deed,
    Figure,
    Mark,
    MetricChart,
    MetricWords,
    Side,
    Slot,
    StateSpan,
    Window,
    actor_timeline,
    event_lane,
    metric_figure,
    sparkline,
    state_lane,
    window_to,
)

GOLDEN = Path(__file__).parent / "golden"
BERLIN = ZoneInfo("Europe/Berlin")
NOW = int(datetime(2026, 11, 23, 2, 14, 20, tzinfo=UTC).timestamp())
DECIDED = NOW - 200  # 03:11:00 in Berlin
WORDS = MetricWords(
    metric="Sum of SecurityGroupEventCount in 5 minutes",
    short="Sum in 5 min",
    one="event",
    many="events",
    threshold="rings at 1 or more",
    limit="at least 1",
    missing="no data, counts as fine",
    decided_at="at 03:11",
)


def slots(values: dict[int, dict], *, back: int = 40, period: int = 300, ahead: int = 1) -> tuple[Slot, ...]:
    """Slots of `period` seconds around the deciding evaluation; keys of `values` count from the newest it saw, 0."""
    made = []
    for place in range(-back, ahead + 1):
        end = DECIDED + place * period
        made.append(Slot(start=end - period, end=end, **values.get(place, {})))
    return tuple(made)


def security_groups() -> MetricChart:
    """The mock-up's: one event rang at 01:41, two at 03:11."""
    breach = {"is_breaching": True, "href": "#events"}
    return MetricChart(
        window=window_to(NOW, 3 * 3600, BERLIN),
        slots=slots(
            {
                -18: {"value": 1.0, "note": "rang at 01:41", **breach},
                0: {"value": 2.0, "note": "decided ALARM at 03:11", **breach},
                1: {"value": 1.0, "note": "slot not over yet", **breach},
            }
        ),
        now=NOW,
        words=WORDS,
        zone=BERLIN,
        threshold=1.0,
        decision=DecidingEvaluation(at=DECIDED, period=300, looked_at=3, evaluated=1),
        states=(
            StateSpan(NOW - 20_000, DECIDED - 5400, "OK"),
            StateSpan(DECIDED - 5400, DECIDED - 4500, "ALARM"),
            StateSpan(DECIDED - 4500, DECIDED, "OK"),
            StateSpan(DECIDED, NOW, "ALARM"),
        ),
        acknowledged=(DECIDED - 5100,),
    )


def fills_and_late_data() -> MetricChart:
    """What is missing counts as breaching; one slot holds more today than it did when it was decided."""
    return MetricChart(
        window=Window(DECIDED - 3600, DECIDED + 600),
        slots=slots(
            {
                -9: {"value": 0.0},
                -8: {"value": 0.0},
                -3: {"is_fill": True},
                -2: {"is_fill": True},
                -1: {"value": 4.0, "decided": 1.0, "is_breaching": True, "is_late": True, "href": "#events"},
                0: {"value": 2.0, "is_breaching": True, "href": "#events"},
            },
            back=12,
        ),
        now=DECIDED + 30,
        words=MetricWords(metric="Sum of X in 5 minutes", short="Sum in 5 min", threshold="rings at 2 or more"),
        threshold=2.0,
        decision=DecidingEvaluation(at=DECIDED, period=300, looked_at=5, evaluated=3),
        states=(StateSpan(DECIDED - 3600, DECIDED, "INSUFFICIENT_DATA"), StateSpan(DECIDED, DECIDED + 30, "ALARM")),
        muted=((DECIDED - 1200, DECIDED + 600),),
    )


def band() -> MetricChart:
    """A line that leaves its band, with a gap."""
    edge = {"lower": 10.0, "upper": 20.0}
    values = {place: {"value": 14.0 + place % 4, **edge} for place in range(-40, -2)}
    values[-2] = {"value": 31.5, "is_breaching": True, **edge}
    values[-20] = {}
    return MetricChart(
        window=Window(DECIDED - 40 * 300, DECIDED),
        slots=slots(values, ahead=0),
        now=DECIDED,
        words=MetricWords(metric="Average of Latency in 5 minutes", short="Average in 5 min", threshold="the band"),
        side=Side.BOTH,
        is_count=False,
    )


def below() -> MetricChart:
    """A value that must not fall below its threshold."""
    return MetricChart(
        window=Window(DECIDED - 3000, DECIDED),
        slots=slots({0: {"value": 62.5, "is_breaching": True}, -1: {"value": 80.0}, -3: {"value": 99.9}}, ahead=0),
        now=DECIDED,
        words=MetricWords(metric="Average of Share", short="Average", threshold="rings below 75", limit="less than 75"),
        side=Side.BELOW,
        is_count=False,
        threshold=75.0,
    )


def week() -> MetricChart:
    """Many slots: a week of five minutes in 120 columns."""
    values = {place: {"value": float(1 + place % 7), "href": "#events"} for place in range(-2000, 0, 97)}
    return MetricChart(
        window=window_to(NOW, 7 * 86_400, BERLIN),
        slots=slots(values, back=2016),
        now=NOW,
        words=WORDS,
        zone=BERLIN,
        threshold=8.0,
    )


def marks(count: int) -> list[Mark]:
    services = ["ec2", "iam", "sts", "s3"]
    deeds = [Deed.READ, Deed.WRITE, Deed.READ, Deed.DENIED, Deed.COUNTED]
    return [
        Mark(
            at=NOW - 3600 + place * 3600 // count,
            service=services[place * place % 4],
            deed=deeds[place % 5],
            text=f"Call{place % 3}, done",
            href=f"/console/events/{place}" if place % 2 else "",
        )
        for place in range(count)
    ]


HOUR = Window(NOW - 3600, NOW)
DAY = window_to(NOW, 86_400, BERLIN)


def figure(chart: MetricChart) -> str:
    drawn: Figure = metric_figure(chart)
    legend = "".join(f"<li>{sample}{words}</li>" for sample, words in drawn.legend)
    return f'<figure aria-label="{drawn.label}">{drawn.axis}{drawn.drawing}<ul>{legend}</ul></figure>'


def timeline(count: int) -> str:
    drawn = actor_timeline(HOUR, marks(count), now=NOW, zone=BERLIN, actor="mallory")
    lanes = "".join(f"<li><b>{lane.service} {lane.count}</b>{lane.drawing}</li>" for lane in drawn.lanes)
    legend = "".join(f"<li>{sample}{words}</li>" for sample, words in drawn.legend)
    return f'<figure aria-label="{drawn.label}">{drawn.head}<ul>{lanes}</ul>{drawn.ticks}<ul>{legend}</ul></figure>'


def lane() -> str:
    states = (
        StateSpan(DAY.start, DAY.start + 7200, "INSUFFICIENT_DATA"),
        StateSpan(DAY.start + 7200, NOW - 900, "OK"),
        StateSpan(NOW - 900, NOW, "ALARM"),
    )
    muted = ((NOW - 7200, NOW - 3600),)
    return str(state_lane(DAY, states, muted=muted, flapping=((NOW - 20_000, NOW - 15_000), (0, 1))))


def minutes() -> list[tuple[int, float | None]]:
    return [(DAY.start + 60 * place, None if 600 <= place < 640 else float(place % 50)) for place in range(1440)]


def counts(drawn) -> str:
    return f'<figure aria-label="{drawn.label}">{drawn.drawing}</figure>'


DRAWINGS = {
    "security-groups": lambda: figure(security_groups()),
    "fills-and-late-data": lambda: figure(fills_and_late_data()),
    "band": lambda: figure(band()),
    "below": lambda: figure(below()),
    "week": lambda: figure(week()),
    "lane": lane,
    "event-lane": lambda: counts(event_lane(DAY, minutes(), width=60, now=NOW, zone=BERLIN)),
    "sparkline": lambda: counts(sparkline(DAY, minutes(), width=60, now=NOW, zone=BERLIN)),
    "timeline": lambda: timeline(24),
    "timeline-of-many": lambda: timeline(600),
}


def lines(markup: str) -> str:
    """One element a line, so that a difference can be read."""
    return re.sub(r">(?=<)", ">\n", markup) + "\n"


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_is_as_it_was(name: str) -> None:
    assert lines(DRAWINGS[name]()) == (GOLDEN / f"{name}.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_is_well_formed_without_style_script_and_viewbox(name: str) -> None:
    root = ET.fromstring(f"<r>{DRAWINGS[name]()}</r>")
    for node in root.iter():
        assert not {"style", "onload", "onclick"} & set(node.attrib), node.attrib
        # The samples of the legend are scaled with their text; what has none is stretched; nothing else is either.
        box = node.get("viewBox")
        if node.get("class") == "sl":
            assert (box, node.get("width")) == (f"0 0 10000 {node.get('height')}", None)
            assert node.get("preserveAspectRatio") == "none"
            assert {child.tag for child in node} == {"path"}
        else:
            assert box in {None, "0 0 20 12"}


@pytest.mark.parametrize("name", DRAWINGS)
def test_along_the_axis_all_is_percent(name: str) -> None:
    root = ET.fromstring(f"<r>{DRAWINGS[name]()}</r>")
    for svg in [node for node in root.iter("svg") if node.get("width") == "100%"]:
        for node in svg.iter():
            if node.tag in {"rect", "line"} and node is not svg:
                for name_ in ("x", "x1", "x2", "width"):
                    text = node.get(name_)
                    assert text is None or re.fullmatch(r"\d+(\.\d\d)?%", text), (node.tag, node.attrib)


def test_the_mock_up_stands_where_it_did() -> None:
    drawn = metric_figure(security_groups())
    assert drawn.label == (
        "Sum of SecurityGroupEventCount in 5 minutes, 3 hours to 03:30. Highest 2 at 03:06, threshold at least 1,"
        " in ALARM 2 times."
    )
    # y of value 2 and 1 under a top of 3; the three slots that were looked at; now.
    assert '<rect class="bb" x="86.81%" y="82" width="2.50%" height="112"/>' in drawn.drawing
    assert '<rect class="win" x="81.11%" y="26" width="8.33%" height="168"/>' in drawn.drawing
    assert '<line class="now" x1="91.30%" x2="91.30%" y1="26" y2="212"/>' in drawn.drawing
    assert "03:06 to 03:11: 2 events, decided ALARM at 03:11" in drawn.drawing
    assert [words for _, words in drawn.legend] == [
        "breaching slot", "threshold", "3 slots seen at 03:11", "ALARM", "OK", "acknowledged",
    ]  # fmt: skip


def test_the_text_of_a_record_cannot_become_markup() -> None:
    mark = Mark(at=NOW - 60, service="<b>", deed=Deed.WRITE, text='"><script>alert(1)</script>', href='"onload="x')
    drawn = actor_timeline(HOUR, [mark], now=NOW, actor="x")
    assert "<script" not in drawn.lanes[0].drawing
    assert 'href="&#34;onload=&#34;x"' in drawn.lanes[0].drawing


if __name__ == "__main__":
    for name, draw in DRAWINGS.items():
        (GOLDEN / f"{name}.svg").write_text(lines(draw()), encoding="utf-8")
