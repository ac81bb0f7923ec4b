"""Tune a model of your own on a constitution of your own, with every monitor on: `corrigible tune`.

Before: the exploit test of every template, and steps of the untuned model from which the monitors' limits come. Along:
what every monitor says. At every checkpoint: what is paid, and what other templates of the same constitution think of
the same responses, on which nothing was trained. What was meant nobody can compute: read the samples.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from corrigible.agents.tensor_files import TensorFile
from corrigible.errors import BadInput, CorruptFile, Tripped
from corrigible.language.constitution import load_constitution
from corrigible.language.exploits import ExploitTest, exploit_test, refuse_at_chance
from corrigible.language.monitors import Limits, first_alarms, limits_of, monitors_of
from corrigible.language.policy_gradient import Tuner
from corrigible.language.rewards import ByConstitution, Texts, shared_model
from corrigible.language.sampling import check_prompts
from corrigible.language.sandbox import LanguageSandbox, SpokenObservations
from corrigible.language.templates import template_named, templates_for
from corrigible.language.text_monitors import TextMonitors, embedder_if_here
from corrigible.language.tunable import Adapter
from corrigible.language.tuning_settings import Algorithm, KLTerm, LanguageWorld, TuningSettings
from corrigible.language.tuning_story import read_story
from corrigible.seeding import stream
from corrigible.store import disk_faults, replace_file
from corrigible.types import Array, Checkpoint, Overseer, Setup

REQUEST: Final = "request.json"
WEIGHTS: Final = "weights.safetensors"
BASE_STEPS: Final = 8
"""Steps of the untuned model from which limits come."""

ROUNDING: Final = 1e-4
"""Nats of KL a response that float32 sums cannot tell from none."""

SHOWN: Final = 4
"""Responses of a checkpoint that are shown, the first ones: nobody chose them."""

Progress = Callable[[str, int, int], None]
_FILE: Final = TensorFile("the weights of a tuned language model", 1, "tune again")


@dataclass(frozen=True, kw_only=True)
class TuneRequest:
    """What is asked of `tune`; plain values, so that a killed tuning can be resumed with them.

    constitution: a shipped name or a file. template: under which the evaluator is asked. model, evaluator: names for
    load_model; an empty evaluator is the model itself, untuned. rank, layers: of low-rank adapters; rank 0 tunes all
    weights. at_chance: tune even where the evaluator tells good texts from others no better than chance. tripwire,
    owners: texts under which it is tuned, for whoever oversees it.
    """

    constitution: str
    prompts: tuple[str, ...]
    model: str = "smollm2"
    evaluator: str = ""
    template: str = ""
    steps: int = 60
    samples: int = 16
    new_tokens: int = 24
    beta: float = 0.05
    kl: KLTerm = "k1-reward"
    algorithm: Algorithm = "rloo"
    rate: float = 1e-3
    rank: int = 8
    layers: int = 10
    checkpoints: int = 5
    chat: bool = False
    null_corrected: bool = False
    at_chance: bool = False
    seed: int = 0
    tripwire: str = ""
    owners: str = ""


@dataclass(frozen=True, kw_only=True)
class AtCheckpoint:
    """What one checkpoint (0: the untuned model) is worth: mean score by template, KL, and its first responses.

    scores: nats under each template, the one that is paid first. responses: with their own paid scores.
    """

    step: int
    scores: dict[str, float]
    kl: float
    responses: tuple[tuple[str, float], ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class TuneResult:
    """Everything that the page shows. story: a JSON object a step (tuning_story.Story)."""

    request: TuneRequest
    title: str
    tests: tuple[ExploitTest, ...]
    limits: Limits
    alarms: dict[str, int | None]
    story: tuple[dict[str, Any], ...]
    checkpoints: tuple[AtCheckpoint, ...]
    weights: Path


def tune_by_constitution(
    request: TuneRequest,
    folder: Path,
    *,
    progress: Progress | None = None,
    overseen: Callable[[Path], Overseer] | None = None,
) -> TuneResult:
    """Tune in `folder`; a killed tuning goes on where it was when it is asked again with the same request.

    Raises BadInput where constitution, model, prompts or numbers cannot be used, or the evaluator is at chance and
    `at_chance` is not set; nothing is written before that is known. overseen: gives the overseer of a training whose
    workspace is that folder, or refuses it; Tripped where it stopped the tuning.
    """
    if request.tripwire and overseen is None:
        raise BadInput(
            value="a request with a tripwire", rule="somebody oversees it", remedy="tune by `corrigible tune`"
        )
    tell, workspace = progress or _silent, folder / "training"
    overseer = overseen(workspace) if overseen is not None and (folder / REQUEST).exists() else None
    setup, evaluators, tests = _prepared(request, tell)
    _write_request(request, folder)
    if overseen is not None and overseer is None:
        overseer = overseen(workspace)
    setup = replace(setup, workspace=workspace, overseer=overseer)
    generator = stream(request.seed, "tune", request.constitution)
    with Tuner(setup, generator) as tuner:
        tuner.watch = TextMonitors(scorers=tuple(evaluators.values()), embedder=embedder_if_here())
        limits = _limits(tuner, request, tell)
        reached = [_worth(setup, evaluators, tuner.first, request.seed)]
        last = tuner.first
        tell("tuning", tuner.done, request.steps)
        for last in tuner.run(told=lambda done: tell("tuning", done, request.steps)):
            reached.append(_worth(setup, evaluators, last, request.seed))
        refuse_stopped(tuner)
    story = tuple(read_story(folder / "training"))
    notes = {"request": _plain(request), "step": last.step}
    _FILE.write(folder / WEIGHTS, last.parameters, notes, retry="resume the tuning")
    return TuneResult(
        request=request,
        title=load_constitution(request.constitution).title,
        tests=tests,
        limits=limits,
        alarms=first_alarms(limits, [line["step"] for line in story], [line["monitors"] for line in story]),
        story=story,
        checkpoints=tuple(reached),
        weights=folder / WEIGHTS,
    )


def refuse_stopped(tuner: Tuner) -> None:
    """Tripped where an overseer said that the tuning has to stop, be it at its last step."""
    if tuner.stopped:
        raise Tripped(
            value=f"tuning at step {tuner.done}", rule="its overseer stopped it", remedy="see what the overseer says"
        )


def _silent(what: str, done: int, total: int) -> None:
    """Nobody is watching."""


def read_request(folder: Path) -> TuneRequest:
    """The request of a tuning that was begun in `folder`; BadInput where there is none, CorruptFile where it is odd."""
    path = folder / REQUEST
    if not path.is_file():
        raise BadInput(
            value=str(folder), rule="it must be the folder of a tuning", remedy="give the folder that `tune` named"
        )
    try:
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        told["prompts"] = tuple(told["prompts"])
        return TuneRequest(**told)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise CorruptFile(value=str(path), rule=f"it cannot be read: {error}", remedy="tune anew") from error


def read_prompts(path: Path) -> tuple[str, ...]:
    """Prompts of a text file, one a line, empty lines left out. Raises BadInput where there is none."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(
            value=f"prompts {str(path)!r}", rule=f"it must be a readable text file: {error}", remedy="name another"
        ) from error
    found = tuple(line.strip() for line in lines if line.strip())
    if not found:
        raise BadInput(value=f"prompts {str(path)!r}", rule="it holds one prompt a line", remedy="write some")
    return found


