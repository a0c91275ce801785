"""`tocsin backup`: a copy of the data folder. Spec: IF-7."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from tocsin.composition.data_folder import DATABASE, MAILBOX, data_folder
from tocsin.composition.digest_keys import FOLDER as KEYS
from tocsin.composition.signing_key import FOLDER
from tocsin.errors import AlreadyExistsError, InputError, NotFoundError
from tocsin.store.sqlite import copy_database

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tocsin.config import Config


class Backup(NamedTuple):
    """A copy that was made."""

    path: Path
    size: int


def back_up(config: Config, environ: Mapping[str, str], folder: Path) -> Backup:
    """Copy the database, the keys and the kept mails of a service into a folder, whether it runs or not.

    Raises:
        NotFoundError: there is no database.
        AlreadyExistsError: the folder holds a database already.
        StoreError: the database cannot be read, or the copy not written.
    """
    data = data_folder(config, environ)
    source, target = data / DATABASE, folder / DATABASE
    if not source.is_file():
        raise NotFoundError(f"{source}: there is no database", hint="--data names the folder of the service")
    if target.exists():
        raise AlreadyExistsError(f"{target}: it exists already", hint="give each copy a folder of its own")
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise InputError(f"cannot make {folder}: {error.strerror or error}") from None
    copy_database(source, target)
    _copy_files(data / FOLDER, folder / FOLDER, "[!.]*.pem", what="the signing key")
    for region in sorted((data / KEYS).glob("*/")):
        _copy_files(region, folder / KEYS / region.name, "[!.]*.pem", what="the keys of digests")
    _copy_files(data / MAILBOX, folder / MAILBOX, "[!.]*.eml", what="the mailbox")
    return Backup(target, target.stat().st_size)


def _copy_files(source: Path, target: Path, pattern: str, *, what: str) -> None:
    """Copy files that nobody but their owner may read: the copy goes on where the service was."""
    if not source.is_dir():
        return
    try:
        target.mkdir(parents=True, exist_ok=True, mode=0o700)
        for file in source.glob(pattern):
            copy = target / file.name
            copy.touch(mode=0o600)
            with suppress(FileNotFoundError):  # the oldest mails go when there are too many
                copy.write_bytes(file.read_bytes())
    except OSError as error:
        raise InputError(f"cannot copy {what} to {target}: {error.strerror or error}") from None
