"""Craftax-Classic, 63 x 63 pixels, 64 worlds, random actions, on JAX's CPU backend; resets are in the jitted step.

Resets are optimistic, as Craftax's authors advise: a step makes 1 new world for every 16, and those that are done share
them. (Auto-reset makes 64 new worlds in every step, and is several times slower.)
"""

import os

os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import jax.numpy as jnp
from craftax.craftax_env import make_craftax_env_from_name
from serving import serve

WORLDS, STEPS, WARM, SHARED = 64, 20, 4, 16
environment = make_craftax_env_from_name("Craftax-Classic-Pixels-v1", auto_reset=False)
params = environment.default_params


@jax.jit
def step(key: jax.Array, state: object) -> tuple[jax.Array, object, jax.Array]:
    key, acting, stepping, resetting = jax.random.split(key, 4)
    actions = jax.random.randint(acting, (WORLDS,), 0, environment.action_space(params).n)
    keys = jax.random.split(stepping, WORLDS)
    seen, state, _, done, _ = jax.vmap(environment.step, in_axes=(0, 0, 0, None))(keys, state, actions, params)
    keys = jax.random.split(resetting, WORLDS // SHARED)
    new_seen, new_state = jax.vmap(environment.reset, in_axes=(0, None))(keys, params)

    def begun(new: jax.Array, old: jax.Array) -> jax.Array:
        return jnp.where(done.reshape(-1, *[1] * (old.ndim - 1)), jnp.repeat(new, SHARED, axis=0), old)

    return key, jax.tree.map(begun, new_state, state), begun(new_seen, seen)


def main() -> None:
    key = jax.random.PRNGKey(0)
    _, state = jax.jit(jax.vmap(environment.reset, in_axes=(0, None)))(jax.random.split(key, WORLDS), params)
    for _ in range(WARM):  # state from a reset and from a step trace differently
        key, state, observation = step(key, state)
    observation.block_until_ready()

    def work() -> int:
        nonlocal key, state
        for _ in range(STEPS):
            key, state, observation = step(key, state)
        observation.block_until_ready()
        return WORLDS * STEPS

    assert observation.shape == (WORLDS, 63, 63, 3)
    serve(work)


if __name__ == "__main__":
    main()
