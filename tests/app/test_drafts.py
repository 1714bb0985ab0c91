"""What a phone sends later is filed once; what it keeps is nobody's but its own; the filer's topic is a hint."""

import io
import re
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import timedelta
from importlib.resources import files
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import Environment
from jinja2.meta import find_referenced_templates
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app.hotline import Hotline
from app.intake.service import DRAFT_LIFE, forget_keys
from app.offline.views import SOURCES
from app.photostore import path_of
from app.tracking.service import PHOTOS_OF_A_TICKET
from models.account import Account
from models.outbox import IdempotencyKey
from models.ticket import Attachment, Ticket
from models.vocabulary import Channel, PhotoOf, Status
from tests.app.conftest import LIGHTS_OUT, Clock, Filed, Road, Staff, picture
from tests.pages import words

Log = Callable[[Account], FlaskClient]
KEY = "0b8f3c1e-5f0d-4a7e-9d55-3f6d2f1f0a11"


def test_a_draft_that_is_sent_again_is_one_ticket_however_late(
    hotline: Hotline, client: FlaskClient, clock: Clock
) -> None:
    first = send(client, KEY)
    assert first.status_code == 201
    clock.at += DRAFT_LIFE
    with hotline.database.transaction() as session:
        forget_keys(hotline, session, hotline.now())  # what the relay does
    again = send(client, KEY)
    assert again.get_json()["code"] == first.get_json()["code"]
    assert len(tickets(hotline)) == 1
    ticket = tickets(hotline)[0]
    assert (ticket.channel, ticket.status) == (Channel.WEB, Status.RECEIVED)
    clock.at += timedelta(seconds=1)
    with hotline.database.transaction() as session:
        forget_keys(hotline, session, hotline.now())
        assert session.scalar(select(func.count()).select_from(IdempotencyKey)) == 0


def test_keys_of_other_uses_are_forgotten_by_their_own_life(
    hotline: Hotline, file: Callable[..., Filed], clock: Clock
) -> None:
    file()
    clock.forward(seconds=hotline.settings.idempotency_life + 1)
    with hotline.database.transaction() as session:
        forget_keys(hotline, session, hotline.now())
        assert session.scalar(select(func.count()).select_from(IdempotencyKey)) == 0


def test_a_draft_needs_a_key_that_is_its_own(hotline: Hotline, client: FlaskClient) -> None:
    for key, status, code in ((None, 400, "key_required"), ("short", 400, "key_malformed")):
        answer = send(client, key)
        assert answer.status_code == status
        assert answer.mimetype == "application/problem+json"
        assert answer.get_json()["errors"][0]["code"] == code
    send(client, KEY)
    other = send(client, KEY, text=f"{LIGHTS_OUT}, hẻm bên kia")
    assert (other.status_code, other.get_json()["errors"][0]["code"]) == (422, "key_reused")
    assert len(tickets(hotline)) == 1


def test_a_refused_draft_names_every_field_and_may_be_mended_under_its_key(
    hotline: Hotline, client: FlaskClient
) -> None:
    refused = send(client, KEY, text="ngắn", contact_phone="12")
    assert refused.status_code == 422
    assert {e["field"] for e in refused.get_json()["errors"]} == {"text", "contact_phone", "consent"}
    assert send(client, KEY).status_code == 201
    assert len(tickets(hotline)) == 1


def test_a_receipt_shows_the_code_now_or_later_and_a_forged_one_nothing(client: FlaskClient) -> None:
    answer = send(client, KEY).get_json()
    page = client.post("/da-nhan", data={"receipt": answer["receipt"]})
    assert page.status_code == 200
    assert answer["code"] in words(page.text).replace("- ", "-")
    assert "<svg" in page.text
    assert answer["code"] not in answer["receipt"]
    for forged in ("", "x", "é", "\x00", answer["receipt"][:-4] + "AAAA"):
        assert client.post("/da-nhan", data={"receipt": forged}).status_code == 404


