"""What a command takes, read from its function's signature: names, types, defaults, and the texts for help.

Rule: declared once, where it is used. An annotation is `Annotated[TYPE, Parameter(...)]`; TYPE is a text,
a whole number, a path, a flag, one of some words, a pair of texts or several texts, or a group of options
(a Struct). What help shows is read from docstrings when help is asked for.
Spec: IF-1, docs/adr/0007.
"""

from __future__ import annotations

import re
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    from collections.abc import Callable

    import msgspec


class Parameter:
    """How an argument is called. `name` without hyphens is a positional one; several names are those of one option.

    `metavar` stands for the value in help, `group` is the heading there. What is not to be parsed is
    handed in by the program (`parse=False`).
    """

    __slots__ = ("group", "metavar", "names", "parse")

    def __init__(
        self, name: str | tuple[str, ...] = (), *, metavar: str = "", group: str = "Options", parse: bool = True
    ) -> None:
        self.names = (name,) if isinstance(name, str) else name
        self.metavar = metavar
        self.group = group
        self.parse = parse


class Argument:
    """One argument or option of a command.

    `index` is its place among the positional ones, None for an option. `kind` is its type without
    None; `field` is where its value goes: the parameter, and in a group the field. `default` is given
    when it is not: `required` ones have none.
    """

    __slots__ = ("default", "field", "group", "index", "kind", "metavar", "names", "required")

    def __init__(
        self,
        parameter: Parameter,
        kind: Any,
        field: tuple[str, ...],
        *,
        index: int | None,
        required: bool,
        default: Any = None,
    ) -> None:
        self.names = parameter.names
        self.metavar = parameter.metavar
        self.group = parameter.group
        self.kind = _without_none(kind)
        self.field = field
        self.index = index
        self.required = required
        self.default = default

    @property
    def name(self) -> str:
        """The name to call it by: the long one of an option."""
        return next((name for name in self.names if name.startswith("--")), self.names[0])

    @property
    def is_flag(self) -> bool:
        """Whether it takes no value."""
        return self.kind is bool

    @property
    def is_repeatable(self) -> bool:
        """Whether it may be given several times, or is a positional one that takes all that is left."""
        return get_origin(self.kind) is tuple and Ellipsis in get_args(self.kind)

    @property
    def values(self) -> int:
        """How many words stand behind an option."""
        if self.is_flag:
            return 0
        return len(get_args(self.kind)) if get_origin(self.kind) is tuple and not self.is_repeatable else 1

    @property
    def choices(self) -> tuple[str, ...]:
        """The words that it may be, where it is one of a few."""
        return get_args(self.kind) if get_origin(self.kind) is Literal else ()

    def convert(self, word: str) -> Any:
        """The value that a word stands for; ValueError where it is none."""
        if self.choices and word not in self.choices:
            raise ValueError
        if self.kind is int:
            if re.fullmatch(r"[+-]?[0-9]{1,18}", word, re.ASCII) is None:
                raise ValueError
            return int(word)
        return Path(word) if self.kind is Path else word


class Signature:
    """The arguments of a command in the order of declaration; `handed_in` are the parameters that are not parsed."""

    def __init__(self, function: Callable[..., int]) -> None:
        self.function = function
        self.arguments: list[Argument] = []
        self.groups: dict[str, type[msgspec.Struct]] = {}
        self.handed_in: list[str] = []
        hints = get_type_hints(function, include_extras=True)
        code = function.__code__
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        defaults = dict(function.__kwdefaults__ or {})
        positional = function.__defaults__ or ()
        defaults |= dict(zip(names[code.co_argcount - len(positional) : code.co_argcount], positional, strict=True))
        for name in names:
            self._take(name, hints[name], defaults)

    def _take(self, name: str, hint: Any, defaults: dict[str, Any]) -> None:
        if get_origin(hint) is not Annotated:
            self.groups[name] = hint
            for field, annotation in get_type_hints(hint, include_extras=True).items():
                kind, parameter = get_args(annotation)
                # A group holds options alone, and each of them has a default.
                default = getattr(defaults[name], field)
                argument = Argument(parameter, kind, (name, field), index=None, required=False, default=default)
                self.arguments.append(argument)
            return
        kind, parameter = get_args(hint)
        if not parameter.parse:
            self.handed_in.append(name)
            return
        is_option = parameter.names[0].startswith("-")
        index = None if is_option else sum(one.index is not None for one in self.arguments)
        required = name not in defaults
        self.arguments.append(
            Argument(parameter, kind, (name,), index=index, required=required, default=defaults.get(name))
        )

    @property
    def positional(self) -> list[Argument]:
        """The positional arguments, in their order."""
        return [argument for argument in self.arguments if argument.index is not None]

    @property
    def options(self) -> dict[str, Argument]:
        """The options by each of their names."""
        return {name: one for one in self.arguments if one.index is None for name in one.names}

    def help_texts(self) -> dict[tuple[str, ...], str]:
        """What each argument is for, by `Argument.field`: from the section Parameters, and below fields of groups."""
        texts: dict[tuple[str, ...], str] = {
            (name,): text for name, text in _parameter_texts(self.function.__doc__ or "").items()
        }
        for name, kind in self.groups.items():
            texts |= {(name, field): text for field, text in _field_texts(kind).items()}
        return texts


def _without_none(kind: Any) -> Any:
    if get_origin(kind) in (Union, UnionType):
        (kind,) = (part for part in get_args(kind) if part is not type(None))
    return kind


def _parameter_texts(doc: str) -> dict[str, str]:
    """The texts of the section Parameters of a docstring in numpy's style."""
    import inspect

    section = re.search(r"^Parameters\n-+\n(.*?)(?=^\w+\n-{3,}$|\Z)", inspect.cleandoc(doc), re.DOTALL | re.MULTILINE)
    if section is None:
        return {}
    entries = re.findall(r"^(\w+)\n((?:^[ ]+.*\n?|^\n)+)", section[1], re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in entries}


def _field_texts(kind: type[msgspec.Struct]) -> dict[str, str]:
    """The texts below the fields of a class, which Python itself does not keep."""
    import ast
    import inspect
    import textwrap

    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(definition, ast.ClassDef)
    texts = {}
    for field, below in zip(definition.body, definition.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(below, ast.Expr):
            texts[field.target.id] = " ".join(str(ast.literal_eval(below.value)).split())
    return texts
