import pytest

from tocsin.core.rule import RULE_ID, Rule, RuleSeverity, find_rule, parse_offset
from tocsin.errors import NotFoundError


def rule(ident, *, pack=None, tocsin=()):
    name = ident if pack is None else f"{pack}/{ident}"
    return Rule(id=ident, name=name, pack=pack, references={"tocsin": list(tocsin)} if tocsin else {})


RULES = [
    rule("root-user-used", pack="cis", tocsin=["cis/cloudwatch-1"]),
    rule("security-group-changes", pack="cis", tocsin=["cis/cloudwatch-10"]),
    rule("security-group-changes", pack="article", tocsin=["article/security-group-changes"]),
    rule("selectors-basic", pack="baseline", tocsin=["baseline/a01"]),
    rule("selectors-advanced", pack="baseline", tocsin=["baseline/a01"]),
    rule("mine"),
]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cis/root-user-used", "cis/root-user-used"),
        ("cis/cloudwatch-1", "cis/root-user-used"),
        ("root-user-used", "cis/root-user-used"),
        ("mine", "mine"),
        ("article/security-group-changes", "article/security-group-changes"),
    ],
)
def test_a_rule_is_found_by_full_name_by_catalogue_id_and_by_an_id_of_its_own(name, expected):
    assert find_rule(RULES, name).name == expected


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("cis/root-user-use", "there is no rule 'cis/root-user-use'", "did you mean 'cis/root-user-used'?"),
        ("root-user-use", "there is no rule 'root-user-use'", "did you mean 'cis/root-user-used'?"),
        ("rot-usr-used", "there is no rule 'rot-usr-used'", "did you mean 'cis/root-user-used'?"),
        ("zebra", "there is no rule 'zebra'", ""),
        (
            "security-group-changes",
            "'security-group-changes' fits several rules: cis/security-group-changes, article/security-group-changes",
            "give the full name",
        ),
        (
            "baseline/a01",
            "'baseline/a01' fits several rules: baseline/selectors-basic, baseline/selectors-advanced",
            "give the full name",
        ),
    ],
)
def test_a_name_that_is_not_one_rule_is_not_found(name, message, hint):
    with pytest.raises(NotFoundError) as failure:
        find_rule(RULES, name)
    assert (failure.value.message, failure.value.hint) == (message, hint)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0m", 0),
        ("30s", 30),
        ("17m", 1020),
        ("2h", 7200),
        ("1d", 86_400),
        ("", None),
        ("5", None),
        ("1.5m", None),
        ("-1m", None),
        ("1w", None),
        ("1m ", None),
        ("1m\n", None),
        ("1000000000s", None),
        ("١m", None),
    ],
)
def test_offsets_are_whole_numbers_with_a_unit(text, seconds):
    assert parse_offset(text) == seconds


@pytest.mark.parametrize(
    ("ident", "fits"),
    [("stop-logging", True), ("a1", True), ("Stop", False), ("a--b", False), ("-a", False), ("a-", False), ("", False)],
)
def test_an_id_is_words_of_lower_case_letters_and_digits(ident, fits):
    assert (RULE_ID.match(ident) is not None) is fits


def test_a_rule_without_more_than_a_name_is_of_medium_severity():
    assert rule("mine").severity is RuleSeverity.MEDIUM
