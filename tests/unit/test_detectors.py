"""Detectors on episodes small enough to score by hand, and on the edges of what a trajectory may hold."""

from collections.abc import Sequence
from math import log

import numpy as np
import pytest

from corrigible.detect.episode_steps import steps_of
from corrigible.detect.return_outlier import return_outlier
from corrigible.detect.robust_scale import robust_scale
from corrigible.detect.symbols import NEVER_SEEN, TAILS, fit_codebook, positions
from corrigible.detect.transition_surprise import transition_surprise
from corrigible.detect.value_surprise import value_surprise
from corrigible.detect.visitation import visitation
from corrigible.detect.windows import mean_and_worst_window
from corrigible.detect.world_change import world_change
from corrigible.errors import BadInput
from corrigible.statistics import auroc
from corrigible.types import Array, ForbiddenView, Observations, Trajectory, Views, WorldTrace


def episodes(
    actions: Sequence[Sequence[int]],
    *,
    observations: Sequence[Sequence[object]] | None = None,
    rewards: Sequence[Sequence[float]] | None = None,
    values: Sequence[Sequence[float]] | None = None,
    truncated: bool = False,
) -> Views:
    """One column for each episode, padded with zeros."""
    lengths = [len(item) for item in actions]
    longest = max(lengths, default=1)

    def pad(columns: Sequence[Sequence[object]], dtype: type | None = None) -> Array:
        rows = [np.asarray(column, dtype=dtype) for column in columns]
        padded = np.zeros((longest, len(rows), *rows[0].shape[1:]), dtype=rows[0].dtype)
        for number, row in enumerate(rows):
            padded[: len(row), number] = row
        return padded

    mask = np.arange(longest)[:, None] < np.array(lengths)
    last = np.arange(longest)[:, None] == np.array(lengths) - 1
    observed = None if observations is None else pad(observations)
    return Views(
        trajectory_view=Trajectory(
            action=pad(actions, int),
            reward=np.zeros(mask.shape) if rewards is None else pad(rewards, float),
            mask=mask,
            terminated=last & (not truncated),
            truncated=last & truncated,
            value=None if values is None else pad(values, float),
            observations=None
            if observed is None
            else Observations(shape=observed.shape, dtype=observed.dtype, materialise=lambda: observed),
        )
    )


def trace(
    changes: Sequence[tuple[int, int, int, str, str]], *, worlds: int, kinds: tuple[str, ...] = ("shut", "open", "off")
) -> Views:
    """Changes (world, x, y, before, after) at time 0."""
    world, x, y = (np.array([row[i] for row in changes], dtype=np.int32) for i in range(3))
    before, after = (np.array([kinds.index(str(row[i])) for row in changes], dtype=np.int16) for i in (3, 4))
    return Views(
        world_trace_view=WorldTrace(
            time=np.zeros(len(changes), dtype=np.int32),
            world=world,
            place=np.stack((x, y), axis=1).astype(np.int16),
            before=before,
            after=after,
            kinds=kinds,
            worlds=worlds,
        )
    )


# transition-surprise ------------------------------------------------------------------------------------------------


def test_transition_surprise_without_observations_is_the_krichevsky_trofimov_mixture_of_bigrams() -> None:
    score = transition_surprise(episodes([[0, 0, 0, 1]]))
    # actions 0, 1 and "any other": 1/2 each, so a weight of 3/2
    anywhere = (3 + 0.5) / (4 + 1.5)
    at_start = (1 + 1.5 * anywhere) / (1 + 1.5)
    after_zero = (2 + 1.5 * anywhere) / (3 + 1.5)
    assert score(episodes([[0]]))[0] == pytest.approx(-log(at_start))
    assert score(episodes([[0, 0]]))[0] == pytest.approx(-(log(at_start) + log(after_zero)) / 2)


def test_transition_surprise_of_an_action_that_was_never_taken_backs_off_to_the_share_of_any_other() -> None:
    score = transition_surprise(episodes([[0, 0, 0, 1]]))
    at_start = 1.5 * (0.5 / 5.5) / (1 + 1.5)
    assert score(episodes([[7]]))[0] == pytest.approx(-log(at_start))
    assert score(episodes([[8]]))[0] == score(episodes([[7]]))[0]


def test_transition_surprise_depends_on_the_observation() -> None:
    reference = episodes([[0, 1] * 20] * 5, observations=[[10, 20] * 20] * 5)
    usual, swapped = (
        transition_surprise(reference)(episodes([[0, 1] * 5], observations=[seen * 5]))[0]
        for seen in ([10, 20], [20, 10])
    )
    assert swapped > usual + 3


