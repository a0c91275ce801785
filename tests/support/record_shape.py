"""Shapes for the tests of `core.record`, made by hand: `structure(Name=TEXT, Tags=list_of(structure(Key=TEXT)))`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tocsin.core.record import ApiAnswer, ApiCall, ApiError, Circumstances, Member, Shape, record_of

TEXT = Shape(kind="string")
NUMBER = Shape(kind="number")
BOOLEAN = Shape(kind="boolean")
MOMENT = Shape(kind="timestamp")
BLOB = Shape(kind="blob")
DOCUMENT = Shape(kind="document")


def member(shape: Shape, **traits: Any) -> Member:
    """A member with traits; its name comes from where it is put."""
    return Member(name="", shape=shape, **traits)


def _named(name: str, given: Shape | Member) -> Member:
    made = given if isinstance(given, Member) else Member(name=name, shape=given)
    made.name = name
    made.wire_name = made.wire_name or name
    made.xml_name = made.xml_name or name
    return made


def structure(**members: Shape | Member) -> Shape:
    """A structure of these members."""
    return Shape(kind="structure", members={name: _named(name, given) for name, given in members.items()})


def list_of(given: Shape | Member) -> Shape:
    """A list of these elements."""
    return Shape(kind="list", element=given if isinstance(given, Member) else Member(name="", shape=given))


def map_of(given: Shape | Member, key: Shape | Member = TEXT) -> Shape:
    """A map of these values."""
    keys, values = (each if isinstance(each, Member) else Member(name="", shape=each) for each in (key, given))
    return Shape(kind="map", key=keys, element=values)


def call(service: str, operation: str, parameters: dict[str, Any] | None = None, **fields: Any) -> ApiCall:
    """A call in eu-west-1; without an input it has one of a text for each parameter."""
    if "input" not in fields:
        fields["input"] = structure(**dict.fromkeys(parameters or {}, TEXT)) if parameters is not None else None
    known = {"signing_name": service, "region": "eu-west-1", "output": None, **fields}
    return ApiCall(service=service, operation=operation, parameters=parameters, **known)


def failed(code: str, message: str | None = "no", *, status: int = 400, wire_code: str = "") -> ApiAnswer:
    """The answer to a call that went wrong."""
    return ApiAnswer(error=ApiError(code=code, wire_code=wire_code or code, message=message, status=status))


KNOWN = {
    "at": datetime(2026, 7, 25, 1, 2, 3, 999_999, tzinfo=UTC),
    "event_id": "e-1",
    "request_id": "own-1",
    "account": "111122223333",
    "identity": {"type": "Root"},
    "source_address": "192.0.2.7",
}
DONE = ApiAnswer(output={}, request_id="r-1")


def made(of: ApiCall, answer: ApiAnswer = DONE, **known: Any) -> dict[str, Any]:
    """The record of a call."""
    return record_of(of, answer, Circumstances(**{**KNOWN, **known}))
