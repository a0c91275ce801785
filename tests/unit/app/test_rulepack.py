import io
import json
import os
from datetime import date

import pytest

from tocsin.app.pack import load_rules, pack_names
from tocsin.app.rulepack import load_chain, read_sources, shared_clauses
from tocsin.core.finding import Severity
from tocsin.core.rule import Rule
from tocsin.errors import NotFoundError, RuleFileError

FILTER = "filter: {filterPattern: '{ $.a = %s }', metricTransformations: [{metricName: A, metricNamespace: B, metricValue: '1'}]}\n"


def text(ident, value="1", more=""):
    return f"id: {ident}\n{FILTER % value}{more}"


@pytest.fixture
def packs(tmp_path):
    folder = tmp_path / "packs"
    for pack, ident in (("first", "one"), ("first", "two"), ("second", "one")):
        path = folder / pack / f"{ident}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text(ident), encoding="utf-8")
    (folder / "empty").mkdir()
    (folder / "clauses.yaml").write_text("- {name: not-it, clause: '($.b NOT EXISTS)'}\n", encoding="utf-8")
    return folder


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "mine"
    place.mkdir()
    return place


def put(folder, name, content):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return str(path)


def names(rules):
    return [rule.name for rule in rules]


def refused(*sources, **options):
    with pytest.raises(RuleFileError) as failure:
        load_rules(*sources, **options)
    assert all(one.severity is Severity.ERROR for one in failure.value.findings)
    return [(one.path.rpartition(os.sep)[2], one.line, one.name) for one in failure.value.findings]


# ---------------------------------------------------------------- what a SOURCE can be


def test_a_pack_is_told_by_its_name(packs):
    assert pack_names(packs) == ["first", "second"]
    rules = load_rules("first", packs_dir=packs)
    assert names(rules) == ["first/one", "first/two"]
    assert {rule.pack for rule in rules} == {"first"}


def test_findings_about_a_pack_call_its_files_by_pack_and_id(packs):
    put(packs, "second/two.yaml", text("two", more="titel: x\n"))
    (only,) = read_sources(["second"], packs_dir=packs).findings
    assert (only.path, only.line, only.rule) == ("second/two.yaml", 3, "second/two")


def test_the_name_of_a_pack_wins_over_a_path_of_that_name(packs, folder, monkeypatch):
    put(folder, "first/other.yaml", text("other"))
    monkeypatch.chdir(folder)
    assert names(load_rules("first", packs_dir=packs)) == ["first/one", "first/two"]
    assert names(load_rules("./first", packs_dir=packs)) == ["other"]


def test_a_file_is_a_source(packs, folder):
    assert names(load_rules(put(folder, "r.yaml", text("mine")), packs_dir=packs)) == ["mine"]


def test_a_file_is_told_by_its_content_whatever_its_name(packs, folder):
    source = put(
        folder,
        "filters.txt",
        '{"metricFilters": [{"filterName": "F", "filterPattern": "", "metricTransformations": [{"metricName": "A", "metricNamespace": "B", "metricValue": "1"}]}]}',
    )
    assert names(load_rules(source, packs_dir=packs)) == ["F"]


def test_a_folder_is_its_rule_files_in_the_order_of_their_names(packs, folder):
    for name, ident in (
        ("b.yml", "b"),
        ("a.yaml", "a"),
        ("sub/c.json", "c"),
        (".hidden.yaml", "h"),
        (".git/x.yaml", "x"),
    ):
        put(
            folder,
            name,
            text(ident) if not name.endswith("json") else '{"id": "c", "composite": {"AlarmRule": "ALARM(a)"}}',
        )
    put(folder, "README.md", "no rule")
    assert names(load_rules(str(folder), packs_dir=packs)) == ["a", "b", "c"]


