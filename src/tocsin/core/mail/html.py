"""Mails as HTML, made from their text: readable on a phone, light and dark, without pictures or anything to fetch.

Rule: what is shown is the text, no more and no less; it is laid out by the marks that `TextPage` gives it (headings in
capitals, `Label: value`, indents). Of a message that is no alarm's the lines stay as they are. Spec: SNS-5.1, AL-17.6.
"""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class Line(NamedTuple):
    """A sentence, and where one belongs to it the address of a page."""

    text: str
    link: str = ""


class State(NamedTuple):
    """How a state is shown: by its word, a shape and a colour."""

    word: str
    shape: str
    name: str  # of the CSS class


_STATES: Final = {
    "ALARM": State("ALARM", "▲", "alarm"),
    "OK": State("OK", "✓", "ok"),
    "INSUFFICIENT_DATA": State("INSUFFICIENT DATA", "?", "unknown"),
}
_SUBJECT = re.compile(r'(ALARM|OK|INSUFFICIENT_DATA)(?: \(([a-z -]{1,40})\))?: "')

# The marks of a `TextPage`.
_HEADING = re.compile(r"[A-Z][A-Z ]{2,40}\Z")
_ITEM = re.compile(r"( *)([A-Z][A-Za-z0-9_ ()-]{0,40}): (.*)\Z")
# A line of a paragraph may look like an item; these stand right behind one, and are.
_AFTER_A_PARAGRAPH: Final = frozenset(("Often harmless",))
_NUMBERED = re.compile(r"[0-9]{1,4}\. ")
_COMMAND = re.compile(r" +tocsin ")

# Of a message that is no alarm's. The address ends before what rather belongs to the sentence.
_ADDRESS = re.compile(r"https?://[!#-;=?-Z_a-z~%\[\]@]+[#-+/-9=@-Z_a-z~%]")

_STYLE: Final = """
:root{color-scheme:light dark;supported-color-schemes:light dark}
body{margin:0;padding:0;background:#eef1f4;color:#1b232b;font:16px/1.5 -apple-system,"Segoe UI",Roboto,sans-serif}
.page{max-width:680px;margin:0 auto;padding:16px}
.card{background:#fff;border:1px solid #d5dce3;border-radius:8px;overflow:hidden}
.band{padding:12px 20px;font-weight:700;letter-spacing:.03em;color:#fff;background:#56636f}
.alarm{background:#b3261e}.ok{background:#1c6b3c}.unknown{background:#56636f}
.main{padding:4px 20px 20px}
h1{font-size:20px;line-height:1.3;margin:16px 0 4px}
h2{font-size:13px;letter-spacing:.06em;text-transform:uppercase;color:#52606d;margin:28px 0 8px;
border-top:1px solid #d5dce3;padding-top:16px}
p{margin:10px 0;overflow-wrap:anywhere}
.lead{font-size:19px;line-height:1.35;font-weight:600}
.step{font-weight:600;margin-top:18px}
table{border-collapse:collapse;width:100%;margin:6px 0}
th{text-align:left;vertical-align:top;font-weight:400;color:#52606d;padding:3px 12px 3px 0;width:112px}
td{vertical-align:top;padding:3px 0;overflow-wrap:anywhere;word-break:break-word}
pre{margin:10px 0;white-space:pre-wrap;overflow-wrap:anywhere;font:14px/1.5 ui-monospace,Consolas,monospace}
.code{background:#eef1f4;border-radius:4px;padding:8px 10px}
.button{display:inline-block;background:#1f5fa8;color:#fff;text-decoration:none;border-radius:6px;padding:10px 18px;
font-weight:600}
a{color:#1f5fa8}
.foot{padding:12px 20px;color:#52606d;font-size:13px}
.foot p{margin:4px 0}
@media (max-width:480px){th,td{display:block;width:auto;padding:0}th{padding-top:8px;font-size:13px}.page{padding:0}
.card{border-width:0 0 1px;border-radius:0}}
@media (prefers-color-scheme:dark){body{background:#11161b;color:#e4e9ee}.card{background:#1a2128;border-color:#323d48}
h2{color:#a3b1be;border-color:#323d48}th,.foot{color:#a3b1be}.code{background:#11161b}a{color:#8ab8f0}
.button{background:#2f74c4;color:#fff}.alarm{background:#c5352c}.ok{background:#25804a}}
"""


def state_of(subject: str) -> State | None:
    """The state that an alarm's subject tells (AL-17.2); None for one of any other form."""
    found = _SUBJECT.match(subject)
    if found is None:
        return None
    state = _STATES[found[1]]
    return state if found[2] is None else state._replace(word=f"{state.word} ({found[2]})")


