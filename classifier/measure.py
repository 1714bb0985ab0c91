"""What held-out reports say of a model: how right it is, how well it knows that, and where it should stay silent."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from sklearn.isotonic import IsotonicRegression

from classifier.augment import strip_marks
from classifier.corpus import Row
from models.vocabulary import SubmissionType, Urgency

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

#: What an answer without a human promises, and what the two gates promise to find.
PRECISION: Final = 0.95
#: What is asked of each topic where the thresholds are chosen, so that it is kept where they are not.
ASKED: Final = PRECISION + 0.007
#: The threshold of a topic of which no answer keeps the promise: nobody is that sure.
NEVER: Final = 1.01
RECALL: Final = 0.97
BINS: Final = 15
COVERAGES: Final = (0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 1.0)


@dataclass(frozen=True)
class Held:
    """Scores of held-out copies of the corpus, one row a copy, and whose copy it is."""

    rows: Sequence[Row]
    owners: Sequence[int]
    changes: Sequence[str]
    folds: npt.NDArray[np.int64]
    scores: Mapping[str, Floats]
    classes: Mapping[str, npt.NDArray[np.str_]]

    def truth(self, head: str) -> npt.NDArray[np.int64]:
        """Return the number of the right class a copy."""
        field = {"topic": "topic", "submission_type": "type", "urgency": "urgency"}[head]
        labels = np.array([getattr(self.rows[owner], field) for owner in self.owners])
        return np.searchsorted(self.classes[head], labels)

    def acceptable(self) -> Mask:
        """Return which topics would be right, a row a copy and a column a topic: one, or several on a border."""
        found = np.zeros((len(self.rows), len(self.classes["topic"])), dtype=np.bool_)
        for place, row in enumerate(self.rows):
            found[place, np.searchsorted(self.classes["topic"], row.topics)] = True
        return found[np.array(self.owners)]  # type: ignore[no-any-return]

    def originals(self) -> Mask:
        """Return which copies are the texts as they were written."""
        return np.array([change == "none" for change in self.changes])


def softmax(scores: Floats, temperature: float) -> Floats:
    """Return probabilities."""
    cooled = (scores - scores.max(axis=1, keepdims=True)) / temperature
    powers = np.exp(cooled)
    return powers / powers.sum(axis=1, keepdims=True)  # type: ignore[no-any-return]


def temperature(scores: Floats, truth: npt.NDArray[np.int64]) -> float:
    """Return the temperature that makes the right answers most probable, of a fixed grid, so that it repeats.

    The loss has one valley (it is convex in the inverse of the temperature), so halving finds its bottom.
    """
    grid = np.exp(np.linspace(np.log(0.02), np.log(2), 93))

    @cache
    def loss(place: int) -> float:
        right = softmax(scores, grid[place])[np.arange(len(truth)), truth]
        return float(-np.log(np.maximum(right, 1e-12)).mean())

    low, high = 0, len(grid) - 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if loss(middle) <= loss(middle + 1) else (middle + 1, high)
    return round(float(grid[low]), 4)


def calibration(chance: Floats, right: Mask) -> dict[str, list[float]]:
    """Return how often answers of a chance were right, as the knots of a rising line (isotonic regression)."""
    rising = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(chance, right.astype(np.float64))
    return {
        "chance": [round(float(x), 6) for x in rising.X_thresholds_],
        "right": [round(float(y), 6) for y in rising.y_thresholds_],
    }


def calibrated(chance: Floats, line: Mapping[str, Sequence[float]]) -> Floats:
    """Return how often answers of these chances are right."""
    return np.asarray(np.interp(chance, line["chance"], line["right"]), dtype=np.float64)


def calibration_error(confidence: Floats, right: Mask) -> float:
    """Return the expected calibration error over bins of equal width."""
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = [abs(confidence[bins == b].mean() - right[bins == b].mean()) * (bins == b).mean() for b in np.unique(bins)]
    return float(sum(gaps))


def thresholds(held: Held) -> dict[str, Any]:
    """Return where probabilities become decisions."""
    base = held.originals()
    # The gates are chosen on texts as they were written and without marks: so people really type.
    as_typed = base | np.array([change == strip_marks.__name__ for change in held.changes])
    temperatures = {name: temperature(held.scores[name], held.truth(name)) for name in held.scores}
    chance = softmax(held.scores["topic"], temperatures["topic"])[base]
    best = chance.argmax(axis=1)
    right = held.acceptable()[base][np.arange(len(best)), best]

    def gate(head: str, label: str) -> float:
        column = int(np.searchsorted(held.classes[head], label))
        return for_recall(held.scores[head][as_typed, column], held.truth(head)[as_typed] == column)

    return {
        "temperatures": temperatures,
        "calibration": calibration(chance.max(axis=1), right),
        "topics": _topic_thresholds(chance, right, held.classes["topic"]),
        "denunciation": gate("submission_type", SubmissionType.DENUNCIATION.value),
        "emergency": gate("urgency", Urgency.EMERGENCY.value),
    }


def for_recall(scores: Floats, positive: Mask) -> float:
    """Return the highest score that still finds `RECALL` of the positive cases, never above an even decision."""
    found = np.sort(scores[positive])
    missable = int(np.floor(len(found) * (1 - RECALL)))
    return round(min(0.0, float(found[missable]) - 1e-6), 6) if len(found) else 0.0


def _topic_thresholds(chance: Floats, right: Mask, classes: npt.NDArray[np.str_]) -> dict[str, float]:
    """Return a threshold a topic, above which `ASKED` of its answers are right, and so `PRECISION` of new ones."""
    best = chance.argmax(axis=1)
    confidence = chance.max(axis=1)
    least = max(0.3, min(_for_precision(confidence, right), 0.9) / 2)
    return {
        str(label): max(least, _for_precision(confidence[best == number], right[best == number]))
        for number, label in enumerate(classes)
    }


def _for_precision(confidence: Floats, right: Mask) -> float:
    """Return the lowest threshold above which the answers keep the promise; `NEVER` where none does."""
    order = np.argsort(-confidence, kind="stable")
    hits = np.cumsum(right[order]).astype(np.float64)
    cases = np.arange(1, len(order) + 1, dtype=np.float64)
    kept = np.flatnonzero(hits / cases >= ASKED)
    if not len(kept):
        return NEVER
    return round(float(confidence[order][kept[-1]]) - 1e-6, 6)


def measured(held: Held, limits: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures for the manifest and the card, with these thresholds.

    Calibration is judged on other folds than it is fitted on.
    """
    chance = _cross_calibrated(held, "topic")
    truth = held.truth("topic")
    best = chance.argmax(axis=1)
    acceptable = held.acceptable()
    right = acceptable[np.arange(len(best)), best]
    base = held.originals()
    confidence = chance.max(axis=1)
    routed = confidence >= np.array([limits["topics"][str(label)] for label in held.classes["topic"]])[best]
    ranks = (chance >= np.where(acceptable, chance, 0).max(axis=1, keepdims=True)).sum(axis=1)
    return {
        "reports": int(base.sum()),
        "topic": {
            "top1": _share(right[base]),
            "first_named": _share((best == truth)[base]),
            "top3": _share(ranks[base] <= 3),
            "calibration_error": round(calibration_error(_cross_isotonic(held, chance, right)[base], right[base]), 4),
            "routed": _share(routed[base]),
            "routed_right": _share(right[base & routed]),
            "coverage": _coverage(confidence[base], right[base]),
            "by_change": _by(held.changes, right, np.ones_like(base)),
            "by_voice": _by([held.rows[owner].voice for owner in held.owners], right, base),
            "by_topic": _by_topic(held, (best, truth), (base, routed, right)),
            "confusions": _confusions(held, best, truth, base & ~right),
        },
        "submission_type": _head(held, "submission_type", base),
        "urgency": _head(held, "urgency", base),
        "gates": {
            "denunciation": _gate(held, ("submission_type", "to-cao"), limits["denunciation"], base),
            "emergency": _gate(held, ("urgency", "emergency"), limits["emergency"], base),
        },
    }


