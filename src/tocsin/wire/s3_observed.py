"""Requests to S3: bucket and key, by path or by host, and what its record shows. Spec: REC-9.1, REC-9.2."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

import msgspec

from tocsin.core.record.guess import guessed
from tocsin.core.record.s3 import BODIES_NOT_SHOWN
from tocsin.core.record.s3_request import S3Request
from tocsin.wire.observed_body import bounded_tree
from tocsin.wire.shape import ParseError
from tocsin.wire.xml_tree import Element, parse_xml

if TYPE_CHECKING:
    from collections.abc import Collection

    from botocore.model import OperationModel

    from tocsin.wire.observed import ObservedRequest
    from tocsin.wire.request_reader import RestRequest
    from tocsin.wire.signing_scope import SigningScope

_AWS_HOST: Final = re.compile(r"(?:(?P<bucket>.+)\.)?s3(?:[.-][a-z0-9.-]*)?\.amazonaws\.com(?:\.cn)?", re.ASCII)
_S3_LABELS: Final = re.compile(r"(?:(?P<bucket>.+)\.)?s3(?:[.-][a-z0-9.-]*)?", re.ASCII)
_CONTROL_PATH: Final = b"/v20180820/"
_DOCUMENTS: Final = frozenset({"PutBucketPolicy"})


class S3Place(msgspec.Struct, frozen=True, kw_only=True):
    """Bucket and key of a request, and its path as it is with the bucket in it."""

    bucket: str | None
    key: str | None
    path: str


def _without_port(host: str) -> str:
    return host.rpartition(":")[0] if re.search(r":\d+$", host) else host


def is_s3_host(host: str, s3_hosts: Collection[str]) -> bool:
    """Is a host one of S3's, by its name alone?"""
    name = _without_port(host)
    if _AWS_HOST.fullmatch(name):
        return True
    return any(
        name.endswith(f".{known}") and _S3_LABELS.fullmatch(name.removesuffix(f".{known}")) for known in s3_hosts
    )


def _bucket_of_host(host: str, s3_hosts: Collection[str]) -> str | None:
    name = _without_port(host)
    aws = _AWS_HOST.fullmatch(name)
    if aws:
        return aws["bucket"]
    for known in sorted(s3_hosts, key=len, reverse=True):
        if name.endswith(f".{known}"):
            labels = name.removesuffix(f".{known}")
            inside = _S3_LABELS.fullmatch(labels)
            return inside["bucket"] if inside else labels
    return None


def s3_place(raw_path: bytes, host: str, s3_hosts: Collection[str]) -> S3Place:
    """Where a request goes: the bucket in the host's name, else the first part of the path."""
    path = raw_path.decode("utf-8", "replace").removeprefix("/")
    bucket = _bucket_of_host(host, s3_hosts)
    if bucket is not None:
        rest = path
    else:
        first, _, rest = path.partition("/")
        bucket = unquote(first) or None
    if bucket is None:
        return S3Place(bucket=None, key=None, path="/")
    return S3Place(bucket=bucket, key=unquote(rest) or None, path=f"/{bucket}/{rest}" if rest else f"/{bucket}")


def is_control_request(request: ObservedRequest, host: str) -> bool:
    """Is it for S3 control, which signs as S3 does?"""
    return request.raw_path.startswith(_CONTROL_PATH) and (
        ".s3-control." in f".{host}" or request.header("x-amz-account-id") is not None
    )


def s3_request(
    request: ObservedRequest,
    body: bytes,
    model: OperationModel,
    *,
    scope: SigningScope | None,
    rest: RestRequest,
    place: S3Place | None,
) -> S3Request:
    """What a record shows of a request; `place` is None for S3 control."""
    tree, document = None, None
    if body and not request.is_truncated and model.name not in BODIES_NOT_SHOWN:
        if model.name in _DOCUMENTS:
            document = _document(body)
        elif _has_structure_as_body(model):
            tree = _body_tree(body)
    return S3Request(
        host=request.header("host") or "",
        bucket=place.bucket if place is not None else None,
        key=place.key if place is not None else None,
        labels=rest.labels if place is None else {},
        query=tuple(rest.query),
        headers={
            name.decode("latin-1"): value.decode("utf-8", "replace")
            for name, value in request.headers
            if name.startswith(b"x-amz-")
        },
        body=tree,
        document=document,
        body_size=_body_size(request),
        access=None if scope is None else "QueryString" if scope.is_in_query else "AuthHeader",
        signature_version=None if scope is None else scope.version,
    )


def _body_size(request: ObservedRequest) -> int:
    """The bytes that came in; of a body in signed chunks those that it is made of."""
    decoded = request.header("x-amz-decoded-content-length") or ""
    if decoded.isascii() and decoded.isdigit() and len(decoded) <= 18:
        return int(decoded)
    return len(request.body) if request.body_length is None else request.body_length


def _has_structure_as_body(model: OperationModel) -> bool:
    shape = model.input_shape
    if shape is None:
        return False
    payload = shape.serialization.get("payload")
    if payload is not None:
        return bool(shape.members[payload].type_name == "structure")
    return any(not member.serialization.get("location") for member in shape.members.values())


def _document(body: bytes) -> Any:
    """A policy as an object; as text where it is none."""
    try:
        return bounded_tree(body)
    except ParseError:
        return body.decode("utf-8", "replace")


def _body_tree(body: bytes) -> dict[str, Any] | None:
    try:
        root = parse_xml(body)
    except ParseError:
        return None
    return {root.name: record_tree(root)}


def record_tree(element: Element) -> Any:
    """An element as records of S3 show it: attributes as members, several of a name as a list, text guessed."""
    if not element.children and not element.attributes:
        return guessed(element.text)
    tree: dict[str, Any] = {name: guessed(value) for name, value in element.attributes.items()}
    for child in element.children:
        shown = record_tree(child)
        if child.name not in tree:
            tree[child.name] = shown
        elif isinstance(tree[child.name], _Several):
            tree[child.name].append(shown)
        else:
            tree[child.name] = _Several([tree[child.name], shown])
    if element.text and not element.children:
        tree["content"] = guessed(element.text)
    return tree


class _Several(list[Any]):
    """Elements of one name."""
