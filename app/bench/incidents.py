"""`langnghe bench incidents`: one new report compared with a million stored ones, beside a bare indexed look-up."""

import random
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import select

from app import nearby
from app.bench.rows import Rows, on_both
from app.bench.world import World
from models.incident import Incident
from models.ticket import Ticket
from models.vocabulary import UNCLEAR_TOPIC, Status, topics
from routing.folding import fold
from routing.neighbours import cell_of

ROWS: Final = 1_000_000
PROBES: Final = 400
WARM_UP: Final = 20
WANTED_MS: Final = 20.0
#: Reports come from two years, one in ten of them not settled; one in twenty is about one street of one ward.
DAYS: Final = 730
OPEN_SHARE: Final = 0.1
HOT_SHARE: Final = 0.05
#: Every other report that is compared is about that street, where there is most to compare with.
HOT_PROBES: Final = 0.5
STREETS: Final = 300
TEXTS: Final = 20_000
WORDS: Final = """
đèn đường tắt trụ nghiêng hẻm tối thui ổ gà mặt đường hư rác dơ hôi nước ngập cống nghẹt cây ngã nhánh gãy dây điện cáp
viễn thông loa kẹo kéo karaoke ồn lấn chiếm vỉa hè xe đậu công trình bụi chó thả rông nắp hố ga
"""
INCIDENT: Final = (
    "id", "topic_slug", "ward_code", "street", "cell", "opened_at", "last_report_at", "reports",
)  # fmt: skip
TICKET: Final = (
    "id", "code_hash", "status", "version", "channel", "text", "search_text", "received_at", "submission_type",
    "urgency", "topic_slug", "ward_code", "returns", "incident_id", "street", "cell",
)  # fmt: skip


class Fact(NamedTuple):
    """A report, plain."""

    id: UUID
    status: str
    text: str
    at: datetime
    topic: str
    ward: str
    street: str
    cell: str | None


def run(say: Callable[[str], object], rows: int = ROWS) -> None:
    """Measure on SQLite, then on PostgreSQL."""
    on_both(
        f"{rows} incidents and their tickets",
        lambda made: _tables(made, rows),
        lambda made: _probe(made, rows, say),
        say,
    )


def _probe(made: World, rows: int, say: Callable[[str], object]) -> None:
    rng = _dice(2)
    ours, bare, found = [], [], 0
    for number, fact in enumerate(_facts(made, rng, PROBES + WARM_UP, HOT_PROBES)):
        report = _report(fact)
        took, proposals = _timed(lambda report=report: _compare(made, report))  # type: ignore[misc]
        plain, _ = _timed(lambda: _look_up(made, rng.randrange(rows)))
        if number >= WARM_UP:
            ours.append(took)
            bare.append(plain)
            found += bool(proposals)
    say(_line("comparing a report", ours))
    say(_line("bare look-up", bare))
    say(f"  ratio of medians   {statistics.median(ours) / statistics.median(bare):8.1f} (p95 under {WANTED_MS:.0f} ms)")
    say(f"  proposals          for {found} of {PROBES} reports")


def _line(what: str, spans: list[float]) -> str:
    cuts = statistics.quantiles(spans, n=20)
    return f"  {what:19}p50 {statistics.median(spans):6.2f} ms, p95 {cuts[18]:6.2f} ms"


def _timed(act: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    done = act()
    return 1e3 * (time.perf_counter() - began), done


def _compare(made: World, report: Ticket) -> list[Any]:
    with made.hotline.database.reading() as session:
        return nearby.compare(made.hotline, session, report, made.hotline.now())


def _look_up(made: World, number: int) -> object:
    with made.hotline.database.reading() as session:
        return session.scalar(select(Incident.reports).where(Incident.id == UUID(int=number)))


def _tables(made: World, rows: int) -> Iterator[Rows]:
    yield "incident", INCIDENT, map(_incident, _facts(made, _dice(1), rows))
    yield "ticket", TICKET, map(_ticket, _facts(made, _dice(1), rows))


def _dice(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - the same rows every time


def _incident(fact: Fact) -> tuple[Any, ...]:
    return (fact.id, fact.topic, fact.ward, fact.street, fact.cell, fact.at, fact.at, 1)


def _ticket(fact: Fact) -> tuple[Any, ...]:
    return (
        fact.id, fact.id.hex, fact.status, 1, "web", fact.text, fact.text, fact.at, "phan-anh", "normal", fact.topic,
        fact.ward, 0, fact.id, fact.street, fact.cell,
    )  # fmt: skip


def _report(fact: Fact) -> Ticket:
    """Return a report as triage has it in hand when it compares."""
    return Ticket(
        id=fact.id,
        search_text=fact.text,
        received_at=fact.at,
        topic_slug=fact.topic,
        ward_code=fact.ward,
        street=fact.street,
        cell=fact.cell,
    )


def _facts(made: World, rng: random.Random, count: int, hot_share: float = HOT_SHARE) -> Iterator[Fact]:
    """Yield reports as triage leaves them: in a city's wards, on its streets, half of them with a pin."""
    wards = list(made.hotline.city.wards.values())
    kinds = [slug for slug in topics() if slug != UNCLEAR_TOPIC]
    vocabulary, now = WORDS.split(), datetime.now(UTC)
    texts = [fold(" ".join(rng.choices(vocabulary, k=25))) for _ in range(TEXTS)]
    for number in range(count):
        hot = rng.random() < hot_share
        ward = wards[0] if hot else rng.choice(wards)
        spread = 0.0 if hot else 0.01
        pinned = hot or rng.random() < 0.5
        yield Fact(
            id=UUID(int=number),
            status=(Status.ROUTED if rng.random() < OPEN_SHARE else Status.CLOSED).value,
            text=rng.choice(texts),
            at=now - timedelta(days=rng.random() * DAYS),
            topic=rng.choice(kinds),
            ward=ward.code,
            street="duong nong" if hot else f"duong {rng.randrange(STREETS)}",
            cell=cell_of(ward.lat + rng.uniform(-spread, spread), ward.lon + rng.uniform(-spread, spread))
            if pinned
            else None,
        )
