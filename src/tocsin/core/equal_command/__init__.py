"""What a form of the console would be elsewhere: the same calls as commands, template, rule file, program.

Rule: everything that is shown makes the same change as the form, or says that it does not; nothing is left out in
silence. Spec: CON-1.8, CON-7.8.

    cli              aws_command, one call after the other
    cloudformation   the resources that the calls make or change
    rule_file        the rule that they are (IF-4)
    python           the same calls through boto3
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from tocsin.core.aws_command import aws_command
from tocsin.core.equal_command.cloudformation import template_of
from tocsin.core.equal_command.python_text import program_of
from tocsin.core.equal_command.rule_file import rules_of
from tocsin.core.equal_command.tagging import with_tags

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.core.aws_call import AwsCall

__all__ = ["NO_CALL", "EqualForm", "EqualKind", "equal_forms"]

WIDTH = 100
"""Commands that are longer stand on several lines."""

NO_CALL = "AWS has no call for this."


class EqualKind(StrEnum):
    """Where a form of the same thing is used."""

    TOCSIN = "Tocsin"
    CLI = "AWS CLI"
    CLOUDFORMATION = "CloudFormation"
    RULE_FILE = "Rule file"
    PYTHON = "Python"


class EqualForm(msgspec.Struct, frozen=True, kw_only=True):
    """One way to make the same change. `text` is what to copy, empty where there is none; `note` what else to know."""

    kind: EqualKind
    text: str = ""
    note: str = ""


def equal_forms(calls: Sequence[AwsCall], *, ours: str = "") -> tuple[EqualForm, ...]:
    """The forms of some calls that follow each other, each kind once.

    `ours` is a command of Tocsin's that does the same. Without calls it is all there is, beside the word that AWS has
    no call for this.
    """
    if not calls:
        return (EqualForm(kind=EqualKind.TOCSIN, text=ours, note=NO_CALL),)
    declared = with_tags(calls)
    template = template_of(declared)
    rules = rules_of(declared)
    return (
        EqualForm(kind=EqualKind.CLI, text="\n".join(_command(call) for call in calls)),
        EqualForm(kind=EqualKind.CLOUDFORMATION, text=template.text, note=template.note),
        EqualForm(kind=EqualKind.RULE_FILE, text=rules.text, note=rules.note),
        EqualForm(kind=EqualKind.PYTHON, text=program_of(calls)),
        *([EqualForm(kind=EqualKind.TOCSIN, text=ours)] if ours else []),
    )


def _command(call: AwsCall) -> str:
    return aws_command(call.service, call.operation, call.parameters, width=WIDTH)
