"""The backtest report as a page: what stands on it, that it is safe to open, and that it stays small (IF-3)."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest

from tocsin.app.backtest_report import AlarmResult, BacktestReport, Child, EventLine, Held, TransitionLine
from tocsin.app.report import Bytes, Files, Problem, Records, Skip
from tocsin.console.backtest_page import render_page
from tocsin.console.backtest_page.timeline import (
    BASE,
    TOP,
    Mark,
    Span,
    Stretch,
    axis,
    coarse,
    marks,
    percent,
    stretches,
    thinned,
    ticks,
)
from tocsin.console.backtest_page.wording import length_text, moment, number_text, shown
from tocsin.core.event_time import format_time, parse_event_time

START, END = "2026-03-18T00:00:00Z", "2026-03-19T00:00:00Z"
FIRST = parse_event_time(START)
assert FIRST is not None
DAY = Span(FIRST, FIRST + 86_400)
VOID = {
    "meta", "br", "wbr", "input", "link", "img", "hr", "path", "rect", "line", "circle", "use",
}  # fmt: skip
HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(2)></title></style>{{ 7*7 }}{% raw %}&lt;"


def at(minute: int) -> str:
    return format_time(DAY.start + 60 * minute)


def turn(minute: int, old: str, new: str, **more: Any) -> TransitionLine:
    return TransitionLine(at=at(minute), from_=old, to=new, reason=more.pop("reason", "because"), **more)


def event(number: int = 0, **more: str) -> EventLine:
    texts = {
        "event": "ConsoleLogin", "source": "signin.amazonaws.com", "error": "Failed authentication", "who": "alice",
        "address": "192.0.2.1", "agent": "curl", "account": "111122223333", "region": "us-east-1", "resource": "",
    }  # fmt: skip
    return EventLine(id=f"id-{number}", at=at(number), **{**texts, **more})


def alarm(name: str, *turns: TransitionLine, **more: Any) -> AlarmResult:
    given = {
        "time_in": {"OK": 86_400.0}, "final": turns[-1].to if turns else "OK", "period": 300, "evaluation_range": 3,
        "threshold": 3.0, "comparison": "GreaterThanOrEqualToThreshold",
    }  # fmt: skip
    return AlarmResult(name=name, transitions=list(turns), **{**given, **more})


def rang(name: str, *, times: int = 1, **more: Any) -> AlarmResult:
    told = more.pop("turn", {"notified": ["security@example.com"]})
    turns = []
    for number in range(times):
        turns += [turn(10 + 40 * number, "OK", "ALARM", **told), turn(25 + 40 * number, "ALARM", "OK")]
    spent = {"OK": 86_400.0 - 900 * times, "ALARM": 900.0 * times}
    return alarm(name, *turns, **{"time_in": spent, "matches": times, **more})


def report(*alarms: AlarmResult, **more: Any) -> BacktestReport:
    given = {
        "from_": START, "until": END, "evaluations": 1440, "seconds": 0.25, "files": Files(read=2),
        "records": Records(read=9, selected=9), "bytes": Bytes(read=1000, unpacked=9000),
    }  # fmt: skip
    return BacktestReport(tocsin="1.2.3", alarms=list(alarms), **{**given, **more})


class Page(HTMLParser):
    """The tree of a page, flat: every element with its attributes and all text in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None], list[str]]] = []
        self._open: list[tuple[str, dict[str, str | None], list[str]]] = []
        self.problems: list[str] = []
        self.feed(text)
        self.close()
        self.problems += [f"{tag} is not closed" for tag, _, _ in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = (tag, dict(attrs), [])
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs), []))

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if self._open and self._open[-1][0] == tag:
            self._open.pop()
        else:
            self.problems.append(f"</{tag}> out of place")

    def handle_data(self, data: str) -> None:
        for _, _, texts in self._open:
            texts.append(data)

    def all(self, tag: str, **wanted: str) -> list[str]:
        """The texts of the elements of a name, with these values among those of their attributes."""
        return [
            " ".join("".join(texts).split())
            for name, attributes, texts in self.elements
            if name == tag
            and all(value in (attributes.get(key.strip("_")) or "").split() for key, value in wanted.items())
        ]


