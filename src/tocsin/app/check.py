"""Checking rule files, packs and settings: the use case behind `tocsin check`.

Rule: everything that is wrong is said at once, each with its place and remedy; what is silenced
is silenced by name and reason, and a silence that nothing needs is said too.
Spec: IF-1 (check), IF-4 (ignore), FP-13, R-11, R-43.
"""

from __future__ import annotations

import io
import sys
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from tocsin.app.alarm_check import review_alarms
from tocsin.app.document import MAX_BYTES, MAX_LISTING_BYTES, Form, Problem, Scalar, decode, encode_like
from tocsin.app.pack import pack_names
from tocsin.app.proof import Claim, prove
from tocsin.app.rewrite import Edit, rewrite_text
from tocsin.app.rulepack import FORMS, STANDARD_INPUT, RuleSet, read_sources, sort_findings
from tocsin.app.rulereader import PATTERN_KEY, REFUSALS, lint
from tocsin.atomic_file import replacing
from tocsin.core.finding import Finding, Severity
from tocsin.core.lint import Observation, lint_rules
from tocsin.core.nearest import did_you_mean
from tocsin.core.rule import Rule  # msgspec reads annotations at run time
from tocsin.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from tocsin.app.proof import CountMatches
    from tocsin.app.ruleentry import RuleEntry, RuleFile
    from tocsin.config import Config

SETTINGS_FILE = "tocsin.toml"
"""The settings that are checked when no SOURCE is named (IF-9)."""

BENCHMARK = "cis"
"""The pack whose texts scanners compare (FP-13.13)."""

MAX_ROUNDS = 10
"""Passes of `--fix`: one rewrite may bring another finding to light."""


class Silenced(msgspec.Struct, frozen=True, kw_only=True):
    """A finding that its rule's `ignore` silences, and the reason given there."""

    finding: Finding
    reason: str


class Fix(msgspec.Struct, frozen=True, kw_only=True):
    """A finding that is gone because its value was rewritten in the file."""

    finding: Finding
    before: str
    after: str


class Unfixed(msgspec.Struct, frozen=True, kw_only=True):
    """A finding whose rewrite is certain and was not made, and why."""

    finding: Finding
    reason: str


class CheckResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a check found.

    `findings` are those that stand, by path, line and column; `fixed` and `unfixed` are what
    `--fix` did and could not do (`unfixed` ones stand in `findings` too); `rules` are the rules
    that may run; `settings_only` says that no rules were asked about.
    """

    findings: tuple[Finding, ...]
    fixed: tuple[Fix, ...] = ()
    unfixed: tuple[Unfixed, ...] = ()
    silenced: tuple[Silenced, ...] = ()
    rules: tuple[Rule, ...] = ()
    settings_only: bool = False

    @property
    def has_errors(self) -> bool:
        """Whether a finding of severity error stands: exit code 1 (IF-1)."""
        return any(finding.severity is Severity.ERROR for finding in self.findings)


@dataclass(slots=True)
class _Noted:
    """An observation that is not silenced, with the rule and the file that it is about."""

    file: RuleFile
    entry: RuleEntry
    observation: Observation
    finding: Finding


def check(
    sources: Sequence[str],
    *,
    archive: CountMatches | None = None,
    fix: bool = False,
    at: date,
    packs_dir: Path | None = None,
    stdin: BinaryIO | None = None,
    environ: Mapping[str, str] | None = None,
) -> CheckResult:
    """Check SOURCEs and settings files; without any, every pack and the settings of the working folder.

    `archive` counts matches over records that prove a finding; `fix` rewrites the files where the
    rewrite is certain; `at` is today, for exclusions that expire; `stdin` is what `-` reads, by
    default the standard input; `environ` overrides the settings that alarms are looked at with.
    Raises NotFoundError for a SOURCE that does not exist; what cannot be read is a finding, what
    cannot be written is in `unfixed`.
    """
    if not sources:
        own = [SETTINGS_FILE] if Path(SETTINGS_FILE).is_file() else []
        sources = [*pack_names(packs_dir), *own]
    settings = [source for source in sources if _is_settings(source, packs_dir)]
    others = [source for source in sources if source not in settings]
    piped = (stdin or sys.stdin.buffer).read(MAX_LISTING_BYTES + 1) if STANDARD_INPUT in others else b""
    benchmarks = _benchmarks(packs_dir)
    in_force = _settings_in_force(settings, environ or {})

    def look() -> _Review:
        rules = read_sources(others, packs_dir=packs_dir, at=at, stdin=io.BytesIO(piped))
        review = _Review(rules, benchmarks, in_force, at=at)
        review.prove(archive)
        return review

    fixed: list[Fix] = []
    unfixed: list[Unfixed] = []
    review = look()
    if fix:
        for _ in range(MAX_ROUNDS):
            made, unfixed = _fix(review, at=at, done={(one.finding.rule, one.finding.name, one.after) for one in fixed})
            if not made:
                break
            fixed += made
            review = look()
    findings = [*review.findings(), *(finding for source in settings for finding in _check_settings(source))]
    return CheckResult(
        findings=tuple(sort_findings(findings)),
        fixed=tuple(fixed),
        unfixed=tuple(unfixed),
        silenced=tuple(review.silenced),
        rules=tuple(review.rules.rules),
        settings_only=not others,
    )


# ---------------------------------------------------------------- settings


def _is_settings(source: str, packs_dir: Path | None) -> bool:
    """Tell whether a SOURCE is a settings file: by its name, or because it is TOML and no rule file by its name."""
    path = Path(source)
    if path.suffix.lower() == ".toml":
        return True
    if source == STANDARD_INPUT or source in pack_names(packs_dir) or path.suffix.lower() in FORMS:
        return False
    try:
        if not path.is_file() or path.stat().st_size > MAX_BYTES:
            return False
        return bool(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError):  # ValueError: not UTF-8, or not TOML
        return False


def _settings_in_force(sources: Sequence[str], environ: Mapping[str, str]) -> Config:
    """The settings that alarms are looked at with: those of the first file that was named, else of the folder.

    What is wrong with the file is told where it is checked, or by the command that runs with it.
    """
    from tocsin.config import Config, load_config

    try:
        return load_config(Path(sources[0]) if sources else None, environ)
    except InputError:
        return Config()


def _check_settings(source: str) -> list[Finding]:
    from tocsin.config import check_config  # a check of rules needs no settings

    return check_config(Path(source))


# ---------------------------------------------------------------- one pass over the rules


class _Review:
    """The lints about the rules that were read, with `ignore` honoured."""

    def __init__(self, rules: RuleSet, benchmarks: Mapping[str, str], settings: Config, *, at: date) -> None:
        self.rules = rules
        self.noted: list[_Noted] = []
        self.silenced: list[Silenced] = []
        self._unused: list[Finding] = []
        together = _lint_together(rules)
        kept = {id(entry) for entry in rules.entries}
        files = [file for several in rules.files.values() for file in several]
        alarms = review_alarms(rules.entries, files, topic=settings.rules.topic, extra=settings.alarm.evaluation_range)
        self._refusals = alarms.refusals
        for file in files:
            for entry in file.entries:
                if id(entry) in kept and entry.lintable:
                    alone = lint(entry.rule, at=at, places=entry.places, benchmarks=benchmarks)
                    beside = alarms.observations.get(id(entry), ())
                    self._take(file, entry, [*alone, *together.get(entry.rule.name, ()), *beside])

    def findings(self) -> Iterator[Finding]:
        """Every finding that stands, in no order."""
        linted = {_spot(noted.finding) for noted in self.noted}
        # A refusal is found when the file is read and again by the lints, which may know the loss.
        yield from (finding for finding in self._of_files() if _spot(finding) not in linted)
        yield from (noted.finding for noted in self.noted)
        yield from self._refusals
        yield from self._unused

    def _of_files(self) -> list[Finding]:
        """The findings made while reading, without warnings that a rule ignores."""
        rules = {entry.rule.name: entry.rule for entry in self.rules.entries}
        return [
            finding
            for finding in self.rules.findings
            if finding.rule not in rules or not _is_ignored(finding, rules[finding.rule])
        ]

    def prove(self, archive: CountMatches | None) -> None:
        """Add what the archive says to the findings that it can prove."""
        claims = [noted for noted in self.noted if noted.observation.name == "neq-absent"]
        if archive is None or not claims:
            return
        proofs = prove([Claim(noted.entry.rule, noted.observation) for noted in claims], archive)
        for noted, proof in zip(claims, proofs, strict=True):
            if proof:
                message = f"{noted.finding.message.rstrip('.')}. {proof}"
                noted.finding = msgspec.structs.replace(noted.finding, message=message)

    def _take(self, file: RuleFile, entry: RuleEntry, observations: Sequence[Observation]) -> None:
        """Sort what the lints say about a rule into what stands and what is silenced."""
        used: set[str] = set()
        for observation in observations:
            finding = _finding(entry, observation)
            refused = not entry.usable and observation.severity is Severity.ERROR and observation.name in REFUSALS
            if observation.name in entry.rule.ignore and not refused:
                used.add(observation.name)
                self.silenced.append(Silenced(finding=finding, reason=entry.rule.ignore[observation.name]))
            else:
                self.noted.append(_Noted(file, entry, observation, finding))
        for finding in file.findings:
            if finding.rule == entry.rule.name and _is_ignored(finding, entry.rule):
                used.add(finding.name)
                self.silenced.append(Silenced(finding=finding, reason=entry.rule.ignore[finding.name]))
        if entry.usable:
            self._unused.extend(_unused_ignores(entry, used, {observation.name for observation in observations}))


def _is_ignored(finding: Finding, rule: Rule) -> bool:
    """Tell whether a rule silences a finding about its text; what keeps it from running cannot be silenced."""
    return finding.severity is not Severity.ERROR and finding.name in rule.ignore


def _lint_together(rules: RuleSet) -> dict[str, list[Observation]]:
    """What only shows when the rules are counted together, by the full name of the rule that it is said about."""
    found: dict[str, list[Observation]] = {}
    heard = [msgspec.structs.replace(rule, ignore={}) for rule in rules.rules]
    for rule, observation in lint_rules(heard):
        found.setdefault(rule.name, []).append(observation)
    return found


def _benchmarks(packs_dir: Path | None) -> dict[str, str]:
    """The texts of the benchmark that ships, by a name for people (FP-13.13)."""
    if BENCHMARK not in pack_names(packs_dir):
        return {}
    texts: dict[str, str] = {}
    for rule in read_sources([BENCHMARK], packs_dir=packs_dir).rules:
        if rule.filter is not None:
            control = "".join(f" ({one})" for one in rule.references.get("securityhub", []))
            texts[rule.name + control] = rule.filter.filter_pattern
    return texts


def _spot(finding: Finding) -> tuple[str, int, int, str]:
    return finding.path, finding.line, finding.column, finding.name


def _finding(entry: RuleEntry, observation: Observation) -> Finding:
    """An observation at its place. In a listing, where rules have no file of their own, the rule is named first."""
    line, column = entry.places.place(observation.key, observation.position)
    name = f"{entry.rule.name}: " if entry.in_listing else ""
    return Finding(
        path=entry.places.path,
        line=line,
        column=column,
        severity=observation.severity,
        name=observation.name,
        spec=observation.spec,
        rule=entry.rule.name,
        message=name + observation.message,
        hint=observation.hint,
    )


def _unused_ignores(entry: RuleEntry, used: set[str], present: set[str]) -> Iterator[Finding]:
    for name in entry.rule.ignore:
        if name in used:
            continue
        line, column = entry.places.key_place(("ignore", name))
        yield Finding(
            path=entry.places.path,
            line=line,
            column=column,
            severity=Severity.INFO,
            name="unused-ignore",
            spec="IF-4",
            rule=entry.rule.name,
            message=f"there is no finding '{name}' to silence",
            hint=did_you_mean(name, present - {name}) or "take it out",
        )


# ---------------------------------------------------------------- --fix


def _fix(review: _Review, *, at: date, done: set[tuple[str, str, str]]) -> tuple[list[Fix], list[Unfixed]]:
    """Make every certain rewrite that can be made, at most one for each value; `done` ones not again."""
    fixed: list[Fix] = []
    unfixed: list[Unfixed] = []
    for file in (file for files in review.rules.files.values() for file in files):
        wanted = [noted for noted in review.noted if noted.file is file and noted.observation.rewrite is not None]
        edits: dict[int, Edit] = {}
        chosen: list[_Noted] = []
        for noted in wanted:
            reason = _obstacle(noted, at=at, done=done)
            node = noted.entry.places.node(noted.observation.key)
            rewrite = noted.observation.rewrite
            if reason or not isinstance(node, Scalar) or rewrite is None:
                unfixed.append(Unfixed(finding=noted.finding, reason=reason or "there is no text to rewrite"))
            elif edits.setdefault(node.start, Edit(node, rewrite)).value == rewrite:
                chosen.append(noted)
        if not chosen:
            continue
        reason = _write(file, list(edits.values()))
        for noted in chosen:
            node, rewrite = noted.entry.places.node(noted.observation.key), noted.observation.rewrite
            if reason:
                unfixed.append(Unfixed(finding=noted.finding, reason=reason))
            elif isinstance(node, Scalar) and rewrite is not None:
                fixed.append(Fix(finding=noted.finding, before=node.text, after=rewrite))
    return fixed, unfixed


def _obstacle(noted: _Noted, *, at: date, done: set[tuple[str, str, str]]) -> str:
    """Why a certain rewrite must not be made; empty when nothing stands against it."""
    rule, observation = noted.entry.rule, noted.observation
    if noted.file.shipped:
        return "the rule belongs to a pack that ships: copy it into a file of your own"
    if noted.file.file is None:
        return "standard input cannot be rewritten"
    if not noted.file.file.is_file():
        return "a pipe cannot be rewritten"
    if (rule.name, observation.name, observation.rewrite) in done:
        return "it was rewritten already"
    if observation.key == PATTERN_KEY and rule.filter is not None and observation.rewrite is not None:
        definition = msgspec.structs.replace(rule.filter, filter_pattern=observation.rewrite)
        after = lint(msgspec.structs.replace(rule, filter=definition), at=at)
        before = Counter(one.name for one in lint(rule, at=at))
        if Counter(one.name for one in after)[observation.name] >= before[observation.name]:
            return "the rewrite would not end the finding"
    return ""


def _write(file: RuleFile, edits: list[Edit]) -> str:
    """Rewrite the file; gives the reason when that cannot be done."""
    assert file.file is not None  # standard input has no edits
    form: Form | None = FORMS.get(file.file.suffix.lower())
    text = rewrite_text(file.source.text, edits, form=form)
    if text is None:
        return "the text cannot be changed without touching more than the value"
    try:
        old = file.file.read_bytes()
        decoded = decode(old)
        if isinstance(decoded, Problem) or decoded != file.source.text:
            return f"{file.source.path} has changed meanwhile"
        with replacing(file.file) as stream:
            stream.write(encode_like(text, old))
    except OSError as failure:
        return f"{file.source.path} cannot be read: {failure.strerror or failure}"
    except InputError as failure:
        return failure.message
    return ""
