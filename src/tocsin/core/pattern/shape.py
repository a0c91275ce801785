"""How the places that a pattern looks at hang together, and events made to measure.

Rule: `is_possible` never calls a state impossible that some event has. What `events` gives is only a
proposal: whoever uses one asks the pattern itself whether it matches. Spec: FP-4.8, FP-4.13, FP-6.1.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from tocsin.core.pattern.region import CONTAINER, Kind, Region, json_text
from tocsin.core.pattern.search import State
from tocsin.core.pattern.tree import AnyElement, AnyName, Index, Name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tocsin.core.pattern.tree import Step

MAX_ELEMENTS = 200
"""How long an array in an example may get; a larger index gives no example."""


class Shape(Protocol):
    """What is known about the places of one kind of pattern."""

    def is_possible(self, state: State) -> bool:
        """False when the places contradict one another."""
        ...

    def events(self, state: State) -> Iterator[str]:
        """Texts of small events that are meant to have the state."""
        ...


def known_only(state: State, regions: Sequence[Sequence[Region]]) -> State:
    """The state without the regions of which no value is known."""
    known = (
        sum(1 << number for number, region in enumerate(of_place) if region.text is not None) for of_place in regions
    )
    return State(tuple(allowed & mask for allowed, mask in zip(state.allowed, known, strict=True)), state.wanted)


# ---------------------------------------------------------------- JSON events


@dataclass(slots=True)
class _Node:
    """A node of the tree that the selectors draw. `wild` holds the wildcard places that branch off here."""

    step: Step | None
    place: int | None = None
    children: list[int] = field(default_factory=list)
    wild: list[tuple[int, Step, tuple[Step, ...]]] = field(default_factory=list)


# Of which nothing is asked but that it is there: an empty object satisfies no comparison.
_PLAIN_ORDER = (Kind.MISSING, Kind.OBJECT, Kind.ARRAY, Kind.NULL)
_FILLER = "{}"
_ANYTHING = ~Kind(0)
_FRESH_NAMES = ("x", "y", "z")


class JsonShape:
    """Selectors on one JSON event: what a parent is decides what its children can be."""

    def __init__(self, places: Sequence[tuple[Step, ...]], regions: Sequence[Sequence[Region]]) -> None:
        self._regions = regions
        self._nodes = [_Node(None)]
        for place, steps in enumerate(places):
            self._add(place, steps)
        self._bits = [_kind_bits(of_place) for of_place in regions]

    def _add(self, place: int, steps: tuple[Step, ...]) -> None:
        at = 0
        for number, step in enumerate(steps):
            if isinstance(step, AnyName | AnyElement):
                self._nodes[at].wild.append((place, step, steps[number + 1 :]))
                return
            following = next((child for child in self._nodes[at].children if self._nodes[child].step == step), None)
            if following is None:
                following = len(self._nodes)
                self._nodes.append(_Node(step))
                self._nodes[at].children.append(following)
            at = following
        self._nodes[at].place = place

    def is_possible(self, state: State) -> bool:
        """Tell whether an event with these parents and children exists."""
        return bool(self._kinds(state)[0] & CONTAINER)

    def events(self, state: State) -> Iterator[str]:
        """Small events; fields that need not be there are left out.

        What a wildcard asks for may be there already, in a field that is named; so the first event has
        nothing for the wildcards alone.
        """
        state = known_only(state, self._regions)
        kinds = self._kinds(state)
        if kinds[0] & CONTAINER:
            lean = State(state.allowed, ((),) * len(state.wanted))
            yield from filter(None, (self._event(lean, self._kinds(lean)), self._event(state, kinds)))

    def _event(self, state: State, kinds: list[Kind]) -> str | None:
        chosen = [Kind.MISSING] * len(self._nodes)
        chosen[0] = Kind.OBJECT if kinds[0] & Kind.OBJECT else Kind.ARRAY
        lengths: dict[int, int] = {}
        for number, node in enumerate(self._nodes):
            if chosen[number] is Kind.OBJECT:
                for child in node.children:
                    if isinstance(self._nodes[child].step, Name):
                        chosen[child] = self._preferred(child, kinds[child])
            elif chosen[number] is Kind.ARRAY:
                lengths[number] = self._length(node, kinds, state)
                for child in node.children:
                    step = self._nodes[child].step
                    if isinstance(step, Index) and step.index < lengths[number]:
                        chosen[child] = self._preferred(child, kinds[child] & ~Kind.MISSING)
        texts: list[str | None] = [None] * len(self._nodes)
        for number in reversed(range(len(self._nodes))):
            texts[number] = self._text(number, chosen[number], texts, lengths, state)
            if texts[number] is None and chosen[number] is not Kind.MISSING:
                return None  # an array that would be too long
        return texts[0]

    # ------------------------------------------------------------ what is possible

    def _kinds(self, state: State) -> list[Kind]:
        """For each node what it can be, given what is under it."""
        kinds = [_ANYTHING] * len(self._nodes)
        for number in reversed(range(len(self._nodes))):
            node = self._nodes[number]
            own = _ANYTHING
            if node.place is not None:
                own = _kinds_of(self._bits[node.place], state.allowed[node.place])
            kinds[number] = own & self._kinds_under(node, kinds, state)
        return kinds

    def _kinds_under(self, node: _Node, kinds: list[Kind], state: State) -> Kind:
        names = [kinds[child] for child in node.children if isinstance(self._nodes[child].step, Name)]
        elements = [kinds[child] for child in node.children if isinstance(self._nodes[child].step, Index)]
        wants_name = any(isinstance(step, AnyName) and state.wanted[place] for place, step, _ in node.wild)
        wants_element = any(isinstance(step, AnyElement) and state.wanted[place] for place, step, _ in node.wild)
        no_names = not wants_name and all(kind & Kind.MISSING for kind in names)
        no_elements = not wants_element and all(kind & Kind.MISSING for kind in elements)
        possible = Kind(0)
        if no_elements and all(names):
            possible |= Kind.OBJECT
        if no_names and self._fitting_lengths(node, kinds, wants_element=wants_element):
            possible |= Kind.ARRAY
        if no_names and no_elements:
            possible |= ~CONTAINER
        return possible

    def _fitting_lengths(self, node: _Node, kinds: list[Kind], *, wants_element: bool) -> list[int]:
        """Lengths of an array with which its elements agree: the ones before the end are there, the others are not."""
        elements: dict[int, Kind] = {}
        for child in node.children:
            step = self._nodes[child].step
            if isinstance(step, Index):
                elements[step.index] = kinds[child]
        indexes = sorted(elements)
        # Up to where every element can be there, and from where on every one can be missing.
        present = next((place for place, index in enumerate(indexes) if not elements[index] & ~Kind.MISSING), None)
        missing = next((place for place in _downward(indexes) if not elements[indexes[place]] & Kind.MISSING), -1)
        lengths = sorted({1 if wants_element else 0, *(index + 1 for index in indexes)})
        return [
            length
            for length in lengths
            if missing < bisect_left(indexes, length) <= (len(indexes) if present is None else present)
        ]

    # ------------------------------------------------------------ an example

    def _preferred(self, number: int, kinds: Kind) -> Kind:
        """The kind that reads best in an example; the regions of a place come in that order."""
        place = self._nodes[number].place
        order = _PLAIN_ORDER if place is None else [region.kind for region in self._regions[place]]
        return next(kind for kind in order if kinds & kind)

    def _length(self, node: _Node, kinds: list[Kind], state: State) -> int:
        wanted = [place for place, step, _ in node.wild if isinstance(step, AnyElement) and state.wanted[place]]
        fitting = self._fitting_lengths(node, kinds, wants_element=bool(wanted))
        # Elements for the wildcards come after the numbered ones: the longest length leaves room for them.
        return fitting[-1] if wanted else fitting[0]

    def _text(
        self, number: int, kind: Kind, texts: list[str | None], lengths: dict[int, int], state: State
    ) -> str | None:
        node = self._nodes[number]
        if kind is Kind.OBJECT:
            return self._object(node, texts, state)
        if kind is Kind.ARRAY:
            return self._array(node, texts, lengths[number], state)
        return None if node.place is None else _text_of(self._regions[node.place], state.allowed[node.place], kind)

    def _object(self, node: _Node, texts: list[str | None], state: State) -> str | None:
        members = []
        names = set()
        for child in node.children:
            step = self._nodes[child].step
            text = texts[child]
            if isinstance(step, Name):
                names.add(step.name)
                if text is not None:
                    members.append(f"{json_text(step.name)}: {text}")
        extra = self._wildcard_texts(node, AnyName, state)
        if extra is None:
            return None
        fresh = [*_FRESH_NAMES, *(f"x{number}" for number in range(len(extra) + len(names)))]
        free = (name for name in fresh if name not in names)
        members.extend(f"{json_text(name)}: {text}" for name, text in zip(free, extra, strict=False))
        return "{" + ", ".join(members) + "}"

    def _array(self, node: _Node, texts: list[str | None], length: int, state: State) -> str | None:
        extra = self._wildcard_texts(node, AnyElement, state)
        if extra is None or length > MAX_ELEMENTS:
            return None
        elements: dict[int, str | None] = {}
        for child in node.children:
            step = self._nodes[child].step
            if isinstance(step, Index):
                elements[step.index] = texts[child]
        filled = [elements.get(place) for place in range(length)]
        for place, text in enumerate(filled):
            if text is None:
                filled[place] = extra.pop(0) if extra else _FILLER
        return "[" + ", ".join([*(text or _FILLER for text in filled), *extra]) + "]"

    def _wildcard_texts(self, node: _Node, kind: type[Step], state: State) -> list[str] | None:
        """Elements (or members) that give each wildcard place the values that are wanted there."""
        found = []
        for place, step, suffix in node.wild:
            if not isinstance(step, kind):
                continue
            regions = self._regions[place]
            hit = 0
            for some in state.wanted[place]:
                usable = some & state.allowed[place]
                if usable & hit:
                    continue
                number = next((number for number in range(len(regions)) if usable >> number & 1), None)
                text = None if number is None else regions[number].text
                wrapped = None if number is None or text is None else _wrapped(text, suffix)
                if number is None or wrapped is None:
                    return None
                hit |= 1 << number
                found.append(wrapped)
        return found


def _downward(items: Sequence[object]) -> range:
    return range(len(items) - 1, -1, -1)


def _wrapped(text: str, suffix: tuple[Step, ...]) -> str | None:
    for step in reversed(suffix):
        if isinstance(step, Name):
            text = f"{{{json_text(step.name)}: {text}}}"
        else:
            assert isinstance(step, Index)  # a selector has one wildcard step at most (FP-4.11)
            if step.index > MAX_ELEMENTS:
                return None
            text = "[" + f"{_FILLER}, " * step.index + text + "]"
    return text


def _kind_bits(regions: Sequence[Region]) -> list[tuple[Kind, int]]:
    bits: dict[Kind, int] = {}
    for number, region in enumerate(regions):
        bits[region.kind] = bits.get(region.kind, 0) | 1 << number
    return list(bits.items())


def _kinds_of(bits: list[tuple[Kind, int]], allowed: int) -> Kind:
    kinds = Kind(0)
    for kind, of_kind in bits:
        if allowed & of_kind:
            kinds |= kind
    return kinds


def _text_of(regions: Sequence[Region], allowed: int, kind: Kind) -> str | None:
    for number, region in enumerate(regions):
        if allowed >> number & 1 and region.kind is kind and kind is not Kind.MISSING:
            return region.text
    return None


# ---------------------------------------------------------------- lines and messages


class LineShape:
    """The columns of a line: `before` entries from the left, `after` from the right, each a field of its own."""

    def __init__(self, places: Sequence[int], regions: Sequence[Sequence[Region]], entries: int) -> None:
        self._places = dict(zip(places, range(len(places)), strict=True))
        self._regions = regions
        self._entries = entries

    def is_possible(self, state: State) -> bool:
        """Columns are independent of one another."""
        return all(state.allowed)

    def events(self, state: State) -> Iterator[str]:
        """A line with one field for each entry; an entry of which nothing is asked is an x."""
        state = known_only(state, self._regions)
        fields = []
        for entry in range(self._entries):
            place = self._places.get(entry)
            text: str | None = "x"
            if place is not None:
                text = _delimited(_text_of(self._regions[place], state.allowed[place], Kind.TEXT))
            if text is None:
                return
            fields.append(text)
        yield " ".join(fields)


def _delimited(text: str | None) -> str | None:
    """A field that is read as `text` (FP-6.1): as it stands, in quotes, or in brackets."""
    if text is None or (text and not set(text) & set(" \t\r\n") and text[0] not in '"['):
        return text
    if '"' not in text:
        return f'"{text}"'
    return f"[{text}]" if "]" not in text else None


class MessageShape:
    """The whole message of a text pattern."""

    def __init__(self, regions: Sequence[Region]) -> None:
        self._regions = regions

    def is_possible(self, state: State) -> bool:
        """There is one place; whatever it allows exists."""
        return all(state.allowed)

    def events(self, state: State) -> Iterator[str]:
        """A shortest message of its kind."""
        text = _text_of(self._regions, state.allowed[0], Kind.TEXT)
        assert text is not None  # a text is known for every region of texts
        yield text
