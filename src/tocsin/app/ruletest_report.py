"""What the tests of rules found, as typed objects; `--format json` is their encoding. Spec: IF-1, IF-4.

Times on the virtual clock are offsets as rule files write them (`2m`); durations are seconds.
"""

from __future__ import annotations

import msgspec

from tocsin.core.finding import Finding  # msgspec reads annotations at run time


class SlotPoint(msgspec.Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """A point that decided: the slot from `from_` (included) to `until` (excluded), and its value."""

    from_: str
    until: str
    value: float


class Failure(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One expectation that did not hold. What does not apply is empty, and left out of the JSON.

    `kind` is match, state, never or message; `line` and `column` (from 1) are those of the
    expectation. `since` is from when on the state that was found lasted, `reason` what the alarm said,
    `decided_by` the rule of AL-7, `points` the points that decided, newest first. `children` tells the
    states of a composite alarm's children. A message was looked for in `text` (cut), whose line that
    comes nearest is `nearest`. A filter test has its effective `pattern` and the `explanation`.
    """

    line: int
    column: int
    kind: str
    expected: str
    got: str
    at: str = ""
    since: str = ""
    reason: str = ""
    decided_by: str = ""
    points: list[SlotPoint] = []
    children: list[str] = []
    nearest: str = ""
    text: str = ""
    pattern: str = ""
    explanation: str = ""


class RuleTestResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one test found. `kind` is filter or alarm; `line` and `column` are those of the test."""

    rule: str
    test: str
    kind: str
    passed: bool
    path: str
    line: int
    column: int
    seconds: float
    failures: list[Failure] = []


class RuleTestReport(msgspec.Struct, frozen=True, kw_only=True):
    """The whole report. `rules` counts the rules that have a test here; `errors` are those that could not run.

    `deselected` counts the tests that were not asked for.
    """

    tocsin: str
    rules: int
    tests: int
    passed: int
    failed: int
    deselected: int
    seconds: float
    errors: list[Finding]
    results: list[RuleTestResult]
    command: str = "test"
