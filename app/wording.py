"""Times, deadlines and states as people say them. The words are Vietnamese here, English by the catalogue."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from functools import cache
from typing import Any

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal

from app.current import hotline
from app.i18n import gettext as _
from app.i18n import language
from app.problems import Problem
from models.vocabulary import (
    AuditKind,
    Channel,
    DeadlineKind,
    DeliveryOutcome,
    DepartmentKind,
    LoginMethod,
    NoticeStage,
    PhotoOf,
    RefusalReason,
    Role,
    Scope,
    Status,
    SubmissionType,
    Urgency,
)
from routing.hours import Opening


@dataclass(frozen=True)
class DueTag:
    """A deadline for the eye: `kind` late, soon, ok, paused or none, and the words beside the shape."""

    kind: str
    words: str


def _zone() -> tzinfo:
    """Return the zone of the city's clocks."""
    return hotline().files.calendar.zone


def _date(at: datetime) -> str:
    """Return the pattern of a date, with the year where it is not the current one."""
    this_year = hotline().now().astimezone(_zone()).year
    return "EEEE d/M" if at.astimezone(_zone()).year == this_year else "EEEE d/M/y"


def moment(at: datetime) -> str:
    """Return e.g. "thứ Năm 27/11, 17:00" in the city's time; of another year "thứ Năm 27/11/2025, 17:00"."""
    return format_datetime(at, f"{_date(at)}, HH:mm", tzinfo=_zone(), locale=language())


def excerpt(text: str, most: int = 160) -> str:
    """Return how a text begins, on one line."""
    return " ".join(text.split())[:most]


def number(n: int) -> str:
    """Return e.g. "1.234"."""
    return format_decimal(n, locale=language())


def day(at: datetime) -> str:
    """Return e.g. "thứ Năm 27/11", of another year "thứ Năm 27/11/2025"."""
    return format_datetime(at, _date(at), tzinfo=_zone(), locale=language())


def day_said(at: datetime) -> str:
    """Return e.g. "thứ Năm 27/11" for words to a citizen, which are Vietnamese whoever writes them."""
    words = format_datetime(at, "EEEE d/M", tzinfo=_zone(), locale="vi")
    return words[0].lower() + words[1:]


def calendar_day(on: date) -> str:
    """Return e.g. "thứ Ba 24/11/2026"."""
    return format_date(on, "EEEE d/M/y", locale=language())


def full_day(at: datetime) -> str:
    """Return e.g. "27/11/2026" in the city's time."""
    return short_day(at.astimezone(_zone()).date())


def short_day(on: date) -> str:
    """Return e.g. "27/11/2026"."""
    return f"{on:%d/%m/%Y}"


def iso(at: datetime) -> str:
    """Return the exact time for machines and screen readers."""
    return at.astimezone(_zone()).isoformat(timespec="minutes")


def city_time(at: datetime) -> datetime:
    """Return the time that the city's clocks show, without a zone: for spreadsheets, which know none."""
    return at.astimezone(_zone()).replace(tzinfo=None)


def due_tag(due_at: datetime | None, now: datetime, *, paused: bool = False) -> DueTag:
    """Return how a deadline stands: late, soon (within a day), in time, paused (waiting for the citizen), or none."""
    if due_at is None:
        return DueTag("none", _("Không có hạn"))
    if paused:
        return DueTag("paused", _("Tạm dừng, chờ người dân"))
    left = due_at - now
    if left < timedelta(0):
        return DueTag("late", _("Trễ {time}").format(time=_span(-left)))
    if left <= timedelta(days=1):
        return DueTag("soon", _("Còn {time}").format(time=_span(left)))
    return DueTag("ok", day(due_at))


