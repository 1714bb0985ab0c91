"""The report of a period as PDF and as a spreadsheet: one content, written twice.

No form of the city's own was found, only what its reports tell (received, done, open, late; the mix of topics; units by
their on-time rate), so this is those tables in the order of an administrative paper (decree 30/2020). It is in
Vietnamese whatever language the screen has.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib.resources import files
from io import BytesIO
from typing import Any, Final

import typst
from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.utils import get_column_letter
from sqlalchemy.orm import Session

from app.assignment import local_date
from app.board import figures, service, words
from app.board.definitions import BY_NAME, DEFINITIONS
from app.board.figures import TALLY, Counts
from app.board.schema import Asked
from app.board.service import FEW, Ranked
from app.hotline import Hotline
from app.i18n import speaking
from app.returns.schema import Period
from models.account import Account
from models.vocabulary import ExportForm
from routing.city import City

#: The figures that the first table has, and those that each line of the other tables has.
OF_THE_PERIOD: Final = tuple(definition.name for definition in DEFINITIONS)
OF_A_LINE: Final = ("received", "done", "open", "on_time", "late", "on_time_rate", "reopened", "stars", "answer_time")
#: How a spreadsheet shows each kind of figure. Spans are parts of a day there, as it counts time.
FORMATS: Final = {"count": "#,##0", "rate": "0.0%", "stars": "0.0", "span": "[h]:mm", "day": "dd/mm/yyyy"}
_THIN: Final = Side(style="thin")


@dataclass(frozen=True)
class Cell:
    """A figure or a name: `kind` is one of a definition's, `day` or `text`."""

    kind: str
    value: Any

    @property
    def said(self) -> str:
        """The cell on paper."""
        if self.kind == "text":
            return str(self.value)
        return words.value(self.kind, self.value)


@dataclass(frozen=True)
class Part:
    """A numbered table; `widths` are shares of the paper's width."""

    title: str
    sheet: str
    head: list[str]
    widths: list[int]
    rows: list[list[Cell]]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """What is written, before it is paper or sheet."""

    above: str
    office: str
    period: Period
    today: date
    place: str
    summary: list[str]
    parts: list[Part]

    title = "Kết quả tiếp nhận và xử lý phản ánh, kiến nghị của người dân"

    @property
    def of_period(self) -> str:
        """The period in words."""
        return f"(Từ ngày {self.period.first:%d/%m/%Y} đến ngày {self.period.last:%d/%m/%Y})"


def written(hotline: Hotline, session: Session, account: Account, asked: Asked, form: ExportForm) -> bytes:
    """Return the report of what an account may see of the period and tickets that it asks for."""
    with speaking("vi"):
        report = _report(hotline, session, account, asked)
        return as_pdf(report, hotline.now()) if form is ExportForm.PDF else as_xlsx(report)


def _report(hotline: Hotline, session: Session, account: Account, asked: Asked) -> Report:
    found = service.board(hotline, session, account, asked)
    scope, city = asked.scope(hotline.files.calendar.zone, found.only_unit), hotline.city

    def counted(by: str) -> dict[str, Counts]:
        return figures.counted(session, TALLY, scope, found.now, by)

    unit = found.only_unit or asked.given.get("unit")
    return Report(
        above=f"Ủy ban nhân dân {city.name}",
        office=words.key(city, "unit", unit) if unit else "Tổng đài tiếp nhận phản ánh",
        period=asked.period,
        today=local_date(hotline, found.now),
        place=city.name,
        summary=list(_summary(city, asked, found.total, found.before)),
        parts=[
            _of_the_period(hotline, found.total, found.before),
            _of_units(city, service.rank(counted("unit"))),
            _by("III. Theo nhóm chủ đề và kênh tiếp nhận", "III. Chủ đề, kênh", city, {
                by: counted(by) for by in ("group", "channel")
            }),
            _by("IV. Theo phường, xã, đặc khu", "IV. Phường, xã", city, {"ward": counted("ward")}),
        ],
    )  # fmt: skip


def _summary(city: City, asked: Asked, now: Counts, before: Counts) -> Iterator[str]:
    yield (
        f"Trong kỳ đã nhận {words.number(now.received)} phản ánh (kỳ trước {words.number(before.received)}); "
        f"đã xong {words.number(now.done)}, còn mở {words.number(now.open)}, gộp vào việc chung "
        f"{words.number(now.merged)}. Trong {words.number(now.decided)} phiếu đã rõ kết quả về hạn, "
        f"{words.number(now.on_time)} phiếu đúng hạn, {words.number(now.late)} phiếu trễ hạn, tỷ lệ đúng hạn "
        f"{words.value('rate', now.on_time_rate)}. {words.number(now.rated)} người dân đã chấm, trung bình "
        f"{words.value('stars', now.stars)} trên 5 sao."
    )
    others = [(name, value) for name, value in asked.given.items() if name != "unit"]
    if others:
        said = "; ".join(f"{words.dimension(name)}: {words.key(city, name, value)}" for name, value in others)
        yield f"Báo cáo này chỉ gồm: {said}."


def _of_the_period(hotline: Hotline, now: Counts, before: Counts) -> Part:
    targets: Mapping[str, float] = hotline.files.targets.of
    rows = [
        [
            Cell("text", BY_NAME[name].vi),
            Cell(BY_NAME[name].kind, words.of(now, name)),
            Cell(BY_NAME[name].kind, words.of(before, name)),
            Cell(BY_NAME[name].kind, targets.get(name)),
        ]
        for name in OF_THE_PERIOD
    ]
    return Part("I. Kết quả chung", "I. Chung", ["Chỉ tiêu", "Kỳ này", "Kỳ trước", "Mục tiêu"], [5, 3, 3, 3], rows)


