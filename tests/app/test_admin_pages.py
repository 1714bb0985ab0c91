"""The administrators' other pages: rules tried before they are changed, topics, models, health."""

import io
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app import deadlines, loading
from app.admin import rules
from app.admin.service import decide_on_day, foresee_day
from app.assignment import facts_of
from app.hotline import Hotline
from app.replies import service as replies
from app.replies.schema import Draft
from app.web import create_app
from app.workdays import Decision
from classifier import artifact
from models.audit import AuditEvent
from models.calendar import CalendarChange
from models.loaded import LoadedRules
from models.vocabulary import AuditKind, DeadlineKind, Status, topics
from routing.city import PACKAGED
from routing.rules import decide
from tests.app.conftest import LIGHTS, LIGHTS_OUT, Clock, Road, Staff
from tests.installation import browser_of
from tests.pages import hidden, post_form, words

Log = Callable[..., FlaskClient]
RULES = "/admin/rules"


def test_every_rule_of_every_topic_is_shown_with_its_line_in_the_file(
    hotline: Hotline, staff: Staff, log_in: Log
) -> None:
    admin = log_in(staff.admin)
    for topic in topics():
        page = admin.get(RULES, query_string={"topic": topic}).get_data(as_text=True)
        for rule in hotline.city.rules.by_topic[topic]:
            assert f"<code>{rule.id}</code>" in page
            assert f"rules.yaml:{rule.line}" in page
    assert admin.get(f"{RULES}?topic=dragons").status_code == 404


def test_a_text_is_tried_and_it_is_said_which_rule_decides_and_why_not_the_others(
    hotline: Hotline, staff: Staff, log_in: Log
) -> None:
    admin = log_in(staff.admin)
    fields = {"topic": "street-lighting", "kind": "phan-anh", "urgency": "normal", "text": LIGHTS_OUT}
    page = words(post_form(admin, RULES, f"{RULES}/try", **fields).get_data(as_text=True))
    assert hotline.city.departments[LIGHTS].vi in page
    assert "khớp" in page
    local = fields | {"text": "Đèn trong hẻm 285 Cách Mạng Tháng Tám, phường 12 quận 10 tắt"}
    page = words(post_form(admin, RULES, f"{RULES}/try", **local).get_data(as_text=True))
    assert "Nơi nhận ra: Phường Hòa Hưng" in page
    assert "không khớp:" in page


@pytest.mark.parametrize(
    ("field", "value"), [("topic", "dragons"), ("kind", "x"), ("urgency", "x"), ("text", ""), ("text", "x\u0000y")]
)
def test_what_cannot_be_tried_is_said_beside_its_field(staff: Staff, log_in: Log, field: str, value: str) -> None:
    fields = {"topic": "noise", "kind": "phan-anh", "urgency": "normal", "text": LIGHTS_OUT} | {field: value}
    refused = post_form(log_in(staff.admin), RULES, f"{RULES}/try", **fields)
    assert refused.status_code == 422
    assert f'href="#{field}"' in refused.get_data(as_text=True)


def test_another_rules_file_is_tried_on_the_last_tickets_and_changes_nothing(
    hotline: Hotline, road: Road, staff: Staff, log_in: Log
) -> None:
    filed = road.routed()
    before = filed.ticket()
    assert before.topic_slug == "street-lighting"
    text = (PACKAGED / "rules.yaml").read_text("utf-8")
    same = words(upload(log_in(staff.admin), text).get_data(as_text=True))
    assert "Phiếu đã thử 1 Như cũ 1 Đổi đơn vị 0" in same
    rule = decide(hotline.city, facts_of(hotline, before, hotline.now())).rule_id
    (line,) = [one.line for one in hotline.city.rules.ordered if one.id == rule]
    lines = text.splitlines(keepends=True)
    rest = "".join(lines[line - 1 :]).replace(f"lead: {LIGHTS}", "lead: pccc", 1)
    new = "".join(lines[: line - 1]) + rest
    page = words(upload(log_in(staff.admin), new).get_data(as_text=True))
    assert "Như cũ 0 Đổi đơn vị 1" in page
    assert rule in page
    after = filed.ticket()
    assert (after.department_id, after.version) == (before.department_id, before.version)


def test_a_rules_file_that_cannot_be_meant_is_refused_with_its_line(staff: Staff, log_in: Log) -> None:
    admin = log_in(staff.admin)
    for text, wrong in (("", "Bạn cho biết phần này"), ("rules:\n- {id: x}\n", "rules.yaml:2"), (":", "rules.yaml")):
        refused = upload(admin, text)
        assert refused.status_code == 422
        assert wrong in words(refused.get_data(as_text=True))
    assert upload(admin, "x" * (rules.FILE_MAX + 1)).status_code in {413, 422}


