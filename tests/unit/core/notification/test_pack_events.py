"""What is said about the events that the shipped packs look for (AL-19.1, CON-1.2)."""

from __future__ import annotations

import json

import pytest
from alarm_message import change, metric_alarm

from tocsin.app.pack import load_rules
from tocsin.core.event import Event
from tocsin.core.notification import EventSummary, compose_alarm_message
from tocsin.core.notification.phrase_table import PHRASES
from tocsin.core.pattern import FilterPattern
from tocsin.core.rule import Rule
from tocsin.core.template import lay_over

RULES = [rule for pack in ("article", "cis") for rule in load_rules(pack) if rule.filter is not None]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_each_event_of_a_pack_has_a_phrase(rule: Rule) -> None:
    known = {name for phrases in PHRASES.values() for name in phrases}
    names = FilterPattern.parse(rule.effective_pattern).index_keys or frozenset()
    assert names <= known


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_mail_about_a_pack_s_own_sample(rule: Rule) -> None:
    [sample, *_] = [test for test in rule.tests if test.event is not None and test.matches]
    record = lay_over(sample.event or {}, sample.absent)
    told = EventSummary.of(Event(json.dumps(record)), 0)
    made = compose_alarm_message(metric_alarm(rule.name), change(), events=[told], rule=rule)
    for wanted in (record["eventName"], told.who, "192.0.2.1", record["eventID"], rule.title, rule.why.split()[0]):
        assert wanted in made.email
    assert made.email.replace("\n", " ").lower().startswith(told.sentence.lower())
