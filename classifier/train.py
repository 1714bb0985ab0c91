"""From the corpus to an artifact: read, fit, measure on voices not heard before, choose thresholds, write, promote."""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix  # type: ignore[import-untyped]
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

from classifier import artifact, corpus
from classifier.augment import CHANGES, strip_marks
from classifier.corpus import Row
from classifier.features import Reading, Vocabulary, read
from classifier.measure import Held, measured, thresholds
from classifier.model import HEADS, WEIGHTS_FILE, Model, to_bytes

Progress = Callable[[str, float], None]

SEED: Final = 1022
FOLDS: Final = 3
#: Inverse strength of regularisation a head, found on held-out voices.
STRENGTH: Final = {"topic": 20.0, "submission_type": 20.0, "urgency": 10.0}
#: Where to stop: more steps move held-out figures in the fourth digit only.
STEPS: Final = 60


@dataclass(frozen=True)
class Copy:
    """A text to train on: a row's own (`change` is "none"), or the same as it might have been typed."""

    row: int
    change: str
    text: str


def train(
    models_dir: Path, *, seed: int = SEED, corpus_dir: Path | None = None, progress: Progress | None = None
) -> Path:
    """Train on a corpus, write the artifact, promote it, and return its directory."""
    tell = progress or _silent
    tell("reading the corpus", 0.0)
    rows = corpus.load(corpus_dir)
    _require_all_labels(rows)
    copies = list(_copies(rows, seed))
    tell("segmenting", 0.05)
    readings = [read(copy.text) for copy in copies]
    vocabulary = Vocabulary.fit(readings)
    features = matrix(vocabulary, readings)
    held = _held_out(rows, copies, features, tell)
    tell("fitting on everything", 0.75)
    owners = np.array([copy.row for copy in copies])
    model = Model(vocabulary, fit(features, _targets(rows, owners)))
    tell("writing", 0.95)
    directory = _write(models_dir, model, held, (rows, seed, corpus_dir))
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
        if missing := sorted(set(known[kind]) - found):
            raise corpus.BadCorpus(f"no report of the corpus has one of these {kind}: {', '.join(missing)}")
        if foreign := sorted(found - set(known[kind])):
            raise corpus.BadCorpus(f"the corpus has unknown {kind}: {', '.join(foreign)}")


def _copies(rows: Sequence[Row], seed: int) -> Iterator[Copy]:
    """Yield every text as it is, without its marks, and with one more change in turn."""
    turning = [change for change in CHANGES if change is not strip_marks]
    for number, row in enumerate(rows):
        rng = random.Random(f"{seed} {row.id}")  # noqa: S311 - must repeat, keeps no secret
        change = turning[number % len(turning)]
        yield Copy(number, "none", row.text)
        yield Copy(number, "strip_marks", strip_marks(row.text))
        yield Copy(number, change.__name__, change(row.text, rng))


def matrix(vocabulary: Vocabulary, readings: Sequence[Reading]) -> csr_matrix:
    """Return the features of the readings, a row each."""
    vectors = [vocabulary.vector(reading) for reading in readings]
    bounds = np.cumsum([0, *(len(ids) for ids, _ in vectors)])
    columns = np.concatenate([ids for ids, _ in vectors])
    values = np.concatenate([values for _, values in vectors])
    return csr_matrix((values, columns, bounds), shape=(len(readings), vocabulary.size))


def _targets(rows: Sequence[Row], owners: npt.NDArray[np.int64]) -> dict[str, npt.NDArray[np.str_]]:
    labels = {
        "topic": [row.topic for row in rows],
        "submission_type": [row.type for row in rows],
        "urgency": [row.urgency for row in rows],
    }
    return {name: np.array(values)[owners] for name, values in labels.items()}


def fit(features: csr_matrix, targets: Mapping[str, npt.NDArray[np.str_]]) -> dict[str, LogisticRegression]:
    """Fit the three heads."""
    return {name: _fit_head(name, features, targets[name]) for name in HEADS}


def _fit_head(name: str, features: csr_matrix, labels: npt.NDArray[np.str_]) -> LogisticRegression:
    head = LogisticRegression(C=STRENGTH[name], max_iter=STEPS, tol=1e-3)
    return head.fit(features, labels)


def _held_out(rows: Sequence[Row], copies: Sequence[Copy], features: csr_matrix, tell: Progress) -> Held:
    """Return the scores each copy gets from a model that has heard neither its voice nor a near duplicate."""
    owners = np.array([copy.row for copy in copies])
    targets = _targets(rows, owners)
    classes = {name: np.unique(targets[name]) for name in HEADS}
    scores = {name: np.full((len(copies), len(classes[name])), -30.0) for name in HEADS}
    fold_of = np.array(folds(rows))[owners]
    for number in range(FOLDS):
        tell(f"checking on other voices ({number + 1} of {FOLDS})", 0.15 + 0.6 * number / FOLDS)
        inside, outside = fold_of != number, fold_of == number
        heads = fit(features[inside], {name: labels[inside] for name, labels in targets.items()})
        for name, head in heads.items():
            columns = np.searchsorted(classes[name], head.classes_)
            scores[name][np.ix_(outside, columns)] = features[outside] @ head.coef_.T + head.intercept_
    return Held(rows, [copy.row for copy in copies], [copy.change for copy in copies], fold_of, scores, classes)


def folds(rows: Sequence[Row]) -> list[int]:
    """Return a fold a row: a voice is in one fold, but for what is nearly the same as a text of another voice."""
    load = [0] * FOLDS
    fold_of_voice: dict[str, int] = {}
    for voice, size in sorted(Counter(row.voice for row in rows).items(), key=lambda item: (-item[1], item[0])):
        fold_of_voice[voice] = load.index(min(load))
        load[fold_of_voice[voice]] += size
    fold_of_group: dict[int, int] = {}
    return [
        fold_of_group.setdefault(group, fold_of_voice[row.voice])
        for row, group in zip(rows, corpus.groups(rows), strict=True)
    ]


def _write(models_dir: Path, model: Model, held: Held, origin: tuple[Sequence[Row], int, Path | None]) -> Path:
    rows, seed, corpus_dir = origin
    digest = artifact.corpus_digest(corpus_dir)
    libraries = artifact.environment()
    version = digest[:12] if seed == SEED else f"{digest[:12]}-{seed}"
    manifest: dict[str, Any] = {
        "version": version,
        "corpus": digest,
        "corpus_rows": len(rows),
        "seed": seed,
        "python": libraries.pop("python"),
        "libraries": libraries,
        "labels": artifact.labels(),
        "thresholds": thresholds(held),
        "metrics": measured(held),
    }
    directory = artifact.write(models_dir, manifest, {WEIGHTS_FILE: to_bytes(model)})
    artifact.promote(models_dir, version)
    return directory
