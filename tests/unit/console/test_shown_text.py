"""Foreign text on a page: nothing acts, nothing is hidden, nothing is left out in silence (CON-8.6, CON-8.7)."""

from __future__ import annotations

import html
import json
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.console.rendering import environment
from tocsin.console.shown_text import AS_FACT, Shown, copied, legible, show
from tocsin.core.unsafe_character import UNSAFE

TEMPLATES = environment()

ARN = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_AdministratorAccess_0123456789abcdef/alice@example.com"

hostile = st.one_of(
    st.text(max_size=80),
    st.text(
        st.sampled_from(
            "\r\n\t\x00\x1b\x7f\x85\u2028\u202e\u2066\u200b\ufeff\ud800\udc00\U000e0041\ufe0f\ufffe\u0301\u0489\u093e"
            "a Zé日🦊\u3000\u2800<>&\"'/.-:"
        ),
        max_size=400,
    ),
    st.sampled_from(["x" * 100_000, ARN, "a" + "\u0301" * 1000, " " * 300, "<script>alert(1)</script>", "{{7*7}}"]),
)


def kinds(shown: Shown) -> list[tuple[str, str]]:
    return [(part.kind, part.text) for part in shown.parts]


def rendered(text: str, limit: int = 64, **given: object) -> str:
    macros = TEMPLATES.get_template("_value.html").module
    return str(macros.value(text, limit, **given))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        ("alice", [("text", "alice")]),
        ("", [("empty", '""')]),
        ("Zoë 日本 🦊", [("text", "Zoë 日本 🦊")]),
        (
            "a\r\nWho: root",
            [("text", "a"), ("box", "U+000D carriage return"), ("box", "U+000A line feed"), ("text", "Who: root")],
        ),
        ("gpj.\u202eexe", [("text", "gpj."), ("box", "U+202E right-to-left override"), ("text", "exe")]),
        ("ad\u200b\u200b\u200bmin", [("text", "ad"), ("box", "U+200B zero width space × 3"), ("text", "min")]),
        (" root", [("box", "U+0020 space"), ("text", "root")]),
        ("root\u3000\u3000", [("text", "root"), ("box", "U+3000 ideographic space × 2")]),
        ("a b", [("text", "a b")]),
        ("  ", [("box", "U+0020 space × 2")]),
        ("e\u0301\u0302", [("text", "e\u0301\u0302")]),
        (
            "e" + "\u0301" * 5 + "f",
            [("text", "e\u0301\u0301\u0301\u0301"), ("marks", "1 more combining mark"), ("text", "f")],
        ),
        ("e" + "\u0301" * 9, [("text", "e\u0301\u0301\u0301\u0301"), ("marks", "5 more combining marks")]),
        ("\u0301a", [("box", "U+0301 combining acute accent"), ("text", "a")]),
        ("a\n\u0301", [("text", "a"), ("box", "U+000A line feed"), ("box", "U+0301 combining acute accent")]),
        ("\ud800\U0010ffff", [("box", "U+D800 lone surrogate"), ("box", "U+10FFFF not a character")]),
    ],
)
def test_text_is_shown_in_parts(value: str, parts: list[tuple[str, str]]) -> None:
    assert kinds(show(value)) == parts


