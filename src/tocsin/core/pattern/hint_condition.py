"""Hints about the conditions of JSON patterns, and about values anywhere. Spec: FP-2, FP-4, FP-8.6."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tocsin.core.nearest import nearest
from tocsin.core.pattern.lexer import BLANKS, Facts, is_name_char, read_selector
from tocsin.core.pattern.message import Refusal
from tocsin.core.pattern.printer import print_condition, print_value
from tocsin.core.pattern.remedy import Remedy, find_partner, quote, tell_place, value_end
from tocsin.core.pattern.tree import Compare, Constant, Json, Literal, NotExists, Op, Selector

if TYPE_CHECKING:
    from tocsin.core.pattern.remedy import Scene
    from tocsin.core.pattern.tree import Expr

_EXAMPLE = "{ $.eventName = StopLogging }"
_NO_DOLLAR = "FP-13.11"
_JOIN = "join conditions with && (both) or || (either)"

# ---------------------------------------------------------------- where a condition begins

_QUOTED_WORD = re.compile(r"[\"'`]([^\"'`\\]*)[\"'`]")
_WORD_OF_SELECTOR = re.compile(r"[.@$\\]*([A-Za-z0-9_\[.'-].*)", re.DOTALL)


def explain_condition(scene: Scene) -> Remedy:
    """What stands where a selector or a parenthesis should."""
    return _nothing_there(scene) or _negation(scene) or _outer_braces(scene) or _value_list(scene) or _selector(scene)


def _nothing_there(scene: Scene) -> Remedy | None:
    before = scene.preceding()
    junction = next((sign for sign in ("&&", "||") if before.endswith(sign)), "")
    if scene.character in "})":
        if junction:
            return Remedy(f"a condition is missing behind {junction}; write one, or remove the {junction}")
        brackets = "parentheses" if before.endswith("(") else "braces"
        return Remedy(
            f"a condition is missing between the {brackets}, for example {_EXAMPLE}; "
            "to match every event leave the whole pattern empty"
        )
    if scene.sees("&&") or scene.sees("||"):
        return Remedy(f"a condition is missing in front of {scene.source[scene.at : scene.at + 2]}")
    if scene.word in ("AND", "OR", "and", "or") and junction:
        end = scene.following(scene.at + len(scene.word))
        hint = f"{junction} is enough, remove {scene.word}"
        return scene.replace(hint, start=scene.at, end=end, text="")
    return None


_CONDITION_END = re.compile(r"&&|\|\||\)")
_OPPOSITES = {Op.EQ: Op.NE, Op.NE: Op.EQ, Op.LT: Op.GE, Op.GE: Op.LT, Op.GT: Op.LE, Op.LE: Op.GT}


def _negation(scene: Scene) -> Remedy | None:
    """`!(…)`, `NOT (…)`, `!$.a = 1`."""
    if scene.character != "!" and scene.word.upper() != "NOT":
        return None
    reason = "there is no negation"
    inner = scene.following(scene.at + (1 if scene.character == "!" else 3))
    if scene.source.startswith("(", inner):
        end = find_partner(scene.source, inner) + 1
    else:
        end = value_end(scene, inner) if scene.source[inner] != "$" else _condition_end(scene, inner)
    tree = scene.read(f"{{{scene.source[inner:end]}}}") if end > inner else None
    turned = _turn_round(tree.expr) if isinstance(tree, Json) else ""
    if turned:
        return Remedy(f"{reason}; write {turned}")
    return Remedy(f"{reason}: turn each comparison round (= and !=, < and >=), and exchange && with ||")


def _condition_end(scene: Scene, start: int) -> int:
    """Where the condition that starts at `start` ends, more or less: at `&&`, `||`, `)` or the last brace."""
    found = _CONDITION_END.search(scene.source, start, scene.last - 1)
    return found.start() if found else scene.last - 1


def _turn_round(expr: Expr) -> str:
    """The opposite of a single condition, with what it means for absent fields (FP-5.2); empty for anything else."""
    if isinstance(expr, NotExists):
        return f"{print_condition(Compare(expr.selector, Op.EQ, Literal('*', quoted=False)))} for presence"
    if not isinstance(expr, Compare):
        return ""
    turned = print_condition(Compare(expr.selector, _OPPOSITES[expr.op], expr.value))
    absent = print_condition(NotExists(expr.selector)) if isinstance(expr.selector, Selector) else ""
    return f"{turned}, which is false where the field is absent; ({absent}) || ({turned}) is true there, too"


def _outer_braces(scene: Scene) -> Remedy | None:
    """`{{ … }}`."""
    if scene.character != "{":
        return None
    rest = scene.source[scene.at : scene.last - 1].rstrip(BLANKS)
    reason = "there is one pair of braces around a pattern; parentheses group conditions"
    return scene.whole(reason, rest) if rest.endswith("}") else Remedy(reason)


def _value_list(scene: Scene) -> Remedy | None:
    """`$.a = b || c`: the selector left out the second time."""
    previous = scene.refusal.previous
    before = scene.preceding()
    if previous is None or scene.is_space or not before.endswith(("&&", "||")):
        return None
    if scene.character in '"%':
        end = scene.source.find(scene.character, scene.at + 1) + 1
    else:
        end = value_end(scene, scene.at)
    text = scene.source[scene.at : end]
    whole = print_condition(Compare(previous.selector, previous.op, Literal("x", quoted=False)))[:-1] + text
    if end <= scene.at or scene.source[scene.following(end)] not in ")}&|" or scene.read(f"{{{whole}}}") is None:
        return None
    return scene.replace(
        f"each side of {before[-2:]} is a whole condition: {whole}", start=scene.at, end=end, text=whole
    )


def _selector(scene: Scene) -> Remedy:
    """A field's name without `$.`."""
    reason = "a selector starts with $."
    quoted = _QUOTED_WORD.match(scene.source, scene.at)
    if quoted:
        selector = "$" + "".join(map(name_step, quoted[1].split(".")))
        return scene.replace(f"{reason}: {selector}", start=scene.at, end=quoted.end(), text=selector, rule=_NO_DOLLAR)
    found = _WORD_OF_SELECTOR.match(scene.source, scene.at, scene.last)
    if found:
        start = found.start(1)
        text = "$" + ("" if scene.source[start] in ".[" else ".") + scene.source[start : scene.last]
        try:
            guessed, length = read_selector(text, 0, len(text), Facts())
        except Refusal:
            return Remedy(f"a condition starts with a selector: {_EXAMPLE}")
        end = start + length - (len(text) - (scene.last - start))
        hint = f"{reason}: {guessed.source}"
        return scene.replace(hint, start=scene.at, end=end, text=guessed.source, rule=_NO_DOLLAR)
    return Remedy(f"a condition starts with a selector: {_EXAMPLE}")


