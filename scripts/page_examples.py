"""Run what the documentation shows on a terminal, and compare or renew what it shows as printed.

In a block marked `console` each line that begins with `$ ` is a command, run in bash in the order
of the page; the lines up to the next command are what it prints. `…` stands for anything within a
line, a line of `…` alone for any number of lines; the time that a command took is not compared. A
block with `title="NAME"` is written to that file. A block behind `<!-- not run: REASON -->` is left
out; one behind `<!-- early in a minute: REASON -->` waits until most of a minute is ahead. Every page has one working
folder, in which `examples` is the folder of the repository. Ports 4590 to 4592, where the live service, the recorder
and what that records listen, may be in use: free ones are used in their place. What a page leaves running is ended.

    python scripts/page_examples.py           says where pages and program differ; exit 1 if they do
    python scripts/page_examples.py --renew   writes what is printed now into the pages: read the diff
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PAGES = (ROOT / "README.md", ROOT / "examples" / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
BLOCK = re.compile(
    r"^(?:<!-- (?P<marker>not run|early in a minute): [^>]+ -->\n)?"
    r"(?P<fence>```+)(?P<kind>console|pycon|[a-z]+ title=\"(?P<name>[^\"]+)\"[^\n]*)\n(?P<body>.*?)^(?P=fence)$",
    re.MULTILINE | re.DOTALL,
)
BETWEEN = "<<<end of a command>>>"

# Alarms are evaluated ten seconds after the minute.
EARLY = "while second=$((10#$(date +%S))); ((second < 12 || second > 35)); do sleep 0.5; done"
PORTS = ("4590", "4591", "4592")

# How long it took, which may also wrap the line: `; 0.04 s (85,789 records/s)`.
TAKEN = re.compile(r";\s+\d+\.\d+\s+s\s+\([\d,]+\s+records/s\)")


class Shown(NamedTuple):
    """A command of a page, what the page says that it prints, and what it printed."""

    command: str
    expected: str
    printed: str

    @property
    def is_true(self) -> bool:
        """Whether the page shows what is printed."""
        return agrees(self.expected, self.printed)


def blocks(page: Path) -> list[re.Match[str]]:
    """Find the blocks of a page that are not left out."""
    return [block for block in BLOCK.finditer(page.read_text(encoding="utf-8")) if block["marker"] != "not run"]


def commands(body: str) -> list[tuple[str, str]]:
    """Split the body of a block into pairs of a command and what it prints."""
    found: list[tuple[str, list[str]]] = []
    for line in body.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif not found[-1][1] and goes_on(found[-1][0]):
            found[-1] = (f"{found[-1][0]}\n{line}", [])
        else:
            found[-1][1].append(line)
    return [(command, "\n".join(output).strip("\n")) for command, output in found]


def goes_on(command: str) -> bool:
    """Say whether the next line belongs to the command: behind a backslash, or inside a here-document."""
    here = re.search(r"<< '(\w+)'", command)
    return command.endswith("\\") or (here is not None and not command.endswith(f"\n{here[1]}"))


def agrees(expected: str, printed: str) -> bool:
    """Say whether a command printed what the page shows, but for how long it took."""
    expected, printed = TAKEN.sub("; TIME", expected), TAKEN.sub("; TIME", tidy(printed))
    lines = [re.escape(line.rstrip()).replace("…", "[^\n]*") + "\n" for line in expected.splitlines()]
    pattern = "".join("(?:[^\n]*\n)*?" if line == "[^\n]*\n" else line for line in lines)
    return re.fullmatch(pattern, f"{printed}\n" if printed else "") is not None


def tidy(printed: str) -> str:
    """Leave out blanks at the ends of lines, and empty lines around all."""
    return "\n".join(line.rstrip() for line in printed.strip("\n").splitlines())


def show(page: Path, folder: Path) -> list[Shown]:
    """Run every command of a page in `folder`."""
    (folder / "examples").symlink_to(ROOT / "examples")
    told: list[tuple[str, str]] = []
    script: list[str] = []
    for block in blocks(page):
        if block["marker"] == "early in a minute":
            script.append(EARLY)
        if name := block["name"]:
            script.append(f"mkdir -p '{Path(name).parent}'; cat > '{name}' << '{BETWEEN}'\n{block['body']}{BETWEEN}")
        elif block["kind"] == "console":
            for command, expected in commands(block["body"]):
                told.append((command, expected))
                script.append(f"{command}\nstatus=$?; printf '%s\\n' '{BETWEEN}'; (exit $status)")
    free = free_ports()
    whole = "\n".join(script)
    for port, taken in zip(PORTS, free, strict=True):
        whole = whole.replace(port, taken)
    printed = []
    for text in run(whole, folder, free[0]):
        for port, taken in zip(PORTS, free, strict=True):
            text = text.replace(taken, port)  # noqa: PLW2901  # the same text, port by port
        printed.append(text)
    return [Shown(command, expected, text) for (command, expected), text in zip(told, printed, strict=True)]


def free_ports() -> list[str]:
    """Find ports that nobody listens on, one for each of `PORTS`."""
    with contextlib.ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in PORTS]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [str(probe.getsockname()[1]) for probe in probes]


def run(script: str, folder: Path, port: str) -> list[str]:
    """Run commands one after the other, standard error among the output as on a terminal."""
    environment = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "COLUMNS": "100",
        "NO_COLOR": "1",
        "PYTHONUTF8": "1",
        "TOCSIN_SERVER_PORT": port,
    }
    bash = subprocess.Popen(
        ["bash", "-c", script],  # noqa: S607  # the bash that `make` needs, too
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )
    with bash:
        try:
            printed, _ = bash.communicate(timeout=180)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(bash.pid, signal.SIGKILL)
    return printed.split(f"{BETWEEN}\n")[:-1]


def renew(page: Path, shown: list[Shown]) -> None:
    """Write into a page what its commands print now, where it shows something else."""
    left = iter(shown)

    def renewed(block: re.Match[str]) -> str:
        if block["marker"] == "not run" or block["kind"] != "console":
            return block[0]
        body = ""
        for command, _ in commands(block["body"]):
            one = next(left)
            output = one.expected if one.is_true else tidy(one.printed)
            body += f"$ {command}\n" + (f"{output}\n" if output else "")
        return f"{block['fence']}console\n{body}{block['fence']}"

    page.write_text(BLOCK.sub(renewed, page.read_text(encoding="utf-8")), encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Compare all pages, or renew them."""
    parser = argparse.ArgumentParser(description="run the commands that the documentation shows")
    parser.add_argument("--renew", action="store_true", help="write what is printed now into the pages")
    options = parser.parse_args(arguments)
    differ = 0
    for page in PAGES:
        with tempfile.TemporaryDirectory() as folder:
            shown = show(page, Path(folder))
        if wrong := [one for one in shown if not one.is_true]:
            differ = 1
            for one in wrong:
                print(f"{page.relative_to(ROOT)}: $ {one.command}", file=sys.stderr)
            if options.renew:
                renew(page, shown)
    return 0 if options.renew else differ


if __name__ == "__main__":
    sys.exit(main())
