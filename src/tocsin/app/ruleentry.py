"""A rule together with the text that it was read from. Rule: a finding can always name its place. Spec: IF-1."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from tocsin.app.document import Array, Node, Object, Scalar, SourceText
from tocsin.core.finding import Finding, Severity
from tocsin.core.rule import Rule
from tocsin.core.topic import Subscription

if TYPE_CHECKING:
    from tocsin.core.rule import KeyPath


FILE_FINDINGS: dict[str, str] = {
    "yaml-syntax": "the text is no YAML",
    "json-syntax": "the text is no JSON",
    "encoding": "the file is not UTF-8, or holds half of a surrogate pair",
    "unreadable": "the file or folder cannot be read",
    "too-large": "a file, a folder or a number of documents is beyond the limits",
    "too-deep": "the text is nested beyond the limit",
    "alias": "an anchor or alias, which rule files do not have",
    "tag": "a tag that is not one of YAML's core schema",
    "duplicate-key": "a key stands twice in one mapping",
    "not-rules": "the file is none that holds rules",
    "no-rule": "a file, folder or listing holds no rule",
    "unsupported-alarm": "an alarm of a kind that Tocsin does not evaluate",
    "invalid-alarm": "alarm parameters that CloudWatch refuses",
    "invalid-mute-rule": "a mute rule that CloudWatch refuses",
    "unknown-metric": "an alarm watches a metric that no filter feeds",
    "cut-listing": "a listing of the AWS CLI ends after a page",
    "unknown-key": "a key that rules, or AWS's operations, do not have",
    "wrong-type": "a value of another type than the key takes",
    "missing-key": "a key that has to be there is not",
    "invalid-value": "a value that the key does not take: length, characters, enumeration, range",
    "too-many": "more entries than are allowed",
    "conflicting-keys": "keys that exclude one another, or one that needs another",
    "duplicate-name": "two tests, or two exclusions, of one rule share a name",
    "duplicate-rule": "two different rules share a full name",
    "unknown-clause": "an exclusion uses a shared clause that does not exist",
    "unfilled-parameter": "a <NAME> in a pattern has no value under params",
    "unused-parameter": "a value under params has no <NAME> in a pattern",
    "cannot-exclude": "an exclusion cannot be compiled into the pattern soundly",
    "unused-ignore": "ignore names a finding that does not occur",
    "syntax": "a pattern that CloudWatch Logs refuses",
}
"""The findings about the text of rules, by name: those of the lints are in `tocsin.core.lint.SPECS`."""


class RulePlaces:
    """The text of one rule: the `RuleText` that findings take their places from."""

    def __init__(self, source: SourceText, root: Node) -> None:
        self._source = source
        self._root = root

    @property
    def path(self) -> str:
        """The file, as the user named it, or `PACK/ID.yaml` for a rule that ships."""
        return self._source.path

    @property
    def source(self) -> SourceText:
        """The whole text that the rule stands in."""
        return self._source

    def node(self, key: KeyPath) -> Node | None:
        """The node at `key`, or None when there is none."""
        found, rest = self._descend(key)
        return None if rest else found

    def place(self, key: KeyPath, offset: int = 0) -> tuple[int, int]:
        """Line and column (from 1) of the character `offset` of the value at `key`.

        The nearest enclosing value that exists when there is none at `key`.
        """
        node, rest = self._descend(key)
        if isinstance(node, Scalar) and not rest:
            return self._source.place_in(node, offset)
        return self._source.place(node.start)

    def key_place(self, key: KeyPath) -> tuple[int, int]:
        """Line and column of the last key of `key` itself, in place of its value."""
        parent, rest = self._descend(key[:-1])
        if isinstance(parent, Object) and not rest and key[-1] in parent.members:
            return self._source.place(parent.members[str(key[-1])].key.start)
        return self.place(key)

    def line(self, number: int) -> str:
        """The text of that line, without its end."""
        return self._source.line(number)

    def _descend(self, key: KeyPath) -> tuple[Node, KeyPath]:
        node, rest = self._root, key
        while rest:
            step = rest[0]
            if isinstance(node, Object) and isinstance(step, str) and step in node.members:
                node = node.members[step].value
            elif isinstance(node, Array) and isinstance(step, int) and 0 <= step < len(node.items):
                node = node.items[step]
            else:
                break
            rest = rest[1:]
        return node, rest


class RuleEntry(msgspec.Struct, frozen=True):
    """A rule and its text.

    `usable`: the text was free of errors, so the rule may run. `lintable`: what the lints look at
    was read completely, so they say nothing that comes from another fault. `in_listing`: the rule
    is one of many that an AWS CLI command printed, so its name must be said with every finding.
    """

    rule: Rule
    places: RulePlaces
    usable: bool
    lintable: bool
    in_listing: bool = False


class RuleFile(msgspec.Struct):
    """What one text holds: its rules, and the findings about the text itself.

    `file` is where the text lies on disk, None for standard input; `shipped` says that it belongs
    to a pack of this program. `subscriptions` and `mute_rules` (parameters of PutAlarmMuteRule) come out of listings;
    `lists_subscriptions` tells an account without subscriptions from a text that is about something else.
    """

    source: SourceText
    entries: list[RuleEntry] = msgspec.field(default_factory=list)
    findings: list[Finding] = msgspec.field(default_factory=list)
    file: Path | None = None
    shipped: bool = False
    subscriptions: list[Subscription] = msgspec.field(default_factory=list)
    lists_subscriptions: bool = False
    mute_rules: list[dict[str, Any]] = msgspec.field(default_factory=list)

    def note(self, position: int, severity: Severity, name: str, message: str, hint: str = "") -> None:
        """Add a finding about the text as such, at a 0-based offset into it."""
        assert name in FILE_FINDINGS  # names are stable and documented (IF-1)
        line, column = self.source.place(min(position, len(self.source.text)))
        self.findings.append(
            Finding(
                path=self.source.path,
                line=line,
                column=column,
                severity=severity,
                name=name,
                spec="IF-1",
                rule="",
                message=message,
                hint=hint,
            )
        )
