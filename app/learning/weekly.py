"""Retraining once a week, for cities that want it: off unless `LANGNGHE_RETRAIN_WEEKLY` is 1.

The relay asks for it in the night to Sunday; which week was asked for stands in the database, so that any number of
relays ask once, and a week in which none ran is made up for when one does. A worker does it when it has nothing else.
"""

from datetime import datetime, timedelta
from typing import Final

from rq import Queue
from sqlalchemy.orm import Session

from app.hotline import Hotline
from app.triage.queue import LEARNING
from models.outbox import InstallationMark

#: The installation's mark that says which week was asked for last.
MARK: Final = "retrain_week"
#: The week turns on Sunday at three in the morning, when fewest people report.
TURN: Final = timedelta(days=1) - timedelta(hours=3)
#: Seconds a retraining may take; it takes about one minute on two cores.
PATIENCE: Final = 3600
JOB: Final = "app.learning.jobs.retrain"


def week_of(local: datetime) -> str:
    """Return the week that a moment of the city's own time belongs to, such as `2026-W48`."""
    year, week, _ = (local + TURN).isocalendar()
    return f"{year}-W{week:02}"


def ask(hotline: Hotline, session: Session, learning: Queue, now: datetime) -> bool:
    """Put this week's retraining on the queue unless that has been done or is not wanted; tell whether it was put.

    The first week is only noted: an installation that has just begun has nothing to learn from. Raises `RedisError`
    while Redis is away: the week stays to be asked for.
    """
    if not hotline.settings.retrain_weekly:
        return False
    week = week_of(now.astimezone(hotline.files.calendar.zone))
    mark = session.get(InstallationMark, MARK, with_for_update=True)
    if mark is None:
        session.add(InstallationMark(name=MARK, value=week))
        return False
    if mark.value == week:
        return False
    # Before the commit: a commit that fails afterwards costs a second retraining, the other way round would cost one.
    learning.enqueue_call(JOB, timeout=PATIENCE, result_ttl=0, failure_ttl=600, description=LEARNING)
    mark.value = week
    return True