def test_what_changed_in_the_rules_is_on_record_from_load_to_load(hotline: Hotline, staff: Staff, log_in: Log) -> None:
    with hotline.database.transaction() as session:
        first = session.scalars(select(LoadedRules)).all()
        assert [row.text for row in first] == [(PACKAGED / "rules.yaml").read_text("utf-8")]
        session.add(LoadedRules(loaded_at=hotline.now(), digest="x" * 64, text=first[0].text + "# một dòng mới\n"))
    try:
        with hotline.database.reading() as session:
            newest, oldest = rules.history(session)
        assert (newest.changes, oldest.changes) == (["+# một dòng mới"], [])
        assert "1 dòng khác bản trước" in words(log_in(staff.admin).get(RULES).get_data(as_text=True))
        loading.load(hotline)  # the file is as it was before
        loading.load(hotline)
        with hotline.database.reading() as session:
            assert len(rules.history(session)) == 3
            assert rules.history(session)[0].changes == ["-# một dòng mới"]
    finally:
        with hotline.database.transaction() as session:
            for row in session.scalars(select(LoadedRules).order_by(LoadedRules.id).offset(1)):
                session.delete(row)


def test_every_topic_is_shown_with_its_names_and_times(hotline: Hotline, staff: Staff, log_in: Log) -> None:
    admin = log_in(staff.admin)
    page = words(admin.get("/admin/topics").get_data(as_text=True))
    for topic in topics().values():
        assert topic.vi in page
        assert topic.slug in page
    limit = hotline.city.sla.of("street-lighting").resolve
    assert f"{limit.n} ngày làm việc" in page if limit.working_days else f"{limit.n} giờ" in page


def test_a_model_is_promoted_and_rolled_back_and_its_card_is_read(
    hotline: Hotline, staff: Staff, log_in: Log, models_dir: Path
) -> None:
    folder = hotline.settings.models
    shutil.copytree(models_dir, folder)
    (version,) = [path.name for path in folder.iterdir() if path.is_dir()]
    (folder / "broken").mkdir()
    admin = log_in(staff.admin)
    page = words(admin.get("/admin/models").get_data(as_text=True))
    assert f"{version} " in page
    assert "không dùng được" in page
    card = words(admin.get(f"/admin/models/cards/{version}").get_data(as_text=True))
    assert "What it is for" in card
    for absent in ("broken", "nothing", "..", "%2e%2e"):
        assert admin.get(f"/admin/models/cards/{absent}").status_code in {404, 308}
    refused = post_form(admin, "/admin/models", "/admin/models/promote", version="broken")
    assert refused.status_code == 422
    assert "Không dùng được mô hình này" in words(refused.get_data(as_text=True))
    assert post_form(admin, "/admin/models", "/admin/models/promote", version=version).status_code == 303
    current = artifact.current(folder)
    assert current is not None
    assert current.name == version
    assert post_form(admin, "/admin/models", "/admin/models/roll-back").status_code == 422
    (folder / "HISTORY").write_text(f"{version}\n", "utf-8")
    (folder / "CURRENT").write_text("other\n", "utf-8")
    assert post_form(admin, "/admin/models", "/admin/models/roll-back").status_code == 303
    assert (folder / "CURRENT").read_text("utf-8").strip() == version
    with hotline.database.reading() as session:
        noted = session.scalars(select(AuditEvent).where(AuditEvent.kind == AuditKind.MODEL_PROMOTED)).all()
    assert [(one.actor_id, one.detail) for one in noted] == [(staff.admin.id, version)] * 2


def test_who_put_which_model_into_service_is_on_its_page(
    hotline: Hotline, staff: Staff, log_in: Log, models_dir: Path
) -> None:
    shutil.copytree(models_dir, hotline.settings.models, symlinks=True)
    current = artifact.current(hotline.settings.models)
    assert current is not None
    admin = log_in(staff.admin)
    assert "Ai đã đổi, lúc nào" not in admin.get("/admin/models").get_data(as_text=True)
    post_form(admin, "/admin/models", "/admin/models/promote", version=current.name)
    shown = words(admin.get("/admin/models").get_data(as_text=True))
    assert re.search(rf"Ai đã đổi, lúc nào {current.name} [^·]*09:00[^·]* · Admin", shown)
    assert str(hotline.settings.models) in shown


def test_a_page_of_facts_from_files_names_the_folder_and_what_to_do(
    hotline: Hotline, staff: Staff, log_in: Log
) -> None:
    admin = log_in(staff.admin)
    for path, file in (
        ("/admin/rules", "rules.yaml"),
        ("/admin/topics", "sla.yaml"),
        ("/admin/calendar", "calendar.yaml"),
    ):
        shown = words(admin.get(path).get_data(as_text=True))
        assert f"Đổi ở đâu: {file}" in shown
        assert str(PACKAGED.resolve()) in shown
        assert "langnghe migrate" in shown
        assert "chép ra chỗ khác trước" in shown, "the packaged city is not to be changed in place"
    own = create_app(replace(hotline, settings=replace(hotline.settings, city=PACKAGED)))
    shown = words(browser_of(own, hotline, staff.admin).get("/admin/rules").get_data(as_text=True))
    assert "chép ra chỗ khác trước" not in shown
    assert "departments.yaml" in admin.get("/admin/units").get_data(as_text=True)