def test_what_the_filer_takes_it_to_be_about_is_a_hint_for_people_and_moves_nothing(
    road: Road, staff: Staff, log_in: Log
) -> None:
    plain, hinted = road.routed().ticket(), road.routed(topic="noise").ticket()
    assert (hinted.topic_slug, hinted.department_id) == (plain.topic_slug, plain.department_id)
    assert hinted.events[0].data["topic"] == "noise"
    assert "topic" not in plain.events[0].data
    doubtful = road.routed(submission_type="khieu-nai", topic="noise").ticket()
    page = log_in(staff.coordinator).get(f"/review/{doubtful.id}").text
    assert "Người gửi nghĩ là" in page
    assert "Người gửi nghĩ là" not in log_in(staff.coordinator).get(f"/review/{road.in_review().ticket().id}").text


def test_a_denunciations_hint_is_kept_nowhere(road: Road) -> None:
    assert "topic" not in road.sealed(topic="official-conduct").ticket().events[0].data


def test_a_topic_that_is_none_is_refused(client: FlaskClient) -> None:
    answer = send(client, KEY, topic="potholes-on-mars")
    assert (answer.status_code, answer.get_json()["errors"][0]["code"]) == (422, "unknown_topic")


@pytest.mark.parametrize("path", ["/vo/vi", "/vo/en", "/vo/vi/mat-mang", "/sw.js", "/manifest.webmanifest"])
def test_what_a_phone_keeps_says_nothing_of_who_asks(staff: Staff, log_in: Log, client: FlaskClient, path: str) -> None:
    theirs = log_in(staff.alice).get(path)
    assert theirs.status_code == 200
    assert theirs.data == client.get(path).data
    assert staff.alice.display_name not in theirs.text
    assert client.get("/vo/fr").status_code == 404


def test_the_worker_keeps_the_form_and_what_it_is_made_of_and_nothing_else(client: FlaskClient) -> None:
    script = client.get("/sw.js")
    assert script.mimetype == "text/javascript"
    named = script.text.partition("// After so many")[0]
    assert "/static/citizen.js?v=" in named
    for other in ('"/t', "/work", "/desk", "/review", "/api", '"/"'):
        assert other not in named
    for address in re.findall(r'"(/static/[^"]+)"', named):
        with closing(client.get(address)) as asset:
            assert asset.status_code == 200, address
    for icon in client.get("/manifest.webmanifest").get_json()["icons"]:
        with closing(client.get(icon["src"])) as image:
            assert image.mimetype == "image/png"


def test_another_worker_comes_with_each_change_of_a_template_that_a_phone_keeps() -> None:
    made_of = {name.removeprefix("templates/") for name in SOURCES}
    assert {"intake/form.html", "offline/away.html"} <= made_of
    for name in made_of:
        if name.endswith(".html"):
            template = files("app").joinpath("templates", name).read_text("utf-8")
            named = find_referenced_templates(Environment(autoescape=True).parse(template))
            assert set(named) <= made_of, name


def test_assets_are_compressed_and_kept_as_long_as_they_are_the_same(
    client: FlaskClient, staff: Staff, log_in: Log
) -> None:
    page = client.get("/", headers={"Accept-Encoding": "br"})
    assert page.headers["Content-Encoding"] == "br"
    style = client.get("/").text.partition('rel="stylesheet" href="')[2].partition('"')[0]
    with closing(client.get(style, headers={"Accept-Encoding": "br, gzip"})) as asset:
        assert (asset.headers["Content-Encoding"], "immutable" in asset.headers["Cache-Control"]) == ("br", True)
    with closing(client.get("/static/app.css")) as plain:
        assert plain.headers["Cache-Control"] == "no-cache"
        tag = plain.headers["ETag"]
    with closing(client.get("/static/app.css", headers={"If-None-Match": tag})) as same:
        assert same.status_code == 304
    # a page that shows a token beside what others wrote is never compressed
    assert "Content-Encoding" not in log_in(staff.alice).get("/work", headers={"Accept-Encoding": "br"}).headers


