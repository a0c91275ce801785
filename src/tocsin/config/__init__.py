"""Settings: one TOML file, overridden by the environment; the one place for their defaults. Spec: AR-9, IF-9."""

from tocsin.config.loading import (
    CONFIG_NAME,
    SettingInForce,
    check_config,
    entries_in_force,
    load_config,
    settings_in_force,
    variable_of,
)
from tocsin.config.settings import Config, RequestLimits, SourceSettings

__all__ = [
    "CONFIG_NAME",
    "Config",
    "RequestLimits",
    "SettingInForce",
    "SourceSettings",
    "check_config",
    "entries_in_force",
    "load_config",
    "settings_in_force",
    "variable_of",
]
