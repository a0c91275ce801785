"""Hints about the terms of text patterns. Spec: FP-3, FP-8.6."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tocsin.core.pattern.lexer import BLANKS, is_word_char
from tocsin.core.pattern.remedy import Remedy, quote

if TYPE_CHECKING:
    from tocsin.core.pattern.remedy import Scene

_RUN = re.compile(r'(?:"(?:[^"\\]|\\.)*+"|[^ \t\r\n])+', re.DOTALL)
_SINGLE_QUOTED = re.compile(r"'([^'\"]*)'(?![^ \t\r\n])|`([^`\"]*)`(?![^ \t\r\n])")
_SELECTOR_FIRST = re.compile(r"[( ]*+\$[.\[]")
_WORD_OR_PHRASE = re.compile(r'(?:[A-Za-z0-9_]+|"(?:[^"\\]|\\.)*+")\Z', re.DOTALL)


def explain_term(scene: Scene) -> Remedy:
    """A character that may not stand in a term, or that starts none."""
    return (
        _braces_missing(scene) or _prefix(scene) or _junction(scene) or _other_quotes(scene) or _decorated(scene)
        or _quoted(scene)
    )  # fmt: skip


def explain_term_end(scene: Scene) -> Remedy:
    """Two terms without a blank between them."""
    if scene.sees('"') and is_word_char(scene.source[scene.at - 1]):
        return Remedy("a blank stands between two terms; what belongs together goes into one pair of quotes")
    if scene.source[scene.at - 1] == "%":
        return Remedy("a blank stands between two terms; a percent sign inside a regex is written \\x25")
    return Remedy('a blank stands between two terms; a quote inside a phrase is written \\"')


def _braces_missing(scene: Scene) -> Remedy | None:
    """A JSON pattern without its braces."""
    source = scene.source.strip(BLANKS)
    remedy = scene.whole("conditions on the fields of a JSON event stand in braces", f"{{ {source} }}")
    return remedy if _SELECTOR_FIRST.match(source) or ("$" in source and remedy.edit) else None


def _prefix(scene: Scene) -> Remedy | None:
    """`-` and `?` on their own, or two of them."""
    if scene.refusal.rule != "FP-3.10":
        return None
    if scene.at > scene.start:
        return Remedy('a term has one prefix: - excludes it, ? makes it optional; any other goes into quotes: "-x"')
    example = "-ERROR" if scene.character == "-" else "?ERROR"
    sign = quote(scene.character)
    return Remedy(f"the prefix stands directly before its term: {example}; the character itself needs quotes: {sign}")


def _junction(scene: Scene) -> Remedy | None:
    """`a && b`, `a || b`: operators of JSON patterns."""
    if scene.at != scene.start or scene.character not in "&|":
        return None
    source = scene.source.strip(BLANKS)
    for sign, prefix in (("&&", ""), ("||", "?")):
        terms = [term.strip(BLANKS) for term in source.split(sign)]
        if len(terms) > 1 and all(map(_WORD_OR_PHRASE.match, terms)):
            rewritten = " ".join(prefix + term for term in terms)
            return scene.whole("terms side by side must all occur, of ?a ?b at least one", rewritten)
    return Remedy("there are no operators between terms: terms side by side must all occur, of ?a ?b at least one")


def _other_quotes(scene: Scene) -> Remedy | None:
    """Single quotes and backticks."""
    found = _SINGLE_QUOTED.match(scene.source, scene.at)
    if found is None:
        return None
    text = quote(found[1] or found[2] or "")
    hint = f"only double quotes quote: {text}"
    return scene.replace(hint, start=scene.at, end=found.end(), text=text, rule="FP-2.5")


def _decorated(scene: Scene) -> Remedy | None:
    """A word with signs of other languages around it: `ERROR*`, `!ERROR`, `+ERROR`."""
    start, end = _term(scene)
    text = scene.source[start:end]
    word = text.strip("*")
    if word != text and _WORD_OR_PHRASE.match(word):
        hint = f"a term is found anywhere in the message, a star is not needed: {word}"
        return scene.replace(hint, start=start, end=end, text=word)
    if text[:1] in ("!", "+") and _WORD_OR_PHRASE.match(text[1:]):
        rewritten = f"-{text[1:]}" if text[0] == "!" else text[1:]
        meaning = "to exclude a term put - in front of it" if text[0] == "!" else "a plain term must occur"
        return scene.replace(f"{meaning}: {rewritten}", start=start, end=end, text=rewritten)
    return None


def _quoted(scene: Scene) -> Remedy:
    start, end = _term(scene)
    text = quote(scene.source[start:end])
    prefix = scene.source[scene.start : start]
    return scene.replace(f"put the term in double quotes: {prefix}{text}", start=start, end=end, text=text)


def _term(scene: Scene) -> tuple[int, int]:
    """The term that the mistake is in, without its prefix: up to a blank outside of quotes."""
    start = scene.start + (scene.source[scene.start] in "-?" and scene.start < scene.at)
    found = _RUN.match(scene.source, start)
    return start, found.end() if found else scene.at + 1
