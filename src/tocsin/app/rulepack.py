"""SOURCEs to rules: packs that ship, rule files, folders of them, and what the AWS CLI printed.

Rule: a SOURCE either gives its rules or says why not; nothing that was named is passed over.
Spec: IF-1 (SOURCE), IF-4 (Full name), IF-5 (load_rules).
"""

from __future__ import annotations

import os
import stat
import sys
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec

from tocsin.app.document import MAX_BYTES, MAX_LISTING_BYTES, Form, Problem, SourceText, decode
from tocsin.app.pack import CLAUSES_NAME, PACKS_DIR, pack_names
from tocsin.app.ruleentry import RuleEntry, RuleFile, RulePlaces
from tocsin.app.rulefile import read_clauses, read_rules
from tocsin.core.finding import Finding, Severity
from tocsin.core.nearest import did_you_mean
from tocsin.core.rule import Rule
from tocsin.core.topic import Subscription
from tocsin.errors import NotFoundError, RuleFileError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

STANDARD_INPUT = "-"
"""The SOURCE that is standard input."""

MAX_FILES = 10_000
"""Rule files that one folder may hold."""

FORMS = {".yaml": Form.YAML, ".yml": Form.YAML, ".json": Form.JSON}
"""The file names that are taken from a folder, and what they promise."""


class RuleSet(msgspec.Struct):
    """Rules with their texts, and every finding made while reading them.

    `entries` holds each rule once, in the order of the SOURCEs, usable or not; `files` are the
    texts that were read, by SOURCE.
    """

    entries: list[RuleEntry] = msgspec.field(default_factory=list)
    files: dict[str, list[RuleFile]] = msgspec.field(default_factory=dict)
    findings: list[Finding] = msgspec.field(default_factory=list)

    @property
    def rules(self) -> list[Rule]:
        """The rules that may run: those whose text is free of errors."""
        return [entry.rule for entry in self.entries if entry.usable]


class ChainRule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule of a chain. `places` is None for one that was made by a program; `in_listing` as in RuleEntry."""

    rule: Rule
    places: RulePlaces | None = None
    in_listing: bool = False


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """Filters, alarms and who hears of them. `subscriptions` is None where nobody said who is subscribed.

    `mute_rules` are the parameters of PutAlarmMuteRule.
    """

    entries: tuple[ChainRule, ...]
    subscriptions: tuple[Subscription, ...] | None = None
    mute_rules: tuple[dict[str, Any], ...] = ()

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules alone."""
        return tuple(entry.rule for entry in self.entries)


class _Names:
    """The rules taken so far, by full name. The same rule twice counts once; two of one name are an error."""

    def __init__(self) -> None:
        self._taken: dict[tuple[str, bool], tuple[Rule, RulePlaces | None]] = {}

    def take(self, rule: Rule, places: RulePlaces | None) -> Finding | bool:
        """True when the rule is new, False when it was there already, else the finding about its name."""
        # In an account a filter and an alarm may well share a name.
        key = (rule.name, rule.filter is None and not (rule.alarm is None and rule.composite is None))
        earlier = self._taken.get(key)
        if earlier is None:
            self._taken[key] = (rule, places)
            return True
        if earlier[0] == rule or not rule.name:
            return False
        first, here = earlier[1], places or earlier[1]
        line, column = here.place(("id",)) if here is not None else (1, 1)
        where = f" ({first.path}:{first.place(('id',))[0]})" if first is not None else ""
        return Finding(
            path=here.path if here is not None else rule.name,
            line=line,
            column=column,
            severity=Severity.ERROR,
            name="duplicate-rule",
            spec="IF-4",
            rule=rule.name,
            message=f"another rule is called '{rule.name}'{where}",
            hint="give one of the two another id",
        )


def shared_clauses(packs_dir: Path | None = None) -> dict[str, str]:
    """The shared exclusion clauses that `use: NAME` takes (detections.md section 4): name to condition."""
    path = (packs_dir or PACKS_DIR) / CLAUSES_NAME
    return read_clauses(path.read_text(encoding="utf-8"), path=str(path)) if path.exists() else {}


