"""Who calls: botocore signs, and we agree with what it signed and with nothing else. Spec: WIRE-5."""

from __future__ import annotations

import re
import urllib.parse
from datetime import UTC, datetime, timedelta

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st
from wire_client import wire_request_of

from tocsin.wire.authentication import AccessKey, AuthenticationRules, Authenticator, AuthMode
from tocsin.wire.detection import detect
from tocsin.wire.fault import Fault
from tocsin.wire.fault_format import fault_form
from tocsin.wire.message import WireRequest
from tocsin.wire.model import ServiceModels

MODELS = ServiceModels()
KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
SESSION = "ASIAIOSFODNN7EXAMPLE"
KEYS = {KEY: AccessKey(secret=SECRET, account="111122223333", principal_arn="arn:aws:iam::111122223333:user/ci")}
FORM = "application/x-www-form-urlencoded; charset=utf-8"
JSON = {"X-Amz-Target": "Logs_20140328.DescribeLogGroups", "Content-Type": "application/x-amz-json-1.1"}


def session_key(name: str) -> AccessKey | None:
    if name != SESSION:
        return None
    return AccessKey(
        secret=SECRET,
        account="444455556666",
        principal_arn="arn:aws:sts::444455556666:assumed-role/r/s",
        token="token-1",
        expires_at=datetime(2100, 1, 1, tzinfo=UTC),
    )


STRICT = Authenticator(AuthenticationRules(mode=AuthMode.STRICT), KEYS, session=session_key)


def signed(
    *,
    service: str = "logs",
    url: str = "http://127.0.0.1:4590/",
    body: bytes = b"{}",
    headers: dict[str, str] = JSON,
    key: str = KEY,
    secret: str = SECRET,
    token: str | None = None,
    method: str = "POST",
) -> AWSRequest:
    """A request that botocore has signed at this moment."""
    request = AWSRequest(method, url, data=body, headers=headers)
    SigV4Auth(Credentials(key, secret, token), service, "eu-west-1").add_auth(request)
    return request


def received(request: AWSRequest) -> WireRequest:
    return wire_request_of(request.prepare())


def time_of(request: WireRequest) -> datetime:
    text = request.header("x-amz-date") or urllib.parse.parse_qs(request.query_string.decode())["X-Amz-Date"][0]
    return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def who(request: WireRequest, *, later: float = 0, authenticator: Authenticator = STRICT) -> str:
    """The principal, or the code of the refusal."""
    call = detect(request, MODELS)
    try:
        found = authenticator.authenticate(request, call, at=time_of(request) + timedelta(seconds=later))
    except Fault as fault:
        form = fault_form(call, fault)
        return form.query_code if call.protocol == "query" else form.code
    return found.principal_arn


def changed(request: WireRequest, **members: object) -> WireRequest:
    fields = {name: getattr(request, name) for name in request.__struct_fields__}
    return WireRequest(**{**fields, **members})


def test_what_botocore_signs_is_accepted() -> None:
    request = received(signed())
    assert who(request) == "arn:aws:iam::111122223333:user/ci"
    form = {"Content-Type": FORM}
    for service in ("sns", "monitoring", "sts"):
        version = {"sns": "2010-03-31", "monitoring": "2010-08-01", "sts": "2011-06-15"}[service]
        action = {"sns": "ListTopics", "monitoring": "DescribeAlarms", "sts": "GetCallerIdentity"}[service]
        body = f"Action={action}&Version={version}".encode()
        assert who(received(signed(service=service, body=body, headers=form))).endswith("user/ci")


@given(
    st.dictionaries(st.text("ab =&+%~é/:", min_size=1, max_size=6), st.text("xyz =&+%~é/:", max_size=6), max_size=4),
    st.binary(max_size=40),
)
def test_any_query_and_body_are_signed_alike(query: dict[str, str], body: bytes) -> None:
    url = "http://127.0.0.1:4590/"
    if query:
        url += "?" + urllib.parse.urlencode(query, quote_via=urllib.parse.quote)
    assert who(received(signed(url=url, body=body))).endswith("user/ci")


@pytest.mark.parametrize(
    "change",
    [
        {"body": b"{} "},
        {"query_string": b"a=b"},
        {"raw_path": b"/x"},
    ],
)
def test_what_was_changed_on_the_way_is_refused(change: dict[str, object]) -> None:
    assert who(changed(received(signed()), **change)) in {"InvalidSignatureException", "SignatureDoesNotMatch"}


@pytest.mark.parametrize("name", ["host", "x-amz-target", "x-amz-date", "authorization"])
def test_a_header_that_was_changed_is_refused(name: str) -> None:
    request = received(signed())
    swaps = {
        "host": b"other.example",
        "x-amz-target": b"Logs_20140328.DeleteLogGroup",
        "x-amz-date": time_of(request).replace(year=2030).strftime("%Y%m%dT%H%M%SZ").encode(),
        "authorization": (request.header("authorization") or "").replace("Signature=", "Signature=0").encode()[:-1],
    }
    headers = tuple((key, swaps[name] if key == name.encode() else value) for key, value in request.headers)
    assert who(changed(request, headers=headers)) == "InvalidSignatureException"


