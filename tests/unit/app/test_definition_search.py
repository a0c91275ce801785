"""What is defined is found by the beginnings of its name and of the words in it (CON-3.5)."""

from __future__ import annotations

import pytest
from console_bench import SCOPE, ConsoleBench
from event_bench import GROUP, put_filter, record

from tocsin.app.definition_search import search_names, subscriptions_of_endpoint


@pytest.fixture
def bench() -> ConsoleBench:
    bench = ConsoleBench()
    bench.put_events(GROUP, [record(1, 1, "CreateUser"), record(2, 2, "ListUsers")])
    put_filter(bench, "user-changes", "{ $.eventName = CreateUser }", alarm="cis/user-changes")
    bench.call("sns", "CreateTopic", {"Name": "user-alerts"})
    return bench


def found(bench: ConsoleBench, text: str) -> dict[str, list[str]]:
    return {names[0].kind: [one.name for one in names] for names in search_names(bench.service, (SCOPE,), text)}


def test_each_kind_has_its_names(bench: ConsoleBench) -> None:
    names = found(bench, "user")
    assert names["alarm"] == ["cis/user-changes"]
    assert names["filter"] == ["user-changes"]
    assert names["topic"] == ["user-alerts"]
    assert names["event name"] == ["ListUsers", "CreateUser"]
    assert names["rule"] == ["cis/root-user-used"]
    assert list(names)[:3] == ["alarm", "rule", "filter"]


def test_the_exact_name_comes_first(bench: ConsoleBench) -> None:
    for number in range(9):
        bench.call("logs", "CreateLogGroup", {"logGroupName": f"trail-{number}"})
    assert found(bench, "trail")["log group"] == ["trail", *(f"trail-{number}" for number in range(7))]


def test_a_rule_is_found_by_its_title(bench: ConsoleBench) -> None:
    assert found(bench, "root user used")["rule"][0] == "cis/root-user-used"


def test_of_many_the_best_eight_are_given(bench: ConsoleBench) -> None:
    assert len(found(bench, "cis")["rule"]) == 8


def test_actors_are_found_by_name(bench: ConsoleBench) -> None:
    assert found(bench, "alice") == {"actor": ["arn:aws:iam::111122223333:user/alice"]}


def test_nothing_fits_what_nobody_is_called(bench: ConsoleBench) -> None:
    assert found(bench, "zzzz") == {}
    assert found(bench, "") == {}


def test_a_filter_tells_its_group(bench: ConsoleBench) -> None:
    (filters,) = [names for names in search_names(bench.service, (SCOPE,), "user-changes") if names[0].kind == "filter"]
    assert (filters[0].within, filters[0].scope) == (GROUP, SCOPE)


def test_subscriptions_are_found_by_their_address(bench: ConsoleBench) -> None:
    arn = SCOPE.arn("sns", "user-alerts")
    bench.call("sns", "Subscribe", {"TopicArn": arn, "Protocol": "email", "Endpoint": "OnCall@example.com"})
    (one,) = subscriptions_of_endpoint(bench.service, (SCOPE,), "oncall@Example.com")
    assert (one.scope, one.topic) == (SCOPE, "user-alerts")
    assert subscriptions_of_endpoint(bench.service, (SCOPE,), "other@example.com") == []
