"""What a command gets from the process that it runs in: streams, environment, clock, and the use cases.

Rule: commands take all of these from here and never from `sys`, `os` or a module, so that a test can
hand them anything.
"""

from __future__ import annotations

import importlib
import io
import os
import sys
from typing import TYPE_CHECKING, Any, TextIO, cast

from tocsin.cli.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.clock import Clock


_USE_CASES = {
    "scan": "tocsin.composition.scan:scan",
    "grep": "tocsin.composition.grep:Grep",
    "count_event_types": "tocsin.composition.event_types:count_event_types",
    "backtest": "tocsin.composition.backtest:backtest",
    "alarm_mail": "tocsin.composition.backtest:alarm_mail",
    "compare": "tocsin.composition.comparison:compare",
    "validate": "tocsin.composition.validate:validate",
    "find_public_keys": "tocsin.composition.public_keys:find_public_keys",
    "simulate_selectors": "tocsin.composition.selectors:simulate_selectors",
    "run_rule_tests": "tocsin.composition.ruletest:run_rule_tests",
    "load_rules": "tocsin.app.pack:load_rules",
    "load_chain": "tocsin.app.rulepack:load_chain",
    "build_alarm_set": "tocsin.app.alarm_set:build_alarm_set",
    "pack_names": "tocsin.app.pack:pack_names",
    "check": "tocsin.app.check:check",
    "plan_server": "tocsin.composition.server_settings:plan_server",
    "serve": "tocsin.composition.serve:serve",
    "demo": "tocsin.composition.demo:demo",
    "back_up": "tocsin.composition.backup:back_up",
    "plan_recorder": "tocsin.composition.record:plan_recorder",
    "record": "tocsin.composition.record:record",
    "record_sign_in": "tocsin.composition.record:record_sign_in",
    "alarm_survey": "tocsin.composition.beside:alarm_survey",
    "deliveries": "tocsin.composition.beside:deliveries",
    "replay_delivery": "tocsin.composition.beside:replay_delivery",
    "subscriptions": "tocsin.composition.beside:subscriptions",
    "resend_confirmation": "tocsin.composition.beside:resend_confirmation",
    "confirm_subscription_for": "tocsin.composition.beside:confirm_subscription_for",
    "mails_in_mailbox": "tocsin.composition.mail:mails_in_mailbox",
    "mail_in_mailbox": "tocsin.composition.mail:mail_in_mailbox",
}
"""Where each use case is found; loaded when it is first asked for."""


class UseCases:
    """The use cases with their adapters, each loaded when it is asked for. A test puts a fake in its place."""

    def __getattr__(self, name: str) -> Any:
        if name not in _USE_CASES:
            raise AttributeError(name)
        module, _, attribute = _USE_CASES[name].partition(":")
        return getattr(importlib.import_module(module), attribute)


class Invocation:
    """One run of the command line: its streams, environment, clock and use cases."""

    def __init__(
        self, terminal: Terminal, *, environ: Mapping[str, str], clock: Clock | None = None, use_cases: Any = None
    ) -> None:
        self.terminal = terminal
        self.environ = environ
        self.use_cases: Any = use_cases or UseCases()
        self._clock = clock

    @property
    def clock(self) -> Clock:
        """The clock; that of the machine unless another was given."""
        if self._clock is None:
            from tocsin.clock import SystemClock

            self._clock = SystemClock()
        return self._clock


def invocation_of_process() -> Invocation:
    """The invocation of this very process. Characters that its streams cannot show come out as escapes."""
    streams = [cast("TextIO | None", sys.stdout), cast("TextIO | None", sys.stderr)]
    output, error = (_writable(stream) for stream in streams)
    source = cast("TextIO | None", sys.stdin)
    binary = io.BytesIO() if source is None else source.buffer
    return Invocation(Terminal(output, error, binary, os.environ), environ=os.environ)


def _writable(stream: TextIO | None) -> TextIO:
    """The stream, or a sink where the process was started without one (`>&-`)."""
    if stream is None:
        return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123  # it lives as long as the process
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")
    return stream