def page_of(*alarms: AlarmResult, **more: Any) -> Page:
    return Page(render_page(report(*alarms, **more), generated="2026-04-01 12:00:00Z"))


def full_report(text: str = "text") -> BacktestReport:
    """Every field of a report filled, the texts with `text`."""
    held = Held(by=text, ran_at=text)
    child = Child(name=text, state=text, since=text)
    line = EventLine(**dict.fromkeys(EventLine.__struct_fields__, text))
    loud = turn(10, "OK", "ALARM", reason=text, why=text, not_notified=text, held=held, details=[line], events=[text])
    told = turn(50, text, "ALARM", reason=text, notified=[text], children=[child], datapoints=[(text, 1.0)])
    first = AlarmResult(
        name=text, final=text, time_in={text: 1.0}, transitions=[loud, told], kind=text, title=text, severity=text,
        why=text, runbook=text, condition=text, comparison=text, threshold=1.0, period=300, evaluation_range=3,
        series=[(at(5), 1.0)],
    )  # fmt: skip
    return BacktestReport(
        tocsin=text, from_=START, until=END, evaluations=1, seconds=1, clock=text, notes=[text], alarms=[first, alarm(text + "2")],
        files=Files(read=1, skipped=[Skip(path=text, reason=text)]), bytes=Bytes(),
        records=Records(read=1, malformed=1, first=text, last=text, problems=[Problem(path=text, position=1, reason=text)]),
    )  # fmt: skip


# --- the page is safe to open -----------------------------------------------------------------------


def test_every_element_is_closed_and_every_id_is_unique() -> None:
    page = Page(render_page(full_report(), generated="now"))
    ids = [attributes["id"] for _, attributes, _ in page.elements if "id" in attributes]
    assert page.problems == []
    assert len(ids) == len(set(ids))


def test_alarms_of_one_name_have_their_own_parts() -> None:
    page = page_of(rang("same"), rang("same"), alarm("same"))
    assert [attributes["href"] for tag, attributes, _ in page.elements if tag == "a"][1:] == ["#a1", "#a2", "#a3"]
    assert [
        attributes["id"] for _, attributes, _ in page.elements if (attributes.get("id") or "") in {"a1", "a2", "a3"}
    ] == ["a1", "a2", "a3"]


def test_every_link_and_glyph_leads_somewhere() -> None:
    page = Page(render_page(full_report(), generated="now"))
    ids = {f"#{attributes['id']}" for _, attributes, _ in page.elements if "id" in attributes}
    links = {attributes["href"] for _, attributes, _ in page.elements if "href" in attributes}
    assert links <= ids


def test_hostile_values_make_no_element() -> None:
    plain = Page(render_page(full_report("plain"), generated="plain"))
    hostile = Page(render_page(full_report(HOSTILE), generated=HOSTILE))
    assert hostile.problems == []
    assert [tag for tag, _, _ in hostile.elements] == [tag for tag, _, _ in plain.elements]
    assert [sorted(attributes) for _, attributes, _ in hostile.elements] == [
        sorted(attributes) for _, attributes, _ in plain.elements
    ]
    assert HOSTILE in hostile.all("h3")


def test_control_characters_do_not_reach_the_page() -> None:
    text = render_page(full_report("a\x00\x1b[2J\u202eb\ud800\u0301" + "\u0301" * 9), generated="\u202e")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202e\ud800-\udfff]|\u0301{5}", text)
    text.encode()


def test_data_for_the_script_end_no_element() -> None:
    text = render_page(report(alarm("a", turn(1, "OK", HOSTILE + "&\u2028"))), generated="now")
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert data is not None
    assert not set("<>&\u2028") & set(data[1])
    states = json.loads(data[1])["alarms"]["a1"]["states"]
    assert states == ["OK", 0, HOSTILE + "&\u2028", 60]


def test_nothing_is_loaded_and_nothing_acts_inline() -> None:
    text = render_page(full_report("https://example.com/x.js"), generated="now")
    page = Page(text)
    for tag, attributes, _ in page.elements:
        assert tag not in {"link", "img", "iframe", "object", "embed", "base", "form", "audio", "video", "image"}
        assert not {
            name for name in attributes if name.startswith("on") or name in {"style", "src", "srcset", "action"}
        }
        assert (attributes.get("href") or "#").startswith("#")
    assert "url(" not in text
    assert "@import" not in text


