"""Drafts: what is typed is on the server a second later, read by who has it alone, and gone when it is filed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Select, delete, exists, or_, select, update
from sqlalchemy.orm import Session, selectinload

from app import access
from app.desk import happenings
from app.desk.envelope import closed, opened
from app.desk.schema import DRAFT_FIELDS
from app.hotline import Hotline
from app.problems import Conflict, NotFound, Problem, refuse
from models.account import Account, FederatedIdentity
from models.desk import CallDraft, PhoneCall
from models.vocabulary import Role, SubmissionType

#: How long a draft waits for its call-taker, from the last change.
LIFE: Final = timedelta(days=1)
NOTE_MAX: Final = 500
#: Drafts that are listed; nobody talks to more people at a time.
SHOWN: Final = 20


@dataclass(frozen=True)
class Draft:
    """A draft as its call-taker sees it; `note` is what the colleague said who handed it over."""

    id: UUID
    version: int
    call_id: UUID | None
    fields: dict[str, str]
    updated_at: datetime
    handed_by: str | None = None
    note: str | None = None
    #: Handed over, and not a word typed since.
    untouched: bool = False

    @property
    def excerpt(self) -> str:
        """Its first words."""
        return " ".join(self.fields.get("text", "").split())[:80]


def of(hotline: Hotline, session: Session, account: Account) -> list[Draft]:
    """Return the drafts that this account has, what changed last first."""
    return _listed(hotline, session, _theirs(hotline, account))


def handed_to(hotline: Hotline, session: Session, account: Account) -> list[Draft]:
    """Return the drafts that were handed to this account and that it has not typed on yet."""
    return _listed(hotline, session, _theirs(hotline, account).where(CallDraft.handed_at.is_not(None)))


def _theirs(hotline: Hotline, account: Account) -> Select[CallDraft]:
    alive = CallDraft.account_id == account.id, CallDraft.discarded_at.is_(None), _alive(hotline.now())
    return select(CallDraft).where(*alive)


def _listed(hotline: Hotline, session: Session, query: Select[CallDraft]) -> list[Draft]:
    latest = query.order_by(CallDraft.updated_at.desc(), CallDraft.id).limit(SHOWN)
    rows = session.scalars(latest.options(selectinload(CallDraft.handed_by)))
    return [_read(hotline, row) for row in rows]


def last_typed(hotline: Hotline, session: Session, account: Account) -> Draft | None:
    """Return what this account typed last, to go on with after a crash; what was just handed over waits apart."""
    return next((draft for draft in of(hotline, session, account) if not draft.untouched), None)


def find(hotline: Hotline, session: Session, account: Account, draft_id: UUID, *, lock: bool = False) -> Draft:
    """Return a draft that this account has; raise `NotFound` for any other."""
    row = _row(hotline, session, account, draft_id, lock=lock)
    if row.discarded_at is not None:
        raise NotFound
    return _read(hotline, row)


def save(
    hotline: Hotline, account: Account, draft_id: UUID | None, version: int, fields: dict[str, str]
) -> tuple[UUID, int]:
    """Keep what is typed and return (id, version); without an id begin a draft.

    Raises `NotFound` for a draft that the account does not have (any more: filed, handed over, over a day old) and
    `Conflict` where another tab has saved since; nothing is overwritten then.
    """
    now = hotline.now()
    with hotline.database.transaction() as session:
        if draft_id is None:
            row = _begin(hotline, session, account, fields)
        else:
            row = _row(hotline, session, account, draft_id, lock=True)
            if row.version != version:
                raise Conflict([Problem("draft", "draft_elsewhere")])
            note = opened(hotline, row.envelope).get("note")
            row.envelope = closed(hotline, fields | ({"note": note} if note else {}))
            row.updated_at, row.discarded_at, row.handed_at = now, None, None
        session.flush()
        return row.id, row.version


def begin(
    hotline: Hotline, session: Session, account: Account, fields: dict[str, str], call: PhoneCall | None = None
) -> UUID:
    """Begin a draft within a transaction of the caller's, of a call if there is one; return its id."""
    row = _begin(hotline, session, account, fields)
    row.call_id = call.id if call else None
    session.flush()
    return row.id


def belongs_to(session: Session, draft_id: UUID, call_id: UUID) -> None:
    """Say of which call a draft is. Its version stays, for that counts saves: a page that has it open saves on."""
    of_call = update(CallDraft).where(CallDraft.id == draft_id).values(call_id=call_id)
    session.execute(of_call.execution_options(synchronize_session=False))


