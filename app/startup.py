"""What an installation needs before it can serve: schema, city, model, and a way in for its first administrator."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

from app import loading, migration
from app.accounts import service as accounts
from app.admin.service import invitation_link
from app.audit.record import record
from app.hotline import Hotline
from classifier import artifact
from classifier.artifact import ArtifactRefused
from classifier.train import SEED, train
from models.vocabulary import AuditKind, Role


def prepare(hotline: Hotline, say: Callable[[str], object]) -> None:
    """Bring database, city data and model to this release; cheap when they are there already."""
    migration.upgrade(hotline.database)
    counts = loading.load(hotline)
    say("loaded " + ", ".join(f"{number} {what}" for what, number in counts.items()))
    ensure_model(hotline.settings.models, say)


def ensure_model(models: Path, say: Callable[[str], object]) -> Path:
    """Return the model in service, training one where there is none that fits this release's corpus and libraries."""
    directory = artifact.current(models)
    if directory is not None:
        try:
            manifest = artifact.verify(directory)
        except ArtifactRefused as refusal:
            say(str(refusal))
        else:
            if manifest["corpus"] == artifact.corpus_digest():
                return directory
    say("training the classifier, about a minute")
    return train_now(models)


def train_now(models: Path, seed: int = SEED, card: Path | None = None) -> Path:
    """Train, showing a bar, and put the model in service; return its directory."""
    with training_bar() as progress:
        return train(models, seed=seed, progress=progress, card_path=card)


@contextmanager
def training_bar() -> Iterator[Callable[[str, float], None]]:
    """Yield what `train` reports its progress to: a bar on stderr."""
    with tqdm(total=100, unit="%", bar_format="{desc:40} {percentage:3.0f}%|{bar}| {elapsed}", file=sys.stderr) as bar:

        def progress(stage: str, done: float) -> None:
            bar.set_description_str(stage)
            bar.update(round(100 * done) - bar.n)

        yield progress


def first_link(hotline: Hotline) -> str | None:
    """Return a one-time link that creates the first administrator, or None where there is one already.

    It is on record, of nobody and by nobody: there is no account yet.
    """
    with hotline.database.transaction() as session:
        if not accounts.needs_first_administrator(session):
            return None
        record(session, hotline.now(), AuditKind.INVITED, detail=Role.ADMIN)
        return invitation_link(hotline, accounts.invite(hotline, session, None))
