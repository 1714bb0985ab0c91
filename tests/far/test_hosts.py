"""Several hosts that have nothing in common but two addresses, the keys, and the folders of photos and models."""

import tempfile
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, text

from app.accounts import service as accounts
from app.accounts.service import NewAccount
from app.bench.scratch import Postgres
from app.bench.world import World
from app.consistency import assert_consistent
from app.database import CONNECTIONS_A_PROCESS, Database
from app.doctor import examine
from models.code import code_hash, normalised
from models.ticket import Ticket, TicketEvent
from models.vocabulary import Role, Status
from tests.app.conftest import LIGHTS_OUT, picture
from tests.far.network import Certificate, Door, LockedRedis, lock
from tests.faults.conftest import LOADING, Browser, eventually

PASSWORD = "mot-mat-khau-dai"
LEASE = 2.0
SHARED = ("attachments", "models")


@dataclass
class City:
    """The servers that the hosts share, each behind a door that speaks TLS only."""

    folder: Path
    certificate: Certificate
    database_door: Door
    redis_door: Door
    redis: LockedRedis
    models: Path

    @property
    def database_url(self) -> str:
        """Where every host finds the database."""
        port, root = self.database_door.port, self.certificate.pem
        return f"postgresql://far:{PASSWORD}@localhost:{port}/far?sslmode=verify-full&sslrootcert={root}"

    def redis_url(self, password: str = PASSWORD) -> str:
        """Where every host finds Redis."""
        return f"rediss://:{password}@localhost:{self.redis_door.port}/0?ssl_ca_certs={self.certificate.pem}"

    def host(self, name: str) -> World:
        """Return a host: a data folder of its own, in which only photos and models are those of all."""
        folder = self.folder / name
        folder.mkdir()
        for shared in SHARED:
            (folder / shared).symlink_to(self.folder / "shared" / shared)
        addresses = {"REDIS_URL": self.redis_url(), "LANGNGHE_LEASE": str(LEASE), "LANGNGHE_RELAY_EVERY": "0.1"}
        return World(folder, self.database_url, addresses | {"LANGNGHE_WEB_WORKERS": "1"})


@pytest.fixture
def city(tmp_path: Path, models_dir: Path) -> Iterator[City]:
    """Return a PostgreSQL and a Redis with passwords, behind TLS."""
    (tmp_path / "shared" / "attachments").mkdir(parents=True)
    (tmp_path / "shared" / "models").symlink_to(models_dir)
    certificate = Certificate(tmp_path)
    with tempfile.TemporaryDirectory(prefix="ln-pg-") as folder:
        server = Postgres(Path(folder))
        server.start()
        lock(server, "far", PASSWORD)
        redis = LockedRedis(tmp_path, PASSWORD)
        eventually(redis.answers, 10)
        made = City(
            tmp_path,
            certificate,
            Door(certificate, Path(folder) / ".s.PGSQL.5432", postgresql=True),
            Door(certificate, redis.port),
            redis,
            models_dir,
        )
        yield made
        made.redis_door.close()
        made.database_door.close()
        made.redis.kill()
        server.stop()


@pytest.fixture
def hosts(city: City) -> Iterator[list[World]]:
    """Return two hosts that serve, one of them with a relay, and two that work, one with a second relay."""
    made = [city.host(name) for name in ("web-1", "web-2", "work-1", "work-2")]
    made[0].prepare()
    for host, programs in zip(made, (("relay",), (), ("worker",), ("worker", "relay")), strict=True):
        for program in programs:
            host.spawn(program)
    for host in made[:2]:
        host.serve()
    yield made
    for host in made:
        host.close()


