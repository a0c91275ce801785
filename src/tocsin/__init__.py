"""Tocsin: CloudTrail security monitoring and alarming, offline.

What stands in `__all__` is the public API; everything else is private. Names are loaded when they are
first used, so that `import tocsin` costs next to nothing and loads neither server nor AWS libraries.
Spec: IF-5.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from tocsin.version import __version__

if TYPE_CHECKING:
    from tocsin.app.backtest_report import BacktestReport
    from tocsin.app.pack import load_rules
    from tocsin.app.report import ScanReport
    from tocsin.archive_api import backtest, scan
    from tocsin.core.alarm import AlarmError, Evaluation, MetricAlarm, evaluate
    from tocsin.core.composite_alarm import AlarmRule, AlarmRuleError
    from tocsin.core.filter_policy import FilterPolicy
    from tocsin.core.finding import Finding, Severity
    from tocsin.core.limits import Limits
    from tocsin.core.pattern import FilterPattern
    from tocsin.core.rule import Rule
    from tocsin.errors import (
        ConfigError,
        FilterPolicyError,
        InputError,
        InternalError,
        NotFoundError,
        PatternError,
        RuleFileError,
        SignatureError,
        SourceError,
        TocsinError,
    )
    from tocsin.message_api import verify_message

__all__ = [
    "AlarmError",
    "AlarmRule",
    "AlarmRuleError",
    "BacktestReport",
    "ConfigError",
    "Evaluation",
    "FilterPattern",
    "FilterPolicy",
    "FilterPolicyError",
    "Finding",
    "InputError",
    "InternalError",
    "Limits",
    "MetricAlarm",
    "NotFoundError",
    "PatternError",
    "Rule",
    "RuleFileError",
    "ScanReport",
    "Severity",
    "SignatureError",
    "SourceError",
    "TocsinError",
    "__version__",
    "backtest",
    "evaluate",
    "load_rules",
    "scan",
    "verify_message",
]

_HOMES = {
    "AlarmError": "core.alarm",
    "AlarmRule": "core.composite_alarm",
    "AlarmRuleError": "core.composite_alarm",
    "BacktestReport": "app.backtest_report",
    "Evaluation": "core.alarm",
    "FilterPattern": "core.pattern",
    "FilterPolicy": "core.filter_policy",
    "Finding": "core.finding",
    "Limits": "core.limits",
    "MetricAlarm": "core.alarm",
    "Rule": "core.rule",
    "ScanReport": "app.report",
    "Severity": "core.finding",
    "backtest": "archive_api",
    "evaluate": "core.alarm",
    "load_rules": "app.pack",
    "scan": "archive_api",
    "verify_message": "message_api",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'tocsin' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"tocsin.{_HOMES.get(name, 'errors')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
