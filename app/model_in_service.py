"""The promoted model as one process has it, taken up again when another is promoted. Workers and web share this."""

import logging
import threading
import time
from pathlib import Path
from typing import Final

from classifier.artifact import MANIFEST, ArtifactRefused, current
from classifier.predict import Classifier

log = logging.getLogger(__name__)

#: Seconds in which a process that answers people does not look again whether another model was promoted.
LOOK_EVERY: Final = 30.0


class ModelInService:
    """Holds the classifier; `classifier` is None while there is none that may be used."""

    def __init__(self, models: Path) -> None:
        """Take the folder of models; nothing is read yet."""
        self.classifier: Classifier | None = None
        self._models = models
        self._seen: tuple[Path, int] | None = None
        self._looked = -LOOK_EVERY
        self._looking = threading.Lock()

    def refresh(self) -> Classifier | None:
        """Take up the promoted model if it is not the one in hand. A refused one is named; the last good one stays."""
        directory = current(self._models)
        if directory is None or (edition := _edition(directory)) == self._seen:
            return self.classifier
        self._seen = edition
        try:
            self.classifier = Classifier.load(directory)
        except ArtifactRefused as refusal:
            stays = "the last good one stays" if self.classifier else "people decide"
            log.error("model refused, %s: %s", stays, refusal)  # noqa: TRY400 - the reason says it all
        else:
            log.info("model %s in service", self.classifier.version)
        return self.classifier

    def at_hand(self) -> Classifier | None:
        """Return the classifier for somebody who waits: one of many threads looks for another model, now and then."""
        if time.monotonic() - self._looked > LOOK_EVERY and self._looking.acquire(blocking=False):
            try:
                self.refresh()
                self._looked = time.monotonic()
            finally:
                self._looking.release()
        return self.classifier


def _edition(directory: Path) -> tuple[Path, int]:
    """Return what tells one model from another: training anew mends a damaged one under the same name."""
    try:
        return directory, (directory / MANIFEST).stat().st_ctime_ns
    except OSError:
        return directory, 0
