"""The leader's pages: what is shown to whom, what a figure leads to, and the files that leave the house."""

import io
from collections.abc import Callable
from datetime import date, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from flask.testing import FlaskClient
from openpyxl import load_workbook
from pypdf import PdfReader
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError

from app.board import charts, schema, service, tallies
from app.board.definitions import BY_NAME
from app.board.figures import NONE
from app.hotline import Hotline
from app.problems import NotFound, Refused
from app.returns.schema import Period
from app.triage.relay import Relay
from app.work import service as work
from models.account import Account
from models.board import ReportExport
from models.ticket import Ticket
from routing.city import load_city
from routing.source import CityDataError, Problems
from routing.targets import read_targets
from tests.app.conftest import BUSES, LIGHTS, LIGHTS_OUT, Clock, Road, Staff, step
from tests.app.test_figures import WARDS, invent
from tests.pages import post_form, words

Log = Callable[[Account], FlaskClient]
TODAY = date(2026, 3, 3)
NAME = "Bà Sáu hẻm 12"


def test_a_leader_sees_figures_with_the_period_before_the_target_and_the_definition(
    hotline: Hotline, clock: Clock, staff: Staff, log_in: Log
) -> None:
    invent(hotline, Random(5), 200, clock())
    tallies.keep(hotline)
    page = log_in(staff.auditor).get("/board").get_data(as_text=True)
    said = words(page)
    board = shown(hotline, staff.auditor)
    assert board.total.received > 40
    assert f"Đã nhận {board.total.received} xem phiếu" in said
    assert f"{board.total.on_time} đúng hạn trên {board.total.decided} phiếu đã rõ" in said
    assert "kỳ trước" in said
    assert "mục tiêu 95,0 %" in said
    for name in ("received", "on_time_rate", "late", "open", "stars", "answer_time", "reopened", "returned"):
        assert BY_NAME[name].what_vi in said
        assert f'href="/board/figures#{name}"' in page
    assert "Toàn thành phố" in said


