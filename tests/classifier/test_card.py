"""The model card is written from the manifest of the run that trained."""

from pathlib import Path

from classifier import card
from classifier.artifact import verify
from models.vocabulary import topics


def test_the_card_tells_the_figures_of_its_model(artifact_dir: Path, tmp_path: Path) -> None:
    manifest = verify(artifact_dir)
    card.write(tmp_path / "card.md", manifest)
    text = (tmp_path / "card.md").read_text("utf-8")
    assert manifest["version"] in text
    assert f"{100 * manifest['metrics']['topic']['top1']:.1f} %" in text
    assert all(f"| {slug} |" in text for slug in topics())
    assert "Known weaknesses" in text
