"""A model is believed only when it is whole, unchanged and ours; the reason is said, and what to do."""

import json
import pickle
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from classifier import artifact
from classifier.artifact import ArtifactRefused, corpus_digest, current, promote, verify
from classifier.predict import Classifier


@pytest.fixture
def copied(artifact_dir: Path, tmp_path: Path) -> Path:
    """Return a copy of the artifact that a test may damage."""
    return shutil.copytree(artifact_dir, tmp_path / artifact_dir.name)


def _reseal(directory: Path, **changes: object) -> None:
    """Change a manifest as somebody would who knows how it is sealed."""
    manifest = json.loads((directory / "manifest.json").read_text("utf-8"))
    manifest.pop("seal")
    manifest.update(changes)
    manifest["seal"] = artifact._seal(manifest)
    (directory / "manifest.json").write_bytes(artifact._json(manifest))


def _remove(directory: Path) -> None:
    shutil.rmtree(directory)


def _remove_weights(directory: Path) -> None:
    (directory / "model.skops").unlink()


def _truncate(directory: Path) -> None:
    content = (directory / "model.skops").read_bytes()
    (directory / "model.skops").write_bytes(content[: len(content) // 2])


def _flip_a_byte(directory: Path) -> None:
    content = bytearray((directory / "model.skops").read_bytes())
    content[len(content) // 2] ^= 1
    (directory / "model.skops").write_bytes(content)


def _change_a_threshold(directory: Path) -> None:
    path = directory / "manifest.json"
    changed = re.sub(r'"denunciation": -?\d', '"denunciation": 9', path.read_text("utf-8"), count=1)
    path.write_text(changed, "utf-8")


def _cut_the_manifest(directory: Path) -> None:
    path = directory / "manifest.json"
    path.write_bytes(path.read_bytes()[:100])


def _other_library(directory: Path) -> None:
    libraries = json.loads((directory / "manifest.json").read_text("utf-8"))["libraries"]
    _reseal(directory, libraries={**libraries, "scikit-learn": "1.2.3"})


def _other_labels(directory: Path) -> None:
    labels = artifact.labels()
    _reseal(directory, labels={**labels, "topics": [*labels["topics"][1:], "potholes-on-mars"]})


def _other_format(directory: Path) -> None:
    _reseal(directory, format=99)


def _pickle_instead(directory: Path) -> None:
    content = pickle.dumps({"topic": "noise"})
    (directory / "model.skops").write_bytes(content)


def _pickle_beside(directory: Path) -> None:
    (directory / "model.pkl").write_bytes(pickle.dumps({"topic": "noise"}))


REFUSALS: list[tuple[Callable[[Path], None], str]] = [
    (_remove, "there is no model"),
    (_remove_weights, "is missing"),
    (_truncate, "is damaged"),
    (_flip_a_byte, "is damaged"),
    (_change_a_threshold, "was changed"),
    (_cut_the_manifest, "is damaged"),
    (_other_library, "scikit-learn 1.2.3"),
    (_other_labels, "potholes-on-mars"),
    (_other_format, "format"),
    (_pickle_instead, "pickle"),
    (_pickle_beside, "does not belong"),
]


@pytest.mark.parametrize(("damage", "reason"), REFUSALS)
def test_a_bad_artifact_is_refused(copied: Path, damage: Callable[[Path], None], reason: str) -> None:
    damage(copied)
    with pytest.raises(ArtifactRefused, match=reason) as refusal:
        verify(copied)
    assert "langnghe train" in str(refusal.value)
    with pytest.raises(ArtifactRefused, match=reason):
        Classifier.load(copied)


def test_a_skops_file_that_asks_for_trust_is_refused(copied: Path) -> None:
    weights = copied / "model.skops"
    with zipfile.ZipFile(weights, "w") as archive:
        node = {"__class__": "system", "__module__": "os", "__loader__": "FunctionNode", "__id__": 1, "protocol": 2}
        archive.writestr("schema.json", json.dumps(node))
    _reseal(copied, files={"model.skops": artifact._sha256(weights)})
    with pytest.raises(ArtifactRefused, match="cannot be read"):
        Classifier.load(copied)


def test_a_good_artifact_passes(artifact_dir: Path) -> None:
    assert verify(artifact_dir)["version"] == artifact_dir.name
    assert Classifier.load(artifact_dir).version == artifact_dir.name


def test_the_promoted_model_is_the_current_one(artifact_dir: Path, tmp_path: Path) -> None:
    assert current(tmp_path) is None
    shutil.copytree(artifact_dir, tmp_path / artifact_dir.name)
    promote(tmp_path, artifact_dir.name)
    assert current(tmp_path) == tmp_path / artifact_dir.name


@pytest.mark.parametrize("name", ["../elsewhere", "", "not-there"])
def test_only_a_good_model_is_promoted(models_dir: Path, name: str) -> None:
    before = current(models_dir)
    with pytest.raises(ArtifactRefused):
        promote(models_dir, name)
    assert current(models_dir) == before


def test_the_digest_covers_names_contents_and_recipe(
    small_corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = corpus_digest(small_corpus)
    shutil.copytree(small_corpus, tmp_path / "corpus")
    assert corpus_digest(tmp_path / "corpus") == before
    (tmp_path / "corpus" / "all.jsonl").rename(tmp_path / "corpus" / "other.jsonl")
    assert corpus_digest(tmp_path / "corpus") != before
    monkeypatch.setattr(artifact, "RECIPE", -1)
    assert corpus_digest(small_corpus) != before


def test_an_interrupted_training_leaves_nothing_that_counts(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        artifact.write(tmp_path, {"version": "abc", "bad": object()}, {"model.skops": b"PK"})
    assert list(tmp_path.iterdir()) == []
