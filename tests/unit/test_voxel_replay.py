"""Action logs: the same trajectory on any threads and in any batch, and files that are whole or refused."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corrigible.errors import BadInput, CorrigibleError, CorruptFile, NewerSchema
from corrigible.sandbox.voxel.log_file import load_log, save_log
from corrigible.sandbox.voxel.params import EnvParams
from corrigible.sandbox.voxel.replay import ActionLog, Player, Recorder, replay, state_digests
from corrigible.sandbox.voxel.scenario import load_scenario
from corrigible.sandbox.voxel.simulator import VoxelWorlds
from corrigible.sandbox.voxel.vector_env import VoxelVectorEnv
from corrigible.sandbox.voxel.viewing import ViewParams
from corrigible.store.archives import pack_arrays, unpack_arrays
from corrigible.store.documents import seal
from corrigible.types import Array
from voxel_small import VIEW, actions_for, jumps
from voxel_small import params as small_params

KEYS = (1, 1 | 16, 64, 64, 64 | 1, 128, 256, 2, 4 | 32, 0)
FILES = settings(max_examples=12)


def record(
    *, scenario: str = "grove", worlds: int = 3, agents: int = 1, steps: int = 30, seed: int = 5, horizon: int = 12
) -> tuple[ActionLog, list[tuple[str, ...]]]:
    """Random play with restarts of single worlds, and the digest of every state on the way."""
    params = EnvParams(
        scenario=scenario, worlds=worlds, agents=agents, layouts=4, steps=horizon, size=(20, 20, 16), day=60.0
    )
    played = VoxelWorlds(params, seed)
    recorder = Recorder(played)
    played.begin()
    random = np.random.default_rng(seed)
    states: list[tuple[str, ...]] = []
    for _ in range(steps):
        over = played.state.done & (random.random(worlds) < 0.5)
        if over.any():
            played.begin(over)
        keys = random.choice(KEYS, (worlds, agents)).astype(np.uint16)
        played.step(keys, random.normal(0.0, 15.0, (worlds, agents, 2)))
        states.append(state_digests(played.state))
    return recorder.log(), states


LOG, STATES = record()


def states_of(log: ActionLog, threads: int = 1) -> list[tuple[str, ...]]:
    return [state_digests(moment.worlds.state) for moment in replay(log, threads=threads)]


def test_a_replay_goes_through_the_very_states_that_were_recorded() -> None:
    assert LOG.begins[1:].any(), "worlds began again on the way"
    assert (~LOG.active).any(), "and stood still at times"
    assert states_of(LOG) == STATES


def test_the_digest_differs_from_step_to_step_and_with_a_single_node() -> None:
    assert len(set(STATES[:12])) == 12, "no world has ended by then"
    worlds = VoxelWorlds(replace(LOG.params, worlds=1), LOG.seed)
    worlds.begin()
    before = state_digests(worlds.state)
    worlds.set_node(0, (3, 3, 12), "default:dirt")
    assert state_digests(worlds.state) != before


@FILES
@given(threads=st.integers(1, 4), chosen=st.lists(st.integers(0, 2), min_size=1, max_size=3, unique=True))
def test_any_worlds_in_any_order_on_any_threads_replay_as_they_did_among_the_others(
    threads: int, chosen: list[int]
) -> None:
    found = states_of(LOG.only(chosen), threads=threads)
    assert found == [tuple(state[column] for column in chosen) for state in STATES]


def test_an_episode_that_began_after_the_last_step_is_in_the_log() -> None:
    played = VoxelWorlds(EnvParams(worlds=2, layouts=4, steps=3, size=(20, 20, 16)), 1)
    recorder = Recorder(played)
    played.begin()
    for _ in range(3):
        played.step(np.ones((2, 1), dtype=np.uint16), np.zeros((2, 1, 2)))
    played.begin(np.array([False, True]))
    log = recorder.log()
    assert log.begins[-1].tolist() == [False, True]
    assert len(list(replay(log))) == 3


@pytest.mark.parametrize("scenario", ["two_rooms", "open_hills"])
def test_several_agents_replay_too(scenario: str) -> None:
    params = EnvParams(scenario=scenario, worlds=2, agents=2, layouts=4, steps=9)
    played = VoxelWorlds(params, 3)
    recorder = Recorder(played)
    played.begin()
    random = np.random.default_rng(1)
    for _ in range(20):
        if played.state.done.all():
            played.begin()
        played.step(random.choice(KEYS, (2, 2)).astype(np.uint16), random.normal(0, 20, (2, 2, 2)))
    assert [moment.time for moment in replay(recorder.log(), threads=2)] == list(range(20))


def test_a_log_with_another_action_ends_elsewhere_and_says_so() -> None:
    turn = LOG.turn.copy()
    turn[-1, 1] += 1.0
    with pytest.raises(CorrigibleError, match="world 1 of the log: a replay ends in the very state"):
        list(replay(replace(LOG, turn=turn)))
    player = Player(replace(LOG, seed=LOG.seed + 1))
    while not player.over:
        player.step()
    assert player.strayed() == (0, 1, 2)


def test_a_snapshot_restored_while_recording_is_refused() -> None:
    played = VoxelWorlds(EnvParams(worlds=1, layouts=1, size=(20, 20, 16)), 0)
    played.begin()
    Recorder(played)
    nothing = (np.zeros((1, 1), dtype=np.uint16), np.zeros((1, 1, 2)))
    before = played.snapshot()
    played.step(*nothing)
    played.step(*nothing)
    played.restore(before)
    with pytest.raises(CorrigibleError, match="do not restore snapshots"):
        played.step(*nothing)


def test_recording_in_the_middle_of_an_episode_is_refused() -> None:
    played = VoxelWorlds(EnvParams(worlds=1, layouts=1, size=(20, 20, 16)), 0)
    played.begin()
    nothing = (np.zeros((1, 1), dtype=np.uint16), np.zeros((1, 1, 2)))
    played.step(*nothing)
    recorder = Recorder(played)
    with pytest.raises(CorrigibleError, match="begins with an episode"):
        played.step(*nothing)
    with pytest.raises(CorrigibleError, match="no step"):
        recorder.log()
    recorder.stop()
    played.step(*nothing)
    assert played.listeners == []


def test_a_file_gives_the_log_back_bit_for_bit(tmp_path: Path) -> None:
    save_log(tmp_path / "a.actions", LOG)
    found = load_log(tmp_path / "a.actions")
    for name in ("world", "keys", "turn", "episode", "active"):
        assert getattr(found, name).tobytes() == getattr(LOG, name).tobytes()
    assert (found.seed, found.final, found.params) == (LOG.seed, LOG.final, LOG.params)
    assert states_of(found) == STATES
    assert [item.name for item in tmp_path.iterdir()] == ["a.actions"]


def test_a_log_of_the_users_own_scenario_replays_where_its_file_is_not(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(
        "name: own\ntitle: Own\nsummary: Mine.\nsize: [16, 16, 16]\nground: {kind: flat, height: 3}\n"
        "features:\n  - {kind: trees, count: 2, height: [4, 5], spacing: 5}\nspawn: {kind: open}\n",
        encoding="utf-8",
    )
    played = VoxelWorlds(EnvParams(scenario=own, worlds=2, layouts=2, threads=2), 7)
    recorder = Recorder(played)
    played.begin()
    for _ in range(5):
        played.step(np.full((2, 1), 65, dtype=np.uint16), np.full((2, 1, 2), 10.0))
    save_log(tmp_path / "own.actions", recorder.log())
    digest = load_scenario(own).digest
    own.unlink()
    found = load_log(tmp_path / "own.actions")
    assert found.params.loaded.digest == digest
    assert found.params.threads == 1, "how many threads there are is the reader's own affair"
    assert state_digests(list(replay(found))[-1].worlds.state) == found.final


def test_a_log_of_usual_bodies_is_written_as_it_was_before_there_were_others(tmp_path: Path) -> None:
    save_log(tmp_path / "a.actions", LOG)
    held = unpack_arrays((tmp_path / "a.actions").read_bytes(), name="log", remedy="none")
    assert set(json.loads(held["header"].tobytes())["params"]) == {
        "worlds", "size", "agents", "layouts", "steps", "ticks", "dt", "reach", "hour", "day", "tool",
    }  # fmt: skip


def test_a_log_of_other_bodies_is_kept_with_all_that_they_are(tmp_path: Path) -> None:
    more = {"eye": 0.9, "pitch": (-40.0, 20.0), "start_pitch": (-30.0, 10.0), "dig_speed": 4.0}
    played = VoxelWorlds(small_params(**more), 3)
    recorder = Recorder(played, view=VIEW)
    played.begin()
    rng = np.random.default_rng(0)
    for _ in range(5):
        played.step(np.full((3, 1), 65, dtype=np.uint16), rng.normal(0, 20, (3, 1, 2)))
    save_log(tmp_path / "a.actions", recorder.log())
    found = load_log(tmp_path / "a.actions")
    assert {name: getattr(found.params, name) for name in more} == more
    assert state_digests(list(replay(found))[-1].worlds.state) == found.final
    for change, said in ((in_params(pitch=[-99.0, 20.0]), "pitch"), (in_params(eye=5.0), "eye")):
        save_log(tmp_path / "b.actions", recorder.log())
        with pytest.raises(BadInput, match=said):
            load_log(forged(tmp_path / "b.actions", change))


def forged(path: Path, change: Callable[[dict[str, object]], None], arrays: dict[str, Array] | None = None) -> Path:
    """The file with another header, sealed as if it were right."""
    held = unpack_arrays(path.read_bytes(), name="log", remedy="none")
    header = json.loads(held["header"].tobytes())
    del header["sha256"]
    change(header)
    text = json.dumps(seal(header)).encode()
    path.write_bytes(pack_arrays("log", {**held, **(arrays or {}), "header": np.frombuffer(text, dtype=np.uint8)}))
    return path


def changed(**values: object) -> Callable[[dict[str, object]], None]:
    return lambda header: header.update(values)


def in_params(**values: object) -> Callable[[dict[str, object]], None]:
    return lambda header: header["params"].update(values)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("change", "kind", "said"),
    [
        (changed(schema=2), NewerSchema, "schema 2"),
        (changed(format="something"), BadInput, "must be an action log"),
        (changed(more=1), BadInput, "must be an action log"),
        (changed(seed=-1), BadInput, "seed"),
        (changed(seed="0"), BadInput, "seed"),
        (changed(final=["0" * 63]), BadInput, "sha256"),
        (changed(final=["0" * 64]), BadInput, "fit its params"),
        (changed(arrays="0" * 64), CorruptFile, "arrays differ"),
        (changed(params=[]), BadInput, "unknown or missing"),
        (in_params(worlds=2), BadInput, "fit its params"),
        (in_params(worlds=1 << 30), BadInput, "worlds"),
        (in_params(ticks=1 << 30), BadInput, "ticks"),
        (in_params(dt="0.05"), BadInput, "header must fit"),
        (in_params(threads=900), BadInput, "threads"),
        (lambda header: header["scenario"].update(steps=-1), BadInput, "header must fit"),  # type: ignore[attr-defined]
    ],
)
def test_a_forged_header_is_refused_in_one_line(
    tmp_path: Path, change: Callable[[dict[str, object]], None], kind: type[CorrigibleError], said: str
) -> None:
    save_log(tmp_path / "a.actions", LOG)
    with pytest.raises(kind, match=said) as refusal:
        load_log(forged(tmp_path / "a.actions", change))
    assert "\n" not in str(refusal.value)


def test_actions_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    turn = np.full_like(LOG.turn, np.nan)
    with pytest.raises(CorrigibleError, match="not finite"):
        replace(LOG, turn=turn)
    save_log(tmp_path / "a.actions", LOG)
    with pytest.raises(CorruptFile):
        load_log(forged(tmp_path / "a.actions", changed(), {"turn": turn}))


@FILES
@given(data=st.data())
def test_a_file_with_any_byte_changed_or_any_end_cut_off_is_refused_or_the_same(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("log") / "a.actions"
    save_log(path, LOG)
    whole = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        whole[place] ^= data.draw(st.integers(1, 255))
        path.write_bytes(whole)
    else:
        path.write_bytes(whole[:place])
    try:
        found = load_log(path)
    except (BadInput, CorruptFile):
        return
    assert found.final == LOG.final
    assert found.keys.tobytes() + found.turn.tobytes() == LOG.keys.tobytes() + LOG.turn.tobytes()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"a log", b"\x00" * 100])
def test_a_foreign_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)
    with pytest.raises((BadInput, CorruptFile)) as refusal:
        load_log(tmp_path / "x")
    assert "\n" not in str(refusal.value)
    with pytest.raises(BadInput, match="must be a file"):
        load_log(tmp_path / "no-such-file")


def test_a_log_for_no_folder_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="folder must exist"):
        save_log(tmp_path / "no" / "a.actions", LOG)
    assert list(tmp_path.iterdir()) == []


def test_worlds_that_the_log_does_not_hold_are_refused() -> None:
    for columns in ([], [3], [-1]):
        with pytest.raises(BadInput, match="worlds 0 to 2"):
            LOG.only(columns)


def test_an_environment_is_recorded_by_its_worlds_and_its_endings_replay() -> None:
    env = VoxelVectorEnv(small_params(), VIEW, ends=jumps, seed=4, actions="full")
    recorder = Recorder(env.worlds, view=VIEW)
    env.reset(seed=11)
    for actions in actions_for(25, 3, len(env.actions)):
        env.step(actions)
    log = recorder.log()
    assert log.world.tolist() == [11, 12, 13]
    assert log.begins[1:].sum() >= 6, "episodes ended and began again"
    assert len(list(replay(log))) == 25
    env.reset(seed=99)
    with pytest.raises(CorrigibleError, match="seed anew"):
        env.step(np.zeros(3, dtype=np.int64))


def test_the_view_of_the_model_is_in_the_file(tmp_path: Path) -> None:
    save_log(tmp_path / "a.actions", replace(LOG, view=ViewParams(height=48, grey=True, stack=3)))
    assert load_log(tmp_path / "a.actions").view == ViewParams(height=48, grey=True, stack=3)
    with pytest.raises(BadInput, match="height"):
        load_log(forged(tmp_path / "a.actions", lambda header: header["view"].update(height=1 << 20)))  # type: ignore[attr-defined]
