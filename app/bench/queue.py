"""`langnghe bench queue`: a handler's queue page with a million tickets on PostgreSQL, beside one with ten thousand.

Both databases are measured in turns in one run: the whole answer of the web application, from the address to the last
byte of the page, for a handler of a unit that gets one report in eight of the whole city.
"""

import random
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any, Final, NamedTuple
from uuid import UUID

import psycopg
from flask.testing import FlaskClient

from app.accounts import service as accounts
from app.accounts import staff_sessions
from app.accounts.service import NewAccount
from app.bench.scratch import database, postgres
from app.bench.world import World, world
from app.search import words_of
from app.web import create_app
from models.vocabulary import UNCLEAR_TOPIC, DepartmentKind, LoginMethod, Role, Status, topics

TICKETS: Final = 1_000_000
FEW: Final = 10_000
PROBES: Final = 100
WARM_UP: Final = 10
WANTED_MS: Final = 100.0
WANTED_GROWTH: Final = 1.5
#: Two years of reports, one in twelve still to do, most of those from the last month; one in 33 has a helper.
DAYS: Final = 730
OPEN_SHARE: Final = 0.08
HELPED_SHARE: Final = 0.03
#: The unit that is measured gets this share of all, wards' own units half, the city's other units the rest.
HOT_SHARE: Final = 0.125
WARD_SHARE: Final = 0.5
TEXTS: Final = 20_000
#: The unit that helps.
HELPER: Final = "pccc"
COMMON: Final = """
đèn đường tắt trụ nghiêng hẻm tối thui ổ gà mặt hư rác dơ hôi nước ngập cống nghẹt cây ngã nhánh gãy dây điện cáp
viễn thông loa kẹo kéo karaoke ồn lấn chiếm vỉa hè xe đậu công trình bụi chó thả rông nắp hố nhà tôi trước không có
người
"""
#: Words of which each is the rarer the further behind, as in any language.
RARE: Final = 6000
RARE_WORD: Final = "tu00900"
PAGES: Final = {
    "queue": "/work",
    "filtered": "/work?topic=street-lighting&late=1",
    "search, common words": "/work?q=đèn+đường+tắt",
    "search, a rare word": f"/work?q={RARE_WORD}",
    "search, no such word": "/work?q=khongcodau",
    "board": "/work?show=board",
    "what is done": "/work?status=done",
}
TABLES: Final = {
    "incident": ("id", "topic_slug", "ward_code", "street", "cell", "opened_at", "last_report_at", "reports"),
    "ticket": (
        "id", "code_hash", "status", "version", "channel", "text", "search_text", "received_at", "submission_type",
        "urgency", "topic_slug", "ward_code", "department_id", "resolve_due_at", "returns", "incident_id", "street",
        "assignee_id",
    ),
    "ticket_search": ("ticket_id", "words"),
    "deadline": ("ticket_id", "kind", "due_at", "met_at", "calendar_version", "paused_at"),
    "assignment": ("id", "ticket_id", "department_id", "kind", "assigned_at"),
    "part": ("assignment_id", "due_at", "calendar_version", "contribution", "done_at"),
}  # fmt: skip
_WAITING: Final = (Status.ROUTED, Status.IN_PROGRESS, Status.INFO_REQUESTED, Status.REOPENED)
_SETTLED: Final = (Status.CLOSED, Status.ANSWERED)


class Fact(NamedTuple):
    """A ticket, plain."""

    number: int
    text: int
    status: Status
    received_at: datetime
    due_at: datetime
    topic: str
    ward: str
    unit: str
    urgency: str
    kind: str
    mine: bool
    helped: bool

    @property
    def id(self) -> UUID:
        """Return its id: as scattered as real ones."""
        return UUID(int=(self.number * 0x9E3779B97F4A7C15F39CC0605CEDC835) % (1 << 128))

    @property
    def waits(self) -> bool:
        """Whether it is still to do."""
        return self.status in _WAITING