def _span(span: timedelta) -> str:
    if span >= timedelta(days=1):
        return _("{n} ngày").format(n=span.days)
    if span >= timedelta(hours=1):
        return _("{n} giờ").format(n=span.seconds // 3600)
    return _("{n} phút").format(n=max(1, span.seconds // 60))


def status_words(status: Status) -> str:
    """Return a status as staff say it."""
    return _status_words(language())[Status(status)]


@cache
def _status_words(_language: str) -> Mapping[Status, str]:
    """Return them all, made once a language: a list says them in every line."""
    return {
        Status.RECEIVED: _("Mới nhận"),
        Status.NEEDS_REVIEW: _("Chờ điều phối"),
        Status.ROUTED: _("Mới chuyển"),
        Status.RETURNED: _("Bị trả lại"),
        Status.IN_PROGRESS: _("Đang xử lý"),
        Status.INFO_REQUESTED: _("Chờ người dân bổ sung"),
        Status.ANSWERED: _("Đã trả lời"),
        Status.REOPENED: _("Mở lại"),
        Status.CLOSED: _("Đã đóng"),
        Status.REJECTED: _("Không nhận"),
        Status.REFERRED: _("Chuyển nơi khác"),
        Status.MERGED: _("Đã gộp"),
        Status.SEALED: _("Niêm phong"),
    }


def type_words(kind: SubmissionType | None) -> str:
    """Return a legal kind of petition in words."""
    if kind is None:
        return _("Chưa rõ loại")
    return _type_words(language())[SubmissionType(kind)]


@cache
def _type_words(_language: str) -> Mapping[SubmissionType, str]:
    """Return them all, made once a language: a list says them in every line."""
    return {
        SubmissionType.REPORT: _("Phản ánh"),
        SubmissionType.SUGGESTION: _("Kiến nghị"),
        SubmissionType.COMPLAINT: _("Khiếu nại"),
        SubmissionType.DENUNCIATION: _("Tố cáo"),
        SubmissionType.QUESTION: _("Hỏi đáp"),
        SubmissionType.PRAISE: _("Khen ngợi"),
        SubmissionType.EMERGENCY: _("Khẩn cấp"),
        SubmissionType.INVALID: _("Không hợp lệ"),
    }


def type_advice(kind: SubmissionType) -> str:
    """Return when a report is of a kind that its filer may choose, and what then happens to it."""
    return {
        SubmissionType.REPORT: _("Một sự việc, sự cố ở nơi công cộng."),
        SubmissionType.SUGGESTION: _("Đề xuất thay đổi, quy hoạch hay quy định."),
        SubmissionType.QUESTION: _("Bạn cần biết thông tin."),
        SubmissionType.PRAISE: _("Bạn muốn cảm ơn."),
        SubmissionType.COMPLAINT: _(
            "Bạn không đồng ý với một quyết định hành chính đối với chính mình. Chúng tôi hướng dẫn nơi nhận đơn."
        ),
        SubmissionType.DENUNCIATION: _(
            "Bạn báo một người vi phạm pháp luật. Nội dung được niêm phong ngay; chỉ người được giao mới đọc."
        ),
    }[SubmissionType(kind)]


def channel_words(channel: Channel) -> str:
    """Return how a report came in."""
    return {Channel.WEB: _("Trang web"), Channel.PHONE: _("Điện thoại"), Channel.API: _("Ứng dụng")}[Channel(channel)]


def urgency_words(urgency: Urgency) -> str:
    """Return an urgency in words."""
    return _urgency_words(language())[Urgency(urgency)]


@cache
def _urgency_words(_language: str) -> Mapping[Urgency, str]:
    """Return them all, made once a language: a list says them in every line."""
    return {
        Urgency.NORMAL: _("Bình thường"),
        Urgency.URGENT: _("Gấp"),
        Urgency.EMERGENCY: _("Khẩn cấp"),
    }


def deadline_words(kind: DeadlineKind) -> str:
    """Return what a deadline asks for."""
    return {
        DeadlineKind.ACK: _("Chuyển tới đơn vị"),
        DeadlineKind.FIRST_ACTION: _("Có mặt xử lý"),
        DeadlineKind.RESOLVE: _("Trả lời người dân"),
    }[DeadlineKind(kind)]


def role_words(role: Role) -> str:
    """Return a role as people call it."""
    return {
        Role.CALL_TAKER: _("Tổng đài viên"),
        Role.COORDINATOR: _("Điều phối viên"),
        Role.HANDLER: _("Người xử lý"),
        Role.SUPERVISOR: _("Lãnh đạo đơn vị"),
        Role.AUDITOR: _("Giám sát"),
        Role.ADMIN: _("Quản trị"),
    }[Role(role)]


def scope_words(scope: Scope) -> str:
    """Return what a token may be used for."""
    return {
        Scope.READ: _("Đọc phiếu và hàng việc"),
        Scope.WORK: _("Xử lý phiếu"),
        Scope.SEALED: _("Mở phiếu niêm phong"),
        Scope.FILE: _("Gửi phản ánh"),
        Scope.CALLS: _("Báo cuộc gọi đến"),
        Scope.METRICS: _("Đọc số đo của hệ thống"),
    }[Scope(scope)]


def login_method_words(method: LoginMethod) -> str:
    """Return by what somebody came in."""
    return {
        LoginMethod.PASSWORD: _("bằng mật khẩu"),
        LoginMethod.INVITATION: _("bằng liên kết mời"),
        LoginMethod.OIDC: _("qua đăng nhập chung"),
    }[LoginMethod(method)]


def audit_words(kind: AuditKind) -> str:
    """Return a happening as auditors read it."""
    return {
        AuditKind.LOGIN: _("Đăng nhập"),
        AuditKind.LOGIN_FAILED: _("Đăng nhập không được"),
        AuditKind.SECOND_STEP_FAILED: _("Sai mã đăng nhập"),
        AuditKind.RECOVERY_USED: _("Dùng mã dự phòng"),
        AuditKind.LOGOUT: _("Đăng xuất"),
        AuditKind.SESSIONS_ENDED: _("Đăng xuất khỏi thiết bị"),
        AuditKind.ACCOUNT_CREATED: _("Tạo tài khoản"),
        AuditKind.ACCOUNT_DISABLED: _("Khóa tài khoản"),
        AuditKind.ACCOUNT_CHANGED: _("Đổi vai trò hoặc đơn vị"),
        AuditKind.INVITED: _("Tạo liên kết một lần"),
        AuditKind.PASSWORD_SET: _("Đặt mật khẩu"),
        AuditKind.FACTOR_SET: _("Bật mã đăng nhập"),
        AuditKind.FACTOR_OFF: _("Tắt mã đăng nhập"),
        AuditKind.FACTOR_RESET: _("Gỡ mã đăng nhập bị mất"),
        AuditKind.RECOVERY_RENEWED: _("Tạo lại mã dự phòng"),
        AuditKind.TOKEN_MADE: _("Tạo khóa API"),
        AuditKind.TOKEN_REVOKED: _("Thu hồi khóa API"),
        AuditKind.MODEL_PROMOTED: _("Đưa mô hình vào dùng"),
        AuditKind.EXPORTED: _("Xuất dữ liệu"),
        AuditKind.WEBHOOK_MADE: _("Lập webhook"),
        AuditKind.WEBHOOK_ON: _("Bật lại webhook"),
        AuditKind.WEBHOOK_OFF: _("Tắt webhook"),
        AuditKind.PERSON_FOUND: _("Tìm dữ liệu của một người"),
        AuditKind.PERSON_EXPORTED: _("Xuất dữ liệu của một người"),
        AuditKind.PERSON_ERASED: _("Xóa dữ liệu của một người"),
        AuditKind.EXCHANGE_MADE: _("Thêm tổng đài điện thoại"),
        AuditKind.EXCHANGE_REVOKED: _("Thu hồi khóa tổng đài"),
    }[AuditKind(kind)]


def outcome_words(outcome: DeliveryOutcome) -> str:
    """Return what came of telling a webhook something, and where it helps, what to look at."""
    return {
        DeliveryOutcome.TAKEN: _("Đã nhận"),
        DeliveryOutcome.REFUSED: _("Bên nhận từ chối; không gửi lại"),
        DeliveryOutcome.REDIRECTED: _("Bên nhận chỉ sang địa chỉ khác; không đi theo, không gửi lại"),
        DeliveryOutcome.FAILED: _("Bên nhận gặp lỗi"),
        DeliveryOutcome.TOO_SLOW: _("Bên nhận trả lời quá chậm"),
        DeliveryOutcome.TOO_LONG: _("Bên nhận trả lời quá dài"),
        DeliveryOutcome.UNREACHABLE: _("Không kết nối được"),
        DeliveryOutcome.UNTRUSTED: _("Chứng chỉ của bên nhận không đáng tin"),
        DeliveryOutcome.NOT_OUTSIDE: _("Tên máy dẫn tới địa chỉ nội bộ; không kết nối"),
        DeliveryOutcome.UNSIGNED: _("Không mở được khóa ký; lập webhook mới thay cho cái này"),
        DeliveryOutcome.SWITCHED_OFF: _("Webhook đã tắt; không gửi nữa"),
    }[DeliveryOutcome(outcome)]


def date_words(day: date) -> str:
    """Return a day of the calendar, e.g. "1/12/2026"."""
    return f"{day.day}/{day.month}/{day.year}"


def kind_words(kind: DepartmentKind) -> str:
    """Return what sort of unit a unit is."""
    return {
        DepartmentKind.WARD: _("Phường, xã, đặc khu"),
        DepartmentKind.WARD_POLICE: _("Công an phường, xã"),
        DepartmentKind.WARD_SERVICE_CENTRE: _("Trung tâm hành chính công"),
        DepartmentKind.CITY: _("Sở, ban, ngành"),
        DepartmentKind.CENTRE: _("Trung tâm, đơn vị trực thuộc"),
        DepartmentKind.UTILITY: _("Doanh nghiệp dịch vụ"),
        DepartmentKind.POLICE: _("Công an thành phố"),
        DepartmentKind.CENTRAL: _("Cơ quan ngành dọc"),
        DepartmentKind.HOTLINE: _("Tổng đài"),
    }[DepartmentKind(kind)]


def opening_words(stands: Opening, today: date) -> str:
    """Return whether a unit is open, and until when, as a neighbour would say it."""
    if stands.until is None:
        return _("Mở cả ngày đêm") if stands.is_open else _("Đang đóng cửa")
    same_day = stands.until.astimezone(_zone()).date() == today
    time = format_datetime(stands.until, "HH:mm", tzinfo=_zone(), locale=language())
    when = time if same_day else moment(stands.until)
    return (_("Đang mở cửa, đến {time}") if stands.is_open else _("Đang đóng cửa, mở lại {time}")).format(time=when)


def problem_words(problem: Problem) -> str:
    """Return what is wrong and what to do; a status in it is named as staff say it."""
    if "here" in problem.params:
        problem = replace(problem, params={**problem.params, "here": status_words(Status(problem.params["here"]))})
    return problem.vi if language() == "vi" else problem.en


def event_words(kind: str, data: dict[str, Any] | None = None) -> str:
    """Return a happening as staff read it in the history."""
    if kind == "closed" and (data or {}).get("rating"):
        return _("Người dân đánh giá và đóng")
    return _event_words(language()).get(kind, kind)


@cache
def _event_words(_language: str) -> Mapping[str, str]:
    """Return them all, made once a language: a history says one in every line."""
    return {
        "received": _("Người dân gửi phản ánh"),
        "triaged": _("Hệ thống phân loại"),
        "reviewed": _("Điều phối viên quyết định"),
        "sealed": _("Niêm phong"),
        "accepted": _("Đơn vị nhận xử lý"),
        "returned": _("Đơn vị trả lại"),
        "rerouted": _("Chuyển thẳng tới đơn vị được đề nghị, theo quy tắc"),
        "assigned": _("Người giữ phiếu"),
        "noted": _("Ghi chú nội bộ"),
        "topic_corrected": _("Sửa chủ đề"),
        "answer_written": _("Soạn trả lời, chờ người thứ hai duyệt"),
        "answer_given_back": _("Đưa câu trả lời lại cho người soạn"),
        "answer_taken_back": _("Người soạn rút câu trả lời về để sửa"),
        "part_asked": _("Nhờ đơn vị phối hợp"),
        "part_contributed": _("Đơn vị phối hợp báo phần việc"),
        "part_returned": _("Đơn vị phối hợp trả lại phần việc"),
        "part_released": _("Thôi nhờ đơn vị phối hợp"),
        "info_requested": _("Đơn vị hỏi thêm người dân"),
        "info_received": _("Người dân bổ sung"),
        "resumed": _("Hết thời gian chờ, tiếp tục xử lý"),
        "answered": _("Đơn vị trả lời"),
        "reopened": _("Người dân báo chưa xong"),
        "closed": _("Đóng"),
        "rejected": _("Không nhận"),
        "referred": _("Hướng dẫn nơi có thẩm quyền"),
        "released": _("Gỡ niêm phong: không phải tố cáo"),
        "guided": _("Hướng dẫn gửi đơn khiếu nại bằng thư"),
        "forwarded": _("Chuyển lời khen và khép lại"),
        "needs_human": _("Cần người xem"),
        "handed_over": _("Đơn vị cũ không còn, đơn vị kế nhiệm tiếp tục"),
        "unit_closed": _("Đơn vị không còn hoạt động và chưa có nơi kế nhiệm"),
        "helper_changed": _("Đơn vị phối hợp thay đổi"),
        "extension_asked": _("Đơn vị xin thêm thời gian"),
        "extension_refused": _("Không duyệt thêm thời gian"),
        "extended": _("Duyệt thêm thời gian, đổi hạn"),
        "progress": _("Báo cáo tiến độ"),
        "deadline_moved": _("Lịch làm việc đổi nên hạn đổi theo"),
        "merged": _("Gộp vào việc chung"),
        "joined": _("Thêm người báo cùng việc"),
        "moved": _("Theo việc chung sang phiếu chính khác"),
        "split": _("Tách ra thành việc riêng"),
        "parted": _("Một phiếu được tách ra"),
        "leads": _("Thành phiếu chính của việc chung"),
        "rated": _("Người dân đánh giá"),
        "not_fixed": _("Người dân báo chưa xong"),
        "reopened_together": _("Một người cùng báo nói chưa xong"),
        "contact_shown": _("Xem đầy đủ liên hệ của người dân"),
        "contact_exported": _("Trích dữ liệu cá nhân theo yêu cầu của người dân"),
        "person_erased": _("Xóa thông tin cá nhân"),
        "erasure_asked": _("Người dân xin xóa liên hệ, đang bị giữ"),
        "hold_placed": _("Giữ nguyên phiếu theo yêu cầu pháp lý"),
        "hold_lifted": _("Thôi giữ nguyên phiếu"),
    }


def citizen_words(kind: str, there: Status | None = None) -> str:
    """Return a happening, and where it led if anywhere, as the citizen reads it in the timeline."""
    known = _citizen_words(language())
    led = known.get(f"{kind} {there.value}") if there else None
    return led or known.get(kind, kind)


@cache
def _citizen_words(_language: str) -> Mapping[str, str]:
    """Return them all, made once a language: a timeline says one in every line."""
    return {
        "received": _("Chúng tôi đã nhận được phản ánh của bạn"),
        "triaged": _("Đã đọc phản ánh của bạn"),
        f"triaged {Status.ROUTED.value}": _("Đã đọc và chuyển tới nơi phụ trách"),
        f"triaged {Status.NEEDS_REVIEW.value}": _("Đã chuyển tới điều phối viên, người sẽ chọn nơi phụ trách"),
        "reviewed": _("Điều phối viên đã chuyển tới đơn vị phụ trách"),
        "sealed": _("Đã niêm phong để giữ kín cho bạn"),
        "accepted": _("Đơn vị đã nhận và bắt đầu xử lý"),
        "returned": _("Đơn vị báo không thuộc việc của mình, đang chuyển lại"),
        "rerouted": _("Đã chuyển tới đơn vị khác phụ trách"),
        "info_requested": _("Đơn vị cần bạn cho biết thêm"),
        "info_received": _("Bạn đã bổ sung"),
        "resumed": _("Đơn vị tiếp tục xử lý"),
        "answered": _("Đơn vị đã trả lời"),
        "reopened": _("Bạn báo chưa xong, hồ sơ mở lại"),
        "closed": _("Đã khép lại"),
        "rejected": _("Chúng tôi không tiếp nhận phản ánh này"),
        "referred": _("Việc này thuộc nơi khác; chúng tôi chỉ đường cho bạn"),
        "handed_over": _("Đơn vị cũ được sắp xếp lại; đơn vị kế nhiệm làm tiếp việc của bạn"),
        "unit_closed": _("Đơn vị cũ không còn hoạt động; điều phối viên đang tìm đơn vị khác"),
        "extended": _("Đơn vị cần thêm thời gian"),
        "progress": _("Đơn vị báo tiến độ"),
        "guided": _("Đã hướng dẫn: có thư gửi bạn"),
        "forwarded": _("Lời khen của bạn đã tới đơn vị"),
        "released": _("Đã đọc lại: hồ sơ được xem như một phản ánh thường"),
        "merged": _("Nhiều người cùng báo việc này; phản ánh của bạn đi cùng"),
        "split": _("Phản ánh của bạn được tách ra để xem riêng"),
        "leads": _("Điều phối viên xem tiếp việc này theo phản ánh của bạn"),
        "rated": _("Bạn đã đánh giá"),
        "not_fixed": _("Bạn báo chưa xong"),
        "reopened_together": _("Có người báo chưa xong, việc được mở lại"),
        "contact_shown": _("Người phụ trách đã xem liên hệ của bạn để liên lạc"),
        "contact_exported": _("Bạn đã nhận bản sao dữ liệu của mình"),
        "person_erased": _("Thông tin cá nhân của bạn đã được xóa"),
        "erasure_asked": _("Bạn xin xóa liên hệ; sẽ làm khi pháp luật cho phép"),
    }


def extended_words(days: int, due_at: datetime, zone: tzinfo) -> str:
    """Return what the citizen is told when a unit gets more time; kept as it was said, so in Vietnamese."""
    until = format_datetime(due_at, "EEEE d/M, HH:mm", tzinfo=zone, locale="vi")
    return f"Việc này cần thêm {days} ngày làm việc. Đơn vị sẽ trả lời bạn trước {until[0].lower()}{until[1:]}."


def stage_words(stage: NoticeStage) -> str:
    """Return what a notice says of a deadline."""
    return {
        NoticeStage.HALF: _("Đã qua nửa thời gian"),
        NoticeStage.MOST: _("Sắp hết thời gian"),
        NoticeStage.DUE: _("Đã đến hạn"),
        NoticeStage.ABOVE: _("Quá hạn lâu"),
        NoticeStage.EXTENSION: _("Xin thêm thời gian, chờ duyệt"),
    }[NoticeStage(stage)]


def calendar_source_words(source: str) -> str:
    """Return who says that a day is off or worked."""
    return {
        "seed": _("Lịch nghỉ lễ chung"),
        "city": _("Tệp lịch của thành phố"),
        "changed": _("Quản trị viên đổi"),
    }[source]


def headline(status: Status) -> str:
    """Return where a report stands, as a neighbour would say it."""
    return {
        Status.RECEIVED: _("Đã nhận, đang đọc"),
        Status.NEEDS_REVIEW: _("Điều phối viên đang xem"),
        Status.ROUTED: _("Đã chuyển tới đơn vị"),
        Status.RETURNED: _("Đang tìm đúng đơn vị"),
        Status.IN_PROGRESS: _("Đơn vị đang xử lý"),
        Status.INFO_REQUESTED: _("Đang chờ bạn cho biết thêm"),
        Status.ANSWERED: _("Đơn vị đã trả lời"),
        Status.REOPENED: _("Đã mở lại theo lời bạn"),
        Status.CLOSED: _("Đã khép lại"),
        Status.REJECTED: _("Chúng tôi không tiếp nhận phản ánh này"),
        Status.REFERRED: _("Thuộc thẩm quyền nơi khác"),
        Status.MERGED: _("Đã gộp với phản ánh cùng sự việc"),
        Status.SEALED: _("Đã niêm phong, giữ kín"),
    }[status]


def reply_words(status: Status) -> str:
    """Return what a reply is for, by where the ticket goes with it."""
    return {
        Status.ANSWERED: _("Trả lời người dân"),
        Status.INFO_REQUESTED: _("Hỏi thêm người dân"),
        Status.REJECTED: _("Không nhận"),
        Status.REFERRED: _("Hướng dẫn tới nơi có thẩm quyền"),
    }[status]


def photo_words(shows: PhotoOf) -> str:
    """Return what a photo shows."""
    return {
        PhotoOf.REPORT: _("Ảnh của người dân"),
        PhotoOf.BEFORE: _("Trước khi làm"),
        PhotoOf.AFTER: _("Sau khi làm"),
    }[shows]


def refusal_words(code: str) -> str:
    """Return why a report was refused."""
    return {
        RefusalReason.ABUSE: _("Lời lẽ xúc phạm, không nêu việc cụ thể"),
        RefusalReason.ADVERTISING: _("Quảng cáo, rao vặt"),
        RefusalReason.EMPTY: _("Không có nội dung để xử lý"),
        RefusalReason.OUT_OF_AREA: _("Ngoài địa bàn thành phố"),
        RefusalReason.OTHER: _("Lý do khác"),
    }[RefusalReason(code)]


def next_words(status: Status, last: str | None = None) -> str:
    """Return what happens next, or what the citizen can do; `last` is the kind of what happened last."""
    if last == "forwarded":
        return _("Cảm ơn bạn. Đơn vị được khen đã nhận lời của bạn; phản ánh này khép lại ở đây.")
    if last == "guided":
        return _("Bạn đọc thư bên dưới: nơi nhận đơn và thời hạn theo luật.")
    return {
        Status.RECEIVED: _("Ít phút nữa bạn sẽ thấy đơn vị phụ trách ở đây."),
        Status.NEEDS_REVIEW: _("Có người đang đọc để chuyển đúng nơi."),
        Status.ROUTED: _("Đơn vị sẽ nhận và bắt đầu xử lý."),
        Status.RETURNED: _("Điều phối viên sẽ chuyển tới đơn vị khác; thời hạn vẫn tính từ lúc bạn gửi."),
        Status.IN_PROGRESS: _("Đơn vị sẽ trả lời bạn tại đây."),
        Status.INFO_REQUESTED: _("Bạn trả lời câu hỏi bên dưới để đơn vị làm tiếp."),
        Status.ANSWERED: _(
            "Nếu chưa xong, bạn mở lại ngay bên dưới. Xong rồi thì cho chúng tôi biết bạn thấy thế nào."
        ),
        Status.REOPENED: _("Đơn vị sẽ xem lại."),
        Status.CLOSED: _("Nếu sự việc lặp lại, bạn gửi một phản ánh mới nhé."),
        Status.REJECTED: _("Lý do ở bên dưới."),
        Status.REFERRED: _("Bạn xem bên dưới nơi tiếp nhận và cách liên hệ."),
        Status.MERGED: _("Trả lời cho sự việc chung cũng là trả lời cho bạn."),
        Status.SEALED: _("Chỉ người được giao mới đọc được. Nội dung không hiện ở đây để giữ an toàn cho bạn."),
    }[status]


def followed_headline(status: Status) -> str:
    """Return where a report stands that follows another's: what only that one's citizen can do is said differently."""
    return {
        Status.INFO_REQUESTED: _("Đơn vị đang hỏi thêm người báo đầu tiên"),
        Status.REOPENED: _("Đã mở lại vì chưa xong"),
    }.get(status) or headline(status)


def followed_next(status: Status) -> str:
    """Return what happens next to a report that follows another's."""
    if status is Status.INFO_REQUESTED:
        return _("Bạn chưa cần làm gì; đơn vị sẽ trả lời mọi người tại đây.")
    return next_words(status)


def closed_and_open_to_doubt() -> str:
    """Return what a citizen can do about an answer that time, or another citizen, has closed."""
    return _("Nếu với bạn vẫn chưa xong, bạn mở lại ngay bên dưới trong 30 ngày từ lúc trả lời.")


def refused_and_open_to_doubt() -> str:
    """Return what a citizen can do about a refusal that another coordinator may still look at."""
    return _("Lý do ở bên dưới. Nếu thấy chưa đúng, bạn nhờ người khác xem lại.")
