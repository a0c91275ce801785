"""Buckets that are folders: an object is a file, its metadata lie beside it. Spec: WIRE-9.14, CT-15.10.

Rule: names come from calls, so none leads out of the folder. Whoever looks sees no object or a whole one, and an
object only with its metadata.
"""

from __future__ import annotations

import glob
import os
import re
from typing import TYPE_CHECKING, Final

import msgspec

from tocsin.atomic_file import replacing
from tocsin.errors import ArchiveError, InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

METADATA: Final = ".meta.json"
"""What the name of the file with an object's metadata ends in."""

_BUCKET: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}", re.ASCII)
_MOST_KEY: Final = 1024
_MOST_NAME: Final = 255 - len(METADATA) - 10  # what a file system takes, less the ending while it is being written
_FORBIDDEN: Final = re.compile(r'[\x00-\x1f\x7f\\:*?"<>|]')  # what no name of a file may have somewhere


class FolderStore:
    """`ObjectStore` over the folders in one. Without `creates` a bucket has to be there."""

    def __init__(self, folder: Path, *, creates: bool = True) -> None:
        self._folder = folder
        self._creates = creates

    def has_bucket(self, bucket: str) -> bool:
        """Whether its folder is there, or may be made."""
        return _BUCKET.fullmatch(bucket) is not None and (self._creates or (self._folder / bucket).is_dir())

    def put(self, bucket: str, key: str, body: bytes, *, metadata: Mapping[str, str], kms_key: str = "") -> None:  # noqa: ARG002  (a port: folders know no keys)
        """Write the file of an object."""
        if not self.has_bucket(bucket):
            raise ArchiveError(f"there is no bucket {bucket!a}", reason="NoSuchBucket")
        file = self._folder.joinpath(bucket, *_names_in(key))
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            _remove_remains(file)
            beside = file.with_name(f"{file.name}{METADATA}")
            if metadata:
                _write(beside, msgspec.json.encode(dict(metadata)))
            else:
                beside.unlink(missing_ok=True)
            _write(file, body)
            _keep_names(file.parent)
        except OSError as error:
            raise ArchiveError(f"cannot write {file}: {error.strerror or error}", reason="InternalError") from None
        except InputError as error:
            raise ArchiveError(error.message, reason="InternalError") from None


def _names_in(key: str) -> list[str]:
    """The names that a key is made of.

    Raises:
        ArchiveError: a file cannot be called so.
    """
    names = key.split("/")
    is_known = len(key.encode("utf-8", "surrogatepass")) <= _MOST_KEY and not key.endswith(METADATA)
    if not is_known or not all(_is_name(name) for name in names):
        raise ArchiveError(f"the key {key[:200]!a} cannot be a file in a folder", reason="InvalidKey")
    return names


def _is_name(name: str) -> bool:
    """Whether a file can be called so anywhere, and is then nothing but itself."""
    if not name or _FORBIDDEN.search(name) or name.endswith((".", " ")):
        return False  # a name that ends in a dot is `.` or `..`, or on Windows another one
    try:
        return len(name.encode("utf-8")) <= _MOST_NAME
    except UnicodeEncodeError:
        return False


def _remove_remains(file: Path) -> None:
    """Remove what a process has left that ended while it wrote this object: what was not put is put again."""
    unfinished = re.compile(rf"\.{re.escape(file.name)}(?:{re.escape(METADATA)})?\.[a-z0-9_]{{8}}")
    for one in file.parent.glob(f".{glob.escape(file.name)}.*"):
        if unfinished.fullmatch(one.name):
            one.unlink(missing_ok=True)


def _write(file: Path, data: bytes) -> None:
    with replacing(file) as opened:
        opened.write(data)
        opened.flush()
        os.fsync(opened.fileno())


def _keep_names(folder: Path) -> None:
    """Have the disk keep the names of the files in a folder: what is put is let go of elsewhere."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
