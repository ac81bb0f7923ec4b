"""Every registered voxel environment keeps Gymnasium's contract: ids, checker, wrappers, vectors; without a warning."""

import subprocess
import sys
from types import ModuleType, SimpleNamespace

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env, data_equivalence
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers import RecordEpisodeStatistics, RecordVideo, RenderCollection, TimeLimit
from gymnasium.wrappers.vector import RecordEpisodeStatistics as VectorStatistics

import corrigible
from corrigible.sandbox.voxel.params import EnvParams
from corrigible.sandbox.voxel.registration import ENVIRONMENTS, register_environments
from corrigible.sandbox.voxel.scenario import scenario_names
from corrigible.sandbox.voxel.vector_env import VoxelVectorEnv
from corrigible.sandbox.voxel.viewing import ViewParams

IDS = register_environments()
SMALL = {"view": ViewParams(height=16, width=16), "params": EnvParams(layouts=2)}


def python(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=False)


def test_every_shipped_scenario_has_an_id_and_registering_again_changes_nothing() -> None:
    assert sorted(ENVIRONMENTS.values()) == sorted(scenario_names())
    before = {name: gymnasium.spec(name) for name in IDS}
    assert corrigible.register_environments() == IDS
    assert all(gymnasium.spec(name) is before[name] for name in IDS)


@pytest.mark.parametrize("name", IDS)
def test_gymnasium_s_checker_finds_nothing_to_say(name: str) -> None:
    env = gymnasium.make(name, render_mode="rgb_array", **SMALL)
    assert env.spec is not None
    assert env.unwrapped.batch.worlds.params.loaded.name == ENVIRONMENTS[name]
    check_env(env.unwrapped)


def test_the_checker_finds_nothing_with_every_kind_of_view() -> None:
    view = ViewParams(height=16, width=24, grey=True, stack=2, distance=True, kind=True)
    check_env(gymnasium.make(IDS[0], render_mode="rgb_array", view=view, params=EnvParams(layouts=2)).unwrapped)


@pytest.mark.parametrize("name", IDS)
def test_make_vec_makes_the_native_batch_and_it_is_that_of_single_environments(name: str) -> None:
    native = gymnasium.make_vec(name, num_envs=2, vectorization_mode="vector_entry_point", **SMALL)
    single = gymnasium.make_vec(name, num_envs=2, vectorization_mode="sync", **SMALL)
    assert isinstance(native, VoxelVectorEnv)
    assert native.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
    assert data_equivalence(native.reset(seed=9), single.reset(seed=9), exact=True)
    for action in (1, 3, 9, 6):
        actions = np.array([action, 8])
        assert data_equivalence(native.step(actions), single.step(actions), exact=True)


def test_make_vec_passes_on_what_it_is_asked_for() -> None:
    env = gymnasium.make_vec(
        IDS[3], num_envs=3, max_episode_steps=7, actions="full", autoreset_mode="SameStep", copy=True, **SMALL
    )
    assert isinstance(env, VoxelVectorEnv)
    assert env.worlds.params.horizon == 7
    assert env.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
    assert env.single_action_space == gymnasium.spaces.Discrete(20)
    first, _ = env.reset(seed=1)
    kept = first.copy()
    env.step(np.full(3, env.actions.index("left")))
    np.testing.assert_array_equal(first, kept)


def test_a_time_limit_truncates_and_statistics_count_episodes() -> None:
    env = RecordEpisodeStatistics(gymnasium.make(IDS[0], max_episode_steps=4, **SMALL))
    env.reset(seed=1)
    found = [env.step(0) for _ in range(4)]
    assert [step[3] for step in found] == [False, False, False, True]
    assert found[-1][4]["episode"]["l"] == 4
    env = TimeLimit(gymnasium.make(IDS[0], **SMALL), 2)
    env.reset(seed=1)
    assert [env.step(0)[3] for _ in range(2)] == [False, True]


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_vector_statistics_count_the_steps_of_every_episode(mode: AutoresetMode) -> None:
    env = VectorStatistics(gymnasium.make_vec(IDS[0], num_envs=2, max_episode_steps=3, autoreset_mode=mode, **SMALL))
    env.reset(seed=1)
    lengths: list[int] = []
    for _ in range(13):
        *_, truncated, infos = env.step(np.zeros(2, dtype=np.int64))
        if truncated.any():
            lengths += infos["episode"]["l"].tolist()
            if mode is AutoresetMode.DISABLED:
                env.reset(options={"reset_mask": truncated})
    assert set(lengths) == {3}
    assert len(lengths) == (6 if mode is AutoresetMode.NEXT_STEP else 8)


