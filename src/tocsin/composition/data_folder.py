"""Where a service keeps what lasts. Spec: IF-7, IF-9."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tocsin.errors import InputError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tocsin.composition.server_settings import ServerPlan
    from tocsin.config import Config

DATABASE = "tocsin.sqlite3"
"""The database in the folder."""

MAILBOX = "mailbox"
"""The folder of the built-in mailbox in it."""

BUCKETS = "s3"
"""The folder of the buckets in it, where they are folders."""

ARCHIVE_JOBS = "archive-jobs"
"""The folder of archive jobs and their reports in it."""


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


@contextmanager
def held_data_folder(plan: ServerPlan) -> Iterator[None]:
    """The data folder, made where it is missing, and held by this process alone."""
    if plan.config.server.store == "memory":
        yield
        return
    try:
        plan.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = (plan.data / "tocsin.lock").open("a+b")
    except OSError as error:
        raise InputError(
            f"cannot use the data folder {plan.data}: {error.strerror or error}",
            hint="--data names another folder; it has to be one that may be written",
        ) from None
    with lock:
        _hold(lock, plan)
        yield


def _hold(lock: Any, plan: ServerPlan) -> None:
    if os.name == "nt":
        return
    import fcntl

    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise InputError(
            f"the data folder {plan.data} is used by another tocsin serve",
            hint="stop that one first, or give this one a folder of its own with --data",
        ) from None
