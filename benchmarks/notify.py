"""How fast messages leave: to HTTP endpoints with signatures, as mails, and beside endpoints that are dead.

    python benchmarks/notify.py [--messages 10000] [--mails 1000] [--dead 100] [--json FILE]

The service runs in a process of its own; what receives runs in another, on the same machine. Times are from the
first call of Publish to the last message that has arrived, or for latencies from the call's answer to the arrival.
What is aimed at: 10,000 messages in less than 20 s, 1,000 mails in less than 20 s, a healthy endpoint that does not
notice 100 dead ones, less than 1 s from a call to its mail. Spec: SNS-8, SNS-10, AR-13.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import multiprocessing
import os
import platform
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

REGION, ACCOUNT = "eu-west-1", "111122223333"
SUBSCRIBERS = 100
READY_WITHIN = 30.0


# ---------------------------------------------------------------- what receives


async def _http_sink(told: Connection, control: Connection) -> None:
    """Takes everything; what is a confirmation it tells, of the rest it notes when it came."""
    arrived: list[tuple[float, str, str]] = []  # when, path, message id

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                path, length, kind, ident = line.split()[1].decode(), 0, "", ""
                while (header := await reader.readline()) not in {b"\r\n", b""}:
                    name, _, value = header.decode("latin-1").partition(":")
                    match name.lower():
                        case "content-length":
                            length = int(value)
                        case "x-amz-sns-message-type":
                            kind = value.strip()
                        case "x-amz-sns-message-id":
                            ident = value.strip()
                body = await reader.readexactly(length)
                if kind == "Notification" and path.startswith("/dead/"):
                    await asyncio.sleep(3600)  # it takes connections and says nothing
                elif kind == "Notification":
                    arrived.append((time.monotonic(), path, ident))
                elif kind:
                    told.send(json.loads(body)["SubscribeURL"])
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 20, backlog=1024)
    control.send(server.sockets[0].getsockname()[1])
    await _answer(control, arrived)


async def _mail_sink(control: Connection) -> None:
    """Takes every mail, and notes when it came."""
    from aiosmtpd.smtp import SMTP

    logging.getLogger("mail.log").setLevel(logging.ERROR)
    arrived: list[tuple[float, str, str]] = []

    class Handler:
        async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
            ident = envelope.original_content.partition(b"Message-ID: <")[2][:36].decode()
            arrived.append((time.monotonic(), envelope.rcpt_tos[0], ident))
            return "250 OK"

    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Handler(), loop=loop), "127.0.0.1", 0)
    control.send(server.sockets[0].getsockname()[1])
    await _answer(control, arrived)


async def _answer(control: Connection, arrived: list[tuple[float, str, str]]) -> None:
    """Say how much has come, or what; begin anew."""
    while True:
        question = await asyncio.to_thread(control.recv)
        if question == "count":
            control.send(len(arrived))
        elif question == "take":
            control.send(list(arrived))
            arrived.clear()
        else:
            return


class Sink:
    """A process that receives."""

    def __init__(self, kind: str) -> None:
        context = multiprocessing.get_context("spawn")
        self._control, other = context.Pipe()
        self.told, told = context.Pipe(duplex=False)
        self._process = context.Process(target=_run_sink, args=(kind, told, other), daemon=True)
        self._process.start()
        self.port: int = self._control.recv()

    def ask(self, question: str) -> Any:
        """Its answer."""
        self._control.send(question)
        return self._control.recv()

    def wait(self, count: int, *, seconds: float) -> list[tuple[float, str, str]]:
        """What has come, as soon as it is so much."""
        until = time.monotonic() + seconds
        while (come := self.ask("count")) < count:
            if time.monotonic() > until:
                raise SystemExit(f"{come} of {count} came")
            threading.Event().wait(0.02)
        return list(self.ask("take"))

    def end(self) -> None:
        """Be gone."""
        self._process.terminate()
        self._process.join()


def _run_sink(kind: str, told: Connection, control: Connection) -> None:
    asyncio.run(_http_sink(told, control) if kind == "http" else _mail_sink(control))


# ---------------------------------------------------------------- the service


class Service:
    """`tocsin serve` on an empty folder."""

    def __init__(self, folder: Path, smtp_port: int) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        command = [sys.executable, "-m", "tocsin", "serve", "--port", str(port), "--data", str(folder / "data")]
        command += ["--smtp", f"smtp://127.0.0.1:{smtp_port}"]
        self._log = (folder / "serve.log").open("wb")
        self.url = f"http://127.0.0.1:{port}"
        environment = {**os.environ, "TOCSIN_SERVER_REGION": REGION}
        self._process = subprocess.Popen(command, stdout=self._log, stderr=self._log, env=environment)
        until = time.monotonic() + READY_WITHIN
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/_tocsin/health", timeout=1)  # noqa: S310  (its own address)
            except OSError:
                if time.monotonic() > until or self._process.poll() is not None:
                    raise SystemExit((folder / "serve.log").read_text()) from None
                threading.Event().wait(0.05)
            else:
                return

    def client(self) -> Any:
        """A boto3 client for topics."""
        import boto3

        keys = {"aws_access_key_id": ACCOUNT, "aws_secret_access_key": "any"}
        return boto3.client("sns", endpoint_url=self.url, region_name=REGION, **keys)

    def cpu(self) -> float:
        """Processor seconds used so far."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        """End it."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(20)
        self._log.close()


