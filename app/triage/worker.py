"""The worker: an RQ worker that loads the model once, forks a work-horse a job, and takes up a promoted model."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from rq import Queue, Worker
from rq.job import Job
from rq.serializers import JSONSerializer

from app.hotline import Hotline
from app.model_in_service import ModelInService
from app.triage import queue as triage_queue
from app.triage.jobs import bench

#: Further ahead than any deadline lies.
DEADLINES_AHEAD: Final = timedelta(days=120)
#: Seconds between two looks whether a Redis that went away is back. RQ doubles them up to a minute, and until the next
#: look an emergency would lie.
LOOK_AT_MOST_EVERY: Final = 4.0


class TriageWorker(Worker):
    """RQ's forking worker, with our model and database made ready before each fork."""

    max_connection_wait_time = LOOK_AT_MOST_EVERY

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Look whether another model was promoted, then run the job in a work-horse."""
        self.refresh()
        super().execute_job(job, queue)

    def refresh(self) -> None:
        """Take up changed units, and the current model if it is not the one in hand: the work-horse inherits both.

        The holidays of the years in which deadlines may lie are
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
        if self._model is None:
            self._model = ModelInService(hotline.settings.models)
        bench.classifier = self._model.refresh()

    _model: ModelInService | None = None


def open_worker(hotline: Hotline, names: Sequence[str] = triage_queue.QUEUES) -> TriageWorker:
    """Make a worker of these queues ready: city and model loaded, nothing connected that a fork must not share."""
    bench.hotline = hotline
    _ = hotline.files
    hotline.seals.name_what_is_missing()
    hotline.contact_keys.name_what_is_missing()
    connection = triage_queue.connect(hotline.settings, blocking=True)
    queues = [Queue(name, connection=connection, serializer=JSONSerializer) for name in names]
    worker = TriageWorker(
        queues, connection=connection, serializer=JSONSerializer, log_job_description=False, job_monitoring_interval=5
    )
    worker.log_result_lifespan = False
    worker.refresh()
    return worker