def test_folders_that_link_in_a_circle_are_read_once(packs, folder):
    put(folder, "sub/a.yaml", text("a"))
    (folder / "sub" / "again").symlink_to(folder)
    assert names(load_rules(str(folder), packs_dir=packs)) == ["a"]


def test_standard_input_is_a_source(packs):
    result = read_sources(["-"], packs_dir=packs, stdin=io.BytesIO(text("piped").encode()))
    assert names(result.rules) == ["piped"]
    assert result.entries[0].places.path == "-"
    assert result.files["-"][0].file is None


def test_a_rule_stands_for_itself(packs):
    rule = Rule(id="mine", name="mine")
    assert load_rules(rule, "second", rule, packs_dir=packs) == [rule, *load_rules("second", packs_dir=packs)]


def test_no_source_is_no_rule(packs):
    assert load_rules(packs_dir=packs) == []


def test_exclusions_count_for_the_day_that_is_given(packs, folder):
    more = "except: [{name: n, reason: r, when: '{ $.c = 1 }', expires: 2027-01-31}]\n"
    source = put(folder, "r.yaml", text("mine", more=more))
    patterns = [load_rules(source, packs_dir=packs, at=at)[0].effective_pattern for at in (None, date(2027, 1, 31))]
    assert patterns == ["{ $.a = 1 && ($.c NOT EXISTS || $.c IS NULL || $.c != 1) }", "{ $.a = 1 }"]


def test_shared_clauses_come_with_the_packs(packs, folder):
    assert shared_clauses(packs) == {"not-it": "($.b NOT EXISTS)"}
    source = put(folder, "r.yaml", text("mine", more="except: [{name: n, reason: r, use: not-it}]\n"))
    assert load_rules(source, packs_dir=packs)[0].effective_pattern == "{ $.a = 1 && $.b NOT EXISTS }"


def test_without_a_file_of_clauses_there_are_none(packs):
    (packs / "clauses.yaml").unlink()
    assert shared_clauses(packs) == {}


# ---------------------------------------------------------------- what is refused


def test_a_source_that_does_not_exist_is_not_found(packs):
    with pytest.raises(NotFoundError) as failure:
        load_rules("frist", packs_dir=packs)
    assert failure.value.message == "there is no pack, file or folder 'frist'"
    assert failure.value.hint == "did you mean 'first'?"


def test_a_name_with_a_nul_is_not_found(packs):
    with pytest.raises(NotFoundError):
        load_rules("a\0b", packs_dir=packs)


def test_every_error_of_every_source_is_held_at_once_in_the_order_of_places(packs, folder):
    put(folder, "b.yaml", text("b", more="titel: x\nwhi: y\n"))
    put(folder, "a.yaml", "id: [")
    put(folder, "c.yaml", text("c", more="params: {UNUSED: x}\n"))
    assert refused(str(folder), packs_dir=packs) == [
        ("a.yaml", 1, "yaml-syntax"),
        ("b.yaml", 3, "unknown-key"),
        ("b.yaml", 4, "unknown-key"),
    ]


def test_the_message_of_the_error_is_the_first_finding_and_how_many_follow(packs, folder):
    source = put(folder, "b.yaml", text("b", more="titel: x\nwhi: y\n"))
    with pytest.raises(RuleFileError) as failure:
        load_rules(source, packs_dir=packs)
    assert str(failure.value) == f"{source}:3:1: error unknown-key: there is no key 'titel' (and 1 more)"


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("'{ $.a == 1 }'", "syntax"),
        ("'{ $.a = x:y }'", "special-character"),
        ("'{ eventName = x }'", "missing-dollar"),
        ("'[a, b = 1 && c = 2]'", "undeclared-column"),
        (f"'{'x' * 1025}'", "too-many"),
    ],
)
def test_a_pattern_that_aws_refuses_is_an_error_with_the_name_of_its_lint(packs, folder, pattern, name):
    source = put(folder, "r.yaml", text("mine").replace("'{ $.a = 1 }'", pattern))
    assert refused(source, packs_dir=packs) == [("r.yaml", 2, name)]


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("metricValue: '1'", "metricValue: length", "metric-value"),
        ("metricValue: '1'", "metricValue: '1', defaultValue: 0, dimensions: {a: $.a}", "dimensions-with-default"),
        ("metricValue: '1'", "metricValue: '1', dimensions: {a: constant}", "dimension-constant"),
        (
            "'{ $.a = 1 }', metricTransformations: [{",
            "x, metricTransformations: [{dimensions: {a: $.a}, ",
            "dimensions-on-text",
        ),
    ],
)
def test_a_transformation_that_aws_refuses_is_an_error_too(packs, folder, old, new, name):
    source = put(folder, "r.yaml", text("mine").replace(old, new))
    assert refused(source, packs_dir=packs) == [("r.yaml", 2, name)]


