"""What a request was recognised as. Spec: WIRE-1.9."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Protocol = Literal["json", "query", "cbor", "ec2", "rest-xml"]
"""The form of an answer; requests are served in the first three."""


class Guess(msgspec.Struct, frozen=True, kw_only=True):
    """As much as is known of a request without its operation: enough to answer an error in its protocol.

    `service` is the name of the model, or whatever the request called it, or empty. `api` is the
    `ServiceApi`, None for a service that is not served. `json_version` is that of the answer, `1.0` or `1.1`.
    `is_query_mode` says that the client asked for query codes (`x-amzn-query-mode: true`, WIRE-3.4).
    """

    protocol: Protocol
    service: str
    api: Any = None  # a ServiceApi; msgspec would look at its type
    json_version: str = "1.1"
    is_query_mode: bool = False


class Call(Guess, frozen=True, kw_only=True):
    """A request for an operation that the model has.

    `model` is botocore's `OperationModel`. `form` holds the fields of URL and body, in this order, of a
    query request. `link_arn` is the ARN of an unsigned link of SNS: account and region of the call come
    from it (WIRE-1.13). `allows_unsigned` says that the call needs no signature in any mode (WIRE-1.14).
    """

    operation: str
    model: Any  # an OperationModel; msgspec would look at its type
    form: tuple[tuple[str, str], ...] = ()
    link_arn: str | None = None
    allows_unsigned: bool = False


class UnknownCallError(Exception):
    """A request that is for no operation; `fault` is to be answered in the protocol of `guess`."""

    def __init__(self, guess: Guess, fault: Any) -> None:
        super().__init__(str(fault))
        self.guess = guess
        self.fault = fault
