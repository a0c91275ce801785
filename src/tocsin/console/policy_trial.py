"""Trying a filter policy on messages: those that the alarms of a topic would publish, or one that was pasted.

Rule: the verdict is that of the code that publishes; a policy that is refused is refused in AWS's words. Spec: CON-4.9,
SNS-9, AL-17.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from tocsin.app.alarm_sample import sample_message
from tocsin.app.publication import Publication, judge_publication
from tocsin.app.topic_alarms import TopicAlarms
from tocsin.errors import FilterPolicyError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.app.service import Service
    from tocsin.app.store_port import StoreReader
    from tocsin.core.alarm.state import StateValue
    from tocsin.core.filter_policy import PolicyScope
    from tocsin.core.scope import Scope

_MOST_ALARMS: Final = 30
PASTED: Final = "pasted"


class StateShare(NamedTuple):
    """Of the messages of one state, so many that a policy lets through."""

    state: str
    passed: int
    total: int


class PolicyTrial(NamedTuple):
    """What a policy does. `problem` is why it is refused, and then there is nothing else.

    `is_accepted` and `failed_key` are of the message that was chosen, whose text is `message`; None for no message.
    `shares` are of all messages that alarms of the topic would publish, of the first thirty where there are more.
    """

    problem: str = ""
    is_accepted: bool | None = None
    failed_key: str = ""
    message: str = ""
    shares: tuple[StateShare, ...] = ()


def messages_to_try(service: Service, topic: str) -> list[tuple[str, str]]:
    """The messages to choose from: what to send, and what it is for people."""
    with service.store.read() as store:
        found = list(_samples(service, store, topic))
    options = [(_key(scope, name, state), f"{name} goes to {state.value}") for scope, name, state in found]
    return [*options, (PASTED, "the text below")]


def try_policy(
    service: Service, topic: str, protocol: str, *, policy: str, looks_at: str, chosen: str, pasted: str
) -> PolicyTrial:
    """What a policy, or none, does with the message that was chosen and with those of all alarms of a topic."""
    scope: PolicyScope = "MessageAttributes" if looks_at == "MessageAttributes" else "MessageBody"
    with service.store.read() as store:
        samples = {
            _key(home, name, state): (state, given)
            for home, name, state in _samples(service, store, topic)
            if (given := sample_message(service, store, home, name, state)) is not None
        }
    wanted = chosen or next(iter(samples), "")
    message = Publication(message=pasted) if wanted == PASTED else samples.get(wanted, (None, None))[1]
    try:
        shares: dict[str, list[bool]] = {}
        for state, given in samples.values():
            is_accepted = not policy or judge_publication(policy, scope, given, protocol).is_accepted
            shares.setdefault(state.value, []).append(is_accepted)
        told = tuple(StateShare(state, sum(passed), len(passed)) for state, passed in shares.items())
        if message is None:
            if policy:
                judge_publication(policy, scope, Publication(message=""), protocol)
            return PolicyTrial(shares=told)
        verdict = judge_publication(policy or "{}", scope, message, protocol)
    except FilterPolicyError as error:
        return PolicyTrial(problem=error.message)
    return PolicyTrial("", verdict.is_accepted, verdict.failed_key, message.message, told)


def _samples(service: Service, store: StoreReader, topic: str) -> Iterator[tuple[Scope, str, StateValue]]:
    for alarm in service.part(TopicAlarms).of(store, topic)[:_MOST_ALARMS]:
        for state in alarm.states(topic):
            yield alarm.scope, alarm.name, state


def _key(scope: Scope, name: str, state: StateValue) -> str:
    return f"{state.value}|{scope.account}/{scope.region}|{name}"
