"""What is known near by, before a report is filed: in the form, at the desk, in the API."""

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, func, select, text
from werkzeug.test import TestResponse

from app.hotline import Hotline
from app.nearby import Spot, candidates
from app.persons.contacts import contact_of
from app.review import service as review
from app.web import create_app
from app.work import service as work
from models.account import Account
from models.ticket import Ticket
from models.vocabulary import Status
from routing.neighbours import cell_of
from tests.app.conftest import LIGHTS_OUT, Road, Staff, picture, step
from tests.pages import hidden, post_form, words

PLACE = "hẻm 285 Cách Mạng Tháng Tám, phường 12, quận 10"
TYPED = {"text": "Đèn đường trước nhà tắt,\nhẻm tối thui", "place_text": "285 cach mang thang tam p12 q10"}
NEARBY = "/api/v1/reports/nearby"
PIN: dict[str, Any] = {"latitude": 10.7776, "longitude": 106.67}


def test_the_citizen_sees_who_has_reported_it_once_and_joins(client: FlaskClient, road: Road) -> None:
    first = road.routed(place_text=PLACE)
    asked = post_form(client, "/", "/", **TYPED, contact_phone="0901234567", consent="true")
    shown = asked.get_data(as_text=True)
    assert asked.status_code == 200
    for said in ("Có phải việc này không?", "1 người đã báo", "Chiếu sáng công cộng", "Phường Hòa Hưng"):
        assert said in words(shown)
    assert LIGHTS_OUT not in words(shown)
    assert counted(road.hotline) == 1
    joined = client.post("/", data=sent_again(shown) | {"incident": str(first.ticket().incident_id)})
    assert joined.status_code == 201
    road.triage()
    ticket = newest(road.hotline)
    assert (ticket.status, ticket.incident_id) == (Status.MERGED, first.ticket().incident_id)
    assert ticket.text == TYPED["text"]
    with road.hotline.database.reading() as session:
        contact = contact_of(road.hotline, session, ticket.id)
    assert contact is not None
    assert contact.phone == "+84901234567"


