"""What the recorder costs, measured against the bare endpoint in the same minutes. Spec: REC-1.5.

    python benchmarks/recorder.py [--calls 3000] [--rate 1000] [--seconds 10] [--rounds 5] [--only CASE] [--json FILE]

`latency`: small calls over connections that are kept, in turns straight to an upstream that answers at once and
through the recorder. `rate`: so many calls a second over eight connections; every one has to be recorded, none
dropped. `upload`: an object of 100 MB with boto3 to moto's server, in turns straight and through the recorder.

The upstream, the recorder and the client are processes of their own on one machine. Records go to a file
(`--ndjson`), data events included.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import platform
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

REGION = "eu-west-1"
KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
READY_WITHIN = 30.0
OBJECT = 100_000_000
CONNECTIONS = 8

ANSWER_BODY = (
    b'<CreateUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><CreateUserResult><User><Path>/</Path>'
    b"<UserName>bob</UserName><UserId>AIDAIOSFODNN7EXAMPLE</UserId><Arn>arn:aws:iam::111122223333:user/bob</Arn>"
    b"<CreateDate>2026-03-01T09:00:00Z</CreateDate></User></CreateUserResult><ResponseMetadata>"
    b"<RequestId>7a62c49f-347e-4fc4-9331-6e8eEXAMPLE</RequestId></ResponseMetadata></CreateUserResponse>"
)
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n%b" % (len(ANSWER_BODY), ANSWER_BODY)


def request() -> bytes:
    """A call of IAM as botocore sends it, signed with some key."""
    body = b"Action=CreateUser&Version=2010-05-08&UserName=bob"
    scope = f"{KEY}/20260301/us-east-1/iam/aws4_request"
    head = (
        "POST / HTTP/1.1\r\nHost: iam.amazonaws.com\r\nAccept-Encoding: identity\r\n"
        "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n"
        "User-Agent: Boto3/1.44 md/Botocore#1.44 ua/2.1 os/linux lang/python#3.11\r\nX-Amz-Date: 20260301T090000Z\r\n"
        f"Authorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=content-type;host;x-amz-date, "
        f"Signature={'0' * 64}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


# ---------------------------------------------------------------- the processes


def upstream(port_of: Any) -> None:
    """A server that answers every request at once with the same answer."""
    import asyncio

    class Answering(asyncio.Protocol):
        def connection_made(self, transport: Any) -> None:
            self.transport = transport
            self.data = b""

        def data_received(self, data: bytes) -> None:
            self.data += data
            while (end := self.data.find(b"UserName=bob")) >= 0:
                self.data = self.data[end + 12 :]
                self.transport.write(ANSWER)

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0)
        port_of.send(server.sockets[0].getsockname()[1])
        await asyncio.Event().wait()

    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    import uvloop

    uvloop.run(run())


def moto(port_of: Any) -> None:
    """The server of moto."""
    import logging

    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    port_of.send(server.get_host_and_port()[1])
    signal.pause()


@contextlib.contextmanager
def running(target: Any) -> Iterator[int]:
    """A process that says its port."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=target, args=(theirs,), daemon=True)
    process.start()
    assert ours.poll(READY_WITHIN)
    try:
        yield ours.recv()
    finally:
        process.kill()
        process.join()


