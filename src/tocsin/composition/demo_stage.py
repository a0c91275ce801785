"""What the walk-through plays on: a live service, an EC2 endpoint and the recorder before it, by one clock.

Rule: everything listens on loopback, on free ports, and ends with the walk-through. What is left is the data folder.
"""

from __future__ import annotations

import gzip
import logging
import threading
import urllib.request
import uuid
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, NamedTuple, Self
from urllib.parse import urlsplit

import botocore.session
import msgspec
from botocore.config import Config

from tocsin.clock import FastClock, SystemClock
from tocsin.composition.data_folder import BUCKETS, MAILBOX
from tocsin.composition.public_keys import find_public_keys
from tocsin.composition.record import plan_recorder
from tocsin.composition.server_settings import plan_server
from tocsin.composition.side_thread import recorder_thread, server_thread
from tocsin.composition.telemetry import configure_log
from tocsin.composition.validate import validate
from tocsin.config import load_config
from tocsin.notifiers.mailbox import find_mail, list_mails, read_mail

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime, timedelta
    from email.message import EmailMessage
    from pathlib import Path
    from types import TracebackType

    from tocsin.app.validate_report import ValidateReport
    from tocsin.clock import Clock

ACCOUNT = "111122223333"
REGION = "us-east-1"
_LOOK_EVERY = 0.1
_RECORDED_GROUP = "sg-0123456789abcdef0"


class Actor(NamedTuple):
    """Somebody with an access key."""

    name: str
    access_key: str


ALICE = Actor("alice", "AKIAALICEEXAMPLE0001")
MALLORY = Actor("mallory", "AKIAMALLORYEXAMPLE01")
_SECRET = "no-secret-of-anybody-but-of-this-walk-through"  # noqa: S105  (as it says)


