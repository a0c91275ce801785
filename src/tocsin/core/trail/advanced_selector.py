"""Advanced event selectors: read, written as AWS answers them, compiled. Spec: CT-8.3, CT-8.4, CT-8.6.

Rule: within a field any positive value is enough and no negative one may hit; all fields of a selector must hold; a
field that a record does not have fails a positive group and passes a negative one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tocsin.core.nearest import did_you_mean
from tocsin.core.record_category import Category
from tocsin.core.trail.record_resource import resources_of
from tocsin.core.trail.selector_error import EventSelectorError
from tocsin.core.trail.selector_member import elements_of, members_of, refuse_value, shown, texts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

MOST_VALUES: Final = 500
"""Over all conditions of all selectors of a trail (CT-7.6)."""

_LONGEST_NAME: Final = 1000
_LONGEST_VALUE: Final = 2048

OPERATORS: Final = ("Equals", "StartsWith", "EndsWith", "NotEquals", "NotStartsWith", "NotEndsWith")
"""In the order of AWS's model, in which they are answered."""

_EQUALS: Final = ("Equals",)


class FieldSelector(msgspec.Struct, frozen=True, kw_only=True):
    """What a field of a record must be: for each operator that is used its values."""

    field: str
    values: dict[str, tuple[str, ...]]

    @property
    def members(self) -> dict[str, Any]:
        """The condition as AWS answers it."""
        return {"Field": self.field, **{name: list(self.values[name]) for name in OPERATORS if name in self.values}}


class AdvancedSelector(msgspec.Struct, frozen=True, kw_only=True):
    """One of the AdvancedEventSelectors of a trail. `name` is None where none was given."""

    category: str
    field_selectors: tuple[FieldSelector, ...]
    name: str | None = None

    @property
    def members(self) -> dict[str, Any]:
        """The selector as AWS answers it, its fields in the order in which they were given."""
        fields = {"FieldSelectors": [one.members for one in self.field_selectors]}
        return fields if self.name is None else {"Name": self.name, **fields}


# ---------------------------------------------------------------- reading


class _FieldRule(msgspec.Struct, frozen=True, kw_only=True):
    """What a field takes in selectors of one category; without `words` and `form` any value."""

    operators: tuple[str, ...] = OPERATORS
    words: tuple[str, ...] = ()
    form: re.Pattern[str] | None = None
    is_required: bool = False
    is_single: bool = False


_ANY: Final = _FieldRule()
_READ_ONLY: Final = _FieldRule(operators=_EQUALS, words=("true", "false"))
_CATEGORY: Final = _FieldRule(operators=_EQUALS, is_required=True, is_single=True)
_FROM_CONSOLE: Final = _FieldRule(operators=("Equals", "NotEquals"), words=("true",))
_TYPE: Final = _FieldRule(
    operators=_EQUALS, form=re.compile(r"AWS::[A-Za-z0-9]+::[A-Za-z0-9]+"), is_required=True, is_single=True
)

_FIELDS: Final[dict[str, dict[str, _FieldRule]]] = {
    Category.MANAGEMENT: {
        "eventCategory": _CATEGORY,
        "readOnly": _READ_ONLY,
        "eventSource": _ANY,
        "eventName": _ANY,
        "eventType": _ANY,
        "sessionCredentialFromConsole": _FROM_CONSOLE,
        "userIdentity.arn": _ANY,
    },
    Category.DATA: {
        "eventCategory": _CATEGORY,
        "resources.type": _TYPE,
        "readOnly": _READ_ONLY,
        "eventName": _ANY,
        "eventSource": _ANY,
        "eventType": _ANY,
        "resources.ARN": _ANY,
        "sessionCredentialFromConsole": _FROM_CONSOLE,
        "userIdentity.arn": _ANY,
    },
    Category.NETWORK_ACTIVITY: {
        "eventCategory": _CATEGORY,
        "eventSource": _FieldRule(operators=_EQUALS, is_required=True),
        "eventName": _ANY,
        "errorCode": _FieldRule(operators=_EQUALS, words=("VpceAccessDenied",)),
        "vpcEndpointId": _ANY,
        "userIdentity.arn": _ANY,
    },
}
"""By category the fields that its selectors may test (CT-8.3)."""


def read_advanced_selectors(value: object) -> tuple[AdvancedSelector, ...]:
    """The selectors in the AdvancedEventSelectors of a request.

    Raises:
        EventSelectorError: what PutEventSelectors refuses (CT-8.6).
    """
    elements = elements_of(value, "AdvancedEventSelectors")
    if not elements:
        raise EventSelectorError("AdvancedEventSelectors must have at least one selector.")
    if len(elements) > MOST_VALUES:  # each has a value at least
        raise _too_many(f"there are {len(elements)} selectors")
    selectors = tuple(_read(one, f"AdvancedEventSelectors[{index}]") for index, one in enumerate(elements))
    values = sum(
        len(texts) for selector in selectors for one in selector.field_selectors for texts in one.values.values()
    )
    if values > MOST_VALUES:
        raise _too_many(f"there are {values}")
    return selectors


def _too_many(hint: str) -> EventSelectorError:
    return EventSelectorError(
        f"Specify a valid number of values (1 to {MOST_VALUES}) for all conditions of all your advanced event "
        "selectors.",
        hint=hint,
    )


