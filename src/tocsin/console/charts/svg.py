"""SVG as text. Rule: every attribute and every text is escaped here, and nowhere else is markup made of a string.

A drawing has no `viewBox` (CON-5.1): along the time axis lengths are shares of the width, in percent with two
decimals, everything else is in whole pixels, so that one drawing is sharp at every width and its text never shrinks.
What is many and has no text is `stretched`.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from collections.abc import Iterable

Attribute = str | int | None

_GRAINS: Final = 10_000


def percent(share: float) -> str:
    """A share of the width.

    >>> percent(0.5), percent(1 / 3)
    ('50.00%', '33.33%')
    """
    return f"{share * 100:.2f}%"


def element(name: str, *content: str, **attributes: Attribute) -> Markup:
    """One element; an attribute that is None is left out.

    Text in `content` is escaped unless it is Markup. Names of attributes are written as Python wants them: `class_`,
    `text_anchor`, `aria_hidden`.

    >>> element("text", "a < b", class_="tx", text_anchor="end", y=14)
    Markup('<text class="tx" text-anchor="end" y="14">a &lt; b</text>')
    """
    written = "".join(
        [
            f' {_written(key)}="{value if type(value) is int else _escaped(value)}"'
            for key, value in attributes.items()
            if value is not None
        ]
    )
    inner = "".join(map(_escaped, content))
    body = f">{inner}</{name}>" if inner else "/>"
    return Markup(f"<{name}{written}{body}")  # noqa: S704  (all of it was escaped above)


def _escaped(text: Attribute) -> str:
    # Nearly all of it is markup already, or numbers and names: a look takes a fraction of the time of escaping.
    if type(text) is Markup or (type(text) is str and not _ACTS(text)):
        return text
    return escape(text)


# What `escape` writes in another way.
_ACTS: Final = re.compile("[&<>\"']").search


@cache
def _written(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def grains(share: float) -> int:
    """A share of the width as `stretched` counts it.

    >>> grains(1 / 3)
    3333
    """
    return round(share * _GRAINS)


def path(data: Iterable[str], *, class_: str) -> list[Markup]:
    """One path through all of `data`; none where there is nothing to draw."""
    joined = "".join(data)
    return [element("path", class_=class_, d=joined)] if joined else []


def box(start: float, end: float, *, y: int, height: int) -> str:
    """The data of a rectangle from one share of the width to another, never narrower than can be drawn."""
    left = grains(start)
    width = max(1, grains(end) - left)
    return f"M{left} {y}h{width}v{height}h-{width}z"


def upright(share: float, *, top: int, bottom: int) -> str:
    """The data of a line down at a share of the width."""
    return f"M{grains(share)} {top}V{bottom}"


def level(start: float, end: float, *, y: int) -> str:
    """The data of a line along, at a height."""
    return f"M{grains(start)} {y}H{grains(end)}"


def stretched(paths: Iterable[Markup], *, height: int) -> list[Markup]:
    """Paths that are stretched to the whole width: x in ten-thousandths of it, y and strokes in px (CON-5.1).

    One path takes the place of hundreds of elements that percents would need. Nothing else may be in it: text and
    patterns would be stretched, too.
    """
    given = list(paths)
    if not given:
        return []
    made = element(
        "svg",
        group(given),
        class_="sl",
        height=height,
        viewBox=f"0 0 {_GRAINS} {height}",
        preserveAspectRatio="none",
    )
    return [made]


def group(parts: Iterable[Markup]) -> Markup:
    """Markup after markup."""
    return Markup("".join(map(_escaped, parts)))  # noqa: S704  (escaped where it is no markup)


def drawing(*parts: Markup, height: int, class_: str | None = None, width: str = "100%") -> Markup:
    """An `svg` element of that height in px which takes the whole width; the figure around it speaks for it."""
    return element("svg", group(parts), class_=class_, width=width, height=height)


def picture(*parts: Markup, height: int, class_: str | None = None, width: str = "100%") -> Markup:
    """The same without anything that could be reached in it: hidden from screen readers, which have the text."""
    return element("svg", group(parts), class_=class_, width=width, height=height, aria_hidden="true")
