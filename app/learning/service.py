"""Retraining with what coordinators and handlers decided, and how far this week's reports are from what was learned."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from app.access import KEPT_APART
from app.hotline import Hotline
from classifier import artifact
from classifier.corpus import Row
from classifier.judge import TooFew, Verdict, compare
from classifier.predict import Classifier
from classifier.scrub import scrubbed
from classifier.train import Decided, Progress, train
from models.ticket import Ticket, TicketEvent
from models.vocabulary import UNCLEAR_TOPIC, SubmissionType

#: Of the decisions, the latest part that models are judged on before they learn from it.
RECENT_PART: Final = 0.2
#: Events by which people say what a ticket is about, and one by which a unit says that the machine was right.
OVERRIDING: Final = ("reviewed", "topic_corrected")
CONFIRMING: Final = ("accepted",)
#: So many confirmations are learned from, the latest; of overrides all are.
CONFIRMED_MAX: Final = 2000
#: With fewer decisions there is nothing to judge by.
LEAST_DECISIONS: Final = 20
WEEK: Final = timedelta(days=7)


@dataclass(frozen=True)
class Outcome:
    """What became of a retraining."""

    version: str
    verdict: Verdict
    card: Path


def decisions(session: Session, since: datetime | None = None) -> list[Row]:
    """Return what people decided on topics, oldest first, the last word on each ticket; personal data taken out.

    Decisions are a coordinator's, a handler's correction, and the topic of what a handler took up and did not give
    back, of which only the latest `CONFIRMED_MAX` count: there are many, and the model has them right. Denunciations
    are never among them, nor is what somebody called unclear.
    """
    said = [*_said(session, OVERRIDING, since), *_said(session, CONFIRMING, since)]
    rows: dict[str, Row] = {}
    for event, ticket in sorted(said, key=lambda pair: pair[0].id):
        topic = event.data.get("topic")
        if topic and topic != UNCLEAR_TOPIC:
            kind = ticket.submission_type or SubmissionType.REPORT
            rows.pop(ticket.id.hex, None)
            rows[ticket.id.hex] = Row(
                id=ticket.id.hex,
                topic=topic,
                type=kind.value,
                urgency=ticket.urgency.value,
                voice="citizen",
                region="any",
                text=scrubbed(ticket.text),
            )
    return list(rows.values())


def _said(session: Session, kinds: Sequence[str], since: datetime | None) -> list[tuple[TicketEvent, Ticket]]:
    """Return decisions of these kinds with their tickets, oldest first; a unit's acceptance that it took back is none.

    Of acceptances the latest alone are looked at.
    """
    back = aliased(TicketEvent)
    taken_back = exists().where(
        back.ticket_id == TicketEvent.ticket_id, back.kind == "returned", back.id > TicketEvent.id
    )
    query = (
        select(TicketEvent, Ticket)
        .join(Ticket, Ticket.id == TicketEvent.ticket_id)
        .where(TicketEvent.kind.in_(kinds), ~KEPT_APART)
    )
    if since is not None:
        query = query.where(TicketEvent.at >= since)
    if kinds == CONFIRMING:
        query = query.where(~taken_back).limit(CONFIRMED_MAX)
    found = session.execute(query.order_by(TicketEvent.id.desc())).all()
    return [(event, ticket) for event, ticket in reversed(found)]


def retrain(hotline: Hotline, progress: Progress | None = None, corpus_dir: Path | None = None) -> Outcome:
    """Train with the decisions, judge old and new on the same reports, and promote the new one only if it is better.

    Raises `TooFew`, and `ArtifactRefused` where there is no sound model to compare with.
    """
    models = hotline.settings.models
    directory = artifact.current(models)
    if directory is None:
        raise artifact.ArtifactRefused(f"there is no model in {models} to compare with; run `langnghe train`")
    old = artifact.verify(directory)
    with hotline.database.reading() as session:
        decided = _split(decisions(session))
    before = Classifier.load(directory).predict([row.text for row in decided.recent])
    right = sum(p.alternatives[0].slug == row.topic for p, row in zip(before, decided.recent, strict=True))
    folder = hotline.settings.data / "model-cards"
    folder.mkdir(parents=True, exist_ok=True)
    made = train(models, corpus_dir=corpus_dir, progress=progress, decided=decided, card_path=folder / "new.md")
    card = (folder / "new.md").rename(folder / f"{made.name}.md")
    verdict = compare(old, artifact.verify(made), right)
    if verdict.better:
        artifact.promote(models, made.name)
    return Outcome(made.name, verdict, card)


def _split(rows: Sequence[Row]) -> Decided:
    if len(rows) < LEAST_DECISIONS:
        raise TooFew(f"{len(rows)} decisions of people, at least {LEAST_DECISIONS} are needed")
    border = len(rows) - max(1, round(len(rows) * RECENT_PART))
    return Decided(rows[:border], rows[border:])


@dataclass(frozen=True)
class Week:
    """How one span of days looked to the model."""

    reports: int
    abstained: float
    confidence: float
    unknown_words: float
    overridden: float
    topics: Counter[str]


def drift(hotline: Hotline, say: Callable[[str], object]) -> None:
    """Say how this week's reports and overrides differ from the four weeks before."""
    now = hotline.now()
    directory = artifact.current(hotline.settings.models)
    classifier = Classifier.load(directory) if directory is not None else None
    with hotline.database.reading() as session:
        this = _week(session, classifier, now - WEEK, now)
        before = _week(session, classifier, now - 5 * WEEK, now - WEEK)
    say(f"{'':24}{'this week':>12}{'4 weeks before':>16}")
    say(f"{'reports':24}{this.reports:>12}{before.reports:>16}")
    for name, label in (
        ("abstained", "left to people"),
        ("confidence", "mean confidence"),
        ("unknown_words", "words never learned"),
        ("overridden", "overridden"),
    ):
        say(f"{label:24}{getattr(this, name):>12.1%}{getattr(before, name):>16.1%}")
    for topic, shift in _shifts(this, before)[:10]:
        say(f"  {topic:34}{shift:+.1%} of all reports")


