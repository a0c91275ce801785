"""Buckets of S3, or of whatever speaks like it. Spec: WIRE-9.14, IF-9.

Rule: one request a call, bounded in time, and never again by itself: that is for whoever calls to decide. No metadata
service is asked for credentials. What the other side said is cut short before it is passed on.
"""

from __future__ import annotations

import re
from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit, urlunsplit

from tocsin.errors import ArchiveError, ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from obstore.store import ClientConfig, S3Config, S3Credential, S3Store

    from tocsin.clock import Clock

_CONNECT_SECONDS: Final = 3
_SECONDS: Final = 60  # for 50 MB
_MOST_KEPT: Final = 100
_LONGEST_TEXT: Final = 300

_CODE: Final = re.compile(r"<Code>([A-Za-z0-9.]{1,100})</Code>")
_MESSAGE: Final = re.compile(r"<Message>([^<]{1,1000})</Message>")
_STATUS: Final = re.compile(r"status code: (\d{3})")
_DENIED: Final = frozenset(("AccessDenied", "Forbidden"))
_REASONS: Final = {
    "403": "AccessDenied",
    "404": "NoSuchBucket",
    "500": "InternalError",
    "503": "ServiceUnavailable",
}
"""S3's codes for answers that name none, such as those to HEAD, or of a proxy."""
_LIFE_OF_CREDENTIALS: Final = timedelta(minutes=10)


class S3Access(NamedTuple):
    """Where the buckets are, and as who we ask. Without keys they are those of AWS's own variables and files.

    `is_virtual` puts the bucket into the name of the host.
    """

    endpoint_url: str
    region: str
    access_key: str = ""
    secret_key: str = ""
    is_virtual: bool = False


class BucketStore:
    """`ObjectStore` over S3.

    Raises:
        ConfigError: the library that speaks S3 is not installed.
    """

    def __init__(self, access: S3Access, clock: Clock) -> None:
        try:
            import obstore.store
        except ImportError:
            raise ConfigError(
                "s3.endpoint_url is set, and the library that speaks S3 is not installed",
                key="s3.endpoint_url",
                hint="install tocsin[s3], or leave s3.endpoint_url out: buckets are then folders",
            ) from None
        self._kind = obstore.store.S3Store
        self._access = access
        self._clock = clock
        self._lock = Lock()
        self._stores: dict[tuple[str, str], S3Store] = {}
        self._session: Any = None

    def has_bucket(self, bucket: str) -> bool:
        """Whether there is such a bucket; one that is somebody else's is there."""
        import obstore
        from obstore.exceptions import BaseError

        try:
            obstore.list_with_delimiter(self._store(bucket, ""), prefix="tocsin-looks-for-the-bucket/")
        except (BaseError, ValueError, OSError, ArchiveError) as error:
            failure = self._failure(error)
            if failure.reason == "NoSuchBucket":
                return False
            if failure.reason in _DENIED:
                return True
            raise failure from None
        return True

    def put(self, bucket: str, key: str, body: bytes, *, metadata: Mapping[str, str], kms_key: str = "") -> None:
        """Put an object."""
        import obstore
        from obstore.exceptions import BaseError

        try:
            obstore.put(
                self._store(bucket, kms_key),
                key,
                body,
                attributes={**metadata, "Content-Type": "application/json", "Content-Encoding": "gzip"},
                use_multipart=False,
            )
        except (BaseError, ValueError, OSError, ArchiveError) as error:
            raise self._failure(error) from None

    def _store(self, bucket: str, kms_key: str) -> S3Store:
        with self._lock:
            known = self._stores.get((bucket, kms_key))
            if known is None:
                if len(self._stores) >= _MOST_KEPT:
                    self._stores.clear()
                known = self._stores[bucket, kms_key] = self._make_store(bucket, kms_key)
        return known

    def _make_store(self, bucket: str, kms_key: str) -> S3Store:
        access = self._access
        config: S3Config = {
            "bucket": bucket,
            "endpoint": address_of_bucket(access.endpoint_url, bucket) if access.is_virtual else access.endpoint_url,
            "region": access.region,
            "virtual_hosted_style_request": access.is_virtual,
        }
        if kms_key:
            config["server_side_encryption"] = "aws:kms"
            config["sse_kms_key_id"] = kms_key
        client: ClientConfig = {
            "allow_http": access.endpoint_url.startswith("http:"),
            "connect_timeout": timedelta(seconds=_CONNECT_SECONDS),
            "timeout": timedelta(seconds=_SECONDS),
        }
        if access.access_key:
            config["access_key_id"] = access.access_key
            config["secret_access_key"] = access.secret_key
            return self._kind(config=config, client_options=client, retry_config={"max_retries": 0})
        self._credentials()  # where there are none it is said at once, and not by the library
        return self._kind(
            config=config,
            client_options=client,
            retry_config={"max_retries": 0},
            credential_provider=self._credentials,
        )

    def _credentials(self) -> S3Credential:
        """The keys of AWS's own variables and files, as they are now."""
        from botocore.session import Session

        if self._session is None:
            session = Session()
            providers = session.get_component("credential_provider")
            for name in ("container-role", "iam-role"):  # they ask over the network
                providers.remove(name)
            self._session = session
        found = self._session.get_credentials()
        if found is None:
            raise ArchiveError(
                "there are no credentials for buckets",
                reason="MissingSecurityHeader",
                hint="set s3.access_key and s3.secret_key, or AWS_ACCESS_KEY_ID and so on",
            )
        keys = found.get_frozen_credentials()
        return {
            "access_key_id": keys.access_key,
            "secret_access_key": keys.secret_key,
            "token": keys.token,
            "expires_at": self._clock.now() + _LIFE_OF_CREDENTIALS,  # they are read again then
        }

    def _failure(self, error: Exception) -> ArchiveError:
        """What an error of the library means."""
        if isinstance(error, ArchiveError):
            return error
        text = str(error)
        code, message, status = _CODE.search(text), _MESSAGE.search(text), _STATUS.search(text)
        where = self._access.endpoint_url
        if code is not None:
            said = "" if message is None else f": {_line(message[1])}"
            return ArchiveError(f"{code[1]}{said}", reason=code[1])
        if status is not None:
            reason = _REASONS.get(status[1], f"HTTP {status[1]}")
            return ArchiveError(f"{where} answers {status[1]}", reason=reason)
        if isinstance(error, ValueError):
            return ArchiveError("there can be no such bucket or key", reason="InvalidRequest")
        if "TimedOut" in text or "timed out" in text or "Timeout" in text:
            return ArchiveError(f"{where} does not answer in time", reason="RequestTimeout")
        return ArchiveError(f"{where} cannot be reached", reason="ConnectionError")


def address_of_bucket(endpoint_url: str, bucket: str) -> str:
    """The address of a bucket that has a host of its own."""
    parts = urlsplit(endpoint_url)
    return urlunsplit(parts._replace(netloc=f"{bucket}.{parts.netloc}"))


def _line(text: str) -> str:
    """What the other side said, as one short line."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:_LONGEST_TEXT]
