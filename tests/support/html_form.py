"""What a browser would send of the forms of a page, read from the page itself.

forms = forms_of(bench.get("edit/alarm/a").html)
forms["Save"]["threshold"] = "5"
bench.post("put-alarm", forms["Save"])
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

_BENCH = frozenset({"token", "form"})
"""Fields that the bench adds by itself."""


def forms_of(page: Element) -> dict[str, dict[str, list[str]]]:
    """The fields of each form as they stand, by what its buttons say; a button's own field is among them."""
    found = {}
    for form in page.iter("form"):
        held = [(name, value) for name, value in _controls(form) if name not in _BENCH]
        for button in form.iter("button"):
            own = [(button.get("name", ""), button.get("value", ""))] if button.get("name") else []
            fields: dict[str, list[str]] = {}
            for name, value in [*held, *own]:
                fields.setdefault(name, []).append(value)
            found["".join(button.itertext()).strip()] = fields
    return found


def _controls(form: Element) -> Iterator[tuple[str, str]]:
    for one in form.iter():
        name = one.get("name", "")
        if not name or one.get("disabled") is not None:
            continue
        if one.tag == "textarea":
            yield name, "".join(one.itertext())
        elif one.tag == "select":
            options = list(one.iter("option"))
            chosen = next((option for option in options if option.get("selected") is not None), None)
            first = chosen if chosen is not None else options[0]
            yield name, first.get("value", "".join(first.itertext()))
        elif one.tag == "input" and one.get("type") in {"checkbox", "radio"}:
            if one.get("checked") is not None:
                yield name, one.get("value", "on")
        elif one.tag == "input":
            yield name, one.get("value", "")
