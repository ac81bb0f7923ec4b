"""PPO on the voxel worlds' native vector environment, from pixels; a learner of the main path.

Truncated episodes are bootstrapped with the value of their true last observation, terminated ones are not. What is
learned is the same on any number of threads, and after a kill: state is kept in the setup's workspace.
"""

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final, final

import numpy as np

from corrigible.agents.pixel_network import NetworkParams, PixelNetwork, load_parameters, parameters_of
from corrigible.agents.policy_files import save_policy
from corrigible.agents.ppo_settings import PPOSettings
from corrigible.agents.ppo_update import Losses, Threads, Updater
from corrigible.agents.requirements import missing_torch
from corrigible.agents.rollouts import Collector, Finished
from corrigible.agents.training_identity import training_identity
from corrigible.agents.training_log import TrainingLog, open_log
from corrigible.agents.training_state import Progress, StateFile
from corrigible.errors import CorrigibleError, CorruptFile
from corrigible.sandbox.voxel.actions import action_set
from corrigible.sandbox.voxel.observing import channels
from corrigible.sandbox.voxel.sandbox import VoxelWorld
from corrigible.sandbox.voxel.vector_env import VoxelVectorEnv
from corrigible.seeding import kernel_seed
from corrigible.store import disk_faults
from corrigible.types import Array, Checkpoint, Setup

try:
    import torch
except ImportError as error:
    raise missing_torch() from error

PROGRESS: Final = "progress.txt"
"""How far a training is and what it earns, in words, for who is watching."""

SAVE_EVERY: Final = 16
"""Rollouts between two states on disk: what a kill may cost at most."""

LAST_GOOD: Final = "last_good.safetensors"
"""File of a workspace: the last good policy of a training that broke down."""

MOST_SEED: Final = 1 << 62


class TrainingStopped(CorrigibleError):
    """Training broke down.

    checkpoint: the weights before the update that broke it; None in another process than the one that trained. With a
    workspace they are in LAST_GOOD there too, for `policy_files.load_policy`.
    """

    checkpoint: Checkpoint | None = None


@dataclass(frozen=True, kw_only=True)
class Spent:
    """Seconds of a rollout and its update."""

    rollout: float
    update: float


def network_params(world: VoxelWorld, settings: PPOSettings) -> NetworkParams:
    """The shape of network that the world's view and actions, and the settings, ask for."""
    return NetworkParams(
        height=world.view.height,
        width=world.view.width,
        channels=channels(world.view),
        actions=len(action_set(world.actions)),
        filters=settings.filters,
        dense=settings.dense,
        memory=settings.memory,
    )


def train_ppo(setup: Setup[VoxelWorld, PPOSettings], *, generator: np.random.Generator) -> Iterator[Checkpoint]:
    """Train on what is paid; yields `settings.checkpoints` checkpoints, the last of them trained.

    With a workspace, event files for TensorBoard are written there, and a training that was killed goes on where it
    was: resumed is equal to uninterrupted, and checkpoints that it had reached are yielded again. What is kept there of
    a finished training is its checkpoints; who stored them elsewhere may remove the folder.

    Networks run on `setup.device`; what is learned is the same bit for bit on any number of threads of one CPU. Raises
    TrainingStopped where weights are no longer finite or the policy has collapsed, and BadInput where the workspace
    holds another training.
    """
    with Trainer(setup, generator) as trainer:
        yield from trainer.run()