def _of_units(city: City, units: Iterable[Ranked]) -> Part:
    rows = [
        [Cell("count", one.rank), Cell("text", words.key(city, "unit", one.unit)), *_cells(one.counts)] for one in units
    ]
    note = (
        f"Xếp hạng theo tỷ lệ đúng hạn = đúng hạn ÷ (đúng hạn + trễ hạn). Đơn vị có dưới {FEW} phiếu đã rõ kết quả "
        "không xếp hạng; cùng tỷ lệ thì cùng hạng."
    )
    head = ["Hạng", "Đơn vị", *_heads()]
    return Part("II. Theo đơn vị chủ trì", "II. Đơn vị", head, [4, 12, *_widths()], rows, (note,))


def _by(title: str, sheet: str, city: City, found: Mapping[str, Mapping[str, Counts]]) -> Part:
    """Return the lines of some dimensions below each other, of each the most reported first."""
    rows: list[list[Cell]] = []
    for by, some in found.items():
        named = [(words.key(city, by, key), counts) for key, counts in some.items()]
        most = sorted(named, key=lambda pair: (-pair[1].received, pair[0]))
        rows += [[Cell("text", name), *_cells(counts)] for name, counts in most]
    head = [" / ".join(words.dimension(by) for by in found), *_heads()]
    return Part(title, sheet, head, [14, *_widths()], rows)


def _heads() -> list[str]:
    short = {"on_time_rate": "% đúng hạn", "answer_time": "T.gian trả lời", "stars": "Sao"}
    return [short.get(name, BY_NAME[name].vi) for name in OF_A_LINE]


def _widths() -> list[int]:
    return [7 if BY_NAME[name].kind == "span" else 5 if BY_NAME[name].kind == "rate" else 4 for name in OF_A_LINE]


def _cells(counts: Counts) -> list[Cell]:
    return [Cell(BY_NAME[name].kind, words.of(counts, name)) for name in OF_A_LINE]


def as_pdf(report: Report, now: datetime) -> bytes:
    """Return the report as a PDF/UA: tagged, its text can be read aloud and copied out."""
    said = {
        "above": report.above,
        "office": report.office,
        "title": report.title,
        "period": report.of_period,
        "place_and_day": f"{report.place}, ngày {report.today:%d} tháng {report.today:%m} năm {report.today.year}",
        "summary": report.summary,
        "nothing": "Không có phản ánh nào.",
        "how_title": "Cách tính",
        "how": [[one.vi, one.what_vi] for one in DEFINITIONS],
        "parts": [
            {
                "title": part.title,
                "head": part.head,
                "widths": part.widths,
                "right": [all(row[place].kind != "text" for row in part.rows) for place in range(len(part.head))],
                "rows": [[cell.said for cell in row] for row in part.rows],
                "notes": list(part.notes),
            }
            for part in report.parts
        ],
    }
    source = files("app").joinpath("templates/board/report.typ").read_bytes()
    made = typst.compile(
        source,
        format="pdf",
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(said, ensure_ascii=False)},
        pdf_standards=["ua-1"],
        timestamp=int(now.timestamp()),
    )
    return bytes(made)


def as_xlsx(report: Report) -> bytes:
    """Return the report as a spreadsheet: a sheet a part, numbers and days as such."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for part in report.parts:
        _sheet(book, report, part)
    how = book.create_sheet("Cách tính")
    how.append(["Chỉ tiêu", "Cách tính"])
    for one in DEFINITIONS:
        how.append([one.vi, one.what_vi])
    _dress(how, 1, [24, 110])
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def _sheet(book: Workbook, report: Report, part: Part) -> None:
    sheet = book.create_sheet(part.sheet)
    sheet.append([report.title])
    sheet.append([report.office])
    sheet.append(["Từ ngày", report.period.first, "đến ngày", report.period.last])
    for cell in (sheet["B3"], sheet["D3"]):
        cell.number_format = FORMATS["day"]
    sheet.append([part.title])
    sheet.append(part.head)
    for row in part.rows:
        sheet.append([_plain(cell) for cell in row])
        for place, cell in enumerate(row, 1):
            if cell.kind in FORMATS:
                sheet.cell(sheet.max_row, place).number_format = FORMATS[cell.kind]
    for note in part.notes:
        sheet.append([note])
    for line in (1, 4):
        sheet.cell(line, 1).font = Font(bold=True, size=13)
    _dress(sheet, 5, [max(10, 3 * width) for width in part.widths])
    sheet.freeze_panes = "A6"


def _dress(sheet: Any, head: int, widths: list[int]) -> None:
    for row in sheet.iter_rows():
        for cell in row:
            if isinstance(cell.value, str):
                cell.data_type, cell.quotePrefix = "s", True  # a text that begins with = is a text, and stays one
    for cell in sheet[head]:
        cell.font = Font(bold=True)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        cell.border = Border(bottom=_THIN)
    for place, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(place)].width = width
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToWidth = 1
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = f"{head}:{head}"


def _plain(cell: Cell) -> Any:
    if cell.kind == "span" and cell.value is not None:
        return timedelta(seconds=cell.value)
    return cell.value
