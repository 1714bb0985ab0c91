"""From the corpus to an artifact: read, fit, measure on voices not heard before, choose thresholds, write, promote."""

import hashlib
import os
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from joblib import Parallel, delayed
from scipy.sparse import csr_matrix, diags, vstack
from sklearn.naive_bayes import ComplementNB
from sklearn.svm import LinearSVC

from classifier import artifact, card, corpus
from classifier.augment import CHANGES, Change, dress, strip_marks
from classifier.corpus import Row
from classifier.counting import fitted
from classifier.features import Reading, Vocabulary, read
from classifier.measure import Held, measured, thresholds
from classifier.model import Model, to_bytes
from classifier.phrases import topic_phrases, type_phrases, urgency_phrases
from classifier.weights import HEADS, WEIGHTS_FILE

Progress = Callable[[str, float], None]
Labels = npt.NDArray[np.str_]
Folds = npt.NDArray[np.int64]

SEED: Final = 1022
FOLDS: Final = 3


@dataclass(frozen=True)
class Recipe:
    """How a head is fitted: found on held-out voices.

    `strength` is the inverse of regularisation, `phrases` how much a phrase counts against a report, `balance` whether
    a rare class counts as much as a common one, `bayes` how much naive Bayes says beside the support vectors, `letters`
    how much the letters count beside the words: what a slip of the finger cannot hide, they only blur.
    """

    strength: float
    phrases: float
    balance: str | None
    bayes: float = 0.0
    letters: float = 1.0


RECIPES: Final[Mapping[str, Recipe]] = {
    "topic": Recipe(0.35, 0.5, None, bayes=0.6, letters=0.5),
    "submission_type": Recipe(0.1, 1.0, "balanced", letters=0.25),
    "urgency": Recipe(0.1, 0.5, "balanced", letters=0.25),
}
PHRASES: Final = {"topic": topic_phrases, "submission_type": type_phrases, "urgency": urgency_phrases}
#: Where a fit may stop: more precision moves held-out figures in the third digit only.
TOLERANCE: Final = 0.3
MOST_STEPS: Final = 5000
#: Of so many texts one is also seen with slips, teencode or the like.
CHANGED_EVERY: Final = 3
#: Smoothing of naive Bayes.
BAYES_ALPHA: Final = 0.3
#: How far the answers of a head spread is seen well enough on every so-manieth text.
SPREAD_EVERY: Final = 10
#: Each process gets so many parts of the texts, that none waits long for another at the end.
PARTS: Final = 12
#: Fewer texts than this are not worth starting other processes for.
WORTH_PROCESSES: Final = 8000
#: The folds of what people decided: always learned from, or only by the last fit.
ALWAYS: Final = -1
LAST: Final = -2
#: Voices that speak another language than all the others.
FOREIGN: Final = frozenset({"foreigner"})
#: The score of a class that a fold's training never met.
UNHEARD: Final = -5.0


@dataclass(frozen=True)
class Decided:
    """Topics that people chose for real reports, as rows: `earlier` to learn from, `recent` to be judged on."""

    earlier: Sequence[Row]
    recent: Sequence[Row]

    @property
    def digest(self) -> str:
        """A name for exactly these rows."""
        said = "\n".join(f"{row.id} {row.topic} {row.text}" for row in (*self.earlier, *self.recent))
        return hashlib.sha256(said.encode()).hexdigest()[:8]


@dataclass(frozen=True)
class Copy:
    """A text to train on: a row's own (`change` is "none"), or the same as it might have been typed."""

    row: int
    change: str
    text: str


@dataclass(frozen=True)
class Lesson:
    """What a fit sees: features of the copies and the right answers, and the same of each head's own phrases.

    Columns from `letters` on are letters, those before it words.
    """

    letters: int
    features: csr_matrix
    targets: Mapping[str, Labels]
    phrases: Mapping[str, csr_matrix]
    phrase_targets: Mapping[str, Labels]

    def of(self, chosen: npt.NDArray[np.bool_]) -> "Lesson":
        """Return the same lesson with some of the copies only."""
        targets = {name: labels[chosen] for name, labels in self.targets.items()}
        return replace(self, features=self.features[chosen], targets=targets)


