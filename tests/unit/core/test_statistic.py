"""Statistics of one period (AL-2)."""

from __future__ import annotations

import pickle

import pytest

from tocsin.core.metric import StatisticSet
from tocsin.core.statistic import PLAIN_STATISTICS, Statistic, StatisticError

TEN = StatisticSet.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 100)
NEGATIVE = StatisticSet.of(-1, 2, 3)
FRACTIONAL = StatisticSet.weighted({1.0: 0.5, 9.0: 1.5})
HUGE = StatisticSet.weighted({1.0: 1e15, 2.0: 1e15, 3.0: 1})
WEIGHTLESS = StatisticSet.weighted({4.0: 0, 6.0: 0})
STATED = StatisticSet.stated(sample_count=4, sum=20, minimum=2, maximum=8)
SINGLE = StatisticSet(4, 20, 5.0, 5.0)  # raw values not kept, but they can only be one thing (AL-2.4)


@pytest.mark.parametrize(
    ("text", "data", "wanted"),
    [
        # Example AL-2.a
        ("Average", TEN, 14.5),
        ("tm90", TEN, 5.0),
        ("tc90", TEN, 9.0),
        ("ts90", TEN, 45.0),
        ("wm90", TEN, 5.4),
        ("TC(2:8)", TEN, 6.0),
        ("TM(2:8)", TEN, 5.5),
        ("TC(:3)", TEN, 3.0),
        ("TC(8:)", TEN, 2.0),
        ("PR(2:8)", TEN, 60.0),
        # The plain ones (AL-2.1)
        ("SampleCount", TEN, 10.0),
        ("Sum", TEN, 145.0),
        ("Minimum", TEN, 1.0),
        ("Maximum", TEN, 100.0),
        ("Sum", STATED, 20.0),
        ("Average", STATED, 5.0),
        ("Average", StatisticSet.of(0.1, 0.2, 0.3), 0.2),
        # Percentiles (AL-2.3)
        ("p0", TEN, 1.0),
        ("p100", TEN, 100.0),
        ("p50", TEN, 5.5),
        ("p90", TEN, 18.1),
        ("p50", StatisticSet.of(7), 7.0),
        ("p99.9999999999", StatisticSet.of(7, 7), 7.0),
        ("p50", HUGE, 2.0),
        ("p49.9", HUGE, 1.0),
        ("p50", FRACTIONAL, 5.0),  # position 0.5 between y[0] = 1 and y[1] = 9
        ("p100", FRACTIONAL, 9.0),
        ("p50", StatisticSet.weighted({3.0: 0.25, 4.0: 0.25}), 3.0),
        ("p50", SINGLE, 5.0),
        ("p0", StatisticSet.of(0, 3), 0.0),
        # Bounds in percent: halves round up
        ("TM(10%:90%)", TEN, 5.5),
        ("TC(25%:75%)", TEN, 5.0),  # y[3:8]
        ("IQM", TEN, 6.0),
        ("TM(25%:)", TEN, 19.857142857142858),
        ("TS(:25%)", TEN, 6.0),
        ("TC(0%:100%)", FRACTIONAL, 2.0),
        ("TS(0%:100%)", FRACTIONAL, 14.0),
        ("TS(:50%)", FRACTIONAL, 5.0),  # half a 1, half a 9
        ("TS(50%:)", FRACTIONAL, 9.0),
        ("WM(10%:90%)", TEN, 5.5),
        ("WM(20%:)", TEN, 14.8),
        # Bounds as values: lower excluded, upper included
        ("TS(2:8)", TEN, 33.0),
        ("TS(-1.5:2.5)", TEN, 3.0),
        ("WM(2:8)", TEN, 5.3),
        ("WM(:8)", TEN, 5.2),
        ("WM(2:)", TEN, 14.6),
        ("WM(20:30)", TEN, 21.0),
        ("PR(:300)", TEN, 100.0),
        ("PR(9:)", TEN, 10.0),
        # Nothing selected
        ("TC(200:300)", TEN, 0.0),
        ("TS(200:300)", TEN, 0.0),
        ("TM(200:300)", TEN, None),
        ("TM(50%:50%)", TEN, None),
        ("WM(50%:50%)", TEN, None),
        ("TM(90%:)", StatisticSet.weighted({1.0: 0.6}), None),
        # Negative values (AL-2.1)
        ("p50", NEGATIVE, None),
        ("tm50", NEGATIVE, 0.5),
        ("Minimum", NEGATIVE, -1.0),
        # Raw values that are not known (AL-2.4)
        ("p50", STATED, None),
        ("TC(2:8)", STATED, None),
        ("TC(2:8)", SINGLE, 4.0),
        # Values with no weight (AL-1.3)
        ("SampleCount", WEIGHTLESS, 0.0),
        ("Sum", WEIGHTLESS, 0.0),
        ("Average", WEIGHTLESS, None),
        ("Minimum", WEIGHTLESS, 4.0),
        ("Maximum", WEIGHTLESS, 6.0),
        ("p50", WEIGHTLESS, None),
        ("TC(2:8)", WEIGHTLESS, 0.0),
        ("PR(2:8)", WEIGHTLESS, None),
        # What no double can hold
        ("Sum", StatisticSet.weighted({2.0**360: 1e300}), None),
        ("SampleCount", StatisticSet.weighted({1.0: 1.7e308, 2.0: 1.7e308}), None),
        ("Average", StatisticSet.weighted({2.0**360: 1e300}), 2.0**360),
    ],
)
def test_value_over_the_data_of_a_period(text: str, data: StatisticSet, wanted: float | None) -> None:
    found = Statistic.parse(text).of(data)
    assert found == (wanted if wanted is None else pytest.approx(wanted, rel=1e-12))


