"""`corrigible tune`: a model of the user's own on a constitution of the user's own, with monitors on, to a page."""

import shlex
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, final

from corrigible.commands.answer import Answer
from corrigible.commands.progress import progress_bar
from corrigible.errors import BadInput, Tripped
from corrigible.language.monitors import MONITORS
from corrigible.language.text_monitors import TEXT_MONITORS
from corrigible.language.tuning_run import (
    REQUEST,
    TuneRequest,
    TuneResult,
    exploits_of,
    read_prompts,
    read_request,
    summary,
    tune_by_constitution,
)
from corrigible.report.tuning_page import TuningContent, render_tuning
from corrigible.stages.overseen import POINTS, documents_given, end_of
from corrigible.stages.provenance import sitting
from corrigible.store import replace_file
from corrigible.tripwires.arming import parse_documents
from corrigible.tripwires.guard import Guard, arm_kept
from corrigible.types import Overseer

REPORT: Final = "report.html"
LONGEST_NAME: Final = 40


def answer_tune(request: TuneRequest | None, *, resume: Path | None, out: Path) -> Answer:
    """Tune (or go on), with progress and time left on standard error where that is a terminal."""
    if (request is None) == (resume is None):
        raise BadInput(
            value="a tuning", rule="it is asked for by a constitution, or by --resume", remedy="give one of the two"
        )
    asked = read_request(resume) if resume is not None else request
    assert asked is not None
    folder = resume or _new_folder(out, asked.constitution)
    guard = _Guarded(asked)
    with progress_bar("loading the model") as bar:
        try:
            result = tune_by_constitution(asked, folder, progress=bar.advance, overseen=guard.overseen)
        except Tripped:
            guard.end()
            raise
        except KeyboardInterrupt:
            if (folder / REQUEST).exists():
                bar.print(f"Stopped. Go on with: corrigible tune --resume {shlex.quote(str(folder))}")
            raise
    guard.end()
    report = folder / REPORT
    replace_file(report, render_tuning(_content(result)).encode())
    said = summary(result)
    return Answer(
        data={
            "path": str(folder),
            "report": str(report),
            "weights": str(result.weights),
            "alarms": result.alarms,
            "exploits": exploits_of(result.tests),
            "checkpoints": [{"step": p.step, "kl": p.kl, "scores": p.scores} for p in result.checkpoints],
        },
        lines=(*said, f"Report: {report}"),
    )


@final
class _Guarded:
    """A tuning under the tripwire of its request, where it has one."""

    def __init__(self, request: TuneRequest) -> None:
        self._documents = parse_documents(request.tripwire, request.owners) if request.tripwire else None
        self._guard: Guard | None = None
        self._workspace = Path()

    @property
    def overseen(self) -> Callable[[Path], Overseer] | None:
        return None if self._documents is None else self._arm

    def end(self) -> None:
        """Nothing where it is not guarded; raises Tripped where it was stopped."""
        if self._guard is not None:
            end_of(self._guard, self._workspace, f"tuning {self._workspace.parent.name}")

    def _arm(self, workspace: Path) -> Overseer:
        assert self._documents is not None
        workspace.mkdir(parents=True, exist_ok=True)
        self._workspace = workspace
        guard = self._guard = arm_kept(self._documents, workspace / POINTS, workspace.parent.name)
        return guard.tell


def under(request: TuneRequest, tripwire: Path | None, owners: Path | None) -> TuneRequest:
    """The request with the texts of a tripwire and its owners' register."""
    documents = documents_given(tripwire, owners)
    return request if documents is None else replace(request, tripwire=documents.text, owners=documents.register)


def request_of(
    constitution: str, *, prompts: Sequence[str], prompt_file: Path | None, settings: dict[str, Any]
) -> TuneRequest:
    """The request of a command line; the tiny model has a prompt of its own."""
    given = tuple(prompts) + (read_prompts(prompt_file) if prompt_file is not None else ())
    if not given:
        if settings["model"] != "tiny":
            raise BadInput(
                value="no prompt",
                rule="a tuning needs some",
                remedy="give --prompts 'Once upon a time' or --prompt-file",
            )
        given = ("the",)
    return TuneRequest(constitution=constitution, prompts=given, **settings)


def _new_folder(out: Path, constitution: str) -> Path:
    """A folder of its own that does not exist yet; nothing is made."""
    name = "".join(letter if letter.isalnum() else "-" for letter in Path(constitution).stem)[:LONGEST_NAME]
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    plain = out / f"tune-{name}-{stamp}"
    return next(path for path in (plain, *(out / f"{plain.name}-{k}" for k in range(2, 1000))) if not path.exists())


def _told_throughout(name: str, result: TuneResult) -> bool:
    """Whether a monitor has a limit and a number at every step: a model may have come, or gone, between sittings."""
    return name in result.limits.limit and all(name in line["monitors"] for line in result.story)


def _content(result: TuneResult) -> TuningContent:
    machine = sitting("cpu")
    request = result.request
    shown = [item.name for item in fields(request) if item.name not in ("tripwire", "owners")]
    asked = [(name.replace("_", " "), _shown(getattr(request, name))) for name in shown]
    return TuningContent(
        title=result.title,
        summary=summary(result),
        exploits=exploits_of(result.tests),
        story=result.story,
        monitors={name: told for name, told in {**MONITORS, **TEXT_MONITORS}.items() if _told_throughout(name, result)},
        limit=result.limits.limit,
        alarms=result.alarms,
        checkpoints=[
            {"step": p.step, "kl": p.kl, "scores": p.scores, "responses": p.responses} for p in result.checkpoints
        ],
        facts=(
            *asked,
            ("limits from", f"{result.limits.steps} steps of the untuned model"),
            ("commit", str(machine["commit"] or "unknown")),
            ("packages", ", ".join(f"{name} {version}" for name, version in machine["packages"].items())),
            ("python", str(machine["python"])),
        ),
    )


def _shown(value: object) -> str:
    return " / ".join(map(str, value)) if isinstance(value, tuple) else str(value)
