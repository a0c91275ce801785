"""A finding: one thing that `tocsin check` has to say about a rule, with its place and remedy (IF-1).

Names of findings are stable; FP-13 and section 10.3 of the detections page say what each means.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Severity(StrEnum):
    """How bad a finding is: `error` (AWS refuses it, or it can never do its job), `warning`, `info`."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One finding. `line` and `column` count from 1; `spec` is the rule's id there (`FP-13.1`)."""

    path: str
    line: int
    column: int
    severity: Severity
    name: str
    spec: str
    rule: str
    message: str
    hint: str = ""
