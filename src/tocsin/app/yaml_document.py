"""YAML as documents, through PyYAML's events.

Rule: PyYAML is loaded where YAML is read, and nowhere else. Spec: IF-4.
"""

from __future__ import annotations

from typing import Any

import yaml

from tocsin.app.document import (
    MAX_DOCUMENTS,
    SURROGATE,
    Array,
    Composer,
    Documents,
    Form,
    Object,
    Scalar,
    has_syntax_error,
    resolve,
)
from tocsin.app.scalar import Style

_SCALAR_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("int", "float", "bool", "null"))
_CORE_TAGS = _SCALAR_TAGS | {f"tag:yaml.org,2002:{name}" for name in ("str", "map", "seq")}
_STYLES = {"'": Style.SINGLE, '"': Style.DOUBLE, "|": Style.LITERAL, ">": Style.FOLDED}


def read_yaml(text: str) -> Documents:
    """Read YAML through PyYAML's events.

    By the quick parser where it is installed, and where that one objects by the other, so that
    the words of an error are the same everywhere.
    """
    quick = getattr(yaml, "CSafeLoader", None)
    if quick is not None:
        result = _compose_yaml(text, quick)
        if not has_syntax_error(result):
            return result
    return _compose_yaml(text, yaml.SafeLoader)


def _compose_yaml(text: str, loader: Any) -> Documents:
    documents = Documents(Form.YAML)
    composer = Composer(documents)
    try:
        for event in yaml.parse(text, Loader=loader):
            if not _compose_event(composer, event):
                break
    except yaml.YAMLError as failure:
        position, message, hint = _yaml_failure(failure, text)
        composer.problem(position, "yaml-syntax", message, hint)
    except (ValueError, OverflowError):  # PyYAML's own parser lets chr() and int() raise on absurd escapes and versions
        composer.problem(0, "yaml-syntax", "a number in this file is beyond every limit: an escape or a %YAML line")
    composer.drop_unfinished()
    return documents


def _compose_event(composer: Composer, event: Any) -> bool:
    """Take one event of the parser; False when reading must not go on."""
    start = int(event.start_mark.index)
    if type(event) is yaml.ScalarEvent and event.anchor is None and event.tag is None:  # most of them
        composer.scalar(_yaml_scalar(composer, event))
        return True
    match event:
        case yaml.DocumentStartEvent() if len(composer.documents.roots) >= MAX_DOCUMENTS:
            composer.problem(start, "too-large", f"more than {MAX_DOCUMENTS:,} documents in one file")
            return False
        case yaml.AliasEvent():
            composer.problem(start, "alias", f"the alias '*{event.anchor}' is refused", "write the value out")
            return False
        case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
            composer.end(int(event.end_mark.index))  # type: ignore[union-attr]  # the parser always sets it
        case yaml.ScalarEvent() | yaml.SequenceStartEvent() | yaml.MappingStartEvent():
            if event.anchor is not None:
                message = f"the anchor '&{event.anchor}' is refused"
                composer.problem(start, "alias", message, "write the value out where it is used")
            if event.tag not in (None, "!") and event.tag not in _CORE_TAGS:
                message = f"the tag '{event.tag}' is refused"
                composer.problem(start, "tag", message, "leave it out; rules are plain data")
            if isinstance(event, yaml.SequenceStartEvent):
                return composer.begin(Array(start))
            if isinstance(event, yaml.MappingStartEvent):
                return composer.begin(Object(start))
            composer.scalar(_yaml_scalar(composer, event))
        case _:
            pass
    return True


def _yaml_scalar(composer: Composer, event: Any) -> Scalar:
    style = _STYLES.get(event.style or "", Style.PLAIN)
    node = Scalar(event.value, style, event.start_mark.index, event.end_mark.index, event.value)
    if not node.text.isascii() and SURROGATE.search(node.text):
        composer.problem(node.start, "encoding", "half of a surrogate pair is no character", r"write it as \U0001F514")
    if (event.tag is None and style is Style.PLAIN) or event.tag in _SCALAR_TAGS:
        node.value = resolve(composer, node)
    return node


def _yaml_failure(failure: yaml.YAMLError, text: str) -> tuple[int, str, str]:
    """Offset, message and hint of what PyYAML objects to, in our words for the frequent cases."""
    if isinstance(failure, yaml.reader.ReaderError):
        position = int(failure.position) if str(failure.position).isdecimal() else 0
        return position, f"the character U+{ord(text[position : position + 1] or chr(0)):04X} may not stand in YAML", ""
    mark = getattr(failure, "problem_mark", None) or getattr(failure, "context_mark", None)
    position = min(mark.index, len(text)) if mark is not None else 0
    problem = str(getattr(failure, "problem", None) or failure)
    context = getattr(failure, "context", None)
    character = text[position : position + 1]
    if "cannot start any token" in problem:
        if character == "\t":
            return position, "a tab cannot indent YAML", "use blanks"
        return position, f"a value cannot start with '{character}'", "put it in quotes"
    if problem == "mapping values are not allowed here":
        hint = "put a value that holds ': ' in quotes; the keys of one mapping stand in one column"
        return position, "a colon cannot stand here", hint
    if "while parsing a flow" in str(context):
        return position, problem, "text that starts with { or [, such as a pattern, stands in single quotes"
    return position, f"{problem} ({context})" if context else problem, ""
