"""Other families of models on the same features, folds and copies as the one in use: why it is the one in use."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from joblib import Parallel, delayed
from scipy.sparse import vstack
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression, RidgeClassifier, SGDClassifier
from sklearn.naive_bayes import ComplementNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer
from sklearn.svm import LinearSVC

from classifier import corpus
from classifier.text import fold
from classifier.train import (
    BAYES_ALPHA,
    FOLDS,
    MOST_STEPS,
    PHRASES,
    RECIPES,
    SEED,
    TOLERANCE,
    Copy,
    Lesson,
    copies_of,
    cores,
    prepared,
)
from models.vocabulary import topics

Scores = npt.NDArray[np.float64]
Family = Callable[[], Any]

HEAD: Final = """\
Held-out topics on the same features, folds and copies: {reports:,} reports, {copies:,} copies, {folds} folds by voice.
Right is the topic that the writer gave. Made by `classifier.compare.run()`, which takes minutes and is not part of
training; the corpus may have grown since. Seconds are of three fits, two families side by side."""
TABLE: Final = (
    "| family | first right | first three | no marks | slips | seconds |",
    "| --- | --- | --- | --- | --- | --- |",
)
GROUPS: Final = "topic groups"
LINEAR: Final = "linear SVM"
BAYES: Final = "complement naive Bayes"

FAMILIES: Final[Mapping[str, Family]] = {
    LINEAR: lambda: LinearSVC(C=RECIPES["topic"].strength, tol=TOLERANCE, max_iter=MOST_STEPS, random_state=SEED),
    "logistic regression": lambda: LogisticRegression(C=50, max_iter=60, tol=1e-3),
    "logistic regression, one against the rest, by SGD": lambda: SGDClassifier(
        loss="log_loss", alpha=5e-5, max_iter=10, tol=None, average=True, random_state=SEED
    ),
    "ridge": lambda: RidgeClassifier(alpha=1.0, solver="sparse_cg"),
    BAYES: lambda: ComplementNB(alpha=BAYES_ALPHA),
    "LSA of 300 dimensions, linear SVM": lambda: make_pipeline(
        TruncatedSVD(300, random_state=SEED), Normalizer(copy=False), LinearSVC(C=0.5, max_iter=5000, random_state=SEED)
    ),
}


def run(corpus_dir: Path | None = None) -> str:
    """Return a table of held-out figures, a family a row: what `data/families.md` holds.

    An answer is right here if it is the topic that the writer gave.
    """
    rows = corpus.load(corpus_dir)
    copies = list(copies_of(rows, SEED))
    _, lesson, splits = prepared(rows, copies, rows)
    fold_of = np.array(splits)[[copy.row for copy in copies]]
    hashed = _hashed(lesson, copies)
    asked = [(lesson, name) for name in FAMILIES] + [(hashed, LINEAR), (lesson, GROUPS)]
    answers = Parallel(cores())(delayed(_timed)(taught, fold_of, name) for taught, name in asked)
    found = dict(zip(FAMILIES, answers, strict=False))
    (of_hashed, hashed_took), (of_groups, groups_took) = answers[len(FAMILIES) :]
    linear, bayes = found[LINEAR], found[BAYES]
    both = _spread(linear[0]) + RECIPES["topic"].bayes * _spread(bayes[0])
    mixed = np.sum([_spread(scores) for name, (scores, _) in found.items() if "LSA" not in name], axis=0)
    lines = [
        *((name, scores, seconds) for name, (scores, seconds) in found.items()),
        (f"{LINEAR} and {BAYES}, added up (in use)", both, linear[1] + bayes[1]),
        ("all of these but LSA, added up", mixed, sum(took for name, (_, took) in found.items() if "LSA" not in name)),
        ("linear SVM with one for the topic group before it", linear[0] + of_groups, linear[1] + groups_took),
        ("hashed letters, linear SVM", of_hashed, hashed_took),
    ]
    head = HEAD.format(reports=len(rows), copies=len(copies), folds=FOLDS)
    return "\n".join([head, "", *TABLE, *(_line(line, copies, lesson) for line in lines), ""])


def _timed(lesson: Lesson, fold_of: npt.NDArray[np.int64], name: str) -> tuple[Scores, float]:
    """Return a family's held-out scores of the topics, a copy a row, and how many seconds they took."""
    started = time.perf_counter()
    scores = _group_scores(lesson, fold_of) if name == GROUPS else _scores(lesson, fold_of, FAMILIES[name])
    return scores, time.perf_counter() - started


