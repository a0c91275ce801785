"""CloudWatch Logs: how its errors are called, and the modules of its operations. Spec: WIRE-8.1."""

from __future__ import annotations

from tocsin.api import logs_destination, logs_event, logs_filter, logs_group, logs_policy, logs_stream, logs_tag
from tocsin.api.logs_table import operations

__all__ = ["operations"]

# Each registers its operations when it is imported.
MODULES = (logs_group, logs_stream, logs_event, logs_filter, logs_destination, logs_policy, logs_tag)
"""Where the operations are."""
