"""The plot of how Insights decide, made by the code that decides: docs/explanation/how-insights-decide.svg.

    python scripts/insight_plot.py           writes it
    python scripts/insight_plot.py --check   says whether it is what the code makes; exit 1 if not

Colours are of medium brightness, so that it can be read on light and on dark pages.
"""

from __future__ import annotations

import argparse
import sys
from math import log10
from pathlib import Path
from typing import TYPE_CHECKING

from tocsin.core.insight.course import InsightSpan, MinuteCounts, insights_of
from tocsin.core.insight.judgement import DAY, DEFAULT_RULES, FEWEST_CALLS, WINDOW
from tocsin.core.insight.poisson import at_least, at_most

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FILE = Path(__file__).resolve().parent.parent / "docs" / "explanation" / "how-insights-decide.svg"

TEXT, RISE, FALL, CALLS = "#7d8590", "#d4762c", "#8e6bd1", "#3d8fd1"
WIDTH, LEFT, RIGHT = 760, 56, 16

# Eight days with a call every seven minutes, then twelve minutes of a script, at 10:20.
MIDNIGHT = 20_000 * DAY
BURST = MIDNIGHT + 10 * 60 + 20
PATTERN = (2, 4, 3, 5, 4, 4, 3, 5, 4, 2, 3, 1)
SHOWN = range(BURST - 16, BURST + 34)


def example() -> tuple[MinuteCounts, InsightSpan]:
    """The counts of the example, and its one Insight."""
    counts = dict.fromkeys(range(MIDNIGHT - 8 * DAY, BURST + 200, 7), 1)
    for offset, calls in enumerate(PATTERN):
        counts[BURST + offset] = counts.get(BURST + offset, 0) + calls
    made = MinuteCounts(counts)
    (span,) = insights_of(made, since=BURST - 100, until=BURST + 150)
    return made, span


def fewest_for_rise(mean: float) -> int:
    """The fewest calls in a window that open a rise."""
    count = max(FEWEST_CALLS, int(mean))
    while at_least(count, mean) >= DEFAULT_RULES.open or count < 2 * mean:
        count += 1
    return count


def most_for_calm(mean: float) -> int:
    """The most calls in a window with which a rise counts as calm."""
    count = 0
    while at_least(count + 1, mean) > DEFAULT_RULES.close:
        count += 1
    return count


def most_for_fall(mean: float) -> int | None:
    """The most calls in a window that open a fall; None where no number does."""
    count = -1
    while at_most(count + 1, mean) < DEFAULT_RULES.open:
        count += 1
    return None if count < 0 else count


