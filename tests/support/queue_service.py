"""A service on this machine that speaks SQS's JSON protocol well enough to be sent to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from http_endpoint import HttpEndpoint, Received, Reply

if TYPE_CHECKING:
    from collections.abc import Callable


class QueueService(HttpEndpoint):
    """Queues that are there once they are sent to; `fault` may answer a SendMessage otherwise."""

    def __init__(self, fault: Callable[[dict[str, Any]], Reply | None] = lambda _: None) -> None:
        self.messages: list[dict[str, Any]] = []
        self.missing: set[str] = set()
        self._fault = fault
        super().__init__(self._respond)

    def _respond(self, request: Received) -> Reply:
        asked = json.loads(request.body)
        if request.headers["x-amz-target"] == "AmazonSQS.GetQueueUrl":
            if asked["QueueName"] in self.missing:
                return fault("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")
            # Behind a name of its own, as a service in a container says.
            name, account = asked["QueueName"], asked["QueueOwnerAWSAccountId"]
            return reply({"QueueUrl": f"http://queues.invalid:9324/{account}/{name}"})
        found = self._fault(asked)
        if found is not None:
            return found
        self.messages.append({**asked, "authorization": request.headers.get("authorization", "")})
        return reply({"MessageId": f"m{len(self.messages)}", "MD5OfMessageBody": ""})


def reply(tree: dict[str, Any], status: int = 200) -> Reply:
    """An answer in the protocol."""
    return Reply(status, json.dumps(tree).encode(), headers={"Content-Type": "application/x-amz-json-1.0"})


def fault(code: str, message: str, status: int = 400) -> Reply:
    """An error in the protocol."""
    return reply({"__type": f"com.amazonaws.sqs#{code}", "message": message}, status)