@dataclass
class Filled:
    """An installation with so many tickets, and a browser in which its handler is logged in."""

    tickets: int
    made: World
    browser: FlaskClient

    def page(self, address: str) -> float:
        """Return in milliseconds how long the whole page takes."""
        began = time.perf_counter()
        answer = self.browser.get(address)
        took = 1e3 * (time.perf_counter() - began)
        if answer.status_code != 200:
            raise RuntimeError(f"{address}: {answer.status_code}")
        return took


def run(say: Callable[[str], object], tickets: int = TICKETS) -> None:
    """Fill both databases, measure page by page in turns, and say how each grows."""
    with ExitStack() as stack:
        server = stack.enter_context(postgres())
        many, few = (_filled(stack, server, number, say) for number in (tickets, min(FEW, tickets)))
        say(f"{PROBES} times each page, in turns, milliseconds{'':21}p50      p95")
        for name, address in PAGES.items():
            _measure(name, address, few, many, say)
        say(f"  wanted: p95 under {WANTED_MS:.0f} ms, growth at most {WANTED_GROWTH}")


def _measure(name: str, address: str, few: Filled, many: Filled, say: Callable[[str], object]) -> None:
    spans: dict[int, list[float]] = {few.tickets: [], many.tickets: []}
    for number in range(PROBES + WARM_UP):
        for filled in (few, many):
            took = filled.page(address)
            if number >= WARM_UP:
                spans[filled.tickets].append(took)
    p50, p95 = ({n: _cut(found, at) for n, found in spans.items()} for at in (49, 94))
    for number in spans:
        say(f"  {name:22}{number:>10} tickets {p50[number]:16.1f} {p95[number]:8.1f}")
    if few.tickets != many.tickets:
        growth = [found[many.tickets] / found[few.tickets] for found in (p50, p95)]
        say(f"  {name:22}{'growth':>18} {growth[0]:16.2f} {growth[1]:8.2f}")


def _cut(spans: list[float], percent: int) -> float:
    return statistics.quantiles(spans, n=100)[percent]


def _filled(stack: ExitStack, server: str, tickets: int, say: Callable[[str], object]) -> Filled:
    made = stack.enter_context(world(stack.enter_context(database(server))))
    made.prepare()
    began = time.perf_counter()
    unit = _hot_unit(made)
    with made.hotline.database.transaction() as session:
        new = NewAccount("handler", "Người xử lý", Role.HANDLER, unit)
        account = accounts.create(session, made.hotline.now(), new)
        account_id = account.id
        sitting = staff_sessions.begin(made.hotline, session, account, LoginMethod.PASSWORD, "", strong=True)
    _fill(made, unit, account_id, tickets)
    say(f"{tickets} tickets written in {time.perf_counter() - began:.0f} s")
    browser = create_app(made.hotline).test_client()
    with browser.session_transaction() as cookie:
        cookie["_user_id"], cookie["_fresh"] = sitting.id.hex, True
    return Filled(tickets, made, browser)


def _hot_unit(made: World) -> str:
    return next(unit.id for unit in made.hotline.city.departments.values() if unit.kind is DepartmentKind.CENTRE)


