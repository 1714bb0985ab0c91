"""The relay: carries due outbox entries to the queue. Any number of relays may run; each entry is claimed by one."""

import logging
import signal
import threading
import time
from datetime import datetime

from redis.exceptions import RedisError
from rq import Queue, Worker
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app import lifecycle, surges
from app.accounts import staff_sessions
from app.board import tallies
from app.desk import upkeep
from app.faultpoints import reached
from app.hotline import Hotline
from app.intake import service as intake
from app.learning import weekly
from app.maps import counting
from app.notices import sending
from app.persons import contacts, retention
from app.sealed import vault
from app.triage import outbox
from app.triage import queue as triage_queue
from app.units import handover
from app.webhooks.courier import Courier
from app.work import bulk
from models.outbox import Heartbeat

log = logging.getLogger(__name__)

#: Jobs that may wait in the queue before the relay holds back: more would outlive their lease and come twice. Where
#: many workers are, two for each.
QUEUE_DEPTH = 8
JOBS_A_WORKER = 2
#: Seconds between two beats, and between two looks at what time alone moves (closing, expiring).
BEAT_EVERY = 1.0
TIDY_EVERY = 30.0


class Relay:
    """One loop: beat, give up what failed too often, claim what is due, put it on the queue."""

    def __init__(self, hotline: Hotline) -> None:
        """Open the queue lazily; nothing connects yet."""
        self.hotline = hotline
        self.queue: Queue = triage_queue.open_queue(hotline.settings)
        self.learning: Queue = triage_queue.open_queue(hotline.settings, triage_queue.LEARNING)
        self._stop = threading.Event()
        self._beaten = self._tidied = 0.0
        self._trouble: str | None = None

    def run(self) -> None:
        """Work until SIGTERM or SIGINT; what was claimed is on the queue by then, or comes due again."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop.set())
        # Beside the loop: no receiver outside may hold up a report.
        courier = threading.Thread(target=Courier(self.hotline).run, args=(self._stop,), name="courier")
        courier.start()
        while not self._stop.is_set():
            claimed = self._safely()
            if not claimed:
                self._stop.wait(self.hotline.settings.relay_every)
        courier.join()

    def once(self) -> int:
        """Do one round; return how many entries were put on the queue."""
        self._beat()
        room = self._room()
        if room <= 0:
            return 0
        settings = self.hotline.settings
        with self.hotline.database.transaction() as session:
            now = self.hotline.now()
            outbox.give_up(session, now, lease=settings.lease, max_attempts=settings.max_attempts)
            entries = outbox.claim(
                session, now, lease=settings.lease, limit=settings.batch * room, max_attempts=settings.max_attempts
            )
            fresh = [entry.id for entry in entries if entry.attempts == 1]
            again = [entry.id for entry in entries if entry.attempts > 1]
        if entries:
            reached(settings.fault_dir, "relay.after_claim")
        # What failed once goes alone: a report that breaks its job must not take its neighbours along again.
        batches = [fresh[i : i + settings.batch] for i in range(0, len(fresh), settings.batch)]
        for batch in [*batches, *([entry_id] for entry_id in again)]:
            triage_queue.put(self.queue, batch, timeout=settings.job_timeout)
        return len(entries)

    def _safely(self) -> int:
        try:
            claimed = self.once()
        except (RedisError, SQLAlchemyError) as error:
            self._complain(type(error).__name__)
            self._stop.wait(self.hotline.settings.relay_every)
            return 0
        self._complain(None)
        return claimed

    def _complain(self, trouble: str | None) -> None:
        """Log a change of fortune once, not every round."""
        if trouble != self._trouble:
            log.warning("relay %s", f"waits: {trouble}" if trouble else "goes on")
            self._trouble = trouble

    def _room(self) -> int:
        """How many more jobs the queue may take; raises `RedisError` before anything is claimed in vain."""
        depth = max(QUEUE_DEPTH, JOBS_A_WORKER * Worker.count(queue=self.queue))
        return depth - int(self.queue.count)

    def _beat(self) -> None:
        clock = time.monotonic()
        if clock - self._beaten < BEAT_EVERY:
            return
        with self.hotline.database.transaction() as session:
            now = self.hotline.now()
            session.merge(Heartbeat(name="relay", at=now))
            tidying = clock - self._tidied >= TIDY_EVERY
            if tidying:
                self._tidied = clock
                self._tidy(session, now)
        bulk.carry_out(self.hotline)
        if tidying:
            vault.sweep(self.hotline)
            contacts.sweep(self.hotline)
            retention.daily(self.hotline)
            sending.keep(self.hotline)
            counting.keep(self.hotline)
            tallies.keep(self.hotline)
        self._beaten = clock

    def _tidy(self, session: Session, now: datetime) -> None:
        lifecycle.advance(self.hotline, session, now)
        handover.advance(self.hotline, session, now)
        upkeep.advance(session, now)
        surges.watch(session, now, self.hotline.files.incidents.surge)
        intake.forget_keys(self.hotline, session, now)
        staff_sessions.forget(self.hotline, session, now)
        weekly.ask(self.hotline, session, self.learning, now)
