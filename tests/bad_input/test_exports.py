"""Lists that leave the system: no cell of one is ever run by a spreadsheet, and who took it is on record."""

import csv
import io
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError
from werkzeug.test import TestResponse

from app.hotline import Hotline
from app.work import export
from models.account import Account
from models.ticket import Ticket
from models.vocabulary import ExportFormat
from models.worklist import Export
from tests.app.conftest import LIGHTS_OUT, Road, Staff
from tests.pages import hidden, words

Browser = Callable[[Account], FlaskClient]

#: What somebody may begin a report or a place with, so that a spreadsheet would run it.
DANGEROUS = (
    '=HYPERLINK("http://evil.example","bấm vào đây")',
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(1+1)",
    " =1+1",
    "\u00a0=1+1",
    "\u3000@SUM(1)",
    '"=1+1',
    "'=1+1",
    "' \" =cmd|' /C calc'!A0",
    "＝1+1",
    "＋1+1",
    "－1+1",
    "＠SUM(1)",
    "\n=1+1",
    "=1+1;=2+2",
    "%0A=1+1",
    "|calc",
)
#: What the door would not let in, but a database may hold.
STORED = ("\t=1+1", "\r=1+1", "\t+1", "\r\n=1+1", "\t")
HARMLESS = (
    "Đèn tắt",
    "12 Nguyễn Huệ",
    "a=b",
    "5 - 3",
    "a@",
    "",
    "'tối thui' lắm",
    '"sáng" rồi',
    "1.5",
    "(028) 39",
)


def test_exports_cannot_execute(hotline: Hotline, road: Road, staff: Staff, log_in: Browser) -> None:
    """Check 21. Begin reports and places with `=`, `+`, `-`, `@`, tab, CR, also behind spaces and quotes, and wide.

    Expect each prefixed by ' in CSV and Excel alike, quoted by RFC 4180 so that a reader gets the text back, quotes,
    commas and newlines too; in Excel a line ends with LF and no cell is a formula; a number of ours stays a number.
    Leaving `guarded` out of either writer makes it fail.
    """
    texts = {}
    for number, bad in enumerate((*DANGEROUS, *STORED, *HARMLESS)):
        filed = road.routed(f"{LIGHTS_OUT} {number}")
        said = f'{bad} "đèn", tắt,\nhẻm; {number}' if bad.strip() else bad
        with hotline.database.transaction() as session:
            change = update(Ticket).where(Ticket.id == filed.ticket().id)
            session.execute(change.values(text=said, place_text=bad or None))
        texts[str(filed.ticket().id)] = (bad, said)
    browser = log_in(staff.alice)
    for rows, has_cr in ((read_csv(take(browser, "csv")), True), (read_xlsx(take(browser, "xlsx")), False)):
        assert len(rows) == len(texts)
        for row in rows:
            bad, said = texts[row["Phiếu"]]
            for cell, sent in ((row["Nội dung"], said), (row["Nơi"], bad)):
                expected = sent if has_cr else sent.replace("\r\n", "\n").replace("\r", "\n")
                if bad in HARMLESS:
                    assert (cell or "") == expected
                else:
                    assert cell == f"'{expected}"
                assert (cell or "x").lstrip(' "\u00a0\u3000')[:1] not in set("=+-@\t\r\n＝＋－＠|%"), (bad, cell)
            assert row["Số phản ánh"] in (1, "1")


@settings(max_examples=300)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
@example("\0=1")
@example("\ufeff=1")
@example("\u200b=1")
def test_whatever_a_cell_holds_it_begins_harmlessly_and_reads_back(value: str) -> None:
    """Check 21. Any text at all, NUL too: expect it harmless, and to be had back by leaving the guard away."""
    cell = export.guarded(value)
    assert cell in {value, f"'{value}"}
    assert cell[:1] not in set("=+-@\t\r\n\0＝＋－＠|%")
    if cell == value:
        assert value.lstrip(" \"'\u00a0\u3000\ufeff\u200b")[:1] not in set("=+-@\t\r\n\0＝＋－＠|%")


def test_a_telephone_number_stays_readable() -> None:
    """Check 21. `+84…` is guarded, not changed."""
    assert export.guarded("+84 28 3829 1234") == "'+84 28 3829 1234"


def test_an_export_holds_what_its_person_sees_and_no_way_to_reach_a_citizen(
    hotline: Hotline, road: Road, staff: Staff, log_in: Browser
) -> None:
    said = f"{LIGHTS_OUT}, gọi 0901 234 567 hay lan@vidu.vn"
    own = road.routed(said, contact_name="Bà Lan", contact_phone="0987654321", consent=True)
    road.sealed()
    road.in_review()
    road.file()
    for kind in ExportFormat:
        (row,) = rows_of(take(log_in(staff.alice), kind.value), kind)
        assert row["Phiếu"] == str(own.ticket().id), "as its page is called, and to a spreadsheet no number"
        assert row["Đơn vị"]
        said_of = " ".join(str(cell) for cell in row.values())
        for secret in ("0901", "234 567", "lan@vidu.vn", "Bà Lan", "0987654321"):
            assert secret not in said_of
        assert rows_of(take(log_in(staff.bob), kind.value), kind) == []
        assert len(rows_of(take(log_in(staff.auditor), kind.value), kind)) == 1
    for account in (staff.call_taker, staff.admin):
        browser = log_in(account)
        token = hidden(browser.get("/rieng-tu").get_data(as_text=True), "csrf_token")
        assert browser.post("/work/export", data={"csrf_token": token, "format": "csv"}).status_code == 404


