"""ViZDoom's my_way_home at 120 x 160 pixels, random actions held for 4 tics, resets included, no window."""

import random
from pathlib import Path

import vizdoom
from serving import serve

STEPS, TICS = 2_000, 4


def main() -> None:
    game = vizdoom.DoomGame()
    game.load_config(str(Path(vizdoom.scenarios_path) / "my_way_home.cfg"))
    game.set_screen_resolution(vizdoom.ScreenResolution.RES_160X120)
    game.set_screen_format(vizdoom.ScreenFormat.RGB24)
    game.set_window_visible(False)
    game.set_seed(0)
    game.init()
    draws = random.Random(0)
    buttons = game.get_available_buttons_size()

    def work() -> int:
        for _ in range(STEPS):
            if game.is_episode_finished():
                game.new_episode()
            assert game.get_state().screen_buffer.shape == (120, 160, 3)
            game.make_action([draws.random() < 0.5 for _ in range(buttons)], TICS)
        return STEPS

    work()
    serve(work)


if __name__ == "__main__":
    main()