def name_step(name: str) -> str:
    """The step of a selector that descends into the property of that name."""
    if name and all(map(is_name_char, name)):
        return f".{name}"
    return f".['{name}']" if "']" not in name else f'.["{name}"]'


# ---------------------------------------------------------------- inside a selector

_SEGMENT = re.compile(r"[^ \t\r\n=!<>&|(){}\[\].]+")
_QUOTED_NAME = re.compile(r"\.?(\"[^\"]*\"|'[^']*')")
_OPEN_INDEX = re.compile(r"\[(?:[0-9]+|\*)\Z")
_BRACKETED_WORD = re.compile(r"([^\]\s'\"]+)\]")


def explain_step(scene: Scene) -> Remedy:
    """What stands where another step of a selector, or its end, should."""
    seen = scene.source[scene.start : scene.at]
    if seen.endswith("["):
        return _bracket_step(scene)
    if _OPEN_INDEX.search(seen):
        slices = "there are no slices: one index, or [*] for every element"
        return Remedy(slices if scene.sees(":") else "a ] is missing here")
    if scene.character in ("'", '"') and seen.endswith(("$", "$.", ".")):
        return _quoted_step(scene)
    if seen.endswith(".") and scene.sees("."):
        return Remedy("there is no search at any depth (..): name every step, $.userIdentity.userName")
    if seen == "$" and scene.character and is_name_char(scene.character):
        hint = f"a selector starts with $.: $.{_segment(scene, scene.at)}"
        return scene.replace(hint, start=scene.at, end=scene.at, text=".", rule=_NO_DOLLAR)
    if seen.endswith((".", "$")):
        return Remedy("a selector names a field, step by step: $.userIdentity.userName")
    return _special_name(scene)


def explain_name_end(scene: Scene) -> Remedy:
    """A name in brackets that is never closed."""
    opened = tell_place(scene.source, scene.start)
    return Remedy(f"the name that begins in {opened} is never closed: $.['service.name']")


def _segment(scene: Scene, start: int) -> str:
    found = _SEGMENT.match(scene.source, start)
    return found[0] if found else ""


def _bracket_step(scene: Scene) -> Remedy:
    inside = "between the brackets stand a number, a star or a quoted name: [0], [*], ['name']"
    if scene.sees("-"):
        return Remedy("elements are counted from 0, and there is no counting from the end")
    if scene.character in ("?", "("):
        return Remedy("there are no filters in a selector: [*] tries every element")
    word = _BRACKETED_WORD.match(scene.source, scene.at)
    if word:
        return scene.replace(f"{inside}; here: ['{word[1]}']", start=scene.at, end=word.end(1), text=f"'{word[1]}'")
    return Remedy(inside)