def _cross_calibrated(held: Held, head: str) -> Floats:
    chance = np.empty_like(held.scores[head])
    truth = held.truth(head)
    for fold in np.unique(held.folds):
        inside = held.folds == fold
        others = ~inside if (~inside).any() else inside
        chance[inside] = softmax(held.scores[head][inside], temperature(held.scores[head][others], truth[others]))
    return chance


def _cross_isotonic(held: Held, chance: Floats, right: Mask) -> Floats:
    """Return calibrated confidence, each fold's by a line that was fitted on the others."""
    confidence: Floats = chance.max(axis=1)
    found = np.empty(len(confidence), dtype=np.float64)
    for fold in np.unique(held.folds):
        inside = held.folds == fold
        others = held.originals() & (~inside if (~inside).any() else inside)
        found[inside] = calibrated(confidence[inside], calibration(confidence[others], right[others]))
    return found


def _share(mask: npt.NDArray[Any]) -> float:
    return round(float(mask.mean()), 4) if len(mask) else 0.0


def _coverage(confidence: Floats, right: Mask) -> dict[str, float]:
    order = np.argsort(-confidence, kind="stable")
    return {f"{share:.2f}": _share(right[order[: round(len(order) * share)]]) for share in COVERAGES}


def _by(names: Sequence[str], right: Mask, among: Mask) -> dict[str, dict[str, float]]:
    found: dict[str, list[bool]] = defaultdict(list)
    for name, hit, counted in zip(names, right.tolist(), among.tolist(), strict=True):
        if counted:
            found[name].append(hit)
    return {name: {"n": len(hits), "top1": round(sum(hits) / len(hits), 4)} for name, hits in sorted(found.items())}


