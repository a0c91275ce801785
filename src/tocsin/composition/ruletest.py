"""`tocsin test`: the use case with its files and processes."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from tocsin.app.rulepack import read_sources
from tocsin.app.ruletest import RuleTester
from tocsin.app.ruletest_plan import plan_rule_tests, report_of
from tocsin.engines.local import default_jobs, run_tasks
from tocsin.version import __version__

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Sequence
    from datetime import date

    from tocsin.app.ruletest import RuleTestOutcome
    from tocsin.app.ruletest_plan import RuleTests
    from tocsin.app.ruletest_report import RuleTestReport
    from tocsin.core.rule import Rule

# Records in all tests below which starting processes costs more than it saves.
_WORTH_PROCESSES = 20_000


def run_rule_tests(
    sources: Sequence[str],
    *,
    at: date,
    run: re.Pattern[str] | None = None,
    extra: int | None = None,
    jobs: int | None = None,
) -> RuleTestReport:
    """Run the tests of the rules of SOURCEs; the report is the same, but for the times, whatever `jobs` is.

    `at` is the day for which exclusions count, `run` must be found in `RULE: TEST NAME`, `extra` is
    the setting `alarm.evaluation_range`. NotFoundError for a SOURCE that does not exist.
    """
    started = time.perf_counter()
    found = read_sources(sources, at=at)
    plan = plan_rule_tests(found, run=run)
    if jobs is None:
        jobs = default_jobs() if plan.records >= _WORTH_PROCESSES else 1
    outcomes: dict[int, list[RuleTestOutcome]] = {}
    for task, result in run_tasks(partial(_make_worker, plan.rules, extra), plan.chosen, jobs=jobs):
        outcomes[task.rule] = result
    return report_of(found, plan, outcomes, version=__version__, seconds=time.perf_counter() - started)


def _make_worker(rules: tuple[Rule, ...], extra: int | None) -> Callable[[RuleTests], list[RuleTestOutcome]]:
    tester = RuleTester(rules, extra=extra, timer=time.perf_counter)

    def work(task: RuleTests) -> list[RuleTestOutcome]:
        return tester.run(rules[task.rule], task.tests)

    return work
