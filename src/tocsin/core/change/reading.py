"""What a call does, whatever it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.core.change.policy import policy_effects
from tocsin.core.change.security_group import security_group_effects
from tocsin.core.change.setting import setting_effects

if TYPE_CHECKING:
    from tocsin.core.change.effect import Effect
    from tocsin.core.notification.call import Call


def effects_of(call: Call) -> tuple[Effect, ...]:
    """What a call does to each of its subjects, or would have done where it was refused; nothing for other calls."""
    match call.service:
        case "ec2":
            return security_group_effects(call)
        case "iam" | "kms":
            return policy_effects(call)
        case "s3":
            return policy_effects(call) or setting_effects(call)
        case _:
            return setting_effects(call)
