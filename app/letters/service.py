"""A complaint is guided and referred, never resolved here: a letter says where to, and what time limits the law has."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app import incidents
from app.assignment import local_date, meet, release
from app.hotline import Hotline
from app.problems import refuse
from app.review.service import DECIDABLE, decide
from app.units.today import is_open
from app.words import words_of
from app.work.service import Step
from models.account import Account
from models.department import Department
from models.legal import complaint_law
from models.letter import Letter
from models.ticket import Happening, Ticket
from models.vocabulary import DeadlineKind, Status

#: Where complaints and denunciations go when who is competent is not known, in the city's data.
RECEPTION: Final = "tiep_cong_dan"
#: Event of a ticket whose citizen was guided by letter.
GUIDED: Final = "guided"
_STAGES: Final = {"first": "Giải quyết lần đầu", "second": "Giải quyết lần hai"}


@dataclass(frozen=True)
class Sent:
    """A letter as it was sent."""

    department: Department
    sent_at: datetime
    body: str


def draft(hotline: Hotline, ticket: Ticket) -> str:
    """Return a letter to begin with, in Vietnamese: what was filed when, and what the law says of complaints.

    Figures and articles are those of `models/data/legal.yaml`. The office stands above the letter, not in it.
    """
    law = complaint_law()
    filed = local_date(hotline, ticket.received_at)
    limits = "\n".join(
        f"- {_STAGES[s.stage]}: không quá {s.days} ngày kể từ ngày thụ lý; phức tạp thì không quá {s.complex} ngày. "
        f"Ở vùng sâu, vùng xa: {s.remote} ngày, phức tạp thì {s.remote_complex} ngày ({s.article})."
        for s in law.stages
    )
    return (
        "Chào bạn,\n\n"
        f"Ngày {filed:%d/%m/%Y} tổng đài nhận được nội dung sau của bạn:\n\n“{ticket.text}”\n\n"
        "Đây là việc đề nghị xem xét lại một quyết định hoặc hành vi hành chính đối với chính bạn, tức là khiếu nại "
        f"({law.definition}). Tổng đài không giải quyết khiếu nại. Bạn gửi đơn khiếu nại tới nơi nhận ghi ở đầu thư; "
        "khi nộp, bạn mang theo quyết định bị khiếu nại và thư này.\n\n"
        f"Đơn phải được gửi trong {law.file_within_days} ngày.\n\n"
        f"Thời hạn theo luật:\n{limits}\n\n"
        "Trân trọng."
    )


def send(hotline: Hotline, account: Account, step: Step, department_id: str) -> Ticket:
    """Send the letter `step.text` with this office on it; its citizen reads and prints it, the ticket is referred."""
    body = words_of("body", step.text)

    def guide(session: Session, ticket: Ticket, now: datetime) -> None:
        if not is_open(hotline, session, department_id):
            raise refuse("department_id", "unknown_department")
        sent = Letter(ticket_id=ticket.id, department_id=department_id, account_id=account.id, sent_at=now, body=body)
        session.add(sent)
        incidents.go_alone(session, ticket, now, account.id)
        data = {"department": department_id}
        ticket.transition(Status.REFERRED, Happening(GUIDED, now, account.id, data=data))
        meet(session, ticket, now, *DeadlineKind)  # the citizen has been told where to go
        release(session, ticket, now)

    return decide(hotline, account, step, guide, allowed=DECIDABLE)


def letters(session: Session, ticket: Ticket) -> list[Sent]:
    """Return the letters of a ticket as they were sent, the latest first."""
    query = select(Letter).where(Letter.ticket_id == ticket.id).order_by(Letter.id.desc())
    rows = session.scalars(query.options(selectinload(Letter.department)))
    return [Sent(row.department, row.sent_at, row.body) for row in rows]
