"""Messages to queues, and dead letters, through a service that speaks SQS. Spec: SNS-6.4, SNS-2.7, SNS-10.6, WIRE-9.14.

Rule: the library that talks to AWS blocks, so it works in threads of its own, each with a bound on its time; it asks
no metadata service for credentials, and never tries again by itself: that is the schedule's to decide.
"""

from __future__ import annotations

import asyncio
import base64
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tocsin.core.delivery import LONGEST_ANSWER, Delivered, DeliveryOutcome, DeliveryReason, Failed, Retry, answer_line
from tocsin.core.envelope_text import is_sent_raw

if TYPE_CHECKING:
    from tocsin.core.envelope import Envelope, MessageAttribute
    from tocsin.core.outbox import DeliveryRow
    from tocsin.notifiers.signature import MessageSigner

_THREADS: Final = 16
_CONNECT_SECONDS: Final = 3.0
_READ_SECONDS: Final = 7.0
_MOST_ATTRIBUTES: Final = 10
_MOST_KEPT: Final = 10_000

# Of these the first are of a moment, the second for the operator to put right: the message is good.
_THROTTLED: Final = frozenset(
    ("RequestThrottled", "Throttling", "ThrottlingException", "OverLimit", "KmsThrottled", "RequestTimeout")
)
_OURS: Final = frozenset(
    (
        *("InvalidClientTokenId", "SignatureDoesNotMatch", "UnrecognizedClientException", "InvalidAccessKeyId"),
        *("ExpiredToken", "ExpiredTokenException", "IncompleteSignature", "MissingAuthenticationToken"),
        "InvalidSecurity",
    )
)
_MESSAGE: Final = frozenset(("InvalidMessageContents", "InvalidParameterValue", "InvalidParameterValueException"))


class SqsAccess(NamedTuple):
    """Where the service is, and as who we ask. Without keys they are those of AWS's own variables and files.

    `region` is empty for that of each queue's ARN.
    """

    endpoint_url: str
    region: str = ""
    access_key: str = ""
    secret_key: str = ""


