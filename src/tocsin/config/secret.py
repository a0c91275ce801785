"""A text that must not be seen, and where it stands. Spec: AR-9, IF-9.

Rule: settings, logs and errors show where a secret is kept, never what it is. It is fetched once, when it is used.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tocsin.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

HIDDEN: Final = "****"
"""What is shown of a secret that is written into the settings themselves."""

_MOST_BYTES: Final = 64 * 1024
_VARIABLE: Final = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_FILE: Final = re.compile(r"file:[^\x00]{1,4096}")
_REFERENCES: Final = ("env:", "file:")


class Secret:
    """`env:NAME` for a variable, `file:PATH` for a file, anything else the secret itself. It never prints."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    @property
    def is_reference(self) -> bool:
        """Whether it says where the secret stands."""
        return self._text.startswith(_REFERENCES)

    @property
    def is_well_formed(self) -> bool:
        """Whether a reference can be followed at all; a secret itself may be any text but an empty one."""
        if not self.is_reference:
            return bool(self._text)
        form = _VARIABLE if self._text.startswith("env:") else _FILE
        return form.fullmatch(self._text) is not None

    @property
    def shown(self) -> str:
        """The reference, or what stands for a secret."""
        return self._text if self.is_reference else HIDDEN

    def reveal(self, environ: Mapping[str, str], *, key: str) -> str:
        """The secret, without white space around it. `key` is the setting that it belongs to.

        Raises:
            ConfigError: there is no such variable or file, or nothing in it.
        """
        if not self.is_reference:
            return self._text
        kind, _, place = self._text.partition(":")
        text = environ.get(place, "") if kind == "env" else _read(Path(place), key=key)
        text = text.strip()
        if not text:
            what = f"the variable {place} is not set" if kind == "env" else f"the file {place} is empty"
            raise ConfigError(f"{key} is {self._text}, and {what}", key=key, hint=f"put the value of {key} there")
        return text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return f"Secret({self.shown!r})"

    __str__ = __repr__


def read_secret(value: object) -> Secret | None:
    """How to read a secret out of a file of settings, or a reference to one."""
    found = Secret(value.strip()) if isinstance(value, str) else None
    return found if found is not None and found.is_well_formed else None


def _read(path: Path, *, key: str) -> str:
    try:
        if not path.is_file():
            reason = "it is not a regular file" if path.exists() else "there is no such file"
            raise ConfigError(f"{key} is file:{path}, and {reason}", key=key, hint=f"put the value of {key} there")
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise ConfigError(f"{key} is file:{path}, and it is longer than 64 KiB", key=key)
        return data.decode("utf-8")
    except OSError as error:
        raise ConfigError(f"{key} is file:{path}: {error.strerror or error}", key=key) from None
    except UnicodeDecodeError:
        raise ConfigError(f"{key} is file:{path}, and it is not UTF-8", key=key) from None
