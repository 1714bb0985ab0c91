"""The body of a job. RQ calls `triage` in a work-horse forked from the worker, which has loaded the model already."""

from collections.abc import Sequence

from app import incidents
from app.faultpoints import reached
from app.hotline import Hotline
from app.sealed import vault
from app.triage import outbox, service
from classifier.predict import Classifier
from models.ticket import Ticket
from models.vocabulary import Status


class JobFailed(Exception):
    """Raised in place of whatever broke a job, whose message might quote a citizen: RQ stores what it is told."""


class Bench:
    """What a worker process holds ready for its jobs."""

    hotline: Hotline | None = None
    classifier: Classifier | None = None


bench = Bench()


def triage(entry_ids: Sequence[int]) -> None:
    """Understand and route the tickets of these outbox entries.

    1. Read those still owed. 2. Predict, holding no lock. 3. Lock what is owed by now, write each effect and its
    `done_at`, commit once. Run twice, or eight times at once, it has one effect.
    """
    if bench.hotline is None:
        raise RuntimeError("triage runs in a worker only")
    try:
        _triage(bench.hotline, entry_ids)
    except Exception as error:  # noqa: BLE001 - raised again, without its message
        raise JobFailed(type(error).__name__) from None


def _triage(hotline: Hotline, entry_ids: Sequence[int]) -> None:
    faults = hotline.settings.fault_dir
    with hotline.database.reading() as session:
        owed = outbox.undone_tickets(session, entry_ids)
    tickets = [ticket for _, ticket in owed]
    for ticket in tickets:
        reached(faults, "job.after_load", ticket.id)
    predictions = dict(zip((t.id for t in tickets), service.predict(bench.classifier, tickets), strict=True))
    sealed = False
    with hotline.database.transaction() as session:
        owing = outbox.lock_undone(session, entry_ids)
        incidents.hold_joined(session, tickets)
        for entry in owing:
            ticket = session.get_one(Ticket, entry.ticket_id, with_for_update=True)
            with session.no_autoflush:  # nothing that is looked up for a ticket is what has just been said of it
                service.settle(hotline, session, ticket, predictions.get(ticket.id))
            sealed = sealed or ticket.status is Status.SEALED
            entry.done_at = hotline.now()
            session.flush()
            reached(faults, "job.after_effect", ticket.id)
        reached(faults, "job.before_commit")
    reached(faults, "job.after_commit")
    if sealed:
        vault.sweep(hotline)
