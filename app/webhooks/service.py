"""Setting webhooks up, trying them, switching them off and on; what each was told of late."""

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from app.audit.record import record
from app.hotline import Hotline
from app.problems import Conflict, NotFound, Problem, refuse
from app.units.today import is_open
from app.webhooks import courier, telling
from app.webhooks.message import TRIAL, Nothing, TrialMessage
from app.webhooks.schema import NewWebhook
from app.webhooks.telling import OWED
from models.vocabulary import AuditKind, WebhookOff
from models.webhook import Webhook, WebhookDelivery

#: Webhooks that are on at a time: each happening is looked at for each.
MOST: Final = 50
#: Bytes of a secret, as Standard Webhooks asks (24 to 64), and what it begins with.
SECRET_BYTES: Final = 32
PREFIX: Final = "whsec_"
SHOWN: Final = 50


@dataclass(frozen=True)
class Standing:
    """A webhook, how many messages it is owed, and the last that came of any."""

    webhook: Webhook
    owed: int
    last: WebhookDelivery | None


def all_webhooks(session: Session) -> list[Standing]:
    """Return every webhook, those that are on first, the newest first."""
    query = select(Webhook).options(joinedload(Webhook.department))
    hooks = session.scalars(query.order_by(Webhook.off_at.is_not(None), Webhook.created_at.desc(), Webhook.id)).all()
    counted = select(WebhookDelivery.webhook_id, func.count()).where(OWED).group_by(WebhookDelivery.webhook_id)
    owed = {row[0]: row[1] for row in session.execute(counted)}
    return [Standing(hook, owed.get(hook.id, 0), _last(session, hook.id)) for hook in hooks]


def _last(session: Session, webhook_id: UUID) -> WebhookDelivery | None:
    tried = WebhookDelivery.webhook_id == webhook_id, WebhookDelivery.outcome.is_not(None)
    ordered = select(WebhookDelivery).where(*tried).order_by(WebhookDelivery.created_at.desc(), WebhookDelivery.id)
    return session.scalar(ordered.limit(1))


def find(session: Session, webhook_id: UUID, *, lock: bool = False) -> Webhook:
    """Return a webhook with its unit and maker; raise `NotFound` if there is none."""
    query = select(Webhook).where(Webhook.id == webhook_id)
    query = (
        query.with_for_update() if lock else query.options(joinedload(Webhook.department), joinedload(Webhook.creator))
    )
    found = session.scalar(query)
    if found is None:
        raise NotFound
    return found


def deliveries(session: Session, webhook_id: UUID) -> Sequence[WebhookDelivery]:
    """Return the last messages of a webhook, the newest first."""
    query = select(WebhookDelivery).where(WebhookDelivery.webhook_id == webhook_id)
    return session.scalars(query.order_by(WebhookDelivery.created_at.desc(), WebhookDelivery.id).limit(SHOWN)).all()


def make(hotline: Hotline, new: NewWebhook, actor_id: UUID) -> tuple[UUID, str]:
    """Set a webhook up; return its id and its secret, which is shown this once. Raises `Refused`."""
    secret = PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
    with hotline.database.transaction() as session:
        if new.department_id is not None and not is_open(hotline, session, new.department_id):
            raise refuse("department_id", "unknown_department")
        webhook = Webhook(
            name=new.name,
            url=new.url,
            department_id=new.department_id,
            secret=hotline.keys.webhooks.encrypt(secret.encode()),
            since_event=_begin(session),
            created_at=hotline.now(),
            created_by=actor_id,
        )
        session.add(webhook)
        session.flush()
        record(session, hotline.now(), AuditKind.WEBHOOK_MADE, actor=actor_id, detail=webhook.id.hex)
        return webhook.id, secret


def _begin(session: Session) -> int:
    """Return from where one more is told; raise `Conflict` where there are enough."""
    since = telling.begin(session)
    on = session.scalar(select(func.count()).select_from(Webhook).where(Webhook.off_at.is_(None))) or 0
    if on >= MOST:
        raise Conflict([Problem("", "too_many_webhooks", {"max": MOST})])
    return since


def switch_off(hotline: Hotline, webhook_id: UUID, actor_id: UUID) -> None:
    """Tell a webhook nothing more; raise `NotFound` if there is none. Twice is as once."""
    with hotline.database.transaction() as session:
        webhook = find(session, webhook_id, lock=True)
        if webhook.off_at is None:
            courier.switch_off(session, webhook, hotline.now(), WebhookOff.PERSON)
            record(session, hotline.now(), AuditKind.WEBHOOK_OFF, actor=actor_id, detail=webhook.id.hex)


def switch_on(hotline: Hotline, webhook_id: UUID, actor_id: UUID) -> None:
    """Tell a webhook what happens from now on; raise `NotFound` if there is none. Twice is as once."""
    with hotline.database.transaction() as session:
        webhook = find(session, webhook_id, lock=True)
        if webhook.off_at is not None:
            webhook.since_event = _begin(session)
            webhook.off_at, webhook.off_because, webhook.failures, webhook.rests_until = None, None, 0, None
            record(session, hotline.now(), AuditKind.WEBHOOK_ON, actor=actor_id, detail=webhook.id.hex)


def send_trial(hotline: Hotline, webhook_id: UUID) -> None:
    """Owe a webhook a message without a ticket, at once though it may rest; one at a time.

    Raises `NotFound` if there is none, `Conflict` if it is off.
    """
    now = hotline.now()
    with hotline.database.transaction() as session:
        webhook = find(session, webhook_id, lock=True)
        if webhook.off_at is not None:
            raise Conflict([Problem("", "webhook_is_off")])
        webhook.rests_until = None
        trial = WebhookDelivery.webhook_id == webhook_id, WebhookDelivery.kind == TRIAL, OWED
        owed = session.scalar(select(WebhookDelivery).where(*trial).limit(1).with_for_update())
        if owed is not None:
            owed.due_at = now
            return
        body = TrialMessage(type=TRIAL, timestamp=now, data=Nothing()).written()
        session.add(WebhookDelivery(webhook_id=webhook_id, kind=TRIAL, body=body, created_at=now, due_at=now))