class Panel:
    """A part of the plot: a place on the page, and what its axes go over."""

    def __init__(self, *, top: float, height: float, across: tuple[float, float], up: tuple[float, float]) -> None:
        self.top, self.height, self.across, self.up = top, height, across, up

    def x(self, value: float) -> float:
        """Where a value of the axis across stands."""
        low, high = self.across
        return LEFT + (value - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        """Where a value of the upright axis stands."""
        low, high = self.up
        return self.top + self.height - (value - low) / (high - low) * self.height

    def line(self, points: Iterable[tuple[float, float]], colour: str, *, dash: str = "", width: float = 1.8) -> str:
        """A line through points."""
        text = " ".join(f"{self.x(across):.1f},{self.y(up):.1f}" for across, up in points)
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        return f'<polyline points="{text}" fill="none" stroke="{colour}" stroke-width="{width}"{dashed}/>'

    def words(self, place: tuple[float, float], text: str, *, colour: str = TEXT, anchor: str = "start") -> str:
        """Text at a place of the axes."""
        return words(self.x(place[0]), self.y(place[1]), text, colour=colour, anchor=anchor)

    def frame(self, ticks: Sequence[tuple[float, str]], marks: Sequence[tuple[float, str]]) -> Iterable[str]:
        """The axes: `ticks` across, `marks` upright."""
        bottom = self.top + self.height
        for value, text in marks:
            height = self.y(value)
            yield (
                f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{height:.1f}" y2="{height:.1f}" stroke="{TEXT}" '
                f'stroke-opacity="0.25"/>'
            )
            yield words(LEFT - 8, height + 4, text, anchor="end")
        for value, text in ticks:
            place = self.x(value)
            yield f'<line x1="{place:.1f}" x2="{place:.1f}" y1="{bottom}" y2="{bottom + 4}" stroke="{TEXT}"/>'
            yield words(place, bottom + 18, text, anchor="middle")


def words(x: float, y: float, text: str, *, colour: str = TEXT, anchor: str = "start", bold: bool = False) -> str:
    """Text at a place of the page."""
    weight = ' font-weight="600"' if bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" text-anchor="{anchor}"{weight}>{text}</text>'


def course() -> Iterable[str]:
    """The example: calls by minute, the window's count, where the Insight opens and closes."""
    counts, span = example()
    opened, closed = span
    assert closed is not None
    panel = Panel(top=44, height=170, across=(SHOWN[0], SHOWN[-1] + 1), up=(0, 24))
    yield words(LEFT - 40, 20, "An API that is called every seven minutes, and a script of twelve minutes", bold=True)
    ticks = [(minute, f"10:{minute - MIDNIGHT - 600:02d}") for minute in SHOWN if minute % 10 == 0]
    yield from panel.frame(ticks, [(value, str(value)) for value in (0, 5, 10, 15, 20)])
    end = opened.first + closed.minutes
    yield (
        f'<rect x="{panel.x(opened.first):.1f}" width="{panel.x(end) - panel.x(opened.first):.1f}" y="{panel.top}" '
        f'height="{panel.height}" fill="{RISE}" fill-opacity="0.13"/>'
    )
    for minute in SHOWN:
        calls = counts.between(minute, minute + 1)
        if calls:
            yield (
                f'<rect x="{panel.x(minute) + 1:.1f}" width="{panel.x(1) - panel.x(0) - 2:.1f}" '
                f'y="{panel.y(calls):.1f}" height="{panel.y(0) - panel.y(calls):.1f}" fill="{CALLS}"/>'
            )
    yield panel.line([(at, counts.between(at - WINDOW, at)) for at in SHOWN], CALLS)
    for limit, text, dash in (
        (fewest_for_rise(opened.mean), "calls that open it", "6 4"),
        (most_for_calm(opened.mean), "calm up to here", "2 3"),
    ):
        yield panel.line([(SHOWN[0], limit), (SHOWN[-1] + 1, limit)], RISE, dash=dash, width=1.3)
        yield panel.words((SHOWN[-1] + 1, limit + 0.5), f"{limit} {text}", colour=RISE, anchor="end")
    for at, text in ((opened.opened_at, "opens"), (closed.closed_at, "closes")):
        yield panel.line([(at, 0), (at, 21.5)], RISE, width=1.3)
        yield panel.words((at, 22), text, colour=RISE, anchor="middle")
    yield panel.words((end - 0.4, 17.5), "the Insight", colour=RISE, anchor="end")
    yield panel.words((SHOWN[0] + 0.3, 17.5), "bars: calls of a minute", colour=CALLS)
    yield panel.words((SHOWN[0] + 0.3, 13), "line: the five minutes before", colour=CALLS)


def thresholds() -> Iterable[str]:
    """How many calls open an Insight, by how many are due."""
    panel = Panel(top=300, height=190, across=(-4, 2.6), up=(-0.15, 2.95))
    yield words(LEFT - 40, 276, "Calls in five minutes that open an Insight, by how many are due", bold=True)
    ticks = [(-4.0, "0.0001"), (-3.0, "0.001"), (-2.0, "0.01"), (-1.0, "0.1"), (0.0, "1"), (1.0, "10"), (2.0, "100")]
    yield from panel.frame(ticks, [(0.0, "1"), (1.0, "10"), (2.0, "100")])
    means = [10 ** (exponent / 100) for exponent in range(-400, 261)]
    yield panel.line([(log10(mean), log10(mean)) for mean in means if mean >= 0.75], TEXT, dash="3 3", width=1.2)
    yield panel.line([(log10(mean), log10(fewest_for_rise(mean))) for mean in means], RISE)
    falls = [(mean, most_for_fall(mean)) for mean in means if mean >= 20]
    yield panel.line([(log10(mean), log10(count)) for mean, count in falls if count], FALL)
    yield panel.words((-3.9, 0.6), "so many, or more: a rise", colour=RISE)
    yield panel.words((2.55, 0.06), "so many, or fewer: a fall", colour=FALL, anchor="end")
    yield panel.words((0.3, 0.5), "as many as are due", anchor="end")
    yield words(WIDTH - RIGHT, 526, "calls due in five minutes, after the week before", anchor="end")


def draw() -> str:
    """The whole plot."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} 540" width="{WIDTH}" height="540" '
        f'font-family="system-ui, sans-serif" font-size="13" role="img">'
    )
    title = "<title>When an Insight opens and closes, and how many calls it takes</title>"
    return "\n".join((head, title, *course(), *thresholds(), "</svg>")) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Write the plot, or check it."""
    parser = argparse.ArgumentParser(description="the plot of how Insights decide")
    parser.add_argument("--check", action="store_true", help="say whether it is what the code makes")
    text = draw()
    if not parser.parse_args(arguments).check:
        FILE.write_text(text, encoding="utf-8")
        return 0
    if FILE.read_text(encoding="utf-8") != text:
        print(f"{FILE.name} is not what the code makes: run python scripts/insight_plot.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