def confirmed(sns: Any, topic: str, sink: Sink, paths: list[str]) -> None:
    """Subscribe URLs of the sink, and confirm them."""
    for path in paths:
        sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=f"http://127.0.0.1:{sink.port}/{path}")
    for _ in paths:
        urllib.request.urlopen(sink.told.recv(), timeout=20)  # noqa: S310  (what the service sent)


def percentile(values: list[float], part: float) -> float:
    """One that so much of the values is no greater than."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


# ---------------------------------------------------------------- the rows


def over_http(service: Service, sink: Sink, messages: int) -> dict[str, float]:
    """Seconds for so many messages to many endpoints."""
    sns = service.client()
    topic = sns.create_topic(Name="many")["TopicArn"]
    confirmed(sns, topic, sink, [f"many/{number}" for number in range(SUBSCRIBERS)])
    sink.ask("take")
    cpu, began = service.cpu(), time.monotonic()
    for number in range(messages // SUBSCRIBERS):
        sns.publish(TopicArn=topic, Message=f"message {number} " + "x" * 500, Subject="benchmark")
    published = time.monotonic() - began
    arrived = sink.wait(messages, seconds=300)
    seconds = max(at for at, _, _ in arrived) - began
    return {"messages": messages, "seconds": seconds, "publishing": published, "server_cpu": service.cpu() - cpu}


def as_mails(service: Service, sink: Sink, mails: int) -> dict[str, float]:
    """Seconds for so many mails: each is the question to another mailbox, which is as long as a message."""
    sns = service.client()
    topics = [sns.create_topic(Name=f"mail-{number}")["TopicArn"] for number in range(10)]
    sink.ask("take")
    began = time.monotonic()
    for number in range(mails):
        sns.subscribe(TopicArn=topics[number % 10], Protocol="email", Endpoint=f"mailbox-{number}@example.com")
    subscribed = time.monotonic() - began
    arrived = sink.wait(mails, seconds=300)
    return {"mails": mails, "seconds": max(at for at, _, _ in arrived) - began, "subscribing": subscribed}


def to_a_mailbox(service: Service, sink: Sink) -> dict[str, float]:
    """How long it takes from the answer to a call to the mail that it causes, with nothing else to do."""
    sns = service.client()
    topic = sns.create_topic(Name="one-by-one")["TopicArn"]
    sink.ask("take")
    sent: dict[str, float] = {}
    for number in range(50):
        address = f"single-{number}@example.com"
        sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=address)
        sent[address] = time.monotonic()
        threading.Event().wait(0.05)
    latencies = [1000 * (at - sent[address]) for at, address, _ in sink.wait(50, seconds=60)]
    return {"p50_ms": percentile(latencies, 0.50), "p99_ms": percentile(latencies, 0.99)}


def beside_the_dead(service: Service, sink: Sink, dead: int) -> dict[str, float]:
    """How long a message takes to a healthy endpoint, alone and beside endpoints that have died since they agreed."""
    sns = service.client()
    found: dict[str, float] = {"dead": dead}
    for name, others in (("alone", 0), ("beside", dead)):
        topic = sns.create_topic(Name=f"healthy-{name}")["TopicArn"]
        confirmed(sns, topic, sink, [name, *(f"dead/{number}" for number in range(others))])
        sink.ask("take")
        sent: dict[str, float] = {}
        for number in range(100):
            sent[sns.publish(TopicArn=topic, Message=f"m {number}")["MessageId"]] = time.monotonic()
            threading.Event().wait(0.02)
        arrived = sink.wait(100, seconds=120)
        latencies = [1000 * (at - sent[ident]) for at, _, ident in arrived]
        found[f"{name}_p50_ms"] = percentile(latencies, 0.50)
        found[f"{name}_p99_ms"] = percentile(latencies, 0.99)
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--mails", type=int, default=1_000)
    parser.add_argument("--dead", type=int, default=100)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    report: dict[str, Any] = {"cores": os.cpu_count(), "python": platform.python_version()}
    http, mail = Sink("http"), Sink("mail")
    try:
        with tempfile.TemporaryDirectory(prefix="tocsin-notify-") as folder:
            service = Service(Path(folder), mail.port)
            try:
                rows = {
                    "http": lambda: over_http(service, http, arguments.messages),
                    "mail": lambda: as_mails(service, mail, arguments.mails),
                    "mailbox": lambda: to_a_mailbox(service, mail),
                    "dead": lambda: beside_the_dead(service, http, arguments.dead),
                }
                for name, measure in rows.items():
                    report[name] = measure()
                    print(name, {key: round(value, 2) for key, value in report[name].items()}, flush=True)
            finally:
                service.stop()
    finally:
        http.end()
        mail.end()
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