def _fill(made: World, unit: str, account_id: UUID, tickets: int) -> None:
    """Write rows as fast as PostgreSQL takes them; its look at each reference and its word index come afterwards."""
    rng = random.Random(1)  # noqa: S311 - the same rows every time
    texts = [" ".join(words) for words in _texts(rng)]
    found = [" ".join(dict.fromkeys(words_of(text))) for text in texts]
    facts = list(_facts(made, rng, unit, tickets))
    with psycopg.connect(made.environ["DATABASE_URL"]) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("DROP INDEX ix_ticket_search_words")
        for table, columns in TABLES.items():
            copy = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
            with connection.cursor().copy(copy) as stream:
                for line in _lines(table, facts, texts, found, account_id):
                    stream.write_row(line)
        connection.execute("CREATE INDEX ix_ticket_search_words ON ticket_search USING gin (words)")
    with psycopg.connect(made.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def _lines(
    table: str, facts: list[Fact], texts: list[str], found: list[str], account_id: UUID
) -> Iterator[tuple[Any, ...]]:
    for fact in facts:
        if table == "incident":
            yield fact.id, fact.topic, fact.ward, None, None, fact.received_at, fact.received_at, 1 + fact.number % 3
        elif table == "ticket":
            yield _ticket(fact, texts[fact.text], found[fact.text], account_id)
        elif table == "ticket_search":
            yield fact.id, found[fact.text]
        elif table == "deadline":
            met = None if fact.waits else fact.due_at
            paused = fact.received_at if fact.status is Status.INFO_REQUESTED else None
            yield fact.id, "resolve", fact.due_at, met, "bench", paused
        elif table == "assignment":
            yield 2 * fact.number, fact.id, fact.unit, "lead", fact.received_at
            if fact.helped:
                yield 2 * fact.number + 1, fact.id, HELPER, "coordinating", fact.received_at
        elif fact.helped:
            done = None if fact.waits else fact.due_at
            yield 2 * fact.number + 1, fact.due_at, "bench", None if done is None else "Đã xem.", done


def _ticket(fact: Fact, text: str, folded: str, account_id: UUID) -> tuple[Any, ...]:
    return (
        fact.id, f"{fact.number:064}", fact.status.value, 3, "web", text, folded, fact.received_at, fact.kind,
        fact.urgency, fact.topic, fact.ward, fact.unit, fact.due_at, 0, fact.id, None,
        account_id if fact.mine else None,
    )  # fmt: skip


def _texts(rng: random.Random) -> Iterator[list[str]]:
    rare = [f"tu{number:05}" for number in range(RARE)]
    common = COMMON.split()
    weights = list(accumulate([3.0] * len(common) + [20.0 / (number + 10) for number in range(RARE)]))
    for _ in range(TEXTS):
        yield rng.choices([*common, *rare], cum_weights=weights, k=40)


def _facts(made: World, rng: random.Random, unit: str, count: int) -> Iterator[Fact]:
    city = made.hotline.city
    wards = list(city.wards)
    of_ward = {one.ward: one.id for one in city.departments.values() if one.kind is DepartmentKind.WARD}
    others = [one.id for one in city.departments.values() if one.ward is None]
    kinds, now = [slug for slug in topics() if slug != UNCLEAR_TOPIC], datetime.now(UTC)
    for number in range(count):
        waits, ward = rng.random() < OPEN_SHARE, rng.choice(wards)
        age = min(DAYS, rng.expovariate(1 / 6)) if waits else rng.random() * DAYS
        received_at = now - timedelta(days=age)
        share = rng.random()
        hot = share < HOT_SHARE
        in_ward = not hot and share < HOT_SHARE + WARD_SHARE and ward in of_ward
        yield Fact(
            number=number,
            text=rng.randrange(TEXTS),
            status=rng.choice(_WAITING) if waits else rng.choices(_SETTLED, (97, 3))[0],
            received_at=received_at,
            due_at=received_at + timedelta(days=rng.choice((1, 3, 5, 7))),
            topic=("street-lighting" if rng.random() < 0.6 else rng.choice(kinds)) if hot else rng.choice(kinds),
            ward=ward,
            unit=unit if hot else of_ward[ward] if in_ward else rng.choice(others),
            urgency=rng.choices(("normal", "urgent", "emergency"), (940, 55, 5))[0],
            kind=rng.choices(("phan-anh", "kien-nghi", "hoi-dap", "khen-ngoi"), (90, 5, 3, 2))[0],
            mine=hot and waits and number % 4 == 0,
            helped=rng.random() < HELPED_SHARE,
        )