def train(
    models_dir: Path,
    *,
    seed: int = SEED,
    corpus_dir: Path | None = None,
    progress: Progress | None = None,
    card_path: Path | None = None,
    decided: Decided | None = None,
) -> Path:
    """Train on a corpus, write the artifact (and its model card), promote it, and return its directory.

    With what people have `decided` it is written and not promoted: that is for whoever compares it with the old one.
    """
    tell = progress or _silent
    tell("reading the corpus", 0.0)
    written = corpus.load(corpus_dir)
    _require_all_labels(written)
    more, recent = (decided.earlier, decided.recent) if decided else ((), ())
    rows = [*written, *more, *recent]
    copies = list(copies_of(rows, seed))
    tell("segmenting", 0.05)
    vocabulary, lesson, splits = prepared(rows, copies, written)
    splits += [*(ALWAYS for _ in more), *(LAST for _ in recent)]
    fold_of: Folds = np.array(splits)[[copy.row for copy in copies]]
    tell("fitting, on everything and on other voices", 0.4)
    # The folds learn from two copies of each text: the third moves held-out figures in the third digit only.
    heard = (fold_of != LAST) & np.array([copy.change in {"none", strip_marks.__name__} for copy in copies])
    *others, heads = fit([*(lesson.of((fold_of != number) & heard) for number in range(FOLDS)), lesson], seed)
    tell("measuring", 0.9)
    held = _held_out(rows, copies, lesson, (fold_of, others))
    model = Model(vocabulary, heads)
    tell("writing", 0.95)
    origin = {"corpus": artifact.corpus_digest(corpus_dir), "corpus_rows": len(written), "seed": seed}
    if decided is not None:
        right = _right_on_recent(copies, lesson, fold_of, others)
        origin["overrides"] = {"earlier": len(more), "recent": len(recent), "recent_right": right}
    directory = _write(models_dir, model, held, origin, decided)
    if decided is None:
        artifact.promote(models_dir, directory.name)
    if card_path is not None:
        card.write(card_path, artifact.verify(directory))
    tell("done", 1.0)
    return directory


def _silent(_stage: str, _done: float) -> None:
    """Tell nobody."""


def _require_all_labels(rows: Sequence[Row]) -> None:
    known = artifact.labels()
    for kind, found in (
        ("topics", {row.topic for row in rows}),
        ("submission_types", {row.type for row in rows}),
        ("urgencies", {row.urgency for row in rows}),
    ):
        if foreign := sorted(found - set(known[kind])):
            raise corpus.BadCorpus(f"the corpus has unknown {kind}: {', '.join(foreign)}")
    if missing := sorted(set(known["urgencies"]) - {row.urgency for row in rows}):
        raise corpus.BadCorpus(f"no report of the corpus has one of these urgencies: {', '.join(missing)}")


