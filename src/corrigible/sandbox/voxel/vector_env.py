"""N voxel worlds as one Gymnasium VectorEnv: stepped and drawn together, with explicit autoreset and true endings."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias, final

import numpy as np

from corrigible.errors import BadInput
from corrigible.sandbox.voxel.acting_kernels import Record
from corrigible.sandbox.voxel.actions import ActionSet, ActionSetName, action_set
from corrigible.sandbox.voxel.events import Reward, VoxelEvents, logs, paid_by, reward_in
from corrigible.sandbox.voxel.observing import Observer, channels
from corrigible.sandbox.voxel.params import EnvParams
from corrigible.sandbox.voxel.registration import missing_gymnasium
from corrigible.sandbox.voxel.screens import Screen
from corrigible.sandbox.voxel.simulator import VoxelWorlds
from corrigible.sandbox.voxel.viewing import ViewParams
from corrigible.types import Array

try:
    from gymnasium.spaces import Box, Discrete, Space
    from gymnasium.vector import AutoresetMode, VectorEnv
    from gymnasium.vector.utils import batch_space
except ImportError as error:
    raise missing_gymnasium() from error

Ends: TypeAlias = Callable[[VoxelEvents], Array]
"""Events -> (N, A) bool: an episode terminates when it is so of any agent of its world."""

Others: TypeAlias = Callable[[VoxelWorlds, Array], Array]
"""(worlds, views (N, A - 1, H, W, 3) uint8 of agents 1, 2, ...) -> (N, A - 1) indices of the same action set."""

Seed: TypeAlias = int | Sequence[int | None] | None

MOST_SEED: Final = 1 << 62


@final
class VoxelVectorEnv(VectorEnv[Array, Array, Array]):
    """A batch of voxel worlds in which agent 0 learns.

    Observations are (N, H, W, C) uint8, C being 3 (1 where grey) for each of the last `view.stack` views, newest last;
    where an episode begins, its first view fills the stack. THE ARRAY IS OVERWRITTEN BY THE NEXT `step` OR `reset`: use
    it at once, copy it, or ask for copy=True. It is `observation_buffer` where that is given. Final observations are
    always copies. Depth and node ids, if the view has them, are in infos as "distance" and "kind" (N, H, W), with the
    same rule; nothing else is: what was meant and who did what stays in `events`, for evaluators.

    params, view: the worlds and how they are seen. reward: what agent 0 is paid. ends: where an episode terminates;
    None: nowhere. Episodes are truncated after `params.horizon` steps. actions: name of a set, or a set. others: what
    agents 1 and on do; None: they stand still. autoreset_mode: as Gymnasium has it; DISABLED wants
    `reset(options={"reset_mask": ended})`. seed: which worlds there are (the pool of layouts; None: pool 0), and the
    seed of the first `reset` that is given none (None: one that the system draws).

    World n of a batch that is reset with seed s does what a single environment does that is reset with s + n, as in
    Gymnasium's SyncVectorEnv. Raises BadInput where an argument cannot be had.
    """

    def __init__(
        self,
        params: EnvParams | None = None,
        view: ViewParams | None = None,
        reward: Reward = logs,
        *,
        ends: Ends | None = None,
        actions: ActionSet | ActionSetName = "ten",
        others: Others | None = None,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        seed: int | None = None,
        observation_buffer: Array | None = None,
        copy: bool = False,
        render_mode: str | None = None,
    ) -> None:
        params, self.view = params or EnvParams(), view or ViewParams()
        self.num_envs = N = params.worlds
        self.autoreset_mode = _mode(autoreset_mode)
        self.metadata = {
            "render_modes": ["rgb_array"],
            "render_fps": max(1, round(1.0 / params.seconds)),
            "autoreset_mode": self.autoreset_mode,
        }
        self.render_mode = _render_mode(render_mode)
        self.actions = action_set(actions)
        self.single_action_space: Space[Any] = Discrete(len(self.actions))
        shape = (self.view.height, self.view.width, channels(self.view))
        self.single_observation_space: Space[Any] = Box(0, 255, shape, np.uint8)
        self.action_space = batch_space(self.single_action_space, N)
        self.observation_space = batch_space(self.single_observation_space, N)
        self.worlds = VoxelWorlds(params, _whole(seed) if seed is not None else 0)
        self.events: VoxelEvents | None = None
        """What the last step did, before worlds began again; for evaluators. Written over by the next step."""
        self.record: Record = self.worlds.record
        """The same as kernels have it, for `TraceLog.add`."""
        self._observer = Observer(self.view, N, params.agents, observation_buffer)
        self._reward = reward_in(reward, self.worlds)
        self._ends, self._others, self._copy = ends, others, copy
        self._first_seed, self._screen = seed, None
        self._keys = np.zeros((N, params.agents), dtype=np.uint16)
        self._turn = np.zeros((N, params.agents, 2))
        self._begun = np.zeros(N, dtype=np.bool_)
        self._over = np.zeros(N, dtype=np.bool_)

    def reset(self, *, seed: Seed = None, options: Mapping[str, Any] | None = None) -> tuple[Array, dict[str, Any]]:  # type: ignore[override]
        """Begin episodes in all worlds, or in those of options["reset_mask"] ((N,) bool).

        seed: world n has the stream of seed + n; a list names each world's stream, None in it goes on with the old one,
        and so does a seed of None. Returns the observations of all worlds, and infos of those that began.
        """
        chosen, streams = self._mask(options), self._streams(seed)
        super().reset(seed=seed if isinstance(seed, int) else None)
        self._seed(streams, chosen)
        self.worlds.begin(chosen)
        self._begun |= chosen
        self._over &= ~chosen
        self._observer.begin(self.worlds, chosen)
        return self._observation(), self._infos(chosen)

    def step(self, actions: Array) -> tuple[Array, Array, Array, Array, dict[str, Any]]:
        """One step with actions (N,): observations, rewards (N,) float64, terminated, truncated (N,) bool, infos.

        NEXT_STEP: a world that ended begins again in the next step, whose action and reward (0) are none of its own.
        SAME_STEP: it begins again at once; infos has "final_obs" and "final_info" (where "_final_obs" is True).
        Raises BadInput for actions that do not fit, worlds that have not begun, and in DISABLED for those that ended.
        """
        worlds, again = self.worlds, self._over
        self._check_ready()
        self._act(actions)
        events = worlds.step(self._keys, self._turn)
        rewards = np.where(again, 0.0, paid_by(self._reward, events)[:, 0].astype(np.float64))
        terminated = self._terminated(events) & ~again
        truncated = (worlds.state.time >= worlds.params.horizon) & ~again
        over = terminated | truncated
        np.logical_or(worlds.state.done, over, out=worlds.state.done)
        if again.any():
            worlds.begin(again)
        self._observer.look(worlds, fresh=again)
        infos: dict[str, Any] = {}
        self.events, self.record, self._over = events, worlds.record, over
        if self.autoreset_mode is AutoresetMode.SAME_STEP and over.any():
            infos = self._finals(over)
            self.events, self.record = events.copy(), Record(*(array.copy() for array in worlds.record))
            self._over = np.zeros_like(over)
            worlds.begin(over)
            self._observer.begin(worlds, over)
        return self._observation(), rewards, terminated, truncated, infos | self._infos(np.ones_like(over))

    def render(self) -> tuple[Array, ...] | None:  # type: ignore[override]
        """One picture for each world where render_mode is "rgb_array": see screens."""
        if self.render_mode is None:
            return None
        self._screen = self._screen or Screen(self.view)
        return tuple(self._screen.pictures(self.worlds, self._observer.observation))

    def _check_ready(self) -> None:
        if not self._begun.all():
            raise BadInput(
                value="a step before the first reset", rule="worlds are begun by reset", remedy="call reset(seed=...)"
            )
        if self.autoreset_mode is AutoresetMode.DISABLED and self._over.any():
            raise BadInput(
                value=f"a step of worlds {np.flatnonzero(self._over).tolist()}, whose episodes are over",
                rule="with autoreset disabled they are begun by hand",
                remedy='call reset(options={"reset_mask": terminated | truncated})',
            )

    def _act(self, actions: Array) -> None:
        self.actions.press(np.asarray(actions), self._keys[:, 0], self._turn[:, 0])
        if self._others is not None and self._keys.shape[1] > 1:
            chosen = self._others(self.worlds, self._observer.views.rgb[:, 1:])
            self.actions.press(np.asarray(chosen), self._keys[:, 1:], self._turn[:, 1:])

    def _terminated(self, events: VoxelEvents) -> Array:
        if self._ends is None:
            return np.zeros(self.num_envs, dtype=np.bool_)
        ended = np.asarray(self._ends(events))
        if ended.shape != events.dug.shape or ended.dtype != np.bool_:
            raise BadInput(
                value=f"the function of endings gave {ended.dtype} of shape {ended.shape}",
                rule=f"it maps events to bool of shape {events.dug.shape}, worlds x agents",
                remedy="mend the function",
            )
        return np.asarray(ended.any(axis=1))

    def _observation(self) -> Array:
        return self._observer.observation.copy() if self._copy else self._observer.observation

    def _infos(self, chosen: Array) -> dict[str, Any]:
        """Depth and ids of those worlds, with Gymnasium's masks."""
        infos: dict[str, Any] = {}
        for name, array in self._observer.extras().items():
            whole = chosen.all()
            given = array if whole else np.where(chosen[:, None, None], array, np.zeros((), dtype=array.dtype))
            infos[name] = given.copy() if self._copy and whole else given
            infos[f"_{name}"] = chosen.copy()
        return infos

    def _finals(self, over: Array) -> dict[str, Any]:
        """Copies of the last observations and infos of episodes, as Gymnasium lays them out."""
        infos: dict[str, Any] = {}
        extras = self._observer.extras()
        for n in np.flatnonzero(over):
            last = {name: array[n] for name, array in extras.items()}
            final = {"final_obs": self._observer.observation[n].copy(), "final_info": last}
            infos = self._add_info(infos, final, int(n))
        return infos

    def _mask(self, options: Mapping[str, Any] | None) -> Array:
        unknown = set(options or ()) - {"reset_mask"}
        if unknown:
            raise BadInput(value=f"options {sorted(unknown)}", rule="only reset_mask is known", remedy="leave them out")
        if not options:
            return np.ones(self.num_envs, dtype=np.bool_)
        mask = options["reset_mask"]
        if (
            not isinstance(mask, np.ndarray)
            or mask.shape != (self.num_envs,)
            or mask.dtype != np.bool_
            or not mask.any()
        ):
            raise BadInput(
                value="the reset_mask",
                rule=f"it is a NumPy array ({self.num_envs},) of bool, True somewhere",
                remedy="give terminated | truncated",
            )
        if not (self._begun | mask).all():
            raise BadInput(
                value="a reset_mask in the first reset", rule="all worlds begin first", remedy="call reset() without it"
            )
        return mask.copy()

    def _streams(self, seed: Seed) -> list[int | None]:
        """The random stream that each world is given; None: none."""
        N = self.num_envs
        if not isinstance(seed, Sequence):
            return [None if seed is None else _whole(seed) + n for n in range(N)]
        if len(seed) != N:
            raise BadInput(value=f"{len(seed)} seeds", rule=f"there are {N} worlds", remedy="give one for each")
        return [None if one is None else _whole(one) for one in seed]

    def _seed(self, streams: Sequence[int | None], chosen: Array) -> None:
        """Set the streams of the chosen worlds; one that never had any gets the first seed's, or one drawn now."""
        state = self.worlds.state
        for n in np.flatnonzero(chosen).tolist():
            stream = streams[n]
            if stream is None and not self._begun[n]:
                stream = self._own_seed() + n
            if stream is not None:
                state.world[n], state.episode[n] = stream, -1

    def _own_seed(self) -> int:
        if self._first_seed is None:
            self._first_seed = int(self.np_random.integers(1 << 32))
        return self._first_seed


def _mode(mode: AutoresetMode | str) -> AutoresetMode:
    try:
        return AutoresetMode(mode)
    except ValueError as error:
        known = ", ".join(one.value for one in AutoresetMode)
        raise BadInput(value=f"autoreset_mode {mode!r}", rule="it must be known", remedy=f"one of {known}") from error


def _render_mode(mode: str | None) -> str | None:
    if mode not in (None, "rgb_array"):
        raise BadInput(
            value=f"render_mode {mode!r}", rule="only rgb_array is there", remedy="choose rgb_array, or None"
        )
    return mode


def _whole(seed: int) -> int:
    if not 0 <= seed < MOST_SEED:
        raise BadInput(value=f"seed {seed}", rule="it must be in [0, 2^62)", remedy="choose another")
    return int(seed)