def test_an_export_is_of_the_list_as_it_is_filtered_in_its_order_however_long(
    hotline: Hotline, road: Road, staff: Staff, log_in: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "PART", 2)  # so that it is read in several parts
    filed = [road.routed(f"{LIGHTS_OUT} {word}") for word in ("một", "hai", "ba", "bốn", "năm")]
    with hotline.database.transaction() as session:
        for days, one in enumerate(reversed(filed)):
            session.get_one(Ticket, one.ticket().id).resolve_due_at = hotline.now() + timedelta(days=days)
    alice = log_in(staff.alice)
    expected = [str(one.ticket().id) for one in reversed(filed)]
    assert [row["Phiếu"] for row in read_csv(take(alice, "csv"))] == expected
    assert [row["Phiếu"] for row in read_csv(take(alice, "csv", "?q=ba"))] == [expected[2]]
    (row,) = read_xlsx(take(alice, "xlsx", "?q=ba"))
    assert row["Hạn"] == datetime(2026, 3, 5, 9, 0)  # noqa: DTZ001 - the city's clock, as a spreadsheet has it


def test_who_takes_a_list_out_is_on_record_for_good(
    hotline: Hotline, road: Road, staff: Staff, log_in: Browser
) -> None:
    road.routed()
    take(log_in(staff.alice), "csv", "?q=den&status=routed")
    take(log_in(staff.coordinator), "xlsx")
    with hotline.database.reading() as session:
        kept = [
            (row.account_id, row.at, row.format.value, row.query, row.tickets)
            for row in session.scalars(select(Export).order_by(Export.id))
        ]
    assert kept == [
        (staff.alice.id, hotline.now(), "csv", {"status": "routed", "q": "den"}, 1),
        (staff.coordinator.id, hotline.now(), "xlsx", {}, 1),
    ]
    for statement in ("update export set tickets = 0", "delete from export"):
        with pytest.raises(DBAPIError, match="append-only"), hotline.database.transaction() as session:
            session.execute(text(statement))


def test_a_number_that_somebody_looked_for_does_not_stay_on_record(
    hotline: Hotline, road: Road, staff: Staff, log_in: Browser
) -> None:
    road.routed()
    take(log_in(staff.alice), "csv", "?q=den+0901234567")
    with hotline.database.reading() as session:
        (row,) = session.scalars(select(Export))
    assert row.query == {"q": "den số"}


def test_a_list_that_is_too_long_or_a_format_that_there_is_not_is_refused_and_not_recorded(
    hotline: Hotline, road: Road, staff: Staff, log_in: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        road.routed()
    monkeypatch.setattr(export, "MOST", 2)
    alice = log_in(staff.alice)
    refused = posted(alice, "csv")
    assert refused.status_code == 422
    assert "dài hơn 2 phiếu" in words(refused.get_data(as_text=True))
    assert posted(alice, "exe").status_code == 422
    with hotline.database.reading() as session:
        assert session.scalars(select(Export)).all() == []


def posted(browser: FlaskClient, kind: str, query: str = "") -> TestResponse:
    token = hidden(browser.get(f"/work{query}").get_data(as_text=True), "csrf_token")
    return browser.post(f"/work/export{query}", data={"csrf_token": token, "format": kind})


def take(browser: FlaskClient, kind: str, query: str = "") -> bytes:
    """Return the file that somebody gets."""
    answer = posted(browser, kind, query)
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="phieu-2026-03-03-0900')
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    return answer.get_data()


def rows_of(file: bytes, kind: ExportFormat) -> list[dict[str, Any]]:
    return read_csv(file) if kind is ExportFormat.CSV else read_xlsx(file)


def read_csv(file: bytes) -> list[dict[str, Any]]:
    """Read a file as RFC 4180 has it, behind the mark by which spreadsheets know UTF-8."""
    assert file.startswith("\ufeff".encode())
    lines = list(csv.reader(io.StringIO(file.decode("utf-8-sig"), newline=""), strict=True))
    return [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]


def read_xlsx(file: bytes) -> list[dict[str, Any]]:
    """Read a workbook with its formulas as formulas; there is none."""
    sheet = load_workbook(io.BytesIO(file)).worksheets[0]
    head, *lines = list(sheet.iter_rows())
    assert all(cell.data_type != "f" for line in lines for cell in line)
    return [{str(name.value): cell.value for name, cell in zip(head, line, strict=True)} for line in lines]
