"""What set an alarm off, in one line: the same in the mail, on pages and in lists. Spec: CON-1.2, AL-17.6, AL-19.1.

Rule: who did what comes first; several callers are counted and the most frequent is named. Texts are safe lines, and
addresses in them are as the record has them: who sends a mail takes links apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tocsin.core.alarm.state import StateValue
from tocsin.core.composite_alarm.reference import name_in
from tocsin.core.notification.safe_line import safe_name

if TYPE_CHECKING:
    from tocsin.core.notification.folding import Folding
    from tocsin.core.notification.state_change import StateChange

# Children of a composite alarm that are named.
_MOST_NAMED = 3

# How subjects begin that are no names: a name stays as it is written.
_NO_NAMES: Final = ("role ", "root ", "account ", "federated ", "web ", "an unknown ", "somebody ")


def headline(change: StateChange, folding: Folding | None) -> str:
    """What set off an alarm that went to ALARM, without a full stop at its end; empty where nothing is known of it.

    `folding` are the events behind the change, None where no filter feeds the alarm; the children of a composite are
    in the change.
    """
    if change.new is not StateValue.ALARM:
        return ""
    if folding is None or not folding.folds:
        names = [safe_name(name_in(child.arn)) for child in change.children[:_MOST_NAMED]]
        more = len(change.children) - len(names)
        return f"Set off by {', '.join(names)}{f' and {more} more' if more else ''}" if names else ""
    first = folding.folds[0]
    told = _capital(first.event.sentence)
    if first.count > 1:
        told += f", {first.count:,} times"
    if len(folding.actors) > 1:
        actor, count = folding.actors[0]
        kept = "" if folding.known == folding.total else f"the {folding.known:,} kept of "
        callers = f"{len(folding.actors):,} callers in {kept}{_events(folding.total)}"
        return f"{told}. {callers}; {count:,} by {actor}"
    more = folding.total - first.count
    return f"{told}, and {_events(more, 'more event')}" if more else told


def _capital(text: str) -> str:
    return text[0].upper() + text[1:] if text.startswith(_NO_NAMES) else text


def _events(count: int, noun: str = "event") -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