def test_policy_allows_this_style_and_this_script_alone() -> None:
    text = render_page(report(), generated="now")
    policy = next(
        attributes["content"]
        for _, attributes, _ in Page(text).elements
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )

    def hash_of(pattern: str) -> str:
        found = re.findall(pattern, text, re.DOTALL)
        assert len(found) == 1
        return base64.b64encode(hashlib.sha256(found[0].encode()).digest()).decode()

    assert policy == (
        f"default-src 'none'; style-src 'sha256-{hash_of('<style>(.*?)</style>')}'; "
        f"script-src 'sha256-{hash_of('<script>(.*?)</script>')}'; base-uri 'none'; form-action 'none'"
    )


def test_policy_comes_before_style_and_script() -> None:
    text = render_page(report(), generated="now")
    assert text.index("Content-Security-Policy") < text.index("<style>") < text.index("<script")


def test_page_is_in_english_with_one_headline_and_headings_in_order() -> None:
    page = page_of(rang("loud", runbook="Do it."), alarm("quiet", turn(1, "INSUFFICIENT_DATA", "OK")))
    levels = [int(tag[1]) for tag, _, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert next(attributes for tag, attributes, _ in page.elements if tag == "html") == {"lang": "en"}


def test_same_report_gives_the_same_page() -> None:
    assert render_page(full_report(), generated="now") == render_page(full_report(), generated="now")


# --- what stands on it ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("alarms", "more", "headline"),
    [
        ([], {}, "There was no alarm to replay"),
        ([alarm("a")], {"records": Records()}, "No record was read, so nothing can be said"),
        ([rang("a")], {"records": Records()}, "No record was read, so little can be said"),
        ([alarm("a")], {}, "The one alarm stayed quiet"),
        ([alarm("a"), alarm("b")], {}, "All 2 alarms stayed quiet"),
        ([rang("a"), alarm("b")], {}, "1 of 2 alarms rang"),
        ([rang("a")], {}, "1 of 1 alarm rang"),
    ],
)
def test_headline(alarms: list[AlarmResult], more: dict[str, Any], headline: str) -> None:
    page = page_of(*alarms, **more)
    assert page.all("h1") == [headline]
    assert page.all("title")[0] == f"{headline} · Tocsin backtest"


def test_alarms_that_rang_come_first_by_severity_and_count() -> None:
    page = page_of(
        alarm("quiet-low", severity="low"),
        alarm("quiet-critical", severity="critical"),
        rang("odd", severity="unheard-of"),
        rang("once", severity="high"),
        rang("twice", severity="high", times=2),
        rang("gravest", severity="critical"),
    )
    names = ["gravest", "twice", "once", "odd", "quiet-critical", "quiet-low"]
    assert page.all("a")[1:] == names
    assert page.all("h3") == ["Rang 4", *names[:4][:0], "Quiet 2 never went to ALARM", *names]


@pytest.mark.parametrize(
    ("given", "remark"),
    [
        (alarm("a", series=[(at(5), 1.0), (at(60), 2.0)]), "highest 2, rings at 3 or more"),
        (alarm("a", series=[(at(5), 1.0)], comparison="GreaterThanThreshold"), "highest 1, rings above 3"),
        (alarm("a", series=[(at(5), 9.5)], comparison="LessThanThreshold"), "lowest 9.5, rings below 3"),
        (alarm("a", series=[(at(5), 4.0)], comparison="LessThanOrEqualToThreshold"), "lowest 4, rings at 3 or less"),
        (alarm("a", series=[(at(5), 4.0)], comparison="?"), "highest 4, threshold 3"),
        (alarm("a", series=[(at(5), math.inf)], matches=2), "2 matches"),
        (alarm("a", threshold=None, matches=1), "1 match"),
        (alarm("a"), "nothing matched"),
        (alarm("a", final="INSUFFICIENT_DATA"), "never had data"),
    ],
)
def test_quiet_alarm_says_how_near_it_came(given: AlarmResult, remark: str) -> None:
    page = page_of(given)
    assert page.all("span", class_="tm") == [remark]
    assert page.all("summary")[0].endswith(remark)


