"""What administrators see of trained models, and putting one into service, as `langnghe model` does."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from markdown_it import MarkdownIt
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.record import record
from app.hotline import Hotline
from app.problems import NotFound, refuse
from classifier import artifact, card
from classifier.artifact import ArtifactRefused
from models.account import Account
from models.audit import AuditEvent
from models.vocabulary import AuditKind

#: So many of the latest are shown.
PROMOTIONS: Final = 20


@dataclass(frozen=True)
class ShownModel:
    """One model: `trouble` says why it cannot be used; figures are of held-out reports."""

    version: str
    in_service: bool
    trouble: str
    rows: int | None
    accuracy: float | None


def models(hotline: Hotline) -> list[ShownModel]:
    """Return every trained model, the one in service first, then by name, the newest first."""
    folder = hotline.settings.models
    in_service = artifact.current(folder)
    directories = [path for path in folder.glob("*") if path.is_dir() and not path.name.startswith(".")]
    shown = [_shown(path, in_service=path == in_service) for path in sorted(directories, reverse=True)]
    return sorted(shown, key=lambda model: not model.in_service)


def _shown(directory: Path, *, in_service: bool) -> ShownModel:
    try:
        manifest: Mapping[str, Any] = artifact.verify(directory)
    except ArtifactRefused as refusal:
        return ShownModel(directory.name, in_service, str(refusal), None, None)
    right = manifest.get("metrics", {}).get("topic", {}).get("top1")
    return ShownModel(directory.name, in_service, "", manifest["corpus_rows"], right)


def history(hotline: Hotline) -> list[str]:
    """Return which versions were put into service, the latest first."""
    file = hotline.settings.models / artifact.HISTORY
    return list(reversed(file.read_text("utf-8").split())) if file.is_file() else []


@dataclass(frozen=True)
class Promotion:
    """A model that somebody put into service on the web, and when."""

    version: str
    at: datetime
    by: str | None


def promotions(session: Session) -> list[Promotion]:
    """Return who put which model into service when, the latest first, as the record has it."""
    kept = select(AuditEvent.detail, AuditEvent.at, Account.display_name)
    kept = kept.outerjoin(Account, Account.id == AuditEvent.actor_id).where(AuditEvent.kind == AuditKind.MODEL_PROMOTED)
    rows = session.execute(kept.order_by(AuditEvent.at.desc(), AuditEvent.id.desc()).limit(PROMOTIONS))
    return [Promotion(version or "", at, name) for version, at, name in rows]


def card_of(hotline: Hotline, version: str) -> Markup:
    """Return a model's card as HTML, made of its manifest; raise `NotFound` for one that is none or is broken."""
    folder = hotline.settings.models
    if version not in {path.name for path in folder.glob("*") if path.is_dir()}:
        raise NotFound
    try:
        _title, _, body = card.text(artifact.verify(folder / version)).partition("\n")
    except (ArtifactRefused, KeyError):
        raise NotFound from None
    return Markup(MarkdownIt("commonmark", {"html": False}).enable("table").render(body))  # noqa: S704 - escaped by it


def promote(hotline: Hotline, version: str, actor_id: UUID) -> None:
    """Put a model into service; workers take it up with their next job. Raises `Refused` for one that is not sound."""
    try:
        artifact.promote(hotline.settings.models, version)
    except ArtifactRefused as refusal:
        raise refuse("", "model_refused", reason=str(refusal)) from None
    _note(hotline, version, actor_id)


def roll_back(hotline: Hotline, actor_id: UUID) -> None:
    """Put that model back into service that was there before; raise `Refused` if there was none."""
    try:
        version = artifact.rollback(hotline.settings.models)
    except ArtifactRefused as refusal:
        raise refuse("", "model_refused", reason=str(refusal)) from None
    _note(hotline, version, actor_id)


def _note(hotline: Hotline, version: str, actor_id: UUID) -> None:
    with hotline.database.transaction() as session:
        record(session, hotline.now(), AuditKind.MODEL_PROMOTED, actor=actor_id, detail=version)
