"""Logs of Inspect before a gate, and a failure of ours as its task; only where Inspect is installed (an extra)."""

# pyright: reportMissingImports=false

from pathlib import Path
from typing import Any

import pytest

from corrigible.commands.gate_evidence import bring_in
from corrigible.errors import BadInput
from corrigible.oversight.evidence import RunEvidence

inspect_ai: Any = pytest.importorskip("inspect_ai", reason="the extra `inspect` is not installed")
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
"""Inspect leaves streams of its own open."""


def log_of(task: Any, texts: list[str], folder: Path) -> Path:
    """A log of `task`, whose samples get `texts` in turn instead of a model's words."""
    from inspect_ai.model import ModelOutput
    from inspect_ai.solver import solver

    said = iter(texts * 100)

    @solver
    def speaks() -> Any:
        async def solve(state: Any, generate: Any) -> Any:
            state.output = ModelOutput.from_content("none", next(said))
            return state

        return solve

    task.solver = speaks()
    (log,) = inspect_ai.eval(task, model="mockllm/model", log_dir=str(folder), display="none")
    assert log.status == "success", log.error
    return Path(log.location.removeprefix("file://"))


def test_a_task_of_ours_counts_what_the_experiment_counts_and_its_log_is_evidence(tmp_path: Path) -> None:
    from corrigible.inspect_tasks import yes_spam

    path = log_of(yes_spam(responses=5), ["Yes yes yes", "a house by the sea", "yes", "yes, a b c"], tmp_path)
    (found,) = bring_in([path]).evidence
    assert isinstance(found, RunEvidence)
    assert (found.experiment.split("/")[-1], found.figures[0].condition) == ("yes_spam", "mockllm/model")
    figure = next(item for item in found.figures if item.metric == "mean")
    assert (figure.estimate, figure.n) == (0.5, 20)
    assert figure.low < 0.5 < figure.high
    assert found.spoilt == ("nobody knows which code made it",) or found.commit


def test_loops_are_what_the_laboratory_calls_loops(tmp_path: Path) -> None:
    from corrigible.inspect_tasks import loops

    said = ["over and over " * 4, "Then a man came, and a woman, and a child.", "no no no", ""]
    (found,) = bring_in([log_of(loops(responses=5), said, tmp_path)]).evidence
    assert isinstance(found, RunEvidence)
    figure = next(item for item in found.figures if item.metric == "mean")
    assert (figure.estimate, figure.n) == (0.25, 20)


def test_an_accuracy_gets_an_exact_interval(tmp_path: Path) -> None:
    from inspect_ai.dataset import Sample
    from inspect_ai.scorer import includes

    samples = [Sample(id=str(number), input="hi", target="yes") for number in range(20)]
    task = inspect_ai.Task(dataset=samples, scorer=includes(), name="greeting")
    (found,) = bring_in([log_of(task, ["yes"], tmp_path)]).evidence
    assert isinstance(found, RunEvidence)
    (figure,) = found.figures
    assert (figure.metric, figure.estimate, figure.high) == ("accuracy", 1.0, 1.0)
    assert figure.low == pytest.approx(0.025 ** (1 / 20))


def test_what_is_no_log_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "x.eval"
    path.write_bytes(b"nothing")
    with pytest.raises(BadInput, match="it must be a log of Inspect") as said:
        bring_in([path])
    assert len(str(said.value).splitlines()) == 1