def test_the_place_of_a_refusal_is_exact(packs, folder):
    source = put(folder, "r.yaml", text("mine", value="<WHO> && $.b = x:y") + "params: {WHO: somebody-long}\n")
    with pytest.raises(RuleFileError) as failure:
        load_rules(source, packs_dir=packs)
    (only,) = failure.value.findings
    line = (folder / "r.yaml").read_text(encoding="utf-8").splitlines()[only.line - 1]
    assert line[only.column - 1] == ":"


def test_two_rules_of_one_name_are_an_error_and_the_same_rule_twice_counts_once(packs, folder):
    first = put(folder, "a.yaml", text("mine"))
    same = put(folder, "b.yaml", f"# again\n{text('mine')}")
    other = put(folder, "c.yaml", text("mine", value="2"))
    assert names(load_rules(first, same, first, packs_dir=packs)) == ["mine"]
    assert refused(first, other, packs_dir=packs) == [("c.yaml", 1, "duplicate-rule")]
    (only,) = read_sources([first, other], packs_dir=packs).findings
    assert only.message == f"another rule is called 'mine' ({first}:1)"
    assert (only.line, only.column) == (1, 5)


def test_a_given_rule_and_a_file_of_one_name_are_an_error(packs, folder):
    source = put(folder, "a.yaml", text("mine"))
    assert refused(Rule(id="mine", name="mine"), source, packs_dir=packs) == [("a.yaml", 1, "duplicate-rule")]
    assert refused(source, Rule(id="mine", name="mine"), packs_dir=packs) == [("a.yaml", 1, "duplicate-rule")]
    other = Rule(id="mine", name="mine", title="x")
    assert refused(Rule(id="mine", name="mine"), other, packs_dir=packs) == [("mine", 1, "duplicate-rule")]


def test_rules_of_one_id_in_two_packs_are_two_rules(packs):
    assert names(load_rules("first", "second", packs_dir=packs)) == ["first/one", "first/two", "second/one"]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("r.yaml", b"id: \xff", "encoding"),
        ("r.yaml", b"#" * (1024 * 1024 + 1), "too-large"),
        ("r.json", b" " * (16 * 1024 * 1024 + 1), "too-large"),
        ("r.json", b"id: mine", "json-syntax"),
        ("r.toml", b"a = 1", "not-rules"),
        ("r.yaml", b"# nothing", "no-rule"),
        ("r.json", b'{"MetricAlarms": []}', "no-rule"),
        ("r.json", b'{"metricFilters": []}', "no-rule"),
    ],
)
def test_a_file_without_rules_says_what_it_is(packs, folder, name, content, expected):
    path = folder / name
    path.write_bytes(content)
    assert refused(str(path), packs_dir=packs) == [(name, 1, expected)]


def test_a_listing_may_be_larger_than_a_rule_file(packs, folder):
    one = '{"filterName": "F", "filterPattern": "x", "metricTransformations": [{"metricName": "A", "metricNamespace": "B", "metricValue": "1"}]}'
    path = folder / "filters"
    path.write_text(f'{{"metricFilters": [{one}]{" " * (1024 * 1024)}}}', encoding="utf-8")
    assert names(load_rules(str(path), packs_dir=packs)) == ["F"]


