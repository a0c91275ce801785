"""Filter patterns, case by case: which are refused, which messages match, what is extracted (FP-15)."""

from __future__ import annotations

from typing import Any

import pytest

from tocsin.core.event import Event, lexeme
from tocsin.core.pattern import FilterPattern
from tocsin.errors import PatternError


def test_filter_case(filter_case: dict[str, Any]) -> None:
    source, message, expected = filter_case["pattern"], filter_case["message"], filter_case["expect"]
    if expected == "invalid":
        with pytest.raises(PatternError) as caught:
            FilterPattern.parse(source)
        assert 0 <= caught.value.position <= len(source)
        return
    pattern = FilterPattern.parse(source)
    assert pattern.matches(message) is expected
    assert pattern.matches(message.encode()) is expected
    assert pattern.explain(message).matches is expected
    extracted = pattern.extract(message)
    assert (extracted is not None) is expected
    assert extracted == filter_case.get("extracted", extracted)
    # The canonical text of the pattern means the same.
    assert FilterPattern.parse(str(pattern)).extract(message) == extracted
    if expected and pattern.index_keys is not None:
        assert lexeme(Event(message).get("eventName")) in pattern.index_keys
