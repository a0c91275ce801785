"""Searching with a regex that was read. Spec: FP-7.2, FP-7.6.

Rule: every search takes time linear in the text, whatever the regex. Three ways, one meaning:
plain string methods where the regex is nothing but characters; RE2 with a program made from the
syntax tree; and, where RE2 would need a large program that it may have to run state by state, a
bit-parallel automaton of our own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from tocsin.core.pattern.regex import ANY, BEYOND, Anchor, RegexSyntax, Repeat

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tocsin.core.pattern.regex import Branch

Search: TypeAlias = Callable[[str], bool]
"""Tells whether the regex is found anywhere in a text."""

# RE2 falls back from its automaton to running its program state by state when the automaton grows
# too large, which takes up to 5 ns for each instruction and character. These bounds keep that under
# 2 us a character. The automaton below takes 0.2 us and 0.2 us more for every 1,000 positions, always.
_RE2_POSITIONS = 400
_RE2_PROGRAM = 400


class Chain(NamedTuple):
    """A branch without anchors inside: what is repeated, and whether it is tied to start and end."""

    from_start: bool
    items: tuple[Repeat, ...]
    to_end: bool


def compile_regex(syntax: RegexSyntax) -> Search:
    """A function that says whether the regex is found in a text."""
    if syntax.is_always_found:
        return lambda _text: True
    chains = _chains(syntax)
    plain = [_plain_search(chain) for chain in chains]
    searches = [search for search in plain if search is not None]
    if len(searches) == len(chains):
        return _first_of(searches)
    compiled = _compile_re2(syntax)
    if compiled is None:
        return BitAutomaton(chains).search
    search = compiled.search
    return lambda text: search(_utf8(text)) is not None


def locate_regex(syntax: RegexSyntax, text: str) -> int | None:
    """Where the leftmost place at which the regex is found begins.

    None if it is not found, and for a large regex, for which only that it is found is known.
    """
    compiled = _compile_re2(syntax)
    encoded = _utf8(text)
    found = compiled and compiled.search(encoded)
    return len(encoded[: found.start()].decode("utf-8", "surrogatepass")) if found else None


def _chains(syntax: RegexSyntax) -> list[Chain]:
    return [chain for branch in syntax.branches if (chain := make_chain(branch)) is not None]


def make_chain(branch: Branch) -> Chain | None:
    """Take the anchors out of a branch; None if it can never be found (`a^b`).

    What stands before a `^` or after a `$` can only match nothing there.
    """
    starts = [place for place, item in enumerate(branch) if item is Anchor.START]
    ends = [place for place, item in enumerate(branch) if item is Anchor.END]
    first = starts[-1] if starts else 0
    last = ends[0] if ends else len(branch)
    outside = (*branch[:first], *branch[last:])
    if any(isinstance(item, Repeat) and item.low > 0 for item in outside):
        return None
    # With "$" before "^" everything is outside, and only the empty text is left.
    items = tuple(item for item in branch[first:last] if isinstance(item, Repeat))
    return Chain(bool(starts), items, bool(ends))


def _first_of(searches: list[Search]) -> Search:
    match searches:
        case []:
            return lambda _text: False
        case [search]:
            return search
        case _:
            fixed = tuple(searches)

            def search_each(text: str) -> bool:
                for search in fixed:  # noqa: SIM110  (any() with a generator takes twice the time)
                    if search(text):
                        return True
                return False

            return search_each


# ---------------------------------------------------------------- plain characters


def _plain_search(chain: Chain) -> Search | None:
    """String methods, if the chain is a sequence of single characters."""
    characters = [_only_character(item) for item in chain.items]
    if None in characters:
        return None
    core = "".join(map(str, characters))
    match chain.from_start, chain.to_end:
        case True, True:
            return lambda text: text == core
        case True, False:
            return lambda text: text.startswith(core)
        case False, True:
            return lambda text: text.endswith(core)
        case _:
            return lambda text: core in text


def _only_character(item: Repeat) -> str | None:
    if (item.low, item.high) != (1, 1) or item.chars.bit_count() != 1 or item.chars == BEYOND:
        return None
    return chr(item.chars.bit_length() - 1)


# ---------------------------------------------------------------- RE2


def _compile_re2(syntax: RegexSyntax) -> Any:
    """RE2's program, None if it would not be small enough to be safe."""
    chains = _chains(syntax)
    if syntax.size > _RE2_POSITIONS or not chains:
        return None
    import re2  # takes 5 ms to load, and few patterns hold a regex that needs it

    options = re2.Options()
    options.log_errors = False
    compiled = re2.compile("|".join(map(_re2_text, chains)), options)
    return compiled if compiled.programsize <= _RE2_PROGRAM else None


