"""A trained model in service: what a report is about, what it legally is, how urgent, and the words that decided."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from classifier import artifact, emergency
from classifier.artifact import ArtifactRefused
from classifier.features import Reading, Vector, Vocabulary, read
from classifier.weights import HEADS, WEIGHTS_FILE, Weights, read_weights
from models.vocabulary import SubmissionType, Urgency

Scores = npt.NDArray[np.float32]
Pushes = npt.NDArray[np.float64]

SHOWN_ALTERNATIVES: Final = 3
SHOWN_REASONS: Final = 5
#: A text this short must itself speak for a type or an urgency, by at least so much.
FEW_WORDS: Final = 8
EVIDENCE: Final = 0.5
#: A word pushes the decision if it weighs at least this part of the weightiest.
PUSHES: Final = 0.35

_PIECE = re.compile(r"\S+")
_EDGES: Final = ".,;:!?()[]{}<>\"'“”‘’…/\\-–*_~|"


@dataclass(frozen=True)
class Alternative:
    """A topic the report may have."""

    slug: str
    confidence: float


@dataclass(frozen=True)
class Prediction:
    """What the model says of one text. `topic` is None where it abstains; `because` is spelled as the citizen did."""

    topic: str | None
    alternatives: tuple[Alternative, ...]
    confidence: float
    submission_type: str
    submission_confidence: float
    urgency: str
    emergency_numbers: tuple[str, ...]
    because: tuple[str, ...]
    model_version: str


@dataclass(frozen=True)
class Thresholds:
    """Where scores become decisions: found on held-out reports, stored in the manifest.

    Topics are decided on probabilities, the gates on the bare score of their class; `calibration` is the line from a
    probability to how often such answers were right, which is what a person is shown as confidence.
    """

    topics: Mapping[str, float]
    temperatures: Mapping[str, float]
    calibration: Mapping[str, Sequence[float]]
    denunciation: float
    emergency: float

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Self:
        """Read them from a manifest."""
        return cls(
            topics=stored["topics"],
            temperatures=stored["temperatures"],
            calibration=stored["calibration"],
            denunciation=stored["denunciation"],
            emergency=stored["emergency"],
        )


class Classifier:
    """A model ready to predict; safe to share between threads and to fork."""

    def __init__(self, version: str, model: Weights, thresholds: Thresholds) -> None:
        self.version = version
        self._vocabulary: Vocabulary = model.vocabulary
        self._thresholds = thresholds
        heads = [model.heads[name] for name in HEADS]
        self._labels = [list(head.labels) for head in heads]
        self._intercepts = np.concatenate([head.intercepts for head in heads]).astype(np.float32)
        self._heads = _slices([len(labels) for labels in self._labels])
        # Half precision halves what every process holds; sums are taken in single precision.
        self._weights = np.empty((self._vocabulary.size, len(self._intercepts)), dtype=np.float16)
        for head, part in zip(heads, self._heads, strict=True):
            self._weights[:, part] = head.coefficients.T
        self._usual = self._weights[:, self._heads[0]].mean(axis=1, dtype=np.float32)

    @classmethod
    def load(cls, directory: Path) -> "Classifier":
        """Load an artifact and make it warm; `ArtifactRefused` says why not."""
        manifest = artifact.verify(directory)
        try:
            model = read_weights(directory / WEIGHTS_FILE)
        except Exception as error:
            # whatever a foreign file makes the reader raise, the answer is the same: it is not ours
            raise ArtifactRefused(
                f"{directory / WEIGHTS_FILE} cannot be read ({error}); run `langnghe train`"
            ) from error
        known = dict(zip(HEADS, ("topics", "submission_types", "urgencies"), strict=True))
        for head, kind in known.items():
            if sorted(model.heads[head].labels) != sorted(manifest["labels"][kind]):
                raise ArtifactRefused(f"the model in {directory} was not trained for all {kind}; run `langnghe train`")
        classifier = cls(manifest["version"], model, Thresholds.of(manifest["thresholds"]))
        classifier.predict(["khởi động"])
        return classifier

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Return a prediction a text, in order."""
        return [self._predict(text) for text in texts]

    def unknown_part(self, text: str) -> float:
        """Return which part of a text's words the model has never learned, with marks or without."""
        typed, plain, _ = self._vocabulary.vector(read(text)).singles
        return float(((typed < 0) & (plain < 0)).mean()) if len(typed) else 0.0

    def because(self, text: str, topic: str) -> tuple[str, ...]:
        """Return the words that speak for a topic, as `Prediction.because` does for the first one."""
        reading = read(text)
        vector = self._vocabulary.vector(reading)
        return tuple(_because(text, reading, self._pushes(vector, self._towards(vector, topic))))

    def _towards(self, vector: Vector, topic: str) -> Scores:
        place = self._labels[0].index(topic)
        weights: Scores = self._weights[vector.ids, place].astype(np.float32)
        return weights

    def _predict(self, text: str) -> Prediction:
        reading = read(text)
        vector = self._vocabulary.vector(reading)
        rows = self._weights[vector.ids].astype(np.float32)
        scores = self._scores(vector, rows)
        if len(reading.words) < FEW_WORDS:
            scores[1:] = [
                self._with_evidence(score, part) for score, part in zip(scores[1:], self._heads[1:], strict=True)
            ]
        topic, kind = (_softmax(scores[k] / self._thresholds.temperatures[HEADS[k]]) for k in (0, 1))
        best = np.argsort(-topic, kind="stable")[:SHOWN_ALTERNATIVES]
        line = self._thresholds.calibration
        honest = np.interp(topic[best], line["chance"], line["right"])
        alternatives = tuple(
            Alternative(self._labels[0][k], float(right)) for k, right in zip(best, honest, strict=True)
        )
        first = alternatives[0]
        level = self._urgency(scores[2])
        submission = self._submission(scores[1], level)
        says_something = any(word.isalpha() for word in reading.words)
        sure = says_something and topic[best[0]] >= self._thresholds.topics[first.slug]
        return Prediction(
            topic=first.slug if sure else None,
            alternatives=alternatives,
            confidence=first.confidence,
            submission_type=submission,
            submission_confidence=float(kind[self._labels[1].index(submission)]),
            urgency=level,
            emergency_numbers=emergency.numbers(text, first.slug) if level == Urgency.EMERGENCY else (),
            because=tuple(_because(text, reading, self._pushes(vector, rows[:, best[0]]))),
            model_version=self.version,
        )

    def _scores(self, vector: Vector, rows: Scores) -> list[Scores]:
        """Return how each head scores its classes."""
        scores = vector.values @ rows + self._intercepts
        return [scores[part] for part in self._heads]

    def _with_evidence(self, scores: Scores, part: slice) -> Scores:
        """Return the scores with classes that the words do not speak for ruled out.

        The gates lie so low that a text of hardly a word would pass them by what every text starts with.
        """
        return np.where(scores > self._intercepts[part] + EVIDENCE, scores, scores - 1)

    def _submission(self, scores: Scores, urgency: str) -> str:
        """Return the submission type; denunciation and emergency win early, for missing one is far worse.

        What is an emergency, the urgency says: two gates for one question would let twice the false alarms pass.
        """
        labels = self._labels[1]
        if scores[labels.index(SubmissionType.DENUNCIATION)] >= self._thresholds.denunciation:
            return SubmissionType.DENUNCIATION.value
        if urgency == Urgency.EMERGENCY:
            return SubmissionType.EMERGENCY.value
        gated = {SubmissionType.DENUNCIATION, SubmissionType.EMERGENCY}
        order: list[int] = np.argsort(-scores, kind="stable").tolist()
        return next(labels[k] for k in order if labels[k] not in gated)

    def _urgency(self, scores: Scores) -> str:
        labels = self._labels[2]
        if scores[labels.index(Urgency.EMERGENCY)] >= self._thresholds.emergency:
            return Urgency.EMERGENCY.value
        calm = [labels.index(Urgency.NORMAL), labels.index(Urgency.URGENT)]
        return labels[max(calm, key=lambda k: float(scores[k]))]

    def _pushes(self, vector: Vector, weights: Scores) -> Pushes:
        """Return how much more each word speaks for a topic than for others; two words share the push of their pair."""
        gains = np.append(vector.values * (weights - self._usual[vector.ids]), 0.0)
        unknown = len(gains) - 1
        singles = np.where(vector.singles < 0, unknown, np.searchsorted(vector.ids, vector.singles))
        pairs = np.where(vector.pairs < 0, unknown, np.searchsorted(vector.ids, vector.pairs))
        pushes: Pushes = gains[singles].sum(axis=0)
        halves = gains[pairs].sum(axis=0) / 2
        pushes[:-1] += halves
        pushes[1:] += halves
        return pushes


