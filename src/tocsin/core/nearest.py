"""The nearest known word, for 'did you mean'. Rule: no suggestion is better than a wild one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_LIKENESS = 0.7
_LONGEST = 200


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The word of `known` that `word` was probably meant to be, or None when nothing is near.

    A difference in case alone, or in `-`, `_` and blanks alone, always counts as near. Of equally
    near words the first in the order of the alphabet is taken.
    """
    if len(word) > _LONGEST:
        return None
    from difflib import SequenceMatcher  # it is words with mistakes that need it

    plain = _plain(word)
    best, likeness = None, _LIKENESS
    for candidate in sorted(set(known)):
        ratio = SequenceMatcher(None, plain, _plain(candidate), autojunk=False).ratio()
        if ratio > likeness:
            best, likeness = candidate, ratio
    return best


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`did you mean 'x'?`, or the empty text when nothing is near."""
    candidate = nearest(word, known)
    return f"did you mean '{candidate}'?" if candidate is not None else ""


def _plain(word: str) -> str:
    return word.casefold().replace("-", "").replace("_", "").replace(" ", "")
