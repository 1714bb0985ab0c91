"""The vault: nothing of a denunciation is anywhere else; its keys; what a crash or a missing key leaves behind."""

import io
import logging
import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from sqlalchemy import MetaData, func, select, update

from app import search
from app.bench.scratch import RedisServer
from app.cli import main
from app.consistency import assert_consistent, reconcile, violations
from app.coordination import service as coordination
from app.hotline import Hotline
from app.notices import sending
from app.persons import holds
from app.photostore import path_of
from app.review import service as review
from app.sealed import service as sealed
from app.sealed import vault
from app.seals import SealKeyMissing, Seals
from app.settings import prepare
from app.tracking import service as tracking
from app.triage.relay import Relay
from app.web import create_app
from app.work import extension, progress
from app.work import service as work
from app.work.returning import Why
from classifier.redact import redacted
from models.account import Account
from models.coordination import Part
from models.extension import Extension
from models.notice import Notice
from models.person import LegalHold
from models.returning import TicketReturn
from models.sealed import SealedContent, SealedPhoto
from models.ticket import Assignment, Deadline, Ticket, TicketEvent
from models.vocabulary import Status
from tests.app.conftest import BUSES, LIGHTS, LIGHTS_OUT, Clock, Filed, Road, Staff, file_with_photo, picture, step
from tests.pages import post_form

#: A word that nothing else holds, the same in every form that is made of a text.
CANARY = "zqkanarixw"
BRIBE = f"Tôi tố cáo cán bộ phường {CANARY} nhận hối lộ tiền của dân để ký hồ sơ trái luật"
WHERE = f"hẻm {CANARY} số 9"
WHY = "Xem để chuyển nơi xác minh"
CONTACT = {
    "contact_name": f"Ông {CANARY}",
    "contact_email": f"{CANARY}@vidu.vn",
    "contact_phone": "0901234567",
    "consent": "true",
}
DECLARED = {"text": BRIBE, "place_text": WHERE, "submission_type": "to-cao", **CONTACT}


@pytest.fixture
def relay(hotline: Hotline, redis: RedisServer) -> Relay:
    """Return a relay with a Redis to put its jobs into."""
    return Relay(hotline)