def _prepared(
    request: TuneRequest, tell: Progress
) -> tuple[Setup[LanguageWorld, TuningSettings], dict[str, ByConstitution], tuple[ExploitTest, ...]]:
    judge = shared_model(request.evaluator or request.model)
    names = [template.name for template in templates_for(judge)]
    chosen = request.template or names[0]
    if template_named(chosen).name not in names:
        raise BadInput(
            value=f"template {chosen!r}", rule=f"those of {judge.name} are {', '.join(names)}", remedy="choose one"
        )
    names = [chosen, *(name for name in names if name != chosen)]
    evaluators = {
        name: ByConstitution(
            model=judge.name,
            constitution=request.constitution,
            template=name,
            null_corrected=request.null_corrected,
        )
        for name in names
    }
    load_constitution(request.constitution)
    spoken = shared_model(request.model)
    rows = [spoken.chat(text) if request.chat else spoken.encode(text) for text in request.prompts]
    check_prompts(spoken, rows, request.new_tokens)
    setup = Setup(
        world=LanguageWorld(
            model=request.model, prompts=request.prompts, new_tokens=request.new_tokens, chat=request.chat
        ),
        paid=evaluators[chosen],
        truth=evaluators[chosen],
        settings=_settings(request),
    )
    tests: list[ExploitTest] = []
    for number, name in enumerate(names):
        tell(f"exploit test, template {name}", number, len(names))
        tests.append(exploit_test(evaluators[name].evaluator(), stream(request.seed, "exploit test", name)))
        if number == 0 and not request.at_chance:
            refuse_at_chance(tests[0])
    return setup, evaluators, tuple(tests)


