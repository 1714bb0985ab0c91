"""The call-taker's console: drafts, calls, call-backs, handing over, what is told while typing."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import inspect, select, text
from werkzeug.test import TestResponse

from app.accounts import service as accounts
from app.accounts.service import NewAccount
from app.consistency import violations
from app.database import Database
from app.desk import callbacks, callers, calls, drafts, seats, upkeep
from app.desk.callbacks import Wish
from app.desk.calls import Announcement
from app.desk.readout import groups, spelled, spoken
from app.desk.schema import time_to_call
from app.hotline import Hotline
from app.persons.contacts import contact_of
from app.problems import Conflict, NotFound, Refused
from app.web import create_app
from models.account import Account, FederatedIdentity
from models.code import ALPHABET
from models.desk import CallBack, CallDraft, PhoneCall, PhoneCallEvent, PhoneExchange
from models.ticket import Contact, Ticket
from models.vocabulary import CallStep, Channel, Role, Status
from tests.app.conftest import LIGHTS_OUT, Clock, Road, Staff
from tests.installation import browser_of
from tests.pages import hidden, post_form, words

Log = Callable[[Account], FlaskClient]
PHONE, E164 = "0901 234 567", "+84901234567"
#: Words that must be nowhere in the database in clear.
CANARY = "chimhoàngyến"
FIRE = "Cháy nhà, có người kẹt bên trong, khói đen kín"


@pytest.fixture
def other(hotline: Hotline) -> Account:
    """Return a second call-taker."""
    return call_taker(hotline, "other")


def test_a_draft_is_found_again_by_its_call_taker_and_by_nobody_else(
    hotline: Hotline, staff: Staff, other: Account, log_in: Log
) -> None:
    mine = log_in(staff.call_taker)
    kept = save(mine, text="Đèn đường tắt", contact_phone=PHONE)
    assert kept.status_code == 200
    again = save(mine, text="Đèn đường tắt ba đêm", contact_phone=PHONE, **kept.get_json())
    assert again.get_json()["version"] == kept.get_json()["version"] + 1
    page = log_in(staff.call_taker).get("/desk").get_data(as_text=True)
    assert "Đèn đường tắt ba đêm</textarea>" in page
    assert f'value="{PHONE}"' in page
    draft_id = UUID(kept.get_json()["draft"])
    for stranger in (other, staff.coordinator):
        browser = log_in(stranger)
        assert "ba đêm" not in browser.get("/desk").get_data(as_text=True)
        assert browser.get(f"/desk?draft={draft_id}").status_code == 404
        assert save(browser, text="x", draft=str(draft_id), version=2).status_code == 404


def test_of_two_windows_the_slower_overwrites_nothing(staff: Staff, log_in: Log) -> None:
    desk = log_in(staff.call_taker)
    first = save(desk, text="một").get_json()
    assert save(desk, text="hai", **first).status_code == 200
    refused = save(desk, text="ba", **first)
    assert (refused.status_code, refused.get_json()["problems"]) == (409, ["draft_elsewhere"])
    assert "hai</textarea>" in desk.get("/desk").get_data(as_text=True)


def test_a_draft_of_an_unknown_field_is_refused(staff: Staff, log_in: Log) -> None:
    assert save(log_in(staff.call_taker), text="x", latitude="10").status_code == 422


def test_nothing_that_is_said_at_the_desk_lies_in_the_database_in_clear(
    hotline: Hotline, staff: Staff, other: Account
) -> None:
    fields = {"text": CANARY, "place_text": CANARY, "contact_name": CANARY, "contact_phone": E164}
    draft_id, _ = drafts.save(hotline, staff.call_taker, None, 0, fields)
    drafts.hand_over(hotline, staff.call_taker, draft_id, other.id, CANARY)
    callbacks.write_down(hotline, staff.call_taker, Wish(E164, "15", CANARY, CANARY))
    announce(hotline, number=E164)
    whole = everything(hotline.database)
    assert len(whole) > 1000
    for secret in (CANARY, "901234567", "0901 234"):
        assert secret not in whole


def test_filing_deletes_the_draft_and_forgets_the_number_of_the_call(
    hotline: Hotline, staff: Staff, log_in: Log
) -> None:
    call = announce(hotline, number=PHONE, extension="101", sitting=staff.call_taker)
    desk = log_in(staff.call_taker)
    taken = post(desk, f"/desk/calls/{call.id}/take")
    page = desk.get(taken.location).get_data(as_text=True)
    assert f'value="{PHONE}"' in page
    filed = post_form(desk, taken.location, "/desk", text=LIGHTS_OUT, draft=hidden(page, "draft"), nearby="shown")
    assert filed.status_code == 201
    with hotline.database.reading() as session:
        assert session.scalars(select(CallDraft)).all() == []
        row = session.scalars(select(PhoneCall)).one()
        kinds = session.scalars(select(PhoneCallEvent.kind).order_by(PhoneCallEvent.id)).all()
        assert (row.number, row.ended_at is None) == (None, False)
        # nobody consented, so nobody is known
        assert session.scalars(select(Contact)).all() == []
    assert kinds == ["announced", "taken", "filed", "ended"]


def test_a_number_is_kept_with_the_ticket_only_with_consent(hotline: Hotline, staff: Staff, log_in: Log) -> None:
    desk = log_in(staff.call_taker)
    fields = {"text": LIGHTS_OUT, "contact_phone": PHONE, "contact_name": "Cô Tư", "nearby": "shown"}
    assert post_form(desk, "/desk", "/desk", **fields, consent="true").status_code == 201
    assert post_form(desk, "/desk", "/desk", **fields).status_code == 201
    with hotline.database.reading() as session:
        (row,) = session.scalars(select(Contact))
        kept = contact_of(hotline, session, row.ticket_id)
    assert kept is not None
    assert (kept.phone, kept.name) == (E164, "Cô Tư")


def test_a_draft_is_gone_a_day_after_its_last_change_and_is_not_shown_before_it_is_deleted(
    hotline: Hotline, staff: Staff, clock: Clock, log_in: Log
) -> None:
    draft_id, _ = drafts.save(hotline, staff.call_taker, None, 0, {"text": CANARY})
    clock.forward(hours=23)
    assert CANARY in log_in(staff.call_taker).get("/desk").get_data(as_text=True)
    clock.forward(hours=2)
    assert CANARY not in log_in(staff.call_taker).get("/desk").get_data(as_text=True)
    with pytest.raises(NotFound):
        drafts.restore(hotline, staff.call_taker, draft_id)
    for _ in range(2):
        tidy(hotline)
    with hotline.database.reading() as session:
        assert session.scalars(select(CallDraft)).all() == []


def test_a_discarded_draft_comes_back_when_asked_for(staff: Staff, log_in: Log) -> None:
    desk = log_in(staff.call_taker)
    draft_id = save(desk, text=CANARY).get_json()["draft"]
    gone = post(desk, f"/desk/drafts/{draft_id}/discard")
    page = desk.get(gone.location).get_data(as_text=True)
    assert CANARY not in page
    assert f"/desk/drafts/{draft_id}/restore" in page
    assert desk.get(f"/desk?draft={draft_id}").status_code == 404
    back = post(desk, f"/desk/drafts/{draft_id}/restore")
    assert CANARY in desk.get(back.location).get_data(as_text=True)


def test_a_draft_is_offered_to_whoever_can_come_in_by_whatever_way(hotline: Hotline, staff: Staff) -> None:
    with hotline.database.transaction() as session:
        for name in ("invited", "by-provider"):
            account = accounts.create(session, hotline.now(), NewAccount(name, name, Role.CALL_TAKER))
            if name == "by-provider":
                session.add(
                    FederatedIdentity(
                        account_id=account.id, issuer="https://sso.vidu.vn", subject="lan", linked_at=hotline.now()
                    )
                )
    with hotline.database.reading() as session:
        offered = {account.username for account in drafts.colleagues(session, staff.call_taker)}
    assert offered == {"by-provider", "coordinator", "cleared"}


def test_a_draft_that_is_handed_over_is_the_others_with_its_note(
    hotline: Hotline, staff: Staff, other: Account, log_in: Log
) -> None:
    desk, theirs = log_in(staff.call_taker), log_in(other)
    draft_id = save(desk, text="Cây ngã chắn đường").get_json()["draft"]
    answer = post(desk, f"/desk/drafts/{draft_id}/hand-over", to=str(other.id), note="Hỏi giúp số nhà.")
    assert (answer.status_code, answer.get_data(as_text=True)) == (200, "Đã chuyển cho Other.")
    assert desk.get(f"/desk?draft={draft_id}").status_code == 404
    waits = words(theirs.get("/desk/now").get_data(as_text=True))
    assert "Call_Taker chuyển cho bạn Hỏi giúp số nhà." in waits
    page = theirs.get(f"/desk?draft={draft_id}").get_data(as_text=True)
    assert "Cây ngã chắn đường</textarea>" in page
    assert "Hỏi giúp số nhà." in page
    # typed on, it is what is found after a crash, and the note stays with it
    assert save(theirs, text="Cây ngã, số 12", draft=draft_id, version=hidden(page, "draft_version")).status_code == 200
    after = theirs.get("/desk").get_data(as_text=True)
    assert "Cây ngã, số 12</textarea>" in after
    assert "Hỏi giúp số nhà." in after


def test_a_draft_goes_only_to_who_answers_calls_and_a_denunciation_only_to_who_may_open_one(
    hotline: Hotline, staff: Staff, other: Account
) -> None:
    def give(to: Account | None, **fields: str) -> str | None:
        draft_id, _ = drafts.save(hotline, staff.call_taker, None, 0, {"text": "x", **fields})
        try:
            drafts.hand_over(hotline, staff.call_taker, draft_id, to.id if to else None, "")
        except Refused as refused:
            return refused.problems[0].code
        return None

    assert [give(to) for to in (staff.alice, staff.admin, staff.call_taker, None)] == ["hand_to"] * 4
    assert [give(to) for to in (other, staff.coordinator, staff.cleared)] == [None] * 3
    secret = {"submission_type": "to-cao"}
    assert [give(to, **secret) for to in (other, staff.coordinator, staff.cleared)] == [None, "hand_sealed", None]


def test_a_call_is_shown_to_who_sits_at_the_extension_that_rings(
    hotline: Hotline, staff: Staff, other: Account, log_in: Log
) -> None:
    seats.sit(hotline, staff.call_taker, "101", ready=True)
    announce(hotline, number=PHONE, extension="102", sitting=other)
    assert "0901 234 567" in log_in(other).get("/desk/now").get_data(as_text=True)
    assert "0901" not in log_in(staff.call_taker).get("/desk/now").get_data(as_text=True)


def test_a_call_without_an_extension_goes_to_who_has_been_free_the_longest(
    hotline: Hotline, staff: Staff, other: Account, clock: Clock
) -> None:
    third = call_taker(hotline, "third")
    for number, person in enumerate((staff.call_taker, other, third)):
        seats.sit(hotline, person, f"10{number}", ready=person is not third)
    first = announce(hotline, number=PHONE)
    calls.take(hotline, hotline_account(hotline, first.account_id), first.id)
    clock.forward(seconds=5)
    second = announce(hotline, number=PHONE)
    assert {first.account_id, second.account_id} == {staff.call_taker.id, other.id}
    # both are busy, the third rests: all who are there see it
    waits = announce(hotline, number=PHONE)
    assert waits.account_id is None
    with hotline.database.reading() as session:
        assert [one.id for one in calls.waiting(hotline, session, third)] == [waits.id]


def test_a_call_that_is_not_taken_in_twenty_seconds_is_shown_to_all(
    hotline: Hotline, staff: Staff, other: Account, clock: Clock
) -> None:
    seats.sit(hotline, staff.call_taker, "101", ready=True)
    call = announce(hotline, number=PHONE)
    assert call.account_id == staff.call_taker.id
    assert shown(hotline, other) == []
    clock.forward(seconds=21)
    assert shown(hotline, other) == [call.id]
    clock.forward(minutes=6)
    assert shown(hotline, other) == shown(hotline, staff.call_taker) == []


def test_a_call_is_taken_by_one_person(hotline: Hotline, staff: Staff, other: Account) -> None:
    call = announce(hotline, number=PHONE)
    draft_id = calls.take(hotline, staff.call_taker, call.id)
    assert calls.take(hotline, staff.call_taker, call.id) == draft_id
    with pytest.raises(Conflict):
        calls.take(hotline, other, call.id)
    with pytest.raises(NotFound):
        calls.take(hotline, other, uuid4())
    offered = announce(hotline, number=PHONE, extension="7", sitting=staff.call_taker)
    with pytest.raises(NotFound):
        calls.take(hotline, other, offered.id)


def test_an_exchange_may_say_everything_twice(hotline: Hotline, client: FlaskClient, staff: Staff) -> None:
    headers = {"Authorization": f"Bearer {calls.add_exchange(hotline, 'Asterisk')}"}
    seats.sit(hotline, staff.call_taker, "101", ready=True)
    ring = {"call_id": "1700000000.42", "number": "0901234567", "extension": "101"}
    first, again = (client.post("/api/v1/calls", json=ring, headers=headers).get_json() for _ in range(2))
    assert first == again
    assert (first["state"], first["extension"]) == ("offered", "101")
    end = ring | {"event": "ended"}
    assert [client.post("/api/v1/calls", json=end, headers=headers).get_json()["state"] for _ in range(2)] == [
        "ended"
    ] * 2
    with hotline.database.reading() as session:
        assert session.scalars(select(PhoneCallEvent.kind)).all() == ["announced", "ended"]


def test_a_hidden_or_strange_number_pops_up_too(hotline: Hotline, staff: Staff, log_in: Log) -> None:
    desk = log_in(staff.call_taker)
    for number in (None, "anonymous", "113", "+1 212 555 2368", "9" * 40):
        announce(hotline, number=number)
    page = words(desk.get("/desk/now").get_data(as_text=True))
    assert page.count("Số ẩn") >= 2
    assert "113" in page


def test_an_exchange_opens_nothing_else_and_nobody_else_announces(
    hotline: Hotline, client: FlaskClient, staff: Staff, bearer: Callable[[Account], dict[str, str]]
) -> None:
    headers = {"Authorization": f"Bearer {calls.add_exchange(hotline, 'Asterisk')}"}
    ring = {"call_id": "1"}
    assert client.post("/api/v1/calls", json=ring, headers=headers).status_code == 200
    for path in ("/api/v1/tickets", "/api/v1/notices", "/api/v1/review", "/api/v1/units"):
        assert client.get(path, headers=headers).status_code == 401
    assert client.post("/api/v1/calls", json=ring, headers=bearer(staff.call_taker)).status_code == 404
    assert client.post("/api/v1/calls", json=ring).status_code == 401
    calls.revoke_exchange(hotline, "Asterisk")
    assert client.post("/api/v1/calls", json=ring, headers=headers).status_code == 401


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"call_id": ""}, "call_id"),
        ({"call_id": "x" * 121}, "call_id"),
        ({"extension": "ban 1"}, "extension"),
        ({"event": "exploded"}, "not_one_of"),
        ({"number": "1" * 41}, "too_long"),
        ({"number": 901234567}, "not_text"),
        ({"caller": "0901234567"}, "unknown_field"),
    ],
)
def test_what_an_exchange_says_wrong_is_named(
    hotline: Hotline, client: FlaskClient, wrong: dict[str, Any], code: str
) -> None:
    headers = {"Authorization": f"Bearer {calls.add_exchange(hotline, 'Asterisk')}"}
    answer = client.post("/api/v1/calls", json={"call_id": "1", **wrong}, headers=headers)
    assert (answer.status_code, [p["code"] for p in answer.get_json()["errors"]]) == (422, [code])


def test_a_number_is_forgotten_a_day_after_its_call(hotline: Hotline, clock: Clock) -> None:
    announce(hotline, number=PHONE)
    clock.forward(hours=25)
    tidy(hotline)
    with hotline.database.reading() as session:
        assert session.scalars(select(PhoneCall.number)).all() == [None]


def test_an_emergency_that_was_put_through_is_on_record_with_the_call(
    hotline: Hotline, staff: Staff, other: Account, log_in: Log
) -> None:
    desk = log_in(staff.call_taker)
    begun = save(desk, text="Cháy nhà").get_json()
    draft_id = begun["draft"]
    assert post(desk, f"/desk/drafts/{draft_id}/transferred", number="114").status_code == 200
    on = save(desk, draft=draft_id, version=begun["version"], text="Cháy nhà, có người kẹt")
    assert on.status_code == 200, "the page that noted it saves on, under the version that it has"
    assert on.get_json()["draft"] == draft_id
    assert post(desk, f"/desk/drafts/{draft_id}/transferred", number="1022").status_code == 422
    assert post(log_in(other), f"/desk/drafts/{draft_id}/transferred", number="114").status_code == 404
    with hotline.database.reading() as session:
        (event,) = session.scalars(select(PhoneCallEvent))
        (draft,) = session.scalars(select(CallDraft))
    assert (event.kind, event.data, event.actor_id) == ("transferred", {"number": "114"}, staff.call_taker.id)
    assert draft.call_id == event.call_id
    assert post(desk, f"/desk/drafts/{draft_id}/transferred", number="115").status_code == 200
    with hotline.database.reading() as session:
        assert set(session.scalars(select(PhoneCallEvent.call_id))) == {event.call_id}, "one call, put through twice"


def test_a_caller_is_told_of_what_their_number_filed_and_never_of_anything_sealed(
    hotline: Hotline, road: Road, staff: Staff, log_in: Log
) -> None:
    contact: dict[str, Any] = {"contact_phone": PHONE, "consent": True}
    known = road.routed(**contact)
    road.sealed(**contact)
    waiting = road.file(**contact)
    road.file()  # somebody else's
    with hotline.database.reading() as session:
        found = {
            name: callers.tickets_of_number(hotline, session, staff.accounts[name], E164) for name in staff.accounts
        }
    assert {name for name, tickets in found.items() if tickets} == {"call_taker", "coordinator", "cleared"}
    assert [ticket.id for ticket in found["call_taker"]] == [known.ticket().id]
    assert waiting.status() is Status.RECEIVED
    page = words(post(log_in(staff.call_taker), "/desk/caller", contact_phone="0901234567").get_data(as_text=True))
    assert "1 phiếu Chiếu sáng công cộng" in page
    assert LIGHTS_OUT not in page


def test_a_call_back_is_shared_and_done_by_one(hotline: Hotline, staff: Staff, other: Account, clock: Clock) -> None:
    callbacks.write_down(hotline, staff.call_taker, Wish(PHONE, "15", "Chú Bảy", "Hỏi số nhà"))
    assert reminders(hotline, callbacks.due, other) == []
    clock.forward(minutes=16)
    (one,) = reminders(hotline, callbacks.due, other)
    assert (one.number, one.name, one.note, one.due, one.mine) == (E164, "Chú Bảy", "Hỏi số nhà", True, False)
    callbacks.claim(hotline, other, one.id)
    for act in (callbacks.claim, callbacks.release, callbacks.done, callbacks.ring):
        with pytest.raises(Conflict):
            act(hotline, staff.call_taker, one.id)
    assert reminders(hotline, callbacks.due, staff.call_taker) == []
    (seen,) = reminders(hotline, callbacks.owed, staff.call_taker)
    assert seen.taken_by == "Other"
    callbacks.release(hotline, other, one.id)
    callbacks.done(hotline, staff.call_taker, one.id)
    with pytest.raises(Conflict):
        callbacks.claim(hotline, other, one.id)
    callbacks.reopen(hotline, other, one.id)  # not theirs to take back
    assert reminders(hotline, callbacks.owed, other) == []
    callbacks.reopen(hotline, staff.call_taker, one.id)
    assert [again.mine for again in reminders(hotline, callbacks.owed, staff.call_taker)] == [True]


def test_a_claim_ends_with_the_shift(hotline: Hotline, staff: Staff, other: Account, clock: Clock) -> None:
    callbacks.write_down(hotline, staff.call_taker, Wish(PHONE, "15"))
    (one,) = reminders(hotline, callbacks.owed, other)
    callbacks.claim(hotline, other, one.id)
    clock.forward(hours=9)
    assert [again.taken_by for again in reminders(hotline, callbacks.due, staff.call_taker)] == [None]
    callbacks.done(hotline, staff.call_taker, one.id)


def test_a_call_back_of_a_denunciation_is_its_writers_alone(
    hotline: Hotline, staff: Staff, other: Account, log_in: Log
) -> None:
    callbacks.write_down(hotline, staff.call_taker, Wish(PHONE, "15", note=CANARY, submission_type="to-cao"))
    (one,) = reminders(hotline, callbacks.owed, staff.call_taker)
    assert reminders(hotline, callbacks.owed, other) == []
    assert CANARY not in log_in(other).get("/desk/callbacks").get_data(as_text=True)
    with pytest.raises(NotFound):
        callbacks.claim(hotline, other, one.id)
    draft_id = callbacks.ring(hotline, staff.call_taker, one.id)
    with hotline.database.reading() as session:
        fields = drafts.find(hotline, session, staff.call_taker, draft_id).fields
    assert fields == {"contact_phone": PHONE, "submission_type": "to-cao"}


def test_a_call_back_that_is_done_is_deleted_after_a_day_and_an_owed_one_stays(
    hotline: Hotline, staff: Staff, clock: Clock
) -> None:
    for _ in range(2):
        callbacks.write_down(hotline, staff.call_taker, Wish(PHONE, "15"))
    one, _other = reminders(hotline, callbacks.owed, staff.call_taker)
    callbacks.done(hotline, staff.call_taker, one.id)
    clock.forward(hours=25)
    tidy(hotline)
    with hotline.database.reading() as session:
        assert [row.id for row in session.scalars(select(CallBack))] == [_other.id]


def test_a_call_back_that_nobody_does_is_deleted_30_days_after_it_was_due(
    hotline: Hotline, staff: Staff, clock: Clock
) -> None:
    callbacks.write_down(hotline, staff.call_taker, Wish(PHONE, "15"))
    for days, left in ((29, 1), (1, 1), (1, 0)):
        clock.forward(days=days)
        tidy(hotline)
        assert len(reminders(hotline, callbacks.owed, staff.call_taker)) == left


def test_a_call_back_that_was_done_late_stays_its_day(hotline: Hotline, staff: Staff, clock: Clock) -> None:
    callbacks.write_down(hotline, staff.call_taker, Wish(PHONE, "15"))
    clock.forward(days=30)
    (one,) = reminders(hotline, callbacks.owed, staff.call_taker)
    callbacks.done(hotline, staff.call_taker, one.id)
    clock.forward(hours=12)
    tidy(hotline)
    assert len(reminders(hotline, callbacks.done_today, staff.call_taker)) == 1


def test_every_mistake_of_a_call_back_is_named_and_what_was_typed_comes_back(staff: Staff, log_in: Log) -> None:
    desk = log_in(staff.call_taker)
    refused = post_form(desk, "/desk/callbacks", "/desk/callbacks", number="12", when="mai mốt", note=CANARY)
    page = refused.get_data(as_text=True)
    assert refused.status_code == 422
    for said in ("Số điện thoại chưa đúng", "Chưa hiểu giờ gọi lại", CANARY, 'value="mai mốt"'):
        assert said in page
    assert post_form(desk, "/desk/callbacks", "/desk/callbacks", number=PHONE, when="9h").status_code == 303


@pytest.mark.parametrize(
    ("typed", "minutes"),
    [
        ("15", 15),
        ("15 phút", 15),
        ("+20", 20),
        ("2 tiếng", 120),
        ("sau 2h", 120),
        ("in 2 hours", 120),
        ("14:30", 330),
        ("14h30", 330),
        ("2h", 300),  # nobody is called back at two in the night
        ("9h", 24 * 60),  # it is nine now, so tomorrow's
        ("02:00", 17 * 60),
        ("4/3", 23 * 60),
        ("4/3 9h", 24 * 60),
        ("lúc 10 giờ", 60),
        ("2/3", "call_back_far"),
        ("3/3", "call_back_past"),  # at eight, as nobody said when
        ("3/3 8h30", "call_back_past"),
        ("3/3 10h", 60),
        ("31/2", "call_back_when"),
        ("25:00", "call_back_when"),
        ("4/3 mai", "call_back_when"),
        ("", "required"),
        ("9999", "call_back_when"),
        ("999 tiếng", "call_back_far"),
    ],
)
def test_a_time_is_read_as_people_say_it(hotline: Hotline, typed: str, minutes: int | str) -> None:
    """At nine in the morning, Vietnamese time, on 3 March."""
    now, zone = hotline.now(), hotline.files.calendar.zone
    if isinstance(minutes, str):
        with pytest.raises(Refused) as refused:
            time_to_call(typed, now, zone)
        assert refused.value.problems[0].code == minutes
    else:
        assert time_to_call(typed, now, zone) - now == timedelta(minutes=minutes)


def test_the_boxes_tell_topic_unit_deadline_neighbours_and_what_is_left_to_ask(desk: FlaskClient, road: Road) -> None:
    place = "đường Lê Lợi, phường Bến Thành"
    road.routed(place_text=place)
    said = suggested(desk, text=LIGHTS_OUT, place_text=place)
    for box in ("Chiếu sáng công cộng", "Trung tâm Quản lý", "Bến Thành", "1 người đã báo", "Mã số dán trên trụ đèn?"):
        assert box in said, box
    assert "Chỗ nào: số nhà" not in said
    again = suggested(desk, text=LIGHTS_OUT, place_text=place, asked="pole extent leak")
    assert "Mã số dán trên trụ đèn?" not in again


def test_a_chosen_topic_decides_unit_and_questions(desk: FlaskClient) -> None:
    said = suggested(desk, text=LIGHTS_OUT, topic="noise")
    assert "Ồn từ đâu" in said
    assert "Mã số dán trên trụ đèn?" not in said


def test_a_denunciation_is_compared_with_nothing(desk: FlaskClient, road: Road) -> None:
    place = "đường Lê Lợi, phường Bến Thành"
    road.routed(place_text=place)
    said = suggested(desk, text=LIGHTS_OUT, place_text=place, submission_type="to-cao")
    assert "Tố cáo: sẽ niêm phong" in said
    assert "người đã báo" not in said
    assert "Trung tâm" not in said


def test_danger_brings_up_the_numbers(desk: FlaskClient) -> None:
    assert "114 cháy, cứu nạn" in suggested(desk, text=FIRE)


def test_without_a_model_there_are_still_numbers_neighbours_and_questions(
    road: Road, staff: Staff, log_in: Log
) -> None:
    place = "đường Lê Lợi, phường Bến Thành"
    road.routed(place_text=place)
    said = suggested(log_in(staff.call_taker), text=f"{LIGHTS_OUT}. {FIRE}", place_text=place, topic="noise")
    for box in ("114 cháy, cứu nạn", "Máy gợi ý đang nghỉ", "1 người đã báo", "Ồn từ đâu"):
        assert box in said, box


def test_nothing_typed_and_far_too_much_typed_are_looked_at_in_peace(desk: FlaskClient) -> None:
    assert "Từ bao giờ?" in suggested(desk)
    assert "Từ bao giờ?" in suggested(desk, text="x " * 4000)
    assert "Gợi ý hiện ra" in suggested(desk, submission_type="vô lý", topic="không có")


def test_a_topic_that_a_call_taker_confirmed_is_what_the_ticket_is_about(
    hotline: Hotline, desk: FlaskClient, road: Road
) -> None:
    fields = {"text": LIGHTS_OUT, "place_text": "đường Lê Lợi, phường Bến Thành", "nearby": "shown"}
    assert post_form(desk, "/desk", "/desk", **fields, topic="noise").status_code == 201
    assert post_form(desk, "/desk", "/desk", **fields, topic="dragons").status_code == 422
    road.triage()
    with hotline.database.reading() as session:
        (ticket,) = session.scalars(select(Ticket))
        (triaged,) = [event for event in ticket.events if event.kind == "triaged"]
        assert ticket.channel is Channel.PHONE
        assert (ticket.topic_slug, triaged.data["confirmed"]) == ("noise", "noise")
        assert triaged.data["topic"] == "street-lighting"
        assert violations(session) == []


def test_a_denunciation_keeps_no_topic_outside_the_vault(hotline: Hotline, desk: FlaskClient, road: Road) -> None:
    said = {"text": LIGHTS_OUT, "topic": "official-conduct", "submission_type": "to-cao", "nearby": "shown"}
    assert post_form(desk, "/desk", "/desk", **said).status_code == 201
    road.triage()
    with hotline.database.reading() as session:
        (ticket,) = session.scalars(select(Ticket))
        assert (ticket.status, ticket.topic_slug, ticket.text) == (Status.SEALED, None, "")
        assert violations(session) == []


def test_a_refused_filing_says_why_in_its_place_and_keeps_the_draft(
    hotline: Hotline, staff: Staff, log_in: Log
) -> None:
    desk = log_in(staff.call_taker)
    draft_id = save(desk, text="ngắn").get_json()["draft"]
    page = desk.get("/desk").get_data(as_text=True)
    token = {name: hidden(page, name) for name in ("csrf_token", "form_token")}
    refused = desk.post("/desk", data={**token, "text": "ngắn", "draft": draft_id}, headers={"X-Part": "1"})
    said = refused.get_data(as_text=True)
    assert (refused.status_code, "<html" in said) == (422, False)
    assert 'data-field="text"' in said
    with hotline.database.reading() as session:
        assert [str(row.id) for row in session.scalars(select(CallDraft))] == [draft_id]


def test_a_console_that_was_open_for_too_long_is_handed_a_new_token(staff: Staff, log_in: Log) -> None:
    desk = log_in(staff.call_taker)
    page = desk.get("/desk").get_data(as_text=True)
    told = {"csrf_token": hidden(page, "csrf_token"), "form_token": "of yesterday"}
    told |= {"text": LIGHTS_OUT, "nearby": "shown"}
    refused = desk.post("/desk", data=told, headers={"X-Part": "1"})
    assert refused.status_code == 422
    fresh = re.search('data-form-token="([^"]+)"', refused.get_data(as_text=True))
    assert fresh is not None
    filed = desk.post("/desk", data=told | {"form_token": fresh[1]}, headers={"X-Part": "1"})
    assert filed.status_code == 201
    again = desk.post("/desk", data=told | {"form_token": fresh[1], "text": "ngắn"}, headers={"X-Part": "1"})
    assert "data-form-token" not in again.get_data(as_text=True), "what is sent once more is filed once"


def test_a_code_is_read_out_in_groups_of_four_with_a_word_for_each_letter() -> None:
    code = "7KQ2-M9XD-0F3B-HZ8N"
    for language in ("vi", "en"):
        assert ["".join(one.sign for one in group) for group in groups(code, language)] == code.split("-")
    assert spoken(code, "vi").startswith("bảy, ca, quy, hai. mờ, chín,")
    assert spelled(code, "vi").startswith("bảy, ca như Kon Tum, quy như Quảng Nam, hai.")
    assert spelled(code, "en").startswith("seven, K as in Kilo, Q as in Quebec, two.")


def test_every_sign_of_a_code_has_a_word_of_its_own_that_begins_with_it() -> None:
    for language in ("vi", "en"):
        said = [
            one for group in groups("-".join(ALPHABET[i : i + 4] for i in range(0, 32, 4)), language) for one in group
        ]
        assert len({one.word for one in said}) == len({one.called for one in said}) == len(ALPHABET)
        assert all(one.word[0] == one.sign for one in said if one.sign.isalpha())


def test_every_key_on_the_screen_is_in_the_legend(
    desk: FlaskClient, road: Road, staff: Staff, hotline: Hotline
) -> None:
    road.routed(place_text="đường Lê Lợi, phường Bến Thành")
    announce(hotline, number=PHONE)
    save(desk, text="x")
    pages = desk.get("/desk").get_data(as_text=True) + post(
        desk, "/desk/suggestions", text=LIGHTS_OUT, place_text="đường Lê Lợi, phường Bến Thành"
    ).get_data(as_text=True)
    used = {key for keys in re.findall(r'aria-keyshortcuts="([^"]+)"', pages) for key in keys.split()}
    legend = pages.partition('id="legend"')[2].partition("</dialog>")[0]
    explained = set(re.findall(r"<dt><kbd>([^<]+)</kbd>", legend))
    assert len(used) >= 20
    for key in used - {"Alt+/"}:
        assert as_shown(key) & explained, key


def as_shown(key: str) -> set[str]:
    """Return how the legend may write a key: by itself, or in the row of its digits."""
    shown_ = key.replace("Control+Enter", "Ctrl ↵").replace("Shift+", "⇧ ").replace("+", " ")
    rows = {"Alt 1 – Alt 3": "123", "Alt 4 – Alt 6": "456", "Alt 7 – Alt 9": "789"}
    of_digits = {row for row, digits in rows.items() if re.fullmatch(rf"Alt [{digits}]", shown_)}
    return {shown_} | of_digits | ({"Alt ⇧ 1 – Alt ⇧ 3"} if shown_.startswith("Alt ⇧") else set())


@pytest.fixture
def desk(hotline: Hotline, staff: Staff, models_dir: Any) -> FlaskClient:
    """Return a call-taker's browser in an installation whose web process has a model."""
    (hotline.settings.data / "models").symlink_to(models_dir)
    return browser_of(create_app(hotline), hotline, staff.call_taker)


