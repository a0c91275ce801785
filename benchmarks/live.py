"""How fast the live service takes events, as a ratio to moto's server in the same minutes. Spec: WIRE-7.1, WIRE-7.2.

    python benchmarks/live.py [--moto PYTHON] [--seconds 5] [--rounds 3] [--only CASE ...] [--json FILE]

Each case runs for some seconds after one second of warm-up, three times, and the servers take turns, so that
a noisy machine disturbs both alike. `--moto` is a Python that has moto[server]; without it Tocsin is measured
alone. Clients run in processes of their own, on the same machine: boto3 where the case says so, else
requests that were made and signed beforehand and are written to a socket.

The six filters of the article are on the log group throughout. Messages look like CloudTrail records of
about 800 bytes; 1 in 100 matches a filter.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import multiprocessing
import os
import platform
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its bytecode beside it

GROUP, STREAM = "trail", "111122223333_CloudTrail_eu-west-1"
REGION = "eu-west-1"
KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
WARM_UP = 1.0
READY_WITHIN = 30.0

FILTERS = {
    "console-signin-failures": '{ ($.eventName = ConsoleLogin) && ($.errorMessage = "Failed authentication") }',
    "security-group-changes": "{ ($.eventName = AuthorizeSecurityGroupIngress) || "
    "($.eventName = RevokeSecurityGroupIngress) || ($.eventName = CreateSecurityGroup) || "
    "($.eventName = DeleteSecurityGroup) }",
    "iam-policy-changes": "{ ($.eventName = AttachRolePolicy) || ($.eventName = DetachRolePolicy) || "
    "($.eventName = PutRolePolicy) || ($.eventName = CreatePolicy) || ($.eventName = DeletePolicy) }",
    "stop-logging": "{ $.eventName = StopLogging }",
    "delete-trail": "{ $.eventName = DeleteTrail }",
    "update-trail": "{ $.eventName = UpdateTrail }",
}
CALLS = ("DescribeInstances", "ListBuckets", "GetBucketAcl", "Decrypt", "AssumeRole", "DescribeVolumes", "GetObject")


def message(number: int) -> str:
    """A record as CloudTrail writes it."""
    name = "StopLogging" if number % 100 == 50 else CALLS[number % len(CALLS)]
    second = number % 60
    record = {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": f"AROAEXAMPLE{number % 97:04}:session-{number % 13}",
            "arn": f"arn:aws:sts::111122223333:assumed-role/service-{number % 97}/session-{number % 13}",
            "accountId": "111122223333",
            "accessKeyId": f"ASIAEXAMPLE{number % 997:05}",
        },
        "eventTime": f"2026-01-01T00:00:{second:02}Z",
        "eventSource": "ec2.amazonaws.com",
        "eventName": name,
        "awsRegion": REGION,
        "sourceIPAddress": f"192.0.2.{number % 250}",
        "userAgent": "aws-sdk-go/1.44.0 (go1.21; linux; amd64)",
        "requestParameters": {"instancesSet": {"items": [{"instanceId": f"i-{number:017x}"}]}},
        "responseElements": None,
        "requestID": f"{number:08x}-0000-4000-8000-000000000000",
        "eventID": f"{number:08x}-1111-4000-8000-{number:012x}",
        "readOnly": True,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": "111122223333",
        "eventCategory": "Management",
    }
    return json.dumps(record, separators=(",", ":"))


class Server:
    """A server as a process of its own; its folder goes with it."""

    def __init__(self, name: str, command: list[str], port: int, folder: Path, health: str) -> None:
        self.name = name
        self.port = port
        self.folder = folder
        started = time.perf_counter()
        self._log = (folder.parent / f"{name}.log").open("wb")
        environment = {**os.environ, "TOCSIN_SERVER_REGION": REGION}
        self.process = subprocess.Popen(command, stdout=self._log, stderr=self._log, env=environment)
        while True:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{self.url}{health}", timeout=1)  # noqa: S310  (its own address)
                break
            if self.process.poll() is not None or time.perf_counter() - started > READY_WITHIN:
                raise SystemExit(f"{name} did not start: {(folder.parent / f'{name}.log').read_text()[-2000:]}")
        self.ready = time.perf_counter() - started

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def memory(self) -> float:
        """Resident memory, in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1000

    def cpu(self) -> float:
        """CPU seconds used so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        """End it."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._log.close()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def client(service: str, url: str) -> Any:
    """A boto3 client that does not retry."""
    import boto3
    from botocore.config import Config

    config = Config(retries={"total_max_attempts": 1, "mode": "standard"}, max_pool_connections=8)
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=KEY,
        aws_secret_access_key=SECRET,
        config=config,
    )


