"""MiniWorld's FourRooms at its 60 x 80 pixels, random actions, resets included, without a display (EGL)."""

import os

os.environ["PYGLET_HEADLESS"] = "true"  # read when pyglet is imported

import gymnasium
import miniworld  # noqa: F401  (registers its environments)
from serving import serve

STEPS = 500


def main() -> None:
    environment = gymnasium.make("MiniWorld-FourRooms-v0")
    environment.action_space.seed(0)
    observation, _ = environment.reset(seed=0)
    assert observation.shape == (60, 80, 3)

    def work() -> int:
        for _ in range(STEPS):
            *_, terminated, truncated, _ = environment.step(environment.action_space.sample())
            if terminated or truncated:
                environment.reset()
        return STEPS

    work()
    serve(work)


if __name__ == "__main__":
    main()
