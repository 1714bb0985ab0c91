"""Training: the same corpus and seed give the same bytes; the manifest says what a model is made of."""

import json
from pathlib import Path

import pytest

from classifier import corpus
from classifier.artifact import corpus_digest, current
from classifier.train import folds, train


def test_the_same_corpus_and_seed_give_the_same_bytes(artifact_dir: Path, small_corpus: Path, tmp_path: Path) -> None:
    again = train(tmp_path, corpus_dir=small_corpus)
    assert again.name == artifact_dir.name
    assert {p.name: p.read_bytes() for p in again.iterdir()} == {p.name: p.read_bytes() for p in artifact_dir.iterdir()}
    assert current(tmp_path) == again


def test_the_manifest_names_what_the_model_is_made_of(artifact_dir: Path, small_corpus: Path) -> None:
    manifest = json.loads((artifact_dir / "manifest.json").read_text("utf-8"))
    assert manifest["corpus"] == corpus_digest(small_corpus)
    assert manifest["version"] == manifest["corpus"][:12] == artifact_dir.name
    assert manifest["seed"] == 1022
    assert set(manifest["libraries"]) >= {"scikit-learn", "skops", "underthesea"}
    assert manifest["metrics"]["topic"]["top3"] >= manifest["metrics"]["topic"]["top1"] > 0.5


def test_no_voice_and_no_near_duplicate_is_on_both_sides_of_a_split(small_corpus: Path) -> None:
    rows = corpus.load(small_corpus)
    fold_of: dict[int, int] = {}
    for group, fold in zip(corpus.groups(rows), folds(rows), strict=True):
        assert fold_of.setdefault(group, fold) == fold


def test_a_corpus_without_every_urgency_is_refused(tmp_path: Path) -> None:
    row = {"id": "a", "topic": "noise", "type": "rac", "urgency": "normal", "voice": "v", "region": "nam", "text": "ồn"}
    (tmp_path / "one.jsonl").write_text(json.dumps(row), "utf-8")
    with pytest.raises(corpus.BadCorpus, match="urgent"):
        train(tmp_path / "models", corpus_dir=tmp_path)
