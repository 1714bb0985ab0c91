"""The job that retrains, apart from who asks for it: the relay has no use for a library that trains."""

import logging

from app.learning import service
from app.triage.jobs import JobFailed, bench
from classifier.artifact import ArtifactRefused
from classifier.judge import TooFew

log = logging.getLogger(__name__)


def retrain() -> None:
    """Do it, in a worker's work-horse, and log what became of it. Too few decisions are no failure."""
    if bench.hotline is None:
        raise RuntimeError("retraining is asked for in a worker only")
    try:
        outcome = service.retrain(bench.hotline)
    except (TooFew, ArtifactRefused) as reason:
        log.warning("not retrained: %s", reason)
        return
    except Exception as error:  # noqa: BLE001 - raised again, without its message, which might quote a citizen
        raise JobFailed(type(error).__name__) from None
    log.warning("retrained: %s %s", outcome.version, "promoted" if outcome.verdict.better else "not promoted")
