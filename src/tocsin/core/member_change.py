"""What became another in a value of JSON, member by member. Spec: CON-4.10 (Audit log).

Rule: pure; a member that is not there is told apart from one that is null or empty. Lists are compared by what is in
them, not by place: one element more is one line.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_DEEPEST = 8


class MemberChange(NamedTuple):
    """One member: its path, and what it was and became as JSON; None where it was not there.

    The path is that of the names in it, with dots; it is empty for a value that has no members.
    """

    path: str
    before: str | None
    after: str | None


def member_changes(before: Any, after: Any) -> list[MemberChange]:
    """The members that differ, in the order in which they stand; None for a value that is not there at all.

    >>> member_changes({"Threshold": 1.0, "Period": 60}, {"Threshold": 5.0, "Period": 60})
    [MemberChange(path='Threshold', before='1.0', after='5.0')]
    >>> member_changes(None, {"AlarmActions": ["a"]})
    [MemberChange(path='AlarmActions', before=None, after='"a"')]
    """
    return list(_changes("", before, after, is_there=(before is not None, after is not None), depth=0))


def _changes(path: str, before: Any, after: Any, *, is_there: tuple[bool, bool], depth: int) -> Iterator[MemberChange]:
    kinds = [type(value) for value, there in zip((before, after), is_there, strict=True) if there]
    if depth < _DEEPEST and kinds and set(kinds) == {dict} and (before or after):
        old, new = before or {}, after or {}
        for name in dict.fromkeys((*old, *new)):
            inner = (name in old, name in new)
            longer = f"{path}.{name}" if path else name
            yield from _changes(longer, old.get(name), new.get(name), is_there=inner, depth=depth + 1)
    elif kinds and set(kinds) == {list} and (before or after):
        yield from _elements(path, before or [], after or [])
    else:
        was, became = (_text(value) if there else None for value, there in zip((before, after), is_there, strict=True))
        if was != became:
            yield MemberChange(path, was, became)


def _elements(path: str, before: list[Any], after: list[Any]) -> Iterator[MemberChange]:
    was, became = [_text(one) for one in before], [_text(one) for one in after]
    left = list(became)
    removed = []
    for text in was:
        if text in left:
            left.remove(text)
        else:
            removed.append(text)
    if not removed and not left and was != became:  # the same in another order
        yield MemberChange(path, _text(before), _text(after))
    yield from (MemberChange(path, text, None) for text in removed)
    yield from (MemberChange(path, None, text) for text in left)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
