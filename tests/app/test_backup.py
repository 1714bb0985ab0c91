"""Back-up and restore: everything comes back, into the same or the other database, or nothing is touched."""

import json
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pyrage
import pytest
from sqlalchemy import select

from app import consistency, migration
from app.backup import container, service
from app.backup.container import BadBackup, NotEmpty
from app.bench import scratch
from app.bench.world import World
from app.hotline import Hotline
from app.sealed import vault
from app.seals import Seals
from models.code import code_hash, normalised
from models.sealed import SealedContent
from models.tables import Base
from models.ticket import Ticket
from tests.app.conftest import LIGHTS_OUT, Clock, Filed, Road, file_with_photo

PASSPHRASE = "bốn con ngựa ăn cỏ"


@pytest.fixture(autouse=True)
def light_passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the two seconds out that each passphrase costs on purpose: a key of the test's own stands for it."""
    identity = pyrage.x25519.Identity.generate()

    def encrypt(plain: bytes, phrase: str) -> bytes:
        return bytes(pyrage.encrypt(phrase.encode() + b"\0" + plain, [identity.to_public()]))

    def decrypt(sealed: bytes, phrase: str) -> bytes:
        said, _, plain = bytes(pyrage.decrypt(sealed, [identity])).partition(b"\0")
        if said != phrase.encode():
            raise pyrage.DecryptError("wrong passphrase")
        return plain

    monkeypatch.setattr("app.backup.container.age_passphrase.encrypt", encrypt)
    monkeypatch.setattr("app.backup.container.age_passphrase.decrypt", decrypt)


@pytest.fixture(params=("same", "other"))
def empty(request: pytest.FixtureRequest, hotline: Hotline, server_url: str, tmp_path: Path) -> Iterator[Hotline]:
    """Return an installation with nothing in it, on the same sort of database and on the other."""
    sqlite = hotline.settings.is_sqlite == (request.param == "same")
    folder = tmp_path / "restored"
    folder.mkdir()
    with ExitStack() as stack:
        url = f"sqlite:///{folder / 'langnghe.db'}" if sqlite else stack.enter_context(scratch.database(server_url))
        world = World(folder, url)
        yield replace(world.hotline, now=hotline.now)
        world.close()


def test_every_row_and_file_comes_back(
    hotline: Hotline, empty: Hotline, road: Road, file: Callable[..., Filed], tmp_path: Path
) -> None:
    filed = [file_with_photo(hotline, LIGHTS_OUT), road.answered(), road.returned(), road.rejected(), road.sealed()]
    filed.append(
        file(contact_phone="0901234567", contact_name="Nguyễn Văn Mẫu", consent=True, latitude=10.7, longitude=106.6)
    )
    made = service.back_up(hotline, tmp_path / "all.backup", PASSPHRASE)
    assert made.rows["ticket"] == len(filed)
    assert service.restore(empty, tmp_path / "all.backup", PASSPHRASE) == made
    assert dump(empty) == dump(hotline)
    assert files(empty) == files(hotline)
    assert files(empty)
    with empty.database.reading() as session:
        consistency.assert_consistent(session)
        for one in filed:
            digest = code_hash(empty.keys.codes, normalised(one.code) or "")
            assert session.scalar(select(Ticket.status).where(Ticket.code_hash == digest)) is one.status()
        (locked,) = session.scalars(select(SealedContent.ticket_id))
        assert vault.content(empty, session, locked).text == LIGHTS_OUT


def test_keys_that_are_files_come_along_and_never_replace_others(hotline: Hotline, tmp_path: Path) -> None:
    data, fresh = hotline.settings.data, tmp_path / "fresh"
    (data / "secret").write_text("s" * 43)
    (data / "seal-key").write_text("old and new\n")
    service.back_up(hotline, tmp_path / "all.backup", PASSPHRASE)
    service.prepare_keys(fresh, tmp_path / "all.backup", PASSPHRASE, {"DATABASE_URL": "postgresql://x"})
    assert [(fresh / name).read_text() for name in ("secret", "seal-key")] == ["s" * 43, "old and new\n"]
    (fresh / "seal-key").write_text("another")
    service.prepare_keys(fresh, tmp_path / "all.backup", PASSPHRASE, {"DATABASE_URL": "postgresql://x"})
    assert (fresh / "seal-key").read_text() == "another"


