"""A trainer's side of a tripwire: arm it, report points, ask at every step whether to go on, and stop on all ranks.

    guard = arm("take-off.yaml", "points.jsonl", owners="owners.yaml")
    for step in range(steps):
        ...
        if guard.due(step): guard.report(step, k=solved, n=items)
        if stop := guard.check(step): break
    guard.stopped(checkpoint=path) if stop else guard.finished()

`check` never raises: what goes wrong in it stops training too.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, final, get_args

from corrigible.errors import BadInput, CorrigibleError, Tripped, one_line
from corrigible.tripwires.agreement import Agree, largest, rank
from corrigible.tripwires.arming import Documents, arm_run, read_documents
from corrigible.tripwires.folder import WireFolder
from corrigible.tripwires.leader import Kind, Leader, Stop

PATIENCE: Final = 30.0
"""Seconds without an answer after which a watcher counts as dead."""

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
"""In the order in which ranks that differ agree: the last of them."""


def arm(
    tripwire: str | Path,
    points: str | Path,
    *,
    owners: str | Path,
    run: str = "",
    watched: bool = False,
    patience: float = PATIENCE,
    agree: Agree = largest,
) -> "Guard":
    """Arm a tripwire on a run that is about to train, or to go on. To be called by every rank.

    Args:
        tripwire: a tripwire document (YAML) whose plan has a grace.
        points: the run's file of points, which `report` appends to; it need not exist.
        owners: the register that knows the tripwire's owner, deputy and escalation.
        run: its name; "" takes the file's name without its ending.
        watched: wait for a watcher (`corrigible watch`) now, and stop when it falls silent. Once a watcher has come,
            its silence stops training in any case.
        patience: seconds that a watcher may be silent.
        agree: the largest of a number over all ranks; by default through torch.distributed where it is initialised.

    Raises:
        BadInput: a document or the points cannot be used, or the run is armed under another text.
        Tripped: a stop stands on which nobody has decided to go on; or no watcher came.
    """
    file = Path(points)
    refused: CorrigibleError | None = None
    leader: Leader | None = None
    if rank() == 0:
        try:
            folder, arming = arm_run(read_documents(Path(tripwire), Path(owners)), file, run or file.stem)
            leader = Leader(folder, arming, file, patience=patience)
            leader.await_watcher(watched)
        except CorrigibleError as error:
            refused = error
    if agree(0 if refused is None else 1) and refused is None:
        refused = Tripped(value=f"run {run or file.stem}", rule="rank 0 was refused", remedy="see what it said")
    if refused is not None:
        raise refused
    return Guard(leader, file, agree)


def arm_kept(documents: Documents, points: Path, run: str) -> "Guard":
    """Arm under texts that were kept when the run began, or under those that were decided since; raises as `arm`.

    For a process that trains alone.
    """
    folder, arming = arm_run(documents, points, run, follow=True)
    leader = Leader(folder, arming, points, patience=PATIENCE)
    leader.await_watcher(watched=False)
    return Guard(leader, points, lambda code: code)


@final
class Guard:
    """What `arm` returns. Only rank 0 reads and writes files; the others hear from it."""

    def __init__(self, leader: Leader | None, points: Path, agree: Agree) -> None:
        """leader: None on ranks other than 0."""
        self.points = points
        self._leader, self._agree = leader, agree
        self._stop: Stop | None = None

    @property
    def folder(self) -> WireFolder:
        """Where stop, evidence and decisions lie. Raises BadInput on ranks other than 0, which have none."""
        if self._leader is None:
            raise BadInput(value="folder", rule="rank 0 alone has it", remedy="ask there")
        return self._leader.folder

    @property
    def metric(self) -> str:
        """The tripwire's metric; "" on ranks other than 0."""
        return "" if self._leader is None else self._leader.metric

    @property
    def stop(self) -> Stop | None:
        """What `check` said last; it stays once it is a stop."""
        return self._stop

    def due(self, step: int) -> bool:
        """Whether a planned checkpoint has come that has no point yet; False on ranks other than 0."""
        return self._leader is not None and self._leader.due(step)

    def report(
        self, step: int, *, k: int | None = None, n: int | None = None, value: float | None = None, metric: str = ""
    ) -> None:
        """Append k of n items, or a value, of the tripwire's metric or another one. Ranks other than 0 say nothing.

        It does not raise: a point that is refused (NaN, k > n, a full disk) is one that does not come, and the next
        `check` stops. At a step that is not beyond the last point nothing is added: what was said first counts, so that
        a training that was killed and repeats itself cannot take a point back.
        """
        if self._leader is not None:
            self._leader.report(step, k=k, n=n, value=value, metric=metric)

    def tell(self, step: int, numbers: Mapping[str, float]) -> bool:
        """Report the tripwire's metric where it is among the numbers and due, and check; True: stop. An `Overseer`."""
        if self.metric in numbers and self.due(step):
            self.report(step, value=numbers[self.metric])
        return self.check(step) is not None

    def check(self, step: int) -> Stop | None:
        """Whether to stop now, on every rank alike; every rank has to ask at the same steps. It never raises."""
        found = self._stop or self._own(step)
        try:
            code = self._agree(0 if found is None else 1 + KINDS.index(found.kind))
        except Exception as error:  # noqa: BLE001 - ranks that cannot agree must not go on
            code, found = 0, found or self._stopping("fault", step, error)
        if code and found is None:
            found = Stop(kind=KINDS[code - 1], step=step, because="another rank stops; it says why", folder=self.points)
        self._stop = found
        return found

    def stopped(self, checkpoint: str | Path | None = None) -> Path | None:
        """Training has stopped, and was saved at `checkpoint` (a file or folder): freeze the evidence.

        Returns the bundle's folder; None on other ranks, and where nothing but a watcher was missing. Raises what
        writing raises; whoever comes next (`corrigible trip`, the watcher, a new `arm`) freezes what could not be.
        """
        if self._leader is None:
            return None
        return self._leader.halted(None if checkpoint is None else Path(checkpoint))

    def finished(self) -> Stop | None:
        """Training is over, and the watcher may go home; a stop where what was planned by its last step never came."""
        if self._leader is not None and self._stop is None:
            self._stop = self._leader.finished()
        return self._stop

    def _own(self, step: int) -> Stop | None:
        try:
            return None if self._leader is None else self._leader.look(step)
        except Exception as error:  # noqa: BLE001 - a check that fails must not let training go on
            return self._stopping("fault", step, error)

    def _stopping(self, kind: Kind, step: int, error: Exception) -> Stop:
        because = one_line(f"the check failed: {type(error).__name__}: {error}")
        return Stop(kind=kind, step=step, because=because, folder=self.points)
