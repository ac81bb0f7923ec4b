"""Named sets of actions: what an index means, and that it is written where it is wanted."""

import numpy as np
import pytest

from corrigible.errors import BadInput
from corrigible.sandbox.voxel.acting_kernels import (
    BACK,
    DIG,
    FORWARD,
    JUMP_KEY,
    LEFT,
    NEXT,
    PLACE,
    RIGHT,
    SNEAK_KEY,
    USE,
)
from corrigible.sandbox.voxel.actions import KEYS, ActionSet, ActionSetName, action_set, without

TEN = action_set("ten")


def test_ten_has_the_ten_actions_of_the_tree_punching_experiment() -> None:
    assert TEN.names == (
        "noop", "forward", "forward+jump", "left", "right", "up", "down", "dig", "forward+dig", "forward+jump+dig",
    )  # fmt: skip
    meant = [0, FORWARD, FORWARD | JUMP_KEY, 0, 0, 0, 0, DIG, FORWARD | DIG, FORWARD | JUMP_KEY | DIG]
    assert TEN.keys.tolist() == meant
    turns = {TEN.names[k]: tuple(turn) for k, turn in enumerate(TEN.turn) if turn.any()}
    assert turns == {"left": (15, 0), "right": (-15, 0), "up": (0, 15), "down": (0, -15)}


def test_ancestor_always_digs_and_orders_forward_jump_and_mouse_as_the_baseline_did() -> None:
    ancestor = action_set("ancestor")
    assert len(ancestor) == 36
    assert (ancestor.keys & DIG).all()
    for index, (keys, turn) in enumerate(zip(ancestor.keys, ancestor.turn, strict=True)):
        forward, jump, x, y = np.unravel_index(index, (2, 2, 3, 3))
        assert bool(keys & FORWARD) == bool(forward)
        assert bool(keys & JUMP_KEY) == bool(jump)
        # a mouse that moves right (x = 2) turns right, and one that moves down (y = 2) looks down
        assert tuple(turn) == (5.0 * (1 - x), 5.0 * (1 - y))
        assert int(keys) & ~(DIG | FORWARD | JUMP_KEY) == 0


def test_full_begins_with_ten_and_has_every_key() -> None:
    full = action_set("full")
    assert full.names[:10] == TEN.names
    np.testing.assert_array_equal(full.keys[:10], TEN.keys)
    every = int(np.bitwise_or.reduce(full.keys))
    assert every == BACK | DIG | FORWARD | JUMP_KEY | LEFT | PLACE | RIGHT | SNEAK_KEY | USE | NEXT


@pytest.mark.parametrize("shape", [(4,), (4, 3)])
def test_actions_are_written_into_the_caller_s_arrays(shape: tuple[int, ...]) -> None:
    actions = np.random.default_rng(0).integers(0, 10, size=shape)
    keys, turn = np.zeros((*shape, 2), np.uint16), np.zeros((*shape, 2, 2))
    TEN.press(actions, keys[..., 1], turn[..., 1, :])
    np.testing.assert_array_equal(keys[..., 1], TEN.keys[actions])
    np.testing.assert_array_equal(turn[..., 1, :], TEN.turn[actions])
    assert not keys[..., 0].any()
    assert not turn[..., 0, :].any()


def test_a_set_of_one_s_own_is_checked_and_used() -> None:
    own = ActionSet(name="own", keys=np.array([USE], np.uint16), turn=np.zeros((1, 2)), names=("press",))
    assert action_set(own) is own
    assert own.index("press") == 0
    with pytest.raises(BadInput, match=r"action 'pres'.*did you mean press"):
        own.index("pres")
    for wrong in ({"names": ("a", "b")}, {"keys": np.array([USE])}, {"turn": np.full((1, 2), np.nan)}, {"names": ()}):
        with pytest.raises(BadInput, match="action set 'own'"):
            ActionSet(**{"name": "own", "keys": own.keys, "turn": own.turn, "names": own.names, **wrong})


def test_names_are_unique_and_a_shipped_set_cannot_be_written() -> None:
    for name in ("ten", "ancestor", "full"):
        shipped = action_set(name)
        assert len(set(shipped.names)) == len(shipped)
        with pytest.raises(ValueError, match="read-only"):
            shipped.keys[0] = 1


@pytest.mark.parametrize("name", ["ten", "ancestor", "full"])
@pytest.mark.parametrize("key", [JUMP_KEY, DIG, JUMP_KEY | SNEAK_KEY])
def test_a_set_without_a_key_has_every_other_action_in_order(name: ActionSetName, key: int) -> None:
    whole = action_set(name)
    if name == "ancestor" and key == DIG:
        with pytest.raises(BadInput, match="at least one action is left"):
            without(whole, key)
        return
    left = without(whole, key)
    assert left.names == tuple(one for one, held in zip(whole.names, whole.keys, strict=True) if not held & key)
    for index, one in enumerate(left.names):
        assert left.keys[index] == whole.keys[whole.index(one)]
        assert (left.turn[index] == whole.turn[whole.index(one)]).all()
    assert not (left.keys & key).any()


def test_a_set_without_a_key_is_named_so_and_unknown_keys_are_refused() -> None:
    assert without(TEN, JUMP_KEY).name == "ten without jump"
    assert len(without(TEN, JUMP_KEY)) == 8
    assert sorted(KEYS.values()) == [1 << bit for bit in range(10)]
    for key in (0, 1024, JUMP_KEY | 2048, -1):
        with pytest.raises(BadInput, match="name a key"):
            without(TEN, key)
