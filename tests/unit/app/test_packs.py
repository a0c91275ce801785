"""The packs that ship: their texts, their shape, their tests, and what they match in real records."""

import gzip
import json
import re
from datetime import date

import pytest

from tocsin.app.check import check
from tocsin.app.pack import PACKS_DIR, load_rules, pack_names
from tocsin.app.rulepack import shared_clauses
from tocsin.core.event import Event
from tocsin.core.exclusion import compile_exclusions
from tocsin.core.pattern import FilterPattern
from tocsin.core.rule import Exclusion, RuleSeverity, find_rule
from tocsin.core.template import lay_over

RULES = load_rules(*pack_names())
NAMES = [rule.name for rule in RULES]

# The number of matching records in the shared archive, as the catalogue states it (detections.md, `hits`).
HITS = {
    "article/console-signin-failures": 3,
    "article/delete-trail": 4,
    "article/iam-policy-changes": 31,
    "article/security-group-changes": 12,
    "article/stop-logging": 3,
    "article/update-trail": 1,
    "cis/aws-config-changes": 4,
    "cis/cloudtrail-configuration-changes": 17,
    "cis/console-sign-in-failures": 3,
    "cis/console-sign-in-without-mfa": 5,
    "cis/iam-policy-changes": 31,
    "cis/kms-key-disabled-or-scheduled-for-deletion": 3,
    "cis/network-acl-changes": 0,
    "cis/network-gateway-changes": 15,
    "cis/organizations-changes": 2,
    "cis/root-user-used": 10,
    "cis/route-table-changes": 40,
    "cis/s3-bucket-policy-changes": 7,
    "cis/security-group-changes": 12,
    "cis/unauthorized-api-calls": 197,
    "cis/vpc-changes": 16,
}


def rule_of(name):
    return RULES[NAMES.index(name)]


@pytest.fixture(params=NAMES)
def rule(request):
    return rule_of(request.param)


def matches(rule, record):
    return FilterPattern.parse(rule.effective_pattern).matches(json.dumps(record))


# ---------------------------------------------------------------- shape


def test_the_packs_are_those_of_the_catalogue():
    assert pack_names() == ["article", "cis"]
    assert set(NAMES) == set(HITS)


def test_a_check_of_what_ships_finds_nothing():
    result = check(pack_names(), at=date(2027, 1, 4))
    assert result.findings == ()
    assert len(result.rules) == len(RULES)


def test_a_rule_stands_in_a_file_of_its_own_name(rule):
    assert (PACKS_DIR / rule.pack / f"{rule.id}.yaml").is_file()


def test_a_rule_says_what_it_is_why_it_matters_and_what_to_do(rule):
    assert rule.title
    assert rule.why.endswith(".")
    assert rule.false_positives
    assert rule.references["attack"]
    assert rule.references["tocsin"]
    steps = rule.runbook.rstrip("\n").split("\n")
    assert len(steps) >= 3
    assert [step.partition(". ")[0] for step in steps] == [str(number + 1) for number in range(len(steps))]


def test_the_patterns_of_a_runbook_are_patterns(rule):
    for pattern in re.findall(r"tocsin grep '([^']*)'", rule.runbook):
        FilterPattern.parse(pattern)


def test_a_rule_publishes_the_metric_that_its_alarm_watches(rule):
    assert rule.filter is not None
    (transformation,) = rule.filter.metric_transformations
    assert (transformation.metric_namespace, transformation.metric_value) == ("CloudTrailMetrics", "1")
    assert transformation.default_value is None
    assert transformation.dimensions is None
    assert rule.alarm is not None
    assert "MetricName" not in rule.alarm


def test_metrics_are_named_after_pack_and_rule(rule):
    words = "".join(word.capitalize() for word in rule.id.split("-"))
    expected = f"{words}Count" if rule.pack == "article" else f"{rule.pack.capitalize()}{words}Count"
    if rule.name == "article/console-signin-failures":
        expected = "ConsoleSigninFailureCount"  # the name that IF-4 gives
    assert rule.filter.metric_transformations[0].metric_name == expected


def test_no_two_rules_feed_one_metric():
    names = [rule.filter.metric_transformations[0].metric_name for rule in RULES]
    assert len(set(names)) == len(names)


