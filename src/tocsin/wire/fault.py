"""The one exception that becomes an AWS error answer. Spec: WIRE-3.1."""

from __future__ import annotations

from typing import Any


class Fault(Exception):  # noqa: N818  (AWS's word, and the one of its models)
    """An error in AWS's words; the model and the request's protocol decide how it is written.

    `shape` is the name of an error shape of the service's model, or a code that needs none
    (`ValidationException`, `InvalidAction`, `UnrecognizedClientException` …). Without a `message` the
    answer has no such member at all. `members` are the further members of the shape, by their names in
    the model. `status` and `query_code` are given where there is no shape to take them from.
    """

    def __init__(
        self,
        shape: str,
        message: str | None = None,
        *,
        status: int | None = None,
        query_code: str | None = None,
        members: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(shape, message)
        self.shape = shape
        self.message = message
        self.status = status
        self.query_code = query_code
        self.members = members or {}
