"""What a value is compared with: literal stars, numbers as text, booleans as text, sessions.

Spec: FP-13.21, FP-13.23, FP-13.24, detections.md 10.3 and section 2.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tocsin.core.finding import Severity
from tocsin.core.lint.observation import Observation, observe
from tocsin.core.lint.subject import edited, is_accepted, shown, with_rewrite
from tocsin.core.number import is_number
from tocsin.core.pattern.printer import print_value
from tocsin.core.pattern.tree import Compare, Constant, Is, Literal, Name, Op, Selector, conditions
from tocsin.core.pattern.value_match import ORDERINGS
from tocsin.core.record_fields import FieldKind, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.core.lint.subject import Spot, Subject


def lint_values(subject: Subject) -> Iterator[Observation]:
    """Observations about the values of a JSON or space-delimited pattern."""
    for spot in subject.conditions:
        condition = spot.expr
        if isinstance(condition, Is):
            yield from _boolean_constant(subject, condition)
        elif isinstance(condition, Compare) and isinstance(condition.value, Literal):
            yield from _star(subject, condition, condition.value)
            yield from _quotes_inside(condition.value)
            if isinstance(condition.selector, Selector):
                yield from _kinds(subject, spot, condition, condition.selector, condition.value)
                yield from _session(condition, condition.selector, condition.value)


# ---------------------------------------------------------------- stars, question marks, regexes in quotes

_LOOKS_LIKE_REGEX = re.compile(r"^\^|[^\\]\$$|\\[dsw.]|\[[^\]]*-[^\]]*\]|\.[*+].|\(.*\|.*\)|[A-Za-z]\|[A-Za-z]")
_ASKS_FOR_ONE = re.compile(r"[\w.:/*-]*\?[\w.:/*?-]*\Z")
_PLAIN = frozenset(":_#=@/;,- ")


def _star(subject: Subject, condition: Compare, value: Literal) -> Iterator[Observation]:
    if condition.op in ORDERINGS:
        return
    if value.text == "*":
        yield from _lone_star(condition)
        return
    core = value.text.removeprefix("*").removesuffix("*")
    if len(value.text) > 2 and value.text[0] == value.text[-1] == "%":
        regex = f"%{value.text[1:-1]}%"
        rewrite = edited(subject.source, [(*_span(value), regex)])
        yield observe(
            "inner-star",
            value.position,
            f"in quotes {value.text} is plain text, percent signs and all, and no regex",
            hint=with_rewrite("a regex stands between percent signs without quotes", rewrite),
            rewrite=rewrite,
        )
    elif value.quoted and _LOOKS_LIKE_REGEX.search(value.text):
        yield observe(
            "inner-star",
            value.position,
            f"{print_value(value)} reads like a regex, but in quotes it is plain text",
            hint=f"a regex stands between percent signs without quotes{_as_regex(value.text, is_regex=True)}",
        )
    elif "*" in core:
        at = subject.source.index("*", value.position + value.quoted + value.text.startswith("*"))
        yield observe(
            "inner-star",
            at,
            f"the * inside {print_value(value)} is a plain star: only at an edge it stands for other characters",
            hint=f"a regex can have it in the middle{_as_regex(value.text, is_regex=False)}",
        )
    elif "?" in value.text and "://" not in value.text and _ASKS_FOR_ONE.match(value.text):
        yield observe(
            "inner-star",
            subject.source.index("?", value.position),
            f"the ? in {print_value(value)} is a plain question mark and no wildcard",
            hint=f"a regex can leave a character open{_as_regex(value.text, is_regex=False)}",
        )


def _as_regex(text: str, *, is_regex: bool) -> str:
    """`, for example %^Put.*Policy$%` for the reading that was probably meant; empty when the dialect has none."""
    if is_regex:
        source = text
    else:
        lead, trail = text.startswith("*"), text.endswith("*")
        core = text.removeprefix("*").removesuffix("*")
        source = ("" if lead else "^") + "".join(_in_regex(char) for char in core) + ("" if trail else "$")
    return f": %{source}%" if is_accepted(f"{{ $.a = %{source}% }}") else ""


def _in_regex(char: str) -> str:
    if char in "*?":
        return ".*" if char == "*" else "."
    if (char.isascii() and char.isalnum()) or char in _PLAIN:
        return char
    if char in "^$[]{}|\\+.":
        return f"\\{char}"
    return f"\\x{ord(char):02x}" if ord(char) <= 0xFF else "."


# What a policy grants is often a literal star; what a selector ends on tells.
_GRANTS = frozenset({"principal", "notprincipal", "aws", "action", "notaction", "resource", "notresource"})


def _lone_star(condition: Compare) -> Iterator[Observation]:
    selector = condition.selector
    names = [step.name for step in selector.steps if isinstance(step, Name)] if isinstance(selector, Selector) else []
    if condition.op is Op.EQ and len(names) > 1 and names[-1].lower() in _GRANTS:
        # The Principal of a statement is an object or the star, so that any text is the star.
        is_meant = names[-2:] in (["Statement", "Principal"], ["Statement", "NotPrincipal"])
        yield observe(
            "lone-star",
            condition.value.position,
            f"{shown(condition)} holds for any text, not for the star that a policy writes for everyone or everything",
            hint=r"the star itself is %^\*$%",
            severity=Severity.INFO if is_meant else Severity.WARNING,
        )


def _span(value: Literal) -> tuple[int, int]:
    """Where a value without escapes stands in the source."""
    return value.position, value.position + len(print_value(value))


_QUOTE_PAIRS = {("'", "'"), ('"', '"'), ("`", "`"), ("“", "”"), ("‘", "’")}


def _quotes_inside(value: Literal) -> Iterator[Observation]:
    """A value that holds quotes of its own at both ends: a layer of the file left them there."""
    if len(value.text) > 2 and (value.text[0], value.text[-1]) in _QUOTE_PAIRS:
        yield observe(
            "quoting-layer",
            value.position,
            f"the quotes {value.text[0]}{value.text[-1]} inside {print_value(value)} are part of the value",
            hint=f'one pair of double quotes is enough: "{value.text[1:-1]}"',
            severity=Severity.WARNING,
        )


# ---------------------------------------------------------------- numbers, booleans and text


def _kinds(
    subject: Subject, spot: Spot, condition: Compare, selector: Selector, value: Literal
) -> Iterator[Observation]:
    kind = kind_of(selector.steps)
    if kind is None:
        return
    if value.is_number and kind.is_text:
        yield _digits_for_text(subject, condition, selector, value)
    elif value.quoted and kind is FieldKind.NUMBER and is_number(value.text):
        rewrite = edited(subject.source, [(*_span(value), value.text)])
        yield observe(
            "number-vs-text",
            value.position,
            f"{selector.source} is a number, and {print_value(value)} in quotes equals it only when it is "
            "written with the same characters",
            hint=with_rewrite("write the number without quotes; AWS does not document this comparison", rewrite),
            rewrite=rewrite,
        )
    elif kind is FieldKind.BOOLEAN and value.text in {"true", "false"} and not _asks_both(spot, selector):
        yield _boolean_as_text(subject, condition, selector, value)


def _digits_for_text(subject: Subject, condition: Compare, selector: Selector, value: Literal) -> Observation:
    if condition.op in ORDERINGS:
        return observe(
            "number-vs-text",
            condition.position,
            f"{shown(condition)} is never true: {selector.source} is text, and text has no order",
            hint="compare with = and wildcards",
        )
    rewrite = edited(subject.source, [(*_span(value), f'"{value.text}"')])
    return observe(
        "number-vs-text",
        value.position,
        f"{selector.source} is text, and {value.text} without quotes is a number",
        hint=with_rewrite("put it in double quotes; AWS does not document what a bare number does here", rewrite),
        rewrite=rewrite,
    )


def _boolean_as_text(subject: Subject, condition: Compare, selector: Selector, value: Literal) -> Observation:
    wanted = (value.text == "true") == (condition.op is Op.EQ)
    form = f"{selector.source} IS {Constant.TRUE if wanted else Constant.FALSE}"
    rewrite = edited(subject.source, [(condition.position, _span(value)[1], form)])
    return observe(
        "boolean-text",
        condition.position,
        f"{selector.source} is a JSON boolean, and {shown(condition)} compares it as text",
        hint=with_rewrite(f"use {form}", rewrite),
        rewrite=rewrite,
    )


def _asks_both(spot: Spot, selector: Selector) -> bool:
    """Tell whether another branch of the same OR asks for the real boolean: then the text is meant as well."""
    others = (condition for other in spot.others for condition in conditions(other))
    return any(isinstance(one, Is) and one.selector.steps == selector.steps for one in others)


def _boolean_constant(subject: Subject, condition: Is) -> Iterator[Observation]:
    kind = kind_of(condition.selector.steps)
    if condition.constant is Constant.NULL or kind is None or not kind.is_text:
        return
    word = condition.constant.lower()
    form = f'{condition.selector.source} = "{word}"'
    rewrite = None
    if kind is FieldKind.TEXT_BOOLEAN:
        end = subject.source.index(condition.constant, condition.position + len(condition.selector.source))
        rewrite = edited(subject.source, [(condition.position, end + len(condition.constant), form)])
    yield observe(
        "boolean-text",
        condition.position,
        f"{shown(condition)} is never true: {condition.selector.source} is {kind.value}, and no JSON boolean",
        hint=with_rewrite(f"use {form}", rewrite) if kind is FieldKind.TEXT_BOOLEAN else "compare it with = and text",
        rewrite=rewrite,
    )


# ---------------------------------------------------------------- sessions

_SESSION_ARN = re.compile(r"assumed-role/[^/]+/([^/]+)\Z")
_SESSION_ID = re.compile(r"AROA?[A-Z0-9]*:(.+)\Z")


def _session(condition: Compare, selector: Selector, value: Literal) -> Iterator[Observation]:
    """A comparison that names one session of a role; the name changes with every session."""
    found = _SESSION_ARN.search(value.text)
    if found is None and selector.names is not None and selector.names[-1] == "principalId":
        found = _SESSION_ID.search(value.text)
    if found is None or found[1].endswith("*"):
        return
    yield observe(
        "session-key",
        condition.value.position,
        f"{print_value(value)} names the session {found[1]}, and the next session of the role has another name",
        hint="compare the role: $.userIdentity.sessionContext.sessionIssuer.arn",
    )