def test_every_units_templates_are_read_by_administrators_and_changed_by_none_of_them(
    hotline: Hotline, staff: Staff, log_in: Log, clock: Clock
) -> None:
    own = Draft("Đã sửa", "{đơn vị} đã sửa xong {chủ đề}.", Status.ANSWERED, "street-lighting")
    kept = replies.save(hotline, staff.supervisor, own)
    clock.forward(minutes=1)
    gone = replies.save(hotline, staff.coordinator, Draft("Của cả thành phố", "Chào bạn.", Status.ANSWERED))
    replies.retire(hotline, staff.coordinator, gone.id)
    replies.ask_for_second(hotline, staff.supervisor, wanted=True)
    admin = log_in(staff.admin)
    shown = admin.get("/replies/all").get_data(as_text=True)
    said = words(shown)
    assert said.index("Của cả thành phố") < said.index("Đã sửa"), "the latest changed first"
    unit = hotline.city.departments[LIGHTS].vi
    assert f"{unit} đã sửa xong {topics()['street-lighting'].vi}." in said, "as it reads when filled"
    assert "{đơn vị} đã sửa xong {chủ đề}." in said, "and as it was written"
    assert "Thôi dùng" in said
    assert "Supervisor" in said
    assert f"Người thứ hai duyệt câu trả lời {unit}" in said
    assert 'method="post" action="/replies' not in shown
    assert admin.get(f"/replies/{kept.id}").status_code == 404
    assert admin.get("/replies/all?after=x").status_code == 404


def test_a_decision_on_a_day_is_seen_beforehand_and_changes_nothing(
    hotline: Hotline, road: Road, staff: Staff, log_in: Log
) -> None:
    """Injected: a ticket due in working days, a day off before that. Expected: foreseen as the relay then does it."""
    filed, secret = road.routed(), road.sealed()
    (due,) = [one for one in filed.ticket().deadlines if one.kind is DeadlineKind.RESOLVE]
    day = hotline.files.calendar.next_working_day(hotline.files.calendar.local_day(hotline.now()))
    admin, page = log_in(staff.admin), "/admin/calendar"
    fields = {"day": day.isoformat(), "working": "off", "reason": ""}
    seen = post_form(admin, page, page, preview="1", **fields)
    assert seen.status_code == 200
    said = words(seen.get_data(as_text=True))
    assert "Lùi lại 1 Sớm hơn 0" in said, "sealed ones take part in nothing"
    assert f'value="{day.isoformat()}"' in seen.get_data(as_text=True), "what was typed is still there to be decided"
    assert [one.due_at for one in filed.ticket().deadlines if one.kind is DeadlineKind.RESOLVE] == [due.due_at]
    with hotline.database.reading() as session:
        assert session.scalars(select(CalendarChange)).all() == []
    foreseen = foresee_day(hotline, Decision(day, False, "", "Admin"))
    (move,) = foreseen.moves
    decide_on_day(hotline, Decision(day, False, "Bão.", "Admin"))
    with hotline.database.transaction() as session:
        deadlines.recompute(hotline, session, hotline.now(), 100)
    (after,) = [one for one in filed.ticket().deadlines if one.kind is DeadlineKind.RESOLVE]
    assert (move.before, move.after) == (due.due_at, after.due_at)
    assert after.due_at > due.due_at
    assert secret.status() is Status.SEALED
    again = post_form(admin, page, page, preview="1", **fields)
    assert again.status_code == 422, "it is off already"


def test_the_health_page_says_what_doctor_says(staff: Staff, log_in: Log) -> None:
    page = words(log_in(staff.admin).get("/admin/health").get_data(as_text=True))
    assert "redis cần sửa" in page  # it does not run in this test
    assert "relay cần sửa" in page
    assert "database ổn answers" in page


def test_the_overview_leads_to_every_page(staff: Staff, log_in: Log) -> None:
    admin = log_in(staff.admin)
    page = admin.get("/admin").get_data(as_text=True)
    tiles = page.partition('class="tiles"')[2].partition("</ul>")[0]
    links = [part.split('"')[0] for part in tiles.split('href="')[1:]]
    assert len(links) >= 8
    for link in links:
        assert admin.get(link).status_code == 200, link


def upload(admin: FlaskClient, text: str) -> TestResponse:
    """Send a rules file to be tried."""
    token = hidden(admin.get(RULES).get_data(as_text=True), "csrf_token")
    file = (io.BytesIO(text.encode()), "rules.yaml")
    return admin.post(f"{RULES}/preview", data={"csrf_token": token, "file": file}, content_type="multipart/form-data")