def read_sources(
    sources: Sequence[str],
    *,
    packs_dir: Path | None = None,
    at: date | None = None,
    stdin: BinaryIO | None = None,
    max_files: int = MAX_FILES,
) -> RuleSet:
    """Read SOURCEs completely: rules, texts and findings, sorted by place. Only NotFoundError is raised.

    `at` is the day for which exclusions count; None: none has expired. `stdin` is what `-` reads,
    by default the standard input; `max_files` are the rule files that one folder may hold.
    """
    reader = _SourceReader(packs_dir or PACKS_DIR, at, stdin, max_files)
    result, names = RuleSet(), _Names()
    for source in dict.fromkeys(sources):
        result.files[source] = reader.read(source)
    for file in (file for files in result.files.values() for file in files):
        result.findings.extend(file.findings)
        for entry in file.entries:
            taken = names.take(entry.rule, entry.places)
            if isinstance(taken, Finding):
                result.findings.append(taken)
            elif taken or not entry.rule.name:
                result.entries.append(entry)
    result.findings = sort_findings(result.findings)
    return result


def usable_rules(*sources: str | Rule, packs_dir: Path | None = None, at: date | None = None) -> list[Rule]:
    """What `load_rules` gives, read from the texts; the arguments and errors are its."""
    found = read_sources([one for one in sources if isinstance(one, str)], packs_dir=packs_dir, at=at)
    return [entry.rule for entry in _rules_of(found, sources)]


def load_chain(*sources: str | Rule, packs_dir: Path | None = None, at: date | None = None) -> Chain:
    """What SOURCEs hold of the chain from records to people: rules, subscriptions and mute rules (IF-3).

    The arguments and errors are those of `load_rules`, but a SOURCE may hold subscriptions or mute rules alone.
    """
    found = read_sources([one for one in sources if isinstance(one, str)], packs_dir=packs_dir, at=at)
    files = [file for several in found.files.values() for file in several]
    lists = any(file.lists_subscriptions for file in files)
    return Chain(
        entries=tuple(_rules_of(found, sources)),
        subscriptions=tuple(one for file in files for one in file.subscriptions) if lists else None,
        mute_rules=tuple(one for file in files for one in file.mute_rules),
    )


def _rules_of(found: RuleSet, sources: Sequence[str | Rule]) -> list[ChainRule]:
    """The rules of SOURCEs that were read, in their order, each once; RuleFileError when one cannot be used."""
    findings = [one for one in found.findings if one.severity is Severity.ERROR]
    names, rules = _Names(), []
    for source in sources:
        given: list[ChainRule]
        if isinstance(source, Rule):
            given = [ChainRule(rule=source)]
        else:
            files = found.files[source]
            given = [
                ChainRule(rule=entry.rule, places=entry.places, in_listing=entry.in_listing)
                for file in files
                for entry in file.entries
            ]
            holds_others = any(file.lists_subscriptions or file.mute_rules for file in files)
            if not given and not findings and not holds_others:
                findings.append(_no_rule(source))
        for one in given:
            taken = names.take(one.rule, one.places)
            if taken is True:
                rules.append(one)
            elif isinstance(taken, Finding) and taken not in findings:
                findings.append(taken)
    if findings:
        raise RuleFileError(_summary(findings), findings=sort_findings(findings))
    return rules


def sort_findings(findings: Sequence[Finding]) -> list[Finding]:
    """Findings by path, line and column, each once."""
    unique = {(one.path, one.line, one.column, one.name, one.rule, one.message): one for one in findings}
    return [unique[key] for key in sorted(unique)]


def _no_rule(source: str) -> Finding:
    return Finding(
        path=source,
        line=1,
        column=1,
        severity=Severity.ERROR,
        name="no-rule",
        spec="IF-1",
        rule="",
        message="there is no rule in this source",
    )


def _summary(findings: Sequence[Finding]) -> str:
    first = findings[0]
    text = f"{first.path}:{first.line}:{first.column}: error {first.name}: {first.message}"
    return text if len(findings) == 1 else f"{text} (and {len(findings) - 1} more)"


# ---------------------------------------------------------------- reading


