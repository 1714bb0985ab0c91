"""The truth about this installation: is the database there, is a model, does the relay live."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from app import migration
from app.hotline import Hotline
from classifier import artifact
from models.outbox import Heartbeat

#: A relay that has been silent for longer is not alive.
RELAY_SILENT: Final = timedelta(seconds=15)


@dataclass(frozen=True)
class Check:
    """One part: whether it is well, and what to do if not."""

    name: str
    ok: bool
    detail: str


def readiness(hotline: Hotline) -> list[Check]:
    """Return every check. Without a database nothing else can be told, without its schema nothing of the relay."""
    try:
        behind = migration.pending(hotline.database)
        with hotline.database.reading() as session:
            beat = None if behind else session.get(Heartbeat, "relay")
    except SQLAlchemyError as error:
        return [Check("database", ok=False, detail=type(error).__name__)]
    return [
        Check("database", ok=True, detail="answers"),
        Check("schema", ok=not behind, detail="run `langnghe migrate`" if behind else "at this release"),
        _model(hotline),
        *([] if behind else [_relay(hotline, beat)]),
    ]


def _model(hotline: Hotline) -> Check:
    directory = artifact.current(hotline.settings.models)
    if directory is None:
        return Check("model", ok=False, detail="none: people decide; run `langnghe train`")
    try:
        artifact.verify(directory)
    except artifact.ArtifactRefused as refusal:
        return Check("model", ok=False, detail=str(refusal))
    return Check("model", ok=True, detail=directory.name)


def _relay(hotline: Hotline, beat: Heartbeat | None) -> Check:
    if beat is None:
        return Check("relay", ok=False, detail="never seen: start `langnghe relay`")
    age = hotline.now() - beat.at
    return Check("relay", ok=age < RELAY_SILENT, detail=f"last beat {max(0, round(age.total_seconds()))} s ago")
