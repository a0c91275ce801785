from tocsin.app.proof import Claim, prove
from tocsin.core.finding import Severity
from tocsin.core.lint import Observation
from tocsin.core.metric_filter import MetricFilter
from tocsin.core.rule import Rule

KEY = ("filter", "filterPattern")
PATTERN = "{ $.eventName = X && $.userIdentity.invokedBy != a && $.b != c }"
SOUND = "{ $.eventName = X && … }"


class Archive:
    """Counts that were decided beforehand, and what was asked for."""

    def __init__(self, **numbers):
        self.numbers = numbers
        self.asked = []

    def __call__(self, patterns):
        self.asked.append(list(patterns))
        return [self.numbers.get(pattern, 0) for pattern in patterns]


def claim(place, *, pattern=PATTERN, rewrite=SOUND, key=KEY, params=None, has_filter=True):
    definition = MetricFilter(filter_name="f", filter_pattern=pattern, metric_transformations=())
    rule = Rule(id="f", name="f", filter=definition if has_filter else None, params=params or {})
    return Claim(
        rule,
        Observation(
            name="neq-absent",
            severity=Severity.WARNING,
            spec="FP-13.1",
            key=key,
            position=place,
            message="m",
            rewrite=rewrite,
        ),
    )


def test_the_loss_is_counted_in_one_pass():
    archive = Archive(**{"": 6179, "{ $.userIdentity.invokedBy NOT EXISTS }": 4551, PATTERN: 0, SOUND: 31})
    first = claim(PATTERN.index("$.userIdentity"))
    assert prove([first], archive) == [
        "4,551 of 6,179 archived records have no invokedBy. The filter lost 31 of its 31 matches."
    ]
    assert archive.asked == [["", "{ $.userIdentity.invokedBy NOT EXISTS }", PATTERN, SOUND]]


def test_what_one_rewrite_mends_is_counted_with_its_first_finding():
    archive = Archive(**{"": 10, "{ $.b NOT EXISTS }": 4, PATTERN: 1, SOUND: 3})
    both = [claim(PATTERN.index("$.userIdentity")), claim(PATTERN.index("$.b"))]
    assert prove(both, archive) == [
        "0 of 10 archived records have no invokedBy. The filter lost 2 of its 3 matches.",
        "4 of 10 archived records have no b.",
    ]
    assert len(archive.asked) == 1


def test_without_a_certain_rewrite_only_the_absence_is_counted():
    archive = Archive(**{"": 10, "{ $.b NOT EXISTS }": 4})
    assert prove([claim(PATTERN.index("$.b"), rewrite=None)], archive) == ["4 of 10 archived records have no b."]


def test_parameters_are_filled_in_before_counting():
    written = "{ $.a = <LONG> && $.b != c }"
    archive = Archive(**{"": 1, "{ $.b NOT EXISTS }": 1})
    params = {"LONG": "something"}
    prove([claim(written.index("$.b"), pattern=written, rewrite="{ $.a = <LONG> }", params=params)], archive)
    assert archive.asked == [["", "{ $.b NOT EXISTS }", "{ $.a = something && $.b != c }", "{ $.a = something }"]]


def test_what_cannot_be_counted_reads_no_archive():
    archive = Archive()
    claims = [
        claim(3),
        claim(0, key=("except", 0, "when")),
        claim(0, has_filter=False),
        claim(2, pattern="{ $.a[0] != 1 }"),
        claim(0, pattern="word"),
    ]
    assert prove(claims, archive) == [""] * 5
    assert prove([], archive) == []
    assert archive.asked == []
