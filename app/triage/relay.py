"""The relay: carries due outbox entries to the queue. Any number of relays may run; each entry is claimed by one."""

import logging
import signal
import threading
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial

from redis.exceptions import RedisError
from rq import Queue, Worker
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
        self._broken = False
        self._failing: dict[str, str] = {}

    def run(self) -> None:
        """Work until SIGTERM or SIGINT; what was claimed is on the queue by then, or comes due again."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop.set())
        # Beside the loop: no receiver outside may hold up a report.
        courier = threading.Thread(target=Courier(self.hotline).run, args=(self._stop,), name="courier")
        courier.start()
        try:
            while not self._stop.is_set():
                claimed = self._safely()
                if not claimed:
                    self._stop.wait(self.hotline.settings.relay_every)
        finally:
            self._stop.set()  # a loop that broke must end the process, or nobody starts another
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
        except Exception as error:  # noqa: BLE001 - whatever it is, the next round may go well
            self._complain(type(error).__name__)
            self._broken = not isinstance(error, RedisError)
            self._stop.wait(self.hotline.settings.relay_every)
            return 0
        self._complain(None)
        self._broken = False
        return claimed

    def _complain(self, trouble: str | None) -> None:
        """Log a change of fortune once, not every round."""
        if trouble != self._trouble:
            log.warning("relay %s", f"waits: {trouble}" if trouble else "goes on")
            self._trouble = trouble

    def _guarded(self, name: str, upkeep: Callable[[Hotline], object]) -> None:
        """Do one thing; one that fails is said once, by its kind of error alone, and holds up nothing else."""
        if self._stop.is_set():
            return
        try:
            upkeep(self.hotline)
        except Exception as error:  # noqa: BLE001 - it is tried again, and the others are not its business
            trouble = type(error).__name__
            if self._failing.get(name) != trouble:
                log.warning("relay leaves %s undone: %s", name, trouble)
            self._failing[name] = trouble
            return
        if self._failing.pop(name, None):
            log.warning("relay does %s again", name)

    def _room(self) -> int:
        """How many more jobs the queue may take; raises `RedisError` before anything is claimed in vain."""
        depth = max(QUEUE_DEPTH, JOBS_A_WORKER * Worker.count(queue=self.queue))
        return depth - int(self.queue.count)

    def _beat(self) -> None:
        """Say that the relay lives, unless reports did not get through the last round, and do what time alone asks for.

        Redis away is no such round: the relay waits for it, and `langnghe_redis_up` tells.
        """
        clock = time.monotonic()
        if clock - self._beaten < BEAT_EVERY:
            return
        if not self._broken:
            with self.hotline.database.transaction() as session:
                session.merge(Heartbeat(name="relay", at=self.hotline.now()))
        self._guarded("bulk steps", bulk.carry_out)
        if clock - self._tidied >= TIDY_EVERY:
            self._tidied = clock
            self._tidy()
        self._beaten = clock

    def _tidy(self) -> None:
        hotline, learning = self.hotline, self.learning
        surge = hotline.files.incidents.surge
        for name, step in {
            "lifecycle": lambda session, now: lifecycle.advance(hotline, session, now),
            "handover": lambda session, now: handover.advance(hotline, session, now),
            "desk": upkeep.advance,
            "surges": lambda session, now: surges.watch(session, now, surge),
            "keys": lambda session, now: intake.forget_keys(hotline, session, now),
            "sessions": lambda session, now: staff_sessions.forget(hotline, session, now),
            "retraining": lambda session, now: weekly.ask(hotline, session, learning, now),
        }.items():
            self._guarded(name, partial(_in_a_transaction, step))
        self._guarded("vault", vault.sweep)
        self._guarded("contacts", contacts.sweep)
        self._guarded("retention", retention.daily)
        self._guarded("notices", sending.keep)
        self._guarded("maps", counting.keep)
        self._guarded("tallies", tallies.keep)


def _in_a_transaction(step: Callable[[Session, datetime], object], hotline: Hotline) -> None:
    with hotline.database.transaction() as session:
        step(session, hotline.now())
