"""Finding tickets by words: accents, capitals and the way a letter was typed make no difference.

A ticket has its words (`models.worklist.TicketSearch`) from the commit that lets staff see it, and loses them in the
commit that seals it. Every word asked for must be a word of the ticket; there are no operators, so no character of
what is asked means anything. Numbers that belong to persons are neither kept nor asked for: people are not searched.
"""

import re
from typing import Final

from sqlalchemy import ColumnElement, and_, cast, delete, exists, false, func, select
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import Session

from app import access
from app.hotline import Hotline
from classifier.scrub import PERSONAL
from classifier.text import fold
from models.ticket import Ticket
from models.worklist import TicketSearch

_WORD: Final = re.compile(r"[^\W_]+")
#: Longer ones are cut: no word that somebody would look for is.
WORD_MAX: Final = 60
#: Tickets that `fill` writes in one commit.
BATCH: Final = 2000


def words_of(text: str) -> list[str]:
    """Return the words of a text as they are kept and asked for."""
    return [word[:WORD_MAX] for word in _WORD.findall(_without_persons(fold(text)))]


def names_a_person(text: str) -> bool:
    """Tell whether a telephone or identity number, an e-mail address or a plate stands in what is asked for."""
    folded = fold(text)
    return _without_persons(folded) != folded


def _without_persons(folded: str) -> str:
    for left_out in PERSONAL:
        folded = left_out.sub(" ", folded)
    return folded


def keep(session: Session, ticket: Ticket) -> None:
    """Let a ticket be found from now on."""
    session.add(TicketSearch(ticket_id=ticket.id, words=f" {' '.join(words_of(ticket.search_text))} "))


def forget(session: Session, ticket: Ticket) -> None:
    """Let a ticket be found no more."""
    session.execute(delete(TicketSearch).where(TicketSearch.ticket_id == ticket.id))


def keep_up(session: Session, ticket: Ticket) -> None:
    """Let a ticket be found by what it says now, if it could be found before."""
    written = session.scalar(select(exists().where(TicketSearch.ticket_id == ticket.id)))
    if written:
        forget(session, ticket)
        keep(session, ticket)


def found_by(session: Session, text: str) -> ColumnElement[bool]:
    """Return the condition that a ticket has every word of a text; one without words finds nothing."""
    words = sorted(set(words_of(text)))
    if not words:
        return false()
    if session.get_bind().dialect.name == "postgresql":
        # letters and digits alone, each word in quotes: nothing in it can be an operator
        asked = cast(" & ".join(f"'{word}'" for word in words), TSQUERY)
        holds: ColumnElement[bool] = TicketSearch.words.bool_op("@@")(asked)
    else:
        holds = and_(*(func.instr(TicketSearch.words, f" {word} ") > 0 for word in words))
    return exists().where(TicketSearch.ticket_id == Ticket.id, holds).correlate(Ticket)


def can_be_found() -> ColumnElement[bool]:
    """Return the condition that a ticket has its words."""
    return exists().where(TicketSearch.ticket_id == Ticket.id).correlate(Ticket)


def fill(hotline: Hotline) -> int:
    """Give words to every ticket that staff see and that has none, as after a restore; return how many."""
    filled = 0
    while True:
        with hotline.database.transaction() as session:
            lacking = select(Ticket).where(access.open_to_units(), ~can_be_found())
            tickets = session.scalars(lacking.limit(BATCH).with_for_update(of=Ticket, skip_locked=True)).all()
            for ticket in tickets:
                keep(session, ticket)
        filled += len(tickets)
        if len(tickets) < BATCH:
            return filled
