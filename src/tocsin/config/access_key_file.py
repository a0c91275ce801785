"""What stands in a file of access keys, whatever its form. Spec: WIRE-5.6, REC-14.5.

Rule: no more of the file is read than such a file may hold; no message holds what stands in it, for it may be a secret.
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tocsin.errors import ConfigError, NotFoundError

if TYPE_CHECKING:
    from pathlib import Path

_MOST_BYTES: Final = 4 * 1024 * 1024


class AccessKeyDocument(NamedTuple):
    """The document, and the text that it was read from, for the places of its keys."""

    document: dict[str, Any]
    text: str


def read_access_key_file(path: Path, *, named_by: str) -> AccessKeyDocument:
    """The TOML document at `path`; `named_by` is the setting or option that says which file it is.

    Raises:
        NotFoundError: there is no such file.
        ConfigError: it cannot be read, is too long or no TOML.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        raise NotFoundError(f"{path}: there is no such file", hint=f"{named_by} names it") from None
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}", path=str(path)) from None
    if len(data) > _MOST_BYTES:
        raise ConfigError(f"{path}: longer than 4 MiB", path=str(path))
    try:
        text = data.decode().replace("\r\n", "\n")
        return AccessKeyDocument(tomllib.loads(text), text)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError):
        # The message of the reader may hold what stands in the file.
        raise ConfigError(f"{path}: it is no TOML file", path=str(path), hint="see https://toml.io/en/v1.0.0") from None
