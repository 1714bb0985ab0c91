"""Personal data: locked field by field, masked until somebody says why, kept as long as needed, gone when asked."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient
from sqlalchemy import MetaData, delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from app import doctor, search
from app.cli import main
from app.consistency import assert_consistent
from app.hotline import Hotline
from app.persons import contacts, erasure, holds, retention, rotation, service
from app.persons.contacts import contact_of, tickets_of_number
from app.persons.keys import ContactKeyMissing, ContactKeys
from app.persons.mask import masked_email, masked_name, masked_number
from app.photostore import path_of
from app.problems import Refused
from app.review import service as review
from app.sealed import service as sealed
from app.settings import prepare
from app.tracking import service as tracking
from app.triage.relay import Relay
from app.web import create_app
from app.work import service as work
from classifier.redact import MASK
from models.account import Account
from models.person import Consent, Erasure, ErasureDoor, LegalHold
from models.ticket import Assignment, Attachment, Contact, Ticket, TicketEvent
from models.vocabulary import ErasureCause, Status, SubmissionType
from tests.app.conftest import LIGHTS_OUT, Clock, Filed, Road, Staff, file_with_photo, step
from tests.installation import browser_of
from tests.pages import hidden, post_form, words

NAME = "Trần Thị Bông"
PHONE = "+84901234512"
EMAIL = "bong.tran@vidu.vn"
LEFT: dict[str, Any] = {"contact_name": NAME, "contact_phone": "0901 234 512", "contact_email": EMAIL, "consent": True}
WHY = "Gọi hỏi số trụ đèn."
Log = Callable[[Account], FlaskClient]
Bearer = Callable[[Account], dict[str, str]]


# Locked


def test_a_contact_is_in_no_table_in_clear_and_opens_as_it_was_left(hotline: Hotline, road: Road) -> None:
    """Without `contacts.locked` in `app.intake.service` the table of contacts holds all three."""
    filed = road.routed(**LEFT)
    assert holding(hotline, NAME, "901234512", "901 234 512", EMAIL) == []
    found = filed.contact()
    assert found is not None
    assert (found.name, found.phone, found.email) == (NAME, PHONE, EMAIL)


def test_a_ciphertext_opens_at_its_own_place_alone(hotline: Hotline, road: Road) -> None:
    """Injected: ciphertexts swapped between fields and between tickets. Expected: none opens, nothing else is told.

    Without the associated data in `ContactKeys.lock` each opens as somebody else's.
    """
    one, other = road.routed(**LEFT), road.routed(**(LEFT | {"contact_phone": "0912345678"}))
    with hotline.database.reading() as session:
        mine, theirs = session.get_one(Contact, one.ticket().id), session.get_one(Contact, other.ticket().id)
        swaps = {"phone": theirs.phone, "name": mine.email, "email": mine.name}
    for field, token in swaps.items():
        with hotline.database.transaction() as session:
            session.execute(update(Contact).where(Contact.ticket_id == one.ticket().id).values({field: token}))
        with pytest.raises(ContactKeyMissing):
            one.contact()
        with hotline.database.transaction() as session:
            own = {field: getattr(mine, field)}
            session.execute(update(Contact).where(Contact.ticket_id == one.ticket().id).values(own))
        assert one.contact() is not None


def test_no_two_ciphertexts_are_alike_and_each_names_its_key(hotline: Hotline) -> None:
    keys, place = hotline.contact_keys, uuid4()
    tokens = {keys.lock(place, "phone", PHONE) for _ in range(20)}
    assert len(tokens) == 20
    assert {keys.open(place, "phone", token) for token in tokens} == {PHONE}
    with pytest.raises(ContactKeyMissing):
        ContactKeys(replace(hotline.settings, contact_keys=("other" * 10,))).open(place, "phone", tokens.pop())


def test_a_number_is_found_by_its_digest_in_all_tickets_that_left_it_and_in_no_denunciation(
    hotline: Hotline, road: Road
) -> None:
    first, second = road.routed(**LEFT), road.routed("Xe buýt bỏ trạm, tài xế xe buýt không dừng", **LEFT)
    road.routed(contact_phone="0912345678", consent=True)
    road.sealed(**LEFT)
    waiting = road.file(**LEFT)
    with hotline.database.reading() as session:
        found = {ticket.id for ticket in tickets_of_number(hotline, session, PHONE)}
        digest = session.get_one(Contact, first.ticket().id).phone_index
        same = session.get_one(Contact, second.ticket().id).phone_index
    assert found == {first.ticket().id, second.ticket().id}
    assert waiting.ticket().id not in found
    assert digest == same
    assert digest is not None
    assert "901234512" not in digest


def test_turning_the_keys_locks_everything_anew_while_citizens_file_and_find(hotline: Hotline, road: Road) -> None:
    filed = [road.file(**LEFT) for _ in range(3)]
    old = hotline.settings.contact_keys
    newer = keyed(hotline, "n" * 40, *old)
    with newer.database.reading() as session:
        assert len(tickets_of_number(newer, session, PHONE, Ticket.id.is_not(None))) == 3
    assert rotation.rotate(newer, forget_old=False) == 3
    assert rotation.rotate(newer, forget_old=False) == 0
    only_new = keyed(hotline, "n" * 40)
    with only_new.database.reading() as session:
        assert len(tickets_of_number(only_new, session, PHONE, Ticket.id.is_not(None))) == 3
        for one in filed:
            found = contact_of(only_new, session, one.ticket().id)
            assert found is not None
            assert found.identity == (NAME, PHONE, EMAIL)
    with pytest.raises(ContactKeyMissing):
        filed[0].contact()
    assert [name for name, _ in rotation.counted(hotline)] == [
        hotline.contact_keys.newest, f"{rotation.LOST}{only_new.contact_keys.newest}",
    ]  # fmt: skip


def test_keys_in_a_file_are_turned_by_the_command_and_running_processes_take_them_up(
    hotline: Hotline, road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = hotline.settings.data
    prepare({"LANGNGHE_DATA": str(data)})
    running = keyed(hotline)
    filed = file_as(running, **LEFT)
    set_environment(monkeypatch, hotline)
    first = (data / "contact-key").read_text()
    assert run("keys", "rotate").output == "1 contacts are locked with the newest key\n"
    assert (data / "contact-key").read_text().split()[1:] == first.split()
    assert opened_by(running, filed) == (NAME, PHONE, EMAIL)
    listed = run("keys", "list").output.split()
    assert (listed[0], listed[2]) == ("1", "0")
    assert first.strip() not in listed
    assert run("keys", "rotate", "--forget-old").exit_code == 0
    (left,) = (data / "contact-key").read_text().split()
    assert left not in first
    assert (data / "contact-key").stat().st_mode & 0o077 == 0
    assert opened_by(running, filed) == (NAME, PHONE, EMAIL)
    named = {check.name: check.detail for check in doctor.examine() if not check.ok}
    assert "contacts" not in named
    (data / "contact-key").write_text("z" * 40)
    named = {check.name: check.detail for check in doctor.examine() if not check.ok}
    assert "1 contacts are locked with a key that is not here" in named["contacts"]
    (data / "contact-key").unlink()
    named = {check.name: check.detail for check in doctor.examine() if not check.ok}
    assert "LANGNGHE_CONTACT_KEY: not set" in named["contact key"]
    missing = run("keys", "rotate")
    assert missing.exit_code == 1
    assert "LANGNGHE_CONTACT_KEY: not set" in missing.output


def test_without_the_key_a_contact_is_refused_and_nothing_is_kept_of_it(
    hotline: Hotline, staff: Staff, road: Road, caplog: pytest.LogCaptureFixture
) -> None:
    filed = road.routed(**LEFT)
    keyless = keyed(hotline)
    app = create_app(keyless)
    assert "LANGNGHE_CONTACT_KEY: not set" in caplog.text
    client = app.test_client()
    fields = {name: value for name, value in LEFT.items() if name != "consent"} | {"consent": "true"}
    refused = post_form(client, "/", "/", text=LIGHTS_OUT, **fields)
    assert refused.status_code == 503
    assert "0901 234 512" in refused.get_data(as_text=True)  # what was typed comes back
    assert post_form(client, "/", "/", text=LIGHTS_OUT).status_code == 201
    page = browser_of(app, keyless, staff.alice).get(f"/work/{filed.ticket().id}")
    assert page.status_code == 200
    assert "Đã khóa" in words(page.get_data(as_text=True))


def test_what_an_earlier_release_wrote_in_clear_is_read_found_and_locked_by_the_relay(
    hotline: Hotline, road: Road, relay: Relay
) -> None:
    """Injected: rows as the code before this one writes them, side by side with it. Expected: nothing lost; locked.

    Without `contacts.sweep` in the relay they lie in clear for good.
    """
    filed = [road.routed() for _ in range(3)]
    with hotline.database.transaction() as session:
        for one in filed:
            row = {"ticket_id": one.ticket().id, "name": NAME, "phone": PHONE, "consented_at": hotline.now()}
            session.execute(insert(Contact).values(row | {"key_id": None}))
    assert holding(hotline, NAME) == ["contact"]
    with hotline.database.reading() as session:
        assert len(tickets_of_number(hotline, session, PHONE)) == 3
    relay.once()
    assert holding(hotline, NAME, "901234512") == []
    assert [one.contact().identity for one in filed if one.contact()] == [(NAME, PHONE)] * 3  # type: ignore[union-attr]
    assert contacts.sweep(hotline) == 0


def test_sealing_takes_the_contact_into_the_vault_and_release_brings_it_back(
    hotline: Hotline, road: Road, staff: Staff
) -> None:
    filed = road.routed(submission_type="khieu-nai", **LEFT)
    review.seal(hotline, staff.coordinator, step(filed, "Tố cáo."))
    assert filed.contact() is None
    assert sealed.open_for(hotline, staff.cleared, filed.ticket().id, WHY).content.identity == (NAME, PHONE, EMAIL)
    road.release(filed)
    found = filed.contact()
    assert found is not None
    assert found.identity == (NAME, PHONE, EMAIL)
    consistent(hotline)


def test_consent_is_on_record_with_its_purpose_and_the_record_cannot_be_changed(hotline: Hotline, road: Road) -> None:
    filed = road.routed(**LEFT)
    road.routed()
    with hotline.database.reading() as session:
        (one,) = session.scalars(select(Consent))
        assert (one.ticket_id, one.purpose.value, one.given, one.channel.value) == (
            filed.ticket().id, "answer", True, "web",
        )  # fmt: skip
    for record in ("update consent set given = false", "delete from consent", "delete from erasure"):
        if "erasure" in record:
            tracking.erase_contact(hotline, filed.code)
        with pytest.raises(DBAPIError, match="append-only"), hotline.database.transaction() as session:
            session.execute(text(record))


# Masked


@pytest.mark.parametrize(
    ("whole", "shown"),
    [("+84901234512", "09•• ••• •12"), ("+842838291234", "02•• ••• ••34"), ("+12025550123", "+1•• ••• ••••23")],
)
def test_a_number_is_shown_by_its_ends(whole: str, shown: str) -> None:
    assert masked_number(whole) == shown


def test_a_name_and_an_address_are_shown_by_their_beginnings() -> None:
    assert masked_name(NAME) == "T•• T•• B••"
    assert masked_email(EMAIL) == "b•••@v•••.vn"


def test_staff_see_a_contact_masked_and_whole_only_for_a_reason_that_stays_on_record(
    hotline: Hotline, road: Road, staff: Staff, log_in: Log, bearer: Bearer
) -> None:
    """Injected: every page and answer about a ticket. Expected: no part of its contact whole but for who said why.

    Without `masked_of` in `work.views.shared_context` the number stands on every staff page.
    """
    filed = road.routed(**LEFT)
    ticket = filed.ticket()
    alice, address = log_in(staff.alice), f"/work/{ticket.id}"
    page = alice.get(address).get_data(as_text=True)
    assert "09•• ••• •12" in page
    for name in ("alice", "coordinator", "auditor", "supervisor"):
        shown = log_in(staff.accounts[name]).get(address).get_data(as_text=True)
        assert not [part for part in (NAME, PHONE, "0901234512", EMAIL) if part in shown], name
    for why in ("", "gọi"):
        refused = post_form(alice, address, f"{address}/contact", reason=why)
        assert refused.status_code == 422
        assert PHONE not in refused.get_data(as_text=True)
    told = post_form(alice, address, f"{address}/contact", reason=WHY)
    assert (told.status_code, told.headers["Cache-Control"]) == (200, "no-store")
    assert all(part in told.get_data(as_text=True) for part in (NAME, PHONE, "0901 234 512", EMAIL))
    event = filed.ticket().events[-1]
    assert (event.kind, event.actor_id, event.internal_text) == ("contact_shown", staff.alice.id, WHY)
    assert PHONE not in alice.get(address).get_data(as_text=True)
    assert "Người phụ trách đã xem liên hệ" in words(alice.post("/t", data={"code": filed.code}).get_data(as_text=True))
    api = f"/api/v1/tickets/{ticket.id}"
    program = alice.application.test_client()
    masked = program.get(api, headers=bearer(staff.alice))
    assert json.loads(masked.text)["contact"] == {
        "name": "T•• T•• B••", "phone": "09•• ••• •12", "email": "b•••@v•••.vn",
    }  # fmt: skip
    whole = program.post(f"{api}/contact", json={"reason": WHY}, headers=bearer(staff.coordinator))
    assert json.loads(whole.text)["phone"] == PHONE
    assert [event.kind for event in filed.ticket().events].count("contact_shown") == 2


def test_who_does_not_deal_with_the_citizen_sees_no_contact(
    road: Road, staff: Staff, log_in: Log, client: FlaskClient
) -> None:
    filed = road.routed(**LEFT)
    address = f"/work/{filed.ticket().id}/contact"
    csrf = hidden(log_in(staff.alice).get("/work").get_data(as_text=True), "csrf_token")
    assert client.post(address, data={"reason": WHY, "csrf_token": csrf}).status_code in {303, 403}
    for name in ("bob", "auditor", "admin", "call_taker"):
        browser = log_in(staff.accounts[name])
        token = hidden(browser.get("/rieng-tu").get_data(as_text=True), "csrf_token")
        assert browser.post(address, data={"reason": WHY, "csrf_token": token}).status_code == 404, name
    assert "contact_shown" not in filed.kinds()


def test_what_a_unit_wrote_to_one_is_masked_for_the_others_who_reported_the_same(
    hotline: Hotline, road: Road, staff: Staff
) -> None:
    """Without `masked` in `tracking.service._shared` everybody of an incident reads the lead's citizen's number."""
    lead = road.routed(**LEFT)
    other = road.file(LIGHTS_OUT, incident=str(lead.ticket().incident_id))
    road.triage()
    work.accept(hotline, staff.alice, step(lead))
    said = f"Chào {NAME}, đã gọi 0901234512 và gửi {EMAIL}; xe 59X1-234.56 đã dời."
    work.answer(hotline, staff.alice, step(lead, said))
    (mine,) = [m.public_text for m in tracking.track(hotline, lead.code).timeline if m.kind == "answered"]
    (theirs,) = [m.public_text for m in tracking.track(hotline, other.code).timeline if m.kind == "answered"]
    assert mine == said
    assert theirs == f"Chào {MASK}, đã gọi {MASK} và gửi {MASK}; xe {MASK} đã dời."


# Gone


def test_a_citizen_with_the_code_has_their_contact_erased_at_once_and_the_case_goes_on(
    hotline: Hotline, road: Road, staff: Staff, client: FlaskClient
) -> None:
    """The words stay but for who wrote them. Without `_mask_history` the history keeps the name."""
    filed = road.routed(f"{LIGHTS_OUT}. Tôi là {NAME}, gọi 0901.234.512 giúp", place_text="12 Hoa Sứ", **LEFT)
    work.accept(hotline, staff.alice, step(filed))
    work.ask(hotline, staff.alice, step(filed, f"Anh chị {NAME} cho biết số trụ?"))
    tracking.add_information(hotline, filed.code, f"Trụ 4, nhắn {EMAIL}")
    shown = client.post("/t", data={"code": filed.code}).get_data(as_text=True)
    assert "Xóa thông tin liên hệ của tôi" in words(shown)
    done = client.post("/t/xoa-lien-he", data={"code": filed.code})
    assert done.status_code == 200
    assert "Thông tin cá nhân của bạn đã được xóa" in words(done.get_data(as_text=True))
    assert "Xóa thông tin liên hệ của tôi" not in words(done.get_data(as_text=True))
    assert holding(hotline, NAME, "901234512", "901.234.512", EMAIL, "tran thi bong") == []
    ticket = filed.ticket()
    assert (ticket.text, ticket.place_text) == (f"{LIGHTS_OUT}. Tôi là {MASK}, gọi {MASK} giúp", "12 Hoa Sứ")
    assert ticket.status is Status.IN_PROGRESS
    assert [e.public_text for e in ticket.events if e.public_text] == [
        f"Anh chị {MASK} cho biết số trụ?", f"Trụ 4, nhắn {MASK}",
    ]  # fmt: skip
    assert filed.contact() is None
    with hotline.database.reading() as session:
        (record,) = session.scalars(select(Erasure))
        assert (record.cause, record.what) == (ErasureCause.CITIZEN, {"contact": True, "words": 2, "photos": 0})
        assert [one.given for one in session.scalars(select(Consent).order_by(Consent.id))] == [True, False]
        assert session.scalars(select(ErasureDoor)).all() == []
    again = client.post("/t/xoa-lien-he", data={"code": filed.code})
    assert again.status_code == 409
    work.answer(hotline, staff.alice, step(filed, "Đã sửa."))
    consistent(hotline)


def test_a_denunciation_offers_no_erasure_for_its_law_is_another(
    hotline: Hotline, road: Road, client: FlaskClient
) -> None:
    filed = road.sealed(**LEFT)
    assert "Xóa thông tin" not in words(client.post("/t", data={"code": filed.code}).get_data(as_text=True))
    assert client.post("/t/xoa-lien-he", data={"code": filed.code}).status_code == 409
    with hotline.database.reading() as session:
        assert session.scalars(select(Erasure)).all() == []


def test_a_program_with_the_code_may_do_the_same(road: Road, client: FlaskClient) -> None:
    filed = road.routed(**LEFT)
    assert json.loads(client.post("/api/v1/track", json={"code": filed.code}).text)["can_erase"] is True
    done = client.post("/api/v1/track/erase-contact", json={"code": filed.code})
    assert (done.status_code, json.loads(done.text)["can_erase"]) == (200, False)
    assert client.post("/api/v1/track/erase-contact", json={"code": filed.code}).status_code == 409
    assert filed.contact() is None


def test_the_history_lets_words_be_masked_in_an_erasure_and_in_no_other_way(hotline: Hotline, road: Road) -> None:
    """Injected: changes of an event with and without the door. Expected: refused but for a mask at the door.

    Without the door in the triggers, or with the condition on its words taken out, history can be rewritten.
    """
    filed = road.asked("Trụ số mấy?")
    ticket_id = filed.ticket().id
    mine = TicketEvent.ticket_id == ticket_id, TicketEvent.public_text.is_not(None)

    def change(values: dict[str, Any], *, door: bool, record: bool = True) -> None:
        with hotline.database.transaction() as session:
            if record:
                session.add(made := Erasure(ticket_id=ticket_id, at=hotline.now(), cause=ErasureCause.REQUEST, what={}))
                session.flush()
            if door:
                session.add(ErasureDoor(ticket_id=ticket_id, erasure_id=made.id if record else 999))
                session.flush()
            session.execute(update(TicketEvent).where(*mine).values(values))
            session.execute(delete(ErasureDoor))

    unlawful: list[dict[str, Any]] = [{"public_text": "Khác"}, {"public_text": None}, {"internal_text": MASK},
                                      {"kind": "closed"}, {"data": {"a": 1}, "public_text": MASK}]  # fmt: skip
    for values in [{"public_text": f"Trụ {MASK}?"}, *unlawful]:
        with pytest.raises(DBAPIError):
            change(values, door=False)
        with pytest.raises(DBAPIError):
            change(values, door=True, record=False)
    for values in unlawful:
        with pytest.raises(DBAPIError):
            change(values, door=True)
    change({"public_text": f"Trụ {MASK}?"}, door=True)
    assert [e.public_text for e in filed.ticket().events if e.public_text] == [f"Trụ {MASK}?"]


# Kept as long as needed


def test_a_purge_takes_the_person_out_of_what_ended_long_ago_and_leaves_the_case(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock
) -> None:
    """Expected: words, home, photo and contact gone where the rule's time is over; unit, topic, dates stay; once."""
    home = f"{LIGHTS_OUT}. Tôi tên là {NAME}, ngụ tại 12/3 Hoa Sứ"
    old = file_with_photo(hotline, home, contact_phone="0901234512", consent="true", place_text="12/3 Hoa Sứ",
                          latitude="10.776512", longitude="106.668912")  # fmt: skip
    road.triage()
    work.accept(hotline, staff.alice, step(old))
    work.answer(hotline, staff.alice, step(old, f"Đã sửa cho chị {NAME}, 0901234512."))
    tracking.rate(hotline, old.code, 5, "Gọi lại 0901234512 nhé")
    still_open, complaint = road.routed(**LEFT), road.routed(submission_type="khieu-nai", **LEFT)
    review.reject(hotline, staff.coordinator, step(complaint, "Không nhận."), "other")
    denounced = road.sealed(**LEFT)
    photo = path_of(hotline.settings.attachments, old.ticket().attachments[0].id)
    before = old.ticket()
    clock.forward(days=729)
    assert retention.due(hotline) == {}
    assert retention.purge(hotline) == {}
    clock.forward(days=3)
    assert photo.is_file()
    assert retention.due(hotline) == {SubmissionType.REPORT: 1}
    assert old.contact() is not None, "a dry run changes nothing"
    assert retention.purge(hotline) == {SubmissionType.REPORT: 1}
    after = old.ticket()
    assert holding(hotline, "12/3", "10.776512", "hoa su") == []
    assert NAME not in str([after.text, [e.public_text for e in after.events]])
    assert (after.lat, after.lon, after.place_text) == (10.777, 106.669, None)
    assert not photo.exists()
    assert after.attachments == []
    assert after.feedback is not None
    assert (after.feedback.rating, after.feedback.comment) == (5, f"Gọi lại {MASK} nhé")
    for kept in ("status", "topic_slug", "ward_code", "department_id", "received_at", "answered_at", "submission_type"):
        assert getattr(after, kept) == getattr(before, kept), kept
    assert [d.met_at for d in after.deadlines] == [d.met_at for d in before.deadlines]
    assert still_open.contact() is not None
    assert complaint.contact() is not None
    assert denounced.status() is Status.SEALED
    assert retention.purge(hotline) == {}
    with hotline.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Erasure)) == 1
        assert session.scalar(select(func.count()).select_from(Attachment)) == 0
    consistent(hotline)


