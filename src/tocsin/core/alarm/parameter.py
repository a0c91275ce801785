"""Reading the parameters of a request. Rule: every violation of AWS's model is found, and told in its words.

A reader hands out members by name, of the right type or None, and collects what it cannot take;
nothing in the input makes it fail. Spec: AL-5.9, WIRE-3.15 to WIRE-3.17.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from tocsin.core.alarm.error import AlarmError
from tocsin.core.nearest import nearest
from tocsin.core.wording import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_ELEMENT = re.compile(r"\.([0-9]+)")


class Violation(msgspec.Struct, frozen=True, kw_only=True):
    """One value that the model does not take: where it stands, the value as AWS prints it, what must hold."""

    parameter: str
    value: str
    constraint: str

    @property
    def text(self) -> str:
        """The sentence of AWS (WIRE-3.15), the path in its form (WIRE-3.16)."""
        path = ".".join(part[:1].lower() + part[1:] for part in self.parameter.split("."))
        path = _ELEMENT.sub(r".\1.member", path)
        return f"Value {self.value} at '{path}' failed to satisfy constraint: {self.constraint}"


class ParameterReader:
    """The members of one structure of a request. `path` is where it stands, empty for the request itself."""

    def __init__(
        self, members: Mapping[Any, Any], *, path: str = "", violations: list[Violation] | None = None
    ) -> None:
        self._members = {name: value for name, value in members.items() if value is not None}
        self._path = path
        self._asked: set[str] = set()
        self.violations: list[Violation] = [] if violations is None else violations

    def place(self, name: str) -> str:
        """The path of a member."""
        return f"{self._path}.{name}" if self._path else name

    def has(self, name: str) -> bool:
        """Whether the member is there (and not null)."""
        return name in self._members

    def pass_over(self, names: Iterable[str]) -> None:
        """Members that are known and of no interest."""
        self._asked.update(names)

    def text(
        self, name: str, *, least: int = 0, most: int | None = None, words: Sequence[str] = (), required: bool = False
    ) -> str | None:
        """A text member of `least` to `most` characters, or one of `words`."""
        value = self._take(name, required=required)
        if value is None:
            return None
        if not isinstance(value, str):
            self._refuse(name, value, "Member must be a string")
            return None
        if words and value not in words:
            self._refuse(name, value, f"Member must satisfy enum value set: [{', '.join(words)}]")
            return None
        return value if self._has_length(name, value, least, most) else None

    def whole(self, name: str, *, least: int, most: int | None = None, required: bool = False) -> int | None:
        """A whole number from `least` to `most`; 300.0 is one."""
        value = self._take(name, required=required)
        if value is None:
            return None
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            self._refuse(name, value, "Member must be an integer")
            return None
        if value < least:
            self._refuse(name, value, f"Member must have value greater than or equal to {least}")
            return None
        if most is not None and value > most:
            self._refuse(name, value, f"Member must have value less than or equal to {most}")
            return None
        return value

    def number(self, name: str) -> float | None:
        """A finite number."""
        value = self._take(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            self._refuse(name, value, "Member must be a number")
            return None
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isfinite(number):
            return number
        self._refuse(name, value, "Member must be a finite number")
        return None

    def boolean(self, name: str, *, default: bool) -> bool:
        """A boolean, or what holds without it."""
        value = self._take(name)
        if value is None or isinstance(value, bool):
            return default if value is None else value
        self._refuse(name, value, "Member must be a boolean")
        return default

    def texts(
        self, name: str, *, most: int, item_most: int, least: int = 0, item_least: int = 1
    ) -> tuple[str, ...] | None:
        """A list of `least` to `most` texts, each of up to `item_most` characters."""
        values = self._list(name, least=least, most=most)
        if values is None:
            return None
        for value in values:
            if not isinstance(value, str) or not item_least <= len(value) <= item_most:
                limits = (
                    f"Member must have length less than or equal to {item_most}, "
                    f"Member must have length greater than or equal to {item_least}"
                )
                self._refuse(name, values, f"Member must satisfy constraint: [{limits}]")
                return None
        return tuple(values)

    def record(self, name: str, *, required: bool = False) -> ParameterReader | None:
        """A structure."""
        value = self._take(name, required=required)
        if value is None:
            return None
        if not isinstance(value, Mapping):
            self._refuse(name, value, "Member must be a structure")
            return None
        return ParameterReader(value, path=self.place(name), violations=self.violations)

    def records(self, name: str, *, most: int | None = None, required: bool = False) -> tuple[ParameterReader, ...]:
        """A list of structures; empty when there is none."""
        values = self._list(name, most=most, required=required)
        return () if values is None else tuple(self._elements(name, values))

    def refuse_unknown(self) -> None:
        """Raise AlarmError for a member that nobody has asked for."""
        for name in self._members:
            if name not in self._asked:
                shown = printable(str(name))
                near = nearest(shown, sorted(self._asked))
                raise AlarmError(
                    f"Unknown parameter: {shown}",
                    parameter=self.place(shown),
                    hint="" if near is None else f"did you mean '{near}'?",
                )

    def _take(self, name: str, *, required: bool = False) -> Any:
        self._asked.add(name)
        value = self._members.get(name)
        if value is None and required:
            self._refuse(name, None, "Member must not be null")
        return value

    def _list(
        self, name: str, *, least: int = 0, most: int | None = None, required: bool = False
    ) -> Sequence[Any] | None:
        value = self._take(name, required=required)
        if value is None:
            return None
        if not isinstance(value, list | tuple):
            self._refuse(name, value, "Member must be a list")
            return None
        return value if self._has_length(name, value, least, most) else None

    def _elements(self, name: str, values: Sequence[Any]) -> Iterator[ParameterReader]:
        for number, value in enumerate(values, 1):
            place = f"{name}.{number}"
            if isinstance(value, Mapping):
                yield ParameterReader(value, path=self.place(place), violations=self.violations)
            else:
                self._refuse(place, value, "Member must be a structure")

    def _has_length(self, name: str, value: str | Sequence[Any], least: int, most: int | None) -> bool:
        if len(value) < least:
            self._refuse(name, value, f"Member must have length greater than or equal to {least}")
            return False
        if most is not None and len(value) > most:
            self._refuse(name, value, f"Member must have length less than or equal to {most}")
            return False
        return True

    def _refuse(self, name: str, value: Any, constraint: str) -> None:
        self.violations.append(Violation(parameter=self.place(name), value=_shown(value), constraint=constraint))


def refuse_violations(violations: Sequence[Violation]) -> None:
    """Raise AlarmError with all violations, if there are any, as AWS words it (WIRE-3.15)."""
    if violations:
        count = f"{len(violations)} validation error{'' if len(violations) == 1 else 's'} detected"
        raise AlarmError(
            f"{count}: {'; '.join(violation.text for violation in violations)}", parameter=violations[0].parameter
        )


# No request is longer than 120 KB (AL-5.2); a rule file may hold anything.
_LONGEST_SHOWN = 4096


def _shown(value: object) -> str:
    """A value as AWS prints it (WIRE-3.17), lone surrogates as escapes."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"'{str(value).lower()}'"
    if isinstance(value, int | float):
        return f"'{_digits(value)}'"
    if isinstance(value, list | tuple):
        return f"'[{_cut(', '.join(_cut(str(item)) for item in value))}]'"
    return f"'{_cut(str(value))}'"


def _digits(value: float) -> str:
    try:
        return str(value)
    except ValueError:  # more digits than Python prints
        return "a very large number"


def _cut(text: str) -> str:
    return printable(text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…")
