"""Templates: how prompt, response and question become the text after which an evaluator answers yes or no."""

from dataclasses import dataclass, replace
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
class Part:
    """A piece of a template. `{text}` stands for prompt and response, `{question}` for the question."""

    name: str
    pattern: str


@dataclass(frozen=True, kw_only=True)
class Template:
    """How the text comes about after which an evaluator answers.

    language: "tiny" for the tiny language, "any" for models of real text. chat: the parts are said by a user, in the
    model's own chat template.
    """

    name: str
    about: str
    language: str
    parts: tuple[Part, ...]
    chat: bool = False

    def write(self, model: LanguageModel, prompt: str, response: str, question: str) -> list[int]:
        """The token ids after which the answer comes."""
        fields = {"text": _joined(prompt, response), "question": question}
        text = "".join(part.pattern.format(**fields) for part in self.parts)
        return model.chat(text.lstrip("\n")) if self.chat else model.encode(text)

    def without(self, name: str) -> "Template":
        """The same without the part of that name; a part that holds the text keeps it. BadInput: no such part."""
        if name not in {part.name for part in self.parts}:
            raise BadInput(
                value=f"part {name!r} of template {self.name}",
                rule=f"its parts are {', '.join(part.name for part in self.parts)}",
                remedy="choose one of these",
            )
        kept = tuple(
            Part(name=part.name, pattern="{text}") if part.name == name else part
            for part in self.parts
            if part.name != name or "{text}" in part.pattern
        )
        return replace(self, name=f"{self.name} without {name}", parts=kept)


def _joined(prompt: str, response: str) -> str:
    return response if not prompt else prompt + ("" if response[:1].isspace() or not response else " ") + response


def _parts(**patterns: str) -> tuple[Part, ...]:
    return tuple(Part(name=name.replace("_", " "), pattern=pattern) for name, pattern in patterns.items())


def _shot(number: int) -> str:
    text, answer = SHOTS[number]
    return f"Text: {text}\nQuestion: {{question}}\nAnswer: {answer}\n\n"


TEMPLATES: Final = {
    template.name: template
    for template in (
        Template(
            name="bare",
            about="the text, then the question",
            language="any",
            parts=_parts(text="{text}", question="\n{question}"),
        ),
        Template(
            name="after",
            about="the text, then `Question: ..` and `Answer:`",
            language="any",
            parts=_parts(text="{text}", question="\nQuestion: {question}", answer="\nAnswer:"),
        ),
        Template(
            name="before",
            about="the question, then `Text: ..` and `Answer:`",
            language="any",
            parts=_parts(question="{question}\n", text="Text: {text}\n", answer="Answer:"),
        ),
        Template(
            name="chat",
            about="the model's own chat template",
            language="any",
            chat=True,
            parts=_parts(text="{text}\n\n", question="{question} ", request="Answer with yes or no."),
        ),
        Template(
            name="few-shot",
            about="two labelled examples before it, one of them gibberish",
            language="any",
            parts=_parts(
                good_example=_shot(0),
                bad_example=_shot(1),
                text="Text: {text}\n",
                question="Question: {question}\n",
                answer="Answer:",
            ),
        ),
        Template(
            name="tiny-after",
            about="tiny language: the question after the story",
            language="tiny",
            parts=_parts(text="{text}", question=" question {question} ?", answer=" answer :"),
        ),
        Template(
            name="tiny-before",
            about="tiny language: the question before the story",
            language="tiny",
            parts=_parts(question="question {question} ? ", text="{text}", answer=" answer :"),
        ),
        Template(
            name="tiny-chat",
            about="tiny language: question and story as the user's, the answer as the assistant's",
            language="tiny",
            parts=_parts(user=f"{USER} ", question="question {question} ? ", text="{text}", assistant=f" {ASSISTANT}"),
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
