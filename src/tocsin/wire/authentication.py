"""Who calls: account, region, principal; and whether they are who they say. Spec: WIRE-5.

Rule: in mode `off` nothing is checked; in `known` the key must be known; in `strict` the signature must be right as
well. No policy is evaluated in any mode. What is secret is never in an answer.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import parse_qsl

import msgspec

from tocsin.core.scope import Scope
from tocsin.wire.fault import Fault
from tocsin.wire.sigv4 import ALGORITHM, EMPTY_HASH, Credential, signatures

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tocsin.wire.call import Call
    from tocsin.wire.message import WireRequest

_REGION: Final = re.compile(r"[a-z0-9-]{1,40}\Z")
_ACCOUNT: Final = re.compile(r"[0-9]{12}\Z")
_PART: Final = re.compile(r"(\w+)=([^,\s]+)")
_DATE_FORM: Final = "%Y%m%dT%H%M%SZ"
_LONGEST_EXPIRY: Final = 604_800
_SHORT_SKEW: Final = frozenset(("logs", "cloudtrail"))
_MINUTES: Final = {True: 5, False: 15}
_MUST_BE_SIGNED: Final = ("x-amz-date", "x-amz-target", "x-amz-security-token")
_ARN_PARTS = 6

_MISSING = "Request is missing Authentication Token"
_INVALID = "The security token included in the request is invalid."
_EXPIRED = "The security token included in the request is expired"
_WRONG = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access "
    "Key and signing method. Consult the service documentation for details."
)


class AuthMode(StrEnum):
    """How much is checked (WIRE-5.6)."""

    OFF = "off"
    KNOWN = "known"
    STRICT = "strict"


class AccessKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key: its secret, whose it is, and for a session its token and end (aware)."""

    secret: str
    account: str
    principal_arn: str
    token: str = ""
    expires_at: datetime | None = None

    def __repr__(self) -> str:
        return f"AccessKey(account={self.account!r}, principal_arn={self.principal_arn!r})"


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who calls."""

    account: str
    region: str
    access_key: str
    principal_arn: str
    is_signed: bool


class AuthenticationRules(msgspec.Struct, frozen=True, kw_only=True):
    """What is in force. `skew` is in seconds, None for AWS's own (WIRE-5.10)."""

    mode: AuthMode = AuthMode.OFF
    account: str = "123456789012"
    region: str = "us-east-1"
    skew: int | None = None


class _Signed(NamedTuple):
    """What a request says of its signature."""

    credential: Credential
    signed: tuple[str, ...]
    signature: str
    date: str
    token: str
    expires: int | None  # seconds; None where the signature is in a header
    scheme: str = ALGORITHM


