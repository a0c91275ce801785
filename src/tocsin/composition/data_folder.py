"""Where a service keeps what lasts. Spec: IF-7, IF-9."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tocsin.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.config import Config

DATABASE = "tocsin.sqlite3"
"""The database in the folder."""

MAILBOX = "mailbox"
"""The folder of the built-in mailbox in it."""

BUCKETS = "s3"
"""The folder of the buckets in it, where they are folders."""


def data_folder(config: Config, environ: Mapping[str, str]) -> Path:
    """The folder of the settings, else the user's own, whether it is there or not."""
    return Path(config.server.data) if config.server.data else _default(environ)


def existing_data_folder(config: Config, environ: Mapping[str, str]) -> Path:
    """The folder of a service that has been started before.

    Raises:
        NotFoundError: it is not there.
    """
    folder = data_folder(config, environ)
    if not folder.is_dir():
        raise NotFoundError(f"{folder}: there is no such folder", hint="--data names the folder of the service")
    return folder


def _default(environ: Mapping[str, str]) -> Path:
    """The user's data folder, after the customs of the system."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "tocsin"
    if os.name == "nt":
        return Path(environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "tocsin"
    return Path(environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "tocsin"
