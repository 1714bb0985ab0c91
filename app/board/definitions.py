"""What each figure is: its name, what counts and what does not, and its SQL on the real tables.

The page `/board/figures` and `docs/figures.md` are both written from here, and the tests run these very statements
against the figures that the board shows.
"""

from dataclasses import dataclass
from typing import Final

COUNTED: Final = """ticket.status not in ('received', 'sealed')
  and coalesce(ticket.submission_type, '') <> 'to-cao'
  and ticket.received_at >= :begins and ticket.received_at < :ends"""
OPEN: Final = "('needs_review', 'returned', 'routed', 'in_progress', 'info_requested', 'reopened')"
_ALONE: Final = "ticket.status <> 'merged'"
_PROMISED: Final = "join deadline on deadline.ticket_id = ticket.id and deadline.kind = 'resolve'"
_OVERDUE: Final = f"""(deadline.met_at is null and deadline.due_at < :now
    and deadline.paused_at is null and ticket.status in {OPEN})"""
_LATE: Final = f"(deadline.met_at > deadline.due_at or {_OVERDUE})"
_ANSWERED: Final = """exists (select 1 from ticket_event e
    where e.ticket_id = ticket.id and e.to_status = 'answered')"""
_REOPENED: Final = """exists (select 1 from ticket_event e
    where e.ticket_id = ticket.id and e.to_status = 'reopened' and e.from_status in ('answered', 'closed'))"""


@dataclass(frozen=True)
class Definition:
    """One figure. `kind`: count, rate (0 to 1), stars (1 to 5), or span: the median of the seconds between the two
    times that the statement returns for each ticket. `better` is the direction that is good, if there is one.
    """

    name: str
    kind: str
    vi: str
    en: str
    what_vi: str
    what_en: str
    sql: str
    better: str | None = None


def _count(condition: str, joined: str = "") -> str:
    return f"select count(*) from ticket{_line(joined)}\nwhere {COUNTED}" + (
        f"\n  and {condition}" if condition else ""
    )


def _line(joined: str) -> str:
    return f"\n{joined}" if joined else ""


def _span(there: str) -> str:
    return (
        f"select ticket.received_at, min(e.at) from ticket\n"
        f"join ticket_event e on e.ticket_id = ticket.id and e.to_status in ({there})\n"
        f"where {COUNTED}\n  and {_ALONE}\ngroup by ticket.id, ticket.received_at"
    )


#: What holds for every figure.
GROUND_VI: Final = (
    "Mọi con số nói về những phản ánh **nhận trong kỳ** (theo ngày của thành phố) và tính theo tình trạng **lúc xem**.",
    "Phản ánh chưa được phân loại chưa tính. Tố cáo không bao giờ tính, kể cả sau khi đã chuyển đi.",
    "Phản ánh gộp vào một việc khác chỉ tính vào “đã nhận” và “điểm hài lòng”; việc chung tính một lần, ở phiếu chính.",
    "Phiếu thuộc về đơn vị **đang** chủ trì nó; phiếu chưa có, hoặc không còn, đơn vị đứng ở dòng “Chưa có đơn vị”.",
    "Đồng hồ dừng khi chờ người dân bổ sung: lúc đó phiếu không trễ, và hạn được dời đúng bằng thời gian chờ.",
)
GROUND_EN: Final = (
    "Every figure is about the reports **received in the period** (days of the city), as they stand **when you look**.",
    "Reports that are not understood yet do not count yet. Denunciations never count, not even once they were referred.",
    "A report merged into another counts as received and with its stars, and in nothing else: the shared work counts once, by its lead ticket.",
    "A ticket is of the unit that leads it **now**; one without a unit stands in the line “No unit”.",
    "The clock stands still while the unit waits for the citizen: the ticket is not late then, and its deadline moves by just that time.",
)

