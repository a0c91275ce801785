"""One document to one rule. Rule: everything that is wrong with it is said at once, each fault at its place.

A rule comes out as far as it can be read, so that one fault does not hide another; whether it may
run is said beside it. Spec: IF-4, FP-9.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tocsin.app.document import Member, Node, Object, Scalar
from tocsin.app.parameters import RULE
from tocsin.app.ruleentry import FILE_FINDINGS, RuleEntry, RuleFile, RulePlaces
from tocsin.app.scalar import Style
from tocsin.app.shape import ShapeCheck
from tocsin.app.testshape import check_tests
from tocsin.core.criteria import CriteriaError, parse_criteria
from tocsin.core.exclusion import compile_exclusions, read_day
from tocsin.core.finding import Finding, Severity
from tocsin.core.metric_filter import CompiledFilter, MetricFilter, MetricFilterError, MetricTransformation
from tocsin.core.nearest import did_you_mean
from tocsin.core.rule import PARAMETER, Exclusion, KeyPath, Rule, RuleSeverity, RuleTest
from tocsin.errors import PatternError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from tocsin.app.shape import Record
    from tocsin.core.exclusion import Compiled
    from tocsin.core.lint import Observation

PATTERN_KEY: KeyPath = ("filter", "filterPattern")
"""Where a rule's pattern stands."""

REFUSALS = frozenset(
    {
        *("syntax", "special-character", "missing-dollar", "undeclared-column", "quoting-layer", "too-many"),
        *("dimensions-with-default", "dimensions-on-text", "dimension-constant", "metric-value"),
    }
)
"""The lints that, with severity error, stand for a refusal by PutMetricFilter (FP-13)."""

# What the lints look at: a fault in one of these keeps them from a rule.
_LINTED = frozenset({"filter", "alarm", "params", "except"})


def lint(
    rule: Rule, *, at: date | None, places: RulePlaces | None = None, benchmarks: Mapping[str, str] | None = None
) -> list[Observation]:
    """The lints about a rule, also those that its `ignore` names; the arguments are those of `lint_rule`."""
    from tocsin.core.lint import lint_rule  # its catalogue is large, and a scan needs none of it

    heard = msgspec.structs.replace(rule, ignore={})
    return lint_rule(heard, at=at, benchmarks=benchmarks, text=_quoting(places))


def _quoting(places: RulePlaces | None) -> RulePlaces | None:
    """The places when the file has quotes of its own around the pattern, which JSON always has."""
    node = places.node(PATTERN_KEY) if places is not None else None
    return places if isinstance(node, Scalar) and node.style in (Style.SINGLE, Style.DOUBLE) else None