def test_transition_surprise_finds_one_strange_choice_in_a_long_episode() -> None:
    generator = np.random.default_rng(3)

    def draw(count: int, *, strange: bool) -> Views:
        seen = generator.integers(0, 5, (count, 200))
        chosen = np.where(generator.random((count, 200)) < 0.02, generator.integers(0, 3, (count, 200)), seen % 3)
        if strange:
            chosen[np.arange(count), generator.integers(0, 200, count)] = 9
        return episodes(chosen.tolist(), observations=seen.tolist())

    score = transition_surprise(draw(50, strange=False))
    assert auroc(score(draw(50, strange=False)), score(draw(50, strange=True))) > 0.9


def test_transition_surprise_names_observations_that_only_the_reference_has() -> None:
    score = transition_surprise(episodes([[0, 1]], observations=[[0, 1]]))
    with pytest.raises(BadInput, match=r"trajectory\.observations is absent"):
        score(episodes([[0, 1]]))


# visitation ---------------------------------------------------------------------------------------------------------


def test_visitation_of_nothing_but_new_observations_is_log_of_twice_the_reference_plus_two() -> None:
    score = visitation(episodes([[0, 0]] * 9, observations=[[1, 2]] * 9))
    assert score(episodes([[0, 0, 0]], observations=[[7, 8, 9]]))[0] == pytest.approx(log(20))


def test_visitation_counts_the_episodes_that_came_and_not_how_long_they_stayed() -> None:
    score = visitation(episodes([[0] * 50, [0], [0]], observations=[[5] * 50, [6], [6]]))
    assert score(episodes([[0]], observations=[[5]]))[0] == pytest.approx(-log(1.5 / 4))
    assert score(episodes([[0]], observations=[[6]]))[0] == pytest.approx(-log(2.5 / 4))


def test_visitation_needs_observations_and_says_so() -> None:
    with pytest.raises(BadInput, match=r"trajectory\.observations is absent"):
        visitation(episodes([[0]]))


def test_visitation_finds_continuous_observations_outside_what_the_reference_came_to() -> None:
    generator = np.random.default_rng(4)

    def draw(count: int, shift: float) -> Views:
        return episodes([[0] * 30] * count, observations=generator.normal(shift, 1, (count, 30, 3)).tolist())

    score = visitation(draw(60, 0))
    assert auroc(score(draw(60, 0)), score(draw(60, 2))) > 0.95


# world-change -------------------------------------------------------------------------------------------------------


def test_world_change_scores_an_episode_without_change_zero_where_the_reference_changes_nothing() -> None:
    assert world_change(trace([], worlds=8))(trace([], worlds=2)).tolist() == [0.0, 0.0]


def test_world_change_scores_a_change_that_never_occurred_by_the_number_of_reference_episodes() -> None:
    score = world_change(trace([], worlds=9))
    once = score(trace([(0, 3, 4, "open", "off")], worlds=2))
    assert once[0] == pytest.approx(log(20) + log(2))  # never seen at all, and at an unknown place
    assert once[1] == 0


def test_world_change_that_happens_in_every_reference_episode_is_suspicious_when_it_fails_to_come() -> None:
    score = world_change(trace([(i, 0, 0, "shut", "open") for i in range(50)], worlds=50))
    usual, missing = score(trace([(0, 0, 0, "shut", "open")], worlds=2))
    assert usual < 0.1
    assert missing > 4


def test_world_change_notices_a_known_change_at_another_place() -> None:
    score = world_change(trace([(i, 0, 0, "shut", "open") for i in range(50)], worlds=50))
    here, elsewhere = score(trace([(0, 0, 0, "shut", "open"), (1, 5, 5, "shut", "open")], worlds=2))
    assert elsewhere > here + 4


def test_world_change_notices_a_known_change_that_happens_far_too_often() -> None:
    score = world_change(trace([(i, 0, 0, "shut", "open") for i in range(50)], worlds=50))
    once, often = score(trace([(0, 0, 0, "shut", "open"), *[(1, 0, 0, "shut", "open")] * 30], worlds=2))
    assert often > once + 4


