"""How long 10,000 live alarms take each minute, and what PutLogEvents waits for meanwhile. Spec: AL-18, WIRE-7.1.

    python benchmarks/evaluator.py [--alarms 10000] [--minutes 5] [--json FILE]

All on SQLite, in one process. Half of the metrics get data each minute, and every hundredth alarm changes its state
each minute. The same minutes are then evaluated while a client puts one event after the other through the service
(the six filters of the article on), and the times of its calls are compared with those of a quiet service. The
reference is how long SQLite takes to read as many rows of metric data by their keys, in the same minute.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import os
import platform
import resource
import statistics
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parent))

from live import FILTERS, message

from tocsin.app.evaluator import Evaluator
from tocsin.app.log_group import create_log_group
from tocsin.app.log_stream import create_log_stream
from tocsin.app.metric_alarm import put_metric_alarm
from tocsin.app.metric_filter import put_metric_filter
from tocsin.app.pipeline import Pipeline
from tocsin.app.service import Service
from tocsin.clock import ManualClock
from tocsin.core.metric import MetricDatum, MetricKey, StatisticSet
from tocsin.core.metric_filter import MetricFilter, MetricTransformation
from tocsin.core.scope import Scope
from tocsin.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Scope("111122223333", "eu-west-1")
METRICS = 1_000
GARBAGE_COLLECTION = (200_000, 20, 20)  # as the command `tocsin` has it
SWITCH_INTERVAL = 0.0005  # and as the service does


def set_up(folder: Path, alarms: int) -> tuple[Service, ManualClock]:
    """A service with its alarms, the filters of the article, and a first run behind it."""
    clock = ManualClock(datetime(2026, 3, 1, 12, tzinfo=UTC))
    service = Service(SqliteStore(folder / "tocsin.sqlite3"), clock, new_id=lambda: "x")
    create_log_group(service, HERE, "g")
    create_log_stream(service, HERE, "g", "s")
    for name, pattern in FILTERS.items():
        made = (MetricTransformation(metric_name=name, metric_namespace="T", metric_value="1"),)
        put_metric_filter(
            service, HERE, "g", MetricFilter(filter_name=name, filter_pattern=pattern, metric_transformations=made)
        )
    for number in range(alarms):
        # Every hundredth alarm has a metric that is above the threshold in every other minute.
        metric = f"swing{number % 10}" if number % 100 == 0 else f"m{number % METRICS}"
        put_metric_alarm(
            service,
            HERE,
            {
                "AlarmName": f"a{number}",
                "Namespace": "N",
                "MetricName": metric,
                "Statistic": "Sum",
                "Period": 60,
                "EvaluationPeriods": 1,
                "Threshold": 3.0,
                "ComparisonOperator": "GreaterThanOrEqualToThreshold",
                "TreatMissingData": "notBreaching",
            },
        )
    service.part(Evaluator).run()
    return service, clock


def minute(service: Service, clock: ManualClock, number: int) -> tuple[float, int]:
    """Data for a minute, and the run after it: seconds that it took, and alarms that changed."""
    now = int(clock.now().timestamp())
    data = [(f"m{place}", 1.0) for place in range(0, METRICS, 2)]
    data += [(f"swing{place}", 9.0 if number % 2 else 0.0) for place in range(10)]
    made = [
        MetricDatum(key=MetricKey.of("N", name), timestamp=now, statistics=StatisticSet.of(value))
        for name, value in data
    ]
    service.store.write(lambda store: store.metrics.add(HERE, made))
    clock.advance(60)
    evaluator = service.part(Evaluator)
    began = time.perf_counter()
    transitions = 0
    while True:
        run = evaluator.run()
        transitions += run.transitions
        if not run.is_behind:
            return time.perf_counter() - began, transitions


def reference(service: Service, reads: int) -> float:
    """Seconds for as many look-ups of metric data as there are alarms."""
    with service.store.read() as store:
        began = time.perf_counter()
        for number in range(reads):
            store.metrics.data(HERE, MetricKey.of("N", f"m{number % METRICS}"), start=0, end=60)
        return time.perf_counter() - began


def puts_until(service: Service, stop: threading.Event, most: int = 1_000_000) -> list[float]:
    """The milliseconds that each of these calls took, one event each."""
    pipeline, taken = service.part(Pipeline), []
    for number in range(most):
        if stop.is_set():
            break
        began = time.perf_counter()
        pipeline.put(HERE, "g", "s", [(service.now_ms(), message(number))])
        taken.append(1000 * (time.perf_counter() - began))
        stop.wait(0.001)  # a client that is elsewhere
    return taken


def percentiles(taken: Sequence[float]) -> dict[str, float]:
    """Of times in milliseconds."""
    ordered = sorted(taken)
    return {
        "calls": len(ordered),
        "p50": ordered[len(ordered) // 2],
        "p99": ordered[min(len(ordered) - 1, math.ceil(0.99 * len(ordered)) - 1)],
        "max": ordered[-1],
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--alarms", type=int, default=10_000)
    parser.add_argument("--minutes", type=int, default=6)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    gc.set_threshold(*GARBAGE_COLLECTION)
    sys.setswitchinterval(SWITCH_INTERVAL)
    with tempfile.TemporaryDirectory(prefix="tocsin-evaluator-") as folder:
        service, clock = set_up(Path(folder), arguments.alarms)
        runs, references, changes = [], [], []
        for number in range(arguments.minutes):
            seconds, transitions = minute(service, clock, number)
            runs.append(seconds)
            changes.append(transitions)
            references.append(reference(service, arguments.alarms))
        quiet = percentiles(puts_until(service, threading.Event(), 1_000))
        stop, taken = threading.Event(), []
        client = threading.Thread(target=lambda: taken.extend(puts_until(service, stop)))
        client.start()
        busy = [minute(service, clock, number)[0] for number in range(arguments.minutes)]
        stop.set()
        client.join()
        service.store.close()
    report: dict[str, Any] = {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "alarms": arguments.alarms,
        "seconds_a_minute": runs,
        "changes_a_minute": changes,
        "reference_seconds": references,
        "seconds_a_minute_while_events_come": busy,
        "put_ms_quiet": quiet,
        "put_ms_while_alarms_are_evaluated": percentiles(taken),
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000,
    }
    middle, worst = statistics.median(runs), max(runs)
    print(f"{arguments.alarms:,} alarms: {middle:.2f} s a minute, {worst:.2f} s at most; changes {changes}")
    print(f"  {middle / statistics.median(references):.1f} times as long as reading as many metrics")
    print(f"  with events coming in: {statistics.median(busy):.2f} s a minute")
    for name in ("put_ms_quiet", "put_ms_while_alarms_are_evaluated"):
        found = report[name]
        times = f"p50 {found['p50']:.2f}, p99 {found['p99']:.2f}, max {found['max']:.2f} ms"
        print(f"  {name}: {times} in {found['calls']} calls")
    print(f"  memory {report['memory_mb']:.0f} MB")
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
