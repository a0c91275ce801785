"""The plot of how Insights decide is what the code that decides makes, and the page says what it shows."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import insight_plot  # noqa: E402

PAGE = (ROOT / "docs/explanation/how-insights-decide.md").read_text(encoding="utf-8")


def test_the_plot_is_what_the_code_makes() -> None:
    assert insight_plot.main(["--check"]) == 0


def test_the_page_tells_the_thresholds_of_the_code() -> None:
    _, span = insight_plot.example()
    opened, closed = span
    assert closed is not None
    assert opened.opened_at - insight_plot.BURST == 3
    assert f"hold {insight_plot.fewest_for_rise(opened.mean)} calls or more" in PAGE
    assert f"held {insight_plot.most_for_calm(opened.mean)} or fewer" in PAGE
    assert [insight_plot.fewest_for_rise(mean) for mean in (0.0005, 1, 20)] == [3, 10, 46]
    assert "three calls where next to none is due, 10 where one is due, 46 where twenty are" in PAGE
    assert "thresholds are Tocsin's own" in PAGE
