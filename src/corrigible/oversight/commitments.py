"""What was promised for a date: overdue, due soon, or later. `corrigible commitments due POLICY..`"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from corrigible.oversight.policies import Commitment, Policy

State: TypeAlias = Literal["done", "overdue", "due soon", "later"]


@dataclass(frozen=True, kw_only=True)
class Due:
    """A commitment and where it stands; `due` is the next date that it has to be kept by, None once it is done."""

    policy: str
    commitment: Commitment
    due: datetime | None
    state: State


def due(policies: Sequence[Policy], *, at: datetime, soon: timedelta) -> tuple[Due, ...]:
    """Every commitment of every policy at the moment `at`, the most pressing first. soon: what is near."""
    found = [_due(policy, item, at, soon) for policy in policies for item in policy.commitments]
    return tuple(sorted(found, key=lambda item: (item.due is None, item.due or at)))


def _due(policy: Policy, item: Commitment, at: datetime, soon: timedelta) -> Due:
    done = item.done if item.done is not None and item.done <= at else None  # what lies ahead is not done yet
    when = item.due if done is None else done + item.every if item.every is not None else None
    state: State = "done" if when is None else "overdue" if when < at else "due soon" if when - at <= soon else "later"
    return Due(policy=policy.policy, commitment=item, due=when, state=state)
