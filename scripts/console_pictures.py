"""Takes the pictures of the console that README and docs show, of a day that never changes.

    python scripts/console_pictures.py [FOLDER]

It needs Chromium and the development environment. Pictures of the same pages look the same each time, since the clock
of the service stands still.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))


class Picture(NamedTuple):
    """A picture: its name, the page, the size of the window, and whether it is dark."""

    name: str
    address: str
    size: tuple[int, int]
    is_dark: bool = False


WIDE, NARROW = (1280, 800), (390, 844)
PICTURES = (
    Picture("alarm", "alarms/cis/security-group-changes", WIDE),
    Picture("alarm-phone", "alarms/cis/security-group-changes", NARROW, is_dark=True),
    Picture("overview", "", WIDE),
    Picture("actor", "actors/arn:aws:iam::111122223333:user/mallory", WIDE, is_dark=True),
    Picture("filter", "filters/trail-group:cis/security-group-changes", WIDE),
)


def small(png: bytes) -> bytes:
    """A picture with a palette of 128 colours: pages have few, and the file is a third."""
    with Image.open(io.BytesIO(png)) as picture, io.BytesIO() as written:
        picture.convert("RGB").quantize(128, dither=Image.Dither.NONE).save(written, "png", optimize=True)
        return written.getvalue()


def main(folder: Path) -> None:
    """Take them all."""
    from browser import chromium, visiting  # type: ignore[import-not-found]  # of tests/support
    from console_story import Story  # type: ignore[import-not-found]  # as above

    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data, chromium() as chrome:
        story = Story(Path(data))
        story.tell()
        with story.serving() as address:
            for one in PICTURES:
                with visiting(chrome, address, size=one.size, dark=one.is_dark, device_scale_factor=1) as tab:
                    tab.open(one.address)
                    path = folder / f"console-{one.name}.png"
                    path.write_bytes(small(tab.page.screenshot()))
                    print(path.name)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images")