def test_pictures_are_collected_and_recorded_by_gymnasium_s_wrappers(tmp_path, monkeypatch) -> None:
    collected = gymnasium.make(IDS[0], render_mode="rgb_array_list", **SMALL)
    assert isinstance(collected, RenderCollection)
    collected.reset(seed=1)
    collected.step(0)
    assert [frame.shape for frame in collected.render()] == [(256, 512, 3)] * 2

    written: list[tuple[int, float]] = []  # what the wrapper hands to moviepy, which is not among our extras

    def clip(frames, fps):
        return SimpleNamespace(write_videofile=lambda path, logger: written.append((len(frames), fps)))

    for module in ("moviepy", "moviepy.video", "moviepy.video.io", "moviepy.video.io.ImageSequenceClip"):
        monkeypatch.setitem(sys.modules, module, ModuleType(module))
    monkeypatch.setattr(sys.modules["moviepy.video.io.ImageSequenceClip"], "ImageSequenceClip", clip, raising=False)
    recorded = RecordVideo(gymnasium.make(IDS[0], render_mode="rgb_array", **SMALL), str(tmp_path / "videos"))
    recorded.reset(seed=1)
    for _ in range(3):
        recorded.step(1)
    recorded.close()
    assert written == [(4, 4)]


def test_an_id_with_the_package_before_a_colon_needs_no_other_import() -> None:
    done = python("import gymnasium; print(gymnasium.make('corrigible:corrigible/TwoRooms-v0').reset(seed=1)[0].shape)")
    assert (done.returncode, done.stdout.strip()) == (0, "(64, 64, 3)"), done.stderr


def test_where_corrigible_was_imported_first_the_ids_are_registered_by_a_call() -> None:
    done = python(
        "import corrigible, sys; assert 'gymnasium' not in sys.modules\n"
        "import gymnasium; corrigible.register_environments(); print(gymnasium.spec('corrigible/Grove-v0').id)"
    )
    assert (done.returncode, done.stdout.strip()) == (0, "corrigible/Grove-v0"), done.stderr


@pytest.mark.parametrize(
    "statement",
    [
        "corrigible.register_environments()",
        "import corrigible.sandbox.voxel.vector_env",
        "import corrigible.sandbox.voxel.single_env",
    ],
)
def test_a_missing_gymnasium_is_said_in_one_line(statement: str) -> None:
    done = python(
        "import sys; sys.modules['gymnasium'] = None\n"
        "import corrigible\n"
        f"try:\n    {statement}\nexcept corrigible.CorrigibleError as error:\n    print(error)\n"
    )
    said = 'gymnasium: voxel environments are Gymnasium\'s, and it is not installed; pip install "corrigible[play]"'
    assert done.stdout.strip() == said, done.stderr


def test_infos_never_hold_what_was_meant() -> None:
    view = ViewParams(height=16, width=16, distance=True, kind=True)
    env = gymnasium.make_vec(
        IDS[1], num_envs=2, view=view, params=EnvParams(layouts=2, steps=3), autoreset_mode="SameStep"
    )
    seen = set(env.reset(seed=1)[1])
    for _ in range(4):
        infos = env.step(np.full(2, 9))[4]
        seen |= set(infos) | set(infos.get("final_info", {}))
    names = {"distance", "kind", "final_obs", "final_info"}
    assert seen == names | {f"_{name}" for name in names}
