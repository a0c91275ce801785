"""What all tests share: how Hypothesis searches, how a run is reported, and the folders that tests read.

`shared_dir` is a folder of large or licensed data that is no part of the repository: the one named
by TOCSIN_SHARED, else `shared` beside the checkout. Tests that ask for it skip where it is absent.
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

ROOT = Path(__file__).resolve().parent.parent

# A run says something about the change, not about luck: the same examples each time, everywhere.
# To look for new ones: pytest --hypothesis-profile=explore
settings.register_profile(
    "steady",
    max_examples=60,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("explore", max_examples=2000, deadline=None, print_blob=True)
settings.load_profile("steady")


# Folders whose files take longest, each file in one process: begun last, they would keep one of them alone at the end.
_LONGEST = {"acceptance", "docs", "e2e", "property", "server"}


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest; within that, the order stays the random one.

    What keeps a processor busy and what waits for a server are mixed: begun together, the busy ones would be in each
    other's way, and the processor idle afterwards.
    """
    items.sort(key=lambda item: item.path.relative_to(ROOT / "tests").parts[0] not in _LONGEST)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Have the collector of garbage look past what was collected, which stays until the end, and look seldom.

    Each process knows every test, hundreds of thousands of objects, and tests make millions more that soon go: looking
    through them all takes a second, in the midst of any test.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(5_000, 10, 50)
        gc.enable()


def pytest_report_teststatus(report: pytest.TestReport, config: pytest.Config) -> tuple[str, str, str] | None:
    """Print nothing for a test that passed when a log, and not a person, is reading."""
    if report.when == "call" and report.passed and config.get_verbosity() < 0 and not sys.stdout.isatty():
        return "passed", "", ""
    return None


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Name packed bytes by their size: the time stands in them, and all processes have to call a test the same."""
    return f"{argname} of {len(val)} bytes" if isinstance(val, bytes) and b"\x1f\x8b" in val else None


@pytest.fixture(scope="module")
def _looked_through() -> None:
    """What was there before is looked through once, and not after each test."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def nothing_left_open(_looked_through: None) -> Iterator[None]:
    """A connection that nobody closes is a warning, and that an error, as soon as it is collected."""
    yield
    gc.collect()


@pytest.fixture
def no_collecting() -> Iterator[None]:
    """Garbage of other tests is not looked for in the midst of one whose time is bounded."""
    gc.disable()
    yield
    gc.enable()


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def demo_archive() -> Path:
    """The demo archive: one quiet day and one night of trouble (examples/README.md)."""
    return ROOT / "examples" / "demo-archive"


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder of data beside the checkout."""
    folder = Path(os.environ.get("TOCSIN_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"no folder {folder.name!r} beside the checkout and none named by TOCSIN_SHARED")
    return folder