class _SourceReader:
    """Reads one SOURCE after the other; the clauses are read once, when a rule file is."""

    def __init__(self, packs_dir: Path, at: date | None, stdin: BinaryIO | None, max_files: int) -> None:
        self._packs_dir = packs_dir
        self._at = at
        self._stdin = stdin
        self._max_files = max_files
        self._packs = pack_names(packs_dir)
        self._clauses = shared_clauses(packs_dir)

    def read(self, source: str) -> list[RuleFile]:
        """The texts of a SOURCE. Raises NotFoundError when it is neither pack nor file nor folder."""
        if source == STANDARD_INPUT:
            stream = self._stdin or sys.stdin.buffer
            return [self._read_data(stream.read(MAX_LISTING_BYTES + 1), source, named=None)]
        if source in self._packs:
            return [
                self._read_file(file, f"{source}/{file.name}", pack=source)
                for file in sorted((self._packs_dir / source).glob("*.yaml"))
            ]
        path = Path(source)
        try:
            is_folder = stat.S_ISDIR(path.stat().st_mode)
        except (OSError, ValueError):  # ValueError: a NUL in the name
            message = f"there is no pack, file or folder '{source}'"
            raise NotFoundError(message, hint=did_you_mean(source, self._packs)) from None
        if not is_folder:
            return [self._read_file(path, source)]
        found = list(islice(_walk(path), self._max_files + 1))
        if len(found) > self._max_files:
            return [_problem(source, f"more than {self._max_files:,} rule files in this folder", name="too-large")]
        if not found:
            empty = RuleFile(SourceText("", path=source))
            empty.note(0, Severity.WARNING, "no-rule", f"there is no rule file ({', '.join(FORMS)}) in this folder")
            return [empty]
        return [one if isinstance(one, RuleFile) else self._read_file(one, str(one)) for one in found]

    def _read_file(self, file: Path, path: str, *, pack: str | None = None) -> RuleFile:
        try:
            with file.open("rb") as stream:
                data = stream.read(MAX_LISTING_BYTES + 1)
        except OSError as failure:
            return _problem(path, failure.strerror or str(failure), name="unreadable")
        result = self._read_data(data, path, named=FORMS.get(file.suffix.lower()), pack=pack)
        result.file = file
        result.shipped = pack is not None or self._packs_dir in file.resolve().parents
        return result

    def _read_data(self, data: bytes, path: str, *, named: Form | None, pack: str | None = None) -> RuleFile:
        if path.lower().endswith(".toml"):
            return _problem(path, "a configuration file holds no rules", name="not-rules")
        is_json = named is Form.JSON or (named is None and data.lstrip()[:1] in (b"{", b"["))
        limit = MAX_LISTING_BYTES if is_json else MAX_BYTES
        if len(data) > limit:
            return _problem(path, f"the file is larger than {limit // (1024 * 1024)} MiB", name="too-large")
        text = decode(data)
        if isinstance(text, Problem):
            return _problem(path, text.message, name=text.name, hint=text.hint)
        if len(text) > MAX_BYTES:
            named = Form.JSON  # too large to be tried as YAML
        return read_rules(text, path=path, pack=pack, clauses=self._clauses, at=self._at, named=named)


def _problem(path: str, message: str, *, name: str, hint: str = "") -> RuleFile:
    result = RuleFile(SourceText("", path=path))
    result.note(0, Severity.ERROR, name, message, hint)
    return result


def _walk(top: Path) -> Iterator[Path | RuleFile]:
    """The rule files under a folder in the order of their names, and a finding for what cannot be looked into.

    Hidden files and folders are left out; a folder that links lead to again is taken once.
    """
    seen: set[str] = set()
    waiting = [top]
    while waiting:
        path = waiting.pop()
        try:
            if not path.is_dir():
                if path.is_file():
                    yield path
                continue
            place = os.path.realpath(path)
            if place in seen:
                continue
            seen.add(place)
            entries = sorted((entry for entry in path.iterdir() if not entry.name.startswith(".")), reverse=True)
            waiting.extend(entry for entry in entries if entry.is_dir() or entry.suffix.lower() in FORMS)
        except OSError as failure:
            yield _problem(str(path), failure.strerror or str(failure), name="unreadable")