def _quoted_step(scene: Scene) -> Remedy:
    """`$."detail-type"`."""
    dot = scene.at - (scene.source[scene.at - 1] == ".")
    found = _QUOTED_NAME.match(scene.source, dot)
    if found is None:
        return Remedy("a name in quotes stands in brackets: $.['service.name']")
    name = found[1][1:-1]
    step = name_step(name)
    reason = f"a name in quotes stands in brackets: .['{name}']"
    if not step.startswith(".["):
        reason = f"this name needs no quotes: {scene.source[scene.start : dot]}{step}, or in brackets ['{name}']"
    return scene.replace(reason, start=dot, end=found.end(), text=step)


def _special_name(scene: Scene) -> Remedy:
    """A character that a name after a dot cannot hold."""
    source = scene.source
    if scene.sees(":") and source[scene.at + 1] in BLANKS:
        return colon(scene)
    if scene.sees("*"):
        return Remedy("a star stands for a whole name, never for a part of one: .*")
    first = scene.at
    while is_name_char(source[first - 1]):
        first -= 1
    found = _SEGMENT.match(source, first)
    if found is None or first == scene.at or found.end() <= scene.at or "'" in found[0]:
        return Remedy("names with other characters than letters, digits, _ and - stand in brackets: $.['service.name']")
    dot = first - (source[first - 1] == ".")
    step = name_step(found[0])
    hint = f"this name needs brackets: {source[scene.start : dot]}{step}"
    return scene.replace(hint, start=dot, end=found.end(), text=step)


# ---------------------------------------------------------------- behind a selector

_WRONG_OPERATORS = {
    "==": "=", "===": "=", "=~": "=", "<>": "!=", "!==": "!=", "=!": "!=", "!": "!=", "!~": "!=", "~=": "=",
    "=<": "<=", "=>": ">=", "<<": "<", ">>": ">",
}  # fmt: skip

_OPERATOR_RUN = re.compile(r"[=!<>~]+")

_PRESENCE = "= *"
# What people write behind a selector, upper or lower case, and what they mean; the first that fits counts.
_PHRASES = tuple(
    (re.compile(rf"(?:{phrase})(?![A-Za-z0-9_])", re.IGNORECASE), meant)
    for phrase, meant in (
        (r"is\s*not\s*null|is\s*not\s*empty|is\s+present|exists?|present", _PRESENCE),
        (r"(?:is|does)\s*not\s*exists?|not\s*exists?|is\s+missing|is\s+absent|missing|absent", "NOT EXISTS"),
        (r"is\s*null|isnull", "IS NULL"),
        (r"is\s*not\s*true|is\s*false", "IS FALSE"),
        (r"is\s*not\s*false|is\s*true", "IS TRUE"),
        (r"is\s*not|not\s*equals?(?:\s*to)?|neq?", "!="),
        (r"equals?(?:\s*to)?|eq|is", "="),
        (r"gte|ge", ">="),
        (r"lte|le", "<="),
        (r"gt", ">"),
        (r"lt", "<"),
    )
)
# Searches of other languages, as a value that does the same; "text" stands for what is looked for.
_SEARCHES = {
    "CONTAINS": '"*text*"', "STARTSWITH": '"text*"', "ENDSWITH": '"*text"', "STARTS": '"text*"', "ENDS": '"*text"',
    "BEGINS": '"text*"', "LIKE": '"*text*"', "MATCHES": "%text%", "REGEX": "%text%", "RLIKE": "%text%",
}  # fmt: skip
_KEYWORDS = ("NOT EXISTS", "IS NULL", "IS TRUE", "IS FALSE")
_QUOTED_CONSTANT = re.compile(r"[\"'](null|true|false)[\"']", re.IGNORECASE)
_TWO_WORDS = re.compile(r"[A-Za-z]+(?:[ \t]+[A-Za-z]+)?")
_SEARCHED = re.compile(r"[A-Za-z]+[ \t]+(?:[Ww][Ii][Tt][Hh][ \t]+)?\"([^\"\\*]+)\"")


def wrong_operator(scene: Scene) -> Remedy | None:
    """An operator of another language."""
    run = _OPERATOR_RUN.match(scene.source, scene.at)
    if run is None:
        return None
    meant = _WRONG_OPERATORS.get(run[0])
    if meant is None:
        return Remedy("the operators are = != < > <= >=")
    hint = f"write {meant} in place of {run[0]}"
    if "~" in run[0] and not scene.source.startswith("%", scene.following(run.end())):
        return Remedy(f"{hint}, and a regex between percent signs: {meant} %Trail$%")
    return scene.replace(hint, start=scene.at, end=run.end(), text=meant)


