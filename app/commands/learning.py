"""The classifier: training, asking, choosing a model, checking the corpus."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from app import settings, startup
from app.commands.lines import rows
from app.commands.plainly import plainly, say
from app.hotline import open_hotline
from app.learning import service as learning
from app.settings import from_env
from classifier import artifact, corpus, names
from classifier.artifact import ArtifactRefused
from classifier.predict import Classifier, Prediction
from classifier.train import SEED
from models.vocabulary import Urgency


@click.command()
@click.option("--seed", default=SEED, show_default=True)
@click.option("--card", type=click.Path(path_type=Path), help="Where to write the model card.")
@click.option("--if-needed", is_flag=True, help="Only when no model in service fits this corpus.")
@click.option("--from-overrides", is_flag=True, help="Also on what people decided; promoted only if better.")
@plainly
def train(seed: int, card: Path | None, *, if_needed: bool, from_overrides: bool) -> None:
    """Train the classifier on the corpus and put it in service."""
    models = settings.models_folder()
    if from_overrides:
        if if_needed or card is not None or seed != SEED:
            raise click.UsageError("--from-overrides goes with none of --seed, --card and --if-needed")
        with startup.training_bar() as progress:
            outcome = learning.retrain(open_hotline(from_env()), progress)
        for reason in outcome.verdict.reasons:
            click.echo(reason)
        click.echo(f"{outcome.version} {'promoted' if outcome.verdict.better else 'not promoted'}, card {outcome.card}")
        return
    if if_needed:
        click.echo(startup.ensure_model(models, say))
        return
    click.echo(startup.train_now(models, seed, card))


@click.command()
@click.argument("text", required=False)
@click.option("--jsonl", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Lines of {id, text}.")
@plainly
def classify(text: str | None, jsonl: Path | None) -> None:
    """Say what a text is about, what it legally is and how urgent."""
    asked = list(rows(text, jsonl))
    classifier = Classifier.load(startup.ensure_model(settings.models_folder(), say))
    for row, prediction in zip(asked, classifier.predict([row["text"] for row in asked]), strict=True):
        click.echo(json.dumps(_predicted(row["id"], prediction), ensure_ascii=False))


def _predicted(row_id: str, prediction: Prediction) -> dict[str, Any]:
    return {
        "id": row_id,
        "topic": prediction.topic,
        "alternatives": [alternative.slug for alternative in prediction.alternatives],
        "confidence": round(prediction.confidence, 4),
        "submission_type": prediction.submission_type,
        "urgent": prediction.urgency != Urgency.NORMAL.value,
        "urgency": prediction.urgency,
        "emergency_numbers": list(prediction.emergency_numbers),
        "because": list(prediction.because),
        "model_version": prediction.model_version,
    }


@click.group()
def model() -> None:
    """Trained models."""


@model.command(name="list")
@plainly
def list_models() -> None:
    """Print every model, the one in service with a star."""
    models = settings.models_folder()
    in_service = artifact.current(models)
    for directory in sorted(path for path in models.glob("*") if path.is_dir() and not path.name.startswith(".")):
        try:
            rows = artifact.verify(directory)["corpus_rows"]
            state = f"{rows} reports"
        except ArtifactRefused as refusal:
            state = str(refusal)
        click.echo(f"{'*' if directory == in_service else ' '} {directory.name}  {state}")


@model.command(name="promote")
@click.argument("version")
@plainly
def promote_model(version: str) -> None:
    """Put a model in service; workers take it up with their next job."""
    artifact.promote(settings.models_folder(), version)


@model.command(name="rollback")
@plainly
def roll_back() -> None:
    """Put the model back in service that was there before."""
    click.echo(artifact.rollback(settings.models_folder()))


@click.command()
@plainly
def drift() -> None:
    """Say how this week's reports and overrides differ from the four weeks before."""
    learning.drift(open_hotline(from_env()), click.echo)


@click.group(name="corpus")
def corpus_group() -> None:
    """The corpus that the classifier learns from."""


@corpus_group.command(name="check")
@plainly
def check_corpus() -> None:
    """Name everything that is wrong with the corpus; exit 1 if anything is."""
    problems = corpus.problems()
    for problem in problems:
        click.echo(problem)
    click.echo(f"{len(corpus.load())} reports, {len(problems)} problems")
    if problems:
        sys.exit(1)


@corpus_group.command(name="names")
@plainly
def gather_names() -> None:
    """Write down anew which names of places the corpus has more than once (after it has changed)."""
    found = names.gathered(row.text for row in corpus.load())
    (artifact.DATA_DIR / names.FILE).write_text(names.HEAD + "".join(f"{name}\n" for name in found), "utf-8")
    click.echo(f"{len(found)} names")