DEFINITIONS: Final = (
    Definition(
        "received", "count", "Đã nhận", "Received",
        "Phản ánh nhận trong kỳ, cả phản ánh được gộp vào việc khác và phản ánh không thuộc thẩm quyền.",
        "Reports received in the period, those merged into others and those that were refused or referred too.",
        _count(""),
    ),
    Definition(
        "open", "count", "Còn mở", "Open",
        "Phiếu mà người dân chưa có lời cuối: chờ điều phối, bị trả lại, đang ở đơn vị, chờ bổ sung, mở lại.",
        "Tickets whose citizen has no last word yet: in review, returned, with a unit, waiting for more, reopened.",
        _count(f"ticket.status in {OPEN}"), "down",
    ),
    Definition(
        "done", "count", "Đã xong", "Done",
        "Phiếu đã trả lời, đã đóng, không nhận, hoặc chuyển nơi khác. Đã nhận = còn mở + đã xong + đã gộp.",
        "Tickets answered, closed, refused or referred. Received = open + done + merged.",
        _count("ticket.status in ('answered', 'closed', 'rejected', 'referred')"),
    ),
    Definition(
        "merged", "count", "Đã gộp", "Merged",
        "Phản ánh về một việc mà người khác đã báo; việc đó do phiếu chính giải quyết.",
        "Reports of something that others reported too; the lead ticket is worked on for all.",
        _count("ticket.status = 'merged'"),
    ),
    Definition(
        "on_time", "count", "Đúng hạn", "On time",
        "Phiếu có lời trả lời (hoặc lời không nhận, lời chỉ dẫn) trước hoặc đúng hạn trả lời, đã tính gia hạn và "
        "thời gian dừng. Phiếu bị mở lại có hạn mới, và được tính theo hạn mới đó.",
        "Tickets whose answer (or refusal, or guidance) came by the deadline, with extensions and pauses. "
        "A ticket that was reopened has a new deadline, and counts by that one.",
        _count(f"{_ALONE}\n  and deadline.met_at <= deadline.due_at", _PROMISED), "up",
    ),
    Definition(
        "late", "count", "Trễ hạn", "Late",
        "Phiếu trả lời sau hạn, hoặc còn mở mà hạn đã qua và đồng hồ không dừng.",
        "Tickets answered after the deadline, or still open past it while the clock was not paused.",
        _count(f"{_ALONE}\n  and {_LATE}", _PROMISED), "down",
    ),
    Definition(
        "on_time_rate", "rate", "Tỷ lệ đúng hạn", "On-time rate",
        "Đúng hạn ÷ (đúng hạn + trễ hạn). Phiếu còn mở mà chưa tới hạn, và phiếu không có hạn, không nằm trong cả hai.",
        "On time ÷ (on time + late). Open tickets not yet due, and tickets without a deadline, are in neither.",
        "select avg(case when deadline.met_at <= deadline.due_at then 1.0 else 0.0 end) from ticket\n"
        f"{_PROMISED}\nwhere {COUNTED}\n  and {_ALONE}\n  and (deadline.met_at <= deadline.due_at or {_LATE})", "up",
    ),
    Definition(
        "reopened", "count", "Mở lại", "Reopened",
        "Phiếu đã trả lời mà người dân nói chưa xong, ít nhất một lần. Không đồng ý với lời từ chối thì không tính.",
        "Answered tickets of which the citizen said, once or more, that it is not done. Contesting a refusal is not it.",
        _count(f"{_ALONE}\n  and {_ANSWERED}\n  and {_REOPENED}"), "down",
    ),
    Definition(
        "reopened_rate", "rate", "Tỷ lệ mở lại", "Reopened rate",
        "Mở lại ÷ số phiếu từng được trả lời.", "Reopened ÷ tickets that were ever answered.",
        f"select avg(case when {_REOPENED} then 1.0 else 0.0 end) from ticket\n"
        f"where {COUNTED}\n  and {_ALONE}\n  and {_ANSWERED}", "down",
    ),
    Definition(
        "returned", "count", "Bị trả lại", "Returned",
        "Phiếu mà ít nhất một đơn vị đã trả lại vì không phải việc của mình. Tính cho đơn vị đang giữ phiếu; ai trả, "
        "vì sao: xem trang “Bị trả lại”.",
        "Tickets that a unit gave back at least once as not its own. They count for the unit that has them now; who "
        "gave back and why is on the page “Returned”.",
        _count(f"{_ALONE}\n  and ticket.returns > 0"), "down",
    ),
    Definition(
        "rated", "count", "Lượt chấm", "Ratings",
        "Phản ánh mà người dân đã chấm sao, cả phản ánh được gộp.",
        "Reports whose citizen gave stars, merged ones too.",
        _count("", "join feedback on feedback.ticket_id = ticket.id"), "up",
    ),
    Definition(
        "stars", "stars", "Điểm hài lòng", "Satisfaction",
        "Trung bình cộng số sao (1 đến 5) của những phản ánh đã được chấm. Ai không chấm thì không đoán thay.",
        "The average of the stars (1 to 5) of the reports that were rated. Nobody's stars are guessed.",
        f"select avg(feedback.rating * 1.0) from ticket\njoin feedback on feedback.ticket_id = ticket.id\n"
        f"where {COUNTED}", "up",
    ),
    Definition(
        "first_action", "span", "Bắt tay xử lý", "Time to first action",
        "Trung vị thời gian từ lúc nhận đến lúc một đơn vị nhận xử lý, hoặc trả lời ngay. Tính cả đêm và ngày nghỉ; "
        "phiếu chưa ai nhận chưa nằm trong này.",
        "The median time from receipt until a unit took it up, or answered at once. Nights and holidays count; tickets "
        "that nobody took up yet are not in it.",
        _span("'in_progress', 'answered'"), "down",
    ),
    Definition(
        "answer_time", "span", "Thời gian trả lời", "Time to answer",
        "Trung vị thời gian từ lúc nhận đến lời trả lời đầu tiên. Tính cả đêm và ngày nghỉ; phiếu chưa trả lời chưa "
        "nằm trong này.",
        "The median time from receipt to the first answer. Nights and holidays count; tickets without an answer are "
        "not in it.",
        _span("'answered'"), "down",
    ),
)  # fmt: skip
BY_NAME: Final = {definition.name: definition for definition in DEFINITIONS}

