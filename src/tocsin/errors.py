"""Every exception that Tocsin raises on purpose.

TocsinError                     code (stable), message, hint
├── InputError                  the caller's fault: exit 2 on the command line, 4xx on the wire
│   ├── PatternError            a filter pattern that CloudWatch Logs refuses (FP-8)
│   ├── FilterPolicyError       a subscription's filter policy that SNS refuses (SNS-9.6)
│   ├── RuleFileError           rule files; holds every finding, each with its place (IF-1)
│   ├── AlarmError              an alarm, or a request about one, that CloudWatch refuses (AL-5.9)
│   ├── AlarmRuleError          a composite alarm's rule that CloudWatch refuses, with the caret (AL-12.4)
│   ├── ConfigError             settings: key path, allowed values, did-you-mean
│   ├── NotFoundError           a path, pack, rule, alarm, log group or topic that does not exist
│   ├── AlreadyExistsError      a name that is taken
│   ├── InvalidParameterError   a parameter that AWS refuses
│   ├── LimitExceededError      more than AWS allows
│   ├── ConflictError           something stands in the way: protected, in use
│   ├── AccessDeniedError       who asks may not do that
│   └── SignatureError          a message that is not what it says it is (SNS-7.2)
├── SourceError                 the other side, inbound: a file that cannot be read
├── ArchiveError                the other side, outbound: an object that cannot be put into its bucket
├── StoreError                  the store cannot read or write: disk full, locked, damaged
│   └── StoreBusyError          its queue is full; later it will work
├── CutOffError                 there was a limit of time, and it was not enough
└── InternalError               a defect of ours: exit 70, with an id to quote

Spec: AR-8.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.core.finding import Finding


class TocsinError(Exception):
    """What all exceptions of Tocsin have in common.

    `code` is stable and may be matched by programs; `message` is for people; `hint` says what
    to do about it and may be empty.
    """

    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\nhint: {self.hint}" if self.hint else self.message


class InputError(TocsinError):
    """What the caller gave cannot be used."""

    code = "input"


class PatternError(InputError):
    """A filter pattern that is refused, in AWS's words (`message`), with the place and the remedy.

    `position` is the 0-based offset, in code points, into the pattern as it was given; it equals
    the pattern's length when something is missing at the end. `rule` is the id of the rule in the
    filter-pattern specification. `str()` draws the caret (FP-8.5).
    """

    code = "pattern"

    def __init__(self, message: str, *, source: str, position: int, rule: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.source = source
        self.position = position
        self.rule = rule

    def __str__(self) -> str:
        from tocsin.caret import draw_caret

        drawn = draw_caret(self.source, self.position)
        hint = f"\nhint: {self.hint}   [{self.rule}]" if self.hint else f"\n[{self.rule}]"
        return f"{self.message}\n{drawn}{hint}"

    def __reduce__(self) -> tuple[object, ...]:
        return (_pattern_error, (self.message, self.source, self.position, self.rule, self.hint))


def _pattern_error(message: str, source: str, position: int, rule: str, hint: str) -> PatternError:
    """Rebuild a `PatternError` on the other side of a process boundary."""
    return PatternError(message, source=source, position=position, rule=rule, hint=hint)


class FilterPolicyError(InputError):
    """A subscription's filter policy that SNS refuses, in AWS's words without their prefix."""

    code = "filter-policy"


class RuleFileError(InputError):
    """Rule files that cannot be used. `findings` holds every finding, in the order of the files."""

    code = "rule-file"

    def __init__(self, message: str, *, findings: Sequence[Finding] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.findings = tuple(findings)


class ConfigError(InputError):
    """A setting that cannot be used. `key` is its dotted path, `path` the file or variable it came from."""

    code = "config"

    def __init__(self, message: str, *, key: str = "", path: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.key = key
        self.path = path


class NotFoundError(InputError):
    """Something that was named does not exist. `resource` is the kind of thing, such as `log-group`, or empty."""

    code = "not-found"

    def __init__(self, message: str, *, resource: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.resource = resource


class AlreadyExistsError(InputError):
    """A name that is taken, in AWS's words. `resource` is the kind of thing."""

    code = "already-exists"

    def __init__(self, message: str, *, resource: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.resource = resource


class InvalidParameterError(InputError):
    """A parameter, or several together, that AWS refuses, in its words.

    `aws_code` is the code that AWS's API has for it where that differs from the service's usual one.
    """

    code = "invalid-parameter"

    def __init__(self, message: str, *, aws_code: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.aws_code = aws_code


class LimitExceededError(InputError):
    """More of something than AWS allows, in its words. `resource` is the kind of thing."""

    code = "limit-exceeded"

    def __init__(self, message: str, *, resource: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.resource = resource


class ConflictError(InputError):
    """Something stands in the way: it is protected or in use. `resource` is the kind of thing."""

    code = "conflict"

    def __init__(self, message: str, *, resource: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.resource = resource


class AccessDeniedError(InputError):
    """Who asks may not do that, in AWS's words."""

    code = "access-denied"


class SignatureError(InputError):
    """A message whose signature does not vouch for it: do not trust what it says."""

    code = "signature"


class SourceError(TocsinError):
    """Data that was to be read cannot be. The reason goes into the ledger of the report (IF-2)."""

    code = "source"


class ArchiveError(TocsinError):
    """An object cannot be put into its bucket. `reason` is S3's code for why, such as `NoSuchBucket`."""

    code = "archive"

    def __init__(self, message: str, *, reason: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.reason = reason


class StoreError(TocsinError):
    """The store cannot be read or written; the message says why and never carries what was stored."""

    code = "store"


class StoreBusyError(StoreError):
    """So much waits to be written that no more is taken; the same will work later (WIRE-7.7)."""

    code = "store-busy"


class CutOffError(TocsinError):
    """What was asked took longer than it may, and was given up (CON-8.9)."""

    code = "cut-off"


class InternalError(TocsinError):
    """A defect in Tocsin itself; `ident` is what a user should quote when reporting it."""

    code = "internal"

    def __init__(self, message: str, *, ident: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.ident = ident
