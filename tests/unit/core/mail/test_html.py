"""Mails as HTML: what is shown is the text, no more and no less. Spec: SNS-5.1, AL-17.6, AL-19.1."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.mail.html import Line, html_page, message_html, state_of
from tocsin.core.notification.subject import Occasion, subject

LINK = "https://tocsin.example.com/console/alarms/root-use"
ALARM = f"""\
mallory opened tcp 443 of sg-1 to the whole internet, and 2 more
events.

The alarm "root-use" went to ALARM: "Threshold
Crossed".

{LINK}

WHAT HAPPENED
2 events
The same in all that are listed:
   Who: IAM user mallory
   From: 203.0.113.47

1. AuthorizeSecurityGroupIngress (ec2), done
   Change: + tcp 443 from 0.0.0.0/0, and a very long text that is wrapped
     onto a line of its own

The first of these, raw:
   tocsin grep '"31111111"' ARCHIVE

WHAT TO DO NEXT
1. Read groupId.
2. Read all of it, which takes
   a while.
Then go on.
Often harmless: Infrastructure code.

DETAILS
INSUFFICIENT_DATA: none
"""
LAID_OUT = f"""\
<p class="lead">mallory opened tcp 443 of sg-1 to the whole internet, and 2 more events.</p>
<p>The alarm &quot;root-use&quot; went to ALARM: &quot;Threshold Crossed&quot;.</p>
<p><a class="button" href="{LINK}">Open the alarm</a></p>
<h2>What happened</h2>
<p>2 events The same in all that are listed:</p>
<table role="presentation"><tr><th>Who</th><td>IAM user mallory</td></tr>\
<tr><th>From</th><td>203.0.113.47</td></tr></table>
<p class="step">1. AuthorizeSecurityGroupIngress (ec2), done</p>
<table role="presentation"><tr><th>Change</th>\
<td>+ tcp 443 from 0.0.0.0/0, and a very long text that is wrapped onto a line of its own</td></tr></table>
<p>The first of these, raw:</p>
<pre class="code">tocsin grep &#x27;&quot;31111111&quot;&#x27; ARCHIVE</pre>
<h2>What to do next</h2>
<p class="step">1. Read groupId.</p>
<p class="step">2. Read all of it, which takes a while.</p>
<p>Then go on.</p>
<table role="presentation"><tr><th>Often harmless</th><td>Infrastructure code.</td></tr></table>
<h2>Details</h2>
<table role="presentation"><tr><th>INSUFFICIENT_DATA</th><td>none</td></tr></table>"""


class _Shown(HTMLParser):
    """The text of HTML, and where its links lead."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.links: list[str] = []
        self.tags: set[str] = set()

    def handle_data(self, data: str) -> None:
        self.text += f" {data}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]


def shown(html: str) -> _Shown:
    parser = _Shown()
    parser.feed(html)
    parser.close()
    return parser


def letters(text: str) -> str:
    """Text without blanks and the mark behind labels, in lower case: headings change theirs."""
    return re.sub(r"[\s:]", "", text).lower()


def test_an_alarm_is_laid_out() -> None:
    assert message_html(ALARM, is_alarm=True, link=LINK) == LAID_OUT


def test_a_link_that_is_not_ours_is_text() -> None:
    html = message_html(ALARM.replace(LINK, "https://evil.example/"), is_alarm=True, link=LINK)
    assert shown(html).links == []


LINES = st.lists(
    st.from_regex(r"( {0,5})([A-Z][a-z]{0,5}: |[0-9]\. |tocsin |WHO |)[ -~]{0,12}", fullmatch=True) | st.just(""),
    max_size=14,
)


@given(LINES)
def test_nothing_is_lost_and_nothing_added(lines: list[str]) -> None:
    text = "\n".join(lines)
    html = shown(message_html(text, is_alarm=True))
    assert letters(html.text) == letters(text)
    assert html.tags <= {"p", "h2", "table", "tr", "th", "td", "pre"}


@given(st.text())
def test_a_message_stays_as_it_is(text: str) -> None:
    html = message_html(text)
    parsed = shown(html)
    assert html.startswith("<pre>")
    assert "".join(parsed.text.split()) == "".join(text.replace("\r", "\n").split())
    assert parsed.tags <= {"pre", "a"}


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("see https://ci.example.com/build/1234?a=1&b=2.", ["https://ci.example.com/build/1234?a=1&b=2"]),
        (
            "(http://example.com/a_(b)) and <https://example.com/c>",
            ["http://example.com/a_(b)", "https://example.com/c"],
        ),
        ("javascript:alert(1) data:text/html,x ftp://example.com", []),
        ('https://example.com/"onmouseover="alert(1)', ["https://example.com/"]),
        ("https://", []),
    ],
)
def test_links_of_a_message_lead_where_they_say(text: str, links: list[str]) -> None:
    assert shown(message_html(text)).links == links


@pytest.mark.parametrize(
    ("state", "occasion", "word", "name"),
    [
        ("ALARM", Occasion.CHANGE, "ALARM", "alarm"),
        ("OK", Occasion.CHANGE, "OK", "ok"),
        ("INSUFFICIENT_DATA", Occasion.CHANGE, "INSUFFICIENT DATA", "unknown"),
        ("ALARM", Occasion.LATE, "ALARM (late)", "alarm"),
        ("ALARM", Occasion.REMINDER, "ALARM (reminder)", "alarm"),
    ],
)
def test_the_state_is_told_by_word_shape_and_colour(state: str, occasion: Occasion, word: str, name: str) -> None:
    found = state_of(subject("root-use", state, "us-east-1", occasion))
    assert found is not None
    assert (found.word, found.name) == (word, name)
    page = html_page(title="t", state=found, footer=[])
    assert f'<div class="band {name}">{found.shape} {word}</div>' in page
    assert found.shape


def test_a_subject_of_any_other_form_has_no_state() -> None:
    assert state_of("ALARM: the sky is falling") is None


def test_a_page_needs_nothing_from_elsewhere() -> None:
    page = html_page(
        title="<title>",
        state=None,
        opening="<opening>",
        footer=[Line("<foot>", 'https://example.com/?a="&b'), Line("plain")],
        facts=[("<name>", "<value>")],
        ask="<ask>",
        button=("<label>", "https://example.com/?<b>"),
        closing=["<closing>"],
    )
    parsed = shown(page)
    assert parsed.links == ["https://example.com/?<b>", 'https://example.com/?a="&b']
    assert not parsed.tags & {"title>", "img", "script", "link", "iframe", "opening", "value"}
    for told in ("<title>", "<opening>", "<foot>", "<name>", "<value>", "<ask>", "<label>", "<closing>", "plain"):
        assert told in parsed.text
    assert "color-scheme" in page