def test_world_change_goes_by_the_names_of_kinds_and_not_by_their_numbers() -> None:
    reference = trace([(i, 0, 0, "shut", "open") for i in range(20)], worlds=20)
    renamed = trace([(0, 0, 0, "shut", "open")], worlds=1, kinds=("off", "open", "lamp", "shut"))
    assert world_change(reference)(renamed) == world_change(reference)(trace([(0, 0, 0, "shut", "open")], worlds=1))


def test_world_change_drowns_in_no_multitude_of_changes_at_random_places() -> None:
    generator = np.random.default_rng(5)

    def draw(count: int, *, strange: bool) -> Views:
        dug = [
            (world, int(x), int(y), "shut", "open")
            for world in range(count)
            for x, y in generator.integers(-50, 50, (generator.integers(30, 60), 2))
        ]
        return trace(dug + [(world, 1, 1, "open", "off") for world in range(count) if strange], worlds=count)

    score = world_change(draw(60, strange=False))
    assert auroc(score(draw(60, strange=False)), score(draw(60, strange=True))) > 0.9


def test_world_change_refuses_places_of_another_dimension() -> None:
    score = world_change(trace([(0, 0, 0, "shut", "open")], worlds=1))
    flat = trace([(0, 0, 0, "shut", "open")], worlds=1).world_trace
    flat = Views(
        world_trace_view=WorldTrace(
            time=flat.time,
            world=flat.world,
            place=flat.place[:, :1],
            before=flat.before,
            after=flat.after,
            kinds=flat.kinds,
            worlds=1,
        )
    )
    with pytest.raises(BadInput, match=r"world_trace\.place has 1 coordinates"):
        score(flat)


def test_world_change_refuses_a_reference_without_worlds() -> None:
    with pytest.raises(BadInput, match="0 worlds"):
        world_change(trace([], worlds=0))


# return-outlier -----------------------------------------------------------------------------------------------------


def test_return_outlier_is_two_sided_and_robust_to_one_wild_reference() -> None:
    returns = [1.0, 2.0, 3.0, 4.0, 1000.0]  # median 3, MAD 1
    score = return_outlier(episodes([[0]] * 5, rewards=[[r] for r in returns]))
    low, same, high = score(episodes([[0]] * 3, rewards=[[0.0], [3.0], [6.0]]))
    assert same == 0
    assert low == high == pytest.approx(3 / 1.4826)


def test_return_outlier_stays_finite_where_all_references_are_alike_and_forgives_rounding() -> None:
    score = return_outlier(episodes([[0] * 3] * 5, rewards=[[0.1, 0.2, 0.3]] * 5))
    same, other = score(episodes([[0] * 3] * 2, rewards=[[0.3, 0.2, 0.1], [0.3, 0.2, 0.2]]))
    assert same < 1e-6
    assert 1e4 < other < np.inf


def test_return_outlier_notices_the_length_alone() -> None:
    score = return_outlier(episodes([[0] * n for n in (8, 9, 10, 11, 12)]))
    assert score(episodes([[0] * 40]))[0] > 10


def test_a_reward_that_is_not_finite_is_refused_by_name() -> None:
    with pytest.raises(BadInput, match=r"trajectory\.reward = nan in episode 1"):
        return_outlier(episodes([[0], [0]], rewards=[[0.0], [np.nan]]))


# value-surprise -----------------------------------------------------------------------------------------------------


def discounted(rewards: Sequence[float], discount: float) -> list[float]:
    values, later = [], 0.0
    for reward in reversed(rewards):
        later = reward + discount * later
        values.append(later)
    return values[::-1]


def test_value_surprise_finds_the_discount_and_is_not_surprised_by_exact_values() -> None:
    generator = np.random.default_rng(6)
    rewards = [generator.normal(0, 1, 12).tolist() for _ in range(20)]
    exact = [discounted(item, 0.9) for item in rewards]
    score = value_surprise(episodes([[0] * 12] * 20, rewards=rewards, values=exact))
    assert score(episodes([[0] * 12] * 20, rewards=rewards, values=exact)).max() < 1e-6
    wrong = [discounted(item, 0.5) for item in rewards]
    assert score(episodes([[0] * 12] * 20, rewards=rewards, values=wrong)).min() > 1


def test_value_surprise_of_a_single_truncated_step_is_zero_and_of_a_terminated_one_its_error() -> None:
    score = value_surprise(episodes([[0]] * 5, rewards=[[1.0], [2.0], [3.0], [4.0], [5.0]], values=[[0.0]] * 5))
    cut = score(episodes([[0]], rewards=[[9.0]], values=[[0.0]], truncated=True))
    done = score(episodes([[0]], rewards=[[9.0]], values=[[0.0]]))
    assert cut[0] == 0
    assert done[0] == pytest.approx((9 - 3) / 1.4826)


