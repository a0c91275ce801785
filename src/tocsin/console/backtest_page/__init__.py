"""The backtest report as one HTML page (`tocsin backtest --html FILE`).

Rule: one file that loads nothing, from nowhere. Style and script stand in it and are allowed by their
hashes alone; everything out of the report is escaped; without script it can be read all the same.
Spec: IF-3, CON-1, CON-2, CON-5, CON-8.1.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from tocsin.console.backtest_page.contents import page_of
from tocsin.console.backtest_page.timeline import BASE, TOP, percent
from tocsin.console.backtest_page.wording import length_text, number_text
from tocsin.core.event_time import format_time

if TYPE_CHECKING:
    from jinja2 import Template

    from tocsin.app.backtest_report import BacktestReport


def render_page(report: BacktestReport, *, generated: str) -> str:
    """The page, to be written as UTF-8. `generated` is the time at which it was made, as text.

    The same report and text give the same page. Whatever the report holds, the page stays within
    some megabytes; what is left out is said where it would stand.
    """
    style, script = _text("page.css"), _text("page.js")
    return _template().render(
        page=page_of(report, generated=generated),
        style=style,
        script=script,
        policy=_policy(style, script),
        top=TOP,
        base=BASE,
    )


@cache
def _template() -> Template:
    import jinja2  # late: only this page needs it, and the command line starts without it

    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"percent": percent, "number": number_text, "lasting": length_text, "time": _time}
    return environment.from_string(_text("page.html.j2"))


def _text(name: str) -> str:
    return (resources.files(__name__) / name).read_text(encoding="utf-8").replace("\r\n", "\n")


def _time(second: int) -> str:
    return format_time(second).replace("T", " ")


def _policy(style: str, script: str) -> str:
    """Nothing may be loaded or sent; this style and this script alone may act."""
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
