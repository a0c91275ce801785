"""REST: the operation of a method and a path, by the templates of a model. Spec: REC-3.2 (4).

The table is built once for each model: a tree by the parts of the paths, in which a part that is given goes before one
that is free, and a free part before the rest of the path. Literal fields of the query (`?policy`) decide among the
operations that share a path.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

import msgspec

if TYPE_CHECKING:
    from collections.abc import Collection

    from botocore.model import OperationModel, ServiceModel


class RestMatch(msgspec.Struct, frozen=True):
    """The operation of a request, and the texts that stand where its path is free, by their names there."""

    operation: str
    labels: dict[str, str]


class _Operation(msgspec.Struct, frozen=True):
    """`suffix` is what comes behind the part that takes the rest of a path: text, or a free part as `{}`."""

    name: str
    labels: tuple[str, ...]
    suffix: tuple[str, ...]
    literals: tuple[tuple[str, str], ...]
    required: frozenset[str]


class _Asked(msgspec.Struct, frozen=True):
    """What a request has besides its path: the fields of its query, and the names of these and of its headers."""

    query: dict[str, str]
    names: set[str]


class _Node:
    __slots__ = ("free", "given", "here", "rest")

    def __init__(self) -> None:
        self.given: dict[str, _Node] = {}
        self.free: _Node | None = None
        self.rest: list[_Operation] = []
        self.here: list[_Operation] = []


class RestRoutes:
    """The operations of one model by method and path."""

    def __init__(self, model: ServiceModel) -> None:
        self._roots: dict[str, _Node] = {}
        for name in model.operation_names:
            operation = model.operation_model(name)
            if "requestUri" in operation.http:
                self._add(operation)

    def _add(self, operation: OperationModel) -> None:
        path, _, query = operation.http["requestUri"].partition("?")
        node = self._roots.setdefault(operation.http.get("method", "POST"), _Node())
        labels: list[str] = []
        suffix: tuple[str, ...] = ()
        is_rest = False
        parts = _parts(path)
        for number, part in enumerate(parts, start=1):
            if part.endswith("+}"):
                is_rest = True
                suffix = tuple("{}" if each.startswith("{") else each for each in parts[number:])
                labels += [each.strip("{}+") for each in parts[number - 1 :] if each.startswith("{")]
                break
            if part.startswith("{"):
                labels.append(part.strip("{}"))
                node.free = node.free or _Node()
                node = node.free
            else:
                node = node.given.setdefault(part, _Node())
        entry = _Operation(
            operation.name,
            tuple(labels),
            suffix,
            tuple(parse_qsl(query, keep_blank_values=True)),
            _required_fields(operation),
        )
        found = node.rest if is_rest else node.here
        found.append(entry)
        found.sort(key=lambda each: (-len(each.suffix), -len(each.literals), -len(each.required)))

    def match(
        self, method: str, raw_path: str, query: dict[str, str], headers: Collection[str] = ()
    ) -> RestMatch | None:
        """The operation, most specific first; None when there is none. `headers` are their names in lower case."""
        root = self._roots.get(method)
        parts = _parts(raw_path)
        if root is None:
            return None
        found = _search(root, parts, 0, (), _Asked(query, query.keys() | set(headers)))
        if found is None:
            return None
        operation, texts = found
        return RestMatch(
            operation.name, {name: unquote(text) for name, text in zip(operation.labels, texts, strict=False)}
        )


def _parts(path: str) -> list[str]:
    parts = path.removeprefix("/").split("/")
    if parts[-1] == "":
        parts.pop()
    return parts


def _required_fields(operation: OperationModel) -> frozenset[str]:
    shape = operation.input_shape
    if shape is None:
        return frozenset()
    names = set()
    for name in shape.required_members:
        traits = shape.members[name].serialization
        text = str(traits.get("name", name))
        match traits.get("location"):
            case "querystring":
                names.add(text)
            case "header":
                names.add(text.lower())
    return frozenset(names)


def _search(
    node: _Node, parts: list[str], at: int, texts: tuple[str, ...], asked: _Asked
) -> tuple[_Operation, tuple[str, ...]] | None:
    if at == len(parts):
        operation = _of_query(node.here, asked)
        return (operation, texts) if operation is not None else None
    given = node.given.get(parts[at]) or node.given.get(unquote(parts[at]))
    if given is not None and (found := _search(given, parts, at + 1, texts, asked)) is not None:
        return found
    if node.free is not None and parts[at] != "":
        found = _search(node.free, parts, at + 1, (*texts, parts[at]), asked)
        if found is not None:
            return found
    return _search_rest(node.rest, parts[at:], texts, asked)


def _search_rest(
    operations: list[_Operation], parts: list[str], texts: tuple[str, ...], asked: _Asked
) -> tuple[_Operation, tuple[str, ...]] | None:
    """An operation that takes the rest of the path, but for what its template has behind."""
    fitting = [
        operation
        for operation in operations
        if len(parts) > len(operation.suffix)
        and all(known in ("{}", part) for known, part in zip(reversed(operation.suffix), reversed(parts), strict=False))
    ]
    longest = [each for each in fitting if len(each.suffix) == len(fitting[0].suffix)]
    operation = _of_query(longest, asked)
    if operation is None:
        return None
    end = len(parts) - len(operation.suffix)
    free = [part for known, part in zip(operation.suffix, parts[end:], strict=True) if known == "{}"]
    return operation, (*texts, "/".join(parts[:end]), *free)


def _of_query(operations: list[_Operation], asked: _Asked) -> _Operation | None:
    """The first operation whose literal fields are there; one that lacks nothing goes before one that does."""
    fitting = [
        operation
        for operation in operations
        if all(name in asked.query and value in ("", asked.query[name]) for name, value in operation.literals)
    ]
    return next((each for each in fitting if each.required <= asked.names), fitting[0] if fitting else None)


def query_fields(query_string: bytes) -> list[tuple[str, str]]:
    """The fields of a query string; one without `=` has the empty value.

    There is no bound but that on the length of a URL: what is added must not hide what is asked for.
    """
    return parse_qsl(query_string.decode("utf-8", "replace"), keep_blank_values=True)