@pytest.mark.parametrize("text", [*PLAIN_STATISTICS, "p50", "tm50", "TC(1:2)", "PR(1:2)", "WM(:50%)", "IQM"])
def test_no_data_give_no_datapoint(text: str) -> None:
    assert Statistic.parse(text).of(StatisticSet.of()) is None


@pytest.mark.parametrize(
    ("text", "needs_weights", "percentile"),
    [
        ("Sum", False, None),
        ("SampleCount", False, None),
        ("p99.9", True, 99.9),
        ("p0", True, 0.0),
        ("p100", True, 100.0),
        ("tm90", True, None),
        ("IQM", True, None),
        ("PR(-1:)", True, None),
        ("TM(10%:90%)", True, None),
        ("p0.1234567891", True, 0.1234567891),
    ],
)
def test_what_a_statistic_needs(text: str, *, needs_weights: bool, percentile: float | None) -> None:
    made = Statistic.parse(text)
    assert (made.source, str(made), made.needs_weights, made.percentile) == (text, text, needs_weights, percentile)
    assert pickle.loads(pickle.dumps(made)) == made == Statistic.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sum",
        "SUM",
        "p",
        "p101",
        "p100.1",
        "p-1",
        "P99",
        "p1.",
        "p.5",
        "p1.12345678901",
        "p99%",
        " p99",
        "p99 ",
        "tm",
        "tm(10%:90%)",
        "TM99",
        "TM(:)",
        "TM()",
        "TM(10%:90)",
        "TM(10:90%)",
        "TM(90%:10%)",
        "TM(:101%)",
        "TM(9:1)",
        "PR(1%:2%)",
        "PR(:)",
        "pr9",
        "TM(-1%:5%)",
        "TM(1e3:)",
        "TM(NaN:)",
        "IQM(1:2)",
        "iqm",
        "p１",
        "p" + "9" * 200,
        "TM(10% : 90%)",
        "TM(1:2:3)",
        "TM(1:2",
        "Sum\n",
    ],
)
def test_other_statistics_are_refused_in_awss_words(text: str) -> None:
    with pytest.raises(StatisticError) as caught:
        Statistic.parse(text)
    shown = text if len(text) <= 100 else text[:100] + "…"
    assert caught.value.message == f"The value {shown} for parameter ExtendedStatistic is not supported."
    assert caught.value.aws_code == "InvalidParameterValue"


def test_the_error_names_the_parameter() -> None:
    with pytest.raises(StatisticError, match=r"The value \\ud800 for parameter Stat is not supported\."):
        Statistic.parse("\ud800", parameter="Stat")
