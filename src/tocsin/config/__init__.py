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
from tocsin.config.notifier import NotifierSettings, address_hint, address_problem
from tocsin.config.operator_channel import HeartbeatUrl, OperatorChannel, channel_kind
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
    "load_config",
    "settings_in_force",
    "variable_of",
]
