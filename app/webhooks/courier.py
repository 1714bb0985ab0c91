"""Carries what webhooks are owed to their receivers, at least once, beside whatever else the relay does.

Each message is claimed by a lease, as jobs are. A receiver that fails rests for a while that grows, so that one which
is away costs one attempt now and then and holds nobody else up; a message that fails comes again after a pause of its
own.
"""

import logging
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from importlib.metadata import version
from typing import Final
from uuid import UUID

from cryptography.fernet import InvalidToken
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from standardwebhooks import Webhook as Signature

from app.hotline import Hotline
from app.webhooks import outside, telling
from app.webhooks.outside import Post
from app.webhooks.telling import OWED
from models.vocabulary import DeliveryOutcome, WebhookOff
from models.webhook import Webhook, WebhookDelivery

log = logging.getLogger(__name__)

#: Longer than an attempt can take; after it somebody else may try.
LEASE: Final = timedelta(seconds=30)
#: How long a message waits after its first, second, … failure, and a receiver after so many in a row.
PAUSES: Final = tuple(timedelta(seconds=s) for s in (5, 30, 120, 600, 3600, 3 * 3600, 6 * 3600))
RESTS: Final = tuple(timedelta(seconds=s) for s in (5, 30, 120, 600))
#: Receivers told at the same time, and messages each is told in a turn.
TOGETHER: Final = 8
A_TURN: Final = 50
#: Seconds between two looks, and looks between two tidyings.
EVERY: Final = 1.0
TIDY_EVERY: Final = 60
_UNANSWERED: Final = {
    outside.TooSlow: DeliveryOutcome.TOO_SLOW,
    outside.TooLong: DeliveryOutcome.TOO_LONG,
    outside.Unreachable: DeliveryOutcome.UNREACHABLE,
    outside.Untrusted: DeliveryOutcome.UNTRUSTED,
    outside.NotOutside: DeliveryOutcome.NOT_OUTSIDE,
}
#: What another attempt will not change.
FINAL: Final = frozenset({DeliveryOutcome.REFUSED, DeliveryOutcome.REDIRECTED})


@dataclass(frozen=True)
class Letter:
    """A message that was claimed. `secret` is None where it cannot be opened."""

    delivery_id: UUID
    webhook_id: UUID
    url: str
    secret: str | None
    body: str


@dataclass(frozen=True)
class Result:
    """What came of an attempt; `status` is the answer's, where there was one."""

    outcome: DeliveryOutcome
    status: int | None = None