def _week(session: Session, classifier: Classifier | None, start: datetime, end: datetime) -> Week:
    triaged = (
        select(TicketEvent.data, Ticket.text)
        .join(Ticket, Ticket.id == TicketEvent.ticket_id)
        .where(
            TicketEvent.kind == "triaged",
            TicketEvent.at >= start,
            TicketEvent.at < end,
            ~KEPT_APART,
        )
    )
    rows = [(data, text) for data, text in session.execute(triaged) if "confidence" in data]
    decided = session.execute(
        select(TicketEvent.ticket_id, TicketEvent.data)
        .join(Ticket, Ticket.id == TicketEvent.ticket_id)
        .where(TicketEvent.kind.in_((*OVERRIDING, *CONFIRMING)))
        .where(TicketEvent.at >= start, TicketEvent.at < end, ~KEPT_APART)
        .order_by(TicketEvent.id)
    )
    last_word = {ticket_id: data for ticket_id, data in decided if "accepted" in data}
    best = Counter(data["alternatives"][0][0] for data, _ in rows if data.get("alternatives"))
    unknown = [classifier.unknown_part(text) for _, text in rows] if classifier is not None else []
    return Week(
        reports=len(rows),
        abstained=_mean([data.get("topic") is None for data, _ in rows]),
        confidence=_mean([data["confidence"] for data, _ in rows]),
        unknown_words=_mean(unknown),
        overridden=_mean([not data["accepted"] for data in last_word.values()]),
        topics=best,
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _shifts(this: Week, before: Week) -> list[tuple[str, float]]:
    """Return how much more of the reports each topic has now, the greatest change first."""
    found = {
        topic: this.topics[topic] / max(1, this.reports) - before.topics[topic] / max(1, before.reports)
        for topic in {*this.topics, *before.topics}
    }
    return sorted(found.items(), key=lambda item: -abs(item[1]))