def test_alarm_that_told_nobody_is_loud() -> None:
    page = page_of(rang("a", times=2, turn={"not_notified": "no confirmed subscriber"}), rang("b"))
    assert page.all("p", class_="nobody") == ["Nobody was told. no confirmed subscriber"] * 2
    assert "2 of 3 calls told nobody. The reason stands at each." in page.all("li", class_="alarm")
    assert page.all("span", class_="tm")[0].endswith("nobody told")
    assert not page.all("span", class_="tm")[1].endswith("nobody told")


def test_alarm_that_told_nobody_without_a_reason_says_so() -> None:
    assert page_of(rang("a", turn={})).all("p", class_="nobody") == ["Nobody was told. The report gives no reason."]


def test_return_to_ok_without_receivers_is_calm() -> None:
    page = page_of(alarm("a", turn(1, "INSUFFICIENT_DATA", "OK", not_notified="no action for OK")))
    assert page.all("p", class_="nobody") == []
    assert page.all("p", class_="told") == ["Nobody told: no action for OK"]


def test_people_are_named_and_the_rest_counted() -> None:
    names = [f"{number}@example.com" for number in range(12)]
    told = page_of(rang("a", turn={"notified": names})).all("p", class_="told")
    assert told == [f"Told {', '.join(names[:10])} and 2 more"]


@pytest.mark.parametrize(
    ("held", "text"),
    [
        (Held(by="Mute"), "The actions were held (Mute) and never ran."),
        (Held(by="WaitPeriod", ran_at=at(12)), "The actions were held (WaitPeriod) and ran at 2026-03-18 00:12:00Z."),
    ],
)
def test_held_actions(held: Held, text: str) -> None:
    assert page_of(rang("a", turn={"held": held})).all("p", class_="held") == [text]


def test_transition_shows_states_points_rule_and_reason() -> None:
    points = [(at(5 * number), float(number)) for number in range(12)]
    page = page_of(alarm("a", turn(60, "OK", "ALARM", reason="Threshold Crossed", why="good-point", datapoints=points)))
    item = page.all("li", class_="turn-item")[0]
    assert item.startswith("2026-03-18 01:00:00Z OK → ALARM for 23 h Show in graph Nobody was told.")
    assert "Decided by 0 at 2026-03-18 00:00:00Z" in item
    assert "and 2 more" in item
    assert page.all("p", class_="why") == [
        "Decided because datapoints were missing, and one of those at hand does not breach"
    ]
    assert page.all("p", class_="reason") == ["Threshold Crossed"]


def test_equal_events_are_folded_and_the_rest_counted() -> None:
    details = [event(1), event(2), event(3, who="bob"), event(4)]
    turns = {"events": ["id-1", "id-2"], "events_omitted": 6, "details": details, "notified": ["x"]}
    page = page_of(rang("a", turn=turns))
    cells = page.all("td")
    assert cells[:6] == [
        "2026-03-18 00:01:00Z and 2 more like it",
        "3 × ConsoleLogin signin.amazonaws.com Failed authentication",
        "alice",
        "192.0.2.1 curl 111122223333 us-east-1",
        "none named",
        "id-1",
    ]
    assert cells[8] == "bob"
    assert len(cells) == 12
    assert page.all("p", class_="cap") == ["10 events behind it, 6 of them not listed here"]


def test_events_without_details_are_counted() -> None:
    assert page_of(rang("a", turn={"events": ["x"]})).all("p", class_="cap") == ["1 event behind it, not listed here"]


def test_what_a_record_does_not_name_is_said() -> None:
    empty = event(1, source="", error="", who="", address="", agent="", account="", region="")
    cells = page_of(rang("a", turn={"details": [empty]})).all("td")
    assert cells[2:5] == ["the record names nobody", "the record carries no address", "none named"]