def _operand(scene: Scene) -> str:
    """The selector in question."""
    return scene.refusal.names[0]


def colon(scene: Scene) -> Remedy:
    """`$.a: 5`."""
    blank = "" if scene.source[scene.at - 1] in BLANKS else " "
    return scene.replace("write = in place of :", start=scene.at, end=scene.at + 1, text=f"{blank}=")


def explain_operator(scene: Scene) -> Remedy:
    """What stands where an operator, IS or NOT should."""
    return wrong_operator(scene) or _phrase(scene, scene.at) or _misspelt(scene) or _no_operator(scene)


def explain_constant(scene: Scene) -> Remedy:
    """What stands behind IS in place of NULL, TRUE or FALSE."""
    choice = "IS takes NULL, TRUE or FALSE, in upper case and without quotes"
    quoted = _QUOTED_CONSTANT.match(scene.source, scene.at)
    if quoted:
        constant = quoted[1].upper()
        return scene.replace(f"{choice}: IS {constant}", start=scene.at, end=quoted.end(), text=constant)
    found = _phrase(scene, scene.start, at_least=scene.at)
    if found:
        return found
    meant = nearest(scene.word.upper(), Constant) if scene.word else None
    if meant:
        end = scene.at + len(scene.word)
        return scene.replace(f"{choice}: IS {meant}", start=scene.at, end=end, text=str(meant))
    return Remedy(f"{choice}; any other value is compared with =")


def explain_exists(scene: Scene) -> Remedy:
    """What stands behind NOT in place of EXISTS."""
    if nearest(scene.word.upper(), ["EXISTS", "EXIST"]):
        hint = f"keywords are written in upper case: {_operand(scene)} NOT EXISTS"
        return scene.replace(hint, start=scene.start, end=scene.at + len(scene.word), text="NOT EXISTS")
    if scene.word.upper() == "NULL":
        end = scene.at + len(scene.word)
        return scene.replace(f"presence is {_operand(scene)} {_PRESENCE}", start=scene.start, end=end, text=_PRESENCE)
    if scene.sees("=") and not scene.sees("=="):
        return scene.replace("write != in place of NOT =", start=scene.start, end=scene.at + 1, text="!=")
    return Remedy("NOT stands in NOT EXISTS only; there is no negation: write != for another value")


def _phrase(scene: Scene, start: int, *, at_least: int = 0) -> Remedy | None:
    """Keywords in lower case, run together, or of another language."""
    for phrase, meant in _PHRASES:
        found = phrase.match(scene.source, start)
        if found is None or found.end() <= at_least:
            continue
        name = _operand(scene)
        if "not" in found[0].lower() and meant in ("IS FALSE", "IS TRUE"):
            return Remedy(
                f"there is no IS NOT; write {name} {meant}, or where an absent field counts, too, "
                f"({name} NOT EXISTS) || ({name} {meant})"
            )
        if meant == _PRESENCE:
            hint = f"presence is {name} {meant}"
        elif found[0].upper().split() == meant.split():
            hint = f"keywords are written in upper case: {name} {meant}"
            return scene.replace(hint, start=start, end=found.end(), text=meant, rule="FP-2.3")
        else:
            hint = f"write {meant} in place of {found[0]}"
        return scene.replace(hint, start=start, end=found.end(), text=meant)
    return None


def _misspelt(scene: Scene) -> Remedy | None:
    """`NOT EXSITS`, `NUL`, `contains`."""
    word, name = scene.word.upper(), _operand(scene)
    if word in _SEARCHES:
        searched = _SEARCHED.match(scene.source, scene.at)
        if searched is None or word in ("LIKE", "MATCHES", "REGEX", "RLIKE"):
            return Remedy(f"there is no {scene.word}: write {name} = {_SEARCHES[word]}")
        value = _SEARCHES[word].replace("text", searched[1])
        hint = f"there is no {scene.word}: write {name} = {value}"
        return scene.replace(hint, start=scene.at, end=searched.end(), text=f"= {value}")
    if word == "IN":
        return Remedy(f"there is no list of values: write ({name} = a) || ({name} = b)")
    if word == "BETWEEN":
        return Remedy(f"there is no BETWEEN: write {name} >= 1 && {name} <= 5")
    found = _TWO_WORDS.match(scene.source, scene.at)
    meant = nearest(found[0].upper(), _KEYWORDS) if found else None
    if found is None or meant is None:
        return None
    return scene.replace(f"did you mean {meant}?", start=scene.at, end=found.end(), text=meant)


