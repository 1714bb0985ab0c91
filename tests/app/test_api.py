"""The API's refusals: problem+json, in two languages, with every field at once, as the document says."""

from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.api.schema import ProblemDocument
from app.hotline import Hotline
from app.intake.photos import read_photos
from app.web import create_app
from app.work import service as work
from models.account import Account, ApiToken
from models.ticket import Ticket
from models.vocabulary import PhotoOf
from tests.app.conftest import LIGHTS_OUT, Road, Staff, file_with_photo, picture, step

Bearer = Callable[[Account], dict[str, str]]


def test_every_refusal_is_a_problem_that_the_document_knows(
    client: FlaskClient, road: Road, staff: Staff, bearer: Bearer
) -> None:
    filed = road.routed()
    alice, ticket = bearer(staff.alice), f"/api/v1/tickets/{filed.ticket().id}"
    key = {"Idempotency-Key": uuid4().hex}
    report = {"text": LIGHTS_OUT}
    code = {"code": filed.code, "message": "Lại tắt."}
    refusals = (
        (400, "/reports", client.post("/api/v1/reports", json=report)),
        (400, "/track", client.post("/api/v1/track", data="{", content_type="application/json")),
        (401, "/tickets/{ticket_id}/accept", client.post(f"{ticket}/accept", json={"version": 1})),
        (404, "/track", client.post("/api/v1/track", json={"code": "0" * 16})),
        (404, "/tickets/{ticket_id}", client.get(f"/api/v1/tickets/{uuid4()}", headers=alice)),
        (409, "/track/reopen", client.post("/api/v1/track/reopen", json=code)),
        (409, "/tickets/{ticket_id}/accept", client.post(f"{ticket}/accept", json={"version": 0}, headers=alice)),
        (413, "/reports", client.post("/api/v1/reports", json={"text": "x" * 300_000}, headers=key)),
        (415, "/track", client.post("/api/v1/track", data={"code": filed.code})),
        (422, "/reports", client.post("/api/v1/reports", json={"text": "x"}, headers=key)),
        (422, "/tickets/{ticket_id}/accept", client.post(f"{ticket}/accept", json={}, headers=alice)),
    )
    document = client.get("/api/v1/openapi.json").get_json()["paths"]
    for status, path, answer in refusals:
        problem = problem_of(answer)
        assert (answer.status_code, problem.status) == (status, status), (path, problem)
        method = "get" if path.endswith("}") else "post"
        assert str(status) in document[f"/api/v1{path}"][method]["responses"], path


def test_a_program_of_the_staff_fetches_the_photos_of_a_report_and_of_an_answer(
    client: FlaskClient, hotline: Hotline, road: Road, staff: Staff, bearer: Bearer
) -> None:
    filed = file_with_photo(hotline, LIGHTS_OUT)
    road.triage()
    work.accept(hotline, staff.alice, step(filed))
    work.answer(hotline, staff.alice, step(filed, "Đã thay bóng mới."), [(PhotoOf.AFTER, read_photos([picture()])[0])])
    ticket = client.get(f"/api/v1/tickets/{filed.ticket().id}", headers=bearer(staff.alice)).get_json()
    addresses = [*ticket["photo_urls"], *ticket["history"][-1]["photo_urls"]]
    assert len(addresses) == 2
    for address in addresses:
        with client.get(address) as shown:
            assert (shown.status_code, shown.mimetype) == (200, "image/jpeg")


def test_what_is_not_there_at_all_is_a_problem_too(client: FlaskClient, staff: Staff, bearer: Bearer) -> None:
    for answer, status in (
        (client.get("/api/v1/nothing"), 404),
        (client.get("/api/v2/reports"), 404),
        (client.get("/api/v1/tickets/7", headers=bearer(staff.alice)), 404),
        (client.put("/api/v1/reports"), 405),
        (client.get("/api/v1/track"), 405),
    ):
        assert (answer.status_code, problem_of(answer).status) == (status, status)
    assert "POST" in client.get("/api/v1/track").headers["Allow"]


