"""What a pattern that CloudWatch Logs refuses is reported as. Spec: FP-8, FP-13.9 to FP-13.12, FP-13.33."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.core.lint.observation import Observation, observe
from tocsin.core.pattern.lexer import is_name_char
from tocsin.core.pattern.parser import mend_pattern

if TYPE_CHECKING:
    from tocsin.errors import PatternError

_BY_RULE = {
    "FP-13.9": "quoting-layer",
    "FP-13.11": "missing-dollar",
    "FP-1.4": "too-many",
    "FP-4.11": "too-many",
    "FP-7.4": "too-many",
    "FP-7.5": "too-many",
}
_CHARACTER = "Invalid character(s) in term"  # E3 of FP-8.2


def lint_refusal(error: PatternError) -> Observation:
    """The one observation about a pattern that is refused: AWS's text, the place, the remedy."""
    return observe(
        _name_of(error),
        error.position,
        error.message,
        hint=error.hint,
        rewrite=mend_pattern(error.source),
    )


def _name_of(error: PatternError) -> str:
    if error.rule in _BY_RULE:
        return _BY_RULE[error.rule]
    if error.rule == "FP-6.5" and is_name_char(error.source[error.position : error.position + 1] or " "):
        return "undeclared-column"
    return "special-character" if error.message.startswith(_CHARACTER) else "syntax"