def test_value_surprise_names_the_missing_value() -> None:
    with pytest.raises(BadInput, match=r"trajectory\.value is absent"):
        value_surprise(episodes([[0]]))


# edges that all of them share ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("detector", [transition_surprise, visitation, return_outlier, value_surprise])
def test_a_reference_without_episodes_is_refused(detector: object) -> None:
    empty = episodes([[0]], observations=[[0]], values=[[0.0]]).trajectory
    nothing = Views(
        trajectory_view=Trajectory(
            action=empty.action,
            reward=empty.reward,
            mask=np.zeros_like(empty.mask),
            terminated=empty.terminated,
            truncated=empty.truncated,
            value=empty.value,
            observations=empty.observations,
        )
    )
    with pytest.raises(BadInput, match="0 episodes"):
        detector(nothing)  # type: ignore[operator]


def test_a_detector_that_reaches_for_a_view_it_was_not_given_is_stopped() -> None:
    with pytest.raises(ForbiddenView, match="world_trace"):
        world_change(episodes([[0]]))
    with pytest.raises(ForbiddenView, match="trajectory"):
        visitation(trace([], worlds=1))


@pytest.mark.parametrize("detector", [transition_surprise, visitation, return_outlier, value_surprise])
def test_several_episodes_in_one_column_and_several_agents_are_scored_each(detector: object) -> None:
    generator = np.random.default_rng(8)
    shape = (24, 4, 2)
    ends = np.zeros(shape, dtype=bool)
    ends[[5, 11, 17, 23]] = True
    observed = generator.integers(0, 3, shape)
    views = Views(
        trajectory_view=Trajectory(
            action=generator.integers(0, 3, shape),
            reward=generator.normal(0, 1, shape),
            mask=generator.random(shape) < 0.9,
            terminated=ends,
            truncated=np.zeros(shape, dtype=bool),
            value=generator.normal(0, 1, shape),
            observations=Observations(shape=shape, dtype=observed.dtype, materialise=lambda: observed),
        )
    )
    scores = detector(views)(views)  # type: ignore[operator]
    assert scores.shape == (len(views.trajectory.episodes()),)
    assert len(scores) >= 16
    assert np.isfinite(scores).all()


def test_steps_keep_agents_and_episodes_apart() -> None:
    shape = (4, 1, 2)
    ends = np.zeros(shape, dtype=bool)
    ends[[1, 3]] = True
    action = np.arange(8).reshape(shape)
    trajectory = Trajectory(
        action=action, reward=np.zeros(shape), mask=np.ones(shape, bool), terminated=ends, truncated=ends & False
    )
    steps = steps_of(trajectory)
    assert steps.of(action).tolist() == [0, 2, 1, 3, 4, 6, 5, 7]
    assert steps.first.tolist() == [True, False] * 4
    assert steps.episode.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert steps.lengths.tolist() == [2, 2]


def test_the_worst_window_weighs_half_and_is_the_whole_episode_where_it_is_short() -> None:
    steps = steps_of(episodes([[0] * 16, [0] * 2]).trajectory)
    values = np.array([0.0] * 8 + [1.0] * 8 + [2.0, 4.0])
    assert mean_and_worst_window(values, steps).tolist() == pytest.approx([(0.5 + 1) / 2, 3.0])


def test_observations_of_other_axes_than_the_actions_are_refused() -> None:
    views = episodes([[0, 0]] * 3).trajectory
    wrong = np.zeros((3, 2), dtype=np.int64)
    trajectory = Trajectory(
        action=views.action,
        reward=views.reward,
        mask=views.mask,
        terminated=views.terminated,
        truncated=views.truncated,
        observations=Observations(shape=wrong.shape, dtype=wrong.dtype, materialise=lambda: wrong),
    )
    with pytest.raises(BadInput, match=r"trajectory\.observations has shape \(3, 2\)"):
        visitation(Views(trajectory_view=trajectory))


# symbols ------------------------------------------------------------------------------------------------------------


def test_positions_find_what_is_known_and_count_the_rest_as_one_past_the_end() -> None:
    assert positions(np.array([5, 1, 9, 4]), np.array([1, 5, 7])).tolist() == [1, 0, 3, 3]
    assert positions(np.array([5]), np.array([], dtype=np.int64)).tolist() == [0]


