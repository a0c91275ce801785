"""A live service in a thread of the program that started it, by a clock of its own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from wire_client import client

from tocsin.clock import ManualClock
from tocsin.composition.server_settings import plan_server
from tocsin.composition.side_thread import server_thread
from tocsin.config import load_config
from tocsin.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from tocsin.composition.server_settings import ServerPlan


def plan(data: Path) -> ServerPlan:
    environ = {"TOCSIN_SERVER_DATA": str(data), "TOCSIN_SERVER_PORT": "0"}
    return plan_server(load_config(None, environ), environ)


def test_it_answers_by_its_clock_and_leaves_a_folder_that_opens_again(tmp_path: Path) -> None:
    clock = ManualClock(datetime(2026, 3, 1, 12, tzinfo=UTC))
    with server_thread(plan(tmp_path / "data"), clock=clock) as server:
        logs = client("logs", server.address)
        logs.create_log_group(logGroupName="g")
    with server_thread(plan(tmp_path / "data"), clock=clock) as server:
        (group,) = client("logs", server.address).describe_log_groups()["logGroups"]
    assert group["creationTime"] == int(clock.now().timestamp() * 1000)


def test_what_keeps_it_from_starting_is_raised(tmp_path: Path) -> None:
    clock = ManualClock(datetime(2026, 3, 1, 12, tzinfo=UTC))
    with (
        server_thread(plan(tmp_path / "data"), clock=clock),
        pytest.raises(InputError, match="used by another"),
        server_thread(plan(tmp_path / "data"), clock=clock),
    ):
        pass
