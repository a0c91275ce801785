"""CloudTrail: the modules of its operations. Spec: CT-7, WIRE-8."""

from __future__ import annotations

from tocsin.api import (
    cloudtrail_history,
    cloudtrail_insight,
    cloudtrail_insight_data,
    cloudtrail_key,
    cloudtrail_selector,
    cloudtrail_tag,
    cloudtrail_trail,
)
from tocsin.api.cloudtrail_table import operations

__all__ = ["operations"]

# Each registers its operations when it is imported.
MODULES = (
    cloudtrail_trail,
    cloudtrail_selector,
    cloudtrail_history,
    cloudtrail_insight,
    cloudtrail_insight_data,
    cloudtrail_key,
    cloudtrail_tag,
)
"""Where the operations are."""
