"""The resources that a record names, as selectors look at them. Spec: CT-1.4, CT-2.2, CT-2.9."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def resources_of(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Type and ARN of each resource, empty where a record does not say.

    A call that lists objects names the beginning of their ARNs, `ARNPrefix`, in place of an ARN.
    """
    resources = record.get("resources")
    for one in resources if isinstance(resources, list) else ():
        if isinstance(one, dict):
            yield _text(one.get("type")), _text(one.get("ARN")) or _text(one.get("ARNPrefix"))


def _text(value: object) -> str:
    return value if type(value) is str else ""
