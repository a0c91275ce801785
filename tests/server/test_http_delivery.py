"""Messages from a server that runs to endpoints on this machine: confirmed, verified, tried again, never lost.

Spec: SNS-3, SNS-4, SNS-7, SNS-8, SNS-10.
"""

from __future__ import annotations

import json
import threading
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from http_endpoint import HttpEndpoint, Received, Reply
from live_server import LiveServer
from queue_service import QueueService
from sns_verifier import is_genuine

import tocsin

if TYPE_CHECKING:
    from pathlib import Path

AT_ONCE = {"minDelayTarget": 1, "maxDelayTarget": 1, "numRetries": 20, "numNoDelayRetries": 20}


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=20) as answer:
        return bytes(answer.read())


def subscribed(server: LiveServer, endpoint: HttpEndpoint, *, account: str, **attributes: str) -> tuple[Any, str]:
    """A client and a topic that the endpoint is subscribed to, and has confirmed."""
    sns = server.client("sns", account=account)
    topic = sns.create_topic(Name="alerts")["TopicArn"]
    before = len(endpoint.received)
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint.url, Attributes=attributes)
    get(json.loads(endpoint.wait(before + 1)[-1].body)["SubscribeURL"])
    return sns, topic


@pytest.mark.parametrize("version", ["1", "2"])
def test_from_subscribing_to_unsubscribing(server: LiveServer, account: str, version: str) -> None:
    sns = server.client("sns", account=account)
    topic = sns.create_topic(Name="alerts", Attributes={"SignatureVersion": version})["TopicArn"]
    with HttpEndpoint() as endpoint:
        made = sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint.url)
        assert made["SubscriptionArn"] == "pending confirmation"
        (asked,) = endpoint.wait(1)
        assert asked.headers["x-amz-sns-message-type"] == "SubscriptionConfirmation"
        confirmation = tocsin.verify_message(asked.body, server=server.address, topics=[topic])
        assert is_genuine(asked.body.decode(), get)

        sns.publish(TopicArn=topic, Message="too early")
        arn = get(confirmation["SubscribeURL"]).decode().partition("<SubscriptionArn>")[2].partition("<")[0]
        sent = sns.publish(TopicArn=topic, Message="größe\n☂", Subject="hello")
        notification = endpoint.wait(2)[1]
        read = tocsin.verify_message(notification.body, server=server.address, topics=[topic])
        assert (read["MessageId"], read["Message"], read["Subject"]) == (sent["MessageId"], "größe\n☂", "hello")
        assert read["SignatureVersion"] == version
        assert notification.headers["x-amz-sns-subscription-arn"] == arn
        assert is_genuine(notification.body.decode(), get)
        changed = notification.body.replace(b"hello", b"hallo")
        assert not is_genuine(changed.decode(), get)
        with pytest.raises(tocsin.SignatureError):
            tocsin.verify_message(changed, server=server.address)

        get(read["UnsubscribeURL"])
        gone = json.loads(endpoint.wait(3)[2].body)
        assert gone["Type"] == "UnsubscribeConfirmation"
        assert is_genuine(json.dumps(gone), get)
        sns.publish(TopicArn=topic, Message="nobody listens")
        get(gone["SubscribeURL"])
        sns.publish(TopicArn=topic, Message="back again")
        assert json.loads(endpoint.wait(4)[3].body)["Message"] == "back again"


def test_what_goes_wrong_is_tried_again_with_the_same_body(server: LiveServer, account: str) -> None:
    failing = [Reply(500), Reply(raw=b"", closes=True), Reply(429), Reply(503)]

    def reply(request: Received) -> Reply:
        is_notification = request.headers["x-amz-sns-message-type"] == "Notification"
        return failing.pop() if is_notification and failing else Reply()

    with HttpEndpoint(reply) as endpoint:
        policy = json.dumps({"healthyRetryPolicy": AT_ONCE})
        sns, topic = subscribed(server, endpoint, account=account, DeliveryPolicy=policy)
        sent = sns.publish(TopicArn=topic, Message="m")["MessageId"]
        attempts = endpoint.wait(6)[1:]
    assert {one.headers["x-amz-sns-message-id"] for one in attempts} == {sent}
    assert len({one.body for one in attempts}) == 1


