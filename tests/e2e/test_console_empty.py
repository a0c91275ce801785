"""Every page in a real browser, before anything was set up. Spec: CON-8.1, CON-9."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from console_tour import addresses
from console_tourist import Tourist

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def tourist(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tourist]:
    with Tourist(tmp_path_factory.mktemp("console") / "data", "empty") as made:
        yield made


@pytest.mark.parametrize("look", ["narrow-dark"])
@pytest.mark.parametrize("address", [pytest.param(address, id=route or "overview") for route, address in addresses()])
def test_a_page_can_be_read_by_everybody(tourist: Tourist, address: str, look: str) -> None:
    assert tourist.problems(address, look) == []
