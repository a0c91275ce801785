"""Whether there are any settings at all, without reading them. Spec: IF-9."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

CONFIG_NAME = "tocsin.toml"
"""The file that is read from the working folder when none is named."""

VARIABLE_START = "TOCSIN_"
"""What the variables of the environment that hold settings begin with."""


def config_file(path: Path | None, *, folder: Path | None = None) -> Path | None:
    """The file that settings are read from: `path`, else `tocsin.toml` in `folder` if there is one."""
    if path is not None:
        return path
    default = (folder or Path()) / CONFIG_NAME
    return default if default.is_file() else None


def is_configured(path: Path | None, environ: Mapping[str, str]) -> bool:
    """Is there a file of settings, or a variable that may hold one? If not, all settings are the defaults."""
    return config_file(path) is not None or any(name.startswith(VARIABLE_START) for name in environ)