def _because(text: str, reading: Reading, pushes: Pushes) -> Iterator[str]:
    """Yield what pushed the topic, in the order of the text: neighbouring words as one phrase."""
    if not reading.words:
        return
    by_piece = np.bincount(reading.pieces, pushes)
    pushing = np.flatnonzero(by_piece >= max(float(by_piece.max()) * PUSHES, 1e-6))
    phrases = _phrases(pushing.tolist())
    strongest = sorted(phrases, key=lambda phrase: -max(by_piece[phrase]))[:SHOWN_REASONS]
    yield from dict.fromkeys(filter(None, _spelled(text, sorted(strongest))))


def _slices(lengths: Sequence[int]) -> list[slice]:
    ends = np.cumsum([0, *lengths])
    return [slice(start, end) for start, end in pairwise(ends.tolist())]


def _softmax(scores: Scores) -> Scores:
    powers = np.exp(scores - scores.max())
    return powers / powers.sum()  # type: ignore[no-any-return]


def _phrases(pieces: Sequence[int]) -> list[list[int]]:
    phrases: list[list[int]] = []
    for piece in pieces:
        if phrases and phrases[-1][-1] == piece - 1:
            phrases[-1].append(piece)
        else:
            phrases.append([piece])
    return phrases


def _spelled(text: str, phrases: Sequence[Sequence[int]]) -> Iterator[str]:
    """Yield the phrases as they stand in the text."""
    places = [match.span() for match in _PIECE.finditer(text)]
    for phrase in phrases:
        if phrase[-1] < len(places):
            yield text[places[phrase[0]][0] : places[phrase[-1]][1]].strip(_EDGES)
