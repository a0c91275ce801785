"""What a policy document allows, in a few words: `+ allow s3:GetObject to everyone on *`.

Rule: at most a few statements are told, those with the widest reach first; a document that cannot be
read tells nothing. Spec: R-1, CT-2.9 (documents as objects, as JSON text, as URL-encoded JSON text).
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from tocsin.core.event import MessageError, decode_message, lexeme

if TYPE_CHECKING:
    from tocsin.core.event import JsonValue

# IAM takes no longer document, white space left out; a longer text is not worth decoding for a line of mail.
_LONGEST = 150_000

# Items of an Action, Resource or Principal that are told.
_MOST_ITEMS = 3


def tell_policy(document: JsonValue) -> list[str]:
    """One line for each statement of a policy document, the widest first."""
    if isinstance(document, str):
        document = _decoded(document)
    statements = document.get("Statement") if isinstance(document, dict) else None
    told = [_tell(one) for one in (statements if isinstance(statements, list) else [statements])]
    return [line for _, line in sorted((one for one in told if one is not None), key=lambda one: -one[0])]


def _decoded(text: str) -> JsonValue:
    if len(text) > _LONGEST:
        return None
    text = text.lstrip()
    try:
        return decode_message(unquote(text) if text.startswith("%") else text)
    except MessageError:
        return None


def _tell(statement: JsonValue) -> tuple[int, str] | None:
    """How far the statement reaches, and its line."""
    if not isinstance(statement, dict):
        return None
    effect = lexeme(statement.get("Effect", None)) or ""
    action = _items(statement, "Action")
    if effect not in {"Allow", "Deny"} or not action:
        return None
    principal = _items(statement, "Principal")
    resource = _items(statement, "Resource")
    reach = 0
    if effect == "Allow":
        reach = 1 + 4 * ("everyone" in principal) + 2 * (action[0] == "*") + (resource[:1] == ["*"])
    words = ["+", effect.lower(), _joined(action)]
    if principal:
        words += ["to", _joined(principal)]
    if resource:
        words += ["on", _joined(resource)]
    if "Condition" in statement:
        words.append("under a condition")
    return reach, " ".join(words)


def _items(statement: dict[str, JsonValue], name: str) -> list[str]:
    """The texts under `name` or, marked, under its opposite; those that mean everything first."""
    given = statement.get(name)
    if given is not None:
        return _texts(given, everyone=name == "Principal")
    given = statement.get(f"Not{name}")
    return [f"all but {text}" for text in _texts(given, everyone=False)]


def _texts(given: JsonValue, *, everyone: bool) -> list[str]:
    groups = list(given.values()) if isinstance(given, dict) else [given]
    texts = [lexeme(text) or "" for group in groups for text in (group if isinstance(group, list) else [group])]
    wide = sorted((text for text in texts if text), key=lambda text: text != "*")
    return ["everyone" if everyone and text == "*" else text for text in wide]


def _joined(items: list[str]) -> str:
    shown = ", ".join(items[:_MOST_ITEMS])
    more = len(items) - _MOST_ITEMS
    return f"{shown} and {more} more" if more > 0 else shown
