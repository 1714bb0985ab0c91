"""A model's numbers, read out of its skops file without skops or scikit-learn.

What serves needs the arrays alone. The two libraries (with SciPy below them) cost a process 105 MB and over a second,
and build objects of a file; here only arrays of plain numbers and strings are read, from a file of the one shape that
`classifier.model` writes.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from zipfile import ZipFile

import numpy as np
import numpy.typing as npt

from classifier.features import Vocabulary

WEIGHTS_FILE: Final = "model.skops"
HEADS: Final = ("topic", "submission_type", "urgency")

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Head:
    """One linear decision: a row of `coefficients` and an intercept for each label, in the order of the labels."""

    labels: tuple[str, ...]
    coefficients: Array
    intercepts: Array


@dataclass(frozen=True)
class Weights:
    """Which features there are, and a decision a head."""

    vocabulary: Vocabulary
    heads: Mapping[str, Head]


def read_weights(path: Path) -> Weights:
    """Return the numbers of a model; raises `ValueError`, `KeyError` or `OSError` for a file that is not one."""
    with ZipFile(path) as archive:
        parts = _contents(json.loads(archive.read("schema.json")), "dict")
        heads = {name: _head(archive, _contents(parts[name], "LinearSVC")) for name in HEADS}
        return Weights(Vocabulary(_array(archive, parts["terms"]), _array(archive, parts["idf"])), heads)


def _head(archive: ZipFile, parts: Mapping[str, Any]) -> Head:
    parts = _contents(parts, "dict")
    labels = tuple(str(label) for label in _array(archive, parts["classes_"]))
    head = Head(labels, _array(archive, parts["coef_"]), _array(archive, parts["intercept_"]))
    if not len(labels) == len(head.coefficients) == len(head.intercepts):
        raise ValueError("labels and weights do not fit together")
    return head


def _contents(node: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    if node["__class__"] != kind:
        raise ValueError(f"{node['__class__']} stands where {kind} should")
    contents: Mapping[str, Any] = node["content"]
    return contents


def _array(archive: ZipFile, node: Mapping[str, Any]) -> Array:
    if node["__class__"] != "ndarray" or node.get("type") != "numpy":
        raise ValueError(f"{node['__class__']} stands where numbers should")
    with archive.open(node["file"]) as stream:
        array: Array = np.lib.format.read_array(stream, allow_pickle=False)
    return array