class RuleReader:
    """Reads one document, or one entry of a listing, into a `RuleEntry` of `result`.

    `spoiled` says that the text of the document itself has an error, so that its rule may not run.
    """

    def __init__(
        self,
        result: RuleFile,
        root: Node,
        *,
        pack: str | None = None,
        clauses: Mapping[str, str] | None = None,
        at: date | None = None,
        spoiled: bool = False,
    ) -> None:
        self._result = result
        self._root = root
        self._pack = pack
        self._clauses = clauses or {}
        self._at = at
        self._places = RulePlaces(result.source, root)
        self._name = ""
        self._errors = int(spoiled)
        self._broken: set[str] = set()

    def read(self) -> None:
        """Read a rule as IF-4 has it."""
        ident = self._root.get("id") if isinstance(self._root, Object) else None
        if isinstance(ident, Scalar) and isinstance(ident.value, str) and ident.value:
            self._name = ident.value if self._pack is None else f"{self._pack}/{ident.value}"
        values = ShapeCheck(self._result.source.text, self._report).check(self._root, RULE, "")
        if not isinstance(values, dict):
            return
        self._check_sections(values)
        self._check_criteria(values.get("filter", {}))
        self._check_exclusions(values.get("except", []))
        self._check_duplicates(values)
        check_tests(values, self._report_at)
        self._finish(self._build(values))

    def read_listed(self, section: str, shape: Record, *, name: str) -> None:
        """Read one metric filter or alarm that the AWS CLI printed; `name` is the rule's.

        `section` is the key of a rule that takes such parameters: filter, alarm or composite.
        """
        self._name = name
        self._places = RulePlaces(self._result.source, _under(section, self._root))
        values = ShapeCheck(self._result.source.text, self._report).check(self._root, shape, "")
        if not isinstance(values, dict):
            return
        if section == "filter":
            self._check_criteria(values)
            rule = Rule(id=values.get("filterName", name), name=name, filter=build_filter(values, name=name))
        elif section == "alarm":
            rule = Rule(id=name, name=name, alarm=values)
        else:
            rule = Rule(id=name, name=name, composite=values)
        self._finish(rule, in_listing=True)

    def _finish(self, rule: Rule, *, in_listing: bool = False) -> None:
        self._check_parameters(rule)
        lintable = not self._broken & _LINTED
        definition = rule.filter
        if definition is not None and not self._broken & {"filter", "params"}:
            if "except" not in self._broken:
                rule = self._with_effective_pattern(rule, definition)
            self._check_filter(rule, definition)
        entry = RuleEntry(rule, self._places, usable=not self._errors, lintable=lintable, in_listing=in_listing)
        self._result.entries.append(entry)

    # ------------------------------------------------------------ reporting

    def _report(self, node: Node, name: str, message: str, hint: str = "", spec: str = "IF-4") -> None:
        """Record an error at a node (the `Reporter` of `ShapeCheck`)."""
        if isinstance(self._root, Object):
            before = [key for key, member in self._root.members.items() if member.key.start <= node.start]
            self._broken.update(before[-1:])
        self._add(self._result.source.place(node.start), name, message, hint=hint, spec=spec)

    def _report_at(
        self, key: KeyPath, name: str, message: str, *, hint: str = "", spec: str = "IF-4", offset: int = 0
    ) -> None:
        """Record an error at a key path, or at a character inside the value there."""
        self._broken.add(str(key[0]))
        self._add(self._places.place(key, offset), name, message, hint=hint, spec=spec)

    def _add(
        self,
        place: tuple[int, int],
        name: str,
        message: str,
        *,
        severity: Severity = Severity.ERROR,
        hint: str = "",
        spec: str = "IF-4",
    ) -> None:
        assert name in FILE_FINDINGS or name in REFUSALS  # names are stable and documented (IF-1)
        self._errors += severity is Severity.ERROR
        self._result.findings.append(
            Finding(
                path=self._result.source.path,
                line=place[0],
                column=place[1],
                severity=severity,
                name=name,
                spec=spec,
                rule=self._name,
                message=message,
                hint=hint,
            )
        )

    # ------------------------------------------------------------ what the keys mean together

    def _check_sections(self, values: dict[str, Any]) -> None:
        """A rule has a filter, or an alarm on a metric that it names, or is a composite alarm."""
        assert isinstance(self._root, Object)  # the shape of a rule was checked
        present = self._root.members
        if "composite" in present:
            for key in ("filter", "alarm", "params", "except"):
                if key in present:
                    self._report(present[key].key, "conflicting-keys", f"a rule with 'composite' has no '{key}'")
            return
        if "filter" in present:
            return
        if "alarm" not in present:
            self._report(self._root, "missing-key", "filter is missing", "a rule has `filter`, or `composite`")
        elif not {"MetricName", "Metrics", "EvaluationCriteria"} & values.get("alarm", {}).keys():
            hint = "without `filter` an alarm names its metric"
            self._report_at(("alarm",), "missing-key", "alarm.MetricName is missing", hint=hint)
        for key in ("params", "except"):
            if key in present:
                message = f"'{key}' belongs to a pattern, and there is none"
                self._report(present[key].key, "conflicting-keys", message)

    def _check_criteria(self, values: dict[str, Any]) -> None:
        try:
            parse_criteria(values.get("fieldSelectionCriteria", ""))
        except CriteriaError as failure:
            key: KeyPath = ("filter", "fieldSelectionCriteria")
            self._report_at(
                key, "invalid-value", failure.message, hint=failure.hint, spec="FP-9.11", offset=failure.position
            )
        system = values.get("emitSystemFieldDimensions", [])
        for index, transformation in enumerate(values.get("metricTransformations", [])):
            own = len(transformation.get("dimensions", {}))
            if own <= 3 < own + len(system):
                key = ("filter", "metricTransformations", index, "dimensions")
                message = f"{own + len(system)} dimensions with the system's, 3 are allowed"
                self._report_at(key, "too-many", message, spec="FP-9.7")

    def _check_exclusions(self, exclusions: list[dict[str, Any]]) -> None:
        """An exclusion has one of `when` and `use`; its clause is known, its day exists."""
        for index, exclusion in enumerate(exclusions):
            key: KeyPath = ("except", index)
            node = self._places.node(key)
            given = [name for name in ("when", "use") if isinstance(node, Object) and name in node.members]
            if len(given) != 1:
                name = "conflicting-keys" if given else "missing-key"
                self._report_at(key, name, "an exclusion has one of 'when' and 'use'")
            if "expires" in exclusion and read_day(exclusion["expires"]) is None:
                self._report_at((*key, "expires"), "invalid-value", f"there is no day {exclusion['expires']}")
            clause = exclusion.get("use")
            if clause is not None and clause not in self._clauses:
                hint = did_you_mean(clause, self._clauses) or f"one of {', '.join(self._clauses)}"
                self._report_at((*key, "use"), "unknown-clause", f"there is no shared clause '{clause}'", hint=hint)

    def _check_duplicates(self, values: dict[str, Any]) -> None:
        """Tests and exclusions are called by name, so a name stands once in its list."""
        for section in ("tests", "except"):
            seen: set[str] = set()
            for index, entry in enumerate(values.get(section, [])):
                name = entry.get("name")
                if name in seen:
                    message = f"'{name}' is the name of another one above"
                    self._report_at((section, index, "name"), "duplicate-name", message)
                seen.add(name)

    def _check_parameters(self, rule: Rule) -> None:
        """Every `<NAME>` has a value, and every value a `<NAME>`."""
        used: set[str] = set()
        for key, text in self._parametrised(rule):
            for found in PARAMETER.finditer(text):
                used.add(found[1])
                if found[1] not in rule.params:
                    offset = 0 if key[-1] == "use" else found.start()
                    hint = did_you_mean(found[1], rule.params) or f"under `params` write {found[1]}: '…'"
                    self._report_at(key, "unfilled-parameter", f"<{found[1]}> has no value", hint=hint, offset=offset)
        if "filter" in self._broken or "except" in self._broken:
            return
        for name in rule.params:
            if name not in used:
                place = self._places.key_place(("params", name))
                message = f"no pattern of this rule holds <{name}>"
                self._add(place, "unused-parameter", message, severity=Severity.WARNING)

    def _parametrised(self, rule: Rule) -> list[tuple[KeyPath, str]]:
        """The texts of a rule that may hold parameters, with their places."""
        texts: list[tuple[KeyPath, str]] = []
        if rule.filter is not None:
            texts.append((PATTERN_KEY, rule.filter.filter_pattern))
        for index, exclusion in enumerate(rule.exclusions):
            if exclusion.when is not None:
                texts.append((("except", index, "when"), exclusion.when))
            if exclusion.use is not None:
                texts.append((("except", index, "use"), self._clauses.get(exclusion.use, "")))
        return texts

    # ------------------------------------------------------------ building

    def _build(self, values: dict[str, Any]) -> Rule:
        ident = values.get("id", "")
        name = self._name or ident
        return Rule(
            id=ident,
            name=name,
            pack=self._pack,
            title=values.get("title", ""),
            severity=RuleSeverity(values.get("severity", RuleSeverity.MEDIUM)),
            why=values.get("why", ""),
            runbook=values.get("runbook", ""),
            references=values.get("references", {}),
            false_positives=values.get("false_positives", ""),
            note=values.get("note", ""),
            params=values.get("params", {}),
            filter=build_filter(values.get("filter", {}), name=name),
            alarm=values.get("alarm"),
            composite=values.get("composite"),
            exclusions=tuple(msgspec.convert({"name": "", **one}, Exclusion) for one in values.get("except", [])),
            ignore=values.get("ignore", {}),
            tests=tuple(msgspec.convert({"name": "", **one}, RuleTest) for one in values.get("tests", [])),
        )

    def _with_effective_pattern(self, rule: Rule, definition: MetricFilter) -> Rule:
        try:
            compiled = compile_pattern(rule, definition.filter_pattern, clauses=self._clauses, at=self._at)
        except PatternError:
            return rule  # the pattern itself is refused: _check_filter says so
        for refusal in compiled.refusals:
            exclusion = rule.exclusions[refusal.index]
            key: KeyPath = ("except", refusal.index, refusal.key)
            if self._report_refusals(rule, key):
                continue  # it is no pattern at all
            offset = 0
            if refusal.key == "when" and exclusion.when is not None:
                offset = unfilled_offset(exclusion.when, rule.params, refusal.position)
            message = f"exclusion '{exclusion.name}': {refusal.reason}"
            self._report_at(key, "cannot-exclude", message, hint=refusal.hint, spec=refusal.spec, offset=offset)
        return msgspec.structs.replace(rule, effective_pattern=compiled.pattern)

    def _check_filter(self, rule: Rule, definition: MetricFilter) -> None:
        """Report what PutMetricFilter refuses, under the names that the lints have for it."""
        try:
            CompiledFilter(definition, pattern=fill(definition.filter_pattern, rule.params))
        except PatternError as failure:
            if not self._report_refusals(rule, ("filter",)):
                offset = unfilled_offset(definition.filter_pattern, rule.params, failure.position)
                self._report_at(
                    PATTERN_KEY, "syntax", failure.message, hint=failure.hint, spec=failure.rule, offset=offset
                )
        except MetricFilterError as failure:
            if not self._report_refusals(rule, ("filter",)):
                key: KeyPath = ("filter", "metricTransformations", 0)
                self._report_at(key, "invalid-value", failure.message, hint=failure.hint, spec="FP-9")

    def _report_refusals(self, rule: Rule, key: KeyPath) -> bool:
        """Report the lints that say why what stands at or under `key` is refused; False when none of them does."""
        found = [
            one
            for one in lint(rule, at=self._at)
            if one.severity is Severity.ERROR and one.name in REFUSALS and one.key[: len(key)] == key
        ]
        for one in found:
            self._report_at(one.key, one.name, one.message, hint=one.hint, spec=one.spec, offset=one.position)
        return bool(found)