def test_whole_numbers_are_their_own_symbols_and_fractions_were_never_seen() -> None:
    codebook = fit_codebook(np.array([3, 1, 4]))
    assert codebook.encode(np.array([1, 9])).tolist() == [1, 9]
    assert codebook.encode(np.array([1.0, 1.5])).tolist() == [1, NEVER_SEEN]


def test_images_that_differ_in_one_pixel_get_different_symbols() -> None:
    images = np.zeros((2, 8, 8, 3), dtype=np.uint8)
    images[1, 4, 4, 1] = 1
    first, second = fit_codebook(images).encode(images)
    assert first != second
    assert fit_codebook(images).encode(images[:1])[0] == first


def test_floats_that_recur_are_kept_exactly_however_close_they_lie() -> None:
    grid = np.tile([[0.1, 0.2], [0.1, 0.2000001]], (20, 1))
    assert np.unique(fit_codebook(grid).encode(grid)).size == 2


def test_a_rare_flag_beside_continuous_numbers_keeps_its_own_cell() -> None:
    generator = np.random.default_rng(1)
    rows = np.column_stack((generator.normal(0, 1, 500), np.arange(500) % 100 == 0))
    codebook = fit_codebook(rows)
    off, on = codebook.encode(np.array([[0.0, 0.0], [0.0, 1.0]]))
    assert off != on


def test_continuous_numbers_beyond_the_reference_have_cells_of_their_own() -> None:
    rows = np.random.default_rng(1).normal(0, 1, (2000, 1))
    codebook = fit_codebook(rows)
    inside = set(codebook.encode(rows).tolist())
    below, above, nothing = codebook.encode(np.array([[-99.0], [99.0], [np.nan]]))
    assert below not in inside
    assert above not in inside
    assert nothing not in inside
    assert below != above


def test_cells_of_the_reference_are_equally_full() -> None:
    rows = np.random.default_rng(1).exponential(1, (3200, 1))
    _, counts = np.unique(fit_codebook(rows).encode(rows), return_counts=True)
    assert counts.tolist() == [320] * 10


def test_cells_that_set_off_the_tails_hold_their_share() -> None:
    rows = np.random.default_rng(1).exponential(1, (3200, 1))
    symbols, counts = np.unique(fit_codebook(rows, more_cuts=TAILS).encode(rows), return_counts=True)
    # cuts at 1, 5, 10, 20, ..., 90, 95, 99 %, and the greatest value itself lies inside
    expected = [32, 128, 160, *[320] * 8, 160, 128, 32]
    assert symbols.size == len(expected)
    assert np.abs(counts - expected).max() <= 1


def test_a_shift_within_the_range_of_the_reference_is_seen() -> None:
    generator = np.random.default_rng(2)

    def draw(count: int, shift: float) -> Views:
        return episodes([[0] * 30] * count, observations=generator.normal(shift, 1, (count, 30, 1)).tolist())

    score = visitation(draw(60, 0))
    assert auroc(score(draw(60, 0)), score(draw(60, 1))) > 0.9


def test_many_continuous_numbers_are_projected_and_a_shift_of_all_of_them_is_seen() -> None:
    generator = np.random.default_rng(2)
    direction = generator.normal(0, 1, 30)
    direction *= 6 / np.linalg.norm(direction)

    def draw(count: int, shift: float) -> Views:
        rows = generator.normal(0, 1, (count, 20, 30)) + shift * direction
        return episodes([[0] * 20] * count, observations=rows.tolist())

    score = visitation(draw(60, 0))
    assert auroc(score(draw(60, 0)), score(draw(60, 1))) > 0.9


def test_observations_of_another_shape_are_refused() -> None:
    with pytest.raises(BadInput, match=r"observations of shape \(2,\)"):
        fit_codebook(np.zeros((3, 4))).encode(np.zeros((3, 2)))


# robust scale -------------------------------------------------------------------------------------------------------


def test_where_most_values_are_equal_the_mean_deviation_takes_the_place_of_the_median_one() -> None:
    scale = robust_scale(np.array([1.0, 1, 1, 1, 0]))
    assert scale.centre == 1
    assert scale.spread == pytest.approx(1.2533 / 5)


def test_the_robust_spread_of_normal_numbers_is_their_standard_deviation() -> None:
    assert robust_scale(np.random.default_rng(0).normal(5, 2, 100_000)).spread == pytest.approx(2, rel=0.02)