def _no_operator(scene: Scene) -> Remedy:
    if scene.sees(":"):
        return colon(scene)
    if scene.word:
        return Remedy("an operator is missing in front of this, for example =; a name with a blank: $.['a name']")
    return Remedy(f"an operator and a value are missing; presence is {_operand(scene)} {_PRESENCE}")


# ---------------------------------------------------------------- values

_SINGLE_QUOTED = re.compile(r"'([^'\"]*)'|`([^`\"]*)`")


def explain_value(scene: Scene) -> Remedy:
    """What stands where a value should begin."""
    found = _SINGLE_QUOTED.match(scene.source, scene.at)
    if found:
        text = quote(found[1] or found[2] or "")
        hint = f"only double quotes quote: {text}"
        return scene.replace(hint, start=scene.at, end=found.end(), text=text, rule="FP-2.5")
    if scene.sees("$"):
        text = quote(scene.source[scene.at : value_end(scene, scene.at)])
        return Remedy(f"two fields cannot be compared; as plain text $ needs double quotes: {text}")
    if scene.character in "=<>!" and scene.source[scene.at + 1] in BLANKS:
        end = scene.following(scene.at + 1)
        return scene.replace("one operator is enough", start=scene.at, end=end, text="")
    if scene.sees("("):
        name = _operand(scene)
        return Remedy(f"a value stands without parentheses; for one of several write ({name} = a) || ({name} = b)")
    if scene.refusal.term and value_end(scene, scene.at) > scene.at:
        return _quoted(scene, scene.at)
    return Remedy('a value is missing; * stands for any value, "" for the empty text')


def explain_value_end(scene: Scene) -> Remedy:
    """A character that a value without quotes cannot hold."""
    if scene.sees(",") and scene.source[scene.at + 1] in BLANKS + "$":
        return Remedy(f"there is no comma between conditions: {_JOIN}; a comma in a value needs double quotes")
    return _quoted(scene, scene.start)


def _quoted(scene: Scene, start: int) -> Remedy:
    end = max(value_end(scene, start), scene.at + 1)
    text = quote(scene.source[start:end])
    return scene.replace(f"put the value in double quotes: {text}", start=start, end=end, text=text)


# ---------------------------------------------------------------- behind a condition

_JUNCTION_RUN = re.compile(r"[&|]+")
_WRONG_JUNCTIONS = {"AND": "&&", "OR": "||", "&": "&&", "|": "||", "&&&": "&&", "|||": "||"}


def explain_junction(scene: Scene) -> Remedy:
    """What stands where `&&`, `||` or the closing bracket should."""
    run = _JUNCTION_RUN.match(scene.source, scene.at)
    seen = run[0] if run else scene.word
    meant = _WRONG_JUNCTIONS.get(seen.upper())
    if meant:
        hint = f"write {meant} in place of {seen}"
        return scene.replace(hint, start=scene.at, end=scene.at + len(seen), text=meant)
    if scene.sees(")"):
        return Remedy("this parenthesis closes none; remove it, or open one in front of the conditions")
    if scene.character in ",;":
        return Remedy(f"there is no {scene.character} between conditions: {_JOIN}")
    if scene.character in "=<>!":
        return Remedy(f"a condition has one operator; {_JOIN}: $.f > 1 && $.f < 5")
    if scene.character in "$({":
        return Remedy(_JOIN)
    if scene.sees('"'):
        return Remedy(f'a value is one phrase, a quote inside it is written \\"; {_JOIN}')
    return _several_words(scene) or Remedy(f"{_JOIN}; a value of several words needs double quotes")


def _several_words(scene: Scene) -> Remedy | None:
    """`$.errorMessage = Failed authentication`."""
    previous = scene.refusal.previous
    if previous is None or not isinstance(previous.value, Literal) or previous.value.quoted:
        return None
    start = previous.value.position
    between = scene.source[start + len(print_value(previous.value)) : scene.at]
    end = value_end(scene, start)
    if between.strip(BLANKS) or end <= scene.at:
        return None
    text = quote(scene.source[start:end])
    hint = f"a value of several words needs double quotes: {text}"
    if scene.is_space:
        return Remedy(f"{hint}; another column needs a comma")
    return scene.replace(hint, start=start, end=end, text=text)


def explain_parenthesis(scene: Scene) -> Remedy:
    """An opening parenthesis without its partner."""
    return Remedy(f"the ( in {tell_place(scene.source, scene.start)} is never closed: a ) is missing")
