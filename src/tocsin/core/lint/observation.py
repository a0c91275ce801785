"""What a lint has to say: its name, its place, one sentence and the remedy. Spec: FP-13, IF-1.

Rule: names are stable. `SPECS` is the whole list; the reference page `docs/reference/findings.md`
explains each, and a test keeps the two in step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tocsin.core.finding import Severity

if TYPE_CHECKING:
    from tocsin.core.rule import KeyPath


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong, or worth knowing, about a rule or a pattern.

    `key` is the value that is meant (`()` when a lone pattern was looked at), `position` the 0-based
    offset inside it. `hint` is the remedy and may be empty. `rewrite` is a whole new value for `key`
    when the remedy is certain, else None.
    """

    name: str
    severity: Severity
    spec: str
    key: tuple[str | int, ...]
    position: int
    message: str
    hint: str = ""
    rewrite: str | None = None


SPECS: dict[str, tuple[str, Severity]] = {
    "neq-absent": ("FP-13.1", Severity.WARNING),
    "never-matches": ("FP-13.2", Severity.ERROR),
    "unknown-field": ("FP-13.3", Severity.WARNING),
    "always-matches": ("FP-13.4", Severity.WARNING),
    "dimensions-with-default": ("FP-13.5", Severity.ERROR),
    "dimensions-on-text": ("FP-13.6", Severity.ERROR),
    "dimension-constant": ("FP-13.7", Severity.ERROR),
    "metric-value": ("FP-13.8", Severity.ERROR),
    "quoting-layer": ("FP-13.9", Severity.ERROR),
    "special-character": ("FP-13.10", Severity.ERROR),
    "missing-dollar": ("FP-13.11", Severity.ERROR),
    "undeclared-column": ("FP-13.12", Severity.ERROR),
    "text-compared": ("FP-13.13", Severity.INFO),
    "prefixed-json": ("FP-13.14", Severity.WARNING),
    "no-default": ("FP-13.15", Severity.INFO),
    "default-blind": ("FP-13.15", Severity.INFO),
    "statistic": ("FP-13.16", Severity.WARNING),
    "regex-cost": ("FP-13.17", Severity.INFO),
    "optional-ignored": ("FP-13.19", Severity.WARNING),
    "operator-word": ("FP-13.20", Severity.WARNING),
    "inner-star": ("FP-13.21", Severity.WARNING),
    "container": ("FP-13.22", Severity.ERROR),
    "boolean-text": ("FP-13.23", Severity.WARNING),
    "number-vs-text": ("FP-13.24", Severity.WARNING),
    "wildcard-neq": ("FP-13.25", Severity.WARNING),
    "cardinality": ("FP-13.26", Severity.WARNING),
    "single-backslash": ("FP-13.28", Severity.WARNING),
    "duplicate-column": ("FP-13.28", Severity.WARNING),
    "foreign-column": ("FP-13.28", Severity.WARNING),
    "undocumented": ("FP-13.29", Severity.INFO),
    "syntax": ("FP-13.33", Severity.ERROR),
    "no-index-key": ("FP-13.34", Severity.INFO),
    "too-many": ("DET-10.3", Severity.ERROR),
    "precedence": ("DET-10.3", Severity.WARNING),
    "lone-star": ("DET-10.3", Severity.WARNING),
    "same-element": ("DET-10.3", Severity.WARNING),
    "forgeable-exclusion": ("DET-10.3", Severity.WARNING),
    "session-key": ("DET-10.3", Severity.WARNING),
    "dimension-unseen": ("DET-10.3", Severity.ERROR),
    "alarm-missing": ("DET-10.3", Severity.WARNING),
    "chain": ("DET-10.3", Severity.WARNING),
    "alarm-unit": ("AL-5.4", Severity.ERROR),
    "alarm-action": ("AL-5.10", Severity.INFO),
    "alarm-cycle": ("AL-12.7", Severity.WARNING),
    "alarm-noise": ("AL-19.2", Severity.WARNING),
    "alarm-tag": ("AL-19.6", Severity.ERROR),
    "alarm-threshold": ("AL-19.8", Severity.ERROR),
    "no-expiry": ("IF-4", Severity.WARNING),
    "expired-exclusion": ("IF-4", Severity.INFO),
}
"""Every name with the id of its rule and its usual severity. `DET` is the detections page."""


def observe(
    name: str,
    position: int,
    message: str,
    *,
    hint: str = "",
    rewrite: str | None = None,
    severity: Severity | None = None,
    key: KeyPath = (),
) -> Observation:
    """An observation with the id and, unless another is given, the severity that belong to its name."""
    spec, usual = SPECS[name]
    return Observation(
        name=name,
        severity=severity or usual,
        spec=spec,
        key=key,
        position=position,
        message=message,
        hint=hint,
        rewrite=rewrite,
    )
