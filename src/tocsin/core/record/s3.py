"""Requests and answers of S3 as its records show them: the request itself, not the model. Spec: REC-9."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tocsin.core.record.key import lower_first

if TYPE_CHECKING:
    from tocsin.core.record.call import ApiAnswer, Tls
    from tocsin.core.record.s3_request import S3Request
    from tocsin.core.record.tree import Tree

BODIES_NOT_SHOWN: Final = frozenset(
    {"DeleteObjects", "CompleteMultipartUpload", "SelectObjectContent", "RestoreObject"}
)
"""What is sent to these says what is in a bucket, or is as long as an object has parts (REC-9.8)."""

_HEADERS: Final = frozenset({"x-amz-acl", "x-amz-copy-source", "x-amz-storage-class", "x-amz-server-side-encryption"})
_HEADER_STARTS: Final = ("x-amz-grant-", "x-amz-server-side-encryption-")
_CUSTOMER_KEY: Final = "x-amz-server-side-encryption-customer-"
_SECRET_FIELDS: Final = frozenset(
    {"x-amz-credential", "x-amz-signature", "x-amz-security-token", "awsaccesskeyid", "signature"}
)
_ANSWER_HEADERS: Final = ("x-amz-server-side-encryption", "x-amz-version-id", "x-amz-request-id", "x-amz-id-2")
_ENCRYPTIONS: Final = {"AES256": "SSE_S3", "aws:kms": "SSE_KMS", "aws:kms:dsse": "DSSE_KMS"}
_LABELS_NOT_SHOWN: Final = frozenset({"GetStorageLensConfiguration"})


def s3_parameters(operation: str, request: S3Request) -> Tree:
    """The requestParameters: names, sub-resources, headers of interest, and the body of calls that have one."""
    tree: Tree = {}
    if request.document is not None:
        tree["bucketPolicy"] = request.document
    if request.body is not None:
        tree.update(request.body)
    if request.bucket is not None:
        tree["bucketName"] = request.bucket
    tree["Host"] = request.host
    if request.key is not None:
        tree["key"] = request.key
    if operation not in _LABELS_NOT_SHOWN:
        tree.update((lower_first(name), text) for name, text in request.labels.items())
    for name, value in request.query:
        if name.lower() not in _SECRET_FIELDS:
            tree.setdefault(name, value)  # a field that is called `bucketName` must not stand in place of the bucket
    for name, value in request.headers.items():
        if name in _HEADERS or (name.startswith(_HEADER_STARTS) and not name.startswith(_CUSTOMER_KEY)):
            tree[name] = value
    return tree


def s3_elements(answer: ApiAnswer, *, is_data: bool, is_read_only: bool) -> Tree | None:
    """The responseElements: of writes to objects some headers of the answer, else None."""
    if not is_data or is_read_only or answer.error is not None:
        return None
    return {name: answer.headers[name] for name in _ANSWER_HEADERS if name in answer.headers} or None


def s3_additional_data(request: S3Request, answer: ApiAnswer, tls: Tls | None) -> Tree:
    """The additionalEventData."""
    tree: Tree = {}
    if request.signature_version is not None:
        tree["SignatureVersion"] = request.signature_version
    if tls is not None:
        tree["CipherSuite"] = tls.cipher
    tree["bytesTransferredIn"] = request.body_size
    encryption = _applied_encryption(request, answer)
    if encryption is not None:
        tree["SSEApplied"] = encryption
    if request.access is not None:
        tree["AuthenticationMethod"] = request.access
    if "x-amz-id-2" in answer.headers:
        tree["x-amz-id-2"] = answer.headers["x-amz-id-2"]
    tree["bytesTransferredOut"] = answer.body_size
    return tree


def _applied_encryption(request: S3Request, answer: ApiAnswer) -> str | None:
    """How what was written is encrypted; None where the answer does not tell."""
    if request.key is None or answer.error is not None:
        return None
    if "x-amz-server-side-encryption-customer-algorithm" in answer.headers:
        return "SSE_C"
    applied = _ENCRYPTIONS.get(answer.headers.get("x-amz-server-side-encryption", ""))
    if applied is None or "x-amz-server-side-encryption" in request.headers:
        return applied
    return f"Default_{applied}"