@contextlib.contextmanager
def recorder(upstream_port: int, folder: Path) -> Iterator[tuple[int, Path]]:
    """A recorder: its port, and the file that it writes to."""
    out = folder / f"records-{upstream_port}.ndjson"
    command = [sys.executable, "-m", "tocsin", "record", "--upstream", f"http://127.0.0.1:{upstream_port}"]
    command += ["--port", "0", "--ndjson", str(out), "--data", str(folder), "--data-events"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    found = re.search(r"http://127\.0\.0\.1:(\d+)", process.stderr.readline())
    assert found is not None
    rest = threading.Thread(target=process.stderr.read, daemon=True)
    rest.start()
    try:
        yield int(found[1]), out
    finally:
        process.terminate()
        process.wait(READY_WITHIN)


# ---------------------------------------------------------------- what is measured


class Talk:
    """A connection that is kept."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def call(self, data: bytes) -> float:
        """Seconds that a call takes."""
        began = time.perf_counter()
        self.socket.sendall(data)
        got = self.socket.recv(65_536)
        while len(got) < len(ANSWER):
            got += self.socket.recv(65_536)
        took = time.perf_counter() - began
        assert got == ANSWER, got
        return took


def measure_latency(calls: int, folder: Path) -> dict[str, Any]:
    """Small calls one after the other."""
    data = request()
    with running(upstream) as bare_port, recorder(bare_port, folder) as (port, _):
        bare, through = Talk(bare_port), Talk(port)
        for _ in range(300):  # models are loaded, caches are filled
            bare.call(data)
            through.call(data)
        _pause(1)
        times: dict[str, list[float]] = {"bare": [], "recorder": []}
        for number in range(calls):
            first, second = (("bare", bare), ("recorder", through))[:: 1 if number % 2 else -1]
            for name, talk in (first, second):
                times[name].append(talk.call(data))
    told = {name: {"median_ms": _ms(statistics.median(one)), "p99_ms": _ms(_p99(one))} for name, one in times.items()}
    added = statistics.median(times["recorder"]) - statistics.median(times["bare"])
    return {**told, "added_median_ms": _ms(added)}


def measure_rate(rate: int, seconds: int, folder: Path) -> dict[str, Any]:
    """A steady stream of calls."""
    data = request()
    with running(upstream) as bare_port, recorder(bare_port, folder) as (port, out):
        Talk(port).call(data)
        _pause(1)
        done: list[float] = []
        late = 0
        began = time.perf_counter()

        def run(lane: int) -> None:
            nonlocal late
            talk = Talk(port)
            for number in range(lane, rate * seconds, CONNECTIONS):
                due = began + number / rate
                wait = due - time.perf_counter()
                if wait > 0:
                    _pause(wait)
                elif wait < -0.05:
                    late += 1
                done.append(talk.call(data))

        lanes = [threading.Thread(target=run, args=(lane,)) for lane in range(CONNECTIONS)]
        for lane in lanes:
            lane.start()
        for lane in lanes:
            lane.join()
        took = time.perf_counter() - began
        metrics = _metrics(port)
    lines = sum(1 for _ in out.open("rb"))
    return {
        "calls": len(done),
        "calls_per_second": round(len(done) / took, 1),
        "late_starts": late,
        "median_ms": _ms(statistics.median(done)),
        "p99_ms": _ms(_p99(done)),
        "waiting_at_the_end": metrics.get("tocsin_records_waiting"),
        "dropped": sum(value for name, value in metrics.items() if name.startswith("tocsin_records_dropped_total")),
        "records": lines - 1,
    }


def measure_upload(rounds: int, folder: Path) -> dict[str, Any]:
    """A large object with boto3."""
    import boto3
    from botocore.config import Config

    body = os.urandom(1_000_000) * (OBJECT // 1_000_000)
    with running(moto) as bare_port, recorder(bare_port, folder) as (port, _):

        def client(at: int) -> Any:
            config = Config(retries={"total_max_attempts": 1}, read_timeout=120)
            return boto3.client(
                "s3",
                endpoint_url=f"http://127.0.0.1:{at}",
                region_name=REGION,
                aws_access_key_id=KEY,
                aws_secret_access_key=SECRET,
                config=config,
            )

        clients = {"bare": client(bare_port), "recorder": client(port)}
        location: Any = {"LocationConstraint": REGION}
        clients["bare"].create_bucket(Bucket="benchmark", CreateBucketConfiguration=location)
        times: dict[str, list[float]] = {name: [] for name in clients}
        for number in range(rounds + 1):
            for name in sorted(clients, reverse=bool(number % 2)):
                began = time.perf_counter()
                clients[name].put_object(Bucket="benchmark", Key="object", Body=body)
                took = time.perf_counter() - began
                if number:  # the first round warms up
                    times[name].append(took)
    bare, through = (statistics.median(times[name]) for name in ("bare", "recorder"))
    return {
        "bytes": OBJECT,
        "bare_s": round(bare, 3),
        "recorder_s": round(through, 3),
        "added_percent": round(100 * (through / bare - 1), 1),
        "all": {name: [round(one, 3) for one in found] for name, found in times.items()},
    }


def _metrics(port: int) -> dict[str, float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/_tocsin/metrics") as answer:
        lines = answer.read().decode().split("\n")
    pairs = (line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def _pause(seconds: float) -> None:
    threading.Event().wait(seconds)


def _ms(seconds: float) -> float:
    return round(1000 * seconds, 3)


def _p99(times: list[float]) -> float:
    return sorted(times)[int(0.99 * len(times))]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=3000)
    parser.add_argument("--rate", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*", choices=("latency", "rate", "upload"), default=())
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    report: dict[str, Any] = {"python": platform.python_version(), "cores": os.cpu_count()}
    with tempfile.TemporaryDirectory(prefix="tocsin-benchmark-") as name:
        folder = Path(name)
        cases = {
            "latency": lambda: measure_latency(options.calls, folder),
            "rate": lambda: measure_rate(options.rate, options.seconds, folder),
            "upload": lambda: measure_upload(options.rounds, folder),
        }
        for case, work in cases.items():
            if not options.only or case in options.only:
                report[case] = work()
                print(case, json.dumps(report[case]))
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