def _utf8(text: str) -> bytes:
    """What RE2 reads. Lone surrogates are characters too (FP-4.3): it takes the three bytes for one."""
    return text.encode("utf-8", "surrogatepass")


def _re2_text(chain: Chain) -> str:
    body = "".join(_re2_class(item.chars) + _re2_count(item) for item in chain.items)
    return (r"\A" if chain.from_start else "") + body + (r"\z" if chain.to_end else "")


def _re2_class(chars: int) -> str:
    if not chars:
        return r"[^\x{0}-\x{10ffff}]"
    if chars == ANY:
        return "(?s:.)"
    return "[" + "".join(f"\\x{{{low:x}}}-\\x{{{high:x}}}" for low, high in _ranges(chars)) + "]"


def _ranges(chars: int) -> Iterable[tuple[int, int]]:
    """The runs of codes in a set; the bit above U+00FF stands for all the rest of Unicode."""
    low = 0
    while chars >> low:
        low += ((chars >> low) & -(chars >> low)).bit_length() - 1
        run = chars >> low
        high = low + (run ^ (run + 1)).bit_length() - 2
        yield low, 0x10FFFF if high == BEYOND.bit_length() - 1 else high
        low = high + 1


def _re2_count(item: Repeat) -> str:
    match item.low, item.high:
        case 1, 1:
            return ""
        case 0, None:
            return "*"
        case low, None:
            return f"{{{low},}}"
        case _:
            return f"{{{item.low},{item.high}}}"


# ---------------------------------------------------------------- bits


class BitAutomaton:
    """All chains at once, one bit for each position: a step is a handful of operations on whole numbers.

    Bit i is set when the text read so far can end at position i of some chain. Each chain has one
    bit before its first position. Positions that may be left out come in runs; one subtraction
    carries a set bit through the whole run (Navarro and Raffinot's extended Shift-And).
    """

    __slots__ = (
        "_block_ends",
        "_block_starts",
        "_final",
        "_final_at_end",
        "_first",
        "_masks",
        "_optional",
        "_repeated",
        "_restart",
    )

    def __init__(self, chains: Iterable[Chain]) -> None:
        self._first = self._restart = 0
        self._optional = self._repeated = 0
        self._block_starts = self._block_ends = 0
        self._final = self._final_at_end = 0
        masks = [0] * (BEYOND.bit_length())
        bit = 0
        for chain in chains:
            self._first |= 1 << bit
            if not chain.from_start:
                self._restart |= 1 << bit
            for item in chain.items:
                start = bit
                bit += item.size
                positions = (1 << (bit + 1)) - (1 << (start + 1))
                for code in _codes(item.chars):
                    masks[code] |= positions
                self._optional |= positions & ~((1 << (start + item.low + 1)) - 1)
                if item.high is None:
                    self._repeated |= 1 << bit
            if chain.to_end:
                self._final_at_end |= 1 << bit
            else:
                self._final |= 1 << bit
            bit += 1
        # A run of optional positions reaches from the bit before it to its last one.
        self._block_starts = (self._optional >> 1) & ~self._optional
        self._block_ends = self._optional & ~(self._optional >> 1)
        self._masks = {chr(code): mask for code, mask in enumerate(masks[:-1])}
        self._masks[""] = masks[-1]

    def search(self, text: str) -> bool:
        """Tell whether one of the chains is found in `text`."""
        mask_of, beyond = self._masks.get, self._masks[""]
        optional, repeated, restart = self._optional, self._repeated, self._restart
        block_starts, block_ends, final = self._block_starts, self._block_ends, self._final
        state = self._pass_over(self._first)
        if state & final:
            return True
        for character in text:
            state = ((state << 1) | (state & repeated)) & mask_of(character, beyond) | restart
            if optional:
                filled = state | block_ends
                state |= optional ^ (optional & ((filled - block_starts) ^ filled))
            if state & final:
                return True
            if not state:
                return False
        return bool(state & self._final_at_end)

    def _pass_over(self, state: int) -> int:
        """Add the positions that are reached by leaving optional ones out."""
        filled = state | self._block_ends
        return state | (self._optional ^ (self._optional & ((filled - self._block_starts) ^ filled)))


def _codes(chars: int) -> Iterable[int]:
    while chars:
        lowest = chars & -chars
        yield lowest.bit_length() - 1
        chars ^= lowest
