"""What the page of one ticket shows besides the ticket: who works on it, what waits, words to begin from, its like."""

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import access, wording
from app.current import hotline, presence
from app.i18n import gettext as _
from app.i18n import label
from app.intake.photos import PHOTO_MB, PHOTOS_MAX
from app.persons.mask import Masked, masked_of
from app.replies import service as replies
from app.replies.fields import filled
from app.work import answering, approval, notes, person, similar, topic
from app.work.presence import TELL, names
from models.account import Account
from models.reply import ReplyTemplate, WaitingAnswer
from models.ticket import Attachment, Ticket, TicketEvent
from models.vocabulary import PhotoOf, Role, Status, topic_groups, topics

#: What events of each kind call the people they are about.
_PEOPLE: Final = {"assigned": "assignee", "answered": "written_by", "answer_given_back": "written_by"}
#: Who counts as having a ticket open: who may change something about it.
_SEEN: Final = access.WORKERS | {Role.COORDINATOR}


def of_everybody(session: Session, account: Account, found: Ticket) -> dict[str, Any]:
    """Return what every page on one ticket shows: who else has it open, who may write a note, what is like it."""
    now = hotline().now()
    return {
        "others": others(session, account, found),
        "tell_every": TELL,
        "may_note": notes.may_write(session, account, found),
        "similar": [_similar(one) for one in similar.to(session, account, found, now)],
    }


def of_unit(session: Session, account: Account, found: Ticket) -> dict[str, Any]:
    """Return what the page of a unit shows: who has the ticket, the answer that waits, what may be said and how."""
    offers = person.offers(account, found)
    return {
        "assignee": found.assignee,
        "person_offers": offers,
        "colleagues": person.colleagues(session, found.department_id) if "give" in offers else (),
        "waiting": _waiting(session, account, found),
        "approval_offers": approval.offers(session, account, found),
        "needs_second": answering.needs_second(session, found.department_id),
        "templates": {status.value: offered(session, account, found, status) for status in _REPLIES},
        "photo_limits": SimpleNamespace(photos_max=PHOTOS_MAX, photo_mb=PHOTO_MB),
        "topic_groups": topic_groups() if topic.may_correct(account, found) else (),
    }


_REPLIES: Final = (Status.ANSWERED, Status.INFO_REQUESTED)


def others(session: Session, account: Account, found: Ticket) -> list[str]:
    """Return who else has the ticket open, and let others know that this person has."""
    return names(session, presence().look_in(found.id, account.id)) if account.role in _SEEN else []


def offered(session: Session, account: Account, found: Ticket, status: Status) -> list[SimpleNamespace]:
    """Return the templates for a reply of this kind, with their fields filled for this ticket."""
    if account.role not in replies.READERS:
        return []
    templates = replies.fitting(session, account, found, status)
    return [SimpleNamespace(id=one.id, title=one.title, words=_filled(one, found)) for one in templates]


def _filled(template: ReplyTemplate, found: Ticket) -> str:
    return filled(
        template.body,
        {
            "đơn vị": found.department.vi if found.department else None,
            "hạn": wording.day_said(found.resolve_due_at) if found.resolve_due_at else None,
            "chủ đề": found.topic.vi if found.topic else None,
            "nơi": found.place_text or (found.ward.name if found.ward else None),
        },
    )


def unsent_answer(session: Session, account: Account, found: Ticket) -> WaitingAnswer | None:
    """Return the answer that is not sent yet, for those who may read it: the unit, and coordinators."""
    return answering.of(session, found) if answering.may_see_unsent(account, found) else None


def _waiting(session: Session, account: Account, found: Ticket) -> SimpleNamespace | None:
    waiting = unsent_answer(session, account, found)
    if waiting is None:
        return None
    return SimpleNamespace(
        body=waiting.body,
        writer=waiting.writer.display_name,
        written_at=waiting.written_at,
        own=waiting.written_by == account.id,
        back=waiting.back_at is not None,
        reader=waiting.reader.display_name if waiting.reader else None,
        note=waiting.note,
        photos=unsent_photos(found),
    )


def is_unsent(photo: Attachment) -> bool:
    """Tell whether a photo lies beside an answer that is not sent yet."""
    return photo.shows is not PhotoOf.REPORT and photo.event_id is None


def unsent_photos(found: Ticket) -> list[Attachment]:
    """Return the photos that lie beside the answer that is not sent yet."""
    return [photo for photo in found.attachments if is_unsent(photo)]


def reported_photos(found: Ticket) -> list[Attachment]:
    """Return the photos that came with the report."""
    return [photo for photo in found.attachments if photo.shows is PhotoOf.REPORT]


def masked_contact(session: Session, account: Account, found: Ticket) -> Masked | None:
    """Return the citizen's contact with its parts hidden, if one was left; who helps does not talk to them: None."""
    helps = account.role in access.WORKERS and not access.may_work(account, found)
    return None if helps else masked_of(hotline(), session, found.id)


def photos_for(account: Account, found: Ticket) -> list[Attachment]:
    """Return the photos of a ticket that this person may see."""
    return [photo for photo in found.attachments if not is_unsent(photo) or answering.may_see_unsent(account, found)]


def photos_by_event(found: Ticket) -> dict[int, list[Attachment]]:
    """Return what a unit showed in its answers, by the event of each."""
    by_event: dict[int, list[Attachment]] = {}
    for photo in found.attachments:
        if photo.event_id is not None:
            by_event.setdefault(photo.event_id, []).append(photo)
    return by_event


def _similar(one: similar.Similar) -> SimpleNamespace:
    ticket = one.ticket
    return SimpleNamespace(
        id=ticket.id,
        excerpt=wording.excerpt(ticket.text),
        status=ticket.status,
        received_at=ticket.received_at,
        place=ticket.place_text or (ticket.ward.name if ticket.ward else None),
        percent=round(100 * one.likeness),
        answer=one.answer,
    )


def people_named(session: Session, events: Sequence[TicketEvent]) -> dict[str, str]:
    """Return the names of people whom events are about, by what the events call them."""
    ids = {event.data.get(_PEOPLE[event.kind]) for event in events if event.kind in _PEOPLE} - {None}
    if not ids:
        return {}
    rows = session.execute(select(Account.id, Account.display_name).where(Account.id.in_([UUID(one) for one in ids])))
    return {account_id.hex: name for account_id, name in rows}


def about(event: TicketEvent, named: Mapping[str, str]) -> str:
    """Return whom or what an event is about, as far as its words do not say so; "" for nothing further."""
    if event.kind == "topic_corrected":
        known = topics().get(event.data.get("topic") or "")
        return label(known) if known else ""
    if event.kind not in _PEOPLE:
        return ""
    who = named.get(event.data.get(_PEOPLE[event.kind]) or "")
    if event.kind == "assigned":
        return who or _("chưa ai giữ")
    return _("{name} soạn").format(name=who) if who else ""