@final
class Trainer:
    """One training: worlds, network, optimiser and generator, to be run, saved and resumed. Used in a `with`."""

    def __init__(self, setup: Setup[VoxelWorld, PPOSettings], generator: np.random.Generator) -> None:
        """`generator` is the training's own from now on."""
        settings, world, self._workspace = setup.settings, setup.world, setup.workspace
        self.settings, self.generator = settings, generator
        self.threads = Threads(settings.crew())
        identity = training_identity(setup, generator.bit_generator.state)
        self._file = StateFile(setup.workspace, identity) if setup.workspace is not None else None
        layouts, self._first_seed = (int(kernel_seed(generator)) % MOST_SEED for _ in range(2))
        self.network = PixelNetwork(network_params(world, settings), generator)
        if settings.first is not None:
            load_parameters(self.network, settings.first)
        self.network.to(setup.device)
        env = VoxelVectorEnv(
            replace(world.params, threads=settings.crew()), world.view, setup.paid, ends=world.ends,
            actions=world.actions, autoreset_mode="SameStep", seed=layouts,
        )  # fmt: skip
        self.collector = Collector(env, self.network, settings, self.threads, generator)
        self.updater = Updater(self.network, settings, self.threads)
        self.done, self.total = 0, settings.rollouts(env.num_envs)
        self.each = settings.rollout * env.num_envs
        self._good = self._checkpoint()
        self._overseer, self._numbers = setup.overseer, dict[str, float]()
        self._log: TrainingLog | None = None
        self._outer_threads = torch.get_num_threads()

    def __enter__(self) -> "Trainer":
        """Itself; PyTorch's operations use one thread each from now on, as pieces are spread over threads already."""
        self._outer_threads = torch.get_num_threads()
        torch.set_num_threads(1)
        return self

    def __exit__(self, *_: object) -> None:
        """End threads, flush the log, and give PyTorch its threads back."""
        torch.set_num_threads(self._outer_threads)
        self.threads.close()
        if self._log is not None:
            self._log.close()

    def run(self) -> Iterator[Checkpoint]:
        """Checkpoints in order of step. Those that a killed training had reached come from the disk.

        Where the setup's overseer says so it saves its state and ends, and can be resumed like a killed one.
        """
        due = self.settings.due(self.total)
        if self._workspace is not None:
            with disk_faults("a training", self._workspace, retry="run it again with --resume"):
                self._workspace.mkdir(parents=True, exist_ok=True)
        reached = self._resume()
        self._log = open_log(self._workspace, self.done * self.each)
        yield from reached
        if not self.done:
            self.collector.begin(self._first_seed)
        while self.done < self.total:
            self._iterate()
            if self.done in due:
                reached = (*reached, self._checkpoint())
                self._save(reached)
                yield reached[-1]
            elif self.done % SAVE_EVERY == 0:
                self._save(reached)
            if self._overseer is not None and self._overseer(self.done * self.each, self._numbers):
                self._save(reached)
                return

    def _iterate(self) -> None:
        if self.done == self.settings.anchored(self.total):
            self.updater.stay_near(parameters_of(self.network), self.settings.anchor_weight)
        started = time.perf_counter()
        batch, finished = self.collector.collect()
        middle = time.perf_counter()
        losses = self.updater.update(batch, self.settings.rate(self.done / self.total), self.generator)
        self.done += 1
        spent = Spent(rollout=middle - started, update=time.perf_counter() - middle)
        self._write(finished, losses, spent)
        self._check(losses)

    def _checkpoint(self) -> Checkpoint:
        return Checkpoint(step=self.done * self.each, parameters=parameters_of(self.network))

    def _check(self, losses: Losses) -> None:
        """Refuse to go on where nothing is left to be learned; keep the weights otherwise."""
        finite = all(bool(torch.isfinite(parameter).all()) for parameter in self.network.parameters())
        if finite and losses.entropy >= self.settings.least_entropy:
            self._good = self._checkpoint()
            return
        where = f"the last good checkpoint, of step {self._good.step}, is in the error's `checkpoint`"
        if self._workspace is not None:
            path = self._workspace / LAST_GOOD
            save_policy(path, self._good, self.network.params, {"why": "the next update broke the training"})
            where = f"the last good checkpoint, of step {self._good.step}, is in {path}"
        error = TrainingStopped(
            value=f"training at step {self.done * self.each}: "
            + (f"entropy {losses.entropy:.2g} nats" if finite else "weights that are not finite"),
            rule=f"weights are finite, and entropy is at least {self.settings.least_entropy:g}",
            remedy=f"lower the learning rate or raise the entropy bonus; {where}",
        )
        error.checkpoint = self._good
        raise error

    def _write(self, finished: Finished, losses: Losses, spent: Spent) -> None:
        step = self.done * self.each
        numbers = {
            "charts/SPS": self.each / (spent.rollout + spent.update),
            "charts/learning_rate": self.settings.rate((self.done - 1) / self.total),
            "losses/policy_loss": losses.policy,
            "losses/value_loss": losses.value,
            "losses/entropy": losses.entropy,
            "losses/approx_kl": losses.kl,
            "losses/clipfrac": losses.clipped,
            "losses/gradient_norm": losses.gradient_norm,
            "time/rollout_seconds": spent.rollout,
            "time/update_seconds": spent.update,
        }
        if self.updater.anchor is not None:
            numbers["losses/anchor_kl"] = losses.anchor_kl
        if len(finished.returns):
            numbers["charts/episodic_return"] = float(finished.returns.mean())
            numbers["charts/episodic_length"] = float(finished.lengths.mean())
        self._numbers = numbers
        if self._log is not None:
            self._log.add(step, numbers)
        if self._workspace is not None:
            earned = f", return {numbers['charts/episodic_return']:.1f}" if len(finished.returns) else ""
            with suppress(OSError):  # only for who is watching
                (self._workspace / PROGRESS).write_text(f"{self.done / self.total:.0%}{earned}", encoding="utf-8")

    def _save(self, reached: tuple[Checkpoint, ...]) -> None:
        if self._file is None:
            return
        if self._log is not None:
            self._log.flush()  # what the state has behind it, a resumed training does not log again
        self._file.write(self._progress(), reached)

    def _progress(self) -> Progress:
        arrays: dict[str, Array] = {}
        if self.done < self.total:
            collector = self.collector
            arrays |= {f"collector/{name}": value for name, value in collector.arrays().items()}
            arrays |= {f"network/{name}": value for name, value in parameters_of(self.network).items()}
            arrays |= {f"optimiser/{name}": value for name, value in self.updater.state().items()}
            if self.settings.anchor_after is not None and self.updater.anchor is not None:
                arrays |= {f"anchor/{name}": value for name, value in parameters_of(self.updater.anchor).items()}
            arrays |= {f"world/{name}": value for name, value in collector.env.worlds.snapshot().rows.items()}
        return Progress(done=self.done, generator=self.generator.bit_generator.state, arrays=arrays)

    def _resume(self) -> tuple[Checkpoint, ...]:
        found = self._file.read() if self._file is not None else None
        if found is None:
            return ()
        progress, reached = found
        try:
            self.generator.bit_generator.state = progress.generator
            if progress.done < self.total:
                load_parameters(self.network, progress.part("network"))
                self.updater.load_state(progress.part("optimiser"))
                anchor = progress.part("anchor")
                if anchor:
                    self.updater.stay_near(anchor, self.settings.anchor_weight)
                self.collector.resume(progress.part("world"), progress.part("collector"))
                self._good = Checkpoint(step=progress.done * self.each, parameters=parameters_of(self.network))
        except (KeyError, TypeError, ValueError) as error:
            raise CorruptFile(
                value=f"the state in {self._workspace}", rule=f"it lacks {error}", remedy="remove it to train anew"
            ) from error
        self.done = progress.done
        return reached
