"""Every page in a real browser, when much behind it has failed. Spec: CON-9.2, CON-9.5."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from console_tour import addresses
from console_tourist import Tourist

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def tourist(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tourist]:
    with Tourist(tmp_path_factory.mktemp("console") / "data", "broken") as made:
        yield made


@pytest.mark.parametrize("look", ["wide-light"])
@pytest.mark.parametrize("address", [pytest.param(address, id=route or "overview") for route, address in addresses()])
def test_a_page_can_be_read_by_everybody(tourist: Tourist, address: str, look: str) -> None:
    assert tourist.problems(address, look) == []


def test_of_an_alarm_whose_records_are_damaged_the_rest_is_told(tourist: Tourist) -> None:
    tab = tourist.tab("wide-light")
    assert tab.open("alarms/cis/security-group-changes") == 200
    answers = tab.page.locator("#alarm-answers").inner_text()
    assert "Its records cannot be read" in answers
    assert "Who knows?" in answers


@pytest.mark.parametrize(
    ("address", "known"),
    [
        ("logs/trail-group", "AuthorizeSecurityGroupIngress"),
        ("filters/trail-group:cis/security-group-changes", "Filter pattern"),
        ("edit/alarm/cis/security-group-changes", "In words"),
        ("rules/cis/security-group-changes", "Pattern"),
    ],
)
def test_where_events_cannot_be_read_the_rest_is_told(tourist: Tourist, address: str, known: str) -> None:
    tab = tourist.tab("wide-light")
    assert tab.open(address) == 200
    text = tab.page.locator("main").inner_text()
    assert "The events cannot be read" in text
    assert "a block of what was stored is damaged" in text
    assert known in text
