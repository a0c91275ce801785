"""The documentation is true: what its pages show on a terminal is what happens, what they show in Python too.

How blocks are marked stands in scripts/page_examples.py. Blocks marked `pycon` are doctests in which
everything that `tocsin` offers is there.
"""

from __future__ import annotations

import doctest
import importlib.util
from pathlib import Path

import pytest

import tocsin

ROOT = Path(__file__).resolve().parents[2]
SPEC = importlib.util.spec_from_file_location("page_examples", ROOT / "scripts" / "page_examples.py")
EXAMPLES = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(EXAMPLES)


def with_blocks(kind: str) -> list[Path]:
    return [page for page in EXAMPLES.PAGES if any(block["kind"] == kind for block in EXAMPLES.blocks(page))]


@pytest.mark.parametrize("page", with_blocks("console"), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_terminal_shows_what_the_page_shows(page: Path, tmp_path: Path) -> None:
    for one in EXAMPLES.show(page, tmp_path):
        assert one.is_true, f"{page.name}\n$ {one.command}\n{one.printed}\n--- the page says:\n{one.expected}"


@pytest.mark.parametrize("page", with_blocks("pycon"), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_python_answers_what_the_page_shows(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    text = "\n".join(block["body"] for block in EXAMPLES.blocks(page) if block["kind"] == "pycon")
    names = {name: getattr(tocsin, name) for name in tocsin.__all__}
    case = doctest.DocTestParser().get_doctest(text, names, page.name, str(page), 0)
    result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE).run(case)
    assert result.failed == 0


@pytest.mark.parametrize(
    ("expected", "printed", "agree"),
    [
        ("one\ntwo", "one\ntwo\n", True),
        ("one", "one\ntwo", False),
        ("took … s", "took 0.21 s", True),
        ("a; 0.04 s (85,789 records/s)", "a; 0.1 s (9\nrecords/s)", True),
        ("took … s", "took 0.21 s\nand more", False),
        ("first\n…\nlast", "first\na\nb\nlast", True),
        ("first\n…\nlast", "first\nlast", True),
        ("a.c", "abc", False),
        ("", "", True),
        ("", "something", False),
    ],
)
def test_comparison_of_output(*, expected: str, printed: str, agree: bool) -> None:
    assert EXAMPLES.agrees(expected, printed) is agree


def test_output_that_changed_is_renewed_and_the_rest_is_left(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("Text.\n\n```console\n$ echo 1\n0\n$ echo 2 4\n2 …\n```\n\nMore `$ text`.\n")
    (tmp_path / "work").mkdir()
    shown = EXAMPLES.show(page, tmp_path / "work")
    assert [one.is_true for one in shown] == [False, True]
    EXAMPLES.renew(page, shown)
    assert page.read_text() == "Text.\n\n```console\n$ echo 1\n1\n$ echo 2 4\n2 …\n```\n\nMore `$ text`.\n"