def test_composite_alarm_shows_the_children_that_decided() -> None:
    children = [Child(name="child", state="ALARM", since=at(9)), *[Child(name="far", state="OK", since=at(1))] * 30]
    both = turn(10, "OK", "ALARM", children=children, notified=["x"])
    composite = alarm("both", both, kind="composite", threshold=None, period=None, evaluation_range=None)
    page = page_of(composite, rang("child"))
    kids = page.all("ul", class_="kids")[0]
    assert kids.startswith("ALARM child since 2026-03-18 00:09:00Z OK far")
    assert kids.endswith("and 11 more")
    assert page.all("a").count("child") == 2


def test_ledger_lists_what_was_not_read() -> None:
    files = Files(read=7, digests=3, skipped=[Skip(path=f"{number}.gz", reason="broken") for number in range(60)])
    problems = [Problem(path="p.json", position=number, reason="no eventTime") for number in range(60)]
    records = Records(read=1234, selected=1000, malformed=99, first=at(1), last=at(2), problems=problems)
    page = page_of(alarm("a"), files=files, records=records, clock="delivery", notes=["note"] * 60)
    facts = dict(zip(page.all("dt"), page.all("dd"), strict=True))
    assert facts["Files read"] == "7"
    assert facts["Files not read to the end"] == "60"
    assert facts["Malformed records"] == "99"
    assert facts["First and last record"] == "2026-03-18 00:01:00Z to 2026-03-18 00:02:00Z"
    assert facts["A record is known"] == "at its delivery"
    assert {"0.gz", "broken", "p.json"} <= set(page.all("td"))
    assert page.all("p", class_="left-out") == ["and 10 more; --format json has all of them.", "and 49 more."]
    warnings = page.all("li", class_="warn")
    assert warnings[:2] == [
        "60 files were not read to the end: what they held may be missing here.",
        "99 records could not be used.",
    ]
    assert warnings[2:] == ["note"] * 50 + ["10 more notes: see the JSON report."]


def test_alarms_without_data_are_no_proof() -> None:
    page = page_of(alarm("a", final="INSUFFICIENT_DATA"), alarm("b", final="INSUFFICIENT_DATA"))
    assert page.all("li", class_="warn") == ["2 alarms never had data and have proved nothing."]
    page = page_of(alarm("a", final="INSUFFICIENT_DATA"), files=Files(skipped=[Skip(path="a", reason="b")]))
    assert page.all("li", class_="warn")[0] == "1 alarm never had data and has proved nothing."
    assert page.all("li", class_="warn")[1].startswith("1 file was not read")


def test_totals() -> None:
    page = page_of(rang("a", times=2), rang("b", turn={}), alarm("c"))
    totals = dict(zip(page.all("dt")[:6], page.all("dd")[:6], strict=True))
    assert totals == {
        "Rang": "2 of 3 alarms",
        "Went to ALARM": "3 of 6 changes of state",
        "Told nobody": "1 of 3 calls",
        "Time in ALARM": "45 min together; longest: a",
        "Records": "9",
        "Evaluations": "1,440 in 0.25 s",
    }


def test_alarm_without_period_or_range_has_no_look_back() -> None:
    assert "Looks back" in page_of(alarm("a")).all("dt")
    terms = page_of(alarm("a", period=None, evaluation_range=None), alarm("b", evaluation_range=None)).all("dt")
    assert terms.count("Matching records") == 2
    assert terms.count("Period") == 1
    assert "Looks back" not in terms


def test_graph_is_drawn_without_script() -> None:
    page = page_of(rang("a", series=[(at(5), 3.0), (at(60), 1.0)]))
    drawn = [attributes.get("class") for tag, attributes, _ in page.elements if tag == "rect"]
    assert drawn.count("breach") == 1
    assert drawn.count("point") == 1
    assert "rings at 3 or more" in page.all("text")
    label = next(attributes["aria-label"] for tag, attributes, _ in page.elements if tag == "figure")
    assert label == (
        "States over time: ALARM 15 min, OK 23 h 45 min; highest value 3 at 2026-03-18 00:05:00Z; rings at 3 or more."
    )


def test_alarm_with_no_time_in_any_state_is_described() -> None:
    label = next(
        attributes["aria-label"] for tag, attributes, _ in page_of(alarm("a", time_in={})).elements if tag == "figure"
    )
    assert label == "States over time: no time in any state."