class Courier:
    """Derives what is owed and delivers it; any number may run, in any number of processes."""

    def __init__(self, hotline: Hotline, post: Post | None = None) -> None:
        """`post` is the way out, by the settings unless another is given."""
        self._hotline = hotline
        self._post = post or Post(hotline.settings.webhook_networks)
        self._agent = f"langnghe/{version('langnghe')}"
        self._busy: set[UUID] = set()
        self._looks = 0
        self._trouble: str | None = None

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop; what is under way then ends first, in some seconds."""
        with ThreadPoolExecutor(TOGETHER, "webhook") as pool:
            while not stop.wait(EVERY):
                for webhook_id in self._safely():
                    if webhook_id not in self._busy:
                        self._busy.add(webhook_id)
                        pool.submit(self._take_turn, webhook_id, stop)

    def once(self) -> None:
        """Derive everything, then deliver everything that is due, one after the other."""
        for webhook_id in self._look():
            self._turn(webhook_id, threading.Event())

    def _safely(self) -> Sequence[UUID]:
        try:
            found = self._look()
        except Exception as error:  # noqa: BLE001 - a courier that ends is not started again
            self._complain(type(error).__name__)
            return ()
        self._complain(None)
        return found

    def _complain(self, trouble: str | None) -> None:
        if trouble != self._trouble:
            log.warning("webhooks %s", f"wait: {trouble}" if trouble else "go on")
            self._trouble = trouble

    def _look(self) -> Sequence[UUID]:
        """Return the webhooks that are owed something now."""
        if self._looks % TIDY_EVERY == 0:
            telling.tidy(self._hotline)
        self._looks += 1
        while telling.derive(self._hotline) == telling.BATCH:
            pass
        now = self._hotline.now()
        due = select(WebhookDelivery.id).where(
            WebhookDelivery.webhook_id == Webhook.id, OWED, WebhookDelivery.due_at <= now
        )
        with self._hotline.database.reading() as session:
            return session.scalars(select(Webhook.id).where(_open_now(now), due.exists())).all()

    def _take_turn(self, webhook_id: UUID, stop: threading.Event) -> None:
        try:
            self._turn(webhook_id, stop)
        except SQLAlchemyError as error:  # the lease brings it up again
            log.warning("webhook %s waits: %s", webhook_id, type(error).__name__)
        except Exception as error:  # noqa: BLE001 - in a thread nobody else would say it
            log.warning("webhook %s: unexpected %s", webhook_id, type(error).__name__)
        finally:
            self._busy.discard(webhook_id)

    def _turn(self, webhook_id: UUID, stop: threading.Event) -> None:
        for _ in range(A_TURN):
            letter = self._claim(webhook_id) if not stop.is_set() else None
            if letter is None:
                return
            self._note(letter, self._attempt(letter))

    def _claim(self, webhook_id: UUID) -> Letter | None:
        """Return the next message that is due, which is this courier's for a while; None where there is none."""
        now = self._hotline.now()
        with self._hotline.database.transaction() as session:
            webhook = session.scalar(select(Webhook).where(Webhook.id == webhook_id, _open_now(now)))
            while webhook is not None and (delivery := _next(session, webhook_id, now)) is not None:
                if telling.may_be_told(session, delivery) and delivery.body is not None:
                    delivery.due_at = now + LEASE
                    delivery.attempts += 1
                    secret = secret_of(self._hotline, webhook)
                    return Letter(delivery.id, webhook_id, webhook.url, secret, delivery.body)
                session.delete(delivery)
                session.flush()
        return None

    def _attempt(self, letter: Letter) -> Result:
        target = outside.target_of(letter.url)
        if target is None or letter.secret is None:
            return Result(DeliveryOutcome.UNSIGNED if target else DeliveryOutcome.NOT_OUTSIDE)
        at = self._hotline.now()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": self._agent,
            "Idempotency-Key": str(letter.delivery_id),
            "webhook-id": str(letter.delivery_id),
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Signature(letter.secret).sign(str(letter.delivery_id), at, letter.body),
        }
        try:
            return meaning_of(self._post.send(target, headers, letter.body.encode()))
        except tuple(_UNANSWERED) as error:
            return Result(_UNANSWERED[type(error)])

    def _note(self, letter: Letter, result: Result) -> None:
        now = self._hotline.now()
        with self._hotline.database.transaction() as session:
            # First the webhook, then what it is owed: so does who switches it off.
            webhook = session.scalars(select(Webhook).where(Webhook.id == letter.webhook_id).with_for_update()).one()
            delivery = session.get(WebhookDelivery, letter.delivery_id, with_for_update=True)
            if delivery is None:  # sealed, or forgotten, while it was under way
                return
            delivery.outcome, delivery.answered = result.outcome, result.status
            if result.outcome is DeliveryOutcome.TAKEN:
                delivery.done_at, delivery.given_up_at, delivery.body = now, None, None
                webhook.failures, webhook.rests_until = 0, None
            elif result.outcome in FINAL:
                delivery.given_up_at, delivery.body = now, None
                if result.status == HTTPStatus.GONE:
                    switch_off(session, webhook, now, WebhookOff.GONE)
            else:
                delivery.due_at = now + _step(PAUSES, delivery.attempts)
                webhook.failures += 1
                webhook.rests_until = now + _step(RESTS, webhook.failures)


def _open_now(now: datetime) -> ColumnElement[bool]:
    return Webhook.off_at.is_(None) & or_(Webhook.rests_until.is_(None), Webhook.rests_until <= now)


def _next(session: Session, webhook_id: UUID, now: datetime) -> WebhookDelivery | None:
    due = select(WebhookDelivery).where(WebhookDelivery.webhook_id == webhook_id, OWED, WebhookDelivery.due_at <= now)
    ordered = due.order_by(WebhookDelivery.due_at, WebhookDelivery.id)
    return session.scalar(ordered.limit(1).with_for_update(skip_locked=True))


def _step(steps: tuple[timedelta, ...], number: int) -> timedelta:
    return steps[min(max(number, 1), len(steps)) - 1]


def meaning_of(status: int) -> Result:
    """Return what a receiver meant by its answer."""
    if 200 <= status < 300:
        return Result(DeliveryOutcome.TAKEN, status)
    if 300 <= status < 400:
        return Result(DeliveryOutcome.REDIRECTED, status)
    return Result(DeliveryOutcome.REFUSED if 400 <= status < 500 else DeliveryOutcome.FAILED, status)


def secret_of(hotline: Hotline, webhook: Webhook) -> str | None:
    """Return what signs, or None where it was locked with another `LANGNGHE_SECRET_KEY`."""
    try:
        return hotline.keys.webhooks.decrypt(webhook.secret).decode()
    except InvalidToken:
        return None


def switch_off(session: Session, webhook: Webhook, now: datetime, because: WebhookOff) -> None:
    """Tell a webhook nothing more, nor what it is still owed."""
    webhook.off_at, webhook.off_because = now, because
    session.flush()
    telling.give_up_all(session, webhook, now)