def test_hosts_with_only_two_addresses_in_common_are_one_hotline(city: City, hosts: list[World]) -> None:
    """Reports filed on one host are understood on another and tracked, with their photo, on a third.

    Then Redis is lost and an empty one put in its place while people file: every report is taken, and each is
    understood once.
    """
    one, two, *_ = hosts
    codes = [_file(host, number) for number in range(10) for host in (one, two)]
    with_photo = _file(one, 99, photo=True)
    eventually(lambda: _triaged(one, [*codes, with_photo]), LOADING)
    shown = httpx.post(f"{two.url}/api/v1/track", json={"code": with_photo}, timeout=30)
    assert shown.json()["status"] == Status.ROUTED
    photo = _ticket(one, with_photo).attachments[0]
    with closing(_logged_in(one)) as coordinator:
        served = coordinator.get(f"{two.url}/work/{photo.ticket_id}/photos/{photo.id}")
    assert served.headers["Content-Type"] == "image/jpeg"

    filed: list[str] = []
    calm = threading.Event()
    people = [threading.Thread(target=_keep_filing, args=(host, filed, calm)) for host in (one, two)]
    for person in people:
        person.start()
    eventually(lambda: len(filed) >= 10, 30)
    city.redis.kill()
    city.redis_door.cut()
    eventually(lambda: len(filed) >= 30, 30)
    city.redis = LockedRedis(city.folder, PASSWORD)
    city.redis_door.behind = city.redis.port
    eventually(lambda: len(filed) >= 50, 30)
    processes = len([process for host in hosts for process in host.processes])
    assert _connections(one.hotline.database) <= processes * CONNECTIONS_A_PROCESS
    calm.set()
    for person in people:
        person.join()

    _revive(hosts)
    eventually(lambda: _triaged(one, codes + filed), 2 * LOADING)
    with one.hotline.database.reading() as session:
        assert_consistent(session)
        per_ticket = select(func.count()).where(TicketEvent.kind == "triaged").group_by(TicketEvent.ticket_id)
        assert set(session.scalars(per_ticket)) == {1}
        assert session.scalar(select(func.count(Ticket.id))) == len(codes) + 1 + len(filed)


def test_what_is_wrong_between_hosts_is_named(city: City) -> None:
    """A wrong password, a server that is spoken to in the clear and a certificate of somebody else are each named."""
    host = city.host("new")
    host.prepare()
    root = f"ssl_ca_certs={city.certificate.pem}"
    assert "redis" not in _wrong(host)
    assert "AuthenticationError" in _wrong(host, REDIS_URL=city.redis_url("another"))
    assert "redis" in _wrong(host, REDIS_URL=f"redis://:{PASSWORD}@localhost:{city.redis_door.port}/0")
    stranger = Certificate(city.folder / "new")
    assert "redis" in _wrong(host, REDIS_URL=city.redis_url().replace(root, f"ssl_ca_certs={stranger.pem}"))
    assert "database" in _wrong(host, DATABASE_URL=city.database_url.replace(PASSWORD, "another"))
    host.close()


def _file(host: World, number: int, *, photo: bool = False) -> str:
    parts: dict[str, Any] = {"text": (None, f"{LIGHTS_OUT} {number}")}
    if photo:
        parts["photos"] = ("a.png", picture(), "image/png")
    answer = httpx.post(
        f"{host.url}/api/v1/reports",
        files=parts,
        headers={"Idempotency-Key": uuid.uuid4().hex},
        timeout=30,
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["code"])


def _keep_filing(host: World, filed: list[str], calm: threading.Event) -> None:
    while not calm.is_set():
        filed.append(_file(host, len(filed)))
        calm.wait(0.02)


def _logged_in(host: World) -> httpx.Client:
    with host.hotline.database.transaction() as session:
        account = accounts.create(session, host.hotline.now(), NewAccount("minh", "Minh", Role.COORDINATOR))
        accounts.set_password(account, PASSWORD)
    browser = Browser(host.url)
    assert browser.log_in("minh", PASSWORD).status_code == 303
    return browser.client


def _ticket(host: World, code: str) -> Ticket:
    digest = code_hash(host.hotline.keys.codes, normalised(code) or "")
    with host.hotline.database.reading() as session:
        ticket = session.scalars(select(Ticket).where(Ticket.code_hash == digest)).one()
        _ = ticket.attachments
        return ticket


def _triaged(host: World, codes: Sequence[str]) -> bool:
    hashes = [code_hash(host.hotline.keys.codes, normalised(code) or "") for code in codes]
    moved_on = select(func.count(Ticket.id)).where(Ticket.code_hash.in_(hashes), Ticket.status != Status.RECEIVED)
    with host.hotline.database.reading() as session:
        return session.scalar(moved_on) == len(hashes)


def _revive(hosts: Sequence[World]) -> None:
    """Do what a process manager does: RQ's worker may give up when its Redis is gone."""
    for host in hosts[2:]:
        if host.processes[0].poll() is not None:
            host.spawn("worker")


def _connections(database: Database) -> int:
    query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'langnghe'"
    with database.reading() as session:
        return int(session.scalar(text(query)) or 0)


def _wrong(host: World, **other: str) -> str:
    """Return what the doctor finds not well on a host."""
    return "\n".join(f"{check.name}: {check.detail}" for check in examine(host.environ | other) if not check.ok)
