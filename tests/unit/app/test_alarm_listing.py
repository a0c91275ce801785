"""Alarms in a list: chosen, sorted, a page at a time (CON-4.3)."""

from __future__ import annotations

import pytest
from board_bench import ALARM, OK, BoardBench
from rule_bench import HERE

from tocsin.app.alarm_listing import SORTINGS, AlarmFilter, AlarmPage, list_alarms
from tocsin.app.metric_alarm import set_actions_enabled

RANKS = {one.name: one.rank for one in SORTINGS}
TAG = "tocsin:severity"


@pytest.fixture(scope="module")
def bench() -> BoardBench:
    bench = BoardBench()
    bench.topic("ops-noise")
    arn = bench.heard.replace("sec-alerts", "ops-noise")
    bench.wired("root-usage", Tags=[{"Key": TAG, "Value": "critical"}], AlarmDescription="Somebody is root")
    bench.wired("trail-changes", Tags=[{"Key": "tocsin:rule", "Value": "cis/cloudtrail-configuration-changes"}])
    bench.alarm("noise", "Denials", actions=(arn,))
    bench.composite("takeover", "ALARM(root-usage)", actions=(bench.heard,))
    bench.wired("off", "quiet")
    bench.go(minutes=1)
    bench.set("root-usage", ALARM)
    bench.go(minutes=1)
    bench.set("trail-changes", OK)
    set_actions_enabled(bench.service, HERE, ["off"], is_enabled=False)
    bench.mute("quiet")
    return bench


def listed(bench: BoardBench, *, sort: str = "state", rang=lambda line: line.is_ringing, **how) -> AlarmPage:
    after, limit = how.pop("after", ""), how.pop("limit", 100)
    return list_alarms(bench.lines(), AlarmFilter(**how), rank=RANKS[sort], rang=rang, after=after, limit=limit)


def names(page: AlarmPage) -> list[str]:
    return [line.name for line in page.lines]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"state": "ALARM"}, ["root-usage", "takeover"]),
        ({"state": "muted"}, ["quiet"]),
        ({"state": "actions-off"}, ["off"]),
        ({"state": "never-had-data"}, ["noise", "off", "quiet"]),
        ({"state": "rang"}, ["root-usage", "takeover"]),
        ({"state": "?"}, []),
        ({"severity": "critical"}, ["root-usage"]),
        ({"severity": "none"}, ["takeover", "noise", "off", "quiet"]),
        ({"pack": "cis"}, ["trail-changes"]),
        ({"topic": "ops-noise"}, ["noise"]),
        ({"topic": "noise"}, []),
        ({"is_unheard": True}, ["noise", "off"]),
        ({"find": "ROOT somebody"}, ["root-usage"]),
        ({"find": "denials"}, ["noise"]),
        ({"find": "denials root"}, []),
        ({"state": "OK", "find": "trail"}, ["trail-changes"]),
    ],
    ids=str,
)
def test_what_is_asked_for_is_found(bench: BoardBench, asked: dict, found: list[str]) -> None:
    page = listed(bench, **asked)
    assert (names(page), page.total) == (found, len(found))


@pytest.mark.parametrize(
    ("sort", "first"),
    [
        ("state", ["root-usage", "takeover", "noise"]),
        ("severity", ["root-usage", "trail-changes", "noise"]),
        ("name", ["noise", "off", "quiet"]),
        ("since", ["trail-changes", "root-usage", "takeover"]),
    ],
)
def test_they_are_sorted(bench: BoardBench, sort: str, first: list[str]) -> None:
    assert names(listed(bench, sort=sort))[:3] == first


@pytest.mark.parametrize("sort", RANKS)
def test_pages_give_every_alarm_once(bench: BoardBench, sort: str) -> None:
    found, after = [], ""
    while True:
        page = listed(bench, sort=sort, after=after, limit=2)
        found += names(page)
        after = page.after
        if not after:
            break
    assert found == names(listed(bench, sort=sort))


@pytest.mark.parametrize("place", ["", "x", "1:2", ":::", "--1:a/b:c", "9" * 30 + ":a/b:c"])
def test_a_place_that_is_none_begins_at_the_first(bench: BoardBench, place: str) -> None:
    assert listed(bench, after=place).lines == listed(bench).lines


def test_an_empty_list_says_which_filter_to_drop(bench: BoardBench) -> None:
    page = listed(bench, state="OK", severity="critical")
    assert (page.total, dict(page.drop)) == (0, {"state": 1, "severity": 1})
    assert dict(listed(bench, state="OK", find="zzz", is_unheard=True).drop) == {}
    assert dict(listed(bench, find="zzz", is_unheard=True).drop) == {"find": 2}


def test_it_may_be_sorted_by_anything(bench: BoardBench) -> None:
    page = list_alarms(bench.lines(), AlarmFilter(), rank=lambda line: -len(line.name), rang=lambda _: False, limit=2)
    assert names(page) == ["trail-changes", "root-usage"]
