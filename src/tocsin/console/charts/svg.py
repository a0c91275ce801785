"""SVG as text. Rule: every attribute and every text is escaped here, and nowhere else is markup made of a string.

There is no `viewBox` (CON-5.1): along the time axis lengths are shares of the width, in percent with two decimals,
everything else is in whole pixels, so that one drawing is sharp at every width and its text never shrinks.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from collections.abc import Iterable

Attribute = str | int | None


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
            f' {_written(key)}="{value if type(value) is int else escape(value)}"'
            for key, value in attributes.items()
            if value is not None
        ]
    )
    inner = "".join(escape(part) for part in content)
    body = f">{inner}</{name}>" if inner else "/>"
    return Markup(f"<{name}{written}{body}")  # noqa: S704  (all of it was escaped above)


@cache
def _written(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def group(parts: Iterable[Markup]) -> Markup:
    """Markup after markup."""
    return Markup("").join(parts)


def drawing(*parts: Markup, height: int, class_: str | None = None, width: str = "100%") -> Markup:
    """An `svg` element of that height in px which takes the whole width; the figure around it speaks for it."""
    return element("svg", group(parts), class_=class_, width=width, height=height, focusable="false")


def picture(*parts: Markup, height: int, class_: str | None = None, width: str = "100%") -> Markup:
    """The same without anything that could be reached in it: hidden from screen readers, which have the text."""
    return element(
        "svg", group(parts), class_=class_, width=width, height=height, aria_hidden="true", focusable="false"
    )