@pytest.fixture
def elsewhere(
    hotline: Hotline, relay: Relay, redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> Callable[[], list[str]]:
    """Return a function that names every place outside the vault in which the canary is."""
    caplog.set_level(logging.INFO)

    def look() -> list[str]:
        relay.once()
        found = [f"table {table}" for table, row in rows(hotline) if CANARY.encode() in row]
        files = (path for path in hotline.settings.data.rglob("*") if path.is_file())
        found += [f"file {path.name}" for path in files if CANARY.encode() in path.read_bytes()]
        found += [f"redis {key!r}" for key, held in held_in(redis) if CANARY.encode() in key + held]
        return found + ["log" for record in caplog.records if CANARY in record.getMessage()]

    return look


def test_what_is_filed_as_a_denunciation_is_nowhere_in_clear_by_whichever_door_it_came(
    app: Flask, hotline: Hotline, staff: Staff, triage: Callable[[], None], elsewhere: Callable[[], list[str]],
    log_in: Callable[[Account], FlaskClient],
) -> None:  # fmt: skip
    """The canary. Injected: a unique word in text, place and contact, filed by form, desk, API and API with a photo.

    Expected: no column of any table, no file, no log line and no key of Redis holds it, before and after its job.
    """
    client = app.test_client()
    assert post_form(client, "/", "/", **DECLARED, photos=upload()).status_code == 201
    assert post_form(log_in(staff.call_taker), "/desk", "/desk", **DECLARED).status_code == 201
    key = {"Idempotency-Key": uuid.uuid4().hex}
    assert client.post("/api/v1/reports", json=DECLARED | {"consent": True}, headers=key).status_code == 201
    key = {"Idempotency-Key": uuid.uuid4().hex}
    assert client.post("/api/v1/reports", data=DECLARED | {"photos": upload()}, headers=key).status_code == 201
    assert elsewhere() == []
    triage()
    assert elsewhere() == []
    assert not hotline.settings.attachments.exists()
    assert len(opened(hotline, staff)) == 4
    assert sorted(len(one.photos) for one in opened(hotline, staff)) == [0, 0, 1, 1]
    consistent(hotline)


def test_what_the_machine_seals_leaves_every_place_where_it_was(
    hotline: Hotline, road: Road, staff: Staff, elsewhere: Callable[[], list[str]]
) -> None:
    """The canary, sealed by the model. Without `secure_delete` and `forget` the file of SQLite would keep it."""
    filed = file_with_photo(hotline, BRIBE, place_text=WHERE, **CONTACT)
    photo = path_of(hotline.settings.attachments, filed.ticket().attachments[0].id)
    assert photo.is_file()
    assert {place for place in elsewhere() if place.startswith("table")} == {"table ticket"}  # contacts are locked
    road.triage()
    assert filed.status() is Status.SEALED
    assert elsewhere() == []
    assert not photo.exists()
    (one,) = opened(hotline, staff)
    assert (one.content.text, one.content.place_text, len(one.photos)) == (BRIBE, WHERE, 1)
    consistent(hotline)


def test_what_a_coordinator_seals_leaves_every_place_where_it_was(
    hotline: Hotline, road: Road, staff: Staff, elsewhere: Callable[[], list[str]]
) -> None:
    """The canary, sealed by a person, after it was decided on, returned and written about."""
    filed = file_with_photo(hotline, f"{LIGHTS_OUT} {CANARY}", place_text=WHERE, submission_type="khieu-nai", **CONTACT)
    road.triage()
    review.reject(hotline, staff.coordinator, step(filed, f"Không nhận {CANARY}."))
    tracking.reopen(hotline, filed.code, f"Xin xem lại {CANARY}.")
    assert "table ticket_event" in elsewhere()
    review.seal(hotline, staff.cleared, step(filed, f"Tố cáo {CANARY}."))
    assert elsewhere() == []
    (one,) = opened(hotline, staff)
    assert one.content.note == f"Tố cáo {CANARY}."
    sealed.refer(hotline, staff.cleared, step(filed, f"Cán bộ {CANARY[:-1]}."), "tiep_cong_dan")
    assert elsewhere() == []
    consistent(hotline)


@pytest.mark.parametrize("keyed_later", [False, True], ids=["with a key", "swept in later"])
def test_what_was_of_an_incident_leaves_it_and_every_place_and_comes_back_alone(
    hotline: Hotline, without_key: Hotline, road: Road, staff: Staff, elsewhere: Callable[[], list[str]],
    *, keyed_later: bool,
) -> None:  # fmt: skip
    """The canary in a report that others share, rated and contested before it is sealed.

    Expected: street and cell, rating and "not done" go along; its incident goes on; released it has them again.
    """
    pin: dict[str, Any] = {"latitude": 10.77, "longitude": 106.68}
    first = road.routed(**pin)
    joins = str(first.ticket().incident_id)
    shared = road.file(f"{LIGHTS_OUT} {CANARY}", place_text=f"đường {CANARY}", incident=joins, **pin)
    road.triage()
    work.accept(hotline, staff.alice, step(first))
    work.answer(hotline, staff.alice, step(first, "Xong."))
    tracking.reopen(hotline, shared.code, f"Còn tối {CANARY}.")
    work.accept(hotline, staff.alice, step(first))
    work.answer(hotline, staff.alice, step(first, "Xong rồi."))
    tracking.rate(hotline, shared.code, 2, f"Chưa hẳn {CANARY}.")
    review.split(hotline, staff.coordinator, step(shared))
    before = shared.ticket()
    assert None not in {before.street, before.cell}
    assert {"table ticket", "table feedback", "table ticket_event"} <= set(elsewhere())
    sealing = without_key if keyed_later else hotline
    review.seal(sealing, staff.cleared, step(shared, "Tố cáo."))
    hidden = shared.ticket()
    assert (hidden.incident_id, hidden.joins_id) == (None, None)
    vault.sweep(hotline)
    assert elsewhere() == []
    assert (shared.ticket().street, shared.ticket().cell) == (None, None)
    consistent(hotline)
    road.release(shared)
    after = shared.ticket()
    assert (after.street, after.cell, after.incident_id) == (before.street, before.cell, None)
    assert after.feedback is not None
    assert (after.feedback.rating, after.feedback.comment) == (2, f"Chưa hẳn {CANARY}.")
    consistent(hotline)


def test_what_units_did_on_a_ticket_goes_into_the_vault_and_comes_back_with_every_law_kept(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock, elsewhere: Callable[[], list[str]]
) -> None:
    """The canary in all that is written: to and from helpers, for more time, of progress, a return, a hold; twice.

    Expected: sealed, no row says a word of it or what it was about; released, all is as it was; others go on meanwhile.
    """
    filed = road.routed(f"{LIGHTS_OUT} {CANARY}")
    incident = filed.ticket().incident_id
    other = road.file(LIGHTS_OUT, incident=str(incident))
    road.triage()
    work.accept(hotline, staff.alice, step(filed))
    coordination.ask_unit(hotline, staff.alice, step(filed, f"Nhờ xem {CANARY}."), BUSES)
    coordination.ask_unit(hotline, staff.alice, step(filed, f"Nhờ tỉa cây {CANARY}."), "ubnd-27163")
    coordination.contribute(hotline, staff.bob, step(filed, f"Đã xem {CANARY}."), done=True)
    extension.ask(hotline, staff.alice, step(filed, f"Chờ bóng {CANARY}."), 1)
    extension.approve(hotline, staff.supervisor, step(filed))
    clock.forward(days=7)  # late since yesterday; the unit above is told tomorrow
    sending.keep(hotline)
    progress.report(hotline, staff.alice, step(filed, f"Đang thay {CANARY}."), (clock.at + timedelta(days=2)).date())
    work.send_back(hotline, staff.alice, step(filed, f"Không phải của tôi {CANARY}."), Why("wrong-unit", BUSES))
    holds.place_by(hotline, staff.cleared, filed.ticket().id, f"Cơ quan điều tra hỏi về {CANARY}.", "")
    sealed_and_released(hotline, road, filed, elsewhere)
    assert (other.status(), other.ticket().incident_id) == (Status.NEEDS_REVIEW, incident)
    review.route(hotline, staff.coordinator, step(filed), review.Choice("street-lighting", LIGHTS))
    clock.forward(days=1)
    sending.keep(hotline)
    with hotline.database.reading() as session:
        told = select(func.max(Notice.at)).where(Notice.ticket_id == filed.ticket().id)
        assert session.scalar(told) == clock.at, "a unit was told of it between the two sealings"
    work.send_back(hotline, staff.alice, step(filed, f"Vẫn không phải {CANARY}."))
    sealed_and_released(hotline, road, filed, elsewhere)


def test_without_a_seal_key_a_denunciation_is_refused_and_every_other_report_is_taken(
    hotline: Hotline, without_key: Hotline, caplog: pytest.LogCaptureFixture
) -> None:
    client = create_app(without_key).test_client()
    assert "LANGNGHE_SEAL_KEY: not set" in caplog.text
    refused = post_form(client, "/", "/", **DECLARED, photos=upload())
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "30")
    assert CANARY in refused.get_data(as_text=True)  # what was typed comes back
    key = {"Idempotency-Key": uuid.uuid4().hex}
    assert client.post("/api/v1/reports", json=DECLARED | {"consent": True}, headers=key).status_code == 503
    with hotline.database.reading() as session:
        assert list(session.scalars(select(Ticket))) == []
    assert not hotline.settings.attachments.exists()
    assert post_form(client, "/", "/", text=LIGHTS_OUT).status_code == 201