def test_every_figure_leads_to_as_many_tickets_as_it_counts(
    hotline: Hotline, clock: Clock, staff: Staff, log_in: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    invent(hotline, Random(6), 160, clock())
    tallies.keep(hotline)
    monkeypatch.setattr(service, "PAGE", 7)
    total = shown(hotline, staff.coordinator).total
    for name, definition in BY_NAME.items():
        listed = behind(hotline, staff.coordinator, name)
        assert len(listed) == len({ticket.id for ticket in listed})
        if definition.kind == "count":
            assert len(listed) == getattr(total, name), name
    assert len(behind(hotline, staff.coordinator, "on_time_rate")) == total.decided
    assert len(behind(hotline, staff.coordinator, "stars")) == total.rated
    browser = log_in(staff.coordinator)
    page = browser.get("/board/tickets?figure=late").get_data(as_text=True)
    assert page.count('class="words"') == min(7, total.late)
    for strange in ("x", "_", "2026-03-03_x", f"2026-03-03T00:00:00_{staff.alice.id.hex}"):
        assert browser.get("/board/tickets", query_string={"after": strange}).status_code == 404
    assert browser.get("/board/tickets?figure=secrets").status_code == 404


def test_each_dimension_narrows_to_tickets_of_just_that_kind(hotline: Hotline, clock: Clock, staff: Staff) -> None:
    invent(hotline, Random(7), 160, clock())
    tallies.keep(hotline)
    for by in schema.DIMENSIONS:
        board = shown(hotline, staff.auditor, by=by)
        assert sum(line.counts.received for line in board.lines) == board.total.received, by
        if by in schema.TIMES:
            continue
        for line in (one for one in board.lines if one.counts.received):
            assert len(behind(hotline, staff.auditor, "received", **{by: line.key})) == line.counts.received


def test_a_supervisor_sees_the_own_unit_alone(
    hotline: Hotline, clock: Clock, staff: Staff, log_in: Log, bearer: Callable[[Account], dict[str, str]]
) -> None:
    rows = invent(hotline, Random(8), 120, clock())
    tallies.keep(hotline)
    board = shown(hotline, staff.supervisor)
    since = clock() - timedelta(days=29, hours=9)
    mine = [row for row in rows if row.counts and row.unit == LIGHTS and row.at >= since]
    assert board.total.received == len(mine) > 0
    assert board.ranking is None
    assert {ticket.department_id for ticket in behind(hotline, staff.supervisor, "received")} == {LIGHTS}
    browser = log_in(staff.supervisor)
    assert "Toàn thành phố" not in words(browser.get("/board").get_data(as_text=True))
    for path in ("/board", "/board/tickets", "/api/v1/figures"):
        headers = bearer(staff.supervisor) if path.startswith("/api") else {}
        assert browser.get(f"{path}?unit={BUSES}", headers=headers).status_code == 404
        assert browser.get(f"{path}?unit={LIGHTS}", headers=headers).status_code == 200
    for account in (staff.alice, staff.admin, staff.call_taker):
        with pytest.raises(NotFound):
            shown(hotline, account)


def test_a_ranking_is_never_without_the_counts_and_the_definition_beside_it(
    hotline: Hotline, clock: Clock, staff: Staff, log_in: Log
) -> None:
    invent(hotline, Random(3), 400, clock())
    tallies.keep(hotline)
    ranking = shown(hotline, staff.auditor).ranking
    assert ranking
    assert [one.rank for one in ranking if one.rank] == sorted(one.rank for one in ranking if one.rank)
    page = log_in(staff.auditor).get("/board").get_data(as_text=True)
    table = words(page[page.index("Xếp hạng đơn vị") :])
    assert BY_NAME["on_time_rate"].what_vi in table
    assert "dưới 10 phiếu đã rõ kết quả thì không xếp hạng" in table
    for one in ranking:
        assert f"{one.counts.on_time} {one.counts.late}" in table


def test_nothing_of_what_people_wrote_or_who_they_are_is_on_the_board_or_the_wall(
    hotline: Hotline, road: Road, staff: Staff, log_in: Log
) -> None:
    filed = road.routed(contact_name=NAME, contact_phone="0901234567", consent=True)
    work.accept(hotline, staff.alice, step(filed))
    tallies.keep(hotline)
    browser = log_in(staff.auditor)
    for path in ("/board", "/board/tv", "/board?by=ward", "/board?by=day"):
        page = words(browser.get(path).get_data(as_text=True))
        for secret in (NAME, LIGHTS_OUT[:20], "0901", staff.alice.display_name):
            assert secret not in page, path
    wall = browser.get("/board/tv")
    assert wall.headers["Refresh"] == "60"
    assert staff.auditor.display_name not in words(wall.get_data(as_text=True))
    assert "<script" not in wall.get_data(as_text=True)
    for unit in hotline.city.departments.values():
        assert unit.vi not in words(wall.get_data(as_text=True))


def test_the_relay_brings_the_board_up_to_date_and_the_board_says_what_is_not_counted_yet(
    hotline: Hotline, road: Road, staff: Staff, log_in: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    road.routed()
    page = words(log_in(staff.auditor).get("/board").get_data(as_text=True))
    assert "1 phiếu vừa có thay đổi" in page
    relay = Relay(hotline)
    relay._beat()
    board = shown(hotline, staff.auditor)
    assert (board.total.received, board.pending) == (1, 0)


def test_a_question_that_cannot_be_meant_is_refused_beside_its_field(
    staff: Staff, log_in: Log, client: FlaskClient, bearer: Callable[[Account], dict[str, str]]
) -> None:
    browser, headers = log_in(staff.auditor), bearer(staff.auditor)
    for asked, field in (
        ({"from": "hôm qua"}, "from"),
        ({"to": "2026-02-30"}, "to"),
        ({"from": "2026-03-02", "to": "2026-03-01"}, "to"),
        ({"from": "2020-01-01", "to": "2026-03-01"}, "from"),
        ({"from": "0001-01-01"}, "from"),
        ({"by": "colour"}, "by"),
        ({"unit": "ministry"}, "unit"),
        ({"ward": "1"}, "ward"),
        ({"topic": "dragons"}, "topic"),
        ({"group": "dragons"}, "group"),
        ({"channel": "fax"}, "channel"),
    ):
        for path in ("/board", "/board/tickets"):
            page = browser.get(path, query_string=asked)
            assert page.status_code == 422, (path, asked)
        assert f'id="{field}"' in browser.get("/board", query_string=asked).get_data(as_text=True)
        told = client.get("/api/v1/figures", query_string=asked, headers=headers)
        assert (told.status_code, [e["field"] for e in told.get_json()["errors"]]) == (422, [field])
    with pytest.raises(Refused) as refused:
        ask({"from": "x", "by": "y", "unit": "z"})
    assert [problem.field for problem in refused.value.problems] == ["from", "by", "unit"]


def test_the_period_before_a_month_is_a_month_and_before_days_as_many_days() -> None:
    march = Period(date(2026, 3, 1), date(2026, 3, 31))
    assert schema.earlier(march) == Period(date(2026, 2, 1), date(2026, 2, 28))
    assert schema.earlier(march, 12) == Period(date(2025, 3, 1), date(2025, 3, 31))
    quarter = Period(date(2026, 1, 1), date(2026, 3, 31))
    assert schema.earlier(quarter) == Period(date(2025, 10, 1), date(2025, 12, 31))
    week = Period(date(2026, 3, 2), date(2026, 3, 8))
    assert schema.earlier(week) == Period(date(2026, 2, 23), date(2026, 3, 1))
    for period in (march, week, quarter, Period(TODAY, TODAY)):
        row = schema.row_of_periods(period)
        assert len(row) == schema.PERIODS
        assert all(a.last + timedelta(days=1) == b.first for a, b in pairwise(row))
        assert row[-1] == period


def test_a_period_is_cut_into_days_weeks_from_monday_and_months() -> None:
    period = Period(date(2026, 2, 26), date(2026, 3, 11))  # from a Thursday to a Wednesday
    assert [part.first.day for part in schema.cut(period, "day")] == [26, 27, 28, *range(1, 12)]
    weeks = schema.cut(period, "week")
    assert [(part.first.isoformat(), part.last.isoformat()) for part in weeks] == [
        ("2026-02-26", "2026-03-01"),
        ("2026-03-02", "2026-03-08"),
        ("2026-03-09", "2026-03-11"),
    ]
    assert [part.first.isoformat() for part in schema.cut(period, "month")] == ["2026-02-26", "2026-03-01"]


def test_a_line_is_drawn_through_what_is_known_alone() -> None:
    assert charts.spark([]).end is None
    assert charts.spark([None, None]) == charts.Drawing([], None)
    assert charts.spark([5.0, 5.0]).runs == ["3.0,16.0 117.0,16.0"]
    broken = charts.spark([1.0, 2.0, None, 3.0])
    assert len(broken.runs) == 1
    assert broken.end == (117.0, 3.0)
    assert charts.line([1.0, 0.5]).runs == ["25.0,0.0 75.0,50.0"]
    assert charts.share(0, 0) == 0


def test_the_pdf_is_a_paper_in_vietnamese_that_can_be_copied_out_and_read_aloud(
    hotline: Hotline, clock: Clock, staff: Staff, log_in: Log
) -> None:
    rows = invent(hotline, Random(2), 200, clock())
    tallies.keep(hotline)
    browser = log_in(staff.auditor)
    browser.set_cookie("lang", "en")  # the paper is the office's
    answer = taken(browser, "pdf")
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    paper = PdfReader(io.BytesIO(answer.get_data()))
    text = " ".join(" ".join(page.extract_text() for page in paper.pages).split())
    board = shown(hotline, staff.auditor, **{"from": "2026-02-01", "to": "2026-02-28"})
    assert board.total.received == sum(
        row.counts and row.at.astimezone(hotline.files.calendar.zone).month == 2 for row in rows
    )
    for sentence in (
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "Độc lập - Tự do - Hạnh phúc",
        "BÁO CÁO",
        "(Từ ngày 01/02/2026 đến ngày 28/02/2026)",
        f"Trong kỳ đã nhận {board.total.received} phản ánh",
        "I. Kết quả chung",
        "II. Theo đơn vị chủ trì",
        "III. Theo nhóm chủ đề và kênh tiếp nhận",
        "IV. Theo phường, xã, đặc khu",
        "NGƯỜI LẬP BIỂU",
        "THỦ TRƯỞNG ĐƠN VỊ",
        "ngày 03 tháng 03 năm 2026",
    ):
        assert sentence in text, sentence
    root: Any = paper.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"].startswith("vi")
    assert "pdfuaid" in root["/Metadata"].get_data().decode()


def test_the_spreadsheet_has_numbers_and_days_and_no_formula_of_anybody(
    hotline: Hotline, clock: Clock, staff: Staff, log_in: Log
) -> None:
    invent(hotline, Random(2), 200, clock())
    tallies.keep(hotline)
    answer = taken(log_in(staff.auditor), "xlsx")
    book = load_workbook(io.BytesIO(answer.get_data()))
    board = shown(hotline, staff.auditor, **{"from": "2026-02-01", "to": "2026-02-28"})
    first = book.worksheets[0]
    assert (first["B3"].value, first["D3"].value) == (datetime(2026, 2, 1), datetime(2026, 2, 28))  # noqa: DTZ001
    found = {row[0].value: row[1].value for row in first.iter_rows(min_row=6)}
    assert found["Đã nhận"] == board.total.received
    assert found["Tỷ lệ đúng hạn"] == pytest.approx(board.total.on_time_rate)
    assert found["Điểm hài lòng"] == pytest.approx(board.total.stars)
    assert found["Thời gian trả lời"] == timedelta(seconds=board.total.answer_time or 0)
    units = book.worksheets[1]
    assert sum(row[2].value for row in units.iter_rows(min_row=6) if isinstance(row[2].value, int)) == sum(
        line.counts.received for line in board.lines if line.key != NONE
    )
    assert [sheet.title for sheet in book.worksheets][-1] == "Cách tính"


def test_a_name_that_begins_like_a_formula_stays_a_text(
    hotline: Hotline, road: Road, staff: Staff, log_in: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    road.routed()
    tallies.keep(hotline)
    for evil in ("=HYPERLINK(1)", "+1", "-1", "@x", "#text(red)[x] *x*"):
        monkeypatch.setattr("app.board.words.label", lambda _thing, evil=evil: evil)
        browser = log_in(staff.auditor)
        today = {"from": "2026-03-03", "to": "2026-03-03"}
        book = load_workbook(io.BytesIO(taken(browser, "xlsx", **today).get_data()))
        cell = book.worksheets[1]["B6"]
        assert (cell.value, cell.data_type, cell.quotePrefix) == (evil, "s", True)
        paper = PdfReader(io.BytesIO(taken(browser, "pdf", **today).get_data()))
        assert evil in " ".join(page.extract_text() for page in paper.pages)


def test_who_takes_a_report_away_is_written_down_for_good(
    hotline: Hotline, staff: Staff, log_in: Log, clock: Clock
) -> None:
    browser = log_in(staff.supervisor)
    assert taken(browser, "pdf").status_code == 200
    assert taken(browser, "docx").status_code == 404
    assert taken(browser, "xlsx", **{"from": "x"}).status_code == 422
    with hotline.database.reading() as session:
        (one,) = session.scalars(select(ReportExport)).all()
    assert (one.account_id, one.at, one.form, one.first, one.last, one.department_id) == (
        staff.supervisor.id, clock(), "pdf", date(2026, 2, 1), date(2026, 2, 28), LIGHTS,
    )  # fmt: skip
    for change in (update(ReportExport).values(first=TODAY), delete(ReportExport)):
        with pytest.raises(DBAPIError), hotline.database.transaction() as session:
            session.execute(change)
    assert staff.supervisor.display_name in words(log_in(staff.auditor).get("/board").get_data(as_text=True))


def test_a_figure_of_the_api_is_the_boards(
    hotline: Hotline, clock: Clock, staff: Staff, client: FlaskClient, bearer: Callable[[Account], dict[str, str]]
) -> None:
    invent(hotline, Random(5), 200, clock())
    tallies.keep(hotline)
    told = client.get("/api/v1/figures?by=ward", headers=bearer(staff.auditor)).get_json()
    board = shown(hotline, staff.auditor, by="ward")
    assert told["figures"]["received"] == board.total.received
    assert told["figures"]["on_time_rate"] == pytest.approx(board.total.on_time_rate)
    assert told["before"]["late"] == board.before.late
    assert {line["key"]: line["figures"]["received"] for line in told["lines"]} == {
        line.key: line.counts.received for line in board.lines
    }
    assert {line["key"] for line in told["lines"]} == {ward or NONE for ward in WARDS}
    assert client.get("/api/v1/figures?by=week", headers=bearer(staff.auditor)).get_json()["lines"][0]["key"] == (
        board.asked.period.first.isoformat()
    )


def test_targets_that_cannot_be_are_refused_with_file_and_line(tmp_path: Any) -> None:
    assert read_targets(tmp_path, Problems()).of == {}
    (tmp_path / "targets.yaml").write_text("on_time_percent: 101\nstars: 4\n")
    problems = Problems()
    read_targets(tmp_path, problems)
    assert len(problems.found) == 2
    assert all(problem.startswith("targets.yaml:1: ") for problem in problems.found)
    with pytest.raises(CityDataError, match=r"targets\.yaml:1"):
        problems.refuse()


def test_hot_spots_are_where_most_was_reported(hotline: Hotline, clock: Clock, staff: Staff) -> None:
    rows = invent(hotline, Random(5), 200, clock())
    tallies.keep(hotline)
    spots = shown(hotline, staff.auditor).hot_spots
    since = clock() - timedelta(days=29, hours=9)
    known = [r for r in rows if r.counts and r.at >= since and r.ward and r.topic]
    hand = {(r.ward, r.topic): sum((o.ward, o.topic) == (r.ward, r.topic) for o in known) for r in known}
    assert {(one.ward, one.topic): one.received for one in spots} == hand
    assert [one.received for one in spots] == sorted(hand.values(), reverse=True)


def ask(asked: dict[str, str]) -> schema.Asked:
    return schema.parse(asked, load_city(), TODAY)


def shown(hotline: Hotline, account: Account, **asked: str) -> service.Board:
    with hotline.database.reading() as session:
        return service.board(hotline, session, account, schema.parse(asked, hotline.city, TODAY))


def behind(hotline: Hotline, account: Account, figure: str, **asked: str) -> list[Ticket]:
    found: list[Ticket] = []
    after = None
    while True:
        with hotline.database.reading() as session:
            question = schema.parse(asked, hotline.city, TODAY)
            page = service.behind(hotline, session, account, question, figure, after)
        found += page.tickets
        after = page.after
        if after is None:
            return found


def taken(browser: FlaskClient, form: str, **fields: str) -> Any:
    """Take a report away, last month's unless asked for another."""
    days = {"from": "2026-02-01", "to": "2026-02-28", **fields}
    return post_form(browser, "/board", "/board/report", form=form, **days)
