"""A tiny language with exact likelihoods: stories with a mood and a topic, questions about them, and true answers.

A document is a story, before or after which a question may be asked in one of three forms:

    <bos> the rose was bright . the girl said yes , yes . <eos>
    <bos> the rose was bright . question good ? answer : yes . <eos>                  (asked after)
    <bos> question good ? the rose was bright . answer : yes . <eos>                  (asked before)
    <bos> <user> question good ? the rose was bright . <assistant> yes . <eos>        (chat)

Mood (good or bad) and topic are hidden and drawn evenly; adjectives and what people say are evidence of the mood,
things of the topic, and an answer is true but for `answer_noise`. So "yes" inside a story *is* evidence of a good mood:
that is part of the language, as is that words said twice are likely to be said again (`Rules.excited`; 0 takes it out).
Both are by construction, to be named wherever a result depends on them.

The evidence of mood is counted in equal steps, so that what a prefix says about its continuation is one of finitely
many states: the language is a deterministic probabilistic automaton, and its next-token distributions, likelihoods,
entropy and lengths are exact (Vidal et al. 2005, "Probabilistic finite-state machines", part I).
"""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from corrigible.errors import BadInput
from corrigible.language.grammar_words import (
    ASSISTANT,
    BAD,
    BEGIN,
    END,
    GOOD,
    IDS,
    PADDING,
    PEOPLE,
    QUESTIONS,
    SPEECH,
    THINGS,
    TOPICS,
    USER,
    VERBS,
    WORDS,
)