@pytest.mark.parametrize(
    ("value", "limit", "parts"),
    [
        ("x" * 64, 64, [("text", "x" * 64)]),
        ("x" * 65, 64, [("text", "x" * 64), ("cut", "… 1 more")]),
        ("x" * 100_000, 256, [("text", "x" * 256), ("cut", "… 99,744 more")]),
        (ARN, 64, [("text", ARN[:32]), ("cut", f"… {len(ARN) - 64} more …"), ("text", ARN[-32:])]),
        ("AWSLogs/1/2/" + "x" * 20, 16, [("text", "AWSLogs/"), ("cut", "… 16 more …"), ("text", "x" * 8)]),
        ("Mozilla/5.0 (X11; Linux x86_64)", 16, [("text", "Mozilla/5.0 (X11"), ("cut", "… 15 more")]),
        # What is cut off holds the end of the value: no blank before it is one at the end.
        ("ab cd", 3, [("text", "ab "), ("cut", "… 2 more")]),
        ("/a/" + "x" * 9 + "\u0301yz", 6, [("text", "/a/"), ("cut", "… 9 more …"), ("box", "U+0301 combining acute accent"), ("text", "yz")]),
    ],
)  # fmt: skip
def test_a_long_value_says_how_much_is_left_out(value: str, limit: int, parts: list[tuple[str, str]]) -> None:
    shown = show(value, limit)
    assert kinds(shown) == parts
    assert shown.is_cut is (len(value) > limit)


def test_an_identifier_breaks_at_separators_and_words() -> None:
    shown = show("arn:aws:iam::111122223333:role/path-of/AdminRole", identifier=True)
    assert "|".join(part.text for part in shown.parts if part.kind == "text") == (
        "arn:aws:iam::111122223333:role/|path-of/|Admin|Role"
    )


@pytest.mark.parametrize(
    ("sentence", "parts"),
    [
        ("Sum of CisUnauthorizedApiCallsCount is 1", "Sum of |Cis|Unauthorized|Api|Calls|Count| is 1"),
        ("in bucket_of_the_team_that_pays now", "in |bucket_|of_|the_|team_|that_|pays| now"),
        ("mallory opened tcp 22 of [sg-0a1b2c3d4e5f60718] to all", "mallory opened tcp 22 of |[sg-0a1b2c3d4e5f60718]| to all"),
        ("opened [sg-0a1b2c3d], [i-0123456789abcdef0]", "opened |[sg-0a1b2c3d]|, |[i-0123456789abcdef0]"),
        ("kept as x-sg-0a1b2c3d and sg-0a1b2c3d-x, sg-changes", "kept as x-sg-0a1b2c3d and sg-0a1b2c3d-x, sg-changes"),
    ],
)  # fmt: skip
def test_a_sentence_breaks_in_long_names_and_not_in_ids(sentence: str, parts: str) -> None:
    """`[...]` stands on one line; copying gives the sentence as it is (CON-2.2)."""
    value = sentence.replace("[", "").replace("]", "")
    shown = [f"[{text}]" if kind == "whole" else text for kind, text in kinds(show(value)) if kind != "break"]
    assert "|".join(shown) == parts
    assert html.unescape(re.sub(r"<[^>]*>", "", rendered(value))) == value


@pytest.mark.parametrize(
    ("value", "identifier", "pieces"),
    [
        ("CisVpcChangesCount", True, "Cis|Vpc|Changes|Count"),
        ("security@example.com", False, "security@example.|com"),
        ("Sum of CisVpcChangesCount is 1", False, "Sum of |Cis|Vpc|Changes|Count| is 1"),
        ("to ops-noise", False, "to ops-noise"),
    ],
)
def test_in_a_narrow_column_short_names_break_too(value: str, identifier: bool, pieces: str) -> None:
    shown = show(value, identifier=identifier, narrow=True)
    assert "|".join(part.text for part in shown.parts if part.kind == "text") == pieces


def test_a_short_identifier_has_no_places_to_break_at() -> None:
    assert kinds(show("role/Admin", identifier=True)) == [("text", "role/Admin")]


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ("alice", ()),
        ("аlice", ("U+0430 cyrillic small letter a",)),
        ("éé", ("U+00E9 latin small letter e with acute",)),
        ("абвгде", ("U+0430 cyrillic small letter a", "U+0431 cyrillic small letter be", "U+0432 cyrillic small letter ve", "U+0433 cyrillic small letter ghe", "2 more")),
    ],
)  # fmt: skip
def test_an_identifier_tells_what_it_holds_beyond_ascii(value: str, named: tuple[str, ...]) -> None:
    assert show(value, identifier=True).beyond_ascii == named
    assert show(value).beyond_ascii == ()


