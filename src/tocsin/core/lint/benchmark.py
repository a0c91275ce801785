"""Filters that mean what a benchmark's filter means, in other words. Spec: FP-13.13, FP-13.30, detections.md 6.1, R-12.

Scanners compare text. A filter that is equal in meaning does its work and fails the check all the
same; this is where that is said.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from tocsin.core.lint.observation import Observation, observe
from tocsin.core.pattern import FilterPattern
from tocsin.core.pattern.equivalence import Relation, equivalent, examples_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tocsin.core.lint.subject import Subject

_SIGN_IN = '($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes")'
_DENIED = '($.errorCode = "*UnauthorizedOperation") || ($.errorCode = "AccessDenied*")'
_NOISE = '($.sourceIPAddress!="delivery.logs.amazonaws.com")'
_GROUPS = " || ".join(
    f"($.eventName = {name})"
    for name in (
        *("AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress", "RevokeSecurityGroupIngress"),
        *("RevokeSecurityGroupEgress", "CreateSecurityGroup", "DeleteSecurityGroup", "ModifySecurityGroupRules"),
    )
)
_ROUTES = " || ".join(
    f"($.eventName = {name})"
    for name in (
        *("CreateRoute", "CreateRouteTable", "ReplaceRoute", "ReplaceRouteTableAssociation", "DeleteRouteTable"),
        *("DeleteRoute", "DisassociateRouteTable"),
    )
)

_POLICIES = "||".join(
    f"($.eventName={name})"
    for name in (
        *("DeleteGroupPolicy", "DeleteRolePolicy", "DeleteUserPolicy", "PutGroupPolicy", "PutRolePolicy"),
        *("PutUserPolicy", "CreatePolicy", "DeletePolicy", "CreatePolicyVersion", "DeletePolicyVersion"),
        *("AttachRolePolicy", "DetachRolePolicy", "AttachUserPolicy", "DetachUserPolicy"),
        *("AttachGroupPolicy", "DetachGroupPolicy"),
    )
)

VARIANTS: dict[str, str] = {
    "CIS 4.1 (v1.4 to v3.0)": f'{{{_DENIED} || {_NOISE} || ($.eventName!="HeadBucket")}}',
    "CIS 4.1 (v4.0 and later)": f'{{{_DENIED} && {_NOISE} && ($.eventName!="HeadBucket")}}',
    "CIS 4.2 (short form)": f"{{ {_SIGN_IN} }}",
    "CIS 4.4 (without the source)": f"{{{_POLICIES}}}",
    "CIS 4.10 (v5.0 and later)": f"{{ {_GROUPS} }}",
    "CIS 4.13 (v3.0 and later, audit part)": f"{{ ($.eventSource = ec2.amazonaws.com) && {_ROUTES} }}",
}
"""Forms of the benchmark that differ in meaning from Security Hub's; their spacing is not known (detections.md 6.1)."""


def lint_benchmarks(subject: Subject, benchmarks: Mapping[str, str]) -> Iterator[Observation]:
    """Say which benchmark a pattern is equal to without having its text.

    `benchmarks` gives the text of each benchmark's filter by a name for people; without any, nothing
    is said, and neither about a pattern that has the text of one of them.
    """
    if not benchmarks or benchmark_of(subject.source, benchmarks) is not None:
        return
    for name, text in benchmarks.items():
        if _is_equal(subject, text):
            yield observe(
                "text-compared",
                0,
                f"the pattern means the same as {name} and is spelt differently: scanners that compare text fail it",
                hint=f"the spelling that they want: {text}",
                rewrite=text,
            )
            return
    for name, text in VARIANTS.items():
        if _is_equal(subject, text):
            message = f"the pattern means the same as {name}, and not what Security Hub wants: it compares text"
            yield observe("text-compared", 0, message, hint="keep Security Hub's exact filter in a rule beside it")
            return


def benchmark_of(source: str, benchmarks: Mapping[str, str]) -> str | None:
    """The name of the benchmark whose filter has this text, or None."""
    return next((name for name, text in benchmarks.items() if text == source), None)


def _is_equal(subject: Subject, text: str) -> bool:
    benchmark = FilterPattern.parse(text)
    # Nearly every pair differs already in the few events that are known to match the one or the other.
    if not all(map(subject.pattern.matches, _examples(text))) or not all(map(benchmark.matches, subject.examples)):
        return False
    return equivalent(subject.pattern, benchmark).relation is Relation.EQUAL


@lru_cache(maxsize=256)
def _examples(text: str) -> tuple[str, ...]:
    return examples_of(FilterPattern.parse(text))
