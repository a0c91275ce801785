"""What somebody had typed when their session had ended: it is taken along through signing in. Spec: CON-7.9.

Rule: it travels in the pages alone, to whoever has sent it; the server keeps nothing. Neither tokens nor passwords are
in it. Nothing is done with it: the form is shown once more, filled in, and acts when it is sent again.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlencode

from tocsin.console.form_guard import FORM_ID, TOKEN
from tocsin.console.limits import MOST_FIELDS
from tocsin.console.visit import Form

if TYPE_CHECKING:
    from tocsin.console.route import Route

KEPT: Final = "kept"
"""The hidden field of the sign-in form that holds it."""

# Characters; it is encoded twice on its way, and a form may hold 1 MiB.
_MOST: Final = 128 * 1024
_ACTION: Final = re.compile(r"do/[a-z]+(?:-[a-z]+)*")
_SECRET: Final = re.compile("password|secret", re.IGNORECASE)


class KeptForm(NamedTuple):
    """The action that a form was sent to, below `/console/`, and its fields."""

    action: str
    fields: list[tuple[str, str]]


def keep(route: Route, action: str, form: Form) -> str:
    """A form as a text; empty where it has no page that could show it again, or where it is too long."""
    if route.form is None or route.is_public or not _ACTION.fullmatch(action):
        return ""
    fields = [
        (name, value) for name, value in form.items() if name not in {TOKEN, FORM_ID} and not _SECRET.search(name)
    ]
    text = f"{action}?{urlencode(fields, errors='surrogatepass')}"
    return text if len(text) <= _MOST else ""


def read_kept(text: str) -> KeptForm | None:
    """The form again; None for a text that was not made by `keep`."""
    action, _, written = text.partition("?")
    if len(text) > _MOST or not _ACTION.fullmatch(action):
        return None
    try:
        return KeptForm(action, Form.parse(written, most=MOST_FIELDS).items())
    except ValueError:
        return None
