"""Templates. Spec: CON-8.1, CON-8.6.

Rule: every value is escaped; HTML comes from templates and, as SVG, from `charts`, from nowhere else. A name that a
template uses and nobody gave is an error.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from tocsin.console.moment import duration_text, machine_text
from tocsin.console.navigation import NAVIGATION, section_of
from tocsin.console.shown_text import break_parts, copied, is_kept, legible, show, typed
from tocsin.console.static_file import static_path
from tocsin.core.aws_command import aws_command
from tocsin.core.equal_command import equal_forms
from tocsin.core.quantity import count_text, counted
from tocsin.time_limit import no_time_limit, require_time

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

    from tocsin.core.aws_call import AwsCall


def render(template: str, context: Mapping[str, Any]) -> str:
    """The text of a template below `templates/`.

    Raises:
        CutOffError: the time of this thread was over (CON-8.9).
    """
    stream = environment().get_template(template).stream(context)
    stream.enable_buffering(_PARTS_OF_A_LOOK)
    parts: list[str] = []
    for part in stream:
        require_time()
        parts.append(part)
    return "".join(parts)


class _Templates(PackageLoader):
    """Templates of the package. They are compiled once, which is not to be taken for the time of who comes first."""

    def load(self, environment: Environment, name: str, globals: MutableMapping[str, Any] | None = None) -> Template:  # noqa: A002  (jinja2's name)
        with no_time_limit():
            return super().load(environment, name, globals)


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The environment of all templates."""
    made = Environment(
        loader=_Templates("tocsin.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    made.globals.update(
        static=static_path,
        navigation=NAVIGATION,
        section_of=section_of,
        show=show,
        equal_forms=equal_forms,
        STATE_GLYPHS=_STATE_GLYPHS,
    )
    made.filters.update(
        duration=duration_text,
        machine=machine_text,
        count=count_text,
        counted=counted,
        size=size_text,
        break_parts=break_parts,
        copied=copied,
        is_kept=is_kept,
        aws_command=_command,
        typed=typed,
        legible=legible,
    )
    return made


def _command(call: AwsCall) -> str:
    return aws_command(call.service, call.operation, call.parameters)


def size_text(size: float) -> str:
    """A number of bytes in the unit that keeps it short.

    >>> size_text(512), size_text(2_500_000)
    ('512 bytes', '2.5 MB')
    """
    if size < 1_000:
        return counted(int(size), "byte")
    for unit in ("kB", "MB", "GB"):
        size /= 1_000
        if size < 1_000:
            return f"{size:.3g} {unit}"
    return f"{size / 1_000:,.3g} TB"


# Parts of a page after which it is looked whether its time is over: a thousandth of what they cost.
_PARTS_OF_A_LOOK = 200

# What a state looks like: the glyph and the class of its colour (CON-2.5).
_STATE_GLYPHS: dict[str, tuple[str, str]] = {
    "ALARM": ("alarm", "alarm"),
    "OK": ("ok", "ok"),
    "INSUFFICIENT_DATA": ("nodata", "nodata"),
    "muted": ("mute", "off"),
    "actions off": ("off", "off"),
    "nobody": ("alarm", "alarm"),
    "attention": ("warn", "warn"),
    "late": ("late", "late"),
    "not known": ("unknown", "off"),
    "good": ("ok", "ok"),
}