def _spread(scores: Scores) -> Scores:
    """Return scores about the mean of their text, so that those of several families can be added."""
    centred = scores - scores.mean(axis=1, keepdims=True)
    return centred / centred.std(axis=1).mean()  # type: ignore[no-any-return]


def _classes() -> npt.NDArray[np.str_]:
    return np.unique(list(topics()))


def _scores(lesson: Lesson, fold_of: npt.NDArray[np.int64], family: Family) -> Scores:
    classes = _classes()
    scores = np.full((len(fold_of), len(classes)), -1e3)
    for number in range(FOLDS):
        outside = fold_of == number
        model = _fitted(lesson.of(~outside), family())
        answer = getattr(model, "decision_function", None) or model.predict_joint_log_proba
        scores[np.ix_(outside, np.searchsorted(classes, model.classes_))] = answer(lesson.features[outside])
    scores[scores == -1e3] = scores[scores > -1e3].min()
    return scores


def _fitted(lesson: Lesson, model: Any) -> Any:
    features = vstack([lesson.features, lesson.phrases["topic"]]).tocsr()
    return model.fit(features, np.concatenate([lesson.targets["topic"], lesson.phrase_targets["topic"]]))


def _group_scores(lesson: Lesson, fold_of: npt.NDArray[np.int64]) -> Scores:
    """Return held-out scores of each topic's group, spread over the topics."""
    group_of = {slug: topic.group for slug, topic in topics().items()}
    groups = np.unique(list(group_of.values()))
    column = np.searchsorted(groups, [group_of[str(slug)] for slug in _classes()])
    scores = np.zeros((len(fold_of), len(groups)))
    for number in range(FOLDS):
        outside = fold_of == number
        inside = lesson.of(~outside)
        said = np.concatenate([inside.targets["topic"], inside.phrase_targets["topic"]])
        model = FAMILIES[LINEAR]()
        model.fit(vstack([inside.features, inside.phrases["topic"]]).tocsr(), [group_of[str(slug)] for slug in said])
        scores[outside] = model.decision_function(lesson.features[outside])
    return scores[:, column]


def _hashed(lesson: Lesson, copies: list[Copy]) -> Lesson:
    """Return the lesson with hashed letters of the folded texts for features: no vocabulary to keep."""
    hasher = HashingVectorizer(
        analyzer="char_wb", ngram_range=(2, 5), n_features=2**18, alternate_sign=False, norm=None
    )
    weigher = TfidfTransformer(sublinear_tf=True)
    texts = [fold(copy.text) for copy in copies]
    said = [fold(phrase) for _, phrase in PHRASES["topic"]() for _ in range(2)]
    features = weigher.fit_transform(hasher.transform(texts))
    phrases = {"topic": weigher.transform(hasher.transform(said))}
    return Lesson(0, features, lesson.targets, phrases, lesson.phrase_targets)


def _line(line: tuple[str, Scores, float], copies: list[Copy], lesson: Lesson) -> str:
    name, scores, seconds = line
    truth = np.searchsorted(_classes(), lesson.targets["topic"])
    right = scores.argmax(axis=1) == truth
    ranks = (scores >= scores[np.arange(len(truth)), truth][:, None]).sum(axis=1)
    of = {change: np.array([copy.change == change for copy in copies]) for change in ("none", "strip_marks", "slip")}
    shares = [right[of["none"]], ranks[of["none"]] <= 3, right[of["strip_marks"]], right[of["slip"]]]
    figures = [f"{100 * share.mean():.1f} %" for share in shares]
    return f"| {name} | {' | '.join(figures)} | {seconds:.0f} |"
