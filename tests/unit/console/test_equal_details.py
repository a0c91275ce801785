"""The equal command beside a form: all forms of it, each to copy, whatever a value holds (CON-7.8, CON-8.6)."""

from __future__ import annotations

import html

import html5lib
import pytest

from tocsin.console.rendering import environment
from tocsin.core.aws_call import AwsCall
from tocsin.core.equal_command import equal_forms

TEMPLATE = '{% import "_form.html" as forms with context %}{{ forms.equal(calls, ours=ours) }}'
HOSTILE = '</pre><script>alert(1)</script>"\x1b[31m\u202e'


def seen(*calls: AwsCall, ours: str = "") -> str:
    return environment().from_string(TEMPLATE).render(calls=calls, ours=ours, visit=None)


def filter_call(pattern: str) -> AwsCall:
    parameters = {"logGroupName": "g", "filterName": "f", "filterPattern": pattern, "metricTransformations": []}
    return AwsCall(service="logs", operation="PutMetricFilter", parameters=parameters)


def test_every_form_stands_there_with_its_name() -> None:
    text = seen(filter_call("{ $.a = b }"))
    for form in equal_forms([filter_call("{ $.a = b }")]):
        assert f"<summary>{form.kind}</summary>" in text
        assert html.escape(form.text, quote=False).split("\n", maxsplit=1)[0] in html.unescape(text).replace(
            "&", "&amp;"
        )


@pytest.mark.parametrize("pattern", [HOSTILE, "{{7*7}}", "x" * 10_000])
def test_a_hostile_value_stays_text(pattern: str) -> None:
    text = seen(filter_call(pattern))
    tree = html5lib.HTMLParser(namespaceHTMLElements=False, strict=True).parseFragment(text)
    assert "<script" not in text
    shown = {"".join(one.itertext()).rstrip("\n") for one in tree.iter("pre")}
    assert shown == {form.text.rstrip("\n") for form in equal_forms([filter_call(pattern)])}
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_without_a_call_of_aws_it_says_so() -> None:
    text = seen(ours="tocsin subscriptions confirm s")
    assert "AWS has no call for this." in text
    assert "tocsin subscriptions confirm s" in text


def test_nothing_is_shown_of_nothing() -> None:
    assert seen().strip() == ""
