"""The canonical text of expressions (AL-4.3, AL-5.2)."""

from __future__ import annotations

import pytest

from tocsin.core.metric_math import MAX_LENGTH, Expression


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("m1", "m1"),
        ("( m1 )*( 2 )", "m1 * 2"),
        ("(m1+m2)*3", "(m1 + m2) * 3"),
        ("m1+(m2*3)", "m1 + m2 * 3"),
        ("(m1-m2)-m3", "m1 - m2 - m3"),
        ("m1-(m2-m3)", "m1 - (m2 - m3)"),
        ("m1/(m2*m3)", "m1 / (m2 * m3)"),
        ("m1^(m2^m3)", "m1 ^ m2 ^ m3"),
        ("(m1^m2)^m3", "(m1 ^ m2) ^ m3"),
        ("(-m1)^2", "-m1 ^ 2"),
        ("-(m1^2)", "-(m1 ^ 2)"),
        ("- - m1", "--m1"),
        ("m1>5&&m2>5||m3", "m1 > 5 AND m2 > 5 OR m3"),
        ("m1>5 AND (m2>5 OR m3)", "m1 > 5 AND (m2 > 5 OR m3)"),
        ("(m1>5)==m2", "m1 > 5 == m2"),
        ("[m1,m2]", "[m1, m2]"),
        ("IF(m1>5,1,0)", "IF(m1 > 5, 1, 0)"),
        ("METRICS()", "METRICS()"),
        ("METRICS('x')", 'METRICS("x")'),
        ("METRICS('\"x\"')", "METRICS('\"x\"')"),
        ('METRICS("it\'s")', 'METRICS("it\'s")'),
        ("SORT(METRICS(),SUM,DESC,3)", "SORT(METRICS(), SUM, DESC, 3)"),
        ("m1*1000", "m1 * 1000"),
        ("m1*1.50", "m1 * 1.5"),
        ("m1*1e3", "m1 * 1000"),
        ("m1*1e30", "m1 * 1e+30"),
        ("m1*.5", "m1 * 0.5"),
    ],
)
def test_canonical_text(source: str, wanted: str) -> None:
    made = Expression.parse(source)
    assert str(made) == wanted
    assert Expression.parse(wanted) == made


@pytest.mark.parametrize(
    "number",
    ["0", "1", "10", "100", "1e3", "12e5", ".5", ".125", "5e-9", "15e-8", "1.5", "9e99", "12345678901234560", "5e-324"],
)
def test_a_text_that_would_be_too_long_is_written_short(number: str) -> None:
    term = f"m1*{number}&&m2||m3"
    source = "||".join([term] * (MAX_LENGTH // (len(term) + 2)))
    source += "+0" * ((MAX_LENGTH - len(source)) // 2)
    made = Expression.parse(source)
    text = str(made)
    assert text == source
    assert Expression.parse(text) == made
