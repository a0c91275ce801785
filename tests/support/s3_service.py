"""A service that speaks S3, in threads of the test's own process. It keeps its objects in memory.

with S3Service() as service:
    service.client().create_bucket(Bucket="b")
"""

from __future__ import annotations

import contextlib
import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import Self

ACCESS_KEY, SECRET_KEY = "AKIAEXAMPLE", "secret"


class S3Service:
    """Runs while one is inside; `url` is where it is reached."""

    def __enter__(self) -> Self:
        import logging

        from moto.server import ThreadedMotoServer

        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        with contextlib.redirect_stdout(io.StringIO()):
            self._server.start()
        host, port = self._server.get_host_and_port()
        self.url = f"http://{host}:{port}"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()

    def client(self, region: str = "us-east-1") -> Any:
        """boto3's client."""
        import boto3

        return boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
        )
