"""The port `console.installation.Installation`, of a server that runs. Spec: CON-4.10, IF-9."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import msgspec

from tocsin.config import entries_in_force, settings_in_force
from tocsin.config.table import ENTRIES, SETTINGS
from tocsin.console.installation import Room, SettingLine, SourceLine
from tocsin.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from tocsin.app.source_feed import SourceState
    from tocsin.composition.server_settings import ServerPlan
    from tocsin.console.installation import Trouble

_DATABASE_FILES = ("", "-wal", "-shm")


class RunningInstallation:
    """A server. `facts` are what health tells of it."""

    def __init__(
        self,
        plan: ServerPlan,
        *,
        started_at: datetime,
        facts: Mapping[str, object],
        states: Callable[[], Sequence[SourceState]],
        troubles: Callable[[], Sequence[Trouble]],
        streams: Callable[[], int],
    ) -> None:
        self._plan = plan
        self.started_at = started_at
        told = {"Tocsin": __version__, **facts}
        self.facts = [(name, ", ".join(one) if isinstance(one, list) else str(one)) for name, one in told.items()]
        self._states = states
        self.troubles = troubles
        self.streams = streams

    def settings(self) -> Sequence[SettingLine]:
        """What is in force; of a secret only that it is set."""
        return [
            SettingLine(
                name=one.name,
                line=(f"{one.name} is set" if SETTINGS[one.name].is_secret else one.toml) if one.is_set else "",
                unset=one.unset.replace("`", ""),
                origin=one.origin,
            )
            for one in settings_in_force(self._plan.config)
        ]

    def entries(self) -> Sequence[tuple[str, Sequence[str]]]:
        """`[[source]]` and `[[notifier]]`."""
        return [
            (name, [_entry_line(name, key, value) for key, value in entry.items()])
            for name, entry in entries_in_force(self._plan.config)
        ]

    def room(self) -> Room | None:
        """On the disk of the data folder."""
        if self._plan.config.server.store == "memory":
            return None
        database = self._plan.database
        try:
            usage = shutil.disk_usage(self._plan.data)
            files = [database.with_name(database.name + ending) for ending in _DATABASE_FILES]
            size = sum(one.stat().st_size for one in files if one.exists())
        except OSError:
            return None
        return Room(free=usage.free, total=usage.total, database=size)

    def sources(self) -> Sequence[SourceLine]:
        """How they stand now."""
        return [
            SourceLine(
                path=state.path,
                state=state.state,
                events=state.events,
                files=state.files,
                skipped=state.files_skipped,
                malformed=state.malformed,
            )
            for state in self._states()
        ]


def _entry_line(table: str, key: str, value: object) -> str:
    return f"{key} is set" if ENTRIES[table][key].is_secret else f"{key} = {msgspec.json.encode(value).decode()}"
