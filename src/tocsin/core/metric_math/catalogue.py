"""Every function of metric math by its name, and the names that are refused on purpose. Spec: AL-4.4."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tocsin.core.metric_math.array_function import ARRAY_FUNCTIONS
from tocsin.core.metric_math.clock_function import CLOCK_FUNCTIONS
from tocsin.core.metric_math.request_function import REQUEST_FUNCTIONS
from tocsin.core.metric_math.series_function import SERIES_FUNCTIONS

if TYPE_CHECKING:
    from tocsin.core.metric_math.function import Function

FUNCTIONS: Final[dict[str, Function]] = {
    **SERIES_FUNCTIONS,
    **ARRAY_FUNCTIONS,
    **CLOCK_FUNCTIONS,
    **REQUEST_FUNCTIONS,
}

CLOCKS: Final = frozenset(CLOCK_FUNCTIONS)
"""The functions whose result depends on the time itself (AL-18.3)."""

REFUSED: Final = {
    "INSIGHT_RULE_METRIC": "it reads Contributor Insights rules",
    "SERVICE_QUOTA": "it reads the quotas of AWS services",
}
"""Functions that need another service -> what they need."""