FORBIDDEN: Final = -1
Form = Literal["undecided", "before", "chat"]
"""How the document is laid out: "undecided" until a story without a question before it has ended."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """Probabilities of the language."""

    likelihood_ratio: float = 4.0
    """How much likelier one piece of evidence is under its own mood than under the other (> 1)."""
    answer_noise: float = 0.05
    """Probability that an answer is untrue."""
    excited: float = 0.1
    """Share of speakers who repeat themselves with probability `excited_again` rather than `calm_again`."""
    calm_again: float = 0.05
    excited_again: float = 0.85
    next_sentence: float = 0.7
    """Probability that a story goes on after a sentence, up to `longest`."""
    longest: int = 3
    """Sentences that a story has at most."""
    asked_before: float = 0.25
    chat: float = 0.25
    asked_after: float = 0.5
    """Of the documents that begin with their story."""
    acts: float = 0.4
    """Sentences "the girl saw the kind bee ."; `is_so`: "the bee was kind ."; the rest: "the girl said yes ."."""
    is_so: float = 0.35


At = Literal[
    "start", "begun", "user", "question", "asked", "first", "the", "person", "verb", "object", "adjective", "thing",
    "was", "said", "spoken", "comma", "stop", "ended", "answer", "colon", "answering", "answered", "full stop", "over",
]  # fmt: skip
"""What the last word was for, or what must come next."""


class State(NamedTuple):
    """All that a prefix says about its continuation. A tuple, since tens of thousands of them are hashed."""

    at: At = "start"
    form: Form = "undecided"
    asked: str = ""
    sentences: int = 0
    evidence: int = 0
    """Pieces of evidence for a good mood minus those for a bad one."""
    topic: str = ""
    said: str = ""
    times: int = 0
    """How often in a row `said` was said, up to MOST_TIMES, from which on repetition is equally likely."""


MOST_TIMES: Final = 6
Arc = tuple[str, float, State]
"""A word, its probability, and the state after it."""


def arcs(state: State, rules: Rules) -> list[Arc]:
    """What may follow in `state`; probabilities sum to one. Empty after the end."""
    found: list[Arc]
    match state.at:
        case "start":
            found = [(BEGIN, 1.0, state._replace(at="begun"))]
        case "begun":
            story = 1 - rules.asked_before - rules.chat
            found = [
                ("the", story, state._replace(at="the")),
                ("question", rules.asked_before, state._replace(at="question", form="before")),
                (USER, rules.chat, state._replace(at="user", form="chat")),
            ]
        case "question":
            found = [(word, 1 / len(QUESTIONS), state._replace(at="asked", asked=word)) for word in QUESTIONS]
        case "the" | "person" | "verb" | "object" | "thing" | "was" | "adjective" | "said" | "spoken" | "comma":
            found = _sentence(state, rules)
        case "stop":
            found = [(".", 1.0, _ended(state))]
        case "ended":
            found = _after_sentence(state, rules)
        case "answering":
            yes = _probability_of_yes(state, rules)
            done = State(at="answered")
            found = [("yes", yes, done), ("no", 1 - yes, done)]
        case _:
            found = _fixed(state)
    return found


def _fixed(state: State) -> list[Arc]:
    """Words without a choice."""
    found: list[Arc]
    match state.at:
        case "user":
            found = [("question", 1.0, state._replace(at="question"))]
        case "asked":
            found = [("?", 1.0, state._replace(at="answer" if state.form == "undecided" else "first"))]
        case "first":
            found = [("the", 1.0, state._replace(at="the"))]
        case "answer":
            found = [("answer", 1.0, state._replace(at="colon"))]
        case "colon":
            found = [(":", 1.0, state._replace(at="answering"))]
        case "answered":
            found = [(".", 1.0, State(at="full stop"))]
        case "full stop":
            found = [(END, 1.0, State(at="over"))]
        case _:
            found = []
    return found


def _sentence(state: State, rules: Rules) -> list[Arc]:
    found: list[Arc]
    match state.at:
        case "the":
            people = _evenly(PEOPLE, 1 - rules.is_so, state._replace(at="person"))
            found = people + _things(state, rules.is_so, then="thing")
        case "person":
            acts = rules.acts / (1 - rules.is_so)
            verbs = _evenly(VERBS, acts, state._replace(at="verb"))
            found = [*verbs, ("said", 1 - acts, state._replace(at="said"))]
        case "verb":
            found = [("the", 1.0, state._replace(at="object"))]
        case "object":
            found = _adjectives(state, rules, then="adjective")
        case "adjective":
            found = _things(state, 1.0, then="stop")
        case "thing":
            found = [("was", 1.0, state._replace(at="was"))]
        case "was":
            found = _adjectives(state, rules, then="stop")
        case "said":
            found = _speech(state, rules)
        case "comma":
            times = min(state.times + 1, MOST_TIMES)
            found = [(state.said, 1.0, state._replace(at="spoken", times=times))]
        case _:
            again = probability_again(state.times, rules)
            comma: Arc = (",", again, state._replace(at="comma"))
            found = [comma, (".", 1 - again, _ended(state))]
    return found


def _after_sentence(state: State, rules: Rules) -> list[Arc]:
    on = rules.next_sentence if state.sentences < rules.longest else 0.0
    following: list[Arc] = [("the", on, state._replace(at="the"))] if on else []
    rest = 1 - on
    if state.form == "before":
        return [*following, ("answer", rest, state._replace(at="colon"))]
    if state.form == "chat":
        return [*following, (ASSISTANT, rest, state._replace(at="answering"))]
    ask: Arc = ("question", rest * rules.asked_after, state._replace(at="question"))
    return [*following, ask, (END, rest * (1 - rules.asked_after), State(at="over"))]


def _ended(state: State) -> State:
    return state._replace(at="ended", said="", times=0, sentences=state.sentences + 1)


def _evenly(words: Sequence[str], mass: float, after: State) -> list[Arc]:
    return [(word, mass / len(words), after) for word in words]


def probability_good(evidence: int, rules: Rules) -> float:
    """P(good mood | evidence), by Bayes from even odds."""
    return 1 / (1 + rules.likelihood_ratio**-evidence)


def probability_again(times: int, rules: Rules) -> float:
    """P(the same word again | said `times` times), by Bayes over calm and excited speakers."""
    excited = rules.excited * rules.excited_again ** (times - 1)
    calm = (1 - rules.excited) * rules.calm_again ** (times - 1)
    return (excited * rules.excited_again + calm * rules.calm_again) / (excited + calm)


def _split(evidence: int, rules: Rules) -> tuple[float, float]:
    """P(a piece of evidence is for good, for bad)."""
    likely = rules.likelihood_ratio / (1 + rules.likelihood_ratio)
    good = probability_good(evidence, rules)
    up = good * likely + (1 - good) * (1 - likely)
    return up, 1 - up


def _adjectives(state: State, rules: Rules, *, then: str) -> list[Arc]:
    up, down = _split(state.evidence, rules)
    bright = state._replace(at=then, evidence=state.evidence + 1)
    return _evenly(GOOD, up, bright) + _evenly(BAD, down, state._replace(at=then, evidence=state.evidence - 1))


def _speech(state: State, rules: Rules) -> list[Arc]:
    """Half of what is said is yes or no, which is evidence of the mood; the other half is neither."""
    up, down = _split(state.evidence, rules)
    spoken = state._replace(at="spoken", times=1)
    chances = {"yes": (up / 2, 1), "no": (down / 2, -1), "look": (0.25, 0), "wait": (0.25, 0)}
    return [(w, chances[w][0], spoken._replace(said=w, evidence=state.evidence + chances[w][1])) for w in SPEECH]


def _things(state: State, mass: float, *, then: str) -> list[Arc]:
    known = [state.topic] if state.topic else list(TOPICS)
    found: list[Arc] = []
    for topic in known:
        found += _evenly(THINGS[TOPICS.index(topic)], mass / len(known), state._replace(at=then, topic=topic))
    return found


def _probability_of_yes(state: State, rules: Rules) -> float:
    good = probability_good(state.evidence, rules)
    about = (1 / len(TOPICS)) if not state.topic else float(state.topic == state.asked)
    true = {"good": good, "bad": 1 - good}.get(state.asked, about)
    return true * (1 - rules.answer_noise) + (1 - true) * rules.answer_noise


@final
class Grammar:
    """The language as arrays; S states, V = len(WORDS) tokens, probabilities in nats as float64."""

    def __init__(self, rules: Rules = Rules()) -> None:
        numbers: dict[State, int] = {State(): 0}
        states = [State()]
        rows: list[list[tuple[int, float, int]]] = []
        for state in states:  # grows while it is read
            row: list[tuple[int, float, int]] = []
            for word, probability, after in arcs(state, rules):
                if not probability:
                    continue
                if after not in numbers:
                    numbers[after] = len(states)
                    states.append(after)
                row.append((IDS[word], probability, numbers[after]))
            rows.append(row)
        self.rules, self.states = rules, tuple(states)
        self.next_state: NDArray[np.int32] = np.full((len(states), len(WORDS)), FORBIDDEN, np.int32)
        self.log_prob: NDArray[np.float64] = np.full((len(states), len(WORDS)), -np.inf)
        for number, row in enumerate(rows):
            for token, probability, after in row:
                self.next_state[number, token] = after
                self.log_prob[number, token] = math.log(probability)

    def state_after(self, tokens: Sequence[int]) -> int:
        """The state after a prefix that begins with <bos>; FORBIDDEN where the language has no such prefix."""
        state = 0
        for token in tokens:
            if state == FORBIDDEN:
                break
            state = int(self.next_state[state, token])
        return state

    def log_probs(self, tokens: Sequence[int]) -> NDArray[np.float64]:
        """(T,) nats: log p(token | those before it), the first one (<bos>) included; -inf from where it is foreign."""
        state, found = 0, np.full(len(tokens), -np.inf)
        for place, token in enumerate(tokens):
            found[place] = self.log_prob[state, token]
            state = int(self.next_state[state, token])
            if state == FORBIDDEN:
                break
        return found

    def probability_good(self, tokens: Sequence[int]) -> float:
        """P(good mood | prefix). BadInput where the language has no such prefix, or it has been answered."""
        state = self.state_after(tokens)
        if state == FORBIDDEN or self.states[state].at in ("answered", "full stop", "over"):
            raise BadInput(
                value=f"text {' '.join(WORDS[token] for token in tokens)!r}",
                rule="it must be the beginning of a document of the tiny language, up to its answer",
                remedy="see corrigible.language.grammar",
            )
        return probability_good(self.states[state].evidence, self.rules)

    def sample(self, generator: np.random.Generator) -> list[int]:
        """One document, <bos> and <eos> included."""
        state, tokens = 0, list[int]()
        while np.isfinite(self.log_prob[state]).any():
            weights = np.cumsum(np.exp(self.log_prob[state]))
            token = int(np.searchsorted(weights, generator.random() * weights[-1], side="right"))
            tokens.append(token)
            state = int(self.next_state[state, token])
        return tokens

    def sample_many(self, count: int, generator: np.random.Generator) -> NDArray[np.int64]:
        """(count, T) documents, padded at the right with <pad>; drawn place by place, so not those of `sample`."""
        state, alive = np.zeros(count, np.int64), np.ones(count, np.bool_)
        columns: list[NDArray[np.int64]] = []
        while alive.any():
            reached = self._reached[state]
            token = (reached <= (generator.random(count) * reached[:, -1])[:, None]).sum(1)
            columns.append(np.where(alive, token, IDS[PADDING]))
            state = np.where(alive, self.next_state[state, np.minimum(token, len(WORDS) - 1)], state)
            alive &= ~self._is_over[state]
        return np.stack(columns, axis=1)

    @functools.cached_property
    def _reached(self) -> NDArray[np.float64]:
        """(S, V) cumulative probabilities."""
        return np.cumsum(np.exp(self.log_prob), axis=1)

    @functools.cached_property
    def _is_over(self) -> NDArray[np.bool_]:
        return np.array([state.at == "over" for state in self.states])

    @functools.cached_property
    def visits(self) -> NDArray[np.float64]:
        """(S,) expected visits of each state in a document, by propagating mass until less than 1e-15 is left."""
        sources, tokens = np.nonzero(self.next_state != FORBIDDEN)
        targets = self.next_state[sources, tokens]
        weights = np.exp(self.log_prob[sources, tokens])
        mass = np.zeros(len(self.states))
        mass[0] = 1.0
        visits = np.zeros_like(mass)
        while mass.sum() > 1e-15:
            visits += mass
            mass = np.bincount(targets, mass[sources] * weights, minlength=len(mass))
            mass[self._final] = 0.0
        return visits

    @functools.cached_property
    def _final(self) -> list[int]:
        return [number for number, state in enumerate(self.states) if state.at == "over"]

    @property
    def mean_tokens(self) -> float:
        """Tokens of a document after <bos>, in the mean, <eos> included; exact."""
        return float(self.visits.sum() - 1)

    @property
    def entropy(self) -> float:
        """Nats of a document: the least cross-entropy that any model of the language can have; exact."""
        known = np.where(np.isfinite(self.log_prob), self.log_prob, 0.0)
        return float(-(self.visits @ (np.exp(known) * known * np.isfinite(self.log_prob)).sum(1)))


@functools.cache
def tiny_grammar() -> Grammar:
    """The language that the shipped tiny model was trained on."""
    return Grammar()