def test_graph_of_a_band_has_no_threshold() -> None:
    page = page_of(rang("a", threshold=None, comparison="GreaterThanUpperThreshold", series=[(at(5), 3.0)]))
    assert not any(attributes.get("class") == "threshold" for _, attributes, _ in page.elements)


# --- bounds -----------------------------------------------------------------------------------------


def test_big_report_stays_small_and_names_every_alarm() -> None:
    series = [(format_time(DAY.start + 4 * number), float(number % 7)) for number in range(20_000)]
    details = [event(number, who=str(number)) for number in range(12)]
    loud = [rang(f"loud-{number}", times=5, turn={"details": details}) for number in range(151)]
    loud.append(rang("busy", times=30, series=series))
    alarms = [*loud, *(alarm(f"quiet-{number}") for number in range(1_360))]
    text = render_page(report(*alarms), generated="now")
    page = Page(text)
    assert len(text) < 6_000_000
    assert len(page.all("li", class_="row")) == 1_500
    named = {name.split(" ")[0] for name in page.all("span", class_="nm")} | set(page.all("li"))
    assert {each.name for each in alarms} <= named
    left_out = page.all("p", class_="left-out")
    assert left_out.count("4 later changes are left out here; --format ndjson has every one.") == 149
    assert "54 later changes are left out here; --format ndjson has every one." in left_out
    assert "2 more alarms rang. They stand in the overview above; --format json has all of them." in left_out
    assert "1,210 more quiet alarms stand in the overview above." in left_out
    assert "12 events behind it, 9 of them not listed here" in page.all("p", class_="cap")


# --- coordinates ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "span"),
    [
        (START, END, DAY),
        (START, START, Span(DAY.start, DAY.start + 60)),
        (END, START, Span(DAY.end, DAY.end + 60)),
        ("?", END, Span(DAY.end - 60, DAY.end)),
        (START, "?", Span(DAY.start, DAY.start + 60)),
        ("?", "?", Span(0, 60)),
    ],
)
def test_span_is_never_empty(start: str, end: str, span: Span) -> None:
    assert Span.of(start, end) == span


@pytest.mark.parametrize(
    ("second", "x", "column"),
    [(0, 0.0, 0), (21_600, 25.0, 1), (86_399, 99.9988, 3), (86_400, 100.0, 3), (-9, 0.0, 0), (99_999, 100.0, 3)],
)
def test_places_in_the_span(second: int, x: float, column: int) -> None:
    assert DAY.x(DAY.start + second) == pytest.approx(x, abs=1e-4)
    assert DAY.column(DAY.start + second, 4) == column


@pytest.mark.parametrize(("value", "text"), [(0.0, "0%"), (12.5, "12.5%"), (100.0, "100%"), (1 / 3, "0.3333%")])
def test_percent(value: float, text: str) -> None:
    assert percent(value) == text


def test_stretches_fill_the_span() -> None:
    found = stretches(rang("a"), DAY)
    assert [(part.state, part.start - DAY.start, part.end - DAY.start) for part in found] == [
        ("OK", 0, 600),
        ("ALARM", 600, 1_500),
        ("OK", 1_500, 86_400),
    ]


def test_stretches_of_an_alarm_that_never_changed() -> None:
    assert stretches(alarm("a", final="INSUFFICIENT_DATA"), DAY) == [Stretch("INSUFFICIENT_DATA", DAY.start, DAY.end)]


@pytest.mark.parametrize("odd", ["?", "2020-01-01T00:00:00Z"])
def test_transition_out_of_order_takes_no_time(odd: str) -> None:
    turns = [
        turn(10, "OK", "ALARM"),
        TransitionLine(at=odd, from_="ALARM", to="OK", reason=""),
        turn(2_000, "OK", "ALARM"),
    ]
    assert [part.state for part in stretches(alarm("a", *turns), DAY)] == ["OK", "OK"]


def test_coarse_stretches_lose_no_alarm() -> None:
    found = [
        Stretch("ALARM" if number == 501 else "OK" if number % 2 else "INSUFFICIENT_DATA", DAY.start + 86 * number, DAY.start + 86 * (number + 1))
        for number in range(1_000)
    ]  # fmt: skip
    merged = coarse(found, DAY, 50)
    assert [part.state for part in merged] == ["INSUFFICIENT_DATA", "ALARM", "INSUFFICIENT_DATA"]
    assert (merged[0].start, merged[-1].end) == (DAY.start, DAY.end)
    assert merged[1].start <= found[501].start < merged[1].end
    assert coarse(found[:50], DAY, 50) == found[:50]