def test_a_mask_that_is_longer_than_what_it_hides_fits_its_column(
    hotline: Hotline, road: Road, staff: Staff, client: FlaskClient
) -> None:
    """A name of two letters in words that fill their column: PostgreSQL would not take them masked."""
    filed = road.routed(**(LEFT | {"contact_name": "An"}), place_text=("An " * 166).strip())
    work.accept(hotline, staff.alice, step(filed))
    work.answer(hotline, staff.alice, step(filed, "Xong."))
    tracking.rate(hotline, filed.code, 5, ("An " * 333).strip())
    with hotline.database.transaction() as session:
        session.execute(update(Assignment).values(because=("An " * 166).strip()))
    assert client.post("/t/xoa-lien-he", data={"code": filed.code}).status_code == 200
    ticket = filed.ticket()
    assert ticket.feedback is not None
    masked = (ticket.place_text, 500), (ticket.feedback.comment, 1000), (ticket.assignments[0].because, 500)
    for words_left, most in masked:
        assert words_left is not None
        assert words_left.startswith(f"{MASK} {MASK}")
        assert "An" not in words_left
        assert len(words_left) == most
    consistent(hotline)


def test_a_case_that_cannot_lose_its_person_does_not_keep_the_others_theirs(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = [road.routed(**LEFT) for _ in range(3)]
    for one in ended:
        work.accept(hotline, staff.alice, step(one))
        work.answer(hotline, staff.alice, step(one, "Xong."))
        tracking.rate(hotline, one.code, 5, "")
    clock.forward(days=800)
    wanted = replace(hotline, settings=replace(hotline.settings, purge_daily=True))
    broken, searchable = ended[1].ticket().id, search.keep_up

    def fail(session: Session, ticket: Ticket) -> None:
        if ticket.id == broken:
            raise ValueError
        searchable(session, ticket)

    with monkeypatch.context() as trouble:
        trouble.setattr(search, "keep_up", fail)
        assert retention.daily(wanted) is True
    assert [one.contact() is None for one in ended] == [True, False, True]
    assert retention.due(hotline) == {SubmissionType.REPORT: 1}
    consistent(hotline)
    clock.forward(days=1)
    assert retention.daily(wanted) is True
    assert [one.contact() for one in ended] == [None, None, None]


def test_a_merged_report_is_over_when_the_one_it_follows_is(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock
) -> None:
    lead = road.routed()
    other = road.file(LIGHTS_OUT, incident=str(lead.ticket().incident_id), **LEFT)
    road.triage()
    clock.forward(days=800)
    assert retention.due(hotline) == {}
    work.accept(hotline, staff.alice, step(lead))
    work.answer(hotline, staff.alice, step(lead, "Xong."))
    tracking.rate(hotline, lead.code, 4, "")
    clock.forward(days=729)
    assert retention.purge(hotline) == {}
    assert other.contact() is not None, "the case that it is of ended less long ago"
    clock.forward(days=3)
    assert retention.purge(hotline) == {SubmissionType.REPORT: 2}
    assert other.contact() is None


def test_a_legal_hold_keeps_a_ticket_whole_and_what_was_asked_for_is_done_when_it_is_lifted(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock, client: FlaskClient
) -> None:
    """Without `~held` in `retention._rules` the purge takes it, without `hold_of` in `tracking` its citizen."""
    filed = road.routed(**LEFT)
    hold(hotline, filed, clock.at + timedelta(days=900))
    with pytest.raises(Refused, match="held_already"):
        hold(hotline, filed, None)
    asked = client.post("/t/xoa-lien-he", data={"code": filed.code})
    assert asked.status_code == 409
    assert "Pháp luật yêu cầu giữ nguyên" in words(asked.get_data(as_text=True))
    assert "Bạn xin xóa liên hệ" in words(asked.get_data(as_text=True))
    done, held = service.erase(hotline, PHONE)
    assert (done, [one.hold for one in held]) == (0, ["Tòa yêu cầu."])
    work.accept(hotline, staff.alice, step(filed))
    work.answer(hotline, staff.alice, step(filed, "Xong."))
    tracking.rate(hotline, filed.code, 5, "")
    clock.forward(days=800)
    assert retention.due(hotline) == {}
    assert filed.contact() is not None
    with hotline.database.transaction() as session:
        holds.lift(hotline, session, holds.found(session, filed.ticket().id), staff.cleared)
    assert filed.contact() is None
    assert filed.kinds()[-2:] == ["hold_lifted", "person_erased"]
    with pytest.raises(Refused, match="held_not"), hotline.database.transaction() as session:
        holds.lift(hotline, session, holds.found(session, filed.ticket().id), None)
    consistent(hotline)


def test_a_hold_ends_with_its_day_and_another_may_follow(hotline: Hotline, road: Road, clock: Clock) -> None:
    filed = road.routed(**LEFT)
    with pytest.raises(Refused, match="hold_past"):
        hold(hotline, filed, clock.at)
    hold(hotline, filed, clock.at + timedelta(days=1))
    clock.forward(days=2)
    assert service.erase(hotline, "+84999999999") == (0, [])
    hold(hotline, filed, None)
    with hotline.database.reading() as session:
        first, second = session.scalars(select(LegalHold).order_by(LegalHold.id))
        assert first.lifted_at == first.until
        assert second.lifted_at is None
    sealed_one = road.sealed()
    with pytest.raises(Refused, match="unknown_ticket"):
        hold(hotline, sealed_one, None)


def test_the_relay_purges_once_a_day_and_only_where_that_is_wanted(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock
) -> None:
    ended = [road.routed(**LEFT) for _ in range(2)]
    for one in ended:
        work.accept(hotline, staff.alice, step(one))
        work.answer(hotline, staff.alice, step(one, "Xong."))
        tracking.rate(hotline, one.code, 5, "")
    clock.forward(days=800)
    assert retention.daily(hotline) is False
    wanted = replace(hotline, settings=replace(hotline.settings, purge_daily=True))
    assert retention.daily(wanted) is True
    assert [one.contact() for one in ended] == [None, None]
    assert retention.daily(wanted) is False
    clock.forward(days=1)
    assert retention.daily(wanted) is True


def test_a_purge_that_breaks_off_is_gone_on_with_the_same_day(
    hotline: Hotline, road: Road, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Injected: the database is away during the day's purge. Expected: the next look takes what is over."""
    ended = road.answered()
    tracking.rate(hotline, ended.code, 5, "")
    clock.forward(days=800)
    wanted = replace(hotline, settings=replace(hotline.settings, purge_daily=True))
    with monkeypatch.context() as patched:
        patched.setattr(erasure, "erase", _away)
        with pytest.raises(OperationalError):
            retention.daily(wanted)
    assert retention.daily(wanted) is True
    with hotline.database.reading() as session:
        assert session.scalars(select(Erasure.ticket_id)).all() == [ended.ticket().id]
    assert retention.daily(wanted) is False


def _away(*_: Any, **__: Any) -> None:
    raise OperationalError("", {}, Exception())


def test_two_purges_at_once_take_each_case_once(hotline: Hotline, road: Road, staff: Staff, clock: Clock) -> None:
    """The unique index: what a second relay does meanwhile is refused by the database, not by memory."""
    filed = road.routed(**LEFT)
    work.accept(hotline, staff.alice, step(filed))
    work.answer(hotline, staff.alice, step(filed, "Xong."))
    tracking.rate(hotline, filed.code, 5, "")
    clock.forward(days=800)
    retention.purge(hotline)
    with pytest.raises(DBAPIError), hotline.database.transaction() as session:
        erasure.erase(hotline, session, session.get_one(Ticket, filed.ticket().id), ErasureCause.RETENTION)


# A person asks


def test_all_that_is_kept_of_a_number_comes_out_by_the_command_and_never_stands_in_an_argument(
    hotline: Hotline, road: Road, staff: Staff, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    filed = road.routed(**LEFT)
    road.sealed(**LEFT)
    post = work.accept(hotline, staff.alice, step(filed))
    assert post.status is Status.IN_PROGRESS
    set_environment(monkeypatch, hotline, keys=True)
    out = tmp_path / "mine.json"
    done = run("person", "export", "--out", str(out), given="0901 234 512\n")
    assert done.exit_code == 0, done.output
    assert out.stat().st_mode & 0o077 == 0
    (kept,) = json.loads(out.read_text())["tickets"]
    assert kept["contact"] == {"name": NAME, "phone": PHONE, "email": EMAIL}
    assert (kept["text"], kept["consents"][0]["given"]) == (LIGHTS_OUT, True)
    assert [line["kind"] for line in kept["history"]] == ["received", "triaged", "accepted"]
    assert filed.kinds()[-1] == "contact_exported"
    refused = run("person", "export", given="not a number\n")
    assert refused.exit_code == 2
    assert "not a number" not in refused.output
    assert run("person", "export", "0901234512").exit_code == 2


def test_a_person_goes_out_of_every_ticket_of_their_number_by_the_command_after_a_dry_run(
    hotline: Hotline, road: Road, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first, second, held = (road.routed(**LEFT) for _ in range(3))
    hold(hotline, held, None)
    set_environment(monkeypatch, hotline, keys=True)
    number = tmp_path / "number"
    number.write_text("0901234512\n")
    dry = run("person", "erase", "--phone-from", str(number))
    assert "2 tickets would lose their person" in dry.output
    assert first.contact() is not None
    done = run("person", "erase", "--phone-from", str(number), "--yes")
    assert "2 tickets are without their person now" in done.output
    assert f"HELD {held.ticket().id}: Tòa yêu cầu." in done.output
    assert (first.contact(), second.contact()) == (None, None)
    assert held.contact() is not None
    lifted = run("hold", "lift", str(held.ticket().id))
    assert lifted.exit_code == 0, lifted.output
    assert run("hold", "place", str(held.ticket().id), "--reason", "Lần nữa", "--until", "2030-01-01").exit_code == 0
    assert run("hold", "lift", str(uuid4())).exit_code == 2


def test_the_purge_command_counts_first(
    hotline: Hotline, road: Road, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    filed = road.routed(**LEFT)
    work.accept(hotline, staff.alice, step(filed))
    work.answer(hotline, staff.alice, step(filed, "Xong."))
    tracking.rate(hotline, filed.code, 5, "")
    with hotline.database.transaction() as session:
        # The command's clock is the machine's: this type's three months are over there.
        session.execute(update(Ticket).values(submission_type=SubmissionType.INVALID))
    set_environment(monkeypatch, hotline, keys=True)
    assert "1  rac" in run("purge").output
    assert filed.contact() is not None
    assert "1 cases are without their person now" in run("purge", "--yes").output
    assert filed.contact() is None


@pytest.fixture
def relay(hotline: Hotline, monkeypatch: pytest.MonkeyPatch) -> Relay:
    """Return a relay of which only the upkeep is wanted: there is no Redis here."""
    made = Relay(hotline)
    monkeypatch.setattr(made, "_room", lambda: 0)
    return made


def hold(hotline: Hotline, filed: Filed, until: datetime | None) -> None:
    with hotline.database.transaction() as session:
        holds.place(hotline, session, holds.found(session, filed.ticket().id), "Tòa yêu cầu.", until, None)


def holding(hotline: Hotline, *strings: str) -> list[str]:
    """Return the tables that hold one of these strings in any column, in clear."""
    found = set()
    meta = MetaData()
    meta.reflect(hotline.database.engine)
    with hotline.database.reading() as session:
        for table in meta.sorted_tables:
            for row in session.execute(select(table)):
                said = " ".join(str(value) for value in row)
                found |= {table.name for string in strings if string in said}
    return sorted(found)


def keyed(hotline: Hotline, *keys: str) -> Hotline:
    """Return the installation as a process with these contact keys sees it."""
    return replace(hotline, settings=replace(hotline.settings, contact_keys=keys))


def file_as(hotline: Hotline, **fields: Any) -> Filed:
    return file_with_photo(hotline, LIGHTS_OUT, **fields)


def opened_by(hotline: Hotline, filed: Filed) -> tuple[str, ...]:
    with hotline.database.reading() as session:
        found = contact_of(hotline, session, filed.ticket().id)
    assert found is not None
    return found.identity


def set_environment(monkeypatch: pytest.MonkeyPatch, hotline: Hotline, *, keys: bool = False) -> None:
    """Let commands work on this installation; with its keys given, or those of its data folder."""
    found = {
        "LANGNGHE_DATA": str(hotline.settings.data),
        "LANGNGHE_SECRET_KEY": hotline.settings.secret_key,
        "LANGNGHE_SEAL_KEY": ",".join(hotline.settings.seal_keys),
        "DATABASE_URL": hotline.settings.database_url.replace("+psycopg", ""),
    }
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    if keys:
        monkeypatch.setenv("LANGNGHE_CONTACT_KEY", ",".join(hotline.settings.contact_keys))
    else:
        monkeypatch.delenv("LANGNGHE_CONTACT_KEY", raising=False)


def run(*arguments: str, given: str | None = None) -> Result:
    return CliRunner().invoke(main, arguments, input=given)


def consistent(hotline: Hotline) -> None:
    with hotline.database.reading() as session:
        assert_consistent(session)
