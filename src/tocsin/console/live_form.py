"""Forms that answer while somebody types. Spec: CON-7.2, CON-7.8.

Rule: a form that is sent by the script, as its header says, changes nothing: what comes back is a part of the page,
such as the equal command for what is typed so far.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.console.answer import Fragment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.core.aws_call import AwsCall


def equal_fragment(calls: Sequence[AwsCall], *, ours: str = "") -> Fragment:
    """The equal command alone."""
    return Fragment("_equal.html", {"calls": calls, "ours": ours})