class Authenticator:
    """Tells who calls. `keys` are those that were configured; `session` finds a key that our STS has issued."""

    def __init__(
        self,
        rules: AuthenticationRules,
        keys: Mapping[str, AccessKey],
        *,
        session: Callable[[str], AccessKey | None],
    ) -> None:
        self._rules = rules
        self._keys = keys
        self._session = session

    def authenticate(self, request: WireRequest, call: Call, *, at: datetime) -> Caller:
        """Who makes a call at the instant `at`.

        Raises:
            Fault: it is not who it says, or says nothing where it must (WIRE-5.14).
        """
        mode = self._rules.mode
        signed, incomplete = _read(request)
        if mode is AuthMode.OFF:
            return self._caller(call, signed)
        if signed is None:
            if call.allows_unsigned:
                return self._caller(call, None)
            if incomplete:
                raise Fault("IncompleteSignatureException", incomplete)
            raise Fault("MissingAuthenticationTokenException", _MISSING)
        if incomplete:
            raise Fault("IncompleteSignatureException", incomplete)
        if signed.scheme != ALGORITHM:
            raise Fault("InvalidSignatureException", _WRONG)
        key = self._known_key(signed, at)
        if mode is AuthMode.STRICT:
            self._verify(request, call, signed, key, at)
        return self._caller(call, signed, key)

    def _known_key(self, signed: _Signed, at: datetime) -> AccessKey:
        name = signed.credential.access_key
        key = self._keys.get(name) or self._session(name)
        if key is None or not hmac.compare_digest(key.token.encode(), signed.token.encode()):
            raise Fault("UnrecognizedClientException", _INVALID)
        if key.expires_at is not None and at >= key.expires_at:
            raise Fault("ExpiredToken", _EXPIRED)  # STS has an error of its own that is called …Exception
        return key

    # ------------------------------------------------------------ the signature

    def _verify(self, request: WireRequest, call: Call, signed: _Signed, key: AccessKey, at: datetime) -> None:
        self._check_date(call, signed, at)
        credential = signed.credential
        if credential.service not in {call.service, call.api.signing_name} or not credential.day == signed.date[:8]:
            raise _wrong()
        present = {name.decode("latin-1") for name, _ in request.headers}
        required = {"host", *(name for name in _MUST_BE_SIGNED if name in present)}
        if not required <= set(signed.signed):
            raise _wrong()
        right = signatures(
            request,
            credential,
            secret=key.secret,
            date=signed.date,
            signed=signed.signed,
            payload_hash=_payload_hash(request, is_presigned=signed.expires is not None),
        )
        if not any(hmac.compare_digest(one.encode(), signed.signature.encode()) for one in right):
            raise _wrong()

    def _check_date(self, call: Call, signed: _Signed, at: datetime) -> None:
        try:
            date = datetime.strptime(signed.date, _DATE_FORM).replace(tzinfo=UTC)
        except ValueError:
            raise _wrong() from None
        default = 60 * _MINUTES[call.service in _SHORT_SKEW]
        skew = timedelta(seconds=default if self._rules.skew is None else self._rules.skew)
        shown = f"{round(skew.total_seconds() / 60)} min."
        now = f"{at:%Y%m%dT%H%M%SZ}"
        if signed.expires is not None:
            if not 1 <= signed.expires <= _LONGEST_EXPIRY:
                raise _wrong()
            end = date + timedelta(seconds=signed.expires)
            if at > end:
                raise Fault(
                    "InvalidSignatureException",
                    f"Signature expired: {signed.date} is now earlier than {end:%Y%m%dT%H%M%SZ} ({now} - {shown})",
                )
        elif at - date > skew:
            oldest = f"{at - skew:%Y%m%dT%H%M%SZ}"
            raise Fault(
                "InvalidSignatureException",
                f"Signature expired: {signed.date} is now earlier than {oldest} ({now} - {shown})",
            )
        if date - at > skew:
            newest = f"{at + skew:%Y%m%dT%H%M%SZ}"
            raise Fault(
                "InvalidSignatureException",
                f"Signature not yet current: {signed.date} is still later than {newest} ({now} + {shown})",
            )

    # ------------------------------------------------------------ account and region

    def _caller(self, call: Call, signed: _Signed | None, key: AccessKey | None = None) -> Caller:
        name = signed.credential.access_key if signed is not None else ""
        region = signed.credential.region if signed is not None else ""
        if not _REGION.match(region) or region == "aws-global":
            region = self._rules.region
        if key is None and name:
            key = self._session(name) or self._keys.get(name)
        if key is not None:
            account, principal = key.account, key.principal_arn
        else:
            account = name if _ACCOUNT.match(name) else self._rules.account
            principal = ""
        link = (call.link_arn or "").split(":")
        if len(link) >= _ARN_PARTS and _ACCOUNT.match(link[4]) and _REGION.match(link[3]) and signed is None:
            account, region = link[4], link[3]
        return Caller(
            account=account,
            region=region,
            access_key=name,
            principal_arn=principal or f"arn:{_partition(region)}:iam::{account}:user/tocsin",
            is_signed=signed is not None,
        )


def _partition(region: str) -> str:
    return Scope("", region).partition


def _wrong() -> Fault:
    return Fault("InvalidSignatureException", _WRONG)


