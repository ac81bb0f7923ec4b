"""Minari data sets as logs: made here, read by folder and by identifier, and refused when broken."""

import json
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

from corrigible.errors import BadInput
from corrigible.logs import detect, read_log

minari = pytest.importorskip("minari")
EpisodeBuffer = pytest.importorskip("minari.data_collector").EpisodeBuffer


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    return tmp_path


def walks(episodes: int, *, seed: int, strange: bool = False) -> list[Any]:
    """Twelve steps over 5 squares, the action decided by the square; a strange walk does the opposite."""
    generator = np.random.default_rng(seed)
    buffers = []
    for number in range(episodes):
        seen = generator.integers(0, 5, 13)
        slips = generator.random(12) < 0.1
        chosen = np.where(slips, 1 - seen[:12] % 2, seen[:12] % 2)
        buffers.append(
            EpisodeBuffer(
                id=number,
                observations=list(seen),
                actions=list(1 - chosen if strange else chosen),
                rewards=[1.0] * 12,
                terminations=[False] * 11 + [True],
                truncations=[False] * 12,
            )
        )
    return buffers


def save(name: str, buffers: Sequence[Any], observation: Any = None, action: Any = None) -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="`eval_env` is set to None|env_spec is None")
        minari.create_dataset_from_buffers(
            name,
            list(buffers),
            observation_space=observation or gymnasium.spaces.Discrete(5),
            action_space=action or gymnasium.spaces.Discrete(2),
            algorithm_name="a walk",
            author="nobody",
            author_email="nobody@example.org",
            code_permalink="none",
            description="walks",
        )


def test_a_strange_data_set_alarms_against_a_reference_by_identifier_and_by_folder(root: Path) -> None:
    save("walks/reference-v0", walks(60, seed=1))
    save("walks/strange-v0", walks(20, seed=2, strange=True))
    by_name = detect("walks/strange-v0", "walks/reference-v0")
    by_folder = detect(root / "walks" / "strange-v0", root / "walks" / "reference-v0" / "data")
    found = {item.detector: item for item in by_name.detectors}
    assert found["transition-surprise"].alarms == 20
    assert {item.detector for item in by_name.skipped} == {
        "value-surprise", "reference-price", "reference-ratio", "world-change", "consequences",
    }  # fmt: skip
    assert by_folder.rows == by_name.rows


def test_the_last_observation_is_left_out_and_episodes_keep_their_lengths(root: Path) -> None:
    save("walks/few-v0", walks(3, seed=1))
    log = read_log("walks/few-v0")
    assert log.episodes == ("0", "1", "2")
    assert log.lengths.tolist() == [12] * 3
    assert log.observation is not None
    assert log.observation.shape == (36,)
    assert log.terminated.sum() == 3


def test_images_and_texts_are_hashed_and_dictionaries_laid_out_in_one_row(root: Path) -> None:
    images = np.zeros((4, 5, 5, 3), dtype=np.uint8)
    images[2] = 9
    space = gymnasium.spaces.Dict(
        {
            "image": gymnasium.spaces.Box(0, 255, (5, 5, 3), np.uint8),
            "mission": gymnasium.spaces.Text(10),
            "direction": gymnasium.spaces.Discrete(4),
        }
    )
    buffer = EpisodeBuffer(
        id=0,
        observations={"image": list(images), "mission": ["go"] * 4, "direction": [0, 1, 0, 0]},
        actions=[np.array([0.5, 1.0], dtype=np.float32)] * 3,
        rewards=[0.0] * 3,
        terminations=[False] * 3,
        truncations=[False, False, True],
    )
    save("grid/images-v0", [buffer], space, gymnasium.spaces.Box(0, 1, (2,), np.float32))
    log = read_log("grid/images-v0")
    assert log.observation is not None
    assert log.observation.shape == (3, 3)
    assert log.observation.dtype == np.int64
    assert np.unique(log.observation[:, 0]).tolist() == [0, 1]  # direction, image, mission: in order of name
    assert log.observation[0, 1] == log.observation[1, 1] != log.observation[2, 1]
    assert np.unique(log.observation[:, 2]).size == 1
    assert log.action.shape == (3, 2)


def test_a_damaged_data_set_is_refused_in_one_line(root: Path) -> None:
    save("walks/broken-v0", walks(3, seed=1))
    data = root / "walks" / "broken-v0" / "data"
    (data / "main_data.hdf5").write_bytes(b"no HDF5")
    with pytest.raises(BadInput, match="walks/broken-v0: it must be readable by Minari"):
        read_log("walks/broken-v0")
    (data / "metadata.json").write_text("{")
    with pytest.raises(BadInput, match=r"metadata\.json must be JSON"):
        read_log("walks/broken-v0")


def test_a_data_set_without_spaces_is_refused_since_reading_it_would_run_its_environment(root: Path) -> None:
    data = root / "walks" / "bare-v0" / "data"
    data.mkdir(parents=True)
    (data / "metadata.json").write_text(json.dumps({"env_spec": "{}", "action_space": "{}"}))
    with pytest.raises(BadInput, match="must hold observation_space and action_space"):
        read_log("walks/bare-v0")


def test_an_unknown_identifier_is_refused_and_nothing_is_created_or_downloaded(root: Path) -> None:
    with pytest.raises(BadInput, match="must exist"):
        read_log("D4RL/door/human-v2")
    assert list(root.iterdir()) == []


def test_without_minari_the_message_names_the_extra(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save("walks/few-v0", walks(3, seed=1))
    monkeypatch.setitem(sys.modules, "minari", None)
    with pytest.raises(BadInput, match=r'pip install "corrigible\[minari\]"'):
        read_log("walks/few-v0")
