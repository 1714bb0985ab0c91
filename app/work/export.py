"""A list of tickets taken out of the system, as CSV or Excel: what the person sees, and no way to reach a citizen.

The contact is not among the columns, and numbers of persons that stand in a report are left out of its text. Who took
what is kept first (`models.worklist.Export`, which auditors read among the rest); then the tickets are read page by
page, by key.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from tempfile import TemporaryFile
from typing import IO, Any, Final

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from sqlalchemy.orm import Session

from app import wording
from app.deadlines import Standing, standing
from app.hotline import Hotline
from app.i18n import gettext as _
from app.i18n import label
from app.problems import refuse
from app.work import queue
from app.work.filters import Filter
from classifier.scrub import scrubbed
from models.account import Account
from models.ticket import Ticket
from models.vocabulary import ExportFormat
from models.worklist import Export

#: At most so many tickets in one file; a list that is longer is to be narrowed.
MOST: Final = 10_000
#: Tickets that are read at once.
PART: Final = 500
#: A spreadsheet takes a cell that begins so for a formula, even behind white space or a quote, and some by the wide
#: forms too.
_EXECUTABLE: Final = frozenset("=+-@\t\r\n\0＝＋－＠|%")
#: An Excel cell knows one line end; XML leaves another one in or not, by who writes it.
_LINE_END: Final = re.compile("\r\n?")
_IGNORED: Final = " \"'\u00a0\u3000\ufeff\u200b"
Cell = str | int | datetime | None


@dataclass(frozen=True)
class Kind:
    """How a format is called on the wire, and who writes it."""

    mimetype: str
    write: Callable[[Iterator[list[Cell]]], Iterator[bytes]]


def guarded(value: str) -> str:
    """Return a text that no spreadsheet takes for a formula: with ' before it where one might."""
    bare = value.lstrip(_IGNORED)
    return f"'{value}" if value[:1] in _EXECUTABLE or bare[:1] in _EXECUTABLE else value


def kind_of(typed: str) -> ExportFormat:
    """Read a format; raise `Refused` for another."""
    try:
        return ExportFormat(typed)
    except ValueError:
        raise refuse("", "not_one_of", expected=", ".join(ExportFormat)) from None


def export(hotline: Hotline, account: Account, kind: ExportFormat, wanted: Filter) -> Iterator[bytes]:
    """Keep who takes what out, then return the file piece by piece; raise `Refused` where it would be too long."""
    now = hotline.now()
    with hotline.database.reading() as session:
        number = queue.size(session, account, wanted, now, most=MOST)
    if number > MOST:
        raise refuse("", "export_too_long", max=MOST)
    asked = replace(wanted, q=scrubbed(wanted.q))  # what stays for good has no number of a person in it
    with hotline.database.transaction() as session:
        session.add(Export(account_id=account.id, at=now, format=kind, query=asked.as_query(), tickets=number))
    rows = _rows(hotline, account, wanted, now)
    return KINDS[kind].write(rows)


def _rows(hotline: Hotline, account: Account, wanted: Filter, now: datetime) -> Iterator[list[Cell]]:
    yield _head()
    tickets = islice(_tickets(hotline, account, wanted, now), MOST)
    for ticket, stands in tickets:
        yield _row(ticket, stands, now)


def _tickets(
    hotline: Hotline, account: Account, wanted: Filter, now: datetime
) -> Iterator[tuple[Ticket, Standing | None]]:
    after: str | None = None
    while True:
        with hotline.database.reading() as session:
            page = queue.page(session, account, now, after, wanted, size=PART)
            stands = _standing(session, page, now)
        yield from ((ticket, stands.get(ticket.id)) for ticket in page.tickets)
        after = page.after
        if after is None:
            return


def _standing(session: Session, page: queue.Page, now: datetime) -> Mapping[Any, Standing]:
    return standing(session, (ticket.id for ticket in page.tickets), now)


def _head() -> list[Cell]:
    return [
        _("Phiếu"),
        _("Trạng thái"),
        _("Mức gấp"),
        _("Hạn"),
        _("Còn hay trễ"),
        _("Chủ đề"),
        _("Phường, xã"),
        _("Nơi"),
        _("Nội dung"),
        _("Loại đơn"),
        _("Kênh"),
        _("Nhận lúc"),
        _("Trả lời lúc"),
        _("Đơn vị"),
        _("Số phản ánh"),
    ]


def _row(ticket: Ticket, stands: Standing | None, now: datetime) -> list[Cell]:
    paused = stands is not None and stands.paused_at is not None
    return [
        str(ticket.id),  # whole: eight hex digits may be a number to a spreadsheet, 00123456 or 12345e67
        wording.status_words(ticket.status),
        wording.urgency_words(ticket.urgency),
        ticket.resolve_due_at,
        wording.due_tag(ticket.resolve_due_at, now, paused=paused).words,
        label(ticket.topic) if ticket.topic else None,
        ticket.ward.name if ticket.ward else None,
        scrubbed(ticket.place_text) if ticket.place_text else None,
        scrubbed(ticket.text),
        wording.type_words(ticket.submission_type),
        wording.channel_words(ticket.channel),
        ticket.received_at,
        ticket.answered_at,
        label(ticket.department) if ticket.department else None,
        ticket.incident.reports if ticket.incident else 1,
    ]


def _csv(rows: Iterator[list[Cell]]) -> Iterator[bytes]:
    yield "\ufeff".encode()  # the mark by which spreadsheets know UTF-8
    for row in rows:
        line = io.StringIO()
        csv.writer(line).writerow([_plain(value) for value in row])  # RFC 4180: CRLF, quotes doubled
        yield line.getvalue().encode()


def _plain(value: Cell) -> str | int:
    if isinstance(value, datetime):
        return wording.iso(value)
    if isinstance(value, int):
        return value
    return guarded(value or "")


def _xlsx(rows: Iterator[list[Cell]]) -> Iterator[bytes]:
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet("Lang Nghe")
    sheet.freeze_panes = "A2"
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])
    with TemporaryFile() as file:
        workbook.save(file)
        file.seek(0)
        yield from _pieces(file)


def _cell(sheet: Any, value: Cell) -> Any:
    if isinstance(value, datetime):
        cell = WriteOnlyCell(sheet, wording.city_time(value))
        cell.number_format = "dd/mm/yyyy hh:mm"
        return cell
    if not isinstance(value, str):
        return value
    lines = _LINE_END.sub("\n", guarded(value))
    cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("\ufffd", lines))
    cell.data_type = "s"  # a text is a text, whatever it begins with
    return cell


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    while piece := file.read(65536):
        yield piece


KINDS: Final[Mapping[ExportFormat, Kind]] = {
    ExportFormat.CSV: Kind("text/csv; charset=utf-8", _csv),
    ExportFormat.XLSX: Kind("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", _xlsx),
}
