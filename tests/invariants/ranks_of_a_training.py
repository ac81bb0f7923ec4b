"""Two ranks of a distributed training under a tripwire, as forks of this process: `ranks_of_a_training.py FOLDER`.

A first pair trains until it trips, and is armed again; of a second one, rank 0 is killed at step 200. Every rank writes
what it saw to FOLDER/PAIR/RANK.
"""

import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

import torch.distributed as dist

from corrigible.errors import Tripped
from stopping_samples import TAKES_OFF, armed, documents


def train(rank: int, folder: Path, dies_at: int) -> str:
    guard = armed(folder)
    for step in range(50, 1000, 50):
        if step == dies_at and rank == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        if guard.due(step):
            guard.report(step, k=TAKES_OFF[step // 100 - 1], n=50)
        if stop := guard.check(step):
            return f"step {step} {stop.kind} {guard.stopped() is not None}"
    return "never"


def refused(folder: Path) -> str:
    try:
        armed(folder)
    except Tripped as said:
        return said.rule
    return "armed"


def main(rank: int, folder: Path, dies_at: int) -> None:
    meeting, most = f"file://{folder}/meeting", timedelta(seconds=60)
    dist.init_process_group("gloo", init_method=meeting, rank=rank, world_size=2, timeout=most)
    seen = [train(rank, folder, dies_at)]
    if not dies_at:
        seen.append(refused(folder))
    (folder / str(rank)).write_text("\n".join(seen), encoding="utf-8")


def pair(folder: Path, dies_at: int) -> None:
    folder.mkdir()
    documents(folder)
    children: list[int] = []
    for rank in range(2):
        child = os.fork()
        if not child:
            try:
                main(rank, folder, dies_at)
            finally:
                os._exit(0)  # a rank whose peer is dead would wait for it at the end
        children.append(child)
    for child in children:
        os.waitpid(child, 0)


if __name__ == "__main__":
    pair(Path(sys.argv[1]) / "tripped", 0)
    pair(Path(sys.argv[1]) / "killed", 200)
