"""The public keys that digests are checked with: from a file, from beside the archive, or the service's own.

Rule: who wrote an archive may have written the keys beside it, so the report names where they are from. Spec: CT-15.10.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tocsin.clock import SystemClock
from tocsin.composition.data_folder import data_folder
from tocsin.composition.digest_keys import FOLDER, DigestKeyFolder
from tocsin.core.digest import PublicKeys
from tocsin.errors import InputError, NotFoundError
from tocsin.sources.file_system import error_reason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tocsin.config import Config

FILE: Final = "publickeys.json"
"""The name that is looked for in the archive's folder and above it."""

_MOST_BYTES: Final = 16 * 1024 * 1024
_HINT: Final = "aws cloudtrail list-public-keys --start-time 2026-01-01 --region REGION > publickeys.json"


class FoundKeys(msgspec.Struct, frozen=True, kw_only=True):
    """Public keys, and where they are from."""

    keys: PublicKeys
    source: str


def require_cryptography() -> None:
    """Raise InputError, with the way out, where the library for signatures is not installed."""
    try:
        import cryptography  # noqa: F401  # is it there?
    except ImportError:
        raise InputError(
            "signatures need the package cryptography, which is not installed", hint="pip install 'tocsin[server]'"
        ) from None


def find_public_keys(
    path: str, files: Sequence[str], config: Config, environ: Mapping[str, str], *, is_named: bool
) -> FoundKeys:
    """The keys that an archive is checked with: of `files`, else from beside it, else of the service.

    `is_named`: the folder of the service was named, and comes before what lies beside the archive. InputError where
    there are none.
    """
    require_cryptography()
    if files:
        return read_public_keys(files)
    beside = None if is_named else keys_beside(path)
    if beside is not None:
        return read_public_keys([beside])
    own = _keys_of_service(data_folder(config, environ))
    if own is not None:
        return own
    raise NotFoundError(
        f"there are no public keys to check {path} with",
        hint=f"--public-keys names a file of them, which this writes: {_HINT}",
    )


def _keys_of_service(folder: Path) -> FoundKeys | None:
    """The keys that the service of a data folder signs its digests with; None where it has none."""
    own = DigestKeyFolder(folder, SystemClock()).all_public_keys()
    values = {key.fingerprint: base64.b64encode(key.der).decode() for key in own}
    return FoundKeys(keys=PublicKeys(values), source=str(folder / FOLDER)) if values else None


def read_public_keys(paths: Sequence[str]) -> FoundKeys:
    """The keys in files, each what `aws cloudtrail list-public-keys` prints or its bare list, or several of these.

    InputError for what cannot be read, and where there is no key.
    """
    values: dict[str, str] = {}
    for path in paths:
        for number, entry in enumerate(_entries(path), 1):
            fingerprint, value = (entry.get(name) if isinstance(entry, dict) else None for name in _MEMBERS)
            if not isinstance(fingerprint, str) or not isinstance(value, str):
                raise InputError(
                    f"{path}: key {number} has no Fingerprint or no Value", hint=f"expected is the output of {_HINT}"
                )
            values[fingerprint] = value
    source = ", ".join(paths)
    if not values:
        raise InputError(f"{source}: there are no public keys in it", hint=_HINT)
    return FoundKeys(keys=PublicKeys(values), source=source)


_MEMBERS: Final = ("Fingerprint", "Value")


def keys_beside(path: str) -> str | None:
    """The file of keys in the folder at `path` or in one above it; None where there is none."""
    folder = Path(path).resolve()
    for each in (folder, *folder.parents):
        if (each / FILE).is_file():
            return str(each / FILE)
    return None


def _entries(path: str) -> list[Any]:
    entries: list[Any] = []
    for document in _documents(path):
        listed = document.get("PublicKeyList") if isinstance(document, dict) else document
        if not isinstance(listed, list):
            raise InputError(f"{path}: no list of public keys", hint=f"expected is the output of {_HINT}")
        entries += listed
    return entries


def _documents(path: str) -> list[Any]:
    """The JSON documents of a file: the outputs for several regions may stand one behind the other."""
    text = _text(path)
    decoder = json.JSONDecoder()
    documents = []
    place = _skip_blanks(text, 0)
    try:
        while place < len(text):
            document, place = decoder.raw_decode(text, place)
            documents.append(document)
            place = _skip_blanks(text, place)
    except (ValueError, RecursionError):
        line = text.count("\n", 0, place) + 1
        raise InputError(f"{path}:{line}: no JSON", hint=f"expected is the output of {_HINT}") from None
    return documents


def _skip_blanks(text: str, place: int) -> int:
    while place < len(text) and text[place].isspace():
        place += 1
    return place


def _text(path: str) -> str:
    file = Path(path)
    if not file.exists():
        raise NotFoundError(f"{path}: there is no such file", hint=_HINT)
    if not file.is_file():
        raise InputError(f"{path}: not a regular file")
    try:
        with file.open("rb") as opened:
            data = opened.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise InputError(f"{path}: longer than {_MOST_BYTES:,} bytes")
        return data.decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: {error_reason(error)}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: no text in UTF-8") from None