def test_what_had_to_be_sealed_without_a_key_is_hidden_and_goes_into_the_vault_with_the_first(
    hotline: Hotline, without_key: Hotline, road: Road, staff: Staff, relay: Relay, elsewhere: Callable[[], list[str]]
) -> None:
    filed = file_with_photo(hotline, LIGHTS_OUT, place_text=WHERE, submission_type="khieu-nai")
    road.triage()
    review.seal(without_key, staff.coordinator, step(filed, "Tố cáo."))
    assert filed.status() is Status.SEALED
    with hotline.database.reading() as session:
        assert review.queue(session, staff.coordinator) == []
        assert violations(session) == [f"a denunciation is in the vault: 1 tickets, such as {filed.ticket().id}"]
    with pytest.raises(SealKeyMissing):
        sealed.open_for(without_key, staff.cleared, filed.ticket().id, WHY)
    assert elsewhere() == []  # a beat of the relay, which has the key
    (one,) = opened(hotline, staff)
    assert (one.content.place_text, one.content.words[max(one.content.words, key=int)]["internal_text"]) == (
        WHERE,
        "Tố cáo.",
    )
    consistent(hotline)


def test_a_plain_photo_that_a_crash_left_goes_with_the_next_sweep(hotline: Hotline, road: Road) -> None:
    filed = file_with_photo(hotline, BRIBE)
    photo = path_of(hotline.settings.attachments, filed.ticket().attachments[0].id)
    kept = photo.read_bytes()
    road.triage()
    photo.write_bytes(kept)
    with hotline.database.transaction() as session:
        session.execute(update(SealedPhoto).values(swept=False))
    vault.sweep(hotline)
    assert not photo.exists()
    assert reconcile(hotline) == (0, 0)


