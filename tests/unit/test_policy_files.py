"""Policies as files: read back bit for bit, or refused in one line."""

import json
import pickle  # noqa: TID251 # to show that nothing is unpickled
import struct

import numpy as np
import pytest

pytest.importorskip("torch")

from safetensors.numpy import save_file

from corrigible.agents import policy_files
from corrigible.agents.pixel_network import NetworkParams, PixelNetwork, parameters_of
from corrigible.agents.policy_files import load_policy, save_policy
from corrigible.agents.tensor_files import TensorFile
from corrigible.errors import BadInput, CorrigibleError, CorruptFile, NewerSchema
from corrigible.types import Checkpoint

SHAPE = NetworkParams(height=36, width=40, channels=2, actions=3, filters=(2, 3, 4), dense=5, memory=6)
NOTES = {"command": "python train.py", "claim": "1"}


@pytest.fixture
def checkpoint():
    return Checkpoint(step=7, parameters=parameters_of(PixelNetwork(SHAPE, np.random.default_rng(0))))


@pytest.fixture
def file(tmp_path, checkpoint):
    path = tmp_path / "policy.safetensors"
    save_policy(path, checkpoint, SHAPE, NOTES)
    return path


def test_a_policy_comes_back_bit_for_bit_with_its_network_and_notes(file, checkpoint) -> None:
    found, shape, notes = load_policy(file)
    assert (found.step, shape, notes) == (7, SHAPE, NOTES)
    assert set(found.parameters) == set(checkpoint.parameters)
    for name, value in checkpoint.parameters.items():
        assert found.parameters[name].dtype == np.float32
        assert found.parameters[name].tobytes() == value.tobytes()
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_saving_twice_gives_the_same_bytes_and_replaces_the_file(file, checkpoint) -> None:
    before = file.read_bytes()
    save_policy(file, checkpoint, SHAPE, NOTES)
    assert file.read_bytes() == before
    save_policy(file, Checkpoint(step=8, parameters=checkpoint.parameters), SHAPE)
    assert load_policy(file)[0].step == 8
    assert load_policy(file)[2] == {}


def test_any_changed_byte_is_found_and_told_in_one_line(file) -> None:
    data = file.read_bytes()
    draw = np.random.default_rng(0)
    for place in [*range(12), *draw.integers(0, len(data), 150).tolist()]:
        broken = bytearray(data)
        broken[place] ^= 1 << int(draw.integers(8))
        file.write_bytes(broken)
        with pytest.raises(CorrigibleError) as refused:
            load_policy(file)
        assert "\n" not in str(refused.value)


def test_a_file_cut_short_anywhere_is_refused(file) -> None:
    data = file.read_bytes()
    for length in [*range(20), *np.random.default_rng(0).integers(0, len(data), 30).tolist()]:
        file.write_bytes(data[:length])
        with pytest.raises(CorrigibleError):
            load_policy(file)


def test_what_is_no_policy_is_refused_and_nothing_is_unpickled(tmp_path) -> None:
    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("it was unpickled",))

    path = tmp_path / "other"
    with pytest.raises(BadInput, match="it must be a file"):
        load_policy(path)
    for data in (b"", b"PK", pickle.dumps(Trap()), struct.pack("<Q", 2) + b"{}", struct.pack("<Q", 1 << 60) + b"{}"):
        path.write_bytes(data)
        with pytest.raises(CorrigibleError):
            load_policy(path)
    save_file({"a": np.zeros(3)}, path)
    with pytest.raises(BadInput, match="it must be a policy of pixels"):
        load_policy(path)
    TensorFile("something else", 1, "look").write(path, {"a": np.zeros(3)}, {}, retry="again")
    with pytest.raises(BadInput, match="it must be a policy of pixels"):
        load_policy(path)
    TensorFile("a policy of pixels", 2, "look").write(path, {"a": np.zeros(3)}, {}, retry="again")
    with pytest.raises(NewerSchema, match="schema 2"):
        load_policy(path)
    (tmp_path / "link").symlink_to(path)
    with pytest.raises(BadInput):
        load_policy(tmp_path / "link")


@pytest.mark.parametrize(
    "changed",
    [
        {"step": -1}, {"step": 1.5}, {"step": True}, {"more": 1}, {"network": None}, {"notes": {"a": 1}},
        {"network": {"height": 36}}, {"network": {"dense": 0}}, {"network": {"dense": 9}},
        {"network": {"actions": "3"}}, {"network": {"filters": 3}}, {"network": {"filters": [1, 2]}},
        {"network": {"strange": 1}},
    ],
    ids=json.dumps,
)  # fmt: skip
def test_a_sealed_header_that_does_not_fit_its_weights_is_refused(file, changed) -> None:
    arrays, kept = policy_files._FILE.read(file)
    network = changed.get("network")
    if isinstance(network, dict) and network != {"height": 36}:
        changed = {"network": {**kept["network"], **network}}
    policy_files._FILE.write(file, arrays, {**kept, **changed}, retry="again")
    with pytest.raises(CorruptFile) as refused:
        load_policy(file)
    assert "\n" not in str(refused.value)


def test_weights_of_another_type_or_that_are_not_finite_are_refused(file) -> None:
    arrays, kept = policy_files._FILE.read(file)
    policy_files._FILE.write(file, {**arrays, "actor.bias": np.zeros(3)}, kept, retry="again")
    with pytest.raises(CorruptFile, match="float32"):
        load_policy(file)
    broken = {**arrays, "actor.bias": np.full(3, np.inf, dtype=np.float32)}
    policy_files._FILE.write(file, broken, kept, retry="again")
    with pytest.raises(CorruptFile, match="every weight is finite"):
        load_policy(file)


def test_what_cannot_be_saved_is_refused_before_anything_is_written(tmp_path, checkpoint) -> None:
    path = tmp_path / "policy.safetensors"
    with pytest.raises(BadInput, match="folder must exist"):
        save_policy(tmp_path / "nowhere" / "policy", checkpoint, SHAPE)
    with pytest.raises(BadInput, match="text by name"):
        save_policy(path, checkpoint, SHAPE, {"n": 1})
    with pytest.raises(BadInput, match="weights"):
        save_policy(path, checkpoint, NetworkParams())
    with pytest.raises(BadInput, match="step -1"):
        save_policy(path, Checkpoint(step=-1, parameters=checkpoint.parameters), SHAPE)
    with pytest.raises(BadInput, match="finite"):
        save_policy(
            path, Checkpoint(step=1, parameters={**checkpoint.parameters, "actor.bias": np.full(3, np.nan)}), SHAPE
        )
    assert list(tmp_path.iterdir()) == []
