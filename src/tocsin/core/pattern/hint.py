"""What to tell a person whose filter pattern is refused. Spec: FP-8.6.

Rule: there is a hint for everything that the parser can refuse, and where the meaning is certain
the hint prints the rewrite and carries it as an edit. Nothing here decides what is refused: these
functions look at the place that the parser gives, and know what people write there and mean.

First come mistakes that happen everywhere (an escaping layer, a comment, a character pasted from a
formatted page), then those of the place, by what the grammar wanted: `_REMEDIES` is the table.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from tocsin.caret import make_visible
from tocsin.core.pattern import hint_column, hint_condition, hint_term
from tocsin.core.pattern.lexer import BLANKS
from tocsin.core.pattern.message import MAX_LENGTH, Expected
from tocsin.core.pattern.remedy import Edit, Remedy, Scene, quote, tell_place
from tocsin.core.pattern.tree import All

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocsin.core.pattern.message import Refusal
    from tocsin.core.pattern.tree import Pattern

__all__ = ["Edit", "Remedy", "find_remedy"]


def find_remedy(refusal: Refusal, source: str, *, read: Callable[[str], Pattern | None]) -> Remedy:
    """What to do about a refusal of `source`; `read` parses a text, for rewrites to be tried first."""
    scene = Scene(source, refusal, read)
    if refusal.detail:
        remedy = Remedy(refusal.detail)
    elif refusal.expected is Expected.SHORTER:
        remedy = _shorter(scene)  # the place says nothing: it is the first character too many
    else:
        remedy = _layer(scene) or _comment(scene) or _pasted(scene) or _REMEDIES[refusal.expected](scene)
    return remedy._replace(hint=make_visible(remedy.hint))


# ---------------------------------------------------------------- an escaping layer that was not removed

_LAYER = "an escaping layer was not removed"
_LAYER_RULE = "FP-13.9"
_ENTITY = re.compile(r"&(?:quot|amp|lt|gt|apos|#34|#39);")
_ENTITIES = {"&quot;": '"', "&lt;": "<", "&gt;": ">", "&apos;": "'", "&#34;": '"', "&#39;": "'", "&amp;": "&"}
_DOLLARS = re.compile(r"\\\$[.\[]|\$\$+[.\[]")  # at the first dollar of several, the parser stops at the second
_TEMPLATE = re.compile(r"\$+\{")


def _layer(scene: Scene) -> Remedy | None:
    """Signs that a shell, YAML, JSON, HCL or HTML layer is still around the pattern (FP-13.9)."""
    source = scene.source.strip(BLANKS)
    if scene.sees('\\"'):
        plain = source.replace('\\"', '"')
        return scene.whole(f"{_LAYER}: quotes stand without a backslash", _unwrap(plain) or plain, rule=_LAYER_RULE)
    if _DOLLARS.match(scene.source, max(scene.at - scene.sees("$"), 0)):
        plain = source.replace("\\$", "$").replace("$$", "$")
        return scene.whole(f"{_LAYER}: a selector starts with a single $", _unwrap(plain) or plain, rule=_LAYER_RULE)
    if _ENTITY.match(scene.source, scene.at):
        plain = source
        for entity, character in _ENTITIES.items():
            plain = plain.replace(entity, character)
        return scene.whole(f"{_LAYER}: the pattern is written in HTML entities", plain, rule=_LAYER_RULE)
    if scene.refusal.expected in (Expected.TERM, Expected.TERM_END):
        return _layer_around(scene, source)
    return None


def _layer_around(scene: Scene, source: str) -> Remedy | None:
    """`'{ … }'`, `"{ … }"`, `${ … }`: a JSON or space-delimited pattern that now begins like a text pattern."""
    template = _TEMPLATE.match(source)
    if template:
        return scene.whole(f"{_LAYER}: a pattern starts with {{", source[template.end() - 1 :], rule=_LAYER_RULE)
    inner = _unwrap(source)
    if inner and (source[0] != '"' or scene.read(inner)):
        return scene.whole(f"{_LAYER}: the quotes {source[0]} around the pattern", inner, rule=_LAYER_RULE)
    return None


def _unwrap(source: str) -> str:
    """What stands between quotes around a whole pattern; empty when there are none."""
    inner = source[1:-1].strip(BLANKS)
    brackets = inner[:1] + inner[-1:] in ("{}", "[]")
    return inner.replace('\\"', '"') if brackets and source[0] in "'\"`" and source[-1] == source[0] else ""


# ---------------------------------------------------------------- comments

_COMMENT = re.compile(r"(?:#|//)[^\r\n]*+|/\*(?s:.*?)\*/")
_COMMENT_RULE = "FP-1.3"
_COMMENTED = frozenset(
    {Expected.TERM, Expected.CONDITION, Expected.OPERATOR, Expected.JUNCTION, Expected.COLUMN, Expected.BRACE}
    | {Expected.BRACKET, Expected.COLUMN_OPERATOR}
)


def _comment(scene: Scene) -> Remedy | None:
    """`# …`, `// …`, `/* … */`, where no value or name is being read (FP-1.3)."""
    found = _COMMENT.match(scene.source, scene.at)
    if found is None or scene.refusal.expected not in _COMMENTED:
        return None
    rest = (scene.source[: found.start()] + scene.source[found.end() :]).strip(BLANKS)
    if scene.refusal.expected is not Expected.TERM:
        return scene.whole("there are no comments, and nothing may follow the pattern", rest, rule=_COMMENT_RULE)
    if scene.at > scene.start:
        return None
    if scene.read(rest) not in (None, All()):
        return scene.whole("there are no comments", rest, rule=_COMMENT_RULE)
    text = quote(found[0].rstrip(BLANKS))
    return Remedy(f"there are no comments; a text to be found stands in double quotes: {text}", rule=_COMMENT_RULE)


# ---------------------------------------------------------------- characters pasted from a formatted page

_LOOKALIKES = (
    dict.fromkeys("“”„‟″«»‘’‚‛′", '"')
    | dict.fromkeys("\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000", " ")
    | dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f", "")
    | dict.fromkeys("‐‑‒–—―−", "-")
    | {"…": "...", "≠": "!=", "≤": "<=", "≥": ">=", "∧": "&&", "∨": "||"}
)
_APOSTROPHE = re.compile(r"\w’\w")  # part of a word, no quote
_QUOTED = re.compile(r"[“”„‟″«»‘’‚‛′]([^“”„‟″«»‘’‚‛′\"]*)[“”„‟″«»‘’‚‛′]")


def _pasted(scene: Scene) -> Remedy | None:
    """A character that looks like one of ours and is another (FP-8.6)."""
    plain = _LOOKALIKES.get(scene.character)
    if plain is None or _APOSTROPHE.match(scene.source, max(scene.at - 1, 0)):
        return None
    code = ord(scene.character)
    name = unicodedata.name(scene.character).lower()
    seen = f"this is U+{code:04X}, {name}, pasted from a formatted page"
    quoted = _QUOTED.match(scene.source, scene.at)
    if quoted:
        plain, end = f'"{quoted[1]}"', quoted.end()
    else:
        end = scene.at + 1
    advice = {"": "remove it", " ": "write a plain blank"}.get(plain, f"write {plain}")
    return scene.replace(f"{seen}: {advice}", start=scene.at, end=end, text=plain, rule=_LAYER_RULE)


# ---------------------------------------------------------------- the ends of a pattern


def _shorter(scene: Scene) -> Remedy:
    size = len(scene.source)
    return Remedy(
        f"the pattern has {size:,} characters, {size - MAX_LENGTH:,} too many; "
        "spread the conditions over several filters that count into one metric"
    )


def _brace(scene: Scene) -> Remedy:
    return _closing_bracket(scene, "}")


def _bracket(scene: Scene) -> Remedy:
    return _closing_bracket(scene, "]")


def _closing_bracket(scene: Scene, bracket: str) -> Remedy:
    if scene.at < len(scene.source):
        return _nothing(scene)
    blank = " " if bracket == "}" else ""
    rewritten = scene.source[: scene.last] + blank + bracket
    return scene.whole(f"the closing {bracket} is missing", rewritten)


def _nothing(scene: Scene) -> Remedy:
    bracket = "]" if scene.is_space else "}"
    if scene.character in "{([" or scene.sees("&&") or scene.sees("||"):
        return Remedy(
            "a pattern has one pair of braces: join the conditions inside it with && (both) or || (either)"
            if bracket == "}"
            else "nothing may follow the closing ]: a pattern describes one kind of line"
        )
    rest = scene.preceding()
    if scene.source[scene.at : scene.last].strip(BLANKS + "'\"`;,") == "":
        return scene.whole(f"nothing may follow the closing {bracket}", rest)
    inside = "further conditions go inside" if bracket == "}" else "it describes one kind of line"
    return Remedy(f"nothing may follow the closing {bracket}: there are no comments, and {inside}")


# ---------------------------------------------------------------- quotes and percent signs

_SWALLOWED = re.compile(r'(?<!\\)\\"(?=[ \t\r\n]*(?:[\]})]|&&|\|\||\Z))')
_JOINED = re.compile(r"&&|\|\||[=<>,]")


def _unclosed_quote(scene: Scene) -> Remedy:
    opened = tell_place(scene.source, scene.start)
    if '\\"' in scene.source[scene.start :]:
        reason = rf"the quote in {opened} is never closed: \" is a quote in the text, \\ a backslash"
        return scene.whole(reason, _SWALLOWED.sub(r'\\\\"', scene.source).strip(BLANKS))
    return _close(scene, '"', f"the quote in {opened} is never closed")


def _unclosed_percent(scene: Scene) -> Remedy:
    opened = tell_place(scene.source, scene.start)
    reason = f"the % in {opened} opens a regex that is never closed; a percent sign itself needs double quotes"
    return _close(scene, "%", reason)


def _close(scene: Scene, mark: str, reason: str) -> Remedy:
    """Close what is open right before the closing bracket, if one value is all that stands there."""
    end = scene.last
    if scene.source.lstrip(BLANKS)[:1] in ("{", "["):
        end = len(scene.source[: end - 1].rstrip(BLANKS))
    if end <= scene.start + 1 or _JOINED.search(scene.source, scene.start, end):
        return Remedy(reason)
    rewritten = scene.source[:end] + mark + scene.source[end : scene.last]
    return scene.whole(reason, rewritten.strip(BLANKS))


# ---------------------------------------------------------------- limits


def _fewer_wildcards(scene: Scene) -> Remedy:
    if scene.start != scene.at:
        return Remedy("a selector may hold one wildcard step: give the element, such as [0], or the name in the other")
    return Remedy("a pattern may hold three wildcard steps, and this is the fourth: spread them over two filters")


def _fewer_regexes(_: Scene) -> Remedy:
    return Remedy(
        'a pattern may hold two regexes, and this is the third: "Delete*" needs none, '
        "and one regex can hold alternatives, %^Delete|^Stop%"
    )


_REMEDIES: dict[Expected, Callable[[Scene], Remedy]] = {
    Expected.BRACE: _brace,
    Expected.BRACKET: _bracket,
    Expected.NOTHING: _nothing,
    Expected.TERM: hint_term.explain_term,
    Expected.TERM_END: hint_term.explain_term_end,
    Expected.CONDITION: hint_condition.explain_condition,
    Expected.STEP: hint_condition.explain_step,
    Expected.OPERATOR: hint_condition.explain_operator,
    Expected.CONSTANT: hint_condition.explain_constant,
    Expected.EXISTS: hint_condition.explain_exists,
    Expected.VALUE: hint_condition.explain_value,
    Expected.VALUE_END: hint_condition.explain_value_end,
    Expected.JUNCTION: hint_condition.explain_junction,
    Expected.PARENTHESIS: hint_condition.explain_parenthesis,
    Expected.COLUMN: hint_column.explain_column,
    Expected.COLUMN_OPERATOR: hint_column.explain_column_operator,
    Expected.DECLARED_COLUMN: hint_column.explain_declared_column,
    Expected.ELLIPSIS_ONCE: hint_column.explain_ellipsis,
    Expected.QUOTE: _unclosed_quote,
    Expected.PERCENT: _unclosed_percent,
    Expected.NAME_END: hint_condition.explain_name_end,
    Expected.FEWER_WILDCARDS: _fewer_wildcards,
    Expected.FEWER_REGEXES: _fewer_regexes,
}
