"""A form that may be older than what it is about: what it was opened with, and the page for two who met. Spec: CON-7.5.

Rule: what a form was opened with travels in two hidden fields, `version` and `base`. A form without a version, such as
that of an undo, is never old.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tocsin.app.definition_author import last_author
from tocsin.console.answer import Page
from tocsin.console.edit_conflict import Fields, conflict_of, packed, unpacked, version_of
from tocsin.console.moment import from_epoch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tocsin.console.visit import Visit
    from tocsin.core.scope import Scope


class OpenedForm(NamedTuple):
    """The hidden fields of a form."""

    version: str
    base: str


class Edited(NamedTuple):
    """What a form changes: the action that saves it, and shows it again with `resolve=show`; a word for people, a name.

    `identity` are the fields that say which one is meant, `address` its page. `operation` is the call that changes it,
    and `asked` the parameters of that call in a record, for who changed it last.
    """

    action: str
    kind: str
    name: str
    address: str
    identity: Mapping[str, str]
    scope: Scope
    operation: str
    asked: Mapping[str, str]
    crumbs: Sequence[tuple[str, str]]
    section: str


def opened_form(visit: Visit, values: Fields) -> OpenedForm:
    """The hidden fields of a form whose fields hold `values` now; those that were sent where it is shown again."""
    sent = visit.form.get("version")
    if sent:
        return OpenedForm(sent, visit.form.exact("base"))
    return OpenedForm(version_of(values), packed(values))


def conflict_page(visit: Visit, values: Fields, labels: Mapping[str, str], edited: Edited) -> Page | None:
    """The page for two who changed one thing; None where nobody else did. `values` is what the fields hold now."""
    sent = visit.form.get("version")
    yours = {name: typed(visit, name) for name in labels}
    if not sent or sent == version_of(values) or yours == dict(values):
        return None
    author = last_author(visit.service, edited.scope, edited.operation, parameters=edited.asked)
    conflict = conflict_of(
        unpacked(visit.form.exact("base")),
        values,
        yours,
        labels,
        by="" if author is None else author.name,
        at=None if author is None else from_epoch(author.at * 1000),
    )
    again = {**edited.identity, "version": conflict.version, "base": packed(values)}
    context: dict[str, Any] = {
        "conflict": conflict,
        "action": edited.action,
        "shown_by": edited.action,
        "kind": edited.kind,
        "name": edited.name,
        "mine": {**yours, **again},
        "merged": {**conflict.merged, **again, "resolve": "show"},
        "address": edited.address,
    }
    return Page("conflict.html", "Changed meanwhile", context, edited.crumbs, status=409, section=edited.section)


def typed(visit: Visit, name: str) -> str:
    """What a field holds as it was sent; the ticks of several boxes of one name stand on a line each."""
    return "\n".join(value.replace("\r\n", "\n").strip() for value in visit.form.all(name))


def ticked(visit: Visit, name: str) -> list[str]:
    """The boxes of a name that are ticked; after a merge they are lines of one value."""
    return [one for one in typed(visit, name).split("\n") if one]