def set_up(url: str) -> None:
    """The log group with the six filters."""
    logs = client("logs", url)
    logs.create_log_group(logGroupName=GROUP)
    for number in range(8):
        logs.create_log_stream(logGroupName=GROUP, logStreamName=f"{STREAM}_{number}")
    for name, pattern in FILTERS.items():
        transformation = {"metricName": name, "metricNamespace": "CloudTrailMetrics", "metricValue": "1"}
        logs.put_metric_filter(
            logGroupName=GROUP, filterName=name, filterPattern=pattern, metricTransformations=[transformation]
        )


def events_of(start: int, count: int) -> list[dict[str, Any]]:
    """Events of this moment."""
    now = int(time.time() * 1000)  # noqa: TID251  (a client has the time of day)
    return [{"timestamp": now, "message": message(start + place)} for place in range(count)]


class Case(NamedTuple):
    """One row of the table. `batch` is events a call; `raw` means a socket in place of boto3."""

    name: str
    batch: int
    clients: int = 1
    raw: bool = False


CASES = (
    Case("boto3, 1 event a call", 1),
    Case("boto3, 1 event a call, 4 clients", 1, clients=4),
    Case("boto3, 100 events a call", 100),
    Case("boto3, 1,000 events a call", 1_000),
    Case("socket, 1 event a call", 1, raw=True),
    Case("socket, 1,000 events a call", 1_000, raw=True),
)


def call_with_boto3(url: str, batch: int, stream: str) -> Callable[[], None]:
    """A call that sends the next events through boto3."""
    logs = client("logs", url)
    batches = [events_of(start, batch) for start in range(0, 20 * batch, batch)]
    turn = 0

    def call() -> None:
        nonlocal turn
        turn += 1
        logs.put_log_events(logGroupName=GROUP, logStreamName=stream, logEvents=batches[turn % len(batches)])

    return call


