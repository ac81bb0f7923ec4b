"""Templates: how prompt, response and question become the text after which an evaluator answers yes or no."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from corrigible.errors import BadInput
from corrigible.language.grammar_words import ASSISTANT, USER
from corrigible.language.models import LanguageModel

SHOTS: Final = (
    ("The old lighthouse keeper lit the lamp every evening and wrote down the name of each ship that passed.", "Yes"),
    ("lamp lamp the the of of ship evening lit lit lit keeper name name name name", "No"),
)
"""Examples of the few-shot template. The second is gibberish of the kind that spam is."""


@dataclass(frozen=True, kw_only=True)
class Template:
    """`write(model, prompt, response, question)` are the token ids after which the answer comes.

    language: "tiny" for the tiny language, "any" for models of real text.
    """

    name: str
    about: str
    language: str
    write: Callable[[LanguageModel, str, str, str], list[int]]


def _joined(prompt: str, response: str) -> str:
    return response if not prompt else prompt + ("" if response[:1].isspace() or not response else " ") + response


def _plain(pattern: str) -> Callable[[LanguageModel, str, str, str], list[int]]:
    def write(model: LanguageModel, prompt: str, response: str, question: str) -> list[int]:
        return model.encode(pattern.format(text=_joined(prompt, response), question=question))

    return write


def _chat(model: LanguageModel, prompt: str, response: str, question: str) -> list[int]:
    text = _joined(prompt, response)
    return model.chat(f"{text}\n\n{question} Answer with yes or no." if text else f"{question} Answer with yes or no.")


def _few_shot(model: LanguageModel, prompt: str, response: str, question: str) -> list[int]:
    shown = "".join(f"Text: {text}\nQuestion: {question}\nAnswer: {answer}\n\n" for text, answer in SHOTS)
    return model.encode(f"{shown}Text: {_joined(prompt, response)}\nQuestion: {question}\nAnswer:")


TEMPLATES: Final = {
    template.name: template
    for template in (
        Template(name="bare", about="the text, then the question", language="any", write=_plain("{text}\n{question}")),
        Template(
            name="after",
            about="the text, then `Question: ..` and `Answer:`",
            language="any",
            write=_plain("{text}\nQuestion: {question}\nAnswer:"),
        ),
        Template(
            name="before",
            about="the question, then `Text: ..` and `Answer:`",
            language="any",
            write=_plain("{question}\nText: {text}\nAnswer:"),
        ),
        Template(name="chat", about="the model's own chat template", language="any", write=_chat),
        Template(
            name="few-shot",
            about="two labelled examples before it, one of them gibberish",
            language="any",
            write=_few_shot,
        ),
        Template(
            name="tiny-after",
            about="tiny language: the question after the story",
            language="tiny",
            write=_plain("{text} question {question} ? answer :"),
        ),
        Template(
            name="tiny-before",
            about="tiny language: the question before the story",
            language="tiny",
            write=_plain("question {question} ? {text} answer :"),
        ),
        Template(
            name="tiny-chat",
            about="tiny language: question and story as the user's, the answer as the assistant's",
            language="tiny",
            write=_plain(USER + " question {question} ? {text} " + ASSISTANT),
        ),
    )
}


def template_named(name: str) -> Template:
    """The template of that name; BadInput where there is none."""
    if name not in TEMPLATES:
        raise BadInput(
            value=f"template {name!r}", rule=f"templates are {', '.join(TEMPLATES)}", remedy="choose one of these"
        )
    return TEMPLATES[name]


def templates_for(model: LanguageModel) -> tuple[Template, ...]:
    """Those that fit the model's language; without a chat template, without that of chats."""
    tiny = model.name == "tiny"
    return tuple(
        item
        for item in TEMPLATES.values()
        if (item.language == "tiny") == tiny and (item.name != "chat" or model.tokenizer.chat_template)
    )
