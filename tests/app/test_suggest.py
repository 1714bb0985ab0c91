"""Suggestions while typing: what triage would make of it, and nothing left behind."""

import logging
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.bench.world import World
from app.hotline import Hotline
from app.model_in_service import ModelInService
from app.suggest import service
from app.suggest.schema import parse_draft
from app.suggest.views import MODEL
from app.throttle import TYPING
from app.web import create_app
from classifier.predict import Classifier
from models.base import Base
from models.vocabulary import SubmissionType, Urgency
from tests.app.conftest import LIGHTS, LIGHTS_OUT, Road

WARD = "đường Lê Lợi, phường Bến Thành"


@pytest.fixture
def typing(app: Flask, small_classifier: Classifier) -> FlaskClient:
    """Return a browser of an installation that has a model."""
    app.extensions[MODEL].classifier = small_classifier
    return app.test_client()


def test_topics_with_words_ward_and_type_are_suggested_as_typed(typing: FlaskClient) -> None:
    answer = typing.post("/suggest", json={"text": LIGHTS_OUT, "place": WARD})
    assert answer.status_code == 200
    found = answer.get_json()
    first = found["topics"][0]
    assert (first["slug"], found["sure"]) == ("street-lighting", True)
    assert first["vi"]
    assert first["en"]
    assert first["because"]
    assert all(words in LIGHTS_OUT for words in first["because"])
    assert len(found["topics"]) <= 3
    assert found["submission_type"] == "phan-anh"
    assert found["guidance"] is None
    assert [ward["name"] for ward in found["wards"]] == ["Phường Bến Thành"]
    assert found["place_sure"] is True
    assert typing.post("/suggest", data={"text": LIGHTS_OUT, "place": WARD}).get_json() == found


def test_a_suggestion_is_what_triage_decides(hotline: Hotline, road: Road, small_classifier: Classifier) -> None:
    draft = parse_draft({"text": LIGHTS_OUT, "place": WARD})
    seen = service.suggest(hotline, small_classifier, draft)
    before = service.prospect(hotline, draft, seen)
    ticket = road.routed(LIGHTS_OUT, place_text=WARD).ticket()
    assert seen.guesses[0].topic.slug == ticket.topic_slug
    assert seen.guesses[0].because == tuple(ticket.events[-1].data["because"])
    assert (seen.wards[0].code, seen.place_sure) == (ticket.ward_code, True)
    assert before is not None
    assert before.unit.id == ticket.department_id == LIGHTS
    assert before.due_at == ticket.resolve_due_at
    other = service.prospect(hotline, draft, seen, "bus")
    assert other is None or other.unit.id != LIGHTS


def test_words_of_danger_bring_the_numbers_before_anything_is_filed(typing: FlaskClient) -> None:
    found = typing.post("/suggest", json={"text": "Cháy nhà trong hẻm, có người mắc kẹt, khói đen nghịt"}).get_json()
    assert "114" in found["emergency_numbers"]
    assert found["urgency"] in {Urgency.URGENT, Urgency.EMERGENCY}
    assert typing.post("/suggest", json={"text": LIGHTS_OUT}).get_json()["emergency_numbers"] == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Tôi tố cáo ông cán bộ phường nhận tiền hối lộ làm giấy tờ đất", SubmissionType.DENUNCIATION),
        ("Tôi khiếu nại quyết định xử phạt hành chính số 12 của ủy ban đối với tôi", SubmissionType.COMPLAINT),
    ],
)
def test_a_complaint_or_denunciation_is_explained_before_it_is_sent(
    typing: FlaskClient, small_classifier: Classifier, text: str, kind: SubmissionType
) -> None:
    assert small_classifier.predict([text])[0].submission_type == kind
    found = typing.post("/suggest", json={"text": text}).get_json()
    assert found["submission_type"] == kind
    assert found["guidance"]


def test_a_place_that_may_be_several_is_not_sure_and_names_them(typing: FlaskClient) -> None:
    found = typing.post("/suggest", json={"text": LIGHTS_OUT, "place": "phường 12"}).get_json()
    assert found["place_sure"] is False
    assert 1 < len(found["wards"]) <= service.WARDS_SHOWN


