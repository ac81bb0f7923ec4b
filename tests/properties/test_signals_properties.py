"""What must hold in every stag hunt with signals, whatever the numbers."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from corrigible.sandbox.games.global_game import UNIQUENESS_LIMIT
from corrigible.sandbox.signals.environment import StagHunt
from corrigible.sandbox.signals.exact import caught_share, critical_strength, tone_effect
from corrigible.sandbox.signals.kernels import interval_of, is_caught
from corrigible.sandbox.signals.world import StagHuntParams

strengths = st.floats(-1.0, 1.0)
hares = st.floats(0.2, 0.8)
quiet = st.floats(0.05, UNIQUENESS_LIMIT - 0.01)
any_loudness = st.floats(0.05, 30.0)


@given(loudness=any_loudness, hare=hares, strength=strengths)
@settings(max_examples=60)
def test_the_lower_selection_never_catches_more(loudness: float, hare: float, strength: float) -> None:
    found = critical_strength(StagHuntParams(loudness=loudness, hare=hare), strength)
    assert 0 <= found.few <= found.many + 1e-9 <= 1 + 2e-9


@given(loudness=quiet, hare=hares, strength=strengths, noise=st.floats(0.01, 0.2))
@settings(max_examples=60)
def test_below_the_limit_both_selections_agree(loudness: float, hare: float, strength: float, noise: float) -> None:
    found = critical_strength(StagHuntParams(loudness=loudness, hare=hare, private_noise=noise), strength)
    assert abs(found.few - found.many) < 1e-6


@given(loudness=any_loudness, hare=hares, low=strengths, high=strengths)
@settings(max_examples=60)
def test_more_despair_never_catches_more(loudness: float, hare: float, low: float, high: float) -> None:
    world = StagHuntParams(loudness=loudness, hare=hare)
    hopeful, despairing = (caught_share(world, strength) for strength in (min(low, high), max(low, high)))
    assert despairing.few <= hopeful.few + 1e-6
    assert despairing.many <= hopeful.many + 1e-6


@given(loudness=any_loudness, strength=strengths)
@settings(max_examples=60)
def test_hope_and_despair_mirror_each_other_where_a_hare_is_half_a_stag(loudness: float, strength: float) -> None:
    """theta -> 1 - theta turns hunters into those who do not, few into many, and hope into despair."""
    world = StagHuntParams(loudness=loudness, players=1000)
    one, other = critical_strength(world, strength), critical_strength(world, -strength)
    if max(one.few, one.many, other.few, other.many) < 1:
        assert abs(one.few + other.many - 1 - 1 / 1000) < 1e-5


@given(loudness=quiet)
@settings(max_examples=40)
def test_below_the_limit_the_tone_effect_grows_with_loudness(loudness: float) -> None:
    softer, louder = (tone_effect(StagHuntParams(loudness=value)).few for value in (0.8 * loudness, loudness))
    assert softer < louder + 1e-9


@given(
    theta=st.floats(-0.5, 1.5),
    players=st.integers(2, 200),
    hunters=st.integers(0, 199),
)
def test_one_more_hunter_never_frees_the_stag(theta: float, players: int, hunters: int) -> None:
    came = min(hunters, players - 1)
    assert is_caught(theta, came, players, False, 0.5) <= is_caught(theta, came + 1, players, False, 0.5)
    assert is_caught(theta, came, players, True, 0.5) == int(theta <= 0.5)


@given(theta=st.lists(st.floats(-0.2, 1.2), min_size=1, max_size=6), seed=st.integers(0, 2**32))
def test_batched_outcomes_are_those_of_single_hunts(theta: list[float], seed: int) -> None:
    game = StagHunt(params=StagHuntParams(players=9, pledged=0.2))
    action = np.random.default_rng(seed).integers(0, 2, (3, len(theta), 9)).astype(np.int8)
    strength = np.array(theta)
    hunt = game.hunt(strength, action)
    for b in range(len(theta)):
        for t in range(3):
            came = int(hunt.executed[t, b].sum())
            assert hunt.hunters[t, b] == came
            assert hunt.caught[t, b] == bool(is_caught(strength[b], came, 9, False, 0.5))


@given(value=st.floats(-5, 5), shift=st.floats(0, 1), width=st.floats(0.01, 1), intervals=st.integers(1, 50))
def test_an_interval_is_one_of_those_there_are_and_rises_with_the_signal(
    value: float, shift: float, width: float, intervals: int
) -> None:
    here, above = (interval_of(signal, -0.1, width, shift, intervals) for signal in (value, value + width))
    assert 0 <= here <= above <= here + 2
    assert above < intervals