def _by_topic(
    held: Held, numbers: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]], masks: tuple[Mask, Mask, Mask]
) -> dict[str, dict[str, float]]:
    best, truth = numbers
    base, routed, right = masks
    return {
        str(label): {
            "n": int((base & (truth == number)).sum()),
            "recall": _share(right[base & (truth == number)]),
            "precision": _share(right[base & (best == number)]),
            "routed": _share(routed[base & (best == number)]),
            "routed_precision": _share(right[base & routed & (best == number)]),
        }
        for number, label in enumerate(held.classes["topic"])
    }


def _confusions(
    held: Held, best: npt.NDArray[np.int64], truth: npt.NDArray[np.int64], wrong: Mask
) -> list[tuple[str, str, int]]:
    names = held.classes["topic"]
    pairs = Counter((str(names[t]), str(names[b])) for t, b in zip(truth[wrong], best[wrong], strict=True))
    return [(*pair, count) for pair, count in sorted(pairs.items(), key=lambda item: (-item[1], item[0]))[:25]]


def _head(held: Held, head: str, base: Mask) -> dict[str, Any]:
    chance = _cross_calibrated(held, head)[base]
    truth = held.truth(head)[base]
    best = chance.argmax(axis=1)
    return {
        "top1": _share(best == truth),
        "calibration_error": round(calibration_error(chance.max(axis=1), best == truth), 4),
        "recall": {
            str(label): {"n": int((truth == number).sum()), "recall": _share(best[truth == number] == number)}
            for number, label in enumerate(held.classes[head])
        },
    }


def _gate(held: Held, of: tuple[str, str], limit: float, base: Mask) -> dict[str, float]:
    head, label = of
    column = int(np.searchsorted(held.classes[head], label))
    warned = held.scores[head][:, column] >= limit
    meant = held.truth(head) == column
    return {
        "threshold": limit,
        "recall": _share(warned[base & meant]),
        "precision": _share(meant[base & warned]),
        "false_alarms_per_100": round(100 * float((warned & ~meant)[base].mean()), 2),
    }
