"""CloudWatch: the modules of its operations. Spec: WIRE-8.2."""

from __future__ import annotations

from tocsin.api import (
    cloudwatch_alarm,
    cloudwatch_anomaly_detector,
    cloudwatch_dashboard,
    cloudwatch_insight_rule,
    cloudwatch_metric,
    cloudwatch_mute_rule,
    cloudwatch_tag,
)
from tocsin.api.cloudwatch_table import operations

__all__ = ["operations"]

# Each registers its operations when it is imported.
MODULES = (
    cloudwatch_metric,
    cloudwatch_alarm,
    cloudwatch_mute_rule,
    cloudwatch_dashboard,
    cloudwatch_anomaly_detector,
    cloudwatch_insight_rule,
    cloudwatch_tag,
)
"""Where the operations are."""
