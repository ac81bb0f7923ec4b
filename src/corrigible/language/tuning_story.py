"""What is told of every step of a tuning: numbers as JSON lines, and some of its responses, kept for people."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, final

import numpy as np

from corrigible.language.monitors import Sampled, monitors_of

FILE: Final = "story.jsonl"


@final
@dataclass(frozen=True, kw_only=True)
class Story:
    """Means over the B responses of one step. kl, k2, k3: nats a response by the three estimators (Schulman 2020).

    kl_by_place: nats of log p / q at each place, over the responses that reach it. distinct: different responses over
    all. commonest: share of the commonest one. ended: share that ended by themselves. monitors: see monitors.MONITORS.
    """

    step: int
    reward: float
    reward_deviation: float
    kl: float
    k2: float
    k3: float
    kl_by_place: tuple[float, ...]
    entropy: float
    length: float
    ended: float
    distinct: float
    commonest: float
    gradient_norm: float
    monitors: dict[str, float]

    @classmethod
    def of(
        cls, step: int, sampled: Sampled, *, entropy: float, norm: float, also: Mapping[str, float] | None = None
    ) -> "Story":
        """Fold a step. also: monitors besides those of MONITORS."""
        samples, texts, reward, log_ratio = sampled.samples, sampled.texts, sampled.reward, sampled.log_ratio
        reached = np.maximum(samples.mask.sum(axis=0), 1)
        counts = Counter(texts.responses)
        return cls(
            step=step,
            reward=float(reward.mean()),
            reward_deviation=float(reward.std()),
            kl=float(log_ratio.sum(axis=1).mean()),
            k2=float((0.5 * log_ratio**2).sum(axis=1).mean()),
            k3=float(((np.expm1(-log_ratio) + log_ratio) * samples.mask).sum(axis=1).mean()),
            kl_by_place=tuple((log_ratio.sum(axis=0) / reached).round(5).tolist()),
            entropy=entropy,
            length=float(samples.mask.sum(axis=1).mean()),
            ended=float(samples.ended.mean()),
            distinct=len(counts) / len(texts.responses),
            commonest=max(counts.values()) / len(texts.responses),
            gradient_norm=norm,
            monitors={**monitors_of(sampled), **(also or {})},
        )

    def numbers(self) -> dict[str, float]:
        """All but places, by the name of a curve."""
        rest = ("step", "kl_by_place", "monitors")
        found = {f"tuning/{name}": float(v) for name, v in asdict(self).items() if name not in rest}
        return found | {f"monitors/{name}": value for name, value in self.monitors.items()}


@final
class StoryFile:
    """JSON lines in a workspace; of a tuning that was killed, what is done again is told once."""

    def __init__(self, workspace: Path | None, done: int) -> None:
        self._path = workspace / FILE if workspace is not None else None
        if self._path is not None and self._path.exists():
            kept = [line for line in read_story(self._path.parent) if line["step"] <= done]
            self._path.write_text("".join(json.dumps(line) + "\n" for line in kept), encoding="utf-8")

    def add(self, story: Story, responses: Sequence[str]) -> None:
        """Append a step."""
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({**asdict(story), "responses": list(responses)}) + "\n")


def read_story(workspace: Path) -> list[dict[str, Any]]:
    """The lines of a workspace, in order; a last one that was cut off by a kill is left out."""
    found: list[dict[str, Any]] = []
    path = workspace / FILE
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            found.append(json.loads(line))
        except ValueError:
            break
    return found