def test_life_goes_on_in_what_was_restored(hotline: Hotline, empty: Hotline, road: Road, tmp_path: Path) -> None:
    road.answered()
    service.back_up(hotline, tmp_path / "all.backup", PASSPHRASE)
    service.restore(empty, tmp_path / "all.backup", PASSPHRASE)
    file_with_photo(empty, LIGHTS_OUT)  # keys that count up must not begin again
    with empty.database.reading() as session:
        assert len(session.scalars(select(Ticket.id)).all()) == 2
        consistency.assert_consistent(session)


def test_what_is_filed_meanwhile_is_whole_or_not_there(
    hotline: Hotline, empty: Hotline, file: Callable[..., Filed], tmp_path: Path
) -> None:
    stop = threading.Event()
    file()

    def keep_filing() -> None:
        while not stop.is_set():
            file()

    citizen = threading.Thread(target=keep_filing)
    citizen.start()
    try:
        made = service.back_up(hotline, tmp_path / "all.backup", PASSPHRASE)
    finally:
        stop.set()
        citizen.join()
    assert made.rows["ticket"] == made.rows["ticket_event"] == made.rows["outbox_entry"] == made.rows["idempotency_key"]
    service.restore(empty, tmp_path / "all.backup", PASSPHRASE)
    with empty.database.reading() as session:
        consistency.assert_consistent(session)


def test_a_restore_never_overwrites(hotline: Hotline, road: Road, tmp_path: Path) -> None:
    filed = road.answered()
    service.back_up(hotline, tmp_path / "all.backup", PASSPHRASE)
    with pytest.raises(NotEmpty, match="database is not empty"):
        service.restore(hotline, tmp_path / "all.backup", PASSPHRASE)
    with pytest.raises(NotEmpty, match="exists already"):
        service.back_up(hotline, tmp_path / "all.backup", PASSPHRASE)
    assert filed.status() == "answered"


@pytest.mark.parametrize("harm", ["changed", "cut", "no backup"])
def test_a_harmed_backup_is_refused_before_anything_is_written(
    hotline: Hotline, empty: Hotline, road: Road, tmp_path: Path, harm: str
) -> None:
    road.answered()
    file = tmp_path / "all.backup"
    service.back_up(hotline, file, PASSPHRASE)
    whole = file.read_bytes()
    middle = len(whole) // 2
    file.write_bytes(
        {"changed": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :], "cut": whole[:middle],
         "no backup": b"PK"}[harm]
    )  # fmt: skip
    with pytest.raises(BadBackup, match="not a whole back-up"):
        service.restore(empty, file, PASSPHRASE)
    assert files(empty) == {}
    with empty.database.engine.connect() as connection:
        assert migration.revision(connection) is None


def test_a_part_exchanged_for_one_of_another_backup_is_refused(hotline: Hotline, tmp_path: Path) -> None:
    one, other, mixed = tmp_path / "one", tmp_path / "other", tmp_path / "mixed"
    service.back_up(hotline, one, PASSPHRASE)
    service.back_up(hotline, other, PASSPHRASE)
    with zipfile.ZipFile(one) as first, zipfile.ZipFile(other) as second, zipfile.ZipFile(mixed, "w") as bag:
        bag.writestr(container.KEY, first.read(container.KEY))
        bag.writestr(container.DATA, second.read(container.DATA))
    with pytest.raises(BadBackup):
        service.check(mixed, PASSPHRASE)


