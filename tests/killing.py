"""Children that die without warning: before the n-th change of a file, or in the middle of the n-th write."""

import os
import signal
import sys
import warnings
from collections.abc import Callable

KILLED = -signal.SIGKILL
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
DISTURBING = ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.truncate", "shutil.rmtree")


def in_child(task: Callable[[], object]) -> int:
    """Fork, run the task, exit without any clean-up; returns the child's process id."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # idle threads of the linear algebra library
        child = os.fork()
    if child:
        return child
    code = 1
    try:
        task()
        code = 0
    finally:
        os._exit(code)


def exit_status(child: int) -> int:
    """0 for a finished child, -9 for a killed one."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def dying_at(number: int, task: Callable[[], object]) -> None:
    """Run the task, and die when it comes to its `number`-th operation on a file; of a write half is done by then."""
    count = 0
    write = os.write

    def come_to(half: Callable[[], object] = int) -> None:
        nonlocal count
        if count == number:
            half()
            os.kill(os.getpid(), signal.SIGKILL)
        count += 1

    def writing(descriptor: int, data: bytes) -> int:
        come_to(lambda: write(descriptor, bytes(data)[: len(data) // 2]))
        return write(descriptor, data)

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event in DISTURBING or (event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING):
            come_to()

    os.write = writing
    sys.addaudithook(hook)
    task()


def dies_at(number: int, task: Callable[[], object]) -> bool:
    """Whether a child died at its `number`-th operation; False where it came to its end before. Fails on any fault."""
    status = exit_status(in_child(lambda: dying_at(number, task)))
    assert status in (0, KILLED), status
    return status == KILLED