def test_a_citizen_answers_a_question_with_photos_and_sees_them(
    hotline: Hotline, road: Road, client: FlaskClient
) -> None:
    filed = road.asked()
    page = client.post("/t/bo-sung", data={"code": filed.code, "message": "Trụ số bốn nha.", "photos": upload()})
    assert page.status_code == 200
    ticket = filed.ticket()
    assert ticket.status is Status.IN_PROGRESS
    assert len(ticket.attachments) == 1
    assert ticket.events[-1].data == {"photos": 1}
    address = page.text.partition('<img src="')[2].partition('"')[0]
    with closing(client.get(address)) as photo:
        assert (photo.status_code, photo.mimetype) == (200, "image/jpeg")
        assert photo.headers["Cache-Control"].startswith("no-")
    assert filed.code not in address
    assert client.get(address[:-3] + "AAA").status_code == 404


def test_a_reopened_report_takes_photos_and_one_that_cannot_be_leaves_none(
    hotline: Hotline, road: Road, client: FlaskClient
) -> None:
    filed = road.answered()
    client.post("/t/mo-lai", data={"code": filed.code, "message": "Vẫn tối.", "photos": upload()})
    assert (filed.status(), len(filed.ticket().attachments)) == (Status.REOPENED, 1)
    refused = client.post("/t/bo-sung", data={"code": filed.code, "message": "Nữa nè.", "photos": upload()})
    assert refused.status_code == 409
    kept = {path.stem for path in hotline.settings.attachments.rglob("*.jpg")}
    assert kept == {photo.id.hex for photo in filed.ticket().attachments}


def test_photos_of_one_report_have_an_end(hotline: Hotline, road: Road, client: FlaskClient) -> None:
    filed = road.asked()
    lay_beside(hotline, filed, PhotoOf.REPORT, range(PHOTOS_OF_A_TICKET))
    refused = client.post("/t/bo-sung", data={"code": filed.code, "message": "Thêm nè.", "photos": upload()})
    assert refused.status_code == 422
    assert filed.status() is Status.INFO_REQUESTED


def test_photos_that_a_unit_has_laid_beside_it_take_no_room_and_no_place(
    hotline: Hotline, road: Road, client: FlaskClient
) -> None:
    filed, places = road.asked(), range(3, PHOTOS_OF_A_TICKET + 3)
    lay_beside(hotline, filed, PhotoOf.AFTER, places)
    answer = client.post("/t/bo-sung", data={"code": filed.code, "message": "Thêm nè.", "photos": upload()})
    assert answer.status_code == 200
    assert [photo.position for photo in filed.ticket().attachments] == [*places, places.stop]


def lay_beside(hotline: Hotline, filed: Filed, shows: PhotoOf, places: Iterable[int]) -> None:
    """Lay photos beside a report, at these places."""
    plain: dict[str, Any] = {"media_type": "image/jpeg", "size": 1, "sha256": "0" * 64, "width": 1, "height": 1}
    with hotline.database.transaction() as session:
        for place in places:
            session.add(Attachment(ticket_id=filed.ticket().id, position=place, shows=shows, **plain))


def test_a_photo_that_was_locked_away_is_seen_no_more(
    hotline: Hotline, road: Road, client: FlaskClient, app: Flask
) -> None:
    filed = road.asked()
    page = client.post("/t/bo-sung", data={"code": filed.code, "message": "Trụ số bốn.", "photos": upload()})
    address = page.text.partition('<img src="')[2].partition('"')[0]
    photo = filed.ticket().attachments[0]
    with hotline.database.transaction() as session:
        row = session.get(Attachment, photo.id)
        assert row is not None
        session.delete(row)
    assert path_of(hotline.settings.attachments, photo.id).is_file()
    assert client.get(address).status_code == 404


def send(client: FlaskClient, key: str | None, **fields: str) -> TestResponse:
    headers = {} if key is None else {"Idempotency-Key": key}
    return client.post("/gui", data={"text": LIGHTS_OUT, **fields}, headers=headers)


def upload() -> tuple[io.BytesIO, str]:
    return io.BytesIO(picture()), "den.png"


def tickets(hotline: Hotline) -> list[Ticket]:
    with hotline.database.reading() as session:
        return list(session.scalars(select(Ticket)))