def copies_of(rows: Sequence[Row], seed: int) -> Iterator[Copy]:
    """Yield every text as it is, without its marks if it has any, and each third one with one more change in turn.

    More copies gain nothing that is measured here, and cost time: there are many reports to learn slips from.
    """
    turning: list[Change] = [*(change for change in CHANGES if change is not strip_marks), dress]
    for number, row in enumerate(rows):
        rng = random.Random(f"{seed} {row.id}")  # noqa: S311 - must repeat, keeps no secret
        yield Copy(number, "none", row.text)
        if (stripped := strip_marks(row.text)) != row.text:
            yield Copy(number, "strip_marks", stripped)
        if number % CHANGED_EVERY == 0:
            change = turning[number // CHANGED_EVERY % len(turning)]
            yield Copy(number, change.__name__, change(row.text, rng))


def prepared(
    rows: Sequence[Row], copies: Sequence[Copy], written: Sequence[Row]
) -> tuple[Vocabulary, Lesson, list[int]]:
    """Read the copies and the phrases: return them as features with the right answers, and a fold a written row."""
    readings, fold_of = _read_and_split([copy.text for copy in copies], written)
    said = {
        name: [(label, f) for label, text in source() for f in (text, strip_marks(text))]
        for name, source in PHRASES.items()
    }
    vocabulary, features = fitted(readings, [read(text) for name in HEADS for _, text in said[name]])
    ends = np.cumsum([len(readings), *(len(said[name]) for name in HEADS)])
    lesson = Lesson(
        letters=vocabulary.letters,
        features=features[: ends[0]],
        targets=_targets(rows, copies),
        phrases={name: features[start:end] for name, (start, end) in zip(HEADS, pairwise(ends), strict=True)},
        phrase_targets={name: np.array([label for label, _ in pairs]) for name, pairs in said.items()},
    )
    return vocabulary, lesson, fold_of


def _read_and_split(texts: Sequence[str], written: Sequence[Row]) -> tuple[list[Reading], list[int]]:
    """Read the texts, which is segmentation for the most part, and find the folds meanwhile, on all cores."""
    if len(texts) < WORTH_PROCESSES:
        return _read_all(texts), folds(written)
    size = -(-len(texts) // (PARTS * cores()))
    parts = [texts[start : start + size] for start in range(0, len(texts), size)]
    fold_of, *found = Parallel(cores())([delayed(folds)(written), *(delayed(_read_all)(part) for part in parts)])
    return [reading for part in found for reading in part], fold_of


def _read_all(texts: Sequence[str]) -> list[Reading]:
    return [read(text) for text in texts]


def cores() -> int:
    """Return how many processes are worth starting."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _targets(rows: Sequence[Row], copies: Sequence[Copy]) -> dict[str, Labels]:
    return {
        "topic": np.array([rows[copy.row].topic for copy in copies]),
        "submission_type": np.array([rows[copy.row].type for copy in copies]),
        "urgency": np.array([rows[copy.row].urgency for copy in copies]),
    }


def fit(lessons: Sequence[Lesson], seed: int) -> list[dict[str, LinearSVC]]:
    """Fit the three heads of each lesson, in processes of their own (liblinear's dice are one for a process)."""
    asked = [(name, lesson) for lesson in lessons for name in HEADS]
    # the longest first, so that no core waits at the end
    order = sorted(range(len(asked)), key=lambda k: (asked[k][0] != "topic", -asked[k][1].features.shape[0]))
    jobs = 1 if len(lessons[-1].phrase_targets["topic"]) + lessons[-1].features.shape[0] < WORTH_PROCESSES else cores()
    heads = Parallel(jobs)(delayed(_fit_head)(*asked[k], seed) for k in order)
    by_place = dict(zip(order, heads, strict=True))
    return [
        {name: by_place[number * len(HEADS) + place] for place, name in enumerate(HEADS)}
        for number in range(len(lessons))
    ]


def _fit_head(name: str, lesson: Lesson, seed: int) -> LinearSVC:
    recipe = RECIPES[name]
    labels = np.concatenate([lesson.targets[name], lesson.phrase_targets[name]])
    weights = np.ones(len(labels))
    weights[len(lesson.targets[name]) :] = recipe.phrases
    head = LinearSVC(
        C=recipe.strength, class_weight=recipe.balance, tol=TOLERANCE, max_iter=MOST_STEPS, random_state=seed
    )
    features = vstack([lesson.features, lesson.phrases[name]]).tocsr()
    scale = np.ones(features.shape[1], dtype=features.dtype)
    scale[lesson.letters :] = recipe.letters
    features = (features @ diags(scale)).tocsr()
    head.fit(features, labels, sample_weight=weights)
    if recipe.bayes:
        _add_bayes(head, features, labels, recipe.bayes)
    head.coef_ = (head.coef_ * scale).astype(np.float32)
    return head


def _add_bayes(head: LinearSVC, features: csr_matrix, labels: Labels, part: float) -> None:
    """Add complement naive Bayes to a head: both are linear, so their sum is one matrix and costs nothing to ask."""
    bayes = ComplementNB(alpha=BAYES_ALPHA).fit(features, labels)
    weights = bayes.feature_log_prob_ - bayes.feature_log_prob_.mean(axis=0)
    some = features[::SPREAD_EVERY]
    spread = head.decision_function(some).std(axis=1).mean() / (some @ weights.T).std(axis=1).mean()
    head.coef_ = head.coef_ + part * spread * weights


def _held_out(
    rows: Sequence[Row], copies: Sequence[Copy], lesson: Lesson, split: tuple[Folds, Sequence[Mapping[str, LinearSVC]]]
) -> Held:
    """Return the scores each copy of the corpus gets from a model that heard neither its voice nor a near duplicate."""
    fold_of, fitted = split
    classes = {name: np.unique([*lesson.targets[name], *lesson.phrase_targets[name]]) for name in HEADS}
    scores = {name: np.full((len(copies), len(classes[name])), UNHEARD) for name in HEADS}
    for number, heads in enumerate(fitted):
        outside = fold_of == number
        for name, head in heads.items():
            columns = np.searchsorted(classes[name], head.classes_)
            scores[name][np.ix_(outside, columns)] = head.decision_function(lesson.features[outside])
    own = np.flatnonzero(fold_of >= 0)
    return Held(
        rows,
        [copies[int(place)].row for place in own],
        [copies[int(place)].change for place in own],
        fold_of[own],
        {name: found[own] for name, found in scores.items()},
        classes,
    )


def _right_on_recent(
    copies: Sequence[Copy], lesson: Lesson, fold_of: Folds, fitted: Sequence[Mapping[str, LinearSVC]]
) -> int:
    """Return how many of the latest decisions models that have not seen them would have made as well."""
    places = np.array([p for p, copy in enumerate(copies) if fold_of[p] == LAST and copy.change == "none"], dtype=int)
    if not len(places):
        return 0
    classes = sorted({str(label) for heads in fitted for label in heads["topic"].classes_})
    total = np.zeros((len(places), len(classes)))
    for heads in fitted:
        head = heads["topic"]
        total[:, np.searchsorted(classes, head.classes_)] += head.decision_function(lesson.features[places])
    best = np.array(classes)[total.argmax(axis=1)]
    return int((best == lesson.targets["topic"][places]).sum())


def folds(rows: Sequence[Row]) -> list[int]:
    """Return a fold a row: a voice is in one fold, but for what is nearly the same as a text of another voice.

    A voice that speaks another language is spread: nothing is understood in a language that was never heard.
    """
    load = [0] * FOLDS
    fold_of_voice: dict[str, int] = {}
    for voice, size in sorted(Counter(row.voice for row in rows).items(), key=lambda item: (-item[1], item[0])):
        fold_of_voice[voice] = load.index(min(load))
        load[fold_of_voice[voice]] += size
    fold_of_group: dict[int, int] = {}
    return [
        fold_of_group.setdefault(group, group % FOLDS if row.voice in FOREIGN else fold_of_voice[row.voice])
        for row, group in zip(rows, corpus.groups(rows), strict=True)
    ]


def _write(models_dir: Path, model: Model, held: Held, origin: Mapping[str, Any], decided: Decided | None) -> Path:
    libraries = artifact.environment()
    limits = thresholds(held)
    version = origin["corpus"][:12] if origin["seed"] == SEED else f"{origin['corpus'][:12]}-{origin['seed']}"
    manifest: dict[str, Any] = {
        **origin,
        "version": version if decided is None else f"{version}-{decided.digest}",
        "python": libraries.pop("python"),
        "libraries": libraries,
        "labels": artifact.labels(),
        "thresholds": limits,
        "metrics": measured(held, limits),
    }
    return artifact.write(models_dir, manifest, {WEIGHTS_FILE: to_bytes(model)})