def call_taker(hotline: Hotline, name: str) -> Account:
    with hotline.database.transaction() as session:
        account = accounts.create(session, hotline.now(), NewAccount(name, name.title(), Role.CALL_TAKER))
        account.password_hash, account.session_epoch = "x", 1
    return account


def post(browser: FlaskClient, path: str, **fields: str) -> TestResponse:
    """Post with the token of the session, as the page's scripts do."""
    token = hidden(browser.get("/desk?new=1").get_data(as_text=True), "csrf_token")
    return browser.post(path, data={"csrf_token": token, **fields})


def save(browser: FlaskClient, *, draft: str = "", version: object = "", **fields: str) -> TestResponse:
    return post(browser, "/desk/drafts", draft=draft, draft_version=str(version), **fields)


def suggested(browser: FlaskClient, **fields: str) -> str:
    answer = post(browser, "/desk/suggestions", **fields)
    assert answer.status_code == 200
    return words(answer.get_data(as_text=True))


def announce(
    hotline: Hotline, *, number: str | None, extension: str | None = None, sitting: Account | None = None
) -> PhoneCall:
    """Let an exchange tell of a new call, and somebody sit where it rings."""
    if sitting is not None:
        seats.sit(hotline, sitting, extension or "", ready=True)
    with hotline.database.reading() as session:
        exchange = session.scalars(select(PhoneExchange)).first()
    if exchange is None:
        calls.add_exchange(hotline, "Tổng đài thử")
        return announce(hotline, number=number, extension=extension)
    return calls.announce(hotline, exchange, Announcement(uuid4().hex, CallStep.RINGING, number, extension))[0]


def hotline_account(hotline: Hotline, account_id: UUID | None) -> Account:
    with hotline.database.reading() as session:
        return session.get_one(Account, account_id)


def shown(hotline: Hotline, account: Account) -> list[UUID]:
    with hotline.database.reading() as session:
        return [one.id for one in calls.waiting(hotline, session, account)]


def reminders(hotline: Hotline, ask: Callable[..., list[Any]], account: Account) -> list[Any]:
    with hotline.database.reading() as session:
        return ask(hotline, session, account)


def tidy(hotline: Hotline) -> None:
    with hotline.database.transaction() as session:
        upkeep.advance(session, hotline.now())


def everything(database: Database) -> str:
    """Return every value of every table."""
    with database.reading() as session:
        tables = inspect(database.engine).get_table_names()
        return str([session.execute(text(f'select * from "{name}"')).all() for name in tables])