def call_on_socket(url: str, batch: int, stream: str) -> Callable[[], None]:
    """A call that writes a request that was made before, and reads the answer to its end."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    body = json.dumps({"logGroupName": GROUP, "logStreamName": stream, "logEvents": events_of(0, batch)}).encode()
    headers = {"X-Amz-Target": "Logs_20140328.PutLogEvents", "Content-Type": "application/x-amz-json-1.1"}
    request = AWSRequest("POST", url + "/", data=body, headers=headers)
    SigV4Auth(Credentials(KEY, SECRET), "logs", REGION).add_auth(request)
    lines = [f"POST / HTTP/1.1\r\nHost: {url.removeprefix('http://')}\r\nContent-Length: {len(body)}\r\n"]
    lines += [f"{name}: {value}\r\n" for name, value in request.headers.items()]
    data = ("".join(lines) + "\r\n").encode() + body
    host, _, port = url.removeprefix("http://").partition(":")

    def connect() -> socket.socket:
        connection = socket.create_connection((host, int(port)))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def receive() -> bytes:
        part = connection.recv(65_536)
        if not part:
            raise SystemExit("the server closed the connection in the midst of an answer")
        return part

    connection = connect()

    def call() -> None:
        nonlocal connection
        connection.sendall(data)
        answer = receive()
        while b"\r\n\r\n" not in answer:
            answer += receive()
        head, _, rest = answer.partition(b"\r\n\r\n")
        if b" 200 " not in head.partition(b"\r\n")[0]:
            raise SystemExit(f"refused: {answer[:500]!r}")
        left = int(head.lower().partition(b"content-length:")[2].split()[0]) - len(rest)
        while left > 0:
            left -= len(receive())
        if b"connection: close" in head.lower() or head.startswith(b"HTTP/1.0"):
            connection.close()
            connection = connect()

    return call


def run_client(url: str, case: Case, number: int, seconds: float, results: Any) -> None:
    """One client: the seconds that each of its calls took, and how long all took."""
    make = call_on_socket if case.raw else call_with_boto3
    call = make(url, case.batch, f"{STREAM}_{number}")
    until = time.perf_counter() + WARM_UP
    while time.perf_counter() < until:
        call()
    taken: list[float] = []
    began = now = time.perf_counter()
    while now < began + seconds:
        call()
        taken.append(time.perf_counter() - now)
        now = time.perf_counter()
    results.put((taken, now - began))


def measure(server: Server, case: Case, seconds: float) -> dict[str, float]:
    """One round of a case: requests and events a second, and percentiles of a call in milliseconds."""
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    clients = [
        context.Process(target=run_client, args=(server.url, case, number, seconds, results))
        for number in range(case.clients)
    ]
    cpu = server.cpu()
    for process in clients:
        process.start()
    answers = [results.get(timeout=120) for _ in clients]
    for process in clients:
        process.join()
    cpu = server.cpu() - cpu
    taken = sorted(one for answer, _ in answers for one in answer)
    requests = sum(len(answer) / elapsed for answer, elapsed in answers)
    return {
        "requests": requests,
        "events": requests * case.batch,
        "p50": 1000 * taken[len(taken) // 2],
        "p99": 1000 * taken[min(len(taken) - 1, math.ceil(0.99 * len(taken)) - 1)],
        "server_cpu_share": cpu / (seconds + WARM_UP),
    }


def start(name: str, moto: str | None, folder: Path) -> Server:
    """Start one of the two servers on an empty folder."""
    port = free_port()
    data = folder / f"{name}-{port}"
    data.mkdir()
    if name == "moto":
        assert moto is not None
        return Server(name, [moto, "-m", "moto.server", "-p", str(port)], port, data, "/moto-api/")
    command = [sys.executable, "-m", "tocsin", "serve", "--port", str(port), "--data", str(data)]
    return Server(name, command, port, data, "/_tocsin/health")


@contextlib.contextmanager
def running(names: list[str], moto: str | None, folder: Path) -> Iterator[list[Server]]:
    """The servers, set up; they end with the block."""
    servers: list[Server] = []
    try:
        for name in names:
            servers.append(start(name, moto, folder))
            set_up(servers[-1].url)
        yield servers
    finally:
        for server in servers:
            server.stop()


def table(rounds: dict[str, list[dict[str, float]]], case: Case) -> str:
    """A line for each server."""
    lines = []
    for name, measured in rounds.items():
        best = max(measured, key=lambda one: one["requests"])
        median = statistics.median(one["requests"] for one in measured)
        rates = f"{median:8,.0f} requests/s  {median * case.batch:10,.0f} events/s  best {best['requests']:8,.0f}"
        times = f"p50 {best['p50']:7.2f} ms  p99 {best['p99']:7.2f} ms"
        lines.append(f"  {name:7} {rates}  {times}  server on {best['server_cpu_share']:.0%} of a core")
    if "moto" in rounds:
        ours, theirs = (statistics.median(one["requests"] for one in rounds[name]) for name in ("tocsin", "moto"))
        lines.append(f"  tocsin / moto = {ours / theirs:.2f}")
    return "\n".join(lines)


def memory_after(server: Server, events: int) -> None:
    """Send so many events in batches of 1,000."""
    call = call_on_socket(server.url, 1_000, f"{STREAM}_0")
    for _ in range(events // 1_000):
        call()


def disk(server: Server) -> float:
    """Bytes of its folder, in MB."""
    return sum(path.stat().st_size for path in server.folder.rglob("*") if path.is_file()) / 1e6


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moto", help="a Python with moto[server]")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="*", type=int, help="numbers of the cases, from 1")
    parser.add_argument("--events", type=int, default=1_000_000, help="events before memory and disk are looked at")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    names = ["tocsin", "moto"] if arguments.moto else ["tocsin"]
    report: dict[str, Any] = {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("tocsin", "boto3", "uvicorn", "uvloop", "httptools")},
        "message_bytes": len(message(0)),
        "cases": {},
    }
    folder = Path(tempfile.mkdtemp(prefix="tocsin-live-"))
    try:
        for number, case in enumerate(CASES, 1):
            if arguments.only and number not in arguments.only:
                continue
            rounds: dict[str, list[dict[str, float]]] = {name: [] for name in names}
            # Fresh servers for each case: what one has kept would slow the next.
            with running(names, arguments.moto, folder) as servers:
                for _ in range(arguments.rounds):
                    for server in servers:
                        rounds[server.name].append(measure(server, case, arguments.seconds))
                if number == 1:
                    report["ready_seconds"] = {server.name: server.ready for server in servers}
                    print("ready after", {name: f"{taken:.2f} s" for name, taken in report["ready_seconds"].items()})
            report["cases"][case.name] = rounds
            print(f"{number} {case.name}\n{table(rounds, case)}", flush=True)
        if arguments.events:
            with running(["tocsin"], None, folder) as (server,):
                before = server.memory()
                memory_after(server, arguments.events)
                report["memory_mb"] = {"at_start": before, "after": server.memory(), "events": arguments.events}
                report["disk_mb"] = disk(server)
                print(
                    f"memory {before:.0f} MB at the start, {server.memory():.0f} MB after {arguments.events:,} events;"
                    f" {report['disk_mb']:.0f} MB on disk"
                )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    report["peak_client_mb"] = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
