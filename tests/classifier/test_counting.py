"""Counted by columns for training, or asked report by report in service: the same features; and the recipe's number."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest

from classifier import artifact, train
from classifier.corpus import Row
from classifier.counting import fitted
from classifier.features import LEAST_TEXTS, Reading, read
from classifier.measure import ASKED, RECALL

TEXTS = (
    "Đường Điện Biên Phủ ngập tới đầu gối, xe chết máy la liệt, mấy chú CSGT tới rồi lại đi",
    "ổ gà trước số 93 An Dương Vương, P.12, Q.5 sâu 20cm!!! té xe hoài ko ai sửa",
    "TRƯỚC CỔNG TRƯỜNG ĐÈN ĐƯỜNG TẮT MẤY BỮA NAY, PHƯỜNG AN CỰU TỐI OM",
    "Người dân báo: karaoke loa kẹo kéo ở [đã che] hát tới 2h sáng, mất ngủ",
    "rac chat dong dau hem khong ai don, hoi thoi ca xom",
    "The street light at the corner has been off for 3 weeks, please fix it",
    "Bệnh viện thu tiền sai, tôi đề nghị sở y tế kiểm tra bệnh viện này",
)
#: What the recipe of this number makes of the texts above.
KNOWN = {8: "43448f1794b2c2b6"}


def _rows() -> list[Row]:
    return [Row(str(n), "noise", "phan-anh", "normal", f"voice {n}", "south", text) for n, text in enumerate(TEXTS * 3)]


@pytest.fixture(scope="module")
def readings() -> list[Reading]:
    """Return the readings of every copy that training would make of the texts, and of none."""
    return [read(copy.text) for copy in train.copies_of(_rows(), train.SEED)] + [read("")]


def test_training_learns_on_the_features_that_service_asks_with(readings: Sequence[Reading]) -> None:
    vocabulary, features = fitted(readings, [read("nắp cống bể")])
    for row, reading in zip(features, [*readings, read("nắp cống bể")], strict=True):
        vector = vocabulary.vector(reading)
        assert row.indices.tolist() == vector.ids.tolist()
        assert row.data == pytest.approx(vector.values)


def test_a_word_is_a_feature_if_enough_texts_have_it_or_a_phrase(readings: Sequence[Reading]) -> None:
    vocabulary, _ = fitted(readings, [read("nắp cống bể")])
    typed = set(vocabulary.packed.tobytes().decode().split("\n\n")[0].split("\n"))
    texts = Counter(word for reading in readings for word in set(reading.words))
    words = {term for term in typed if " " not in term and not term.endswith("_")}
    assert words == {word for word, count in texts.items() if count >= LEAST_TEXTS} | {"nắp", "cống", "bể"}
    assert {"nắp cống", "cống bể"} <= typed


def test_whoever_changes_what_training_makes_raises_its_number() -> None:
    """A model is made anew only if its digest changes, and the digest knows of code by `RECIPE` alone."""
    copies = list(train.copies_of(_rows(), train.SEED))
    found = [read(copy.text) for copy in copies]
    vocabulary, features = fitted(found, [])
    made = [
        [(copy.change, copy.text) for copy in copies],
        [(reading.words, reading.compounds) for reading in found],
        vocabulary.packed.tobytes().decode(),
        np.round(features.toarray(), 3).tolist(),
        repr(train.RECIPES),
        [train.TOLERANCE, train.BAYES_ALPHA, train.SPREAD_EVERY, train.FOLDS, ASKED, RECALL],
    ]
    digest = hashlib.sha256(json.dumps(made).encode()).hexdigest()[:16]
    assert {artifact.RECIPE: digest} == KNOWN, "raise RECIPE in classifier/artifact.py and write the new digest here"
