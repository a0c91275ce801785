"""The keys that digests are signed with: a file for each, in a folder for each region. Spec: CT-15.6.

Rule: a key is made when a region first needs one, and replaced when it is a year old; no one but the owner of the data
folder can read it. None is ever removed, as digests that it signed are verified with it.
"""

from __future__ import annotations

import re
from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING, Final, NamedTuple

from tocsin.app.ports import DigestPublicKey
from tocsin.composition.signing_key import key_pem, read_key, write_private
from tocsin.core.digest import fingerprint_of, public_key_der
from tocsin.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from tocsin.clock import Clock

FOLDER: Final = "digest-keys"
"""In the data folder. In it a folder for each region; a file is named after the second from which its key is valid."""

_REGION: Final = re.compile(r"[a-z0-9-]{1,64}")
_FILE: Final = re.compile(r"([0-9]{1,12})\.pem")
_BITS: Final = 2048
_REPLACED_AFTER: Final = timedelta(days=365)
_VALID_FOR: Final = timedelta(days=400)  # a digest may be made a while after its key was asked for

# Clocks of validators, and ours before it was set right, may be behind.
_BACKDATED: Final = timedelta(hours=1)


class _Key(NamedTuple):
    private: RSAPrivateKey
    public: DigestPublicKey


class DigestKeyFolder:
    """`DigestKeys` in a folder; None for a service that keeps nothing."""

    def __init__(self, folder: Path | None, clock: Clock) -> None:
        self._folder = None if folder is None else folder / FOLDER
        self._clock = clock
        self._lock = Lock()
        self._regions: dict[str, list[_Key]] = {}

    def signing_key(self, region: str) -> tuple[RSAPrivateKey, str]:
        """The newest key, or a new one."""
        if not _REGION.fullmatch(region):
            raise InputError(f"{region!a} is no region")
        now = int(self._clock.now().timestamp())
        with self._lock:
            known = self._known(region)
            replaced_after = int((_REPLACED_AFTER + _BACKDATED).total_seconds())
            if not known or now - known[-1].public.valid_from >= replaced_after:
                known = self._regions[region] = [*known, self._make(region, now - int(_BACKDATED.total_seconds()))]
            newest = known[-1]
        return newest.private, newest.public.fingerprint

    def public_keys(self, region: str) -> list[DigestPublicKey]:
        """Those of a region."""
        if not _REGION.fullmatch(region):
            return []
        with self._lock:
            return [one.public for one in self._known(region)]

    def all_public_keys(self) -> list[DigestPublicKey]:
        """Those of every region, for whoever has the data folder and not the service."""
        if self._folder is None:
            return []
        try:
            regions = sorted(self._folder.iterdir()) if self._folder.is_dir() else []
        except OSError as error:
            raise self._unusable(error) from None
        return [key for region in regions for key in self.public_keys(region.name)]

    def _known(self, region: str) -> list[_Key]:
        known = self._regions.get(region)
        if known is None:
            known = sorted(self._read(region), key=lambda one: one.public.valid_from)
            if known:  # whoever asks for regions that do not exist is not to fill the memory
                self._regions[region] = known
        return known

    def _read(self, region: str) -> Iterator[_Key]:
        if self._folder is None:
            return
        try:
            if not (self._folder / region).is_dir():
                return
            files = [
                (found, file) for file in (self._folder / region).iterdir() if (found := _FILE.fullmatch(file.name))
            ]
            for found, file in files:
                yield _key(read_key(file), int(found[1]))
        except OSError as error:
            raise self._unusable(error) from None

    def _make(self, region: str, valid_from: int) -> _Key:
        from cryptography.hazmat.primitives.asymmetric import rsa

        key = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
        if self._folder is not None:
            try:
                (self._folder / region).mkdir(mode=0o700, parents=True, exist_ok=True)
                write_private(self._folder / region / f"{valid_from}.pem", key_pem(key))
            except OSError as error:
                raise self._unusable(error) from None
        return _key(key, valid_from)

    def _unusable(self, error: OSError) -> InputError:
        return InputError(f"the keys of digests in {self._folder} cannot be used: {error.strerror or error}")


def _key(private: RSAPrivateKey, valid_from: int) -> _Key:
    der = public_key_der(private.public_key())
    valid_until = valid_from + int(_VALID_FOR.total_seconds())
    return _Key(private, DigestPublicKey(der, fingerprint_of(der), valid_from, valid_until))
