"""`langnghe bench intake`: filing over HTTP with durable commits, beside a bare insert of the same size."""

import json
import statistics
import uuid
from collections.abc import Callable
from typing import Final

from app.bench.load import Load, post
from app.bench.scratch import database, postgres
from app.bench.world import World, world

CLIENTS: Final = 8
WORKERS: Final = "2"
ROUNDS: Final = 3
SECONDS: Final = 4.0
WANTED: Final = 0.5
#: About as long as the middle half of citizens' reports.
TEXT: Final = (
    "Đèn đường hẻm 285 Cách Mạng Tháng Tám tắt ba bữa nay, tối qua có người chạy xe té. Tôi đã gọi một lần mà chưa "
    "thấy ai tới sửa, trong hẻm nhiều người lớn tuổi, nhờ bên mình cho người xuống coi giùm."
)


def run(say: Callable[[str], object]) -> None:
    """Measure on SQLite, then on PostgreSQL."""
    with world(LANGNGHE_WEB_WORKERS=WORKERS) as made:
        bare = f"sqlite:///{made.folder / 'bare.db'}"
        _measure("SQLite", made, bare, say)
    with (
        postgres() as server,
        database(server) as ours,
        database(server) as bare,
        world(ours, LANGNGHE_WEB_WORKERS=WORKERS) as made,
    ):
        _measure("PostgreSQL", made, bare.replace("postgresql://", "postgresql+psycopg://"), say)


def _measure(name: str, made: World, bare_url: str, say: Callable[[str], object]) -> None:
    made.prepare()
    rounds = []
    for _ in range(ROUNDS):
        served = made.serve()
        ours = post(made.port, "/api/v1/reports", _report, clients=CLIENTS, seconds=SECONDS)
        made.end(served)
        served = made.serve(module="app.bench.bare", BARE_URL=bare_url)
        bare = post(made.port, "/api/v1/reports", _report, clients=CLIENTS, seconds=SECONDS)
        made.end(served)
        rounds.append((ours, bare))
    ratio = statistics.median(ours.rate / bare.rate for ours, bare in rounds)
    say(f"{name}: {CLIENTS} clients, {WORKERS} gunicorn workers, {ROUNDS} rounds of {SECONDS:.0f} s each, in turns")
    say(_line("filing a report", [ours for ours, _ in rounds]))
    say(_line("bare insert", [bare for _, bare in rounds]))
    say(f"  ratio           {ratio:8.2f} (at least {WANTED})")


def _line(what: str, loads: list[Load]) -> str:
    rate = statistics.median(load.rate for load in loads)
    p50, p95 = (1e3 * statistics.median(getattr(load, name) for load in loads) for name in ("p50", "p95"))
    failed = sum(load.failed for load in loads)
    return f"  {what:16}{rate:8.0f} a second, p50 {p50:6.1f} ms, p95 {p95:6.1f} ms, {failed} failed"


def _report() -> tuple[bytes, dict[str, str]]:
    body = json.dumps({"text": TEXT, "place_text": "hẻm 285 CMT8, phường 12, quận 10"}, ensure_ascii=False).encode()
    return body, {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
