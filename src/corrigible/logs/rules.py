"""What the lines of one log must have in common: order of time, no step after the end, one form for each key."""

from dataclasses import dataclass, field
from typing import Final, TypeAlias, final

from corrigible.logs.line import Numbers, Step, Where, shown
from corrigible.logs.schema import Key

ALL_OR_NONE: Final[tuple[Key, ...]] = ("executed_action", "log_prob", "value")

Form: TypeAlias = str
"""What a key holds on a line, in words: it must be the same on every line."""


def _form(value: Numbers | str | None) -> Form:
    if value is None:
        return "null"
    if isinstance(value, str):
        return "a string"
    return f"a list of shape {value.shape}" if value.shape else "a number"


@dataclass(kw_only=True)
class _Episode:
    number: int
    steps: int = 0
    ended: bool = False


@final
@dataclass(kw_only=True)
class LogRules:
    """Checks line after line; the episodes may take turns, as those of a vector environment do."""

    _episodes: dict[str | int, _Episode] = field(default_factory=dict[str | int, _Episode])
    _forms: dict[str, Form] = field(default_factory=dict[str, Form])

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the episodes so far, in order of appearance."""
        return tuple(str(name) for name in self._episodes)

    def check(self, step: Step, where: Where) -> int:
        """Number of the step's episode; raises BadInput."""
        self._check_forms(step, where)
        episode = self._episodes.setdefault(step.episode, _Episode(number=len(self._episodes)))
        if episode.ended:
            where.refuse_line(
                f"episode {shown(step.episode)} goes on at t = {step.t}",
                "an episode has no step after the one that is terminated or truncated",
                "give what follows a new episode",
            )
        if step.t != episode.steps:
            where.refuse("t", step.t, because=f"the next of episode {shown(step.episode)} is {episode.steps}")
        episode.steps += 1
        episode.ended = step.terminated or step.truncated
        return episode.number

    def _check_forms(self, step: Step, where: Where) -> None:
        self._require("episode", "a name" if isinstance(step.episode, str) else "a whole number", where)
        self._require("observation", _form(step.observation), where)
        self._require("action", _form(step.action), where)
        if step.executed_action is not None and _form(step.executed_action) != _form(step.action):
            where.refuse_line(
                f"executed_action is {_form(step.executed_action)}", f"it must be {_form(step.action)}, as action is"
            )
        for key in ALL_OR_NONE:
            self._require(key, "absent" if getattr(step, key) is None else "given", where)
        for change in step.changes or ():
            self._require("changes", f"of {len(change.place)} coordinates", where)

    def _require(self, key: Key, form: Form, where: Where) -> None:
        expected = self._forms.setdefault(key, form)
        if form != expected:
            where.refuse_line(f"{key} is {form}", f"it must be {expected}, as on the lines before")
