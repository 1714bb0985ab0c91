"""A handler's word on the topic: kept with what the machine had said, and learned from."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from app.consistency import violations
from app.hotline import Hotline
from app.learning import service as learning
from app.problems import NotFound, Refused
from app.work import service as work
from app.work import topic
from models.account import Account
from models.ticket import Ticket
from models.vocabulary import SubmissionType
from tests.app.conftest import Clock, Road, Staff, step
from tests.pages import post_form, words

Log = Callable[[Account], FlaskClient]


def test_taking_a_ticket_up_confirms_the_topic_and_which_model_said_it(road: Road, hotline: Hotline) -> None:
    event = road.accepted().ticket().events[-1]
    assert event.kind == "accepted"
    assert event.data["model_version"]
    assert event.data | {"model_version": ""} == {
        "model_version": "",
        "machine_topic": "street-lighting",
        "topic": "street-lighting",
        "accepted": True,
    }
    assert learned(hotline) == ["street-lighting"]


def test_another_topic_is_an_override_with_its_reason_and_the_last_word_counts(
    hotline: Hotline, road: Road, staff: Staff
) -> None:
    filed = road.accepted()
    before = filed.ticket()
    topic.correct(hotline, staff.alice, step(filed, "Là tiếng máy phát điện, gọi 0901234567."), "noise")
    after = filed.ticket()
    event = after.events[-1]
    assert (event.kind, event.actor_id) == ("topic_corrected", staff.alice.id)
    assert event.data["machine_topic"] == event.data["before"] == "street-lighting"
    assert (event.data["topic"], event.data["accepted"]) == ("noise", False)
    assert (after.topic_slug, after.department_id) == ("noise", before.department_id)
    assert after.resolve_due_at == before.resolve_due_at
    assert learned(hotline) == ["noise"]
    with hotline.database.reading() as session:
        assert violations(session) == []


def test_what_a_unit_gave_back_is_confirmed_by_nobody(hotline: Hotline, road: Road, staff: Staff) -> None:
    filed = road.accepted()
    work.send_back(hotline, staff.alice, step(filed, "Không phải đèn của chúng tôi."))
    assert learned(hotline) == []


def test_nothing_is_learned_from_a_denunciation_or_with_a_number_in_it(hotline: Hotline, road: Road) -> None:
    plain, secret = road.accepted(), road.accepted()
    with hotline.database.transaction() as session:
        session.get_one(Ticket, plain.ticket().id).text += " Gọi tôi số 0901234567."
        session.get_one(Ticket, secret.ticket().id).submission_type = SubmissionType.DENUNCIATION
    with hotline.database.reading() as session:
        (row,) = learning.decisions(session)
    assert row.id == plain.ticket().id.hex
    assert "0901234567" not in row.text


def test_of_many_confirmations_the_latest_are_learned_from_and_every_override(
    hotline: Hotline, road: Road, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    corrected = road.accepted()
    topic.correct(hotline, staff.alice, step(corrected, "Là tiếng ồn."), "noise")
    rest = [road.accepted() for _ in range(3)]
    monkeypatch.setattr(learning, "CONFIRMED_MAX", 2)
    with hotline.database.reading() as session:
        found = [row.id for row in learning.decisions(session)]
    assert found == [corrected.ticket().id.hex, *(one.ticket().id.hex for one in rest[1:])]


def test_drift_counts_a_handlers_word_too(hotline: Hotline, road: Road, staff: Staff, clock: Clock) -> None:
    road.accepted()
    topic.correct(hotline, staff.alice, step(road.accepted(), "Là tiếng ồn."), "noise")
    clock.forward(minutes=1)
    said: list[str] = []
    learning.drift(hotline, said.append)
    assert next(line.split() for line in said if line.startswith("overridden"))[1] == "50.0%"


def test_a_correction_is_refused_beside_its_field(road: Road, staff: Staff, log_in: Log, hotline: Hotline) -> None:
    filed = road.accepted()
    page = f"/work/{filed.ticket().id}"
    alice = log_in(staff.alice)
    for typed, code in (("street-lighting", "topic"), ("khong-co", "topic"), ("", "topic")):
        refused = post_form(alice, page, f"{page}/correct-topic", topic=typed, reason="Nghĩ vậy.")
        assert refused.status_code == 422
        assert f'href="#{code}"' in refused.get_data(as_text=True)
    assert post_form(alice, page, f"{page}/correct-topic", topic="noise", reason="").status_code == 422
    with pytest.raises(NotFound):
        topic.correct(hotline, staff.bob, step(filed, "Nghĩ vậy."), "noise")
    with pytest.raises(Refused):
        topic.correct(hotline, staff.alice, step(road.answered(), "Nghĩ vậy."), "noise")
    assert post_form(alice, page, f"{page}/correct-topic", topic="noise", reason="Là tiếng máy.").status_code == 303
    assert "Sửa chủ đề: Tiếng ồn" in words(alice.get(page).get_data(as_text=True))


def learned(hotline: Hotline) -> list[str]:
    with hotline.database.reading() as session:
        return [row.topic for row in learning.decisions(session)]
