"""Settings: one TOML file, overridden by the environment; the one place for their defaults. Spec: AR-9, IF-9.

Names are loaded when they are first used: most commands find no setting, and then need none of this.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tocsin.config.loading import (
        SettingInForce,
        check_config,
        entries_in_force,
        load_config,
        settings_in_force,
        variable_of,
    )
    from tocsin.config.notifier import NotifierSettings, address_hint, address_problem
    from tocsin.config.operator_channel import HeartbeatUrl, OperatorChannel, channel_kind
    from tocsin.config.presence import CONFIG_NAME, is_configured
    from tocsin.config.secret import Secret
    from tocsin.config.settings import Config, RequestLimits, SourceSettings

__all__ = [
    "CONFIG_NAME",
    "Config",
    "HeartbeatUrl",
    "NotifierSettings",
    "OperatorChannel",
    "RequestLimits",
    "Secret",
    "SettingInForce",
    "SourceSettings",
    "address_hint",
    "address_problem",
    "channel_kind",
    "check_config",
    "entries_in_force",
    "is_configured",
    "load_config",
    "settings_in_force",
    "variable_of",
]

_HOMES = {
    "CONFIG_NAME": "presence",
    "Config": "settings",
    "HeartbeatUrl": "operator_channel",
    "NotifierSettings": "notifier",
    "OperatorChannel": "operator_channel",
    "RequestLimits": "settings",
    "Secret": "secret",
    "SourceSettings": "settings",
    "address_hint": "notifier",
    "address_problem": "notifier",
    "channel_kind": "operator_channel",
    "is_configured": "presence",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'tocsin.config' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"tocsin.config.{_HOMES.get(name, 'loading')}"), name)
    globals()[name] = value
    return value
