"""Further steps on the page of a ticket, beside those that every unit takes (`app.work.views`)."""

import json
from functools import partial
from uuid import UUID

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as AnyResponse

from app import access
from app.accounts.session import required
from app.current import hotline, staff
from app.hotline import Hotline
from app.problems import refuse
from app.work import approval, notes, page, person, topic
from app.work.service import Step
from app.work.views import take_step
from models.account import Account
from models.ticket import Ticket
from models.vocabulary import Role

steps = Blueprint("steps", __name__, url_prefix="/work")

readers = required(*access.READERS)
workers = required(*access.WORKERS)
#: A coordinator too: who may really, the service says.
noters = required(*access.WORKERS, Role.COORDINATOR)


@steps.post("/<uuid:ticket_id>/assign")
@workers
def assign(ticket_id: UUID) -> AnyResponse:
    """Give the ticket to a person of the unit, take it, or let it go."""

    def act(hotline_: Hotline, account: Account, step: Step) -> Ticket:
        return person.assign(hotline_, account, step, _person("assignee"))

    return take_step(ticket_id, act, "")


@steps.post("/<uuid:ticket_id>/note")
@noters
def note(ticket_id: UUID) -> AnyResponse:
    """Write down what only staff may read."""
    return take_step(ticket_id, notes.write, "note")


@steps.post("/<uuid:ticket_id>/correct-topic")
@workers
def correct_topic(ticket_id: UUID) -> AnyResponse:
    """Say that it is about something else."""
    return take_step(ticket_id, partial(topic.correct, topic_slug=request.form.get("topic", "")), "reason")


@steps.post("/<uuid:ticket_id>/approve-answer")
@noters
def approve_answer(ticket_id: UUID) -> AnyResponse:
    """Let the citizen have the answer that somebody else has written."""
    return take_step(ticket_id, approval.approve, "")


@steps.post("/<uuid:ticket_id>/give-back-answer")
@noters
def give_back_answer(ticket_id: UUID) -> AnyResponse:
    """Give the answer back to who wrote it."""
    return take_step(ticket_id, approval.give_back, "note")


@steps.post("/<uuid:ticket_id>/take-back")
@workers
def take_back(ticket_id: UUID) -> AnyResponse:
    """Take the own answer back to mend it."""
    return take_step(ticket_id, approval.take_back, "")


@steps.post("/<uuid:ticket_id>/presence")
@readers
def presence(ticket_id: UUID) -> AnyResponse:
    """Say that this person has the ticket open; answers with who else has, and with its version as it is now."""
    account = staff()
    with hotline().database.reading() as session:
        found = access.find_ticket(session, account, ticket_id)
        there = page.others(session, account, found)
        answer = {"people": there, "version": found.version}
    return Response(json.dumps(answer, ensure_ascii=False), mimetype="application/json")


def _person(field: str) -> UUID | None:
    typed = request.form.get(field, "")
    try:
        return UUID(typed) if typed else None
    except ValueError:
        raise refuse(field, "unknown_person") from None
