"""What a call did, as a sentence without its subject: `opened tcp 22 of sg-0a1b to the whole internet`.

Rule: a refused call never reads like one that took effect. Values stand quoted unless they are plain
words, and are cut at 64 characters (CON-4.4). Spec: CON-1.2, R-1.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from tocsin.core.notification.call import DENIED, DONE
from tocsin.core.notification.change import EVERYWHERE, port_rules
from tocsin.core.notification.phrase_table import PHRASES
from tocsin.core.notification.safe_line import safe_line, safe_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.core.notification.call import Call

# arn:partition:service:region:account:what
_ARN_PARTS = 6

_PART = re.compile(r"\[[^\]]*\]|[^\[]+")
_VALUE = re.compile(r"\{([^}]*)\}")

_PAST: Final = {
    "give": "gave",
    "keep": "kept",
    "let": "let",
    "make": "made",
    "put": "put",
    "set": "set",
    "sign": "signed",
    "stop": "stopped",
    "take": "took",
    "write": "wrote",
}


class _Part(NamedTuple):
    """A stretch of a phrase: texts and, between them, the sources of values."""

    texts: tuple[str, ...]
    sources: tuple[str, ...]
    optional: bool


def _compile(phrase: str) -> tuple[str, tuple[_Part, ...]]:
    """The verb, and the rest in parts."""
    verb, _, rest = phrase.partition(" ")
    parts = []
    for found in _PART.findall(rest):
        optional = found.startswith("[")
        pieces = _VALUE.split(found[1:-1] if optional else found)
        parts.append(_Part(tuple(pieces[::2]), tuple(pieces[1::2]), optional))
    return verb, tuple(parts)


_COMPILED: Final = {
    f"{service}:{name}": _compile(phrase) for service, phrases in PHRASES.items() for name, phrase in phrases.items()
}


def tell_deed(call: Call, changes: Sequence[str], resource: str) -> str:
    """What the call did, or failed to do (CON-1.2). `changes` and `resource` are what else is told of it."""
    name = safe_name(call.event_name) if call.event_name else ""
    if name and isinstance(call.event.get("insightDetails"), dict):
        return f"called {name} at an unusual rate"
    said = _say(call, changes)
    why = call.text("errorCode") or call.text("errorMessage")
    reason = f" ({safe_line(why, 80)})" if why else ""
    if said is not None:
        verb, rest = said
        if call.result == DONE:
            return f"{_past(verb)} {rest}"
        return f"tried to {verb} {rest}, " + ("but was denied" if call.result == DENIED else "which failed") + reason
    if not name:
        return "made a call that the record does not name" + reason
    on = f" on {safe_line(resource, 100)}" if resource else ""
    if call.result == DENIED:
        return f"was denied {name}{on}{reason}"
    return f"called {name}{on}" + ("" if call.result == DONE else f", which failed{reason}")


def _past(verb: str) -> str:
    return _PAST.get(verb) or (f"{verb}d" if verb.endswith("e") else f"{verb}ed")


def _say(call: Call, changes: Sequence[str]) -> tuple[str, str] | None:
    """Verb and rest of the phrase for the call; None when there is none, or a value that it needs is missing."""
    compiled = _COMPILED.get(f"{call.service}:{call.name}")
    if compiled is None:
        return None
    verb, parts = compiled
    worked_out = _worked_out(call, changes)
    said = []
    for part in parts:
        values = [
            worked_out[source[1:]] if source.startswith("=") else _value(call, source, before=text)
            for text, source in zip(part.texts[:-1], part.sources, strict=True)
        ]
        if all(values):
            said.append("".join(text + value for text, value in zip(part.texts, [*values, ""], strict=True)))
        elif not part.optional:
            return None
    return verb, "".join(said)


def _value(call: Call, source: str, *, before: str) -> str:
    for path in source.split("|"):
        text = call.parameter(path)
        if text:
            return _short(text, before)
    return ""


def _worked_out(call: Call, changes: Sequence[str]) -> dict[str, str]:
    """The values that no single parameter holds; empty where they cannot be told."""
    rules = port_rules(call) if "SecurityGroup" in call.name else []
    more = len(rules) - 1
    return {
        "change": safe_line(changes[0].removeprefix("= "), 100) if changes else "",
        "mfa": "without MFA" if _is_without_mfa(call) else "",
        "ports": safe_line(rules[0].ports, 40) if rules else "",
        "peer": _peer(rules[0].peer) if rules else "",
        "more": f"{more} more {'rule' if more == 1 else 'rules'}" if more > 0 else "",
    }


def _peer(peer: str) -> str:
    if peer in EVERYWHERE:
        return "the whole internet"
    return safe_name(peer) if peer else "a peer that is not named"


def _is_without_mfa(call: Call) -> bool:
    """A sign-in that failed did not come to that, and the MFA of an identity provider is not visible (CT-4.2)."""
    own = call.result == DONE and call.text("userIdentity.type") in {"IAMUser", "Root"}
    return own and call.text("additionalEventData.MFAUsed").lower() == "no"


def _short(text: str, before: str) -> str:
    """A value in a sentence; of an ARN the last part, since the whole of it stands beside the sentence.

    `before` is the text that it follows: `key` is not said twice.
    """
    parts = text.split(":", _ARN_PARTS - 1)
    if len(parts) < _ARN_PARTS or parts[0] != "arn" or not parts[5]:
        return safe_name(text)
    kind, slash, name = parts[5].partition("/")
    if slash and before.split()[-1:] == [kind]:
        return safe_name(name)
    return safe_name(parts[5]) + (" (AWS's own)" if parts[4] == "aws" else "")
