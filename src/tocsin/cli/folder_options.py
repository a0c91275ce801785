"""The options of commands that work on the data folder of a service. Spec: IF-1."""

from __future__ import annotations

from pathlib import Path  # the signature is read at run time
from typing import TYPE_CHECKING, Annotated

import msgspec

from tocsin.cli.signature import Parameter
from tocsin.config import load_config

if TYPE_CHECKING:
    from tocsin.cli.invocation import Invocation
    from tocsin.config import Config


class FolderOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Which service it is about."""

    data: Annotated[Path | None, Parameter(name="--data", metavar="DIR", group="Data")] = None
    """The folder of the service (default: tocsin in your data folder, or what the settings say)."""

    config: Annotated[Path | None, Parameter(name="--config", metavar="FILE", group="Settings")] = None
    """Take settings from this file (default: tocsin.toml in the working folder, if there is one)."""


def settings_of(folder: FolderOptions, invocation: Invocation) -> Config:
    """The settings that are in force for that folder."""
    config = load_config(folder.config, invocation.environ)
    if folder.data is None:
        return config
    server = msgspec.structs.replace(config.server, data=str(folder.data))
    return msgspec.structs.replace(config, server=server)
