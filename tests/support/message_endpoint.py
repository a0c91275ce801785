"""An endpoint for messages over HTTP, on loopback: it keeps what it gets. Spec: SNS-8.

with MessageEndpoint() as endpoint:
    sns.subscribe(TopicArn=arn, Protocol="http", Endpoint=endpoint.address)
    token = endpoint.next()["Token"]
"""

from __future__ import annotations

import json
import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import Self


class MessageEndpoint:
    """A listener in threads of its own."""

    def __init__(self) -> None:
        self._messages: queue.Queue[dict[str, Any]] = queue.Queue()
        messages = self._messages

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                messages.put(json.loads(self.rfile.read(int(self.headers["content-length"]))))
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}/"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def next(self, *, within: float = 15.0) -> dict[str, Any]:
        """The next message, as soon as it is there."""
        return self._messages.get(timeout=within)

    def forget(self) -> None:
        """Drop what has come so far."""
        while not self._messages.empty():
            self._messages.get_nowait()
