"""`tocsin backup`: a copy of the data folder. Spec: IF-7."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tocsin.composition.server_settings import DATABASE, default_data_folder
from tocsin.composition.signing_key import FOLDER
from tocsin.errors import AlreadyExistsError, InputError, NotFoundError
from tocsin.store.sqlite import copy_database

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.config import Config


class Backup(NamedTuple):
    """A copy that was made."""

    path: Path
    size: int


def back_up(config: Config, environ: Mapping[str, str], folder: Path) -> Backup:
    """Copy the database and the signing key of the live service into a folder, whether the service runs or not.

    Raises:
        NotFoundError: there is no database.
        AlreadyExistsError: the folder holds a database already.
        StoreError: the database cannot be read, or the copy not written.
    """
    data = Path(config.server.data) if config.server.data else default_data_folder(environ)
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
    _copy_signing_key(data / FOLDER, folder / FOLDER)
    return Backup(target, target.stat().st_size)


def _copy_signing_key(source: Path, target: Path) -> None:
    """Copy the key that messages are signed with, and its certificates: the copy goes on under the same name."""
    if not source.is_dir():
        return
    try:
        target.mkdir(exist_ok=True, mode=0o700)
        for file in source.glob("[!.]*.pem"):
            copy = target / file.name
            copy.touch(mode=0o600)
            copy.write_bytes(file.read_bytes())
    except OSError as error:
        raise InputError(f"cannot copy the signing key to {target}: {error.strerror or error}") from None
