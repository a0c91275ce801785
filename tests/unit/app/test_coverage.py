"""Which controls reach a person, and where the way breaks (CON-4.10, AL-19.4)."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import msgspec
import pytest
from console_bench import SCOPE, ConsoleBench

from tocsin.app.coverage import CoverageControl, CoverageDocuments, CoverageReport, coverage_of
from tocsin.app.evaluator import Evaluator
from tocsin.app.rule_catalogue import RuleCatalogue
from tocsin.app.rule_switch import calls_on, find_switched
from tocsin.app.standard import controls_of, standards
from tocsin.app.subscription_care import confirm_for
from tocsin.app.trail import TRAILS
from tocsin.app.trail_status import STATUSES, Destination, TrailStatus
from tocsin.core.delivery import Delivered, DeliveryAttempt
from tocsin.core.outbox import DeliveryStatus
from tocsin.core.pattern import FilterPattern
from tocsin.core.rule import Rule
from tocsin.core.trail.definition import Trail
from tocsin.errors import NotFoundError

TOPIC = "arn:aws:sns:us-east-1:111122223333:sec-alerts"
GROUP = "trail-group"
ROOT = "cis/root-user-used"
PATTERN = '{$.userIdentity.type="Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType !="AwsServiceEvent"}'
RECORD = {
    "eventVersion": "1.11", "eventTime": "2026-03-14T03:13:30Z", "eventSource": "s3.amazonaws.com", "eventName": "ListBuckets",
    "awsRegion": "us-east-1", "userIdentity": {"type": "Root"}, "eventType": "AwsApiCall", "eventID": "1",
    "recipientAccountId": "111122223333",
}  # fmt: skip


class Account:
    """An account in which the control on root is answered from end to end."""

    def __init__(self, *, arrives: bool = True) -> None:
        self.bench = ConsoleBench()
        self.call("logs", "CreateLogGroup", logGroupName=GROUP)
        self.call("sns", "CreateTopic", Name="sec-alerts")
        self.subscribe("security@example.com")
        self.switch_on()
        if arrives:
            self.put_record()

    def call(self, service: str, operation: str, **parameters: Any) -> Any:
        return self.bench.call(service, operation, parameters)

    def subscribe(self, address: str, *, confirmed: bool = True) -> None:
        made = self.call(
            "sns", "Subscribe", TopicArn=TOPIC, Protocol="email", Endpoint=address, ReturnSubscriptionArn=True
        )
        if confirmed:
            confirm_for(self.bench.service, made["SubscriptionArn"], reason="a mailbox of the tests")

    def put_record(self, stream: str = "s") -> None:
        names = self.call("logs", "DescribeLogStreams", logGroupName=GROUP)["logStreams"]
        if not names:
            self.call("logs", "CreateLogStream", logGroupName=GROUP, logStreamName=stream)
        event = {"timestamp": self.bench.service.now_ms() - 50_000, "message": json.dumps(RECORD)}
        self.call("logs", "PutLogEvents", logGroupName=GROUP, logStreamName=stream, logEvents=[event])

    def rule(self, name: str = ROOT) -> Rule:
        return self.bench.service.part(RuleCatalogue).on(self.bench.service.now().date()).entry(name).rule

    def switch_on(self, name: str = ROOT, topic: str = TOPIC) -> None:
        rule = self.rule(name)
        with self.bench.service.store.read() as store:
            found = find_switched(store, SCOPE, rule, GROUP)
        for call in calls_on(rule, found, group=GROUP, topic=topic, clauses={}, at=self.bench.service.now().date()):
            self.bench.call(call.service, call.operation, call.parameters)

    def alarm(self, **changes: Any) -> None:
        found = self.call("cloudwatch", "DescribeAlarms", AlarmNames=[ROOT])["MetricAlarms"][0]
        kept = ("AlarmName", "MetricName", "Namespace", "Statistic", "Period", "EvaluationPeriods", "Threshold",
                "ComparisonOperator", "TreatMissingData", "AlarmActions")  # fmt: skip
        self.call("cloudwatch", "PutMetricAlarm", **{**{name: found[name] for name in kept}, **changes})

    def filter(self, name: str, pattern: str, **more: Any) -> None:
        transformation = {
            "metricName": "CisRootUserUsedCount",
            "metricNamespace": "CloudTrailMetrics",
            "metricValue": "1",
            **more,
        }
        self.call(
            "logs",
            "PutMetricFilter",
            logGroupName=GROUP,
            filterName=name,
            filterPattern=pattern,
            metricTransformations=[transformation],
        )

    def trail(self, **changes: Any) -> None:
        """Put a trail that delivers to the group, as CreateTrail and StartLogging would."""
        settings = {
            "name": "main", "home": SCOPE, "s3_bucket_name": "b", "is_multi_region": True, "is_logging": True,
            "log_group_arn": f"arn:aws:logs:us-east-1:111122223333:log-group:{GROUP}:*",
        }  # fmt: skip
        made = Trail(**{**settings, **changes})
        self.bench.service.store.write(lambda store: TRAILS.put(store, SCOPE, "main", made))

    def report(self, standard: str = "cis-6.0") -> CoverageReport:
        return coverage_of(self.bench.service, SCOPE, standards().find(standard), version="1")

    def control(self, name: str = "5.3", standard: str = "cis-6.0") -> CoverageControl:
        return next(one for one in self.report(standard).controls if one.control == name)

    def why_not(self) -> tuple[str, str]:
        chain = self.control().rows[0].chain
        assert chain.reaches is not bool(chain.breaks_at)
        return chain.breaks_at, chain.why_not


@pytest.fixture
def account() -> Account:
    return Account()


def test_a_chain_without_a_gap_reaches_a_person(account: Account) -> None:
    report = account.report()
    assert (report.reached, report.of, report.partial) == (1, 15, 0)
    control = account.control()
    assert control.reached
    (row,) = control.rows
    assert (row.rule, row.title, row.severity) == (ROOT, "Root user used", "high")
    chain = row.chain
    assert (chain.log_group, chain.filter, chain.fit, chain.alarm) == (GROUP, ROOT, "text", ROOT)
    assert chain.condition == "Sum of CisRootUserUsedCount is at least 1 in 5 minutes"
    assert [(one.endpoint, one.topic) for one in chain.people] == [("security@example.com", TOPIC)]
    assert (chain.breaks_at, chain.why_not) == ("", "")


def test_nothing_at_all_is_said_as_nothing() -> None:
    report = coverage_of(ConsoleBench().service, SCOPE, standards().find("cis-6.0"), version="1")
    assert (report.reached, report.of) == (0, 15)
    assert {row.chain.why_not for one in report.controls for row in one.rows} == {"no filter counts these records"}
    assert report.log_groups == []


def test_records_that_never_arrived_break_it() -> None:
    assert Account(arrives=False).why_not() == ("records", f"nothing has ever arrived in {GROUP}")


def test_records_from_elsewhere_have_to_be_fresh(account: Account) -> None:
    assert account.report().log_groups[0].is_from_elsewhere
    account.bench.clock.advance(86_400)
    assert account.why_not() == ("records", f"nothing has come into {GROUP} for a day")


def test_what_a_trail_left_behind_is_no_sign_of_life() -> None:
    account = Account(arrives=False)
    account.put_record("111122223333_CloudTrail_us-east-1")
    assert account.why_not() == ("", "")
    account.bench.clock.advance(900)
    assert account.why_not() == ("records", f"the trail that wrote into {GROUP} is gone")


WRITES = b'{"EventSelectors": [{"ReadWriteType": "WriteOnly"}]}'


@pytest.mark.parametrize(
    ("changes", "why_not"),
    [
        ({}, ""),
        ({"is_logging": False}, "trail main is stopped"),
        ({"is_multi_region": False}, "trail main logs us-east-1 alone"),
        ({"include_global_service_events": False}, "trail main leaves out global services"),
        ({"selectors": WRITES}, "of the management events trail main leaves out reads"),
    ],
)
def test_a_trail_has_to_log_everything_everywhere(account: Account, changes: dict[str, Any], why_not: str) -> None:
    account.trail(**changes)
    assert account.why_not() == (("records" if why_not else ""), why_not)
    (feed,) = account.report().log_groups
    assert not feed.is_from_elsewhere
    assert feed.trails[0].why_not == why_not


def test_a_trail_whose_last_delivery_failed_breaks_it(account: Account) -> None:
    account.trail()
    failed = TrailStatus(logs=Destination(attempted_at=1, error="The log group is gone"))
    account.bench.service.store.write(lambda store: STATUSES.put(store, SCOPE, "main\0us-east-1", failed))
    assert account.why_not() == ("records", "the last delivery of trail main failed: The log group is gone")


def test_a_trail_of_another_group_does_not_feed_this_one(account: Account) -> None:
    account.trail(log_group_arn="arn:aws:logs:us-east-1:111122223333:log-group:other:*")
    assert account.report().log_groups[0].trails == ()
    assert account.why_not() == ("", "")


def test_a_narrower_filter_tells_of_a_part_and_does_not_count(account: Account) -> None:
    account.call("logs", "DeleteMetricFilter", logGroupName=GROUP, filterName=ROOT)
    account.filter("tuned", PATTERN.replace("}", ' && $.eventName != "ListBuckets"}'))
    breaks_at, why_not = account.why_not()
    assert breaks_at == "filter"
    assert "narrower" in why_not
    chain = account.control().rows[0].chain
    assert FilterPattern.parse(PATTERN).matches(chain.missed)
    assert not FilterPattern.parse(chain.pattern).matches(chain.missed)
    report = account.report()
    assert (report.reached, report.partial) == (0, 1)
    account.alarm(AlarmActions=[])
    assert account.why_not()[1].endswith("; and it has no action for ALARM")
    assert account.report().partial == 0


def test_a_wider_filter_does_not_count(account: Account) -> None:
    account.call("logs", "DeleteMetricFilter", logGroupName=GROUP, filterName=ROOT)
    account.filter("wide", '{ $.userIdentity.type = "Root" }')
    assert account.why_not()[1].startswith("the filter is wider")
    assert account.control().rows[0].chain.extra
    assert account.report().partial == 0


def test_other_ways_are_told_behind_the_best(account: Account) -> None:
    account.filter("again", PATTERN, metricName="Other")
    row = account.control().rows[0]
    assert row.reached
    assert [(one.filter, one.breaks_at) for one in row.others] == [("again", "alarm")]


@pytest.mark.parametrize(
    ("changes", "breaks_at", "why_not"),
    [
        ({"Threshold": 5.0}, "alarm", "the alarm may stay quiet: it takes 5 records in 5 minutes"),
        ({"TreatMissingData": "ignore"}, "alarm", "the alarm may stay quiet: once it rings it stays in ALARM, so that it never rings again"),
        ({"AlarmActions": []}, "people", "it has no action for ALARM"),
        ({"ActionsEnabled": False}, "people", "its actions are disabled"),
        ({"MetricName": "Other"}, "alarm", "no alarm looks at CloudTrailMetrics/CisRootUserUsedCount"),
    ],
)  # fmt: skip
def test_the_alarm_has_to_ring_and_to_tell(
    account: Account, changes: dict[str, Any], breaks_at: str, why_not: str
) -> None:
    account.alarm(**changes)
    assert account.why_not() == (breaks_at, why_not)


def test_a_filter_with_dimensions_is_seen_by_no_alarm(account: Account) -> None:
    account.filter(ROOT, PATTERN, dimensions={"who": "$.userIdentity.arn"})
    assert account.why_not()[0] == "alarm"


def test_a_pending_person_is_nobody() -> None:
    account = Account()
    for one in account.call("sns", "ListSubscriptions")["Subscriptions"]:
        account.call("sns", "Unsubscribe", SubscriptionArn=one["SubscriptionArn"])
    account.subscribe("oncall@example.com", confirmed=False)
    assert account.why_not() == ("people", "nobody has confirmed a subscription to sec-alerts")
    assert [one.endpoint for one in account.control().rows[0].chain.pending] == ["oncall@example.com"]


def test_the_last_proof_is_the_last_ring_that_somebody_took(account: Account) -> None:
    assert account.control().rows[0].proof is None
    evaluator = account.bench.service.part(Evaluator)
    evaluator.run()
    account.put_record()
    account.bench.clock.advance(60)
    evaluator.run()
    assert account.control().rows[0].proof is None  # it waits
    service = account.bench.service
    with service.store.read() as store:
        (row,) = (one for one in store.outbox.deliveries(limit=10) if "@" in one.cause)
    attempt = DeliveryAttempt(number=1, at=service.now_ms() + 2_000, took=5, outcome=Delivered("250 queued"))
    done = msgspec.structs.replace(row, status=DeliveryStatus.DELIVERED, attempts=1)
    service.store.write(lambda store: store.outbox.record(done, attempt))
    proof = account.control().rows[0].proof
    assert proof is not None
    assert (proof.by, proof.taken_at[-4:]) == ("security@example.com", ":22Z")
    assert proof.rang_at < proof.taken_at
    account.call("cloudwatch", "DeleteAlarms", AlarmNames=[ROOT])
    assert account.control().rows[0].proof is None


def test_the_document_is_what_its_digest_says(account: Account) -> None:
    documents = account.bench.service.part(CoverageDocuments)
    made = documents.keep(account.report())
    assert hashlib.sha256(made.body).hexdigest() == made.digest
    assert documents.get(made.digest) is made
    told = json.loads(made.body)
    assert (told["command"], told["at"], told["reached"]) == ("coverage", "2026-03-14T03:14:20Z", 1)
    assert documents.keep(account.report()).digest == made.digest
    for number in range(2, 22):
        documents.keep(msgspec.structs.replace(made.report, tocsin=str(number)))
    assert documents.get(made.digest) is None


# ---------------------------------------------------------------- standards


@pytest.mark.parametrize(
    ("standard", "controls", "first"),
    [
        ("cis-1.2", 14, "3.1"),
        ("cis-1.4", 15, "4.1"),
        ("cis-5.0", 15, "4.1"),
        ("cis-7.0", 15, "5.1"),
        ("security-hub", 14, "CloudWatch.1"),
    ],
)
def test_a_standard_has_its_controls_in_order(account: Account, standard: str, controls: int, first: str) -> None:
    found = account.report(standard).controls
    assert (len(found), found[0].control) == (controls, first)
    numbers = [[int(part) for part in one.control.split(".") if part.isdigit()] for one in found]
    assert numbers == sorted(numbers)
    assert all(len(one.rows) == 1 and one.rows[0].rule.startswith("cis/") for one in found)


def test_a_rule_may_answer_a_second_control(account: Account) -> None:
    assert account.control("4.3", "cis-5.0").also == ["1.7"]


def test_a_technique_is_reached_where_one_of_its_rules_is(account: Account) -> None:
    control = account.control("T1078.004", "attack-18")
    assert [(row.rule, row.reached) for row in control.rows] == [
        ("cis/console-sign-in-without-mfa", False),
        (ROOT, True),
    ]
    assert control.reached


def test_a_technique_that_was_renamed_has_its_new_name(account: Account) -> None:
    old, new = ({one.control for one in account.report(name).controls} for name in ("attack-18", "attack-19"))
    assert "T1562.008" in old - new
    assert "T1685.002" in new - old
    assert "T1110" in old & new


def test_what_no_filter_can_answer_and_what_the_text_lacks_is_said(account: Account) -> None:
    report = account.report("cis-5.0")
    assert [one.control for one in report.outside] == ["4.16"]
    notes = {one.control: one.rows[0].note for one in report.controls}
    assert "ModifySecurityGroupRules" in notes["4.10"]
    assert notes["4.9"] == ""


def test_every_note_is_about_a_rule_and_standards_that_there_are(account: Account) -> None:
    table = standards()
    known = {one.id for one in table.standards}
    names = {
        rule.name for rule in account.bench.service.part(RuleCatalogue).on(account.bench.service.now().date()).rules
    }
    assert all(one.rule in names and known.issuperset(one.standards) for one in table.notes)
    assert all(known.issuperset(one.standards) for one in table.outside)
    with pytest.raises(NotFoundError):
        table.find("cis-9")


def test_a_rule_without_a_filter_answers_nothing(account: Account) -> None:
    rule = Rule(id="x", name="x", references={"attack": ["T1"]}, composite={"AlarmRule": "ALARM(a)"})
    assert controls_of(standards().find("attack-18"), [rule]) == []
