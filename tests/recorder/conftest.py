"""One emulator of AWS for all tests, and one recorder in front of it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from recorder_process import LiveRecorder

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def moto_address() -> Iterator[str]:
    """moto's server, in this process."""
    server_module = pytest.importorskip("moto.server", reason="the extra `demo` is not installed")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = server_module.ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def recorder(moto_address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveRecorder]:
    """A recorder of everything, data events too, in front of moto."""
    with LiveRecorder(tmp_path_factory.mktemp("recorder"), moto_address, "--data-events") as live:
        yield live