def test_one_that_hangs_holds_up_nobody(server: LiveServer, account: str) -> None:
    with HttpEndpoint(lambda _: Reply(raw=b"", hangs=True)) as dead, HttpEndpoint() as alive:
        sns = server.client("sns", account=account)
        topic = sns.create_topic(Name="alerts")["TopicArn"]
        for number in range(30):
            sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=f"{dead.url}{number}")
        _, same = subscribed(server, alive, account=account)
        assert same == topic
        sns.publish(TopicArn=topic, Message="m")
        assert json.loads(alive.wait(2, seconds=5)[1].body)["Message"] == "m"


def test_an_endpoint_where_nobody_may_be_reached_gets_nothing(server: LiveServer, account: str) -> None:
    with HttpEndpoint(lambda _: Reply(302, headers={"Location": "http://169.254.169.254/"})) as endpoint:
        sns = server.client("sns", account=account)
        topic = sns.create_topic(Name="alerts")["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="http", Endpoint="http://169.254.169.254/latest/meta-data/")
        sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint.url)
        endpoint.wait(1)
    assert len(endpoint.received) == 1


def test_killed_between_sending_and_recording(tmp_path: Path) -> None:
    """It is sent again, under the same id and with the same body (SNS-7.4, SNS-10.7)."""
    came, go = threading.Event(), threading.Event()

    def reply(request: Received) -> Reply:
        if request.headers["x-amz-sns-message-type"] == "Notification" and not go.is_set():
            came.set()
            go.wait(30)  # the server is killed before it has the answer
        return Reply()

    data = tmp_path / "data"
    with HttpEndpoint(reply) as endpoint:
        with LiveServer(data) as server:
            sns, topic = subscribed(server, endpoint, account="111122223333")
            sent = sns.publish(TopicArn=topic, Message="m")["MessageId"]
            assert came.wait(15)
            server.kill()
        go.set()
        with LiveServer(data):
            first, second = endpoint.wait(3)[1:]
    assert first.headers["x-amz-sns-message-id"] == second.headers["x-amz-sns-message-id"] == sent
    # The signature is the same as well; what follows the port is another, as the server has another one.
    ours, theirs = (json.loads(one.body) for one in (first, second))
    assert ours["Signature"] == theirs["Signature"]
    assert ours["Timestamp"] == theirs["Timestamp"]


def test_killed_at_any_moment_nothing_is_lost(tmp_path: Path) -> None:
    data = tmp_path / "data"
    sent: set[str] = set()
    with HttpEndpoint() as endpoint:
        with LiveServer(data) as server:
            _, topic = subscribed(server, endpoint, account="111122223333")
        for turn in range(5):
            with LiveServer(data) as server:
                sns = server.client("sns")
                for number in range(20):
                    sent.add(sns.publish(TopicArn=topic, Message=f"{turn} {number}")["MessageId"])
                threading.Event().wait(0.03 * turn)  # what is tested is the moment of the kill
                server.kill()
        with LiveServer(data):
            known = {}
            for _ in range(300):
                known = {one.headers["x-amz-sns-message-id"]: one for one in list(endpoint.received)[1:]}
                if known.keys() >= sent:
                    break
                threading.Event().wait(0.05)
    assert known.keys() == sent


def test_dead_letters_go_to_a_queue(tmp_path: Path) -> None:
    """What an endpoint does not take in the end goes to the queue of its RedrivePolicy, as it would have been."""
    keys = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}

    def reply(request: Received) -> Reply:
        return Reply(400 if request.headers["x-amz-sns-message-type"] == "Notification" else 200)

    with QueueService() as queues, HttpEndpoint(reply) as endpoint:
        environ = {**keys, "TOCSIN_SQS_ENDPOINT_URL": queues.url}
        with LiveServer(tmp_path / "data", environ=environ) as server:
            redrive = json.dumps({"deadLetterTargetArn": "arn:aws:sqs:eu-west-1:111122223333:dead"})
            sns, topic = subscribed(server, endpoint, account="111122223333", RedrivePolicy=redrive)
            sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:eu-west-1:111122223333:alive")
            sns.publish(TopicArn=topic, Message="m")
            endpoint.wait(2)
            for _ in range(300):
                if len(queues.messages) == 2:
                    break
                threading.Event().wait(0.05)
    by_queue = {one["QueueUrl"].rpartition("/")[2]: json.loads(one["MessageBody"]) for one in queues.messages}
    assert by_queue.keys() == {"dead", "alive"}
    assert {one["Message"] for one in by_queue.values()} == {"m"}
    assert json.loads(endpoint.received[1].body) == by_queue["dead"]
