"""Exclusions compiled into a pattern. Rule: a record that `when` does not hold for is never hidden.

An exclusion says which records shall not count. The pattern language has no negation, so the
negation of `when` is built from the conditions that the language has, such that an absent or null
field never silences the rule: `F = v` becomes `(F NOT EXISTS) || (F IS NULL) || (F != v)`. What
cannot be negated in that way is refused with the reason; nothing is approximated.

One limit is the language's own and cannot be closed: on an object or an array every comparison is
false, `!=` too (FP-5.1), so a field that holds text in one record and an object in another is
treated as equal to `v` where it is an object.

Spec: IF-4 (Exclusions), detections.md section 4, FP-5.1.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, assert_never

import msgspec

from tocsin.core.pattern.parser import parse_pattern
from tocsin.core.pattern.printer import print_pattern
from tocsin.core.pattern.tree import (
    All,
    And,
    Compare,
    Expr,
    Is,
    Json,
    Literal,
    NotExists,
    Op,
    Or,
    Pattern,
    Role,
    Selector,
    Space,
    Term,
    Text,
)
from tocsin.core.pattern.tree import Constant as Is_
from tocsin.errors import PatternError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tocsin.core.rule import Exclusion

MAX_PATTERN = 1024
"""The longest pattern that CloudWatch Logs takes, in characters (FP-1.4)."""

# What CloudTrail writes as a scalar wherever it writes it at all (CT-2.2, CT-3.1). Only of these
# is "the field is there" the same as "the field is null or compares", so that NOT EXISTS and
# IS NULL can be negated; nothing in the language is true of an object or an array (FP-5.1).
_SCALARS = frozenset(
    tuple(path.split("."))
    for path in (
        *("eventVersion", "eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress", "userAgent"),
        *("errorCode", "errorMessage", "requestID", "eventID", "readOnly", "eventType", "apiVersion"),
        *("managementEvent", "recipientAccountId", "sharedEventID", "vpcEndpointId", "vpcEndpointAccountId"),
        *("eventCategory", "sessionCredentialFromConsole", "additionalEventData.MFAUsed"),
        *("userIdentity.type", "userIdentity.principalId", "userIdentity.arn", "userIdentity.accountId"),
        *("userIdentity.accessKeyId", "userIdentity.userName", "userIdentity.invokedBy"),
        *("userIdentity.identityProvider", "userIdentity.credentialId"),
        "userIdentity.sessionContext.attributes.mfaAuthenticated",
        "userIdentity.sessionContext.attributes.creationDate",
        "userIdentity.sessionContext.sourceIdentity",
        "userIdentity.sessionContext.sessionIssuer.type",
        "userIdentity.sessionContext.sessionIssuer.principalId",
        "userIdentity.sessionContext.sessionIssuer.arn",
        "userIdentity.sessionContext.sessionIssuer.accountId",
        "userIdentity.sessionContext.sessionIssuer.userName",
        *("tlsDetails.tlsVersion", "tlsDetails.cipherSuite", "tlsDetails.clientProvidedHostHeader"),
    )
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why an exclusion cannot be compiled in.

    `index` is its place in the list, `key` the member that is at fault (`when`, `use`, `expires`),
    `position` the offset inside that member's text.
    """

    index: int
    key: str
    position: int
    reason: str
    hint: str = ""
    spec: str = "IF-4"


class Compiled(msgspec.Struct, frozen=True, kw_only=True):
    """The pattern with its exclusions. `applied` names those that are in it, in their order.

    With any refusal, `pattern` is the pattern without exclusions and `applied` is empty.
    """

    pattern: str
    applied: tuple[str, ...] = ()
    refusals: tuple[Refusal, ...] = ()


