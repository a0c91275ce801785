"""The services that are served, and how far each of their operations is. Spec: WIRE-4.6, WIRE-4.9, WIRE-8.

Rule: the table that ships says of every operation of the models which tier it is of; that each operation of tier 1
has a handler, and that each handler is of an operation, is checked before anything is served.
"""

from __future__ import annotations

from enum import StrEnum
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import msgspec

from tocsin.errors import InternalError

if TYPE_CHECKING:
    from tocsin.api.operation import Operations
    from tocsin.wire.model import ServiceModels


class Support(StrEnum):
    """How far an operation is."""

    FULL = "full"
    STORED = "stored only"
    NONE = "not supported"


class OperationEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the table says of one operation: its tier, how far it is, and a remark."""

    tier: int
    support: Support
    note: str = ""


def operation_table() -> dict[str, dict[str, OperationEntry]]:
    """The table that ships: service -> operation -> entry."""
    text = files("tocsin.data").joinpath("operations.json").read_bytes()
    return msgspec.json.decode(text, type=dict[str, dict[str, OperationEntry]])


def service_table() -> dict[str, Operations]:
    """The handlers of all services."""
    from tocsin.api.cloudtrail import operations as cloudtrail
    from tocsin.api.cloudwatch import operations as cloudwatch
    from tocsin.api.logs import operations as logs
    from tocsin.api.sns import operations as sns
    from tocsin.api.sts import operations as sts

    return {table.service: table for table in (logs, cloudwatch, cloudtrail, sns, sts)}


def problems_of(tables: dict[str, Operations], models: ServiceModels) -> list[str]:
    """What is wrong with handlers and table: nothing, in a release."""
    table = operation_table()
    problems: list[str] = []
    for service, operations in tables.items():
        known = models.service(service).operation_names
        listed = table.get(service, {})
        problems += [
            f"{service} {name}: a handler, and no such operation" for name in operations.handlers.keys() - known
        ]
        for name, entry in listed.items():
            if name not in known:
                problems.append(f"{service} {name}: in the table, and no such operation")
            elif (entry.support is Support.NONE) == (name in operations.handlers):
                problems.append(f"{service} {name}: the table says {entry.support}, and that is not so")
        problems += [
            f"{service} {name}: a handler, and not in the table" for name in operations.handlers.keys() - listed.keys()
        ]
    return sorted(problems)


def require_sound(tables: dict[str, Operations], models: ServiceModels) -> None:
    """InternalError where handlers, table and models do not go together (WIRE-4.6)."""
    problems = problems_of(tables, models)
    if problems:
        raise InternalError(f"the table of operations is wrong: {problems[0]}", ident="operations")


def entry_of(table: dict[str, dict[str, OperationEntry]], service: str, operation: str) -> OperationEntry:
    """What the table says of an operation; of one that it does not know, that it is not supported (WIRE-4.9)."""
    return table.get(service, {}).get(operation, OperationEntry(tier=3, support=Support.NONE))


def as_document(tables: dict[str, Any]) -> bytes:
    """A table as it stands in the package."""
    return msgspec.json.format(msgspec.json.encode(tables), indent=1) + b"\n"