class SqsNotifier:
    """Puts messages into queues."""

    def __init__(self, access: SqsAccess, signer: MessageSigner) -> None:
        self._access = access
        self._signer = signer
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="sqs")
        self._clients: dict[str, Any] = {}
        self._urls: dict[str, str] = {}
        self._lock = Lock()

    async def send(self, delivery: DeliveryRow, envelope: Envelope) -> DeliveryOutcome:  # noqa: ARG002  (a port)
        """Put a message into its queue once."""
        refused = _refusal(envelope)
        if refused:
            return Failed(DeliveryReason.MESSAGE, refused)
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._send, envelope)

    async def close(self) -> None:
        """Let go of connections; a call that is under way ends within its time."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for client in self._clients.values():
            client.close()

    def _send(self, envelope: Envelope) -> DeliveryOutcome:
        from botocore.exceptions import (
            BotoCoreError,
            ClientError,
            ConnectTimeoutError,
            NoCredentialsError,
            ParamValidationError,
            PartialCredentialsError,
            ReadTimeoutError,
            SSLError,
        )

        arn = envelope.endpoint
        try:
            client = self._client(arn)
            answer = client.send_message(QueueUrl=self._url(client, arn), **_parameters(envelope, self._signer))
            return Delivered(str(answer.get("MessageId", ""))[:LONGEST_ANSWER])
        except ClientError as error:
            return self._outcome(error.response, arn)
        except (NoCredentialsError, PartialCredentialsError):
            return Retry(DeliveryReason.REFUSED, "there are no credentials for queues: set AWS_ACCESS_KEY_ID and so on")
        except (ConnectTimeoutError, ReadTimeoutError):
            return Retry(DeliveryReason.TIME_OUT, f"no answer from {self._access.endpoint_url}"[:LONGEST_ANSWER])
        except SSLError:
            return Retry(DeliveryReason.TLS, f"no TLS connection to {self._access.endpoint_url}"[:LONGEST_ANSWER])
        except ParamValidationError:
            return Failed(DeliveryReason.MESSAGE, "it cannot be sent to a queue")
        except BotoCoreError:
            return Retry(DeliveryReason.CONNECTION, f"no answer from {self._access.endpoint_url}"[:LONGEST_ANSWER])

    def _outcome(self, answer: dict[str, Any], arn: str) -> DeliveryOutcome:
        """What follows from an error of the service."""
        error = answer.get("Error", {})
        code = str(error.get("Code", "")).rpartition(".")[2]
        status = int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        text = answer_line(f"{code}: {error.get('Message', '')}")
        if code in {"NonExistentQueue", "QueueDoesNotExist"}:
            with self._lock:
                self._urls.pop(arn, None)
        if code in _THROTTLED or code in _OURS or status == 429 or not 400 <= status < 500:
            return Retry(DeliveryReason.REFUSED, text)
        return Failed(DeliveryReason.MESSAGE if code in _MESSAGE else DeliveryReason.REFUSED, text)

    def _client(self, arn: str) -> Any:
        region = self._access.region or arn.split(":")[3]
        with self._lock:
            client = self._clients.get(region)
            if client is None:
                client = self._clients[region] = self._make_client(region)
        return client

    def _make_client(self, region: str) -> Any:
        from botocore.config import Config
        from botocore.session import Session

        session = Session()
        providers = session.get_component("credential_provider")
        for name in ("container-role", "iam-role"):  # they ask over the network
            providers.remove(name)
        return session.create_client(
            "sqs",
            region_name=region,
            endpoint_url=self._access.endpoint_url,
            aws_access_key_id=self._access.access_key or None,
            aws_secret_access_key=self._access.secret_key or None,
            config=Config(
                connect_timeout=_CONNECT_SECONDS,
                read_timeout=_READ_SECONDS,
                retries={"total_max_attempts": 1},
                max_pool_connections=_THREADS,
            ),
        )

    def _url(self, client: Any, arn: str) -> str:
        """The URL of a queue, which is asked for once."""
        with self._lock:
            known = self._urls.get(arn)
        if known is None:
            account, name = arn.split(":")[4:6]
            known = str(client.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"])
            with self._lock:
                if len(self._urls) >= _MOST_KEPT:
                    self._urls.clear()
                self._urls[arn] = known
        return known


def _refusal(envelope: Envelope) -> str:
    """Why a message cannot be put into its queue; empty where it can."""
    if is_sent_raw(envelope) and len(envelope.attributes) > _MOST_ATTRIBUTES:
        count = len(envelope.attributes)
        return f"a queue takes at most {_MOST_ATTRIBUTES} message attributes, and this raw message has {count}"
    if envelope.endpoint.endswith(".fifo") and not envelope.group_id:
        return "a FIFO queue needs a message group, and this message has none"
    return ""


def _parameters(envelope: Envelope, signer: MessageSigner) -> dict[str, Any]:
    """What SendMessage is called with, but for the queue."""
    parameters: dict[str, Any] = {"MessageBody": signer.body(envelope)}
    if is_sent_raw(envelope) and envelope.attributes:
        parameters["MessageAttributes"] = {name: _attribute(one) for name, one in envelope.attributes.items()}
    if envelope.group_id:
        parameters["MessageGroupId"] = envelope.group_id
    if envelope.endpoint.endswith(".fifo") and envelope.deduplication_id:
        parameters["MessageDeduplicationId"] = envelope.deduplication_id
    return parameters


def _attribute(one: MessageAttribute) -> dict[str, Any]:
    if one.data_type.partition(".")[0] == "Binary":
        return {"DataType": one.data_type, "BinaryValue": base64.b64decode(one.value)}
    return {"DataType": one.data_type, "StringValue": one.value}
