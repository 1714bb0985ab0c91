"""A fortnight of finished work before the demonstration's own day, so that maps, figures and boards have a past.

Filed and moved by the same laws as everything, but in one transaction and with nobody logged in: living through each
step by itself would take a minute. The words are reports of the classifier's corpus, all invented.
"""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from app import incidents
from app.assignment import assign, decide_on, meet
from app.demo.clock import Clock
from app.hotline import Hotline
from app.intake.schema import parse_report
from app.intake.service import Filing, received
from app.nearby import spot_of
from app.triage.service import find_place
from classifier import corpus
from classifier.corpus import Row
from models.code import new_code
from models.outbox import OutboxEntry
from models.ticket import Happening, Ticket
from models.vocabulary import Channel, DeadlineKind, Status, SubmissionType, topics
from routing.wards import WardFact

#: The fortnight ends a day and a half before now, where the demonstration's own script begins.
ENDED: Final = timedelta(hours=36)
DAYS: Final = 14
REPORTS: Final = (5, 8)
WARDS: Final = 12
#: How the reports of the fortnight end, one as often as the other.
ENDS: Final = (*(Status.CLOSED,) * 9, Status.ANSWERED, Status.IN_PROGRESS)
ANSWERS: Final = (
    "Đội sửa chữa đã làm xong. Cảm ơn bạn đã báo.",
    "Chúng tôi đã tới kiểm tra và xử lý xong trong ngày.",
    "Đã nhắc nhở và dọn dẹp; tuần sau chúng tôi kiểm tra lại.",
)
#: Pins lie within so many degrees of their ward's centre.
SPREAD: Final = 0.003
SHORTEST: Final = 40
SEED: Final = 14


def write(hotline: Hotline, session: Session, today: datetime) -> None:
    """Write the fortnight, the same one each time but for its dates and codes."""
    dice = random.Random(SEED)  # noqa: S311 - nothing secret
    rows = [row for row in corpus.load() if _fits(row)]
    wards = sorted(hotline.files.wards.values(), key=lambda ward: ward.area_km2)[:WARDS]
    clock = Clock(today)
    lived = replace(hotline, now=clock)
    for clock.at in _times(dice, today - ENDED):
        ward = wards[min(int(dice.expovariate(0.3)), len(wards) - 1)]
        ticket = _file(lived, session, dice.choice(rows), ward, dice)
        _work(session, ticket, dice, today)


def _fits(row: Row) -> bool:
    return (
        row.type in {SubmissionType.REPORT, SubmissionType.SUGGESTION}
        and row.urgency == "normal"
        and topics()[row.topic].on_map
        and len(row.text) > SHORTEST
    )


def _times(dice: random.Random, until: datetime) -> Iterator[datetime]:
    for day in range(DAYS, 0, -1):
        for _ in range(dice.randint(*REPORTS)):
            yield until - timedelta(days=day, minutes=dice.randrange(14 * 60))


def _file(hotline: Hotline, session: Session, row: Row, ward: WardFact, dice: random.Random) -> Ticket:
    """File a report and bring it to the unit that the rules give it to."""
    now = hotline.now()
    pin = {"latitude": ward.lat + dice.uniform(-SPREAD, SPREAD), "longitude": ward.lon + dice.uniform(-SPREAD, SPREAD)}
    report = parse_report({"text": row.text, "place_text": ward.name, "submission_type": row.type, **pin})
    ticket, rows = received(hotline, Filing("demo", "", report, (), Channel.WEB), new_code())
    session.add(ticket)
    session.flush()  # what is owed for it refers to it
    session.add_all(rows)
    ticket.topic_slug = row.topic
    spot = spot_of(hotline, find_place(hotline, ticket, now), ticket.lat, ticket.lon)
    ticket.ward_code, ticket.street, ticket.cell = spot.ward or ward.code, spot.street, spot.cell
    for owed in rows:
        if isinstance(owed, OutboxEntry):
            owed.done_at = now
    decision = decide_on(hotline, ticket, now)
    ticket.transition(Status.ROUTED, Happening("triaged", now, data={"topic": row.topic, "because": []}))
    assign(hotline, session, ticket, decision, now)
    session.flush()
    incidents.keep_in_step(session, ticket)
    return ticket


def _work(session: Session, ticket: Ticket, dice: random.Random, today: datetime) -> None:
    """Let a ticket's unit work on it, as far as it has come by today."""
    end = dice.choice(ENDS)
    accepted = ticket.received_at + timedelta(minutes=dice.randint(10, 600))
    answered = accepted + timedelta(hours=dice.expovariate(1 / 40))
    closed = answered + timedelta(days=7 * dice.random())
    ticket.transition(Status.IN_PROGRESS, Happening("accepted", min(accepted, today)))
    meet(session, ticket, min(accepted, today), DeadlineKind.FIRST_ACTION)
    if end is Status.IN_PROGRESS or answered > today:
        return
    ticket.transition(Status.ANSWERED, Happening("answered", answered, public_text=dice.choice(ANSWERS)))
    ticket.answered_at = answered
    meet(session, ticket, answered, DeadlineKind.FIRST_ACTION, DeadlineKind.RESOLVE)
    if end is Status.CLOSED and closed <= today:
        ticket.transition(Status.CLOSED, Happening("closed", closed, data={"by": "time"}))