def _payload_hash(request: WireRequest, *, is_presigned: bool) -> str:
    """The hash that is signed (WIRE-5.8). One that was sent must be right."""
    actual = EMPTY_HASH if is_presigned and not request.body else hashlib.sha256(request.body).hexdigest()
    sent = request.header("x-amz-content-sha256")
    if sent is not None and not hmac.compare_digest(sent.encode("latin-1", "replace"), actual.encode()):
        raise _wrong()
    return EMPTY_HASH if is_presigned else actual


def _read(request: WireRequest) -> tuple[_Signed | None, str]:
    """What a request says of its signature; else, where it says something, what is missing of it."""
    header = request.header("authorization")
    if header:
        return _read_header(request, header)
    if b"X-Amz-Credential=" in request.query_string or b"X-Amz-Algorithm=" in request.query_string:
        return _read_query(request)
    return None, ""


def _read_header(request: WireRequest, header: str) -> tuple[_Signed | None, str]:
    scheme, _, rest = header.strip().partition(" ")
    parts = dict(_PART.findall(rest))
    date = request.header("x-amz-date") or ""
    missing = [name for name in ("Credential", "Signature", "SignedHeaders") if name not in parts]
    if scheme.startswith("AWS4-ECDSA"):
        region = (request.header("x-amz-region-set") or "").partition(",")[0]
        fields = parts.get("Credential", "").split("/")
        credential = Credential(fields[0], fields[1] if len(fields) > 1 else "", region, "")
        return _Signed(credential, (), "", date, "", None, scheme), ""
    credential_or_none = _credential(parts.get("Credential", ""))
    problems = [f"Authorization header requires '{name}' parameter." for name in missing]
    if not date and request.header("date") is None:
        problems.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    if problems or credential_or_none is None:
        # Which account and region are meant can be told even so.
        if credential_or_none is not None and not missing[:1]:
            return _Signed(credential_or_none, (), "", date, "", None, "incomplete"), " ".join(problems)
        return None, " ".join(problems) or "Authorization header requires a Credential with a scope."
    signed = _Signed(
        credential_or_none,
        tuple(parts["SignedHeaders"].lower().split(";")),
        parts["Signature"],
        date or _date_of(request.header("date") or ""),
        request.header("x-amz-security-token") or "",
        None,
    )
    return signed, ""


def _read_query(request: WireRequest) -> tuple[_Signed | None, str]:
    parts = dict(parse_qsl(request.query_string.decode("latin-1"), keep_blank_values=True, max_num_fields=1_000))
    names = (
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Date",
        "X-Amz-Expires",
        "X-Amz-SignedHeaders",
        "X-Amz-Signature",
    )
    credential = _credential(parts.get("X-Amz-Credential", ""))
    missing = [name for name in names if name not in parts]
    expires = parts.get("X-Amz-Expires", "")
    if credential is None or missing or not (expires.isascii() and expires.isdigit() and len(expires) < 8):
        told = " ".join(f"AWS query-string parameters must include '{name}'." for name in missing)
        return None, told or "AWS query-string parameters are malformed."
    signed = _Signed(
        credential,
        tuple(parts["X-Amz-SignedHeaders"].lower().split(";")),
        parts["X-Amz-Signature"],
        parts["X-Amz-Date"],
        parts.get("X-Amz-Security-Token", ""),
        int(expires),
        parts["X-Amz-Algorithm"],
    )
    return signed, ""


def _credential(text: str) -> Credential | None:
    fields = text.split("/")
    if len(fields) < 5 or fields[-1] != "aws4_request":
        return None
    return Credential("/".join(fields[:-4]), *fields[-4:-1])


def _date_of(text: str) -> str:
    """A Date header in the form that is signed."""
    from email.utils import parsedate_to_datetime

    try:
        return f"{parsedate_to_datetime(text).astimezone(UTC):%Y%m%dT%H%M%SZ}"
    except (ValueError, TypeError, OverflowError):
        return ""
