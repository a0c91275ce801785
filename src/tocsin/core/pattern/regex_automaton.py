"""A regex as a finite automaton, for reasoning about it. Searching is the business of `regex_search`.

Rule: it accepts exactly the texts in which the regex is found (FP-5.8, FP-7.2); a regex that would
need too many positions raises `TooLargeError` instead of being approximated.
"""

from __future__ import annotations

from tocsin.core.pattern.regex import BEYOND, Anchor, Repeat, parse_regex

MAX_POSITIONS = 400
"""How many positions a regex may have, counted repetitions written out, to be reasoned about."""


class TooLargeError(Exception):
    """The question is too large to be answered within the bounds; the answer is then 'unknown'."""


Position = tuple[int, int, int]
"""(branch, item, how often the item has been read). An item that may repeat for ever is counted up to its minimum."""

State = frozenset[Position]

_FOUND: Position = (-1, 0, 0)
_AT_START: Position = (-2, 0, 0)
_FOUND_STATE: State = frozenset({_FOUND})


class RegexAutomaton:
    """An unanchored search as a deterministic automaton whose states are made as they are needed."""

    def __init__(self, source: str) -> None:
        syntax = parse_regex(source)
        if syntax.size > MAX_POSITIONS:
            raise TooLargeError
        self._branches = syntax.branches
        self._sets = sorted(
            {item.chars for branch in self._branches for item in branch if isinstance(item, Repeat)},
        )
        initial = [(branch, 0, 0) for branch in range(len(self._branches))]
        self._fresh = self._closed(initial, at_start=False)
        self.start: State = self._closed(initial, at_start=True) | {_AT_START}
        self._steps: dict[tuple[State, tuple[bool, ...]], State] = {}

    def classify(self, char: str) -> tuple[bool, ...]:
        """Which of the regex's character sets hold `char`; characters that agree are interchangeable."""
        code = ord(char)
        bit = 1 << code if code <= 0xFF else BEYOND
        return tuple(bool(chars & bit) for chars in self._sets)

    def step(self, state: State, char: str) -> State:
        """The state after one more character. Once found, always found."""
        if _FOUND in state:
            return _FOUND_STATE
        kind = self.classify(char)
        known = self._steps.get((state, kind))
        if known is None:
            known = self._step(state, dict(zip(self._sets, kind, strict=True)))
            self._steps[state, kind] = known
        return known

    def accepts(self, state: State) -> bool:
        """Tell whether the regex is found if the text ends here."""
        if _FOUND in state:
            return True
        at_start = _AT_START in state
        return any(self._ends(position, at_start=at_start) for position in state if position[0] >= 0)

    def found(self, text: str) -> bool:
        """Tell whether the regex is found in `text`."""
        state = self.start
        for char in text:
            state = self.step(state, char)
        return self.accepts(state)

    def _step(self, state: State, holds: dict[int, bool]) -> State:
        moved: list[Position] = []
        for branch, place, count in state:
            item = self._branches[branch][place] if branch >= 0 else Anchor.START
            if isinstance(item, Repeat) and holds[item.chars]:
                most = item.low if item.high is None else item.high
                if item.high is None or count < item.high:
                    moved.append((branch, place, min(count + 1, most)))
        after = self._closed(moved, at_start=False) | self._fresh
        return _FOUND_STATE if _FOUND in after else after

    def _closed(self, positions: list[Position], *, at_start: bool) -> State:
        """Add what can be reached without reading. Positions wait before `$` until the text ends."""
        reached: set[Position] = set()
        stack = list(positions)
        while stack:
            position = stack.pop()
            if position in reached:
                continue
            branch, place, count = position
            if place == len(self._branches[branch]):
                reached.add(_FOUND)
                continue
            reached.add(position)
            item = self._branches[branch][place]
            if item is Anchor.START:
                if at_start:
                    stack.append((branch, place + 1, 0))
            elif isinstance(item, Repeat) and count >= item.low:
                stack.append((branch, place + 1, 0))
        return frozenset(reached)

    def _ends(self, position: Position, *, at_start: bool) -> bool:
        """Tell whether the rest of the branch can be passed at the end of the text."""
        branch, place, count = position
        for item in self._branches[branch][place:]:
            if isinstance(item, Repeat):
                if count < item.low:
                    return False
            elif item is Anchor.START and not at_start:
                return False
            count = 0
        return True
