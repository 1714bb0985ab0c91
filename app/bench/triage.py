"""`langnghe bench triage`: from filed to routed by relay, Redis and worker processes."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import quantiles
from typing import Final

import psutil
from sqlalchemy import func, select

from app.bench.world import World, world
from app.hotline import Hotline
from app.intake.schema import parse_report
from app.intake.service import Filing, file_report
from app.startup import ensure_model
from classifier import corpus
from classifier.predict import Classifier
from models.outbox import OutboxEntry
from models.vocabulary import Channel

BACKLOG: Final = 2000
PACED: Final = 300
PER_SECOND: Final = 20
WORKERS: Final = 2
PLACES: Final = ("phường 12 quận 10", "P. Tây Thạnh, Tân Phú", "xã Bình Hưng", "phường An Lạc", "")


def run(models: Path, say: Callable[[str], object]) -> None:
    """Work off a backlog, then keep up with a steady stream; both on SQLite with two workers."""
    ensure_model(models, say)
    with world() as made:
        made.prepare(models)
        made.redis.start()
        texts = [row.text for row in corpus.load() if len(row.text) >= 10]
        file_some(made.hotline, texts, BACKLOG)
        _start(made)
        rate = _work_off(made.hotline)
        bare = _bare(made, texts)
        say(f"backlog   {BACKLOG} reports, {WORKERS} workers, SQLite: {rate:7.0f} a second end to end (at least 100)")
        say(f"baseline  the classifier alone in one process:   {bare:7.0f} a second, ratio {rate / bare:.2f}")
        delays = _paced(made.hotline, texts)
        p50, p95 = quantiles(delays, n=20)[9], quantiles(delays, n=20)[18]
        say(f"steady    {PER_SECOND} reports a second: filed to routed p50 {p50:.2f} s, p95 {p95:.2f} s (under 2 s)")
        say("memory    " + ", ".join(f"{name} {mb:.0f} MB" for name, mb in _memory(made)))


def _start(made: World) -> None:
    for _ in range(WORKERS):
        made.spawn("worker")
    made.spawn("relay")


def file_some(hotline: Hotline, texts: Sequence[str], count: int) -> None:
    """File so many reports through the service, with these texts in turn."""
    for number in range(count):
        _file_one(hotline, texts, number)


def _file_one(hotline: Hotline, texts: Sequence[str], number: int) -> None:
    report = parse_report({"text": texts[number % len(texts)], "place_text": PLACES[number % len(PLACES)]})
    file_report(hotline, Filing("bench", f"bench-{time.time_ns()}-{number}", report, (), Channel.API))


def _work_off(hotline: Hotline) -> float:
    """Return reports a second from the first effect to the last, so that loading the model does not count."""
    while left(hotline):
        time.sleep(0.1)
    with hotline.database.reading() as session:
        times = sorted(at for at in session.scalars(select(OutboxEntry.done_at)) if at is not None)
    first = times[0]
    started = [at for at in times if at > first]
    return len(started) / (times[-1] - first).total_seconds()


def left(hotline: Hotline) -> int:
    """Return how many reports are still owed their triage."""
    with hotline.database.reading() as session:
        query = select(func.count(OutboxEntry.id)).where(
            OutboxEntry.done_at.is_(None), OutboxEntry.given_up_at.is_(None)
        )
        return session.scalar(query) or 0


def _bare(made: World, texts: Sequence[str]) -> float:
    classifier = Classifier.load(ensure_model(made.hotline.settings.models, print))
    sample = texts[:500]
    began = time.perf_counter()
    classifier.predict(sample)
    return len(sample) / (time.perf_counter() - began)


def _paced(hotline: Hotline, texts: Sequence[str]) -> list[float]:
    """File at a steady rate and return seconds from filed to routed, a report each."""
    with hotline.database.reading() as session:
        last = session.scalar(select(func.max(OutboxEntry.id))) or 0
    began = time.perf_counter()
    for number in range(PACED):
        time.sleep(max(0.0, began + number / PER_SECOND - time.perf_counter()))
        _file_one(hotline, texts, number)
    while left(hotline):
        time.sleep(0.1)
    with hotline.database.reading() as session:
        entries = session.scalars(select(OutboxEntry).where(OutboxEntry.id > last)).all()
    return [(e.done_at - e.created_at).total_seconds() for e in entries if e.done_at is not None]


def _memory(made: World) -> list[tuple[str, float]]:
    """Return the most that each kind of process holds, in MB; the web process is started for it."""
    web = made.serve()
    found = []
    for process in made.processes:
        if process.poll() is None:
            parent = psutil.Process(process.pid)
            name = "web" if process is web else parent.cmdline()[-1]
            above = "web's parent, which answers nobody," if process is web else name
            found.append((above, parent.memory_info().rss / 2**20))
            found += [(name, child.memory_info().rss / 2**20) for child in parent.children(recursive=True)]
    return [(name, max(mb for n, mb in found if n == name)) for name in dict.fromkeys(n for n, _ in found)]
