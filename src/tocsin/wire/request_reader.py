"""The parameters of a request that went by, in every protocol of botocore. Spec: REC-3.6.

The mirror of `botocore.serialize`, over the readers of this package. A member that is not what the model says is left
out, so that it does not hide the others; a request of which nothing can be read has no parameters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tocsin.wire import cbor, json, query
from tocsin.wire.observed_body import bounded_tree
from tocsin.wire.rest_reader import has_body_to_read, read_rest_request
from tocsin.wire.shape import ParseError

if TYPE_CHECKING:
    from botocore.model import OperationModel

    from tocsin.wire.form import Form
    from tocsin.wire.model import ServiceApi
    from tocsin.wire.observed import ObservedProtocol, ObservedRequest


class ReadRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What was read: `parameters`, None when there are none to be had; `omitted_size` if it was too large."""

    parameters: dict[str, Any] | None = None
    omitted_size: int = 0


class RestRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What of a REST request stands outside its body: the free parts of its path, and the fields of its query."""

    labels: dict[str, str]
    query: list[tuple[str, str]]


def read_request(
    protocol: ObservedProtocol,
    api: ServiceApi,
    model: OperationModel,
    request: ObservedRequest,
    body: bytes,
    *,
    form: Form | None,
    rest: RestRequest | None,
) -> ReadRequest:
    """The parameters by the model's member names. `body` is unpacked; `form` is that of query and EC2, None: unread."""
    if model.input_shape is None:
        return ReadRequest(parameters={})
    if request.is_truncated and (rest is None or has_body_to_read(model.input_shape)):
        return ReadRequest(omitted_size=request.body_length or 0)
    if form is None:
        return ReadRequest()
    if api.name in {"s3", "s3control"}:
        return ReadRequest(parameters={})  # their records show the request itself
    try:
        if rest is not None:
            return ReadRequest(parameters=_read_rest(api, model, request, body, rest))
        return ReadRequest(parameters=_read(protocol, api, model, body, form=form))
    except (ParseError, RecursionError):
        return ReadRequest()


def _read(protocol: ObservedProtocol, api: ServiceApi, model: OperationModel, body: bytes, *, form: Form) -> Any:
    shape = model.input_shape
    if protocol == "query":
        return api.closure("observe query", model.name, shape, lambda: query.readers().lenient())(form)
    if protocol == "ec2":
        return api.closure("observe ec2", model.name, shape, lambda: query.ec2_readers().lenient())(form)
    codec = json if protocol == "json" else cbor
    tree = bounded_tree(body) if protocol == "json" else cbor.decode_tree(body)
    if not isinstance(tree, dict):
        raise ParseError("Expected map or null")
    return api.closure(f"observe {protocol}", model.name, shape, lambda: codec.readers().lenient())(tree)


def _read_rest(
    api: ServiceApi,
    model: OperationModel,
    request: ObservedRequest,
    body: bytes,
    rest: RestRequest,
) -> dict[str, Any]:
    return read_rest_request(
        api,
        model,
        labels=rest.labels,
        query=rest.query,
        headers={name.decode("latin-1"): value.decode("utf-8", "replace") for name, value in request.headers},
        body=b"" if request.is_truncated else body,
        is_xml="rest-xml" in api.protocols,
    )
