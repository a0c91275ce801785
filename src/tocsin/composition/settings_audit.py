"""Settings that are others than at the last start become an entry of the audit log. Spec: self/s17.

Rule: who changed a file is not known, that it was changed is told: whoever takes a channel, a source or a person away
leaves a trace of it. Of secrets only that they are set is compared; of people's passwords a digest of the hash.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tocsin.app.definition import Definitions
from tocsin.console.visit import Actor, Change
from tocsin.core.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.app.console_user import ConsoleUsers
    from tocsin.app.service import Service
    from tocsin.console.installation import SettingLine
    from tocsin.console.visit import Audit

ACTOR: Final = "settings"

_NOWHERE: Final = Scope("", "")
_KEPT: Final = Definitions("audit-settings", dict[str, Any])
# Another one at each start, for many; it silences nothing.
_PASSING: Final = frozenset({"server.port"})


def note_settings(
    service: Service,
    audit: Audit,
    *,
    lines: Sequence[SettingLine],
    entries: Sequence[tuple[str, Sequence[str]]],
    users: ConsoleUsers,
) -> None:
    """Compare what is in force with what was at the last start, and keep it for the next."""
    now = _told(lines, entries, users)
    with service.store.read() as store:
        before = _KEPT.get(store, _NOWHERE, "")
    if before == now:
        return
    if before is not None:
        changed = [key for key in dict.fromkeys((*before, *now)) if before.get(key) != now.get(key)]
        was, became = ({key: told[key] for key in changed if key in told} for told in (before, now))
        change = Change(action="settings-changed", kind="settings", name="", scope=_NOWHERE, before=was, after=became)
        audit.note(change, _actor(service))
    service.store.write(lambda store: _KEPT.put(store, _NOWHERE, "", now))


def _actor(service: Service) -> Actor:
    return Actor(
        name=ACTOR, role="operator", source_address="", user_agent="", request_id=service.new_id(), at=service.now()
    )


def _told(
    lines: Sequence[SettingLine], entries: Sequence[tuple[str, Sequence[str]]], users: ConsoleUsers
) -> dict[str, Any]:
    told: dict[str, Any] = {
        one.name: one.line for one in lines if one.line and not one.is_default and one.name not in _PASSING
    }
    several: dict[str, list[str]] = {}
    for name, of_entry in entries:
        several.setdefault(f"[[{name}]]", []).append("; ".join(of_entry))
    people = {f"user {name}": f"{role}, password {users.mark(name)}" for name, role in users.roles().items()}
    return told | several | people
