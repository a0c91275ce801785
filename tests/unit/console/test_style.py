"""The style sheet: colours that can be read, and a file that stays small. Spec: CON-2.4, CON-10.2."""

from __future__ import annotations

import gzip
import re
from importlib.resources import files

import pytest

STATIC = files("tocsin.console").joinpath("static")
CSS = STATIC.joinpath("console.css").read_text(encoding="utf-8")
SCRIPT = STATIC.joinpath("console.js").read_text(encoding="utf-8")
TOKENS = {
    name: (light, dark)
    for name, light, dark in re.findall(r"--([a-z0-9-]+):\s*light-dark\((#[0-9A-Fa-f]{6}),\s*(#[0-9A-Fa-f]{6})\)", CSS)
}

# What is written on what, and how much of a difference WCAG 2.2 asks for: 4.5 for text, 3 for edges and shapes.
TEXTS = [
    *[(ink, ground, 4.5) for ink in ("ink", "ink-2", "link", "alarm", "ok", "nodata", "warn", "late", "bronze") for ground in ("page", "surface")],
    *[(ink, f"{ink}-bg", 4.5) for ink in ("alarm", "ok", "nodata", "warn", "late", "rem")],
    ("on-alarm", "alarm-solid", 4.5),
    ("ink", "sunken", 4.5),
    ("ink-2", "sunken", 4.5),
    *[(shape, ground, 3.0) for shape in ("edge", "bar", "alarm-solid") for ground in ("page", "surface")],
]  # fmt: skip


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    lighter, darker = sorted((luminance(first), luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground", "least"), TEXTS)
def test_what_is_shown_can_be_told_from_its_ground(ink: str, ground: str, least: float, theme: int) -> None:
    assert contrast(TOKENS[ink][theme], TOKENS[ground][theme]) >= least


def test_colours_stand_in_the_tokens_alone() -> None:
    rules = CSS[CSS.index("*,*::before") :]
    assert re.findall(r"#[0-9A-Fa-f]{3,8}\b(?![^{]*\{)", re.sub(r"@media print\{.*", "", rules, flags=re.DOTALL)) == []


def test_style_and_script_stay_small() -> None:
    assert len(CSS.encode()) <= 40_960
    assert len(SCRIPT.encode()) <= 20_480
    assert len(gzip.compress(CSS.encode(), 9)) + len(gzip.compress(SCRIPT.encode(), 9)) <= 18_432


def test_nothing_is_loaded_from_elsewhere() -> None:
    assert "@import" not in CSS
    assert "url(http" not in CSS
    assert "http://" not in SCRIPT
    assert "https://" not in SCRIPT