def test_unknown_state_weighs_least() -> None:
    found = [
        Stretch(state, DAY.start + second, DAY.start + second + 1) for second, state in enumerate(["odd", "OK", "odd"])
    ]
    assert {part.state for part in coarse(found, Span(DAY.start, DAY.start + 3), 1)} == {"OK"}


def test_marks_are_those_that_can_be_drawn() -> None:
    series = [
        (at(60), 3.0), (at(5), 2.0), (at(5), 1.0), ("?", 9.0), (at(20), math.inf), (at(21), math.nan), (at(-5), 9.0),
        (at(-4), 5.0), (at(1440), 9.0), (at(62), 0.0),
    ]  # fmt: skip
    found = marks(alarm("a", series=series), DAY)
    assert [(mark.second - DAY.start, mark.value, mark.breaches, mark.width) for mark in found] == [
        (-240, 5.0, True, 300),
        (300, 1.0, False, 300),
        (3_600, 3.0, True, 120),
        (3_720, 0.0, False, 300),
    ]


@pytest.mark.parametrize(
    ("comparison", "breaching"),
    [
        ("GreaterThanOrEqualToThreshold", [3.0, 4.0]),
        ("GreaterThanThreshold", [4.0]),
        ("LessThanThreshold", [2.0]),
        ("LessThanOrEqualToThreshold", [2.0, 3.0]),
        ("GreaterThanUpperThreshold", [2.0]),
        ("?", [2.0]),
    ],
)
def test_breaching_marks(comparison: str, breaching: list[float]) -> None:
    """Where the threshold is a band, the points that decided for ALARM are known to breach."""
    points = [turn(10, "OK", "ALARM", datapoints=[(at(2), 2.0)]), turn(20, "ALARM", "OK", datapoints=[(at(3), 3.0)])]
    series = [(at(value), float(value)) for value in (2, 3, 4)]
    found = marks(alarm("a", *points, comparison=comparison, series=series), DAY)
    assert [mark.value for mark in found if mark.breaches] == breaching


def test_marks_without_a_threshold_or_a_period() -> None:
    found = marks(alarm("a", threshold=None, period=None, series=[(at(2), 2.0)]), DAY)
    assert [(mark.width, mark.breaches) for mark in found] == [(60, False)]


def test_thinning_keeps_lowest_highest_and_breaches() -> None:
    full = [Mark(DAY.start + 60 * number, float((number * 37) % 101), False, 60) for number in range(1_440)]
    full[700] = Mark(full[700].second, 50.0, True, 60)
    few = thinned(full, DAY, 24)
    assert len(few) <= 3 * 24
    assert few == sorted(few, key=lambda mark: mark.second)
    for column in range(24):
        part = [mark.value for mark in full if DAY.column(mark.second, 24) == column]
        kept = [mark.value for mark in few if DAY.column(mark.second, 24) == column]
        assert (min(kept), max(kept)) == (min(part), max(part))
    assert [mark.second for mark in few if mark.breaches] == [full[700].second]
    assert {mark.of for mark in few} == {60}
    assert {mark.width for mark in few} == {60}


def test_thinning_leaves_few_marks_alone() -> None:
    full = [Mark(DAY.start + number, 1.0, False, 1) for number in range(24)]
    assert thinned(full, DAY, 24) == full
    alone = [*full, Mark(DAY.end - 60, 5.0, False, 60)]
    assert thinned(alone, DAY, 24)[-1] == alone[-1]


