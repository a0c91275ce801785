"""How mails are laid out (AL-17.6)."""

from __future__ import annotations

from tocsin.core.notification.text_page import WIDTH, TextPage


def test_paragraphs_wrap_and_long_words_stay_whole() -> None:
    page = TextPage()
    page.paragraph("word " * 40, indent=3, hang=2)
    page.item("ARN", "x" * 100)
    lines = page.text().splitlines()
    assert all(len(line) <= WIDTH for line in lines[:-1])
    assert lines[0].startswith("   word")
    assert lines[1].startswith("     word")
    assert lines[-1] == "  " + "x" * 100


def test_a_value_cannot_begin_a_line_of_its_own() -> None:
    page = TextPage()
    page.item("Who", "mallory\nWho: root")
    assert page.text() == "Who: mallory\\nWho: root\n"


def test_an_empty_value_gives_no_line() -> None:
    page = TextPage()
    page.item("Who", "")
    page.blank()
    page.heading("details")
    page.blank()
    page.blank()
    page.verbatim("a  b", indent=1)
    assert page.text() == "DETAILS\n\n a  b\n"


def test_commands_of_a_runbook_stay_whole() -> None:
    page = TextPage()
    page.paragraphs("1. Read all of it: tocsin grep 'x' ARCHIVE\n2. Sleep.\n3. Left out.", most=2)
    assert page.text() == "1. Read all of it:\n   tocsin grep 'x' ARCHIVE\n2. Sleep.\n"