class Stage:
    """The walk-through's services, while one is inside."""

    def __init__(self, data: Path, *, speed: float | None, begins_ago: timedelta, environ: Mapping[str, str]) -> None:
        """With `speed` the clock runs that many times as fast; it begins `begins_ago` before now."""
        now = SystemClock().now()
        self.clock: Clock = SystemClock() if speed is None else FastClock(now - begins_ago, speed=speed)
        self.data = data
        self._environ = environ
        self._exit = ExitStack()
        self._clients: dict[tuple[str, str, str], Any] = {}
        self._pause = threading.Event()
        self._session = botocore.session.Session()
        self.recorder_url = ""

    def __enter__(self) -> Self:
        with self._exit:
            self._start()
            self._exit = self._exit.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exit.close()

    def _start(self) -> None:
        self.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        configure_log(is_terminal=False, stream=self._exit.enter_context((self.data / "demo.log").open("w")))
        credentials = self._write_credentials()
        environ = self._settings = {
            **{name: value for name, value in self._environ.items() if not name.startswith("TOCSIN_")},
            "TOCSIN_SERVER_DATA": str(self.data),
            "TOCSIN_SERVER_PORT": "0",
            "TOCSIN_SERVER_ACCOUNT": ACCOUNT,
            "TOCSIN_AUTH_MODE": "off",
            "TOCSIN_AUTH_CREDENTIALS": str(credentials),
        }
        # A tocsin.toml in the working folder is no part of the story.
        self._config = load_config(None, environ, folder=self.data)
        plan = plan_server(self._config, environ)
        self.server_url = self._exit.enter_context(server_thread(plan, clock=self.clock)).address
        self._start_endpoint(environ, credentials)

    def _write_credentials(self) -> Path:
        """The people of the walk-through. Their keys open nothing: no signature is checked on loopback."""
        path = self.data / "credentials.toml"
        lines = [
            f'[{actor.access_key}]\nsecret = "{_SECRET}"\narn = "arn:aws:iam::{ACCOUNT}:user/{actor.name}"\n'
            for actor in (ALICE, MALLORY)
        ]
        path.write_text("\n".join(lines))
        return path

    # ------------------------------------------------------------ calls

    def call(self, actor: Actor, service: str, operation: str, parameters: Mapping[str, Any]) -> Any:
        """Call the live service; the answer by the names of the API."""
        client = self._client(actor, service, self.server_url)
        return client._make_api_call(operation, dict(parameters))  # noqa: SLF001  (the call by the API's own names)

    def _client(self, actor: Actor, service: str, url: str) -> Any:
        key = (actor.name, service, url)
        if key not in self._clients:
            self._clients[key] = self._session.create_client(
                service,
                region_name=REGION,
                endpoint_url=url,
                aws_access_key_id=actor.access_key,
                aws_secret_access_key=_SECRET,
                config=Config(retries={"total_max_attempts": 1}),
            )
        return self._clients[key]

    def press(self, link: str) -> None:
        """Press the button of the page behind a link: what its form sends is what the link carries."""
        parts = urlsplit(link)
        self._post(parts.path, parts.query.encode(), kind="application/x-www-form-urlencoded")

    def _post(self, path: str, body: bytes, *, kind: str) -> None:
        request = urllib.request.Request(  # noqa: S310  (our own service on loopback)
            f"{self.server_url}{path}", data=body, headers={"Content-Type": kind}, method="POST"
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  (as above)
            answer.read()

    def mails(self) -> Iterator[tuple[str, EmailMessage]]:
        """The mails in the built-in mailbox, with their names."""
        folder = self.data / MAILBOX
        for kept in list_mails(folder):
            path = find_mail(folder, kept.name)
            if path is not None:
                yield kept.name, read_mail(path)

    def pause(self) -> None:
        """Let a moment pass."""
        self._pause.wait(_LOOK_EVERY)

    # ------------------------------------------------------------ EC2

    def _start_endpoint(self, environ: Mapping[str, str], credentials: Path) -> None:
        """An emulator of EC2, with the recorder before it, where the extra `demo` is installed."""
        try:
            from moto.server import ThreadedMotoServer
        except ImportError:
            return
        # Its log of requests is no part of the story.
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        moto.start()
        self._exit.callback(moto.stop)
        host, port = moto.get_host_and_port()
        plan = plan_recorder(
            self._config,
            environ,
            upstream=f"http://{host}:{port}",
            host="127.0.0.1",
            port=0,
            sinks={"server": self.server_url},
            credentials=credentials,
            unknown_keys="user",
            data_events=False,
            ca_bundle=None,
        )
        plan = msgspec.structs.replace(plan, data=self.data / "recorder")
        self.recorder_url = self._exit.enter_context(recorder_thread(plan, clock=self.clock)).address

    @property
    def has_endpoint(self) -> bool:
        """Whether there is an EC2 endpoint."""
        return bool(self.recorder_url)

    def security_group(self) -> str:
        """The security group that is changed: the default one of the default network."""
        if not self.has_endpoint:
            return _RECORDED_GROUP
        found = self._client(ALICE, "ec2", self.recorder_url).describe_security_groups(GroupNames=["default"])
        return str(found["SecurityGroups"][0]["GroupId"])

    def open_port(self, parameters: Mapping[str, Any]) -> None:
        """Change it through the recorder; without an endpoint hand over a record of that call."""
        if self.has_endpoint:
            client = self._client(MALLORY, "ec2", self.recorder_url)
            client._make_api_call("AuthorizeSecurityGroupIngress", dict(parameters))  # noqa: SLF001  (as in `call`)
            return
        record = recorded_call(at=self.clock.now(), parameters=parameters)
        self._post("/_tocsin/records", msgspec.json.encode(record) + b"\n", kind="application/x-ndjson")

    # ------------------------------------------------------------ what is left

    def log_files(self) -> list[Path]:
        """The log files that the trail has put into its bucket, by name."""
        found = self.bucket.rglob("*.json.gz")
        return sorted(path for path in found if path.is_file() and "CloudTrail-Digest" not in path.parts)

    def log_file_with(self, event_id: str) -> str | None:
        """The name of the log file that holds a record; None as long as there is none."""
        needle = event_id.encode()
        return next((path.name for path in self.log_files() if needle in gzip.decompress(path.read_bytes())), None)

    @property
    def bucket(self) -> Path:
        """The folder of the buckets."""
        return self.data / BUCKETS

    def validated(self) -> ValidateReport:
        """What the digests say of these."""
        folder = str(self.bucket)
        keys = find_public_keys(folder, (), self._config, self._settings, is_named=True)
        return validate(folder, keys=keys, show=lambda _: None)


def recorded_call(*, at: datetime, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The record of AuthorizeSecurityGroupIngress as the recorder makes it, for where there is nobody to call."""
    (permission,) = parameters["IpPermissions"]
    (allowed,) = permission["IpRanges"]
    opened = {name: permission[api] for name, api in _PERMISSION.items()}
    return {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": "AIDAMALLORYEXAMPLE01",
            "arn": f"arn:aws:iam::{ACCOUNT}:user/{MALLORY.name}",
            "accountId": ACCOUNT,
            "accessKeyId": MALLORY.access_key,
            "userName": MALLORY.name,
        },
        "eventTime": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": "ec2.amazonaws.com",
        "eventName": "AuthorizeSecurityGroupIngress",
        "awsRegion": REGION,
        "sourceIPAddress": "127.0.0.1",
        "userAgent": "aws-cli/2.31.0",
        "requestParameters": {
            "groupId": parameters["GroupId"],
            "ipPermissions": {
                "items": [
                    {
                        **opened,
                        "groups": {},
                        "ipRanges": {
                            "items": [{"cidrIp": allowed["CidrIp"], "description": allowed["Description"]}],
                        },
                        "ipv6Ranges": {},
                        "prefixListIds": {},
                    }
                ]
            },
        },
        "responseElements": {"requestId": str(uuid.uuid4()), "_return": True},
        "requestID": str(uuid.uuid4()),
        "eventID": str(uuid.uuid4()),
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    }


_PERMISSION = {"ipProtocol": "IpProtocol", "fromPort": "FromPort", "toPort": "ToPort"}
