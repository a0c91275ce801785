"""The sources of the settings, each with what reads it. Spec: IF-9 (`[[source]]`)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tocsin.app.source_feed import FileFeed, FolderFeed, SourceTarget
from tocsin.composition.telemetry import log
from tocsin.core.scope import Scope
from tocsin.sources.file import read_file
from tocsin.sources.tail import TailPlace, read_tail
from tocsin.sources.walk import FileEntry, walk

if TYPE_CHECKING:
    from tocsin.app.service import Service
    from tocsin.config import Config


def make_feeds(config: Config, service: Service) -> list[FolderFeed | FileFeed[TailPlace]]:
    """A feed for each source.

    What is there decides: a file is followed, anything else is a folder, whether it is there yet or not. A path
    that ends in `.json`, `.ndjson`, `.jsonl` or `.log` is a file that is to come.
    """
    feeds: list[FolderFeed | FileFeed[TailPlace]] = []
    scope = Scope(config.server.account, config.server.region)
    for source in config.source:
        target = SourceTarget(scope, source.log_group, source.log_stream)
        report = log("source").warning
        if _is_file(Path(source.path)):
            feeds.append(
                FileFeed(
                    service,
                    target,
                    source.path,
                    read_tail=read_tail,
                    place_type=TailPlace,
                    limits=config.limits,
                    report=report,
                )
            )
        else:
            feeds.append(
                FolderFeed(
                    service,
                    target,
                    source.path,
                    list_files=_list_files,
                    open_file=read_file,
                    limits=config.limits,
                    report=report,
                )
            )
    return feeds


_OF_LINES = frozenset((".json", ".ndjson", ".jsonl", ".log"))


def _is_file(path: Path) -> bool:
    return path.is_file() or (not path.exists() and path.suffix.lower() in _OF_LINES)


def _list_files(path: str) -> tuple[list[FileEntry], list[tuple[str, str]]]:
    found = walk([path])
    return found.files, found.skipped
