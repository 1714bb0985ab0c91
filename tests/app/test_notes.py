"""Internal notes: for whoever works on a ticket, never for its citizen."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from app.coordination import service as coordination
from app.hotline import Hotline
from app.problems import Conflict, NotFound
from app.work import notes
from app.work import service as work
from app.work.service import Step
from models.account import Account
from tests.app.conftest import BUSES, Road, Staff, step
from tests.pages import post_form, words

Log = Callable[[Account], FlaskClient]
NOTE = "Tổ dân phố nói nhà 12 có chìa khóa tủ điện."


def test_a_note_is_read_by_staff_and_never_by_the_citizen(
    client: FlaskClient, road: Road, staff: Staff, log_in: Log, bearer: Callable[[Account], dict[str, str]]
) -> None:
    filed = road.accepted()
    page = f"/work/{filed.ticket().id}"
    assert post_form(log_in(staff.alice), page, f"{page}/note", note=NOTE).status_code == 303
    for account in (staff.alice, staff.supervisor, staff.coordinator, staff.auditor):
        shown = log_in(account).get(page).get_data(as_text=True)
        assert f'<blockquote class="internal"><span class="small">Người dân không thấy</span><br><bdi>{NOTE}' in shown
    for answer in (
        client.post("/t", data={"code": filed.code}),
        client.post("/api/v1/track", json={"code": filed.code}),
    ):
        assert NOTE not in answer.get_data(as_text=True)
    history = client.get(f"/api/v1/tickets/{filed.ticket().id}", headers=bearer(staff.alice)).get_json()["history"]
    assert [entry["internal_text"] for entry in history if entry["kind"] == "noted"] == [NOTE]


def test_lead_helper_and_coordinator_write_notes_and_all_of_them_read_them(
    hotline: Hotline, road: Road, staff: Staff, log_in: Log
) -> None:
    filed = road.accepted()
    coordination.ask_unit(hotline, staff.alice, step(filed, "Trụ đèn ở trạm xe buýt."), BUSES)
    for name in ("alice", "bob", "coordinator"):
        notes.write(hotline, staff.accounts[name], step(filed, f"Lời của {name}."))
    with pytest.raises(NotFound):
        notes.write(hotline, staff.auditor, step(filed, "Giám sát không ghi."))
    for name in ("alice", "bob", "coordinator"):
        shown = words(log_in(staff.accounts[name]).get(f"/work/{filed.ticket().id}").get_data(as_text=True))
        assert all(f"Lời của {other}." in shown for other in ("alice", "bob", "coordinator"))


def test_who_helps_no_more_neither_reads_nor_writes(hotline: Hotline, road: Road, staff: Staff) -> None:
    filed = road.accepted()
    coordination.ask_unit(hotline, staff.alice, step(filed, "Nhờ xem."), BUSES)
    coordination.return_part(hotline, staff.bob, step(filed, "Không phải của chúng tôi."))
    with pytest.raises(NotFound):
        notes.write(hotline, staff.bob, step(filed, "Ghi thêm."))


def test_an_answer_is_not_sent_past_a_note_that_its_writer_has_not_seen(
    hotline: Hotline, road: Road, staff: Staff, log_in: Log
) -> None:
    filed = road.accepted()
    seen = step(filed, "Đã thay bóng mới.")
    notes.write(hotline, staff.supervisor, step(filed, NOTE))
    with pytest.raises(Conflict):
        work.answer(hotline, staff.alice, seen)
    page = f"/work/{filed.ticket().id}"
    late = post_form(log_in(staff.alice), page, f"{page}/answer", version=str(seen.version), public_text=seen.text)
    shown = late.get_data(as_text=True)
    assert late.status_code == 409
    assert "Đã thay bóng mới." in shown
    assert NOTE in shown
    work.answer(hotline, staff.alice, Step(seen.ticket_id, filed.ticket().version, seen.text))


def test_a_note_without_words_is_refused_beside_its_field(road: Road, staff: Staff, log_in: Log) -> None:
    filed = road.accepted()
    page = f"/work/{filed.ticket().id}"
    refused = post_form(log_in(staff.alice), page, f"{page}/note", note="  ")
    assert refused.status_code == 422
    assert 'href="#note"' in refused.get_data(as_text=True)