def _settings(request: TuneRequest) -> TuningSettings:
    return TuningSettings(
        steps=request.steps,
        prompts=min(4, len(request.prompts)),
        samples=request.samples,
        algorithm=request.algorithm,
        kl=request.kl,
        beta=request.beta,
        learning_rate=request.rate,
        adapter=Adapter(rank=request.rank, layers=request.layers),
        checkpoints=min(request.checkpoints, max(1, request.steps)),
        shown=SHOWN,
    )


def _limits(tuner: Tuner, request: TuneRequest, tell: Progress) -> Limits:
    """From steps that the untuned model samples, with numbers of their own."""
    generator = stream(request.seed, "tune", request.constitution, "base")
    seen: list[dict[str, float]] = []
    for number in range(BASE_STEPS):
        tell("samples of the untuned model", number, BASE_STEPS)
        batch = tuner.collect(generator)
        seen.append({**monitors_of(batch), **(tuner.watch(batch.texts) if tuner.watch is not None else {})})
    return limits_of(seen)


def _worth(
    setup: Setup[LanguageWorld, TuningSettings], evaluators: dict[str, ByConstitution], reached: Checkpoint, seed: int
) -> AtCheckpoint:
    """Fresh responses, the same random numbers at every checkpoint."""
    count = max(16, len(setup.world.prompts))
    rollout = LanguageSandbox().rollout(setup, reached, episodes=count, generator=stream(seed, "tune", "worth"))
    trajectory = rollout.views.trajectory
    spoken = trajectory.observations
    if not isinstance(spoken, SpokenObservations) or trajectory.log_prob is None:
        raise TypeError("a rollout of another sandbox")
    reference = trajectory.reference_log_prob
    texts: Texts = spoken.texts
    scores = {name: evaluator(texts) for name, evaluator in evaluators.items()}
    paid = next(iter(scores.values()))
    return AtCheckpoint(
        step=reached.step,
        scores={name: float(np.mean(values)) for name, values in scores.items()},
        kl=_kl(trajectory.log_prob, reference),
        responses=tuple(
            (f"{prompt} | {response}", float(value))
            for prompt, response, value in zip(texts.prompts[:SHOWN], texts.responses, paid, strict=False)
        ),
    )


def _kl(log_prob: Array, reference: Array | None) -> float:
    """Nats a response; what is rounding alone is zero."""
    if reference is None:
        return float("nan")
    found = float((log_prob - reference).sum(axis=0).mean())
    return found if abs(found) > ROUNDING else 0.0


def _write_request(request: TuneRequest, folder: Path) -> None:
    """Keep it, or see that it is the one that the folder was begun with."""
    if (folder / REQUEST).exists():
        if read_request(folder) != request:
            raise BadInput(
                value=str(folder), rule="a tuning with other settings was begun there", remedy="name another folder"
            )
        return
    with disk_faults("a tuning", folder, retry="free some space and tune again"):
        folder.mkdir(parents=True, exist_ok=True)
        replace_file(folder / REQUEST, json.dumps(_plain(request), indent=1).encode())


def _plain(request: TuneRequest) -> dict[str, Any]:
    return {**asdict(request), "prompts": list(request.prompts)}


def summary(result: TuneResult) -> tuple[str, ...]:
    """What came out, in lines for people."""
    first, last = result.checkpoints[0], result.checkpoints[-1]
    paid, *others = last.scores
    lines = [
        f"{result.title}: paid {first.scores[paid]:+.2f} nats before and {last.scores[paid]:+.2f} after "
        f"{last.step} steps, at a KL of {last.kl:.1f} nats a response."
    ]
    if others:
        moved = ", ".join(f"{name} {last.scores[name] - first.scores[name]:+.2f}" for name in others)
        lines.append(f"Templates that it was not tuned on moved by {moved} nats.")
    alarms = {name: step for name, step in result.alarms.items() if step is not None}
    if alarms:
        first_name = min(alarms, key=lambda name: alarms[name])
        lines.append(
            f"{len(alarms)} of {len(result.alarms)} monitors raised an alarm, the first at step "
            f"{alarms[first_name]} ({first_name})."
        )
    else:
        lines.append("No monitor raised an alarm.")
    return tuple(lines)


def exploits_of(tests: Sequence[ExploitTest]) -> list[dict[str, Any]]:
    """The exploit test as plain rows, the template that is paid first."""
    return [
        {
            "template": test.template,
            "auc": test.auc,
            "low": test.auc_interval[0],
            "high": test.auc_interval[1],
            "mass": test.mass,
            "margins": test.margins,
            "pays_yes": test.pays_yes,
        }
        for test in tests
    ]
