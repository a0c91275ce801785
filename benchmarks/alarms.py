"""How fast alarms are evaluated: a backtest against a scan, minute by minute, and many alarms over a sparse year.

    python benchmarks/alarms.py [ARCHIVE] [--runs 3] [--jobs 2] [--json FILE]

With ARCHIVE, `tocsin backtest` and `tocsin scan` with both packs take turns over it and medians are compared;
one round before the first fills the page cache and is not counted. The other two run in this process, on one
core, on data that are made here.
"""

from __future__ import annotations

import argparse
import json
import platform
import shlex
import statistics
import subprocess
import sys
import time
from pathlib import Path

from tocsin.app.replay import AlarmReplay
from tocsin.core.alarm.definition import MetricAlarm
from tocsin.core.metric import MetricKey, StatisticSet
from tocsin.core.metric_history import HistoryPoint, MetricHistory

TOCSIN = [sys.executable, "-m", "tocsin"]
START = 1_767_225_600  # 2026-01-01T00:00:00Z
YEAR = 365 * 86_400
ALARMS = 1_000
KEY = MetricKey.of("Bench", "Matches")


def alarm(name: str, *, period: int, periods: int, needed: int, treat: str) -> MetricAlarm:
    """An alarm on the metric of this benchmark."""
    parameters = {
        "AlarmName": name,
        "MetricName": KEY.metric_name,
        "Namespace": KEY.namespace,
        "Statistic": "Sum",
        "Period": period,
        "EvaluationPeriods": periods,
        "DatapointsToAlarm": needed,
        "Threshold": 3,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": treat,
    }
    return MetricAlarm.from_aws(parameters)


def history(seconds: range) -> MetricHistory:
    """A datum at each of these times: mostly 1, now and then 5."""
    one, five = StatisticSet.of(1.0), StatisticSet.of(5.0)
    return MetricHistory(HistoryPoint(second, None, five if second % 7919 < 60 else one) for second in seconds)


def minute_by_minute(period: int) -> tuple[int, float]:
    """Evaluations, and seconds, of an alarm that has data in every minute of 60 days and leaves out no instant."""
    data = history(range(START, START + 60 * 86_400, 60))
    replay = AlarmReplay(alarm("dense", period=period, periods=3, needed=2, treat="missing"), {(KEY, None): data})
    started = time.process_time()
    result = replay.run(START, START + 60 * 86_400, every_instant=True)
    return result.evaluations, time.process_time() - started


def sparse_year() -> tuple[int, int, float]:
    """Evaluations (computed or jumped over), transitions and seconds of 1,000 alarms over a year with 100 data each."""
    evaluations = transitions = 0
    started = time.process_time()
    for number in range(ALARMS):
        data = history(range(START + number * 977, START + YEAR, YEAR // 100))
        definition = alarm(
            f"a{number}", period=60 * (1 + number % 5), periods=1 + number % 4, needed=1, treat="notBreaching"
        )
        result = AlarmReplay(definition, {(KEY, None): data}).run(START, START + YEAR)
        evaluations += result.evaluations
        transitions += len(result.transitions)
    return evaluations, transitions, time.process_time() - started


def measure(command: list[str]) -> float:
    """Seconds that a command takes; SystemExit when it fails."""
    started = time.perf_counter()
    if subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode:
        sys.exit(f"failed: {shlex.join(command)}")
    return time.perf_counter() - started


def against_scan(archive: str, runs: int, jobs: int) -> dict[str, float]:
    """Medians of scan and backtest with both packs, taken in turns."""
    options = [
        archive,
        "--format",
        "json",
        "--jobs",
        str(jobs),
        "--quiet",
        "--allow-skips",
        "-r",
        "article",
        "-r",
        "cis",
    ]
    commands = {name: [*TOCSIN, name, *options] for name in ("scan", "backtest")}
    times: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(runs + 1):
        for name, command in commands.items():
            seconds = measure(command)
            if turn:
                times[name].append(seconds)
    return {name: statistics.median(values) for name, values in times.items()}


def main() -> None:
    """Measure, print, and write the figures if that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", nargs="?")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    options = parser.parse_args()
    figures: dict[str, object] = {"python": platform.python_version()}
    if options.archive:
        medians = against_scan(options.archive, options.runs, options.jobs)
        ratio = medians["backtest"] / medians["scan"]
        print(f"scan {medians['scan']:.2f} s, backtest {medians['backtest']:.2f} s: x {ratio:.2f}")
        figures |= {"scan": medians["scan"], "backtest": medians["backtest"], "ratio": ratio}
    for period in (60, 300):
        evaluations, seconds = minute_by_minute(period)
        rate = evaluations / seconds
        print(f"minute by minute, periods of {period} s: {evaluations:,} evaluations in {seconds:.2f} s, {rate:,.0f}/s")
        figures[f"evaluations_per_second_{period}"] = round(rate)
    evaluations, transitions, seconds = sparse_year()
    print(
        f"{ALARMS:,} alarms over a sparse year: {evaluations:,} evaluations, "
        f"{transitions:,} transitions, {seconds:.2f} s"
    )
    figures["sparse_year_seconds"] = round(seconds, 3)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
