"""Addresses and what answers for them. Spec: CON-3.1, CON-3.2."""

from __future__ import annotations

import pytest
from console_bench import ConsoleBench

from tocsin.console.answer import PlainText
from tocsin.console.route import RouteTable, action, fragment, page
from tocsin.console.route_table import all_routes

TABLE = RouteTable(
    [
        page("", lambda _: PlainText("overview")),
        page("alarms", lambda _: PlainText("list")),
        page("alarms/{name...}", lambda _: PlainText("alarm")),
        page("rules/{pack}", lambda _: PlainText("pack")),
        page("rules/{pack}/{id}", lambda _: PlainText("rule")),
        page("rules/new", lambda _: PlainText("new")),
        fragment("alarm/chart", lambda _: PlainText("chart")),
        action("mute", lambda _: PlainText("mute")),
    ]
)


@pytest.mark.parametrize(
    ("path", "answered", "values"),
    [
        ("", "overview", {}),
        ("alarms", "list", {}),
        ("alarms/cis/root-usage", "alarm", {"name": "cis/root-usage"}),
        ("alarms/cis%2Froot-usage", "alarm", {"name": "cis/root-usage"}),
        ("alarms/a%252Fb", "alarm", {"name": "a%2Fb"}),
        ("alarms/%C3%BC", "alarm", {"name": "ü"}),
        ("rules/cis", "pack", {"pack": "cis"}),
        ("rules/new", "new", {}),
        ("rules/cis/x", "rule", {"pack": "cis", "id": "x"}),
        ("_/alarm/chart", "chart", {}),
        ("do/mute", "mute", {}),
    ],
)
def test_a_path_leads_to_one_view(path: str, answered: str, values: dict[str, str]) -> None:
    match = TABLE.find(path)
    assert match is not None
    answer = match.route.view(None)  # type: ignore[arg-type]
    assert isinstance(answer, PlainText)
    assert (answer.text, match.values) == (answered, values)


@pytest.mark.parametrize("path", ["alarm", "alarms/", "rules", "rules//x", "rules/cis/x/y", "do/unknown", "_/alarm"])
def test_other_paths_lead_nowhere(path: str) -> None:
    assert TABLE.find(path) is None


@pytest.mark.parametrize(
    "name", ["a", "cis/root-usage", "a b", "ü", "a%2Fb", ".", "..", "/a", "a//b", "a/", "a?b#c", "\u202e"]
)
def test_the_address_of_a_name_leads_back_to_it(name: str) -> None:
    bench = ConsoleBench()
    seen = []
    table = RouteTable([page("things/{name...}", lambda visit: seen.append(visit.name()) or PlainText("")), page("things", lambda visit: seen.append(visit.name()) or PlainText("")), page("", lambda visit: seen.append(visit.url("things", name)) or PlainText(""))])  # fmt: skip
    bench.site.routes = table
    bench.get("")
    bench.get(seen[0])
    assert seen[1] == name


def test_no_two_routes_are_the_same() -> None:
    parts = [route.parts for route in all_routes()]
    assert len(parts) == len(set(parts))
