"""The examples in the specification of filter patterns hold: every line of its `example` blocks is run.

The first word of a line says what it is, the rest is taken literally: `pattern`, `yes` and `no` with
a message, `extract` with the values of the `yes` above it, `refused` with a pattern.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import NamedTuple

import pytest

from tocsin.core.pattern import FilterPattern
from tocsin.errors import PatternError

PAGE = Path(__file__).resolve().parents[2] / "docs" / "spec" / "filter-patterns.md"
BLOCK = re.compile(r"^```example\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Example(NamedTuple):
    """One line of a block, with the pattern and the message that it is about."""

    word: str
    content: str
    pattern: str
    message: str


def examples() -> list[Example]:
    found: list[Example] = []
    for block in BLOCK.finditer(PAGE.read_text(encoding="utf-8")):
        pattern = message = ""
        for line in block[1].splitlines():
            word, _, rest = line.partition(" ")
            content = rest.strip(" ")
            match word:
                case "pattern":
                    pattern = content
                case "yes" | "no":
                    message = content
            found.append(Example(word, content, pattern, message))
    return found


EXAMPLES = examples()


@pytest.mark.parametrize("example", EXAMPLES, ids=[f"{example.word} {example.content}"[:60] for example in EXAMPLES])
def test_example_holds(example: Example) -> None:
    match example.word:
        case "pattern":
            assert FilterPattern.parse(example.content).source == example.content
        case "yes" | "no":
            assert FilterPattern.parse(example.pattern).matches(example.message) is (example.word == "yes")
        case "extract":
            assert FilterPattern.parse(example.pattern).extract(example.message) == json.loads(example.content)
        case "refused":
            with pytest.raises(PatternError):
                FilterPattern.parse(example.content)
        case _:
            pytest.fail(f"no such kind of example: {example.word!r}")


def test_every_section_with_examples_is_read() -> None:
    words = [example.word for example in EXAMPLES]
    assert {word: words.count(word) > 5 for word in ("pattern", "yes", "no", "refused", "extract")} == dict.fromkeys(
        ("pattern", "yes", "no", "refused", "extract"), True
    )