def test_a_refusal_names_every_field_in_both_languages(client: FlaskClient) -> None:
    body = {"text": "ngắn", "latitude": 200, "contact_email": "không phải", "status": "closed"}
    problem = problem_of(client.post("/api/v1/reports", json=body))
    found = {(error.field, error.code) for error in problem.errors}
    assert found >= {
        ("Idempotency-Key", "key_required"),
        ("text", "too_short"),
        ("latitude", "out_of_range"),
        ("contact_email", "email"),
        ("status", "unknown_field"),
    }
    for error in problem.errors:
        assert error.vi
        assert error.en
        assert error.vi != error.en


def test_a_conflict_says_where_the_ticket_stands(client: FlaskClient, road: Road, staff: Staff, bearer: Bearer) -> None:
    filed = road.accepted()
    body = {"version": filed.ticket().version}
    answer = client.post(f"/api/v1/tickets/{filed.ticket().id}/accept", json=body, headers=bearer(staff.alice))
    (error,) = problem_of(answer).errors
    assert (error.field, error.code) == ("status", "transition")
    assert "in_progress" in error.en


def test_a_token_that_is_none_unknown_revoked_or_of_another_kind_is_401(
    client: FlaskClient, hotline: Hotline, staff: Staff, bearer: Bearer
) -> None:
    good = bearer(staff.alice)
    assert client.get("/api/v1/tickets", headers=good).status_code == 200
    token = good["Authorization"].removeprefix("Bearer ")
    for header in ("", "Bearer", "Bearer ", "Bearer ln_x", f"Basic {token}", token, f"Bearer {token}x"):
        answer = client.get("/api/v1/tickets", headers={"Authorization": header})
        assert (answer.status_code, problem_of(answer).status) == (401, 401), header
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    # a citizen needs none, but a wrong one is not overlooked
    assert (
        client.post("/api/v1/reports", json={"text": LIGHTS_OUT}, headers={"Authorization": "Bearer x"}).status_code
        == 401
    )
    with hotline.database.transaction() as session:
        session.scalars(select(ApiToken)).one().revoked_at = hotline.now()
    assert client.get("/api/v1/tickets", headers=good).status_code == 401


def test_a_throttled_program_is_told_how_long_to_wait(hotline: Hotline) -> None:
    settings = replace(hotline.settings, intake_per_minute=2)
    client = create_app(replace(hotline, settings=settings)).test_client()
    answers = [client.post("/api/v1/track", json={"code": "0" * 16}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [404, 404, 429]
    assert answers[2].headers["Retry-After"] == "60"
    assert problem_of(answers[2]).errors == []
    other = client.post("/api/v1/track", json={"code": "0" * 16}, environ_base={"REMOTE_ADDR": "10.0.0.9"})
    assert other.status_code == 404
    reports = [client.post("/api/v1/reports", json={"text": LIGHTS_OUT}).status_code for _ in range(3)]
    assert reports == [400, 400, 429]


def test_a_program_of_the_staff_is_not_throttled(hotline: Hotline, staff: Staff, bearer: Bearer) -> None:
    settings = replace(hotline.settings, intake_per_minute=1)
    client = create_app(replace(hotline, settings=settings)).test_client()
    headers = bearer(staff.call_taker)
    for _ in range(3):
        key = headers | {"Idempotency-Key": uuid4().hex}
        assert client.post("/api/v1/reports", json={"text": LIGHTS_OUT}, headers=key).status_code == 201
    with hotline.database.reading() as session:
        assert len(session.scalars(select(Ticket)).all()) == 3


def problem_of(answer: TestResponse) -> ProblemDocument:
    """Return an answer as the problem that it must be."""
    assert answer.mimetype == "application/problem+json"
    return ProblemDocument.model_validate_json(answer.get_data())