class _CannotNegateError(Exception):
    """A condition that the language cannot negate; never leaves this module."""

    def __init__(self, position: int, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.position = position
        self.reason = reason
        self.hint = hint


class _Addition(msgspec.Struct, frozen=True):
    """What one exclusion adds: conditions to a JSON pattern, or terms to a text pattern."""

    index: int
    key: str
    exprs: tuple[Expr, ...] = ()
    terms: tuple[Term, ...] = ()


def read_day(text: str) -> date | None:
    """The day that `YYYY-MM-DD` names, or None when `text` is no such day."""
    if not _DAY.match(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def is_expired(exclusion: Exclusion, at: date | None) -> bool:
    """Tell whether the exclusion no longer applies on the day `at`.

    From the first moment of `expires` (UTC) on it does not; without `expires`, or when `at` is
    None, it does. An `expires` that is no date never expires here: compiling refuses it.
    """
    day = read_day(exclusion.expires) if exclusion.expires is not None else None
    return day is not None and at is not None and at >= day


def compile_exclusions(
    pattern: str,
    exclusions: Sequence[Exclusion],
    *,
    at: date | None,
    clauses: Mapping[str, str] | None = None,
) -> Compiled:
    """Add to `pattern` the exclusions that apply on the day `at` (None: none has expired yet).

    `clauses` are the shared clauses that `use` names: conditions that are AND-ed as they stand,
    each already written so that an absent field does not silence the rule (detections.md
    section 4). Without an exclusion that applies the pattern comes back character by character;
    else it is printed anew. Raises PatternError when `pattern` itself is refused; whatever is
    wrong with an exclusion is a `Refusal`.
    """
    applying = [(index, one) for index, one in enumerate(exclusions) if not is_expired(one, at)]
    if not applying:
        return Compiled(pattern=pattern)
    tree = parse_pattern(pattern)
    additions: list[_Addition] = []
    refusals: list[Refusal] = []
    for index, exclusion in applying:
        made = _addition(tree, index, exclusion, clauses or {})
        if isinstance(made, Refusal):
            refusals.append(made)
        else:
            additions.append(made)
    if not refusals:
        text = print_pattern(_with(tree, additions))
        failure = _too_much(text, additions[-1])
        if failure is None:
            return Compiled(pattern=text, applied=tuple(one.name for _, one in applying))
        refusals.append(failure)
    return Compiled(pattern=pattern, refusals=tuple(refusals))


def negate(expr: Expr) -> Expr:
    """The condition that holds of a JSON event exactly where `expr` does not (see the module's limit).

    Raises ValueError with the reason where the language has no such condition.
    """
    try:
        return _negate(expr)
    except _CannotNegateError as failure:
        raise ValueError(failure.reason) from None


def _addition(tree: Pattern, index: int, exclusion: Exclusion, clauses: Mapping[str, str]) -> _Addition | Refusal:
    """What one exclusion adds to `tree`, or why it cannot."""
    if exclusion.expires is not None and read_day(exclusion.expires) is None:
        reason = f"'{exclusion.expires}' is no day"
        return Refusal(index=index, key="expires", position=0, reason=reason, hint="write it as 2027-01-31")
    key = "use" if exclusion.use is not None else "when"
    shared = exclusion.use is not None
    try:
        if exclusion.use is not None:
            if exclusion.use not in clauses:
                reason = f"there is no shared clause '{exclusion.use}'"
                return Refusal(index=index, key="use", position=0, reason=reason)
            added = parse_pattern("{ " + clauses[exclusion.use] + " }")
        else:
            if len(exclusion.when or "") > MAX_PATTERN:  # AWS's own words for it quote the whole pattern
                reason = f"it has {len(exclusion.when or ''):,} characters, {MAX_PATTERN:,} are allowed"
                return Refusal(index=index, key=key, position=0, reason=reason, spec="FP-1.4")
            added = parse_pattern(exclusion.when or "")
        return _fit(tree, added, index, key, shared=shared)
    except PatternError as failure:
        position = 0 if shared else failure.position
        return Refusal(
            index=index, key=key, position=position, reason=failure.message, hint=failure.hint, spec=failure.rule
        )
    except _CannotNegateError as failure:
        return Refusal(index=index, key=key, position=failure.position, reason=failure.reason, hint=failure.hint)


def _fit(tree: Pattern, added: Pattern, index: int, key: str, *, shared: bool) -> _Addition:
    match tree, added:
        case _, All():
            raise _CannotNegateError(0, "an empty pattern holds for every record: nothing would be left to count")
        case Json(), Json():
            return _Addition(index, key, exprs=_operands(added.expr if shared else _negate(added.expr), And))
        case ((Text() | All()), Text()):
            if isinstance(tree, Text) and any(term.role is Role.OPTIONAL for term in tree.terms):
                reason = "the pattern's `?` terms have no effect beside an excluded term (FP-3.7)"
                raise _CannotNegateError(0, reason)
            return _Addition(index, key, terms=_negate_terms(added.terms))
        case All(), Json():
            reason = "the empty pattern also matches lines that are not JSON, which `{ … }` would all leave out"
            raise _CannotNegateError(0, reason, "start from a JSON pattern such as { $.eventName = * }")
        case Space(), _:
            reason = "nothing can be added to a space-delimited pattern"
            raise _CannotNegateError(0, reason, "write the condition into the entry of its column")
        case _:
            reason = f"{_KINDS[type(added)]} cannot be combined with {_KINDS[type(tree)]}"
            raise _CannotNegateError(0, reason, "write `when` in the language of the rule's own pattern")


_KINDS: dict[type, str] = {
    All: "the empty pattern",
    Json: "a JSON pattern",
    Text: "a text pattern",
    Space: "a space-delimited pattern",
}


def _with(tree: Pattern, additions: Iterable[_Addition]) -> Pattern:
    exprs = [expr for addition in additions for expr in addition.exprs]
    if isinstance(tree, Json):
        return Json(_every([tree.expr, *exprs]))
    own = tree.terms if isinstance(tree, Text) else ()
    return Text((*own, *(term for addition in additions for term in addition.terms)))


def _too_much(text: str, last: _Addition) -> Refusal | None:
    """Say why the result breaks a limit of the language (length, wildcard steps, regexes), or None."""
    if len(text) > MAX_PATTERN:
        reason = f"with its exclusions the pattern has {len(text):,} characters, {MAX_PATTERN:,} are allowed"
        return Refusal(index=last.index, key=last.key, position=0, reason=reason, spec="FP-1.4")
    try:
        parse_pattern(text)
    except PatternError as failure:
        reason = f"with its exclusions the pattern is refused: {failure.message}"
        return Refusal(index=last.index, key=last.key, position=0, reason=reason, hint=failure.hint, spec=failure.rule)
    return None


# ---------------------------------------------------------------- negation of text


def _negate_terms(terms: tuple[Term, ...]) -> tuple[Term, ...]:
    """`-a` for `a`, `a` for `-a`, and `-a -b` for `?a ?b`; several terms that are AND-ed have no negation."""
    if all(term.role is Role.OPTIONAL for term in terms):
        return tuple(Term(Role.EXCLUDED, term.value) for term in terms)
    binding = [term for term in terms if term.role is not Role.OPTIONAL]  # the others have no effect: FP-3.7
    if len(binding) > 1:
        reason = "several terms hold together; the language cannot say that one of them is missing"
        hint = 'exclude a single "phrase", or `?a ?b` for one of several'
        raise _CannotNegateError(binding[1].position, reason, hint)
    (only,) = binding
    return (Term(Role.EXCLUDED if only.role is Role.REQUIRED else Role.REQUIRED, only.value),)


# ---------------------------------------------------------------- negation of conditions


def _negate(expr: Expr) -> Expr:
    match expr:
        case And():
            return _any(_negate(item) for item in expr.items)
        case Or():
            return _all_differ(expr.items)
        case Compare():
            return _negate_compare(expr)
        case Is():
            return _negate_is(expr)
        case NotExists():
            return _any((Is(_scalar(expr.selector), Is_.NULL), _present(expr.selector)))
        case _:
            assert_never(expr)


def _all_differ(items: tuple[Expr, ...]) -> Expr:
    """The negation of an OR. `F = a || F = b` gives one test for absence, which keeps the result short."""
    by_field: dict[tuple[object, ...], list[Compare]] = {}
    parts: list[Expr] = []
    for item in items:
        if isinstance(item, Compare) and item.op is Op.EQ and not _is_presence(item):
            by_field.setdefault(_selector(item).steps, []).append(item)
        else:
            parts.append(_negate(item))
    for same in by_field.values():
        selector = _selector(same[0])
        different = _every(Compare(_selector(item), Op.NE, item.value) for item in same)
        parts.append(_any((*_absent(selector), different)))
    return _every(parts)


def _negate_compare(condition: Compare) -> Expr:
    selector = _selector(condition)
    match condition.op:
        case Op.EQ if _is_presence(condition):
            return _any(_absent(selector))
        case Op.EQ:
            return _any((*_absent(selector), Compare(selector, Op.NE, condition.value)))
        case Op.NE:
            return _any((*_absent(selector), Compare(selector, Op.EQ, condition.value)))
        case _:
            reason = f"'{condition.op}' holds for numbers alone, and nothing in the language is true of text alone"
            raise _CannotNegateError(condition.position, reason, "exclude by `=` with the values that are meant")


def _negate_is(condition: Is) -> Expr:
    selector = _plain(condition.selector)
    if condition.constant is Is_.NULL:
        return _any((NotExists(_scalar(selector)), _present(selector)))
    word = condition.constant.value.lower()
    reason = f'nothing in the language tells the boolean {word} from the text "{word}"'
    raise _CannotNegateError(condition.position, reason, f"write {selector.source} = {word}, which can be negated")


def _selector(condition: Compare) -> Selector:
    """The selector of a condition of a JSON pattern, which holds no columns."""
    selector = condition.selector
    assert isinstance(selector, Selector)  # ColumnRef occurs in space-delimited patterns alone
    return _plain(selector)


def _plain(selector: Selector) -> Selector:
    if selector.has_wildcard:
        reason = f"{selector.source} selects several values, and the language cannot say that none of them fits"
        raise _CannotNegateError(selector.position, reason, "name one element, such as [0], or another field")
    return selector


def _scalar(selector: Selector) -> Selector:
    """`selector` when it is a field that never holds an object or an array."""
    if _plain(selector).names not in _SCALARS:
        reason = f"{selector.source} may hold an object or a list, and nothing in the language is true of those"
        raise _CannotNegateError(selector.position, reason, "compare a field inside it")
    return selector


def _absent(selector: Selector) -> tuple[Expr, Expr]:
    return NotExists(selector), Is(selector, Is_.NULL)


def _present(selector: Selector) -> Expr:
    return Compare(selector, Op.EQ, Literal("*", quoted=False))


def _is_presence(condition: Compare) -> bool:
    return isinstance(condition.value, Literal) and condition.value.text == "*"


# ---------------------------------------------------------------- building


def _operands(expr: Expr, kind: type[And | Or]) -> tuple[Expr, ...]:
    return expr.items if isinstance(expr, And | Or) and isinstance(expr, kind) else (expr,)


def _distinct(items: Iterable[Expr]) -> tuple[Expr, ...]:
    return tuple(dict.fromkeys(items))


def _every(items: Iterable[Expr]) -> Expr:
    flat = _distinct(part for item in items for part in _operands(item, And))
    return flat[0] if len(flat) == 1 else And(flat)


def _any(items: Iterable[Expr]) -> Expr:
    flat = _distinct(part for item in items for part in _operands(item, Or))
    return flat[0] if len(flat) == 1 else Or(flat)
