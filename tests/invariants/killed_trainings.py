"""Trainings that are killed without warning, and resumed: `killed_trainings.py KILLING FOLDER`.

Exit code 0 where all end with the same weights.

This process never runs a kernel, so that it may fork; every training runs in a child.
"""

import os
import signal
import sys
import traceback
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch._dynamo  # noqa: F401  what every child would import for itself

from corrigible.agents import ppo
from corrigible.agents.ppo import train_ppo
from corrigible.seeding import stream
from ppo_small import learned, punches, setup

KILLED = -signal.SIGKILL
FEW = {"worlds": 5, "steps": 2 * 12 * 5}


class Dies:
    """What is paid, until a step before which the process is killed."""

    def __init__(self, steps=None):
        self.left = steps

    def __call__(self, events):
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return punches(events)


def in_child(task):
    """Fork, run the task, exit without any clean-up; returns how it ended: 0, or minus a signal."""
    child = os.fork()
    if not child:
        code = 1
        try:
            task()
            code = 0
        finally:
            traceback.print_exc() if code else None
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def killed_before(number, task):
    """Run the task, and die without warning when it is about to change the `number`-th name of a file."""
    count = 0

    def die(event, arguments):
        nonlocal count
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if writes or event in ("os.rename", "os.mkdir", "os.remove"):
            if count == number:
                os.kill(os.getpid(), signal.SIGKILL)
            count += 1

    sys.addaudithook(die)
    task()


def train(given):
    return list(train_ppo(given, generator=stream(0, "train")))


def weights(given, file):
    """What a training in a child ends with."""

    def task():
        file.write_text(sha256(repr(learned(train(given))).encode()).hexdigest())

    assert in_child(task) == 0
    return file.read_text()


def before_each_of_its_file_operations(folder):
    """Killed before the first, the second, ... change of a file, until none is left."""
    expected = weights(setup(**FEW), folder / "expected")
    status, number = KILLED, 0
    while status == KILLED:
        given = setup(folder / str(number), **FEW)
        status = in_child(lambda number=number, given=given: killed_before(number, lambda: train(given)))
        assert weights(given, folder / "found") == expected, number
        number += 1
    assert status == 0
    assert number > 8


def again_and_again_at_random_steps(folder):
    """Killed three times in one workspace."""
    expected = weights(setup(paid=Dies()), folder / "expected")
    draw = np.random.default_rng(0)
    for steps in draw.integers(13, 24, 3):
        given = setup(folder / "one", Dies(int(steps)))
        assert in_child(lambda given=given: train(given)) == KILLED
    assert weights(setup(folder / "one", Dies()), folder / "found") == expected


if __name__ == "__main__":
    ppo.SAVE_EVERY = 1
    killings = {task.__name__: task for task in (before_each_of_its_file_operations, again_and_again_at_random_steps)}
    killings[sys.argv[1]](Path(sys.argv[2]))
