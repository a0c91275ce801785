"""Calls of AWS as a program of Python's, through boto3. Rule: it can be run as it stands. Spec: CON-7.8."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.core.aws_command import cli_name
from tocsin.core.equal_command.escape import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tocsin.core.aws_call import AwsCall

_WIDTH = 88


def program_of(calls: Sequence[AwsCall]) -> str:
    """The program; endpoint, region and keys come from the environment, as for the AWS CLI."""
    services = dict.fromkeys(call.service for call in calls)
    lines = ["import boto3", ""]
    lines += [f"{_name(service)} = boto3.client({quoted(service)})" for service in services]
    lines.append("")
    for call in calls:
        lines += _call(call)
    return "".join(f"{line}\n" for line in lines)


def _call(call: AwsCall) -> Iterator[str]:
    # botocore names its methods as the AWS CLI names its commands.
    head = f"{_name(call.service)}.{_name(cli_name(call.operation))}("
    short = head + ", ".join(f"{name}={_flat(value)}" for name, value in call.parameters.items()) + ")"
    if len(short) <= _WIDTH:
        yield short
        return
    yield head
    for name, value in call.parameters.items():
        yield from _broken(f"    {name}=", value)
    yield ")"


def _name(text: str) -> str:
    return text.replace("-", "_")


def _broken(head: str, value: Any) -> Iterator[str]:
    """A value behind `head`, on one line where it fits."""
    flat = f"{head}{_flat(value)},"
    margin = " " * (len(head) - len(head.lstrip()))
    if len(flat) <= _WIDTH or not isinstance(value, dict | list | tuple) or not value:
        yield flat
    elif isinstance(value, dict):
        yield f"{head}{{"
        for key, member in value.items():
            yield from _broken(f"{margin}    {quoted(str(key))}: ", member)
        yield f"{margin}}},"
    else:
        yield f"{head}["
        for item in value:
            yield from _broken(f"{margin}    ", item)
        yield f"{margin}],"


def _flat(value: Any) -> str:
    match value:
        case str():
            return quoted(value)
        case dict():
            return "{" + ", ".join(f"{quoted(str(key))}: {_flat(member)}" for key, member in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(_flat, value)) + "]"
        case _:
            return repr(value)
