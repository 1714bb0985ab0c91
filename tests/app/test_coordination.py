"""Several units on one ticket: helpers tell the lead, the lead alone answers."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app import access
from app.coordination import service as coordination
from app.hotline import Hotline
from app.problems import Conflict, NotFound, Refused
from app.review import service as review
from app.work import queue
from app.work import service as work
from app.work.returning import Why
from models.account import Account
from models.coordination import Part
from models.returning import TicketReturn
from models.ticket import Ticket
from models.vocabulary import Status, SubmissionType
from tests.app.conftest import BUSES, LIGHTS, Clock, Filed, Road, Staff, step
from tests.pages import post_form, words

Log = Callable[[Account], FlaskClient]
FOUND = "Trạm xe buýt này do công ty quảng cáo lắp đèn."
#: The ward drains its alleys, and by the rule the centre of alice's unit helps.
ALLEY_FLOODED = "Mưa xuống là hẻm ngập nước lênh láng, nước ngập cả tiếng không rút"


def test_who_helps_reads_the_ticket_and_cannot_answer_it(
    hotline: Hotline, road: Road, staff: Staff, log_in: Log
) -> None:
    filed = helped(hotline, road, staff)
    page = f"/work/{filed.ticket().id}"
    bob = log_in(staff.bob)
    shown = bob.get(page).get_data(as_text=True)
    assert "Phần việc của đơn vị tôi" in shown
    for action in ("accept", "return", "answer", "ask"):
        assert f'action="{page}/{action}"' not in shown
        sent = post_form(bob, page, f"{page}/{action}", public_text="Xong.", reason="Không.", reason_code="other")
        assert sent.status_code == 404
    for act in (work.accept, work.answer, work.ask, work.send_back):
        with pytest.raises(NotFound):
            act(hotline, staff.bob, step(filed, "Đã xong."))
    assert filed.kinds() == ["received", "triaged", "accepted", "part_asked"]


def test_who_helps_does_not_see_how_to_reach_the_citizen(
    hotline: Hotline, road: Road, staff: Staff, log_in: Log
) -> None:
    filed = road.routed(contact_name="Bà Sáu", contact_phone="0901234567", consent=True)
    coordination.ask_unit(hotline, staff.alice, step(filed, "Nhờ xem."), BUSES)
    page = f"/work/{filed.ticket().id}"
    assert "B•• S••" in log_in(staff.alice).get(page).get_data(as_text=True)
    assert "B•• S••" not in log_in(staff.bob).get(page).get_data(as_text=True)


def test_who_helps_no_more_sees_nothing_any_more(hotline: Hotline, road: Road, staff: Staff) -> None:
    filed = helped(hotline, road, staff)
    assert sees(hotline, staff.bob, filed)
    coordination.release_part(hotline, staff.coordinator, step(filed, "Không cần nữa."), BUSES)
    assert not sees(hotline, staff.bob, filed)


def test_a_denunciation_is_hidden_from_who_helps_even_if_their_part_is_still_open(
    hotline: Hotline, road: Road, staff: Staff
) -> None:
    filed = helped(hotline, road, staff)
    with hotline.database.transaction() as session:
        session.get_one(Ticket, filed.ticket().id).submission_type = SubmissionType.DENUNCIATION
    assert not sees(hotline, staff.bob, filed)
    with hotline.database.reading() as session:
        assert coordination.owed(session, staff.bob).rows == []
        assert coordination.late_for(session, staff.coordinator, hotline.now()).rows == []


def test_the_queue_of_who_helps_holds_only_what_they_lead(hotline: Hotline, road: Road, staff: Staff) -> None:
    filed = helped(hotline, road, staff)
    with hotline.database.reading() as session:
        assert queue.page(session, staff.bob, hotline.now()).tickets == []
        assert queue.counts(session, staff.bob, hotline.now()) == queue.Counts(0, 0, 0, 0, 0)
        assert [one.ticket.id for one in coordination.owed(session, staff.bob).rows] == [filed.ticket().id]


def test_a_helper_of_a_ticket_without_a_deadline_has_one_all_the_same(
    hotline: Hotline, road: Road, staff: Staff
) -> None:
    filed = road.in_review()
    review.route(hotline, staff.coordinator, step(filed), review.Choice("trees", LIGHTS, "27163"))
    coordination.ask_unit(hotline, staff.coordinator, step(filed, "Nhờ phường cắt nhánh."), "ubnd-27163")
    (part,) = parts(hotline, filed)
    assert filed.ticket().resolve_due_at is None
    assert part.due_at > hotline.now()


def test_helpers_by_rule_have_parts_from_the_start(hotline: Hotline, road: Road) -> None:
    filed = road.routed(ALLEY_FLOODED, place_text="hẻm 285 Cách Mạng Tháng Tám, phường 12 quận 10")
    assert filed.ticket().department_id == "ubnd-27163"
    (part,) = parts(hotline, filed)
    assert part.assignment.department_id == LIGHTS
    assert part.assignment.because == filed.ticket().events[-1].data["rule_because"]
    assert filed.ticket().events[-1].data["coordinating"] == [LIGHTS]


def test_a_helper_is_due_before_the_lead(hotline: Hotline, road: Road, staff: Staff) -> None:
    filed = helped(hotline, road, staff)
    (part,) = parts(hotline, filed)
    due = filed.ticket().resolve_due_at
    assert due is not None
    assert hotline.now() < part.due_at < due


def test_a_contribution_is_for_the_lead_alone_and_is_the_draft_of_the_one_reply(
    hotline: Hotline, road: Road, staff: Staff, log_in: Log, client: FlaskClient
) -> None:
    filed = helped(hotline, road, staff)
    page = f"/work/{filed.ticket().id}"
    alice = log_in(staff.alice)
    assert "Còn 1 đơn vị phối hợp chưa báo xong" in words(alice.get(page).get_data(as_text=True))
    sent = post_form(log_in(staff.bob), page, f"{page}/contribute", contribution=FOUND, done="1")
    assert sent.status_code == 303
    assert FOUND not in client.post("/t", data={"code": filed.code}).get_data(as_text=True)
    shown = alice.get(page).get_data(as_text=True)
    assert f"Trung tâm Quản lý giao thông công cộng: {FOUND}</textarea>" in shown
    assert "chưa báo xong" not in shown
    (part,) = parts(hotline, filed)
    assert (part.contribution, part.done_at) == (FOUND, hotline.now())
    event = filed.ticket().events[-1]
    assert (event.kind, event.public_text, event.internal_text) == ("part_contributed", None, FOUND)
    assert event.data == {"department": BUSES, "done": True, "late": False}
    assert filed.status() is Status.IN_PROGRESS


def test_the_lead_does_not_answer_without_what_has_just_been_told(
    hotline: Hotline, road: Road, staff: Staff, log_in: Log
) -> None:
    filed = helped(hotline, road, staff)
    page = f"/work/{filed.ticket().id}"
    seen = str(filed.ticket().version)
    coordination.contribute(hotline, staff.bob, step(filed, FOUND), done=True)
    late = post_form(log_in(staff.alice), page, f"{page}/answer", version=seen, public_text="Trụ này của xe buýt.")
    assert late.status_code == 409
    shown = late.get_data(as_text=True)
    assert "Trụ này của xe buýt." in shown
    assert FOUND in shown


def test_words_without_done_leave_the_part_owed_and_what_is_told_again_counts(
    hotline: Hotline, road: Road, staff: Staff
) -> None:
    filed = helped(hotline, road, staff)
    coordination.contribute(hotline, staff.bob, step(filed, "Mai mới xem được."), done=False)
    with hotline.database.reading() as session:
        assert len(coordination.owed(session, staff.bob).rows) == 1
    coordination.contribute(hotline, staff.bob, step(filed, FOUND), done=True)
    coordination.contribute(hotline, staff.bob, step(filed, FOUND + " Có ảnh."), done=False)
    (part,) = parts(hotline, filed)
    assert part.contribution == FOUND + " Có ảnh."
    assert part.done_at is not None
    with hotline.database.reading() as session:
        assert coordination.owed(session, staff.bob).rows == []
    assert filed.kinds()[-3:] == ["part_contributed"] * 3


def test_what_is_late_is_shown_to_the_leads_supervisor_and_to_no_other_unit(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock, log_in: Log
) -> None:
    filed = helped(hotline, road, staff)
    supervisor, bob = log_in(staff.supervisor), log_in(staff.bob)
    link = f'href="/work/{filed.ticket().id}"'
    assert link not in supervisor.get("/work/parts/late").get_data(as_text=True)
    clock.forward(days=10)
    shown = supervisor.get("/work/parts/late").get_data(as_text=True)
    assert link in shown
    assert "Trung tâm Quản lý giao thông công cộng" in shown
    assert "Đơn vị phối hợp trễ (1)" in words(supervisor.get("/work").get_data(as_text=True))
    assert link not in bob.get("/work/parts/late").get_data(as_text=True)
    assert link in bob.get("/work/parts").get_data(as_text=True)
    coordination.contribute(hotline, staff.bob, step(filed, FOUND), done=True)
    assert filed.ticket().events[-1].data["late"] is True
    assert link not in supervisor.get("/work/parts/late").get_data(as_text=True)
    assert "Xong, trễ hạn" in words(supervisor.get(f"/work/{filed.ticket().id}").get_data(as_text=True))


def test_the_leads_return_ends_all_parts(hotline: Hotline, road: Road, staff: Staff) -> None:
    filed = helped(hotline, road, staff)
    work.send_back(hotline, staff.alice, step(filed), Why("ward-level"))
    assert all(a.ended_at is not None for a in filed.ticket().assignments)
    assert not sees(hotline, staff.bob, filed)


def test_a_helper_gives_its_part_back_and_the_lead_goes_on(
    hotline: Hotline, road: Road, staff: Staff, log_in: Log
) -> None:
    filed = helped(hotline, road, staff)
    page = f"/work/{filed.ticket().id}"
    bob = log_in(staff.bob)
    assert post_form(bob, page, f"{page}/return-part", reason_code="").status_code == 422
    sent = post_form(bob, page, f"{page}/return-part", reason_code="private-land", reason="Trạm của công ty khác.")
    assert (sent.status_code, sent.location) == (303, "/work/parts")
    ticket = filed.ticket()
    assert (ticket.status, ticket.returns, ticket.department_id) == (Status.IN_PROGRESS, 0, LIGHTS)
    assert (ticket.events[-1].kind, ticket.events[-1].data["reason"]) == ("part_returned", "private-land")
    with hotline.database.reading() as session:
        (row,) = session.scalars(select(TicketReturn)).all()
    assert (row.ticket_id, row.reason_code) == (ticket.id, "private-land")
    work.answer(hotline, staff.alice, step(filed, "Đã thay bóng."))


@pytest.mark.parametrize(
    ("department", "request_", "problems"),
    [
        ("", "", [("department", "required"), ("request", "required")]),
        ("nobody", "Nhờ xem.", [("department", "unknown_department")]),
        ("dieu_phoi_vien", "Nhờ xem.", [("department", "closed_department")]),
        (LIGHTS, "Nhờ xem.", [("department", "own_department")]),
        (BUSES, "Nhờ xem.", [("department", "helps_already")]),
        ("pccc", "ạ" * 501, [("request", "too_long")]),
    ],
)
def test_a_unit_that_cannot_be_asked_is_refused_beside_its_field(
    hotline: Hotline, road: Road, staff: Staff, department: str, request_: str, problems: list[tuple[str, str]]
) -> None:
    filed = helped(hotline, road, staff)
    with pytest.raises(Refused) as refused:
        coordination.ask_unit(hotline, staff.alice, step(filed, request_), department)
    assert [(p.field, p.code) for p in refused.value.problems] == problems
    assert filed.kinds()[-1] == "part_asked"


def test_who_has_told_its_part_can_be_asked_once_more(hotline: Hotline, road: Road, staff: Staff) -> None:
    filed = helped(hotline, road, staff)
    coordination.contribute(hotline, staff.bob, step(filed, FOUND), done=True)
    coordination.ask_unit(hotline, staff.alice, step(filed, "Đèn lại tắt."), BUSES)
    (part,) = parts(hotline, filed)
    assert (part.contribution, part.done_at) == (None, None)


def test_a_unit_is_asked_by_a_name_typed_on_the_page_and_an_unclear_one_is_a_choice(
    road: Road, staff: Staff, log_in: Log
) -> None:
    filed = road.accepted()
    page = f"/work/{filed.ticket().id}"
    alice = log_in(staff.alice)
    unclear = post_form(alice, page, f"{page}/involve", department_search="hòa hưng", request="Nhờ xem.")
    assert unclear.status_code == 422
    assert 'name="department" value="ca-27163"' in unclear.get_data(as_text=True)
    sent = post_form(alice, page, f"{page}/involve", department_search="cong an phuong hoa hung", request="Nhờ xem.")
    assert sent.status_code == 303
    assert filed.ticket().events[-1].data["department"] == "ca-27163"


def test_the_history_names_the_units_and_reasons_that_each_line_is_about(
    hotline: Hotline, road: Road, staff: Staff, log_in: Log
) -> None:
    filed = helped(hotline, road, staff)
    coordination.return_part(hotline, staff.bob, step(filed), Why("private-land", "pccc"))
    page = words(log_in(staff.alice).get(f"/work/{filed.ticket().id}").get_data(as_text=True))
    buses = "Trung tâm Quản lý giao thông công cộng"
    assert f"Nhờ đơn vị phối hợp: {buses}" in page
    given_back = f"{buses} · Nằm trên đất riêng · đề nghị Phòng Cảnh sát PCCC và CNCH"
    assert f"Đơn vị phối hợp trả lại phần việc: {given_back}" in page


def test_who_helps_already_is_not_offered_to_be_asked(hotline: Hotline, road: Road, staff: Staff, log_in: Log) -> None:
    filed = road.routed(place_text="đường Cách Mạng Tháng Tám, phường 12 quận 10")
    page = f"/work/{filed.ticket().id}"
    offer = 'name="department" value="ubnd-27163"'
    alice = log_in(staff.alice)
    assert offer in alice.get(page).get_data(as_text=True)
    coordination.ask_unit(hotline, staff.alice, step(filed, "Nhờ xem."), "ubnd-27163")
    assert offer not in alice.get(page).get_data(as_text=True)


def test_taking_out_a_unit_that_does_not_help_is_refused(hotline: Hotline, road: Road, staff: Staff) -> None:
    filed = helped(hotline, road, staff)
    with pytest.raises(Refused) as refused:
        coordination.release_part(hotline, staff.coordinator, step(filed, "Thôi."), "pccc")
    assert [(p.field, p.code) for p in refused.value.problems] == [("department", "helps_not")]


def test_a_part_of_an_answered_ticket_is_owed_no_more_until_it_is_reopened(
    hotline: Hotline, road: Road, staff: Staff, client: FlaskClient
) -> None:
    filed = helped(hotline, road, staff)
    work.answer(hotline, staff.alice, step(filed, "Đã thay bóng."))
    with pytest.raises(Conflict):
        coordination.contribute(hotline, staff.bob, step(filed, FOUND), done=True)
    with hotline.database.reading() as session:
        assert coordination.owed(session, staff.bob).rows == []
    client.post("/t/mo-lai", data={"code": filed.code, "message": "Tối qua lại tắt."})
    with hotline.database.reading() as session:
        assert len(coordination.owed(session, staff.bob).rows) == 1


def test_the_list_of_parts_is_paged_without_losing_any(
    hotline: Hotline, road: Road, staff: Staff, monkeypatch: pytest.MonkeyPatch, log_in: Log
) -> None:
    monkeypatch.setattr(coordination, "PAGE", 2)
    filed = {helped(hotline, road, staff).ticket().id for _ in range(5)}
    seen, after = [], None
    for _ in range(3):
        with hotline.database.reading() as session:
            page = coordination.owed(session, staff.bob, after)
        seen += [one.ticket.id for one in page.rows]
        after = page.after
    assert (after, len(seen), set(seen)) == (None, 5, filed)
    for strange in ("x", "2026-01-01_1", "_", "2026-01-01T00:00:00+00:00_x", "9999-12-31T23:59:59-23:00_1"):
        assert log_in(staff.bob).get("/work/parts", query_string={"after": strange}).status_code == 404


def helped(hotline: Hotline, road: Road, staff: Staff) -> Filed:
    """Return a ticket in work at alice's unit on which bob's was asked to help."""
    filed = road.accepted()
    coordination.ask_unit(hotline, staff.alice, step(filed, "Trụ đèn ở trạm xe buýt, nhờ xem."), BUSES)
    return filed


def parts(hotline: Hotline, filed: Filed) -> list[Part]:
    with hotline.database.reading() as session:
        return coordination.parts_of(session, filed.ticket())


def sees(hotline: Hotline, account: Account, filed: Filed) -> bool:
    with hotline.database.reading() as session:
        try:
            access.find_ticket(session, account, filed.ticket().id)
        except NotFound:
            return False
        return True
