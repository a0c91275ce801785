"""What a view answers, before it is bytes. Rule: a view says what is to be shown; how it is sent is `site`'s.

Spec: CON-6.4, CON-7.1, CON-8.8.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

Context: TypeAlias = Mapping[str, Any]
"""What a template is given, by name."""


class Page(msgspec.Struct, frozen=True):
    """A whole page. `title` stands in the window's title; `crumbs` are the pages above it, name and address."""

    template: str
    title: str
    context: Context = {}
    crumbs: Sequence[tuple[str, str]] = ()
    status: int = 200
    headers: Sequence[tuple[str, str]] = ()
    section: str = ""  # the entry of the navigation that it belongs to, where that is not the path's first word
    has_frame: bool = False  # a part of it is a document in a frame, as the HTML of a mail is (CON-8.3)


class Fragment(msgspec.Struct, frozen=True):
    """A part of a page, rendered alone.

    `version` says whether it has changed: with the same one nothing is rendered and 304 answered, so a costly context
    is given as a function. An empty version is always rendered. One that is given as a function is asked for once for
    all who look on, for some seconds, until a definition has changed or another signal was told: it depends on nothing
    of a visitor but the address.

    `is_shared` says that it depends on nothing else of a visitor than their role, zone and day: everybody who asks for
    it under one version is given the same, unless there is a form in it.
    """

    template: str
    context: Context | Callable[[], Context]
    version: str | Callable[[], str] = ""
    is_shared: bool = False


class Undo(msgspec.Struct, frozen=True):
    """A change that takes another one back: the action and the fields of its form (CON-7.7)."""

    action: str
    fields: Mapping[str, str]


class Redirect(msgspec.Struct, frozen=True):
    """Where a browser goes after a form; `told` is the line that says what was done (CON-7.1)."""

    to: str
    told: str = ""
    undo: Undo | None = None
    headers: Sequence[tuple[str, str]] = ()


class Download(msgspec.Struct, frozen=True):
    """A file to be saved. `name` is ours, in ASCII; nothing of a record is in it (CON-8.8)."""

    name: str
    content_type: str
    body: bytes


class PlainText(msgspec.Struct, frozen=True):
    """Text as it is, in the browser's window (CON-8.7)."""

    text: str
    status: int = 200


class Document(msgspec.Struct, frozen=True):
    """A document of another source, with a policy of its own, such as the HTML of a mail (CON-8.3)."""

    content_type: str
    body: bytes
    policy: str
    may_be_framed: bool = False


Answer: TypeAlias = Page | Fragment | Redirect | Download | PlainText | Document


class NoSuchPageError(Exception):
    """What an address names is not there. `what` says so; `nearest` are names like it, with their addresses."""

    def __init__(self, what: str, *, nearest: Sequence[tuple[str, str]] = (), hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.nearest = nearest
        self.hint = hint


class FormProblemError(Exception):
    """What was typed cannot be used: text by field, under "" what concerns the form as a whole (CON-7.2)."""

    def __init__(self, problems: Mapping[str, str], *, status: int = 422) -> None:
        super().__init__(problems)
        self.problems = problems
        self.status = status


class ApiRefusalError(Exception):
    """Our own API refused a change, in AWS's words, with AWS's code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
