"""`langnghe bench store`: the bytes that a ticket takes in the database, once it is with its unit."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import func, select, text

from app.bench.scratch import database, postgres
from app.bench.triage import file_some, left
from app.bench.world import World, world
from app.hotline import Hotline
from app.startup import ensure_model
from app.triage import jobs
from classifier import corpus
from classifier.predict import Classifier
from models.outbox import OutboxEntry
from models.ticket import Ticket

TICKETS: Final = 5000
BATCH: Final = 100
#: Tables that take less than this share are summed up.
SMALL: Final = 0.02
_SIZES: Final = (
    "SELECT relname, pg_total_relation_size(oid) FROM pg_class "
    "WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
)


def run(models: Path, say: Callable[[str], object]) -> None:
    """Measure on PostgreSQL, which is where many tickets are."""
    classifier = Classifier.load(ensure_model(models, say))
    texts = [row.text for row in corpus.load() if len(row.text) >= 10]
    with postgres() as server, database(server) as url, world(url) as made:
        _measure(made, classifier, texts, say)


def _measure(made: World, classifier: Classifier, texts: Sequence[str], say: Callable[[str], object]) -> None:
    made.prepare()
    hotline = made.hotline
    before = _sizes(hotline)
    file_some(hotline, texts, TICKETS)
    jobs.bench.hotline, jobs.bench.classifier = hotline, classifier
    while left(hotline):
        with hotline.database.reading() as session:
            owed = select(OutboxEntry.id).where(OutboxEntry.done_at.is_(None)).limit(BATCH)
            entries = list(session.scalars(owed))
        jobs.triage(entries)
    grown = {table: (size - before.get(table, 0)) / TICKETS for table, size in _sizes(hotline).items()}
    with hotline.database.reading() as session:
        words = session.scalar(select(func.sum(func.octet_length(Ticket.text)))) or 0
    total = sum(grown.values())
    say(f"PostgreSQL: {TICKETS} tickets filed and triaged, indexes included, photos not")
    for table, size in sorted(grown.items(), key=lambda pair: -pair[1]):
        if size >= SMALL * total:
            say(f"  {table:20}{size:8.0f} bytes a ticket")
    say(f"  {'all tables':20}{total:8.0f} bytes a ticket, {total / (words / TICKETS):.1f} times its words alone")


def _sizes(hotline: Hotline) -> dict[str, int]:
    """Return the bytes of each table with its indexes."""
    with hotline.database.reading() as session:
        return {str(table): int(size) for table, size in session.execute(text(_SIZES))}
