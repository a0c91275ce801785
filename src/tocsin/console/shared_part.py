"""Parts of a page that are the same for everybody who looks on, made once for all of them. Spec: CON-6.4, CON-10.4.

A signal makes every open page ask for the same parts at the same moment; without this each of them would be rendered
as often as there are pages, while events want to be taken in.

Rule: what holds something of one visitor's own, such as the token of a form, is given to nobody else.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

Part = TypeVar("Part")

_MOST: Final = 64
"""Parts that are kept: a dozen of a page, for some roles, zones and pages at once."""


class SharedParts(Generic[Part]):
    """Parts by what they depend on. Whoever asks for one that is being made waits for it."""

    def __init__(self, *, most: int = _MOST) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._known: OrderedDict[Hashable, _Kept[Part]] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], tuple[Part, bool]]) -> Part:
        """The part of a key. `make` gives it, and whether others may have it, too."""
        with self._lock:
            kept = self._known.setdefault(key, _Kept())
            self._known.move_to_end(key)
            while len(self._known) > self._most:
                self._known.popitem(last=False)
        with kept.lock:
            if kept.part is not None:
                return kept.part
            if kept.may_be_shared:
                made, kept.may_be_shared = make()
                if kept.may_be_shared:
                    kept.part = made
                return made
        made, _ = make()
        return made


class _Kept(Generic[Part]):
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.part: Part | None = None
        self.may_be_shared = True  # until it has been seen that it may not
