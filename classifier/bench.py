"""How long a prediction takes, against bare word segmentation of the same texts; what a worker holds."""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from underthesea import word_tokenize

from classifier import corpus
from classifier.artifact import ArtifactRefused, current
from classifier.predict import Classifier
from classifier.train import train

TEXTS: Final = 300
ROUNDS: Final = 5

#: A process's `ru_maxrss` begins with what its parent held when it was forked, so Linux is asked instead.
_WORKER: Final = """
import sys, time
from pathlib import Path
from classifier.predict import Classifier
started = time.perf_counter()
classifier = Classifier.load(Path(sys.argv[1]))
loaded = time.perf_counter() - started
classifier.predict(sys.stdin.read().splitlines())
status = Path("/proc/self/status").read_text().splitlines()
print(loaded, next(line.split()[1] for line in status if line.startswith("VmHWM:")))
"""


def run(models_dir: Path | None = None) -> str:
    """Return a report on the promoted model of a folder; without a folder, on one trained for the occasion."""
    if models_dir is not None:
        directory = current(models_dir)
        if directory is None:
            raise ArtifactRefused(f"there is no model in {models_dir}; run `langnghe train`")
        return _report(directory)
    with tempfile.TemporaryDirectory() as scratch:
        started = time.perf_counter()
        directory = train(Path(scratch))
        return f"training       {time.perf_counter() - started:8.1f} s\n{_report(directory)}"


def _report(directory: Path) -> str:
    texts = _sample()
    classifier = Classifier.load(directory)
    for text in texts:
        word_tokenize(text)
        classifier.predict([text])
    bare, single, batch = _compared(classifier, texts)
    loaded, memory = _worker(directory, texts)
    return "\n".join([
        f"model          {classifier.version}",
        f"texts          {len(texts)}, of {_words(texts):.0f} words each, median of {ROUNDS} rounds",
        f"bare segmenting{bare * 1e6:8.0f} µs a text",
        f"one by one     {single * 1e6:8.0f} µs a text, {single / bare:.2f} times the bare time (at most 1.50)",
        f"as a batch     {batch * 1e6:8.0f} µs a text, {batch / bare:.2f} times the bare time (at most 1.50)",
        f"load           {loaded:8.2f} s (at most 1.50)",
        f"worker memory  {memory / 1024:8.0f} MB (at most 350)",
    ])  # fmt: skip


def _sample() -> list[str]:
    texts = [" ".join(row.text.split()) for row in corpus.load()]
    return texts[:: max(1, len(texts) // TEXTS)][:TEXTS]


def _words(texts: Sequence[str]) -> float:
    return statistics.mean(len(text.split()) for text in texts)


def _compared(classifier: Classifier, texts: Sequence[str]) -> list[float]:
    """Return seconds a text: bare, one by one, as a batch; in turns, so that a busy machine hits all three alike."""

    def bare() -> None:
        for text in texts:
            word_tokenize(text)

    def single() -> None:
        for text in texts:
            classifier.predict([text])

    def batch() -> None:
        classifier.predict(texts)

    rounds = [[_timed(job) for job in (bare, single, batch)] for _ in range(ROUNDS)]
    return [statistics.median(times) / len(texts) for times in zip(*rounds, strict=True)]


def _timed(job: Callable[[], None]) -> float:
    started = time.perf_counter()
    job()
    return time.perf_counter() - started


def _worker(directory: Path, texts: Sequence[str]) -> tuple[float, float]:
    """Return how long a fresh process takes to load the model, and the most memory it ever held, in kB."""
    done = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", _WORKER, str(directory)],
        input="\n".join(texts),
        capture_output=True,
        text=True,
        check=True,
    )
    loaded, memory = done.stdout.split()
    return float(loaded), float(memory)
