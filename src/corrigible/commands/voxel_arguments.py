"""Arguments of `corrigible render` and `replay`: each dataclass is the documentation that `--help` prints."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg

from corrigible.commands.arguments import Json, unless_given

if TYPE_CHECKING:
    from corrigible.commands.answer import Answer


@dataclass(frozen=True)
class Render:
    """Draw a voxel world as a PNG: `corrigible render grove`, or many views of it with --sheet."""

    scenario: Positional[Annotated[str | None, arg(metavar="SCENARIO", help_behavior_hint="")]] = None
    """grove, branchy_grove, open_hills, two_rooms, memory_garden, or the path of your own .yaml file."""
    sheet: bool = False
    """A contact sheet: the whole world, a map, and what agents see in several layouts at several hours."""
    all_: Annotated[bool, arg(name="all")] = False
    """A contact sheet of every scenario that is shipped."""
    size: Annotated[int | None, unless_given("PIXELS", "512 for one view, 320 on a sheet")] = None
    """Width of a view, 96 to 512."""
    seed: int = 0
    """Which worlds: the same seed gives the same picture."""
    hour: Annotated[float | None, unless_given("H", "the scenario's own; on a sheet several")] = None
    """Time of day, 0 to 24: 6.4 is sunrise, 12 noon, 17.9 sunset."""
    out: Annotated[Path | None, unless_given("FILE.png", "the scenario's name, here")] = None
    """The picture."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.voxel import answer_render

        return answer_render(
            self.scenario,
            sheet=self.sheet,
            every=self.all_,
            size=self.size,
            seed=self.seed,
            hour=self.hour,
            out=self.out,
        )


@dataclass(frozen=True)
class Replay:
    """Show what was recorded in voxel worlds: what the network saw beside a larger view, a map, keys and deeds."""

    log: Positional[Annotated[Path | None, arg(metavar="LOG", help_behavior_hint="")]] = None
    """Action log (.actions): seed and actions, from which the very same steps are made again."""
    demo: bool = False
    """Record a short scripted walk first, so that there is something to see: writes demo.actions beside the film."""
    out: Annotated[Path | None, unless_given("FILE", "the log's name with .webp")] = None
    """.mp4: a video (needs the extra `video`); .webp: moves in any browser; .png: a sheet of its moments."""
    world: int = 0
    """Which world of the log."""
    agent: int = 0
    """Whose eyes."""
    every: int = 1
    """Show every N-th step; steps in which something was dug, placed or used are always shown."""
    scale: Annotated[int | None, unless_given("N", "to about 384 pixels")] = None
    """How many times larger than the network's own a view is shown."""
    speed: float = 2.0
    """How many times faster than life."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.voxel import answer_replay

        return answer_replay(
            self.log,
            demo=self.demo,
            out=self.out,
            world=self.world,
            agent=self.agent,
            every=self.every,
            scale=self.scale,
            speed=self.speed,
        )