def test_an_empty_folder_holds_no_rule(packs, folder):
    (only,) = read_sources([str(folder)], packs_dir=packs).findings
    assert (only.name, only.severity) == ("no-rule", Severity.WARNING)
    assert refused(str(folder), packs_dir=packs) == [("mine", 1, "no-rule")]


def test_the_number_of_files_in_a_folder_is_bounded(packs, folder):
    for ident in ("a", "b", "c"):
        put(folder, f"{ident}.yaml", text(ident))
    assert read_sources([str(folder)], packs_dir=packs, max_files=3).findings == []
    (only,) = read_sources([str(folder)], packs_dir=packs, max_files=2).findings
    assert (only.name, only.message) == ("too-large", "more than 2 rule files in this folder")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_an_error(packs, folder):
    put(folder, "closed/a.yaml", text("a"))
    (folder / "closed").chmod(0)
    put(folder, "b.yaml", text("b"))
    (folder / "b.yaml").chmod(0)
    try:
        assert [name for _, _, name in refused(str(folder), packs_dir=packs)] == ["unreadable", "unreadable"]
    finally:
        (folder / "closed").chmod(0o700)


def test_a_link_that_leads_nowhere_in_a_folder_is_passed_over_and_named_it_is_not_found(packs, folder):
    (folder / "gone.yaml").symlink_to(folder / "nothing")
    put(folder, "a.yaml", text("a"))
    assert names(load_rules(str(folder), packs_dir=packs)) == ["a"]
    with pytest.raises(NotFoundError):
        load_rules(str(folder / "gone.yaml"), packs_dir=packs)


def test_a_rule_file_of_a_pack_is_marked_as_shipped_by_either_way(packs, folder):
    own = put(folder, "a.yaml", text("a"))
    files = read_sources(["first", str(packs / "second" / "one.yaml"), own], packs_dir=packs).files
    assert [file.shipped for found in files.values() for file in found] == [True, True, True, False]


# ---------------------------------------------------------------- the chain


def test_a_chain_is_rules_subscriptions_and_mute_rules(tmp_path):
    topic = "arn:aws:sns:us-east-1:111122223333:t"
    row = {"SubscriptionArn": f"{topic}:1", "Protocol": "email", "Endpoint": "security@example.com", "TopicArn": topic}
    listing = tmp_path / "subscriptions.json"
    listing.write_text(json.dumps({"Subscriptions": [row]}))
    chain = load_chain("article", str(listing))
    assert len(chain.rules) == 6
    assert [one.endpoint for one in chain.subscriptions] == ["security@example.com"]
    assert load_chain("article").subscriptions is None  # nobody said who is subscribed


def test_a_filter_and_an_alarm_of_an_account_may_share_a_name(tmp_path):
    filters = {
        "metricFilters": [
            {
                "filterName": "same",
                "filterPattern": "{ $.a = 1 }",
                "metricTransformations": [{"metricName": "M", "metricNamespace": "N", "metricValue": "1"}],
            }
        ]
    }
    alarms = {
        "MetricAlarms": [
            {
                "AlarmName": "same",
                "MetricName": "M",
                "Namespace": "N",
                "Statistic": "Sum",
                "Period": 60,
                "EvaluationPeriods": 1,
                "Threshold": 1,
                "ComparisonOperator": "GreaterThanThreshold",
            }
        ]
    }
    (tmp_path / "f.json").write_text(json.dumps(filters))
    (tmp_path / "a.json").write_text(json.dumps(alarms))
    rules = load_rules(str(tmp_path / "f.json"), str(tmp_path / "a.json"))
    assert [(rule.name, rule.alarm is not None) for rule in rules] == [("same", False), ("same", True)]