@pytest.mark.parametrize(
    ("fields", "field", "code"),
    [
        ({}, "text", "required"),
        ({"text": "  "}, "text", "required"),
        ({"text": "a" * 5001}, "text", "too_long"),
        ({"text": 7}, "text", "not_text"),
        ({"text": "ổ gà", "latitude": 10.7}, "latitude", "half_position"),
        ({"text": "ổ gà", "longitude": 106.7}, "latitude", "half_position"),
        ({"text": "ổ gà", "latitude": 100, "longitude": 106.7}, "latitude", "out_of_range"),
        ({"text": "ổ gà", "contact_phone": "0901234567"}, "contact_phone", "unknown_field"),
    ],
)
def test_what_cannot_be_read_is_named_in_both_languages(
    typing: FlaskClient, fields: dict[str, object], field: str, code: str
) -> None:
    answer = typing.post("/suggest", json=fields)
    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"
    assert [(e["field"], e["code"]) for e in answer.get_json()["errors"]] == [(field, code)]
    assert typing.post("/suggest", data=b"x", content_type="text/plain").status_code == 415
    assert typing.post("/suggest", data=b"{", content_type="application/json").status_code == 400


def test_five_thousand_code_points_are_taken(typing: FlaskClient) -> None:
    assert typing.post("/suggest", json={"text": "ổ gà " * 1000}).status_code == 200


def test_without_a_model_it_is_down_and_says_so_to_programs(client: FlaskClient) -> None:
    answer = client.post("/suggest", json={"text": LIGHTS_OUT})
    assert answer.status_code == 503
    assert answer.mimetype == "application/problem+json"
    assert client.get("/").status_code == 200


def test_a_model_that_is_promoted_while_we_serve_is_taken_up(hotline: Hotline, models_dir: Path) -> None:
    browser = create_app(hotline).test_client()
    model = ModelInService(hotline.settings.models)
    assert model.at_hand() is None
    shutil.copytree(models_dir, hotline.settings.models)
    assert model.at_hand() is None  # not looked for again so soon
    assert model.refresh() is not None
    assert browser.post("/suggest", json={"text": LIGHTS_OUT}).status_code == 200


def test_nothing_of_a_draft_is_kept_or_logged(
    hotline: Hotline, typing: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    before = _rows(hotline)
    answer = typing.post("/suggest", json={"text": LIGHTS_OUT, "place": WARD, "latitude": 10.77, "longitude": 106.7})
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert _rows(hotline) == before
    assert not [record for record in caplog.records if "Đèn" in record.getMessage() or "Lê Lợi" in record.getMessage()]


def test_who_asks_without_pause_waits(hotline: Hotline, small_classifier: Classifier) -> None:
    app = create_app(replace(hotline, settings=replace(hotline.settings, intake_per_minute=1)))
    app.extensions[MODEL].classifier = small_classifier
    browser = app.test_client()
    answers = [browser.post("/suggest", json={"text": "x"}).status_code for _ in range(TYPING + 1)]
    assert answers == [200] * TYPING + [429]


def test_the_web_process_with_a_model_stays_below_its_memory(tmp_path: Path, models_dir: Path) -> None:
    """The web process may take 300 MB; scikit-learn alone would take a third of it, so it must not be loaded."""
    url = f"sqlite:///{tmp_path / 'langnghe.db'}"
    world = World(tmp_path, url)
    world.prepare(models_dir)
    try:
        parent = world.serve()
        for process in world.children(parent):
            maps = "".join(m.path for m in process.memory_maps())
            assert "sklearn" not in maps
            assert process.memory_info().rss < 300 * 2**20
    finally:
        world.close()


def _rows(hotline: Hotline) -> dict[str, int | None]:
    with hotline.database.reading() as session:
        return {t.name: session.scalar(select(func.count()).select_from(t)) for t in Base.metadata.sorted_tables}
