"""What a model is while it is trained, and how it becomes the bytes of a skops file (`classifier.weights` reads them).

Only numbers and scikit-learn's own estimators are written, so nothing in a file is ever trusted to run.
"""

import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from zipfile import ZipFile, ZipInfo

import skops.io
from sklearn.svm import LinearSVC

from classifier.features import Vocabulary
from classifier.weights import HEADS

_IDENTITY = re.compile(r'"__id__": \d+')
_ARRAY_NAME = re.compile(r'"(\d+\.npy)"')
_NEVER: Final = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Model:
    """The fitted parts: which features there are, and a linear decision a head."""

    vocabulary: Vocabulary
    heads: Mapping[str, LinearSVC]


def to_bytes(model: Model) -> bytes:
    """Return the skops file of a model; the same model gives the same bytes."""
    content = {
        "terms": model.vocabulary.packed,
        "idf": model.vocabulary.idf,
        **{name: model.heads[name] for name in HEADS},
    }
    return _settled(skops.io.dumps(content))


def _settled(raw: bytes) -> bytes:
    """Take out of a skops file what differs from run to run: memory addresses and the time of day."""
    with ZipFile(io.BytesIO(raw)) as source:
        schema = source.read("schema.json").decode()
        if "CachedNode" in schema:
            raise ValueError("an object occurs twice in the model; its address cannot be taken out")
        numbers = iter(range(len(schema)))
        schema = _IDENTITY.sub(lambda _: f'"__id__": {next(numbers)}', schema)
        names = list(dict.fromkeys(_ARRAY_NAME.findall(schema)))
        renamed = {name: f"{place}.npy" for place, name in enumerate(names)}
        schema = _ARRAY_NAME.sub(lambda name: f'"{renamed[name.group(1)]}"', schema)
        parts = {renamed[name]: source.read(name) for name in names}
    settled = io.BytesIO()
    with ZipFile(settled, "w") as target:
        for name, content in {**parts, "schema.json": json.dumps(json.loads(schema)).encode()}.items():
            target.writestr(ZipInfo(name, _NEVER), content)
    return settled.getvalue()
