"""How long `tocsin scan` takes, as a ratio to other commands over the same archive in the same minutes.

    python benchmarks/scan.py ARCHIVE [--runs 3] [--jobs 2] [--peer 'NAME=COMMAND'] [--json FILE]

Commands take turns, so that a noisy machine disturbs all of them alike; medians are compared. One round
before the first fills the page cache and is not counted. The first reference only unpacks the files: with
`igzip` where it is installed, else with Python's isal, on as many processes as tocsin uses. In a `--peer`
command `{archive}` stands for the folder. Memory is the peak of all processes of a scan together.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

TOCSIN = [sys.executable, "-m", "tocsin"]

# An installed package has its bytecode beside it; a session that forbids writing it would measure the compiler.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

UNPACK = """
import sys
from multiprocessing import Pool
from pathlib import Path
from isal import isal_zlib
def unpack(path):
    packed, made, data = isal_zlib.decompressobj(31), 0, path.read_bytes()
    while data:
        made += len(packed.decompress(data, 1 << 20))
        data = packed.unconsumed_tail
    return made
if __name__ == "__main__":
    with Pool(int(sys.argv[2])) as pool:
        print(sum(pool.imap_unordered(unpack, sorted(Path(sys.argv[1]).rglob("*.json.gz")), 16)))
"""

SERVICES = ("ec2", "iam", "s3", "kms", "rds", "lambda", "sns", "ecs", "eks", "glue", "athena")
VERBS = ("Create", "Delete", "Update", "Put", "Attach", "Detach", "Modify")


def many_filters(count: int) -> dict[str, object]:
    """`count` filters as `aws logs describe-metric-filters` prints them; one in ten has no index key."""
    filters = []
    for number in range(count):
        service, verb = SERVICES[number % len(SERVICES)], VERBS[number % len(VERBS)]
        if number % 10 == 9:
            pattern = f'{{ ($.userAgent = "*scanner-{number}*") && ($.errorCode NOT EXISTS) }}'
        else:
            pattern = (
                f"{{ ($.eventSource = {service}.amazonaws.com) && (($.eventName = {verb}Thing{number}) "
                f"|| ($.eventName = {verb}Other{number})) && ($.userIdentity.type != AWSService) }}"
            )
        transformation = {"metricName": f"Extra{number}", "metricNamespace": "Bench", "metricValue": "1"}
        filters.append(
            {"filterName": f"extra-{number}", "filterPattern": pattern, "metricTransformations": [transformation]}
        )
    return {"metricFilters": filters}


def measure(command: str) -> float:
    """Seconds that a shell command takes; SystemExit when it fails."""
    started = time.perf_counter()
    if subprocess.run(command, shell=True, stdout=subprocess.DEVNULL, check=False).returncode:
        sys.exit(f"failed: {command}")
    return time.perf_counter() - started


def peak_memory(command: list[str]) -> int:
    """The peak resident memory, in bytes, of a command and its children together (Linux)."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    peak = 0
    done = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.02):
            peak = max(peak, sum(map(resident, family(process.pid))))

    watcher = threading.Thread(target=watch)
    watcher.start()
    process.wait()
    done.set()
    watcher.join()
    return peak


def family(pid: int) -> list[int]:
    """A process and all its descendants."""
    found = [pid]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                found += map(int, task.read_text().split())
            except OSError:
                continue
    return found


def resident(pid: int) -> int:
    """Proportional resident memory of a process, in bytes; pages shared with others count in part."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return 0


def references(archive: str, jobs: int) -> dict[str, str]:
    """Commands that only unpack the archive."""
    files = f"find {shlex.quote(archive)} -name '*.json.gz' -print0"
    if shutil.which("igzip"):
        return {"unpack (igzip)": f"{files} | xargs -0 -P{jobs} -n 500 igzip -dc > /dev/null"}
    return {"unpack (isal)": f"{sys.executable} -c {shlex.quote(UNPACK)} {shlex.quote(archive)} {jobs}"}


def scans(archive: str, jobs: int, folder: Path) -> dict[str, list[str]]:
    """Scans with 6, 21 and 100 filters."""
    extra = folder / "extra.json"
    extra.write_text(json.dumps(many_filters(79)))
    base = [*TOCSIN, "scan", archive, "--format", "json", "--jobs", str(jobs), "--quiet", "--allow-skips"]
    packs = ["-r", "article", "-r", "cis"]
    return {
        "tocsin, 6 filters": [*base, "-r", "article"],
        "tocsin, 21 filters": [*base, *packs],
        "tocsin, 100 filters": [*base, *packs, "-r", str(extra)],
    }


def main() -> None:
    """Run the commands in turns and print medians and ratios to the first."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=COMMAND")
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        scan_commands = scans(options.archive, options.jobs, Path(name))
        commands = references(options.archive, options.jobs)
        commands |= {
            peer: command.replace("{archive}", shlex.quote(options.archive))
            for peer, command in (text.split("=", 1) for text in options.peer)
        }
        commands |= {title: shlex.join(command) for title, command in scan_commands.items()}
        times: dict[str, list[float]] = {title: [] for title in commands}
        for turn in range(options.runs + 1):
            for title, command in commands.items():
                seconds = measure(command)
                if turn:
                    times[title].append(seconds)
        report = json.loads(subprocess.check_output(scan_commands["tocsin, 21 filters"]))
        memory = peak_memory(scan_commands["tocsin, 21 filters"])
    medians = {title: statistics.median(values) for title, values in times.items()}
    floor = next(iter(medians.values()))
    unpacked = report["bytes"]["unpacked"]
    print(
        f"{report['files']['read']:,} files, {report['records']['read']:,} records, {unpacked / 1e9:.2f} GB unpacked, "
        f"{options.jobs} processes, Python {platform.python_version()}, medians of {options.runs} runs"
    )
    for title, seconds in medians.items():
        spread = " ".join(f"{value:.2f}" for value in times[title])
        print(
            f"{title:22} {seconds:7.2f} s  x {seconds / floor:5.2f}  {unpacked / seconds / 1e9:5.2f} GB/s   ({spread})"
        )
    print(f"peak memory of all processes, 21 filters: {memory / 2**20:.0f} MiB")
    if options.json:
        figures = {"medians": medians, "runs": times, "unpacked": unpacked, "records": report["records"]["read"]}
        options.json.write_text(json.dumps({**figures, "peak_memory": memory, "jobs": options.jobs}, indent=1) + "\n")


if __name__ == "__main__":
    main()
