"""What a call changed, against what was there before. Spec: CON-4.5, CON-4.4, R-1.

Rule: pure, and nothing is guessed. A record says what a call added, took away or set; what was there before stands in
earlier records of the same subject, if anywhere. Without them the answer says so, and never shows a line as new
that may have been there.

    effects_of(call)              what a call does to each of its subjects: security group, policy, trail, alarm …
    known_from(effects)           what earlier calls have made of one subject, from the oldest to the newest
    change_of(call, known)        the lines of a call: removed, added, set and unchanged, and how much is known

    call = Call(event)
    for effect in effects_of(call):
        earlier = [(second, one) for … in records found by `effect.names`, done ones, oldest first, of `effect.subject`]
        known = known_from(earlier)

Texts are those of the records, cut at `LONGEST_LINE` characters: whoever shows them makes them safe.
"""

from __future__ import annotations

from tocsin.core.change.comparison import Before, Change, ChangeLine, Sign, change_of
from tocsin.core.change.effect import LONGEST_LINE, Effect, Line, Subject
from tocsin.core.change.known import Known, known_from
from tocsin.core.change.reading import effects_of

__all__ = [
    "LONGEST_LINE",
    "Before",
    "Change",
    "ChangeLine",
    "Effect",
    "Known",
    "Line",
    "Sign",
    "Subject",
    "change_of",
    "effects_of",
    "known_from",
]