@pytest.mark.parametrize(
    ("values", "threshold", "low", "high", "lines"),
    [
        ([1.0], 1.0, 0.0, 2.0, 3),
        ([2.0], 1.0, 0.0, 3.0, 4),
        ([3.0], 3.0, 0.0, 5.0, 6),
        ([37.0], 5.0, 0.0, 50.0, 6),
        ([0.0], None, 0.0, 1.0, 2),
        ([0.0], math.nan, 0.0, 1.0, 2),
        ([0.003], None, 0.0, 0.004, 5),
        ([-4.0, 2.0], None, -5.0, 3.0, 3),
        ([-4.0], -2.0, -5.0, 0.0, 2),
        ([8.2], None, 0.0, 10.0, 3),
        ([1e308], 1e308, 0.0, 2e290, 3),
        ([-1e308], None, -2e290, 0.0, 2),
    ],
)
def test_axis(values: list[float], threshold: float | None, low: float, high: float, lines: int) -> None:
    scale = axis(alarm("a", threshold=threshold), [Mark(0, value, False, 60) for value in values])
    assert (scale.low, scale.high) == (pytest.approx(low), pytest.approx(high))
    assert len(scale.lines) == lines
    assert (scale.y(scale.low), scale.y(scale.high)) == (BASE, TOP)
    assert all(TOP <= scale.y(value) <= BASE for value in (*values, math.inf, -math.inf))


@pytest.mark.parametrize(
    ("start", "end", "labels"),
    [
        ("2026-03-18T02:00:00Z", "2026-03-18T02:01:00Z", ["02:00", "02:01"]),
        ("2026-03-17T22:10:00Z", "2026-03-18T02:00:00Z", ["22:30", "23:00", "23:30", "18 Mar", "00:30", "01:00", "01:30", "02:00"]),
        ("2026-03-18T00:00:00Z", "2026-03-21T00:00:00Z", ["18 Mar", "12:00", "19 Mar", "12:00", "20 Mar", "12:00", "21 Mar"]),
        ("2025-11-15T00:00:00Z", "2026-04-15T00:00:00Z", ["Dec 2025", "Jan 2026", "Feb", "Mar", "Apr"]),
        ("2025-03-01T00:00:00Z", "2026-03-01T00:00:00Z", ["Mar 2025", "May", "Jul", "Sep", "Nov", "Jan 2026", "Mar"]),
        ("2010-03-01T00:00:00Z", "2026-03-01T00:00:00Z", ["2012", "2014", "2016", "2018", "2020", "2022", "2024", "2026"]),
        ("9999-12-01T00:00:00Z", "9999-12-31T23:59:59Z", ["2 Dec", "9 Dec", "16 Dec", "23 Dec", "30 Dec"]),
    ],
)  # fmt: skip
def test_ticks_are_round(start: str, end: str, labels: list[str]) -> None:
    found = ticks(Span.of(start, end))
    assert [tick.label for tick in found] == labels
    assert [tick.minor for tick in found] == [place % 2 == 1 for place in range(len(found))]


@pytest.mark.parametrize(
    "span", [Span(-62_135_596_800, 253_402_300_799), Span(253_402_300_000, 253_402_300_859), Span(0, 1)]
)
def test_ticks_of_any_span_are_few(span: Span) -> None:
    assert len(ticks(span)) <= 10


# --- words ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"), (3.0, "3"), (1234567.0, "1,234,567"), (2.5, "2.5"), (-4.0, "-4"), (0.001, "0.001"), (1e300, "1e+300"),
        (math.inf, "inf"), (math.nan, "nan"),
    ],
)  # fmt: skip
def test_numbers(value: float, text: str) -> None:
    assert number_text(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59.4, "59 s"), (60, "1 min"), (90, "1 min 30 s"), (3_600, "1 h"), (14_640, "4 h 4 min"), (90_000, "1 d 1 h"), (31_536_000, "365 d")],
)  # fmt: skip
def test_lengths(seconds: float, text: str) -> None:
    assert length_text(seconds) == text


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("alice", "alice"), ("a\nb", r"a\nb"), ("x" * 500, "x" * 400 + "…"), ("\u202eb", r"\u202eb"), ("é", "é"),
        ("a" + "\u0301" * 4, "a" + "\u0301" * 4), ("a" + "\u0301" * 5, "a" + "\u0301" * 4 + "…"),
    ],
)  # fmt: skip
def test_shown_text(text: str, result: str) -> None:
    assert shown(text) == result


def test_moments() -> None:
    assert (moment(START).text, moment(START).machine) == ("2026-03-18 00:00:00Z", START)
    assert (moment("no time").text, moment("no time").machine) == ("no time", "")