def test_something_else_is_filed_by_itself_and_a_double_click_makes_one_ticket(client: FlaskClient, road: Road) -> None:
    road.routed(place_text=PLACE)
    shown = post_form(client, "/", "/", **TYPED).get_data(as_text=True)
    answers = [client.post("/", data=sent_again(shown) | {"incident": ""}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert counted(road.hotline) == 2
    road.triage()
    assert newest(road.hotline).joins_id is None


def test_a_report_with_a_photo_is_told_to_attach_it_again_and_may(client: FlaskClient, road: Road) -> None:
    first = road.routed(place_text=PLACE)
    page = client.get("/").get_data(as_text=True)
    fields = TYPED | {"form_token": hidden(page, "form_token"), "photos": (io.BytesIO(picture()), "den.png")}
    shown = client.post("/", data=fields, content_type="multipart/form-data").get_data(as_text=True)
    assert "Bạn vừa gửi 1 ảnh" in words(shown)
    again = {"incident": str(first.ticket().incident_id), "photos": (io.BytesIO(picture()), "den.png")}
    fields = sent_again(shown) | again
    assert client.post("/", data=fields, content_type="multipart/form-data").status_code == 201
    assert len(newest(road.hotline).attachments) == 1


@pytest.mark.parametrize(
    "fields",
    [
        TYPED | {"place_text": "đường Lê Lợi, phường Bến Thành"},
        TYPED | {"submission_type": "to-cao"},
        TYPED | {"submission_type": "khieu-nai"},
        {"text": "Xin hỏi giấy tờ căn cước"} | {"place_text": TYPED["place_text"]},
    ],
    ids=["elsewhere", "a denunciation", "a complaint", "about something else"],
)
def test_nobody_is_asked_where_nothing_fits(client: FlaskClient, road: Road, fields: dict[str, str]) -> None:
    road.routed(place_text=PLACE)
    assert post_form(client, "/", "/", **fields).status_code == 201


def test_an_incident_that_closed_meanwhile_gives_the_form_back_with_every_word(
    client: FlaskClient, road: Road, staff: Staff
) -> None:
    first = road.routed(**PIN)
    asked = post_form(client, "/", "/", text=TYPED["text"], **PIN)
    work.accept(road.hotline, staff.alice, step(first))
    work.answer(road.hotline, staff.alice, step(first, "Xong."))
    fields = sent_again(asked.get_data(as_text=True)) | {"incident": str(first.ticket().incident_id)}
    refused = client.post("/", data=fields)
    shown = refused.get_data(as_text=True)
    assert refused.status_code == 422
    assert "Việc này vừa khép lại" in words(shown)
    assert "hẻm tối thui</textarea>" in shown
    assert client.post("/", data=sent_again(shown) | {"text": TYPED["text"]}).status_code == 201


def test_filing_goes_on_when_the_neighbours_cannot_be_had(hotline: Hotline, client: FlaskClient, road: Road) -> None:
    """Injected: a table that cannot be read. Expected: the report is filed as if nothing were near."""
    road.routed(place_text=PLACE)
    with hotline.database.transaction() as session:
        session.execute(text("alter table incident rename column opened_at to opened"))
    try:
        assert post_form(client, "/", "/", **TYPED).status_code == 201
    finally:
        with hotline.database.transaction() as session:
            session.execute(text("alter table incident rename column opened to opened_at"))


def test_the_call_taker_asks_the_caller(road: Road, staff: Staff, log_in: Callable[[Account], FlaskClient]) -> None:
    first = road.routed(place_text=PLACE)
    desk = log_in(staff.call_taker)
    shown = post_form(desk, "/desk", "/desk", **TYPED).get_data(as_text=True)
    assert "Hỏi người gọi" in words(shown)
    fields = sent_again(shown) | {
        "incident": str(first.ticket().incident_id),
        "csrf_token": hidden(shown, "csrf_token"),
    }
    filed = desk.post("/desk", data=fields)
    assert filed.status_code == 201
    assert "Đọc mã cho người gọi" in words(filed.get_data(as_text=True))
    road.triage()
    assert newest(road.hotline).status is Status.MERGED


def test_the_api_tells_counts_topics_and_coarse_places_and_nothing_else(client: FlaskClient, road: Road) -> None:
    first = road.routed(place_text=PLACE, **PIN)
    second = road.file(LIGHTS_OUT, incident=str(first.ticket().incident_id))
    road.triage()
    assert second.status() is Status.MERGED
    (found,) = near(client, place_text="hẻm 12 CMT8, phường 12, quận 10")
    assert found == {
        "incident": str(first.ticket().incident_id),
        "topic": {"id": "street-lighting", "vi": "Chiếu sáng công cộng", "en": "Street lighting"},
        "ward": "Phường Hòa Hưng",
        "street": "CMT8",
        "reports": 2,
        "since": "2026-03-03T02:00:00Z",
        "last_report_at": "2026-03-03T02:00:00Z",
        "status": "routed",
    }
    (found,) = near(client, **PIN)
    assert (found["street"], found["reports"]) == (None, 2)


def test_citizens_are_never_told_of_what_is_sealed_settled_or_of_a_person(
    hotline: Hotline, client: FlaskClient, road: Road, staff: Staff
) -> None:
    road.sealed(**PIN)
    fight = road.routed("Đang đánh nhau có dao, có người bị thương chảy máu, tới ngay", **PIN)
    assert fight.ticket().topic_slug == "public-order-crime"
    assert fight.ticket().incident_id is not None
    assert near(client, **PIN) == []
    first = road.routed(latitude=10.7779, longitude=106.6703)
    assert [one["incident"] for one in near(client, **PIN)] == [str(first.ticket().incident_id)]
    work.accept(hotline, staff.alice, step(first))
    work.answer(hotline, staff.alice, step(first, "Xong."))
    road.file(**PIN)  # nobody has understood it yet
    assert near(client, **PIN) == []


def test_a_looker_must_say_where_and_may_not_look_too_often(hotline: Hotline, client: FlaskClient) -> None:
    for body, field, code in (
        ({}, "place_text", "place_needed"),
        ({"place_text": "  "}, "place_text", "place_needed"),
        ({"latitude": 10.0}, "latitude", "half_position"),
        ({"latitude": True, "longitude": 1}, "latitude", "not_number"),
        ({"latitude": 91, "longitude": 1}, "latitude", "out_of_range"),
        ({"place_text": "x" * 501}, "place_text", "too_long"),
        ({"place_text": "x", "text": "y"}, "text", "unknown_field"),
    ):
        answer = client.post(NEARBY, json=body)
        assert answer.status_code == 422
        assert (field, code) in [(e["field"], e["code"]) for e in answer.json["errors"]], body  # type: ignore[index]
    strict = replace(hotline, settings=replace(hotline.settings, intake_per_minute=2))
    looker = create_app(strict).test_client()
    assert [looker.post(NEARBY, json=PIN).status_code for _ in range(3)] == [200, 200, 429]


@pytest.mark.parametrize("named", ["x", str(UUID(int=0)), 7, "\0", True])
def test_an_unknown_incident_is_refused_with_words(client: FlaskClient, named: object) -> None:
    answer = api_file(client, incident=named)
    assert answer.status_code == 422
    assert answer.json["errors"][0]["code"] == "unknown_incident"  # type: ignore[index]


def test_a_denunciation_that_names_an_incident_is_refused(client: FlaskClient, road: Road) -> None:
    first = road.routed(**PIN)
    answer = api_file(client, incident=str(first.ticket().incident_id), submission_type="to-cao")
    assert answer.json["errors"][0]["code"] == "sealed_apart"  # type: ignore[index]


def test_a_closed_incident_is_refused_but_a_repetition_is_answered_as_before(
    hotline: Hotline, client: FlaskClient, road: Road, staff: Staff
) -> None:
    first = road.accepted()
    named = str(first.ticket().incident_id)
    key = uuid4().hex
    filed = api_file(client, key, incident=named)
    assert filed.status_code == 201
    work.answer(hotline, staff.alice, step(first, "Xong."))
    assert api_file(client, incident=named).json["errors"][0]["code"] == "incident_closed"  # type: ignore[index]
    again = api_file(client, key, incident=named)
    assert (again.status_code, again.data) == (201, filed.data)


def test_what_a_coordinator_joined_to_another_is_still_found_by_its_old_name(
    hotline: Hotline, client: FlaskClient, road: Road, staff: Staff
) -> None:
    first, second = road.routed(**PIN), road.routed(**PIN)
    old = str(second.ticket().incident_id)
    review.link(hotline, staff.coordinator, step(second, str(first.ticket().id)))
    assert api_file(client, incident=old).status_code == 201


def near(client: FlaskClient, **where: object) -> list[dict[str, Any]]:
    answer = client.post(NEARBY, json=where)
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.json["incidents"]  # type: ignore[index]
    return found


def api_file(client: FlaskClient, key: str | None = None, **fields: object) -> TestResponse:
    headers = {"Idempotency-Key": key or uuid4().hex}
    return client.post("/api/v1/reports", json={"text": LIGHTS_OUT, **fields}, headers=headers)


def sent_again(page: str) -> dict[str, Any]:
    """Return what the step between, or the form, carries in hidden fields."""
    names = ("form_token", "text", "place_text", "latitude", "longitude", "contact_phone", "consent", "nearby")
    return {name: hidden(page, name) for name in names if f'<input type="hidden" name="{name}"' in page}


def counted(hotline: Hotline) -> int:
    with hotline.database.reading() as session:
        return session.scalars(select(func.count()).select_from(Ticket)).one()


def newest(hotline: Hotline) -> Ticket:
    """Return the ticket of what was typed into the form."""
    with hotline.database.reading() as session:
        ticket = session.scalars(select(Ticket).where(Ticket.text == TYPED["text"])).one()
        _ = ticket.attachments
        return ticket


def test_the_search_begins_with_the_place_and_not_with_all_that_is_open(hotline: Hotline) -> None:
    """SQLite has no statistics; left to itself it begins with every open ticket there is."""
    if not hotline.settings.is_sqlite:
        return  # PostgreSQL plans by statistics, which an empty table lacks: `langnghe bench incidents` looks there
    asked: list[tuple[str, Any]] = []
    family = hotline.city.incidents.family("trees")
    event.listen(hotline.database.engine, "before_cursor_execute", lambda *call: asked.append((call[2], call[3])))
    spot = Spot("27163", "le loi", cell_of(10.77, 106.68))
    with hotline.database.reading() as session:
        candidates(session, spot, family, hotline.now())
        connection = session.connection()
        plans = [
            " ".join(row[3] for row in connection.exec_driver_sql(f"explain query plan {statement}", values))
            for statement, values in list(asked)
            if statement.startswith("SELECT")
        ]
    assert len(plans) == 2
    assert ["ix_incident_cell" in plans[0], "ix_incident_street" in plans[1]] == [True, True]
    assert all("uq_ticket_lead" in plan and "SCAN" not in plan for plan in plans)
