"""Templates give up when their time is over. Spec: CON-8.9."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jinja2 import DictLoader, Environment, PackageLoader

import tocsin.console
from tocsin.clock import ManualClock
from tocsin.console import rendering
from tocsin.errors import CutOffError
from tocsin.time_limit import time_limit


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> ManualClock:
    loader = DictLoader({"numbers": "{% for number in numbers %}{{ number }},{% endfor %}"})
    made = Environment(loader=loader, autoescape=True)
    monkeypatch.setattr(rendering, "environment", lambda: made)
    return ManualClock(datetime(2026, 3, 14, tzinfo=UTC))


def _numbers(clock: ManualClock, most: int) -> Iterator[int]:
    """Each costs a millisecond."""
    for number in range(most):
        clock.advance(0.001)
        yield number


def test_a_template_gives_up_soon_after_its_time(clock: ManualClock) -> None:
    with time_limit(clock, 2.0), pytest.raises(CutOffError):
        rendering.render("numbers", {"numbers": _numbers(clock, 1_000_000)})
    assert clock.monotonic() < 2.3


def test_what_is_rendered_in_time_is_whole(clock: ManualClock) -> None:
    with time_limit(clock, 2.0):
        assert rendering.render("numbers", {"numbers": _numbers(clock, 1_000)}).count(",") == 1_000


def test_who_comes_first_has_as_much_time_as_all_others(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = ManualClock(datetime(2026, 3, 14, tzinfo=UTC))
    read = PackageLoader.get_source

    def slow(*args: Any) -> Any:
        clock.advance(60)
        return read(*args)

    monkeypatch.setattr(PackageLoader, "get_source", slow)
    rendering.environment.cache_clear()
    with time_limit(clock, 2.0):
        assert "broken" in rendering.render("failure.html", {"what": "broken", "text": "", "is_part": False})
    assert clock.monotonic() >= 60


def test_a_fragment_is_what_stands_in_its_element_and_not_the_element() -> None:
    """It would be put into itself when its signal comes, with its id a second time (CON-6.4)."""
    templates = Path(tocsin.console.__file__).parent / "templates"
    assert [
        path.name for path in templates.rglob("_*.html") if "data-fragment" in path.read_text(encoding="utf-8")
    ] == []
