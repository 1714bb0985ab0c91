"""The administrators' pages: where they begin, and the days that offices work."""

from collections.abc import Callable

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app import errors, workdays
from app.accounts.session import required
from app.admin import service
from app.admin.service import ForeseenDay
from app.admin.sources import sources
from app.current import hotline, staff
from app.i18n import gettext as _
from app.intake.views import grouped_errors
from app.problems import Problem, Refused, refuse
from app.work.views import day_from_form
from app.workdays import Decision
from models.vocabulary import Role

admin = Blueprint("admin", __name__, url_prefix="/admin")

administrators = required(Role.ADMIN)


@admin.get("")
@administrators
def overview() -> str:
    """Show what there is to look after."""
    return render_template("admin/overview.html", places=_places())


def _places() -> list[tuple[str, str, str, str]]:
    """Return page, sign, name and what it is for."""
    return [
        ("admin_accounts.accounts", "users", _("Tài khoản"), _("Mời người, khóa, gỡ mã đăng nhập bị mất")),
        ("units.listed", "building-2", _("Đơn vị"), _("Mở, đổi, đóng đơn vị")),
        ("admin.calendar", "calendar-days", _("Lịch làm việc"), _("Ngày nghỉ và ngày làm bù")),
        ("admin_rules.rules", "arrow-right", _("Quy tắc"), _("Việc gì về đơn vị nào, và thử trước khi đổi")),
        ("admin_rules.topic_list", "file-text", _("Chủ đề"), _("Tên, ý nghĩa và thời hạn của từng chủ đề")),
        ("replies.everyones", "message-square", _("Mẫu trả lời"), _("Mẫu của thành phố và của từng đơn vị")),
        ("admin_system.models", "star", _("Mô hình"), _("Mô hình đang dùng, đổi và quay lại")),
        ("admin_system.health", "circle-check", _("Sức khỏe hệ thống"), _("Cài đặt nào ổn, cài đặt nào cần sửa")),
        (
            "admin_exchanges.listed",
            "phone",
            _("Tổng đài điện thoại"),
            _("Tổng đài nào báo cuộc gọi, và khóa của nó"),
        ),
        ("webhooks.listed", "send", _("Webhook"), _("Báo cho hệ thống khác khi phiếu có gì mới")),
        ("persons.ask", "user", _("Dữ liệu của một người"), _("Họ hỏi ta giữ gì, hoặc xin xóa")),
        ("audit.log", "shield", _("Nhật ký"), _("Ai vào, ai đổi gì")),
    ]


@admin.get("/calendar")
@administrators
def calendar() -> str:
    """Show the days of a year that are not as their weekday says, and who decided what and why."""
    return _calendar()


@admin.post("/calendar")
@administrators
def set_day() -> AnyResponse:
    """Decide that a day is off or worked, or show what that would do."""
    return _decide(_working)


@admin.post("/calendar/unset")
@administrators
def unset_day() -> AnyResponse:
    """Take a decision back: the day is again as the city's file has it."""
    return _decide(lambda: None)


def _working() -> bool:
    typed = request.form.get("working", "")
    if typed not in {"off", "worked"}:
        raise refuse("working", "not_one_of", expected="off, worked")
    return typed == "worked"


def _decide(read: Callable[[], bool | None]) -> AnyResponse:
    person = staff()
    try:
        decision = Decision(
            day=day_from_form("day"),
            working=read(),
            reason=request.form.get("reason", ""),
            author=person.display_name,
            actor_id=person.id,
        )
        if request.form.get("preview"):
            foreseen = service.foresee_day(hotline(), decision)
            return Response(_calendar(values=request.form.to_dict(), foreseen=foreseen))
        service.decide_on_day(hotline(), decision)
    except Refused as refused:
        return Response(_calendar(refused.problems, request.form.to_dict()), errors.status_of(refused))
    return redirect(url_for("admin.calendar", year=decision.day.year), 303)


def _calendar(
    problems: tuple[Problem, ...] = (), values: dict[str, str] | None = None, foreseen: ForeseenDay | None = None
) -> str:
    with hotline().database.reading() as session:
        in_force = hotline().calendar(session)
        today = in_force.local_day(hotline().now())
        years = range(today.year - 1, today.year + 4)
        asked = (values or {}).get("day", "")[:4] or request.args.get("year", "")
        year = int(asked) if asked in {str(year) for year in years} else today.year
        return render_template(
            "admin/calendar.html",
            year=year,
            years=years,
            days=in_force.special_days(year),
            changes=workdays.changes(session),
            version=in_force.version,
            foreseen=foreseen,
            sources=sources(hotline()),
            errors=grouped_errors(problems),
            values=values or {},
        )