def _begin(hotline: Hotline, session: Session, account: Account, fields: dict[str, str]) -> CallDraft:
    now = hotline.now()
    row = CallDraft(id=uuid4(), account_id=account.id, envelope=closed(hotline, fields), created_at=now, updated_at=now)
    session.add(row)
    return row


def discard(hotline: Hotline, account: Account, draft_id: UUID) -> None:
    """Put a draft aside; `restore` brings it back until it is a day old."""
    with hotline.database.transaction() as session:
        _row(hotline, session, account, draft_id, lock=True).discarded_at = hotline.now()


def restore(hotline: Hotline, account: Account, draft_id: UUID) -> None:
    """Bring back a draft that was put aside."""
    with hotline.database.transaction() as session:
        row = _row(hotline, session, account, draft_id, lock=True)
        row.discarded_at, row.updated_at = None, hotline.now()


def hand_over(hotline: Hotline, account: Account, draft_id: UUID, to: UUID | None, note: str) -> Account:
    """Give a draft, with its call, to a colleague with a note; return whom.

    Raises `Refused` for nobody who sits at the desk, and for a denunciation that a coordinator would get who may not
    open one.
    """
    if len(note) > NOTE_MAX:
        raise refuse("note", "too_long", max=NOTE_MAX)
    with hotline.database.transaction() as session:
        row = _row(hotline, session, account, draft_id, lock=True)
        other = session.get(Account, to) if to else None
        if other is None or other.disabled or other.role not in access.DESK or other.id == account.id:
            raise refuse("to", "hand_to")
        fields = opened(hotline, row.envelope)
        sealed = fields.get("submission_type") == SubmissionType.DENUNCIATION
        if sealed and other.role is Role.COORDINATOR and not other.cleared:
            raise refuse("to", "hand_sealed")
        row.envelope = closed(hotline, _typed(fields) | ({"note": note} if note else {}))
        row.account_id, row.handed_by_id = other.id, account.id
        row.handed_at = row.updated_at = hotline.now()
        if row.call_id is not None:
            happenings.handed_over(session, row.call_id, account, other, hotline.now())
    return other


def filed(hotline: Hotline, session: Session, *, account: Account, draft_id: UUID | None) -> None:
    """Forget a draft and its caller's number: in the commit that files what it said."""
    if draft_id is None:
        return
    row = session.get(CallDraft, draft_id)
    if row is None or row.account_id != account.id:
        return
    call_id = row.call_id
    session.execute(delete(CallDraft).where(CallDraft.id == draft_id))
    if call_id is not None:
        happenings.filed(session, call_id, account, hotline.now())


def colleagues(session: Session, account: Account) -> list[Account]:
    """Return to whom this account may hand over, call-takers first: nobody who has not got a way to come in yet."""
    by_provider = exists().where(FederatedIdentity.account_id == Account.id)
    others = select(Account).where(
        Account.role.in_(access.DESK),
        Account.disabled.is_(False),
        or_(Account.password_hash.is_not(None), by_provider),
        Account.id != account.id,
    )
    return list(session.scalars(others.order_by(Account.role, Account.display_name, Account.id)))


def expire(session: Session, now: datetime) -> None:
    """Delete drafts that nobody has touched for a day."""
    session.execute(delete(CallDraft).where(CallDraft.updated_at <= now - LIFE))


def _alive(now: datetime) -> ColumnElement[bool]:
    return CallDraft.updated_at > now - LIFE


def _row(hotline: Hotline, session: Session, account: Account, draft_id: UUID, *, lock: bool = False) -> CallDraft:
    query = select(CallDraft).where(CallDraft.id == draft_id, CallDraft.account_id == account.id, _alive(hotline.now()))
    row = session.scalar(query.with_for_update() if lock else query)
    if row is None:
        raise NotFound
    return row


def _typed(said: dict[str, str]) -> dict[str, str]:
    return {name: said[name] for name in DRAFT_FIELDS if name in said}


def _read(hotline: Hotline, row: CallDraft) -> Draft:
    said = opened(hotline, row.envelope)
    return Draft(
        id=row.id,
        version=row.version,
        call_id=row.call_id,
        fields=_typed(said),
        updated_at=row.updated_at,
        handed_by=row.handed_by.display_name if row.handed_by else None,
        note=said.get("note"),
        untouched=row.handed_at is not None,
    )