def test_the_wrong_passphrase_or_secret_is_named(hotline: Hotline, empty: Hotline, tmp_path: Path) -> None:
    with pytest.raises(BadBackup, match="at least 12"):
        service.back_up(hotline, tmp_path / "all.backup", "ngắn")
    service.back_up(hotline, tmp_path / "all.backup", PASSPHRASE)
    with pytest.raises(BadBackup, match="passphrase does not open"):
        service.restore(empty, tmp_path / "all.backup", PASSPHRASE + "!")
    stranger = replace(empty, settings=replace(empty.settings, secret_key="y" * 40))
    with pytest.raises(BadBackup, match="another LANGNGHE_SECRET_KEY"):
        service.restore(stranger, tmp_path / "all.backup", PASSPHRASE)
    other = ("z" * 43,)
    for settings, name in (
        (replace(empty.settings, seal_keys=other), "LANGNGHE_SEAL_KEY"),
        (replace(empty.settings, contact_keys=other), "LANGNGHE_CONTACT_KEY"),
    ):
        without = replace(empty, settings=settings)
        with pytest.raises(BadBackup, match=f"another {name}"):
            service.restore(without, tmp_path / "all.backup", PASSPHRASE)
    newer = replace(
        empty.settings,
        seal_keys=(*other, *hotline.settings.seal_keys),
        contact_keys=(*other, *hotline.settings.contact_keys),
    )
    assert service.restore(replace(empty, settings=newer), tmp_path / "all.backup", PASSPHRASE).files == 0


def test_a_backup_during_which_a_key_was_forgotten_is_none(hotline: Hotline, tmp_path: Path, clock: Clock) -> None:
    """Its rows are of before, locked with the key that its key file no longer has."""
    settings = replace(hotline.settings, seal_keys=())
    settings.seal_file.write_text(f"{'n' * 43}\n{'o' * 43}\n")

    def forget() -> datetime:
        Seals(settings).forget_old()
        return clock()

    with pytest.raises(BadBackup, match="LANGNGHE_SEAL_KEY was taken away"):
        service.back_up(replace(hotline, settings=settings, now=forget), tmp_path / "all.backup", PASSPHRASE)
    assert not (tmp_path / "all.backup").exists()
    service.back_up(replace(hotline, settings=settings), tmp_path / "all.backup", PASSPHRASE)
    assert (tmp_path / "all.backup").exists()


def test_a_backup_of_a_newer_release_is_refused(
    hotline: Hotline, empty: Hotline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(migration, "revision", lambda _connection: "9999")
        service.back_up(hotline, tmp_path / "all.backup", PASSPHRASE)
    with pytest.raises(BadBackup, match="newer release"):
        service.restore(empty, tmp_path / "all.backup", PASSPHRASE)


def test_nothing_is_readable_without_the_passphrase(
    hotline: Hotline, file: Callable[..., Filed], tmp_path: Path
) -> None:
    file("Tiếng chim hoạ mi hót suốt đêm trước nhà tôi")
    service.back_up(hotline, tmp_path / "all.backup", PASSPHRASE)
    assert (tmp_path / "all.backup").stat().st_mode & 0o077 == 0
    with zipfile.ZipFile(tmp_path / "all.backup") as bag:
        assert sorted(bag.namelist()) == [container.DATA, container.KEY]
        assert all(bag.read(name).startswith(b"age-encryption.org/v1") for name in bag.namelist())


def dump(hotline: Hotline) -> dict[str, list[str]]:
    """Return every row of every table, as both databases say it: they order the keys of an object differently.

    What is made of other tables they may keep in forms of their own: of that, the keys.
    """
    with hotline.database.engine.connect() as connection:
        return {
            table.name: sorted(
                json.dumps(list(row), default=repr, sort_keys=True)
                for row in connection.execute(
                    select(*table.primary_key if table.info.get("derived") else table.columns)
                )
            )
            for table in Base.metadata.sorted_tables
        }


def files(hotline: Hotline) -> dict[str, bytes]:
    return {
        str(path.relative_to(hotline.settings.data)): path.read_bytes()
        for name in service.KEPT
        for path in (hotline.settings.data / name).rglob("*")
        if path.is_file()
    }
