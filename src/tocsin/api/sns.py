"""SNS: the modules of its operations. Spec: WIRE-8."""

from __future__ import annotations

from tocsin.api import sns_publish, sns_subscription, sns_topic
from tocsin.api.sns_table import operations

__all__ = ["operations"]

# Each registers its operations when it is imported.
MODULES = (sns_topic, sns_subscription, sns_publish)
"""Where the operations are."""
