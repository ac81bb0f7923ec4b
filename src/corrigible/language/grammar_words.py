"""The words of the tiny language, in the order of their token ids: the shipped model depends on it."""

from typing import Final

PADDING: Final = "<pad>"
UNKNOWN: Final = "<unk>"
BEGIN: Final = "<bos>"
END: Final = "<eos>"
USER: Final = "<user>"
ASSISTANT: Final = "<assistant>"
CONTROL: Final = (PADDING, UNKNOWN, BEGIN, END, USER, ASSISTANT)

GOOD: Final = ("happy", "bright", "kind")
BAD: Final = ("gloomy", "cold", "cruel")
PEOPLE: Final = ("girl", "man", "cat")
VERBS: Final = ("saw", "found", "left")
SPEECH: Final = ("yes", "no", "look", "wait")
TOPICS: Final = ("sea", "garden", "house")
THINGS: Final = (("boat", "wave", "gull"), ("rose", "bee", "hedge"), ("door", "lamp", "stair"))
"""Things of each topic, in the order of TOPICS."""
QUESTIONS: Final = ("good", "bad", *TOPICS)

WORDS: Final = (
    *CONTROL, ".", ",", ":", "?", "the", "was", "said", "question", "answer",
    *GOOD, *BAD, *PEOPLE, *VERBS, *SPEECH, *QUESTIONS, *THINGS[0], *THINGS[1], *THINGS[2],
)  # fmt: skip
IDS: Final = {word: number for number, word in enumerate(WORDS)}
