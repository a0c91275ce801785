"""Where trails put their objects, as the settings say. Spec: WIRE-9.14, IF-9."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.archive.folder import FolderStore
from tocsin.archive.s3 import BucketStore, S3Access
from tocsin.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tocsin.app.ports import ObjectStore
    from tocsin.clock import Clock
    from tocsin.config import Config


def plan_buckets(config: Config, environ: Mapping[str, str]) -> S3Access | None:
    """The service that has the buckets; None where they are folders.

    Raises:
        ConfigError: the settings do not go together, or a secret is not where they say.
    """
    settings = config.s3
    if (settings.access_key is None) != (settings.secret_key is None):
        raise ConfigError("s3.access_key and s3.secret_key belong together", key="s3.access_key")
    if not settings.endpoint_url:
        return None
    access_key, secret_key = (
        "" if secret is None else secret.reveal(environ, key=key)
        for key, secret in (("s3.access_key", settings.access_key), ("s3.secret_key", settings.secret_key))
    )
    return S3Access(
        settings.endpoint_url,
        settings.region or config.server.region,
        access_key=access_key,
        secret_key=secret_key,
        is_virtual=settings.addressing_style == "virtual",
    )


def make_object_store(access: S3Access | None, *, folder: Path, creates: bool, clock: Clock) -> ObjectStore:
    """The buckets: those of a service, else folders in `folder`, which it `creates` where they are missing.

    Raises:
        ConfigError: the library that speaks to the service is not installed.
    """
    return FolderStore(folder, creates=creates) if access is None else BucketStore(access, clock)