def html_page(
    *,
    title: str,
    state: State | None,
    footer: Sequence[Line],
    body: str = "",
    opening: str = "",
    facts: Sequence[tuple[str, str]] = (),
    ask: str = "",
    button: tuple[str, str] | None = None,
    closing: Sequence[str] = (),
) -> str:
    """A whole document. `body` is HTML, all else is text: `opening` stands in the place of a body."""
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>",
        '<body><div class="page"><div class="card">',
    ]
    if state is not None:
        parts.append(f'<div class="band {state.name}">{state.shape} {escape(state.word)}</div>')
    parts.append('<div class="main">')
    if state is None:
        parts.append(f"<h1>{escape(title)}</h1>")
    parts.append(f"<p>{escape(opening)}</p>" if opening else body)
    if facts:
        parts.append(_table(facts))
    if ask:
        parts.append(f"<p>{escape(ask)}</p>")
    if button is not None:
        parts.append(_button(*button))
    parts += (f"<p>{escape(one)}</p>" for one in closing)
    parts.append('</div></div><div class="foot">')
    parts += (_foot(line) for line in footer)
    parts.append("</div></div></body></html>\n")
    return "\n".join(parts)


def _button(label: str, link: str) -> str:
    return f'<p><a class="button" href="{escape(link)}">{escape(label)}</a></p>'


def _foot(line: Line) -> str:
    link = f' <a href="{escape(line.link)}">{escape(line.link)}</a>' if line.link else ""
    return f"<p>{escape(line.text)}{link}</p>"


def _table(facts: Sequence[tuple[str, str]]) -> str:
    rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in facts)
    return f'<table role="presentation">{rows}</table>'


def message_html(text: str, *, is_alarm: bool = False, link: str = "") -> str:
    """The text of a message as HTML; `link` is the address of the alarm's page as it stands in the text."""
    return _Layout(link).html(text) if is_alarm else f"<pre>{_with_links(text)}</pre>"


def _with_links(text: str) -> str:
    """Text with its addresses to follow; each leads where it says."""
    parts: list[str] = []
    end = 0
    for found in _ADDRESS.finditer(text):
        link = found[0]
        while link.endswith(")") and link.count(")") > link.count("("):
            link = link[:-1]
        parts.append(escape(text[end : found.start()]))
        parts.append(f'<a href="{escape(link)}">{escape(link)}</a>')
        end = found.start() + len(link)
    return "".join((*parts, escape(text[end:])))


class _Layout:
    """Lays out the text of an alarm."""

    def __init__(self, link: str) -> None:
        self._link = link
        self._parts: list[str] = []
        self._facts: list[tuple[str, str]] = []
        self._paragraph: list[str] = []
        self._indent = 0  # of the fact at hand
        self._is_first = True

    def html(self, text: str) -> str:
        """The HTML of a text."""
        before = ""
        for line in text.split("\n"):
            self._take(line, before)
            before = line
        self._end()
        return "\n".join(self._parts)

    def _take(self, line: str, before: str) -> None:
        indent = len(line) - len(line.lstrip(" "))
        item = _ITEM.match(line)
        if not line.strip():
            self._end()
        elif not before and _HEADING.match(line):
            self._end()
            self._parts.append(f"<h2>{escape(line.capitalize())}</h2>")
        elif self._link and line == self._link:
            self._end()
            self._parts.append(_button("Open the alarm", line))
        elif _COMMAND.match(line):
            self._end()
            self._parts.append(f'<pre class="code">{escape(line.strip())}</pre>')
        elif self._facts and indent > self._indent:
            name, value = self._facts[-1]
            self._facts[-1] = (name, f"{value} {line.strip()}")
        elif item is not None and (item[1] or not self._paragraph or item[2] in _AFTER_A_PARAGRAPH):
            self._end_paragraph()
            self._indent = len(item[1])
            self._facts.append((item[2], item[3]))
        else:
            self._say(line, indent)

    def _say(self, line: str, indent: int) -> None:
        """A line of a paragraph. One that is numbered begins another."""
        if self._facts or _NUMBERED.match(line) or (self._paragraph and indent == 0 and self._is_step()):
            self._end()
        self._paragraph.append(line.strip())

    def _is_step(self) -> bool:
        return _NUMBERED.match(self._paragraph[0]) is not None

    def _end(self) -> None:
        """Put out what was gathered."""
        if self._facts:
            self._parts.append(_table(self._facts))
            self._facts = []
        self._end_paragraph()

    def _end_paragraph(self) -> None:
        if self._paragraph:
            kind = ' class="lead"' if self._is_first else ' class="step"' if self._is_step() else ""
            self._parts.append(f"<p{kind}>{escape(' '.join(self._paragraph))}</p>")
            self._paragraph = []
            self._is_first = False