def _read(value: object, place: str) -> AdvancedSelector:
    members = members_of(value, ("Name", "FieldSelectors"), place)
    name = members.get("Name")
    if name is not None and (type(name) is not str or len(name) > _LONGEST_NAME):
        raise EventSelectorError(f"{place}.Name must be a text of at most {_LONGEST_NAME} characters.")
    elements = elements_of(members.get("FieldSelectors"), f"{place}.FieldSelectors")
    fields: dict[str, FieldSelector] = {}
    for index, element in enumerate(elements):
        one = _read_field(element, f"{place}.FieldSelectors[{index}]")
        if one.field in fields:
            raise EventSelectorError(
                f"Field {one.field} is specified more than once in one advanced event selector.",
                hint=f"{place}: write all its operators and values into one field selector",
            )
        fields[one.field] = one
    category = _category(fields.get("eventCategory"), place)
    for one in fields.values():
        _check(one, category, place)
    for field, rule in _FIELDS[category].items():
        if rule.is_required and field not in fields:
            raise EventSelectorError(
                f"Field {field} is required in advanced event selectors with eventCategory {category}.", hint=place
            )
    return AdvancedSelector(category=category, field_selectors=tuple(fields.values()), name=name)


def _read_field(value: object, place: str) -> FieldSelector:
    members = members_of(value, ("Field", *OPERATORS), place)
    field = members.pop("Field", None)
    if type(field) is not str:
        raise EventSelectorError(f"{place}.Field must be a text.")
    used = [name for name in OPERATORS if name in members]
    values: dict[str, tuple[str, ...]] = {name: texts_of(members[name], f"{place}.{name}") for name in used}
    if not values:
        raise EventSelectorError(
            f"Field {shown(field)} has no operator.", hint=f"{place}: write one of {', '.join(OPERATORS)}"
        )
    for name, texts in values.items():
        if not texts or not all(1 <= len(text) <= _LONGEST_VALUE for text in texts):
            raise EventSelectorError(
                f"{name} of field {shown(field)} must list values of 1 to {_LONGEST_VALUE} characters.", hint=place
            )
    return FieldSelector(field=field, values=values)


def _category(field: FieldSelector | None, place: str) -> str:
    if field is None:
        raise EventSelectorError("Field eventCategory is required in every advanced event selector.", hint=place)
    texts = field.values.get("Equals", ())
    if len(field.values) != 1 or len(texts) != 1:
        raise EventSelectorError("Field eventCategory takes the operator Equals with one value.", hint=place)
    if texts[0] not in _FIELDS:
        raise refuse_value(texts[0], "eventCategory", allowed=list(_FIELDS), hint=place)
    return texts[0]


def _check(one: FieldSelector, category: str, place: str) -> None:
    """Refuse a condition that selectors of the category do not take."""
    fields = _FIELDS[category]
    rule = fields.get(one.field)
    if rule is None:
        raise EventSelectorError(
            f"Field {shown(one.field)} is not supported in advanced event selectors with eventCategory {category}.",
            hint=did_you_mean(one.field, fields) or f"{place}: it takes {', '.join(fields)}",
        )
    for name, texts in one.values.items():
        if name not in rule.operators:
            raise EventSelectorError(
                f"Operator {name} is not supported for field {one.field}. "
                f"Valid operators are: {', '.join(rule.operators)}",
                hint=place,
            )
        if rule.is_single and len(texts) != 1:
            raise EventSelectorError(f"Field {one.field} takes one value.", hint=f"{place}: write a selector for each")
        for text in texts:
            if rule.words and text not in rule.words:
                raise refuse_value(text, one.field, allowed=rule.words, hint=place)
            if rule.form is not None and rule.form.fullmatch(text) is None:
                raise refuse_value(text, one.field, hint=f"{place}: a type is written like AWS::S3::Object")


# ---------------------------------------------------------------- selecting


def compile_advanced(selector: AdvancedSelector) -> Callable[[Mapping[str, Any], str], bool]:
    """Whether the selector takes a record of a category."""
    conditions = [
        (one.field, _compile_values(one.values)) for one in selector.field_selectors if one.field != "eventCategory"
    ]

    def selects(record: Mapping[str, Any], category: str) -> bool:
        return category == selector.category and all(holds(_values_of(record, field)) for field, holds in conditions)

    return selects


def _compile_values(values: Mapping[str, Collection[str]]) -> Callable[[Iterable[str]], bool]:
    """Whether the values that a field has in a record fulfil a condition (CT-8.3)."""
    positive = _compile_group(*(values.get(name, ()) for name in OPERATORS[:3]))
    negative = _compile_group(*(values.get(name, ()) for name in OPERATORS[3:]))

    def holds(texts: Iterable[str]) -> bool:
        found = tuple(texts)
        if positive is not None and not any(map(positive, found)):
            return False
        return negative is None or not any(map(negative, found))

    return holds


def _compile_group(
    equals: Collection[str], starts: Collection[str], ends: Collection[str]
) -> Callable[[str], bool] | None:
    """Whether a text is hit by any of these values; None where there are none."""
    if not (equals or starts or ends):
        return None
    whole, first, last = frozenset(equals), tuple(starts), tuple(ends)
    return lambda text: text in whole or text.startswith(first) or text.endswith(last)


def _values_of(record: Mapping[str, Any], field: str) -> Iterable[str]:
    """The texts that stand in a field of a record; none where it is absent, null or no text."""
    match field:
        case "resources.type":
            return (kind for kind, _ in resources_of(record) if kind)
        case "resources.ARN":
            return (arn for _, arn in resources_of(record) if arn)
        case "userIdentity.arn":
            return _texts(_object(record, "userIdentity").get("arn"))
        case "sessionCredentialFromConsole":
            if field not in record:  # old records have it with the session (CT-2.2)
                session = _object(_object(record, "userIdentity"), "sessionContext")
                return _texts(_object(session, "attributes").get(field))
    return _texts(record.get(field))


def _object(parent: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = parent.get(name)
    return part if isinstance(part, dict) else {}


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, bool):
        return ("true" if value else "false",)
    return (value,) if type(value) is str else ()