@given(hostile, st.integers(1, 300), st.booleans())
def test_no_unsafe_character_is_left_and_none_is_forgotten(value: str, limit: int, identifier: bool) -> None:
    shown = show(value, limit, identifier=identifier)
    for part in shown.parts:
        assert not UNSAFE.search(part.text)
        assert not re.search(r"[\u0300-\u036f\u0483-\u0489]{5}", part.text)
        assert not unicodedata.category(part.text[:1] or "a").startswith("M")
    assert sum(part.stands_for for part in shown.parts) == len(value)
    assert sum(len(part.text) for part in shown.parts if part.kind == "text") <= limit
    ends = shown.parts[0].text[:1], shown.parts[-1].text[-1:]
    assert not any(end.isspace() for end in ends)
    assert json.loads(copied(value)) == value
    assert copied(value).isascii()


@given(hostile, st.booleans())
def test_no_markup_of_a_value_reaches_the_page(value: str, identifier: bool) -> None:
    page = rendered(value, AS_FACT, identifier=identifier)
    page.encode()  # no lone surrogate is left
    assert not UNSAFE.search(page)
    tags = {re.sub(r'[ "].*', "", tag) for tag in re.findall(r"<(/?[^>]*)>", page)}
    assert tags <= {"bdi", "/bdi", "span", "/span", "wbr"}
    texts = [part.text for part in show(value, AS_FACT, identifier=identifier).parts]
    inside = re.sub(r"<[^>]*>", "", page.split("</bdi>")[0])
    assert html.unescape(inside) == "".join(texts)


def test_the_whole_of_a_cut_value_is_a_link_away() -> None:
    assert rendered("x" * 65, all="/console/whole?a=1&b=2").endswith(
        '<span class="left-out">… 1 more</span></bdi>, <a href="/console/whole?a=1&amp;b=2">show all</a>'
    )
    assert "href" not in rendered("x" * 64, all="/console/whole")


def test_an_identifier_beyond_ascii_is_marked() -> None:
    page = rendered("аlice", identifier=True)
    assert page.startswith(
        '<bdi class="value mono" dir="ltr">аlice</bdi> <span class="tag warn not-ascii" title="U+0430 '
    )
    assert page.endswith(">! not ASCII: U+0430</span>")
    assert rendered("абвгде", identifier=True).endswith(">! not ASCII: U+0430, U+0431, U+0432, U+0433, 2 more</span>")


def test_what_is_copied_is_the_exact_value() -> None:
    button = str(TEMPLATES.get_template("_value.html").module.copy('a\x00"b\r\n'))  # type: ignore[attr-defined]
    found = re.search(r'data-copy="([^"]*)"', button)
    assert found
    assert json.loads(html.unescape(found[1])) == 'a\x00"b\r\n'


@pytest.mark.parametrize(
    ("text", "is_read"),
    [("aws sns \\\n  publish\n", True), ("é <b>", True), ("\na", False), ("a\r\nb", False), ("\x00", False)],
)
def test_what_a_page_keeps_is_copied_from_there(text: str, is_read: bool) -> None:
    button = str(TEMPLATES.get_template("_value.html").module.copy(text, behind=True))  # type: ignore[attr-defined]
    assert ('data-copy=""' in button) is is_read


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("{\n  a\n}", "{\n  a\n}"),
        ("a\r\n\x1b", "a\\r\n\\x1b"),
        ("é\u202e", "é\\u202e"),
        ("e" + "\u0301" * 6, "e" + "\u0301" * 4 + "\\u0301\\u0301"),
        ("é", "é"),
    ],
)
def test_a_long_text_stands_in_a_box_of_its_own(text: str, shown: str) -> None:
    assert legible(text) == shown


@given(hostile)
def test_nothing_acts_in_a_long_text(text: str) -> None:
    assert not UNSAFE.search(legible(text).replace("\n", ""))
