"""Which combinations of text tests can hold together, with a shortest text for each.

Rule: the answer is exact. The tests are run side by side as one finite automaton over all texts,
so a combination that is not in the answer is impossible; what would need too many states raises
`TooLargeError` instead of being guessed. Spec: FP-5.7, FP-5.8, FP-13.30.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from functools import reduce
from itertools import count
from typing import TYPE_CHECKING, Protocol, assert_never

from tocsin.core.pattern.regex_automaton import RegexAutomaton, TooLargeError

if TYPE_CHECKING:
    from collections.abc import Container, Hashable, Iterable, Sequence

    from tocsin.core.pattern.tree import Literal

MAX_STATES = 6_000
"""How many states of the joint automaton are looked at before giving up (bounded work, FP-13.30)."""

MAX_STEPS = 200_000
"""How many steps from state to state are taken before giving up; a step takes microseconds."""


class Form(StrEnum):
    """The five readings of a text value, by its edge stars (FP-5.7)."""

    ANY = "any"
    EXACT = "exact"
    PREFIX = "prefix"
    SUFFIX = "suffix"
    CONTAINS = "contains"


@dataclass(frozen=True, slots=True)
class TextTest:
    """A text value: the form that its edge stars give it, and what is left without them."""

    form: Form
    core: str

    def holds(self, text: str) -> bool:
        """Tell whether `text` passes (FP-5.7)."""
        match self.form:
            case Form.ANY:
                return True
            case Form.EXACT:
                return text == self.core
            case Form.PREFIX:
                return text.startswith(self.core)
            case Form.SUFFIX:
                return text.endswith(self.core)
            case Form.CONTAINS:
                return self.core in text
            case _:
                assert_never(self.form)


@dataclass(frozen=True, slots=True)
class RegexTest:
    """A regex value: its source, without the percent signs."""

    source: str

    def holds(self, text: str) -> bool:
        """Tell whether the regex is found in `text` (FP-5.8)."""
        return RegexAutomaton(self.source).found(text)


Test = TextTest | RegexTest


def text_test(literal: Literal) -> TextTest:
    """The test that a text value stands for: at most one star at each edge is a wildcard (FP-5.7)."""
    text = literal.text
    if text == "*":
        return TextTest(Form.ANY, "")
    lead, trail = text.startswith("*"), text.endswith("*")
    core = text[1 if lead else 0 : len(text) - 1 if trail else len(text)]
    if lead and trail:
        return TextTest(Form.CONTAINS, core) if core else TextTest(Form.ANY, "")
    if lead:
        return TextTest(Form.SUFFIX, core)
    return TextTest(Form.PREFIX, core) if trail else TextTest(Form.EXACT, core)


class Within(Enum):
    """Which texts are asked about."""

    ALL = "any text"
    JSON_NUMBER = "the spelling of a number in JSON"
    NUMBER = "a number of the pattern language (FP-2.8)"
    NOT_NUMBER = "any text that is no number of the pattern language"


@dataclass(frozen=True, slots=True)
class Word:
    """One combination that can occur: which tests hold (bit i for test i), and a short text that shows it."""

    holds: int
    text: str


class _Part(Protocol):
    """One component of the joint automaton. States are hashable; there is no dead state to treat apart."""

    @property
    def start(self) -> Hashable:
        """Where reading begins."""
        ...

    def step(self, state: Hashable, char: str) -> Hashable:
        """The state after one more character."""
        ...

    def holds(self, state: Hashable) -> int:
        """The bits of the tests that hold if the text ends here."""
        ...


def words(tests: Sequence[Test], *, within: Within = Within.ALL) -> tuple[Word, ...]:
    """Every combination of `tests` that some text has, once, each with a shortest text (not empty if possible).

    Raises `TooLargeError` when the automaton has too many states.
    """
    if all(isinstance(test, TextTest) and test.form in _WHOLE_TEXTS for test in tests):
        return _whole_words([test for test in tests if isinstance(test, TextTest)], within)
    parts, number_bit = _parts(tests, within)
    alphabet = _alphabet(tests, within)
    found = _explore(parts, alphabet)
    if number_bit is None:
        return tuple(Word(holds, text) for holds, text in found.items())
    wanted = 0 if within is Within.NOT_NUMBER else number_bit
    return tuple(Word(holds & ~number_bit, text) for holds, text in found.items() if holds & number_bit == wanted)


def fresh_text(taken: Iterable[str]) -> str:
    """A short text that is none of `taken`."""
    known = set(taken)
    candidates = ("x", "y", "z", *(f"x{number}" for number in range(len(known))))
    return next(text for text in candidates if text not in known)


_WHOLE_TEXTS = {Form.EXACT, Form.ANY}


def _whole_words(tests: Sequence[TextTest], within: Within) -> tuple[Word, ...]:
    # The usual case (lists of event names): nothing but whole texts, no automaton needed.
    always = sum(1 << place for place, test in enumerate(tests) if test.form is Form.ANY)
    bits: dict[str, int] = {}
    for place, test in enumerate(tests):
        if test.form is Form.EXACT:
            bits[test.core] = bits.get(test.core, always) | 1 << place
    if within is not Within.ALL:
        is_json, wants_number = within is Within.JSON_NUMBER, within is not Within.NOT_NUMBER
        bits = {text: holds for text, holds in bits.items() if _is_number(text, json=is_json) is wants_number}
    fresh = _fresh_number(bits) if within in {Within.JSON_NUMBER, Within.NUMBER} else fresh_text(bits)
    return (Word(always, fresh), *(Word(holds, text) for text, holds in bits.items()))


def _fresh_number(taken: Container[str]) -> str:
    return next(text for text in map(str, count(1)) if text not in taken)


# ---------------------------------------------------------------- the joint automaton


def _parts(tests: Sequence[Test], within: Within) -> tuple[list[_Part], int | None]:
    heads: dict[int, TextTest] = {}
    insides: dict[int, TextTest] = {}
    parts: list[_Part] = []
    always = 0
    for place, test in enumerate(tests):
        if isinstance(test, RegexTest):
            parts.append(_RegexPart(RegexAutomaton(test.source), 1 << place))
        elif test.form is Form.ANY:
            always |= 1 << place
        elif test.form in {Form.EXACT, Form.PREFIX}:
            heads[place] = test
        else:
            insides[place] = test
    if heads or always:
        parts.append(_Heads(heads, always))
    if insides:
        parts.append(_Insides(insides))
    if within is Within.ALL:
        return parts, None
    number_bit = 1 << len(tests)
    parts.append(_NumberPart(number_bit, json=within is Within.JSON_NUMBER))
    return parts, number_bit


def _explore(parts: list[_Part], alphabet: str) -> dict[int, str]:
    """Breadth first, so that the text of each combination is a shortest one."""
    start = tuple(part.start for part in parts)
    reached: dict[tuple[Hashable, ...], str] = {start: ""}
    found: dict[int, str] = {sum(part.holds(part.start) for part in parts): ""}
    queue = [start]
    for state in queue:
        text = reached[state]
        for char in alphabet:
            following = tuple(part.step(at, char) for part, at in zip(parts, state, strict=True))
            holds = 0
            for part, at in zip(parts, following, strict=True):
                holds |= part.holds(at)
            if not found.get(holds):
                # An empty text is replaced by the first other one: examples read better with it.
                found[holds] = text + char
            if following not in reached:
                if len(reached) >= min(MAX_STATES, MAX_STEPS // len(alphabet)):
                    raise TooLargeError
                reached[following] = text + char
                queue.append(following)
    return found


_DIGITS = "0123456789"
_NUMBER_CHARS = "1234567890-.eE+"


def _alphabet(tests: Sequence[Test], within: Within) -> str:
    """One character for each set of characters that no test tells apart; pleasant ones first."""
    if within in {Within.JSON_NUMBER, Within.NUMBER}:
        return _NUMBER_CHARS
    explicit = dict.fromkeys(char for test in tests if isinstance(test, TextTest) for char in test.core)
    if within is Within.NOT_NUMBER:
        explicit |= dict.fromkeys(_NUMBER_CHARS)
    regexes = [RegexAutomaton(test.source) for test in tests if isinstance(test, RegexTest)]
    beyond = next(char for char in _BEYOND if char not in explicit)
    representatives: dict[tuple[object, ...], str] = {}
    for char in _PLEASANT + beyond:
        if char not in explicit:
            representatives.setdefault(tuple(regex.classify(char) for regex in regexes), char)
    return "".join(representatives.values()) + "".join(explicit)


# Letters and digits, then whatever else a regex can tell apart; above U+00FF it tells nothing apart (FP-7.1).
_PLEASANT = (
    "xyzabcdefghijklmnopqrstuvwABCDEFGHIJKLMNOPQRSTUVWXYZ"
    + _DIGITS
    + "".join(chr(code) for code in range(32, 127) if not chr(code).isalnum())
    + "".join(chr(code) for code in (*range(32), *range(127, 256)))
)
# More than two patterns have characters (FP-1.4), so that one of them is in neither.
_BEYOND = [chr(code) for code in range(0x4E00, 0x4E00 + 2_100)]


class _Heads:
    """Exact texts and prefixes: a trie. Off the trie only the prefixes passed so far are remembered."""

    def __init__(self, tests: dict[int, TextTest], always: int) -> None:
        self.start: Hashable = 0
        self._next: list[dict[str, int]] = [{}]
        self._exact = [0]
        self._prefix = [always]
        for place, test in tests.items():
            node = 0
            for char in test.core:
                node = self._next[node].setdefault(char, len(self._next))
                if node == len(self._exact):
                    self._next.append({})
                    self._exact.append(0)
                    self._prefix.append(0)
            (self._exact if test.form is Form.EXACT else self._prefix)[node] |= 1 << place
        for node, children in enumerate(self._next):
            for child in children.values():
                self._prefix[child] |= self._prefix[node]

    def step(self, state: Hashable, char: str) -> Hashable:
        """On the trie a node; off it a tuple that holds the prefixes that were passed."""
        if not isinstance(state, int):
            return state
        child = self._next[state].get(char)
        return (self._prefix[state],) if child is None else child

    def holds(self, state: Hashable) -> int:
        """The exact text that ends here, and every prefix passed."""
        if isinstance(state, int):
            return self._exact[state] | self._prefix[state]
        assert isinstance(state, tuple)
        passed: int = state[0]
        return passed


class _Insides:
    """Suffixes and inner texts: the automaton of Aho and Corasick, with the inner texts seen so far."""

    def __init__(self, tests: dict[int, TextTest]) -> None:
        self._next: list[dict[str, int]] = [{}]
        self._suffix = [0]
        self._inside = [0]
        self._fallback = [0]
        for place, test in tests.items():
            node = 0
            for char in test.core:
                node = self._next[node].setdefault(char, len(self._next))
                if node == len(self._suffix):
                    self._next.append({})
                    self._suffix.append(0)
                    self._inside.append(0)
                    self._fallback.append(0)
            (self._suffix if test.form is Form.SUFFIX else self._inside)[node] |= 1 << place
        queue = list(self._next[0].values())
        for node in queue:
            for char, child in self._next[node].items():
                self._fallback[child] = self._move(self._fallback[node], char)
                self._suffix[child] |= self._suffix[self._fallback[child]]
                self._inside[child] |= self._inside[self._fallback[child]]
                queue.append(child)
        # An empty text is inside every text, and ends every one.
        self.start: Hashable = (0, self._inside[0])
        self._everywhere = self._suffix[0]

    def _move(self, node: int, char: str) -> int:
        while char not in self._next[node]:
            if node == 0:
                return 0
            node = self._fallback[node]
        return self._next[node][char]

    def step(self, state: Hashable, char: str) -> Hashable:
        """Follow the trie or fall back, and remember the inner texts that end here."""
        assert isinstance(state, tuple)
        node = self._move(state[0], char)
        return (node, state[1] | self._inside[node])

    def holds(self, state: Hashable) -> int:
        """The suffixes that end here, and every inner text seen."""
        assert isinstance(state, tuple)
        node, seen = state
        holds: int = self._suffix[node] | self._everywhere | seen
        return holds


class _RegexPart:
    """One regex, as an unanchored search."""

    def __init__(self, automaton: RegexAutomaton, bit: int) -> None:
        self._automaton = automaton
        self._bit = bit
        self.start: Hashable = automaton.start

    def step(self, state: Hashable, char: str) -> Hashable:
        """One more character."""
        assert isinstance(state, frozenset)
        return self._automaton.step(state, char)

    def holds(self, state: Hashable) -> int:
        """The bit, if the regex is found in what was read."""
        assert isinstance(state, frozenset)
        return self._bit if self._automaton.accepts(state) else 0


_SIGN, _WHOLE, _ZERO, _POINT, _FRACTION, _EXP, _EXP_SIGN, _EXP_DIGITS, _BAD = "sWz.fexd!"


class _NumberPart:
    """Tells numbers, of JSON or of the pattern language (FP-2.8), from other texts."""

    def __init__(self, bit: int, *, json: bool) -> None:
        self._bit = bit
        self._json = json
        self.start: Hashable = ""

    def step(self, state: Hashable, char: str) -> Hashable:
        """The part of the number that has been read."""
        assert isinstance(state, str)
        if char in _DIGITS:
            return self._after_digit(state, char)
        if char == ".":
            before = {_WHOLE, _ZERO} if self._json else {"", _SIGN, _WHOLE}
            return _POINT if state in before else _BAD
        if char in "eE":
            return _EXP if state in {_WHOLE, _ZERO, _FRACTION} else _BAD
        if char in "+-":
            if state == _EXP:
                return _EXP_SIGN
            return _SIGN if state == "" and (char == "-" or not self._json) else _BAD
        return _BAD

    def _after_digit(self, state: str, char: str) -> str:
        match state:
            case "" | "s":
                return _ZERO if self._json and char == "0" else _WHOLE
            case "W":
                return _WHOLE
            case "." | "f":
                return _FRACTION
            case "e" | "x" | "d":
                return _EXP_DIGITS
            case _:
                return _BAD

    def holds(self, state: Hashable) -> int:
        """The bit, if the text is a number as a whole."""
        return self._bit if state in {_WHOLE, _ZERO, _FRACTION, _EXP_DIGITS} else 0


def _is_number(text: str, *, json: bool) -> bool:
    part = _NumberPart(1, json=json)
    return part.holds(reduce(part.step, text, part.start)) == 1