@pytest.mark.parametrize("unsigned", ["x-amz-target", "x-amz-security-token"])
def test_what_decides_must_be_signed(unsigned: str) -> None:
    bare = {name: value for name, value in JSON.items() if name.lower() != unsigned}
    request = received(signed(headers={**bare, **({} if unsigned == "x-amz-target" else JSON)}))
    added = (unsigned.encode(), {"x-amz-target": b"Logs_20140328.DeleteLogGroup"}.get(unsigned, b"token-1"))
    assert who(changed(request, headers=(*request.headers, added))) != "arn:aws:iam::111122223333:user/ci"


@pytest.mark.parametrize(
    ("key", "secret", "token", "outcome"),
    [
        (KEY, "another", None, "InvalidSignatureException"),
        ("AKIAUNKNOWNUNKNOWN00", SECRET, None, "UnrecognizedClientException"),
        (KEY, SECRET, "a-token", "UnrecognizedClientException"),
        (SESSION, SECRET, "token-1", "arn:aws:sts::444455556666:assumed-role/r/s"),
        (SESSION, SECRET, "token-2", "UnrecognizedClientException"),
        (SESSION, SECRET, None, "UnrecognizedClientException"),
    ],
)
def test_keys_and_tokens(key: str, secret: str, token: str | None, outcome: str) -> None:
    assert who(received(signed(key=key, secret=secret, token=token))) == outcome


@pytest.mark.parametrize(
    ("service", "later", "is_accepted"),
    [
        ("logs", 299, True),
        ("logs", 301, False),
        ("logs", -299, True),
        ("logs", -301, False),
        ("sns", 899, True),
        ("sns", 901, False),
    ],
)
def test_clocks_may_differ_by_minutes(service: str, later: float, is_accepted: bool) -> None:
    how = (
        {}
        if service == "logs"
        else {"headers": {"Content-Type": FORM}, "body": b"Action=ListTopics&Version=2010-03-31"}
    )
    outcome = who(received(signed(service=service, **how)), later=later)
    assert outcome.startswith("arn:") == is_accepted, outcome


@pytest.mark.parametrize(("later", "outcome"), [(0, "user/ci"), (59, "user/ci"), (61, "SignatureDoesNotMatch")])
def test_a_link_that_was_signed_before_holds_until_its_end(later: float, outcome: str) -> None:
    url = "http://127.0.0.1:4590/?Action=GetCallerIdentity&Version=2011-06-15"
    request = AWSRequest("GET", url)
    SigV4QueryAuth(Credentials(KEY, SECRET), "sts", "eu-west-1", expires=60).add_auth(request)
    assert who(received(request), later=later).endswith(outcome)


@pytest.mark.parametrize("service", ["logs", "sns", "sts", "monitoring"])
def test_a_session_that_has_ended_says_so_in_each_protocol(service: str) -> None:
    """STS has an error of its own that is called nearly so, and does not answer it here."""
    ended = Authenticator(
        AuthenticationRules(mode=AuthMode.STRICT),
        {},
        session=lambda _: AccessKey(
            secret=SECRET,
            account="111122223333",
            principal_arn="p",
            token="t",
            expires_at=datetime(2020, 1, 1, tzinfo=UTC),
        ),
    )
    actions = {
        "sns": b"Action=ListTopics&Version=2010-03-31",
        "sts": b"Action=GetCallerIdentity&Version=2011-06-15",
        "monitoring": b"Action=DescribeAlarms&Version=2010-08-01",
    }
    how = {} if service == "logs" else {"headers": {"Content-Type": FORM}, "body": actions[service]}
    request = received(signed(service=service, key=SESSION, token="t", **how))
    expected = "ExpiredTokenException" if service == "logs" else "ExpiredToken"
    assert who(request, authenticator=ended) == expected


@pytest.mark.parametrize(
    "header",
    [
        "",
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=a/b",
        "Basic YTpi",
        "AWS4-HMAC-SHA256 Credential=" + "/" * 5000,
    ],
)
def test_half_a_signature_is_none(header: str) -> None:
    request = received(signed())
    headers = tuple((key, header.encode() if key == b"authorization" else value) for key, value in request.headers)
    assert who(changed(request, headers=headers)) in {
        "MissingAuthenticationTokenException",
        "IncompleteSignatureException",
        "InvalidSignatureException",
    }


@pytest.mark.parametrize(
    ("gone", "text"),
    [
        ("X-Amz-Date", "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."),
        ("Signature", "Authorization header requires 'Signature' parameter."),
        ("SignedHeaders", "Authorization header requires 'SignedHeaders' parameter."),
        ("Credential", "Authorization header requires 'Credential' parameter."),
    ],
)
def test_what_is_missing_of_a_signature_is_named(gone: str, text: str) -> None:
    """WIRE-5.14."""
    request = received(signed())
    at = time_of(request)
    headers = tuple(
        (name, re.sub(rf"{gone}=[^,]+,? ?", "", value.decode()).encode() if name == b"authorization" else value)
        for name, value in request.headers
        if name != gone.lower().encode()
    )
    half = changed(request, headers=headers)
    with pytest.raises(Fault) as caught:
        STRICT.authenticate(half, detect(half, MODELS), at=at)
    assert (caught.value.shape, caught.value.message) == ("IncompleteSignatureException", text)


def test_a_key_never_shows_its_secret() -> None:
    assert SECRET not in repr(KEYS[KEY])
