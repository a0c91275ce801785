"""The pages of the recorder itself: health and metrics. Spec: IF-8, REC-1.2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from tocsin.app.metrics_page import CONTENT_TYPE, Gauge, metrics_page
from tocsin.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tocsin.app.counters import Counters

HELP: Final = {
    "calls": "Calls that were passed on, by outcome.",
    "records_made": "Records that were made.",
    "records_unread": "Records without parameters, as those of the request could not be read.",
    "records_dropped": "Records that were lost, by reason.",
    "records_delivered": "Records that were handed over, by sink.",
    "recording_errors": "Calls that could not be recorded because of a defect.",
    "sink_failures": "Attempts to hand over records that failed, by sink.",
    "unrecorded": "Requests of which no record is made, by reason.",
    "keys_learned": "What answers of STS and IAM have told of access keys and principals.",
    "key_store_failures": "Attempts to keep what was learned that failed.",
}
"""What counters say, for whoever reads the metrics."""

_HEALTH: Final = b"/_tocsin/health"
_METRICS: Final = b"/_tocsin/metrics"
_JSON: Final = "application/json"


class RecorderPages:
    """Answers what is asked of the recorder itself.

    `problems` says what is wrong now, `facts` what else health tells, `gauges` are numbers for the metrics.
    """

    def __init__(
        self,
        counters: Counters,
        *,
        facts: Mapping[str, Any],
        problems: Callable[[], list[str]],
        gauges: Callable[[], dict[str, Gauge]],
    ) -> None:
        self._counters = counters
        self._facts = dict(facts)
        self._problems = problems
        self._gauges = gauges

    def has(self, target: bytes) -> bool:
        """Whether a request is for one of these pages."""
        return target.partition(b"?")[0] in {_HEALTH, _METRICS}

    def answer(self, method: str, target: bytes) -> tuple[int, str, bytes]:
        """Status, type and body of a page."""
        if method not in {"GET", "HEAD"}:
            return 405, _JSON, b'{"status":"error","reason":"this page takes GET"}\n'
        if target.startswith(_METRICS):
            return 200, CONTENT_TYPE, metrics_page(HELP, self._counters.snapshot(), self._gauges())
        problems = self._problems()
        told: dict[str, Any] = {"status": "failing" if problems else "ok", "version": __version__, **self._facts}
        if problems:
            told["reasons"] = problems
        return 503 if problems else 200, _JSON, msgspec.json.encode(told) + b"\n"
