"""Where trails put their objects, as the settings say. Spec: WIRE-9.14, IF-9."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tocsin.archive.folder import FolderStore
from tocsin.archive.s3 import BucketStore, S3Access
from tocsin.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tocsin.app.ports import ObjectStore
    from tocsin.clock import Clock
    from tocsin.config import Config


class ServiceKeys(NamedTuple):
    """The keys for services that we do not serve; empty for those of AWS's own variables and files."""

    access_key: str = ""
    secret_key: str = ""


def plan_keys(config: Config, environ: Mapping[str, str]) -> ServiceKeys:
    """The keys for buckets, and for the other services at configured endpoints (IF-9).

    Raises:
        ConfigError: there is one of the two, or a secret is not where the settings say.
    """
    access, secret = config.s3.access_key, config.s3.secret_key
    if access is None and secret is None:
        return ServiceKeys()
    if access is None or secret is None:
        raise ConfigError("s3.access_key and s3.secret_key belong together", key="s3.access_key")
    return ServiceKeys(access.reveal(environ, key="s3.access_key"), secret.reveal(environ, key="s3.secret_key"))


def plan_buckets(config: Config, keys: ServiceKeys) -> S3Access | None:
    """The service that has the buckets; None where they are folders."""
    settings = config.s3
    if not settings.endpoint_url:
        return None
    return S3Access(
        settings.endpoint_url,
        settings.region or config.server.region,
        access_key=keys.access_key,
        secret_key=keys.secret_key,
        is_virtual=settings.addressing_style == "virtual",
    )


def make_object_store(access: S3Access | None, *, folder: Path, creates: bool, clock: Clock) -> ObjectStore:
    """The buckets: those of a service, else folders in `folder`, which it `creates` where they are missing.

    Raises:
        ConfigError: the library that speaks to the service is not installed.
    """
    return FolderStore(folder, creates=creates) if access is None else BucketStore(access, clock)
