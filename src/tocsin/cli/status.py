"""`tocsin status`: alarms, who would hear of them, and what is wrong with that. Spec: IF-1, AL-19.4."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from tocsin.cli.failure import ANSWER_IS_NO, DONE
from tocsin.cli.folder_options import FolderOptions, settings_of
from tocsin.cli.invocation import Invocation  # noqa: TC001  # the signature is read at run time
from tocsin.cli.moment import moment_text
from tocsin.cli.options import OutputOptions
from tocsin.cli.output import open_result, write_csv, write_json, write_lines, write_ndjson
from tocsin.cli.signature import Parameter
from tocsin.cli.table import Cell, Column, draw_table, paragraph
from tocsin.core.quantity import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.app.alarm_survey import AlarmSurvey, SurveyedAlarm
    from tocsin.cli.terminal import Stream
    from tocsin.core.complaint import Complaint

_TO_THE_TERMINAL = OutputOptions()
_THE_USUAL = FolderOptions()
_STYLES = {"ALARM": "red", "OK": "green"}
_SHAPES = {"ALARM": "▲", "OK": "○", "INSUFFICIENT_DATA": "◌"}
_HEAD = ("alarm", "state", "since", "topics", "listeners", "pending")


def status(
    *,
    folder: FolderOptions = _THE_USUAL,
    output: OutputOptions = _TO_THE_TERMINAL,
    invocation: Annotated[Invocation, Parameter(parse=False)],
) -> int:
    """Show every alarm with its state and who would hear of it, and what stands between an alarm and the people.

    What is wrong: an alarm that reaches nobody, a subscription that nobody has confirmed for a day or that was ended
    by a link, an endpoint at which nothing has arrived for an hour. The exit status is 1 when there is anything.

    Examples
    --------
    tocsin status
        everything

    tocsin status --format json | jq '.complaints'
        what is wrong, for another program
    """
    survey: AlarmSurvey = invocation.use_cases.alarm_survey(settings_of(folder, invocation), invocation.environ)
    with open_result(output.output, invocation.terminal, invocation.environ) as stream:
        match output.format:
            case "json":
                write_json(stream, _document(survey))
            case "ndjson":
                write_ndjson(stream, [*map(_alarm, survey.alarms), *map(_complaint, survey.complaints)])
            case "csv":
                write_csv(stream, _HEAD, [_row(one) for one in survey.alarms])
            case _:
                write_lines(stream, _draw(survey, stream))
    return ANSWER_IS_NO if survey.complaints else DONE


def _document(survey: AlarmSurvey) -> dict[str, Any]:
    return {
        "alarms": [_alarm(one) for one in survey.alarms],
        "complaints": [_complaint(one) for one in survey.complaints],
    }


def _alarm(one: SurveyedAlarm) -> dict[str, Any]:
    return {
        "alarm": one.arn,
        "name": one.name,
        "state": one.state,
        "since": _since(one),
        "topics": list(one.topics),
        "listeners": list(one.listeners),
        "pending": list(one.pending),
    }


def _complaint(one: Complaint) -> dict[str, Any]:
    return {
        "complaint": one.kind.value,
        "subject": one.subject,
        "since": moment_text(one.since),
        "reason": one.reason,
        "remedy": one.remedy,
    }


def _row(one: SurveyedAlarm) -> tuple[str, ...]:
    return (one.arn, one.state, _since(one), " ".join(one.topics), " ".join(one.listeners), " ".join(one.pending))


def _since(one: SurveyedAlarm) -> str:
    return moment_text(int(one.since.timestamp() * 1000))


def _draw(survey: AlarmSurvey, stream: Stream) -> Iterator[str]:
    unheard = {one.subject for one in survey.complaints if one.kind.value == "unheard-alarm"}
    if survey.alarms:
        columns = [
            Column("STATE"),
            Column("ALARM", wraps=True, least=20),
            Column("SINCE"),
            Column("HEARD BY", wraps=True, least=20),
        ]
        rows: list[list[str | Cell]] = [
            [
                Cell(f"{_SHAPES.get(one.state, ' ')} {one.state}", _STYLES.get(one.state, "yellow")),
                one.name,
                _since(one),
                Cell(_heard_by(one, unheard=one.arn in unheard), "red" if one.arn in unheard else ""),
            ]
            for one in survey.alarms
        ]
        yield from draw_table(columns, rows, stream)
        yield ""
    yield counted(len(survey.alarms), "alarm")
    for complaint in survey.complaints:
        yield ""
        yield from paragraph(f"! {complaint.subject}", stream.width)
        yield from paragraph(f"{complaint.reason}.", stream.width)
        if complaint.remedy:
            yield from paragraph(f"What to do: {complaint.remedy}.", stream.width)
    if survey.complaints:
        yield ""
        yield counted(len(survey.complaints), "thing is wrong", "things are wrong")


def _heard_by(one: SurveyedAlarm, *, unheard: bool) -> str:
    pending = f"{len(one.pending)} pending" if one.pending else ""
    if not one.listeners:
        return ", ".join(filter(None, ("NOBODY" if unheard else "-", "0 confirmed subscribers", pending)))
    named = ", ".join(one.listeners[:3])
    more = f" and {len(one.listeners) - 3} more" if len(one.listeners) > 3 else ""
    return ", ".join(filter(None, ("NOBODY" if unheard else "", f"{named}{more}", pending)))
