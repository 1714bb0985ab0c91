"""The worker: an RQ worker that loads the model once, forks a work-horse a job, and takes up a promoted model."""

import logging
from datetime import timedelta
from pathlib import Path
from typing import Final

from rq import Queue, Worker
from rq.job import Job
from rq.serializers import JSONSerializer

from app.hotline import Hotline
from app.triage import queue as triage_queue
from app.triage.jobs import bench
from classifier.artifact import MANIFEST, ArtifactRefused, current
from classifier.predict import Classifier

log = logging.getLogger(__name__)

#: Further ahead than any deadline lies.
DEADLINES_AHEAD: Final = timedelta(days=120)


class TriageWorker(Worker):
    """RQ's forking worker, with our model and database made ready before each fork."""

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Look whether another model was promoted, then run the job in a work-horse."""
        self.refresh()
        super().execute_job(job, queue)

    def refresh(self) -> None:
        """Take up changed units, and the current model if it is not the one in hand: the work-horse inherits both.

        A refused model is named; the last good one stays. The holidays of the years in which deadlines may lie are
        inherited too: a work-horse that had to load them would take a third longer.
        """
        hotline = bench.hotline
        if hotline is None:
            return
        calendar = hotline.files.calendar
        today = calendar.local_day(hotline.now())
        for day in (today, today + DEADLINES_AHEAD):
            calendar.is_working_day(day)
        if hotline.standing.due():
            _ = hotline.city
            hotline.database.close()  # a fork must not share what is connected
        directory = current(hotline.settings.models)
        if directory is None or (edition := _edition(directory)) == self._seen:
            return
        self._seen = edition
        try:
            bench.classifier = Classifier.load(directory)
        except ArtifactRefused as refusal:
            stays = "the last good one stays" if bench.classifier else "people decide"
            log.error("model refused, %s: %s", stays, refusal)  # noqa: TRY400 - the reason says it all
        else:
            log.info("model %s in service", bench.classifier.version)

    _seen: tuple[Path, int] | None = None


def _edition(directory: Path) -> tuple[Path, int]:
    """Return what tells one model from another: training anew mends a damaged one under the same name."""
    try:
        return directory, (directory / MANIFEST).stat().st_ctime_ns
    except OSError:
        return directory, 0


def open_worker(hotline: Hotline) -> TriageWorker:
    """Make a worker ready: city and model loaded, nothing connected that a fork must not share."""
    bench.hotline = hotline
    _ = hotline.files
    hotline.seals.name_what_is_missing()
    hotline.contact_keys.name_what_is_missing()
    connection = triage_queue.connect(hotline.settings, blocking=True)
    queues = [
        Queue(name, connection=connection, serializer=JSONSerializer)
        for name in (triage_queue.QUEUE, triage_queue.LEARNING)
    ]
    worker = TriageWorker(
        queues, connection=connection, serializer=JSONSerializer, log_job_description=False, job_monitoring_interval=5
    )
    worker.log_result_lifespan = False
    worker.refresh()
    return worker
