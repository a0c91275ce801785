import pytest

from tocsin.core.nearest import did_you_mean, nearest


@pytest.mark.parametrize(
    ("word", "known", "expected"),
    [
        ("filterPatern", ["filterPattern", "filterName"], "filterPattern"),
        ("FILTERPATTERN", ["filterPattern"], "filterPattern"),
        ("filter_pattern", ["filterPattern"], "filterPattern"),
        ("cis/root-user-use", ["cis/root-user-used", "cis/vpc-changes"], "cis/root-user-used"),
        ("ab", ["xab", "abx"], "abx"),
        ("zebra", ["filterPattern"], None),
        ("anything", [], None),
        ("x" * 300, ["x" * 299], None),
    ],
)
def test_the_nearest_word_is_found_and_no_wild_one(word, known, expected):
    assert nearest(word, known) == expected


def test_a_question_is_asked_only_when_something_is_near():
    assert did_you_mean("tests_", ["tests"]) == "did you mean 'tests'?"
    assert did_you_mean("zebra", ["tests"]) == ""
