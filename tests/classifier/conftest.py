"""The small model, loaded; where it lies is told by the ground of all tests."""

from pathlib import Path

import pytest

from classifier.predict import Classifier
from tests.small_corpus import write_small_corpus


@pytest.fixture(scope="session")
def small_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a small corpus."""
    folder = tmp_path_factory.mktemp("corpus")
    write_small_corpus(folder)
    return folder


@pytest.fixture(scope="session")
def artifact_dir(models_dir: Path) -> Path:
    """Return the directory of the trained model; tests must not change it."""
    return models_dir / (models_dir / "CURRENT").read_text("utf-8").strip()


@pytest.fixture(scope="session")
def classifier(artifact_dir: Path) -> Classifier:
    """Return the trained model, loaded."""
    return Classifier.load(artifact_dir)
