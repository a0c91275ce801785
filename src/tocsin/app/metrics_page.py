"""Counters and gauges as Prometheus reads them. Spec: WIRE-9.12, IF-7."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.app.counters import Labels

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

Gauge = tuple[str, float | None]
"""A sentence about a number, and the number; None for one that is not known now."""

_ESCAPES: Final = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


def metrics_page(
    help_texts: Mapping[str, str], counts: Mapping[tuple[str, Labels], int], gauges: Mapping[str, Gauge]
) -> bytes:
    """The page. Counters that have a text and were never counted are there as 0.

    >>> print(metrics_page({"calls": "Calls."}, {("calls", (("outcome", "answered"),)): 3}, {}).decode(), end="")
    # HELP tocsin_calls_total Calls.
    # TYPE tocsin_calls_total counter
    tocsin_calls_total{outcome="answered"} 3
    """
    lines: list[str] = []
    by_name: dict[str, list[tuple[Labels, int]]] = {name: [] for name in help_texts}
    for (name, labels), count in sorted(counts.items()):
        by_name.setdefault(name, []).append((labels, count))
    for name, found in by_name.items():
        lines += [f"# HELP tocsin_{name}_total {help_texts.get(name, name)}", f"# TYPE tocsin_{name}_total counter"]
        lines += [f"tocsin_{name}_total{_shown(labels)} {count}" for labels, count in found or [((), 0)]]
    for name, (text, value) in gauges.items():
        if value is not None:
            lines += [f"# HELP tocsin_{name} {text}", f"# TYPE tocsin_{name} gauge", f"tocsin_{name} {value}"]
    return ("\n".join(lines) + "\n").encode()


def _shown(labels: Labels) -> str:
    if not labels:
        return ""
    shown = (f'{name}="{value.translate(_ESCAPES)}"' for name, value in labels)
    return f"{{{','.join(shown)}}}"