def test_a_release_that_fails_leaves_no_plain_photo(
    hotline: Hotline, road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plain files are written before the commit that names them; without `expect_plain` no sweep would know of them."""
    filed = file_with_photo(hotline, BRIBE)
    photo = path_of(hotline.settings.attachments, filed.ticket().attachments[0].id)
    road.triage()
    vault.sweep(hotline)

    def fail(*_: object) -> None:
        assert photo.exists()
        raise RuntimeError("gone after its photos were written")

    with monkeypatch.context() as trouble:
        trouble.setattr(search, "keep", fail)
        with pytest.raises(RuntimeError):
            road.release(filed)
    vault.sweep(hotline)
    assert not photo.exists()
    assert filed.status() is Status.SEALED
    road.release(filed)
    vault.sweep(hotline)
    assert photo.exists()
    assert reconcile(hotline) == (0, 0)
    consistent(hotline)


def test_the_newest_key_locks_and_every_key_opens(hotline: Hotline, road: Road, staff: Staff) -> None:
    filed = road.sealed(BRIBE)
    old = hotline.settings.seal_keys
    newer = keyed(hotline, "n" * 40, *old)
    assert sealed.open_for(newer, staff.cleared, filed.ticket().id, WHY).content.text == BRIBE
    only_new = keyed(hotline, "n" * 40)
    with pytest.raises(SealKeyMissing):
        sealed.open_for(only_new, staff.cleared, filed.ticket().id, WHY)
    assert sealed.renew(newer, forget_old=False) == 1
    assert sealed.open_for(only_new, staff.cleared, filed.ticket().id, WHY).content.text == BRIBE
    with pytest.raises(SealKeyMissing):
        sealed.open_for(hotline, staff.cleared, filed.ticket().id, WHY)


def test_rotating_makes_a_key_where_keys_are_in_a_file_and_running_processes_take_it_up(
    hotline: Hotline, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = hotline.settings.data
    prepare({"LANGNGHE_DATA": str(data)})
    kept = keyed(hotline)  # a process that runs on meanwhile
    filed = file_with_photo(kept, BRIBE, submission_type="to-cao")
    first = (data / "seal-key").read_text()
    for name, value in (("LANGNGHE_DATA", str(data)), ("LANGNGHE_SECRET_KEY", "s" * 40),
                        ("DATABASE_URL", hotline.settings.database_url.replace("+psycopg", ""))):  # fmt: skip
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("LANGNGHE_SEAL_KEY", raising=False)
    done = CliRunner().invoke(main, ["seal", "rotate"])
    assert (done.exit_code, done.output) == (0, "2 envelopes are locked with the newest key\n")
    assert (data / "seal-key").read_text().split()[1:] == first.split()
    assert sealed.open_for(kept, staff.cleared, filed.ticket().id, WHY).content.text == BRIBE
    done = CliRunner().invoke(main, ["seal", "rotate", "--forget-old"])
    assert done.exit_code == 0
    (left,) = (data / "seal-key").read_text().split()
    assert left not in first
    assert (data / "seal-key").stat().st_mode & 0o077 == 0
    assert sealed.open_for(kept, staff.cleared, filed.ticket().id, WHY).content.text == BRIBE
    (data / "seal-key").unlink()
    missing = CliRunner().invoke(main, ["seal", "rotate"])
    assert missing.exit_code == 1
    assert "LANGNGHE_SEAL_KEY: not set" in missing.output


def test_one_envelope_says_nothing_of_another_and_nothing_can_be_changed_in_it(hotline: Hotline, road: Road) -> None:
    for _ in range(2):
        road.sealed(BRIBE)
    with hotline.database.reading() as session:
        one, other = session.scalars(select(SealedContent.envelope)).all()
    assert one != other
    with pytest.raises(SealKeyMissing):
        hotline.seals.decrypt(one[:-4] + b"AAAA")


@pytest.mark.parametrize(
    ("said", "gone", "kept"),
    [
        ("Tôi tên là Lê Thị Tám, tố cáo ông Trần Văn Bảy.", "Tám", "ông Trần Văn Bảy"),
        ("Em là Nguyễn Hoa, ngụ tại 12/3 Hoa Sứ, phường Tân Định. Bà Chín nhận tiền.", "Nguyễn Hoa|12/3", "Bà Chín"),
        ("Gọi tôi số 0901.234.567 hoặc tam@vidu.vn", "0901|tam@", "Gọi tôi"),
        ("Xe tôi 59X1-234.56 bị ông Bảy giữ", "59X1", "ông Bảy giữ"),
        ("Nhà tôi ở số 9 hẻm 12 đường Hoa Sứ. Ông Bảy xây trái phép.", "Hoa Sứ", "Ông Bảy xây trái phép."),
        ("Người làm đơn: Phạm Thị Mười", "Mười", "Người làm đơn"),
    ],
)
def test_the_proposal_masks_who_wrote_and_keeps_whom_they_accuse(said: str, gone: str, kept: str) -> None:
    found = redacted(said)
    assert kept in found
    assert not [word for word in gone.split("|") if word in found]


def sealed_and_released(hotline: Hotline, road: Road, filed: Filed, elsewhere: Callable[[], list[str]]) -> None:
    """Seal a ticket and release it again, looking after the laws and what is left in clear at each step."""
    before = left_by_units(hotline, filed)
    consistent(hotline)
    clues = {word for word in (CANARY, "den-duong", "street-lighting") if word in str(before)}
    assert clues == {CANARY, "den-duong", "street-lighting"}
    review.seal(hotline, road.staff.cleared, step(filed, "Tố cáo."))
    consistent(hotline)
    assert elsewhere() == []
    assert not [word for word in clues if word in str(left_by_units(hotline, filed))]
    consistent(hotline)
    road.release(filed)
    consistent(hotline)
    after = left_by_units(hotline, filed)
    assert {table: kept[: len(before[table])] for table, kept in after.items()} == before


def left_by_units(hotline: Hotline, filed: Filed) -> dict[str, list[dict[str, Any]]]:
    """Return what the work of units has left in tables of its own, and the history."""
    ticket_id = filed.ticket().id
    helped = select(Assignment.id).where(Assignment.ticket_id == ticket_id)
    rows_of = {
        "part": select(Part.__table__).where(Part.assignment_id.in_(helped)).order_by(Part.assignment_id),
        "extension": select(Extension.__table__).where(Extension.ticket_id == ticket_id),
    } | {
        kind.__tablename__: select(kind.__table__).where(kind.ticket_id == ticket_id).order_by(kind.id)
        for kind in (Assignment, TicketReturn, TicketEvent, Deadline, LegalHold)
    }
    with hotline.database.reading() as session:
        return {table: [dict(row) for row in session.execute(query).mappings()] for table, query in rows_of.items()}


def keyed(hotline: Hotline, *keys: str) -> Hotline:
    """Return the installation as a process with other seal keys sees it; with none, those of the file count."""
    return replace(hotline, settings=replace(hotline.settings, seal_keys=keys))


@pytest.fixture
def without_key(hotline: Hotline) -> Hotline:
    """Return the installation as a process without any seal key sees it."""
    return keyed(hotline)


def upload() -> tuple[io.BytesIO, str]:
    return io.BytesIO(picture()), f"{CANARY}.png"


def opened(hotline: Hotline, staff: Staff) -> list[sealed.Opened]:
    with hotline.database.reading() as session:
        ids = list(session.scalars(select(SealedContent.ticket_id)))
    return [sealed.open_for(hotline, staff.cleared, ticket_id, WHY) for ticket_id in ids]


def rows(hotline: Hotline) -> Iterator[tuple[str, bytes]]:
    """Yield every row of every table of the database, whatever the models say, as bytes."""
    there = MetaData()
    there.reflect(hotline.database.engine)
    with hotline.database.reading() as session:
        for table in there.tables.values():
            for row in session.execute(select(table)):
                yield table.name, b"".join(v if isinstance(v, bytes) else str(v).encode() for v in row)


def held_in(redis: RedisServer) -> Iterator[tuple[bytes, bytes]]:
    """Yield every key of a Redis with its value as it would be dumped."""
    client = Redis(unix_socket_path=str(redis.socket))
    for key in client.scan_iter():
        yield key, bytes(client.dump(key) or b"")
    client.close()


def consistent(hotline: Hotline) -> None:
    with hotline.database.reading() as session:
        assert_consistent(session)


def test_a_key_file_stays_its_owners_and_one_that_cannot_be_read_is_a_missing_key(
    hotline: Hotline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root rotates what the services read as a user of their own."""
    settings = replace(hotline.settings, seal_keys=())
    settings.seal_file.write_text(f"{'o' * 43}\n")
    owner, given = settings.seal_file.stat(), list[tuple[int, int]]()
    monkeypatch.setattr(os, "fchown", lambda _file, user, group: given.append((user, group)))
    Seals(settings).add_key()
    assert given == []
    monkeypatch.setattr(os, "geteuid", lambda: owner.st_uid + 1)
    Seals(settings).add_key()
    assert given == [(owner.st_uid, owner.st_gid)]
    settings.seal_file.unlink()
    settings.seal_file.mkdir()
    with pytest.raises(SealKeyMissing):
        Seals(settings).encrypt(b"x")
