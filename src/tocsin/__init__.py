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
    from tocsin.app.report import ScanReport
    from tocsin.app.rulepack import load_rules
    from tocsin.archive_api import scan
    from tocsin.core.finding import Finding, Severity
    from tocsin.core.limits import Limits
    from tocsin.core.pattern import FilterPattern
    from tocsin.core.rule import Rule
    from tocsin.errors import (
        ConfigError,
        InputError,
        InternalError,
        NotFoundError,
        PatternError,
        RuleFileError,
        SourceError,
        TocsinError,
    )

__all__ = [
    "ConfigError",
    "FilterPattern",
    "Finding",
    "InputError",
    "InternalError",
    "Limits",
    "NotFoundError",
    "PatternError",
    "Rule",
    "RuleFileError",
    "ScanReport",
    "Severity",
    "SourceError",
    "TocsinError",
    "__version__",
    "load_rules",
    "scan",
]

_HOMES = {
    "FilterPattern": "core.pattern",
    "Finding": "core.finding",
    "Limits": "core.limits",
    "Rule": "core.rule",
    "ScanReport": "app.report",
    "Severity": "core.finding",
    "load_rules": "app.rulepack",
    "scan": "archive_api",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'tocsin' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"tocsin.{_HOMES.get(name, 'errors')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