def test_alarms_are_one_point_of_one_and_quiet_without_data(rule):
    period = 60 if rule.id in ("stop-logging", "delete-trail", "update-trail") else 300
    assert rule.alarm == {
        "Statistic": "Sum",
        "Period": period,
        "EvaluationPeriods": 1,
        "Threshold": 3 if rule.name == "article/console-signin-failures" else 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "notBreaching",
    }


@pytest.mark.parametrize(
    ("name", "severity", "cis", "securityhub", "attack_v19"),
    [
        ("article/stop-logging", RuleSeverity.CRITICAL, None, None, ["T1685.002"]),
        ("article/console-signin-failures", RuleSeverity.MEDIUM, ["3.6", "4.6", "5.6"], ["CloudWatch.6"], None),
        ("cis/root-user-used", RuleSeverity.HIGH, ["3.3, 1.1", "4.3, 1.7", "5.3"], ["CloudWatch.1"], None),
        ("cis/unauthorized-api-calls", RuleSeverity.LOW, ["3.1", "4.1", "5.1"], ["CloudWatch.2"], None),
        ("cis/vpc-changes", RuleSeverity.MEDIUM, ["3.14", "4.14", "5.14"], ["CloudWatch.14"], ["T1686.001"]),
        ("cis/organizations-changes", RuleSeverity.HIGH, ["-", "4.15", "5.15"], None, None),
    ],
)
def test_references_stand_by_position(name, severity, cis, securityhub, attack_v19):
    rule = rule_of(name)
    assert rule.severity is severity
    assert rule.references.get("cis") == cis
    assert rule.references.get("securityhub") == securityhub
    assert rule.references.get("attack_v19") == attack_v19


@pytest.mark.parametrize(
    ("ident", "name"),
    [
        ("cis/cloudwatch-4", "cis/iam-policy-changes"),
        ("cis/cloudwatch-14", "cis/vpc-changes"),
        ("cis/organizations", "cis/organizations-changes"),
        ("article/stop-logging", "article/stop-logging"),
        ("root-user-used", "cis/root-user-used"),
    ],
)
def test_a_rule_is_reached_by_its_id_in_the_catalogue(ident, name):
    assert find_rule(RULES, ident).name == name


# ---------------------------------------------------------------- texts


def test_no_pattern_is_changed_by_exclusions_or_parameters(rule):
    assert rule.effective_pattern == rule.filter.filter_pattern
    assert len(rule.effective_pattern) <= 1024


def catalogue(shared_dir):
    """The entries of the catalogue as `(id, pattern)`, read as text: patterns count letter by letter."""
    page = (shared_dir / "spec" / "detections.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```yaml\n(id: (?:article|cis)/.*?)^```", page, re.DOTALL | re.MULTILINE)
    for block in blocks:
        (ident,) = re.findall(r"^id: (\S+)$", block, re.MULTILINE)
        (pattern,) = re.findall(r"^  - pattern: '(.*)'$", block, re.MULTILINE)
        (slug,) = re.findall(r"^slug: (\S+)$", block, re.MULTILINE)
        (hits,) = re.findall(r"^    hits: (\d+)$", block, re.MULTILINE)
        yield ident, slug, pattern.replace("''", "'"), int(hits)


def test_patterns_are_those_of_the_catalogue_letter_by_letter(shared_dir):
    entries = list(catalogue(shared_dir))
    assert len(entries) == len(RULES)
    for ident, slug, pattern, hits in entries:
        rule = find_rule(RULES, ident)
        assert (rule.id, rule.filter.filter_pattern, HITS[rule.name]) == (slug, pattern, hits)


def test_shared_clauses_are_those_of_the_catalogue(shared_dir):
    page = (shared_dir / "spec" / "detections.md").read_text(encoding="utf-8")
    stated = dict(re.findall(r"^- \{name: (\S+), forgeable: .*, clause: '(.*)'\}$", page, re.MULTILINE))
    assert shared_clauses() == stated


@pytest.mark.parametrize("name", sorted(shared_clauses()))
def test_a_shared_clause_silences_no_record_for_a_missing_field(name):
    text = shared_clauses()[name].replace("<ROLE_ARN>", "arn:aws:iam::111122223333:role/deploy")
    exclusion = Exclusion(name=name, use=name)
    result = compile_exclusions("{ $.eventName = X }", [exclusion], at=None, clauses={name: text})
    assert result.refusals == ()
    assert FilterPattern.parse(result.pattern).matches('{"eventName": "X"}')