def _under(section: str, item: Node) -> Node:
    """Listed parameters as a rule has them: under the key `section`."""
    key = Scalar(section, Style.PLAIN, item.start, item.start, section)
    return Object(item.start, members={section: Member(key, item)})


def compile_pattern(rule: Rule, pattern: str, *, clauses: Mapping[str, str], at: date | None) -> Compiled:
    """The pattern of a rule with its params filled in and the exclusions that apply on a day added (IF-4).

    `clauses` are the shared ones that an exclusion may `use`. PatternError where the pattern itself is refused.
    """
    exclusions = [
        msgspec.structs.replace(one, when=fill(one.when, rule.params) if one.when is not None else None)
        for one in rule.exclusions
    ]
    filled_clauses = {name: fill(clause, rule.params) for name, clause in clauses.items()}
    return compile_exclusions(fill(pattern, rule.params), exclusions, at=at, clauses=filled_clauses)


def fill(pattern: str, params: Mapping[str, str]) -> str:
    """`pattern` with the value of each `<NAME>` in its place; one without a value stays as it is."""
    return PARAMETER.sub(lambda found: params.get(found[1], found[0]), pattern)


def unfilled_offset(pattern: str, params: Mapping[str, str], offset: int) -> int:
    """The offset into the pattern as written that belongs to an offset into the filled one."""
    shift = 0
    for found in PARAMETER.finditer(pattern):
        value = params.get(found[1], found[0])
        start = found.start() + shift
        if offset < start:
            break
        if offset < start + len(value):
            return found.start()
        shift += len(value) - len(found[0])
    return offset - shift


def build_filter(values: Mapping[str, Any], *, name: str) -> MetricFilter | None:
    """The metric filter of checked parameters; None when its pattern is not there. `name` is the rule's."""
    if "filterPattern" not in values:
        return None
    return MetricFilter(
        filter_name=values.get("filterName", name),
        filter_pattern=values["filterPattern"],
        metric_transformations=tuple(
            MetricTransformation(
                metric_name=one.get("metricName", ""),
                metric_namespace=one.get("metricNamespace", ""),
                metric_value=one.get("metricValue", ""),
                default_value=one.get("defaultValue"),
                dimensions=one.get("dimensions"),
                unit=one.get("unit"),
            )
            for one in values.get("metricTransformations", [])
        ),
        log_group_name=values.get("logGroupName"),
        field_selection_criteria=values.get("fieldSelectionCriteria"),
        emit_system_field_dimensions=tuple(values.get("emitSystemFieldDimensions", ())),
        apply_on_transformed_logs=values.get("applyOnTransformedLogs", False),
    )