_INTRODUCTION: Final = """# The figures of the board

Written from `app/board/definitions.py`; a test compares this page with it and runs each statement, on both databases,
against what the board shows. `:begins` and `:ends` are where the period begins and where it is over, `:now` is when one
looks. A figure of one unit, ward, topic or channel has one condition more, such as `and ticket.department_id = 'some-unit'`.

"""
_RANKING: Final = """## Ranking

Units are ranked by their on-time rate, always with the counts behind it. A unit of which it is decided for fewer than
{few} tickets whether they were in time (on time + late) is listed below without a rank: one ticket more or less would
move it by places. Units of the same rate have the same rank. An average of fewer than {few_stars} ratings is shown with
a mark that it is of few.
"""


def page(few: int, few_stars: int) -> str:
    """Return `docs/figures.md`."""
    ground = "\n".join(f"- {vi}\n  {en}" for vi, en in zip(GROUND_VI, GROUND_EN, strict=True))
    parts = [_INTRODUCTION + "## What holds for all\n\n" + ground + "\n"]
    for one in DEFINITIONS:
        median = "\nThe figure is the median of the whole seconds between the two.\n" if one.kind == "span" else ""
        parts.append(
            f"## {one.vi} · {one.en} (`{one.name}`)\n\n{one.what_vi}\n\n{one.what_en}\n\n```sql\n{one.sql}\n```\n{median}"
        )
    parts.append(_RANKING.format(few=few, few_stars=few_stars))
    return "\n".join(parts)