@pytest.mark.parametrize(
    ("name", "record"),
    [
        ("not-through-a-service", {"userIdentity": {"invokedBy": "config.amazonaws.com"}}),
        ("not-a-service-identity", {"userIdentity": {"type": "AWSService"}}),
        ("not-a-service-address", {"sourceIPAddress": "config.amazonaws.com"}),
        (
            "not-a-service-linked-role",
            {
                "userIdentity": {
                    "sessionContext": {
                        "sessionIssuer": {"arn": "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/Y"}
                    }
                }
            },
        ),
        (
            "not-the-deployment-role",
            {"userIdentity": {"sessionContext": {"sessionIssuer": {"arn": "arn:aws:iam::111122223333:role/deploy"}}}},
        ),
        ("not-aws-internal", {"userAgent": "AWS Internal/3"}),
        ("only-success", {"errorCode": "AccessDenied"}),
    ],
)
def test_a_shared_clause_leaves_out_what_it_names(name, record):
    text = shared_clauses()[name].replace("<ROLE_ARN>", "arn:aws:iam::111122223333:role/deploy")
    assert not FilterPattern.parse(f"{{ {text} }}").matches(json.dumps(record))


# ---------------------------------------------------------------- tests of the rules


def test_a_rule_has_a_firing_and_a_quiet_test_of_either_kind(rule):
    assert {test.matches for test in rule.tests if test.matches is not None} == {True, False}
    states = [step for test in rule.tests for step in test.expect]
    assert any(step.get("state") == "ALARM" for step in states)
    assert any(step.get("never") == "ALARM" for step in states)


def test_the_filter_tests_of_a_rule_hold(rule):
    for test in rule.tests:
        if test.matches is not None:
            assert test.event is not None
            assert matches(rule, lay_over(test.event, test.absent)) is test.matches, test.name


def test_the_events_of_an_alarm_test_reach_the_threshold_only_where_it_rings(rule):
    for test in rule.tests:
        if not test.expect:
            continue
        rings = any(step.get("state") == "ALARM" for step in test.expect)
        most = max(
            step.get("repeat", 1) * matches(rule, lay_over(step["event"], step.get("absent", ())))
            for step in test.events
        )
        assert (most >= rule.alarm["Threshold"]) is rings, test.name


def test_the_record_of_the_template_alone_fires_nothing(rule):
    assert not matches(rule, lay_over({}))


# ---------------------------------------------------------------- real records


@pytest.fixture(scope="session")
def archived(shared_dir):
    """Every record of the shared archive as an event."""
    events = []
    for path in sorted((shared_dir / "data" / "AWSLogs").rglob("*.json.gz")):
        document = json.loads(gzip.decompress(path.read_bytes()))
        events.extend(Event(json.dumps(record)) for record in document["Records"])
    return events


def test_the_packs_match_in_the_shared_archive_what_the_catalogue_says(archived):
    assert len(archived) == 6179
    found = {}
    for rule in RULES:
        pattern = FilterPattern.parse(rule.effective_pattern)
        found[rule.name] = sum(pattern.matches_event(event) for event in archived)
    assert found == HITS


def test_the_shared_archive_proves_what_an_unsound_exclusion_loses(archived, tmp_path):
    """R-43: the numbers of the specification, by the way that they are counted."""
    names = " || ".join(re.findall(r"\(\$\.eventName=\w+\)", rule_of("article/iam-policy-changes").effective_pattern))
    lossy = f'{{ ({names}) && ($.userIdentity.invokedBy != "cloudformation.amazonaws.com") }}'
    transformation = {"metricName": "A", "metricNamespace": "B", "metricValue": "1"}
    listed = {"filterName": "iam-changes", "filterPattern": lossy, "metricTransformations": [transformation]}
    path = tmp_path / "filters.json"
    path.write_text(json.dumps({"metricFilters": [listed]}, indent=4), encoding="utf-8")

    def count(patterns):
        return [sum(FilterPattern.parse(one).matches_event(event) for event in archived) for one in patterns]

    result = check([str(path)], at=date(2027, 1, 4), archive=count, fix=True)
    assert result.findings == ()
    (only,) = result.fixed
    assert only.finding.message.endswith(
        "4,551 of 6,179 archived records have no invokedBy. The filter lost 31 of its 31 matches."
    )
    (mended,) = load_rules(str(path))
    assert count([mended.effective_pattern]) == [31]
