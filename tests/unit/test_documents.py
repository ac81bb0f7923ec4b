"""Documents of people: what is refused, and at which line."""

from typing import Annotated, Literal, Self

import pytest
from pydantic import Field, model_validator

from corrigible.documents import DEEPEST, Document, fault, parse_document
from corrigible.errors import BadInput


class Plan(Document):
    kind: Literal["plan"]
    map: str

    @model_validator(mode="after")
    def _no_x(self) -> Self:
        for row, line in enumerate(self.map.splitlines()):
            if "x" in line:
                raise fault("no x", "map", row)
        return self


class Point(Document):
    kind: Literal["point"]
    at: list[int]


class Sheet(Document):
    parts: list[Annotated[Plan | Point, Field(discriminator="kind")]]


def refusal(text: str) -> str:
    with pytest.raises(BadInput, match=r"^[^\n]*$") as refused:
        parse_document(text, Sheet, source="sheet.yaml")
    return str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("parts:\n  - kind: point\n    at:\n      - 1\n      - two\n", "line 5: parts.0.at.1: Input should"),
        ("parts:\n  - kind: point\n    to: [1]\n    at: [1]\n", "line 3: parts.0.to: Extra inputs"),
        ("parts:\n  - kind: point\n", "line 2: parts.0.at: Field required"),
        ("parts:\n  - kind: pint\n", "line 2: parts.0: Input tag 'pint'"),
        ("parts:\n  - kind: plan\n    map: |\n      ..\n      .x\n", "line 5: parts.0.map.1: no x"),
        ("parts: []\nparts: []\n", "line 2: 'parts': a key"),
        ("parts: [\n", "line 2: it must be YAML"),
        ("parts: &a\n  - *a\n", "line 2: a document has no aliases"),
        ("parts: " + "[" * (DEEPEST + 1) + "]" * (DEEPEST + 1), f"at most {DEEPEST} levels"),
        ("parts: " + "[" * 100_000, "line 1: a document has no aliases"),
        ("", "must not be empty"),
    ],
)
def test_a_fault_is_named_with_its_line_and_place(text: str, said: str) -> None:
    assert said in refusal(text)


def test_a_good_document_is_read() -> None:
    sheet = parse_document("parts: [{kind: point, at: [1, 2]}]", Sheet, source="sheet.yaml")
    assert sheet == Sheet(parts=[Point(kind="point", at=[1, 2])])
