"""What can be wrong with an input, in Vietnamese and English. Domain errors know no HTTP; `app.errors` maps them."""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

#: code → (Vietnamese, English). Each says what to do, none blames.
MESSAGES: Final[Mapping[str, tuple[str, str]]] = {
    "required": ("Bạn cho biết phần này nhé.", "Please fill this in."),
    "too_short": ("Bạn viết thêm một chút, ít nhất {min} ký tự.", "Please write a little more: at least {min} characters."),
    "too_long": ("Phần này dài quá, nhiều nhất {max} ký tự.", "This is too long: at most {max} characters."),
    "nul": ("Có ký tự điều khiển không dùng được; bạn gõ lại đoạn đó nhé.", "A control character cannot be used; please retype that part."),
    "control": ("Có ký tự điều khiển không dùng được; bạn gõ lại đoạn đó nhé.", "A control character cannot be used; please retype that part."),
    "surrogate": ("Có ký tự hỏng; bạn gõ lại đoạn đó nhé.", "A character is broken; please retype that part."),
    "undecodable": ("Chữ bị lỗi mã hóa; cần UTF-8.", "The text is not valid UTF-8."),
    "not_text": ("Phần này phải là chữ.", "This must be text."),
    "not_number": ("Phần này phải là số.", "This must be a number."),
    "not_understood": ("Phần này chưa đúng dạng.", "This is not of the form that is needed."),
    "not_bool": ("Phần này chỉ nhận có hoặc không.", "This must be true or false."),
    "out_of_range": ("Số này phải từ {min} đến {max}.", "This must be between {min} and {max}."),
    "not_one_of": ("Chỉ nhận một trong: {expected}.", "Must be one of: {expected}."),
    "unknown_field": ("Không có mục này.", "There is no such field."),
    "half_position": ("Cần cả vĩ độ và kinh độ.", "Latitude and longitude are needed together."),
    "phone": ("Số điện thoại chưa đúng; ví dụ 0901 234 567.", "This phone number is not valid; for example 0901 234 567."),
    "email": ("Địa chỉ thư chưa đúng; ví dụ ten@vidu.vn.", "This e-mail address is not valid; for example name@example.vn."),
    "consent": (
        "Để lại tên, số điện thoại hoặc e-mail thì cần bạn đồng ý cho chúng tôi dùng để liên hệ về phản ánh này.",
        "To leave a name, phone or e-mail we need your consent to use it to contact you about this report.",
    ),
    "too_many_photos": ("Nhiều nhất {max} ảnh.", "At most {max} photos."),
    "photo_too_big": ("Ảnh quá lớn, nhiều nhất {max} MB mỗi ảnh.", "This photo is too big: at most {max} MB each."),
    "photo_too_many_pixels": ("Ảnh có quá nhiều điểm ảnh, nhiều nhất {max} triệu.", "This photo has too many pixels: at most {max} million."),
    "photo_unreadable": ("Không đọc được ảnh này; chúng tôi nhận JPEG, PNG, WebP và HEIC.", "This photo cannot be read; we take JPEG, PNG, WebP and HEIC."),
    "key_required": ("Cần tiêu đề Idempotency-Key.", "The Idempotency-Key header is required."),
    "key_malformed": (
        "Idempotency-Key phải có {min} đến {max} ký tự ASCII in được, nên dùng UUID.",
        "Idempotency-Key must be {min} to {max} printable ASCII characters; use a UUID.",
    ),
    "key_reused": ("Idempotency-Key này đã dùng cho một nội dung khác.", "This Idempotency-Key was used for another request."),
    "form_token": ("Trang này đã mở quá lâu; bạn bấm gửi lần nữa nhé, chữ vẫn còn.", "This page was open for too long; please send again, your words are still here."),
    "malformed_json": ("Nội dung không phải JSON đúng: {reason}.", "The body is not acceptable JSON: {reason}."),
    "not_object": ("Nội dung JSON phải là một đối tượng.", "The JSON body must be an object."),
    "content_type": ("Kiểu nội dung này không nhận được; dùng {expected}.", "This content type is not taken; use {expected}."),
    "stale": (
        "Phiếu vừa được người khác cập nhật; bạn xem lại rồi gửi lần nữa, chữ vẫn còn.",
        "Somebody has just changed this ticket; please look again and send once more, your words are kept.",
    ),
    "transition": ("Phiếu đang ở trạng thái “{here}” nên không làm được việc này.", "The ticket is “{here}”, so this cannot be done."),
    "code": ("Mã có 16 chữ và số, ví dụ 7KQ2-M9XD-0F3B-HZ8N. Bạn xem lại nhé.", "A code has 16 letters and digits, such as 7KQ2-M9XD-0F3B-HZ8N. Please check it."),
    "unknown_code": ("Không tìm thấy phản ánh với mã này. Bạn xem lại từng chữ nhé.", "No report has this code. Please check each character."),
    "unknown_topic": ("Không có chủ đề này.", "There is no such topic."),
    "unknown_department": ("Không có đơn vị này.", "There is no such department."),
    "unknown_reason": ("Bạn chọn một lý do trong danh sách nhé.", "Please choose one of the reasons listed."),
    "own_department": ("Đây chính là đơn vị đang giữ phiếu; bạn chọn đơn vị khác.", "This is the unit that has the ticket; please choose another."),
    "closed_department": ("Đơn vị này không nhận phiếu lúc này; bạn chọn đơn vị khác.", "This unit takes no tickets now; please choose another."),
    "several_departments": ("Có {n} đơn vị có tên như vậy; bạn chọn một, hoặc gõ rõ hơn.", "{n} units have such a name; please choose one, or type more of it."),
    "unknown_person": ("Đơn vị không có người này.", "The unit has no such person."),
    "leader_gives": (
        "Phiếu đang có người giữ. Người xử lý chỉ tự nhận phiếu chưa ai giữ; lãnh đạo đơn vị giao cho người khác.",
        "A colleague has this ticket. A handler takes what nobody has; who leads the unit gives it to somebody else.",
    ),
    "unknown_placeholder": ("“{name}” không điền được. Những chỗ điền được: {known}.", "“{name}” cannot be filled in. What can: {known}."),
    "nobody_second": (
        "Đơn vị cần ít nhất hai người thì mới có người thứ hai duyệt.",
        "A unit needs at least two people for one to approve what the other writes.",
    ),
    "same_topic": ("Phiếu đang ở chủ đề này rồi.", "The ticket has this topic already."),
    "answer_waits": (
        "Câu trả lời đang chờ người thứ hai duyệt; duyệt, đưa lại hoặc rút về trước đã.",
        "An answer waits for a second person; approve it, give it back or take it back first.",
    ),
    "not_sure": ("Bạn đánh dấu ô này thì mới xóa được.", "Please tick this box; nothing is erased without it."),
    "answer_none": ("Không có câu trả lời nào đang chờ duyệt.", "No answer is waiting for approval."),
    "unknown_choice": ("Bạn chọn một mục trong danh sách nhé.", "Please choose one that is listed."),
    "none_chosen": ("Bạn đánh dấu ít nhất một phiếu trước nhé.", "Please tick at least one ticket first."),
    "too_many_chosen": ("Mỗi lần nhiều nhất {max} phiếu.", "At most {max} tickets at once."),
    "too_late_to_undo": ("Đã quá mười giây nên việc này đã làm rồi, không hoàn tác được.", "The ten seconds are over and it has been done; it cannot be undone."),
    "failed": ("Phiếu này gặp trục trặc; bạn mở phiếu và thử riêng nhé.", "Something went wrong with this ticket; please open it and try by itself."),
    "gone": ("Phiếu này không còn ở đơn vị của bạn.", "Your unit no longer has this ticket."),
    "export_too_long": ("Danh sách dài hơn {max} phiếu; bạn lọc bớt rồi xuất lại nhé.", "The list has more than {max} tickets; please narrow it and export again."),
    "view_of_everything": ("Bạn lọc gì đó trước, rồi lưu bộ lọc.", "Please filter by something first, then keep it."),
    "view_name_taken": ("Đã có bộ lọc tên này; bạn đặt tên khác nhé.", "There is a view of this name; please choose another."),
    "too_many_views": ("Đã đủ {max} bộ lọc; bạn xóa bớt một bộ trước nhé.", "There are {max} views already; please remove one first."),
    "helps_already": ("Đơn vị này đang phối hợp rồi.", "This unit is helping already."),
    "helps_not": ("Đơn vị này không phối hợp phiếu này.", "This unit does not help with this ticket."),
    "not_a_day": ("Ngày phải theo dạng 2026-01-31.", "A date must look like 2026-01-31."),
    "ends_before": ("Ngày cuối phải sau ngày đầu.", "The last day must not be before the first."),
    "period_long": ("Kỳ dài nhất {max} ngày; bạn chọn ngắn hơn nhé.", "A period has at most {max} days; please choose a shorter one."),
    "unknown_ward": ("Không có phường, xã này.", "There is no such ward."),
    "place_needed": ("Bạn cho biết ở đâu: địa chỉ, hoặc cả vĩ độ và kinh độ.", "Please say where: an address, or latitude and longitude."),
    "unknown_incident": ("Không có việc chung này; bạn gửi riêng nhé.", "There is no such incident; please file the report by itself."),
    "incident_closed": (
        "Việc này vừa khép lại. Chữ bạn viết vẫn còn; bạn gửi riêng nhé.",
        "This incident has just been closed. Your words are still here; please file the report by itself.",
    ),
    "sealed_apart": (
        "Tố cáo được niêm phong riêng nên không gộp với việc khác; bạn gửi riêng nhé.",
        "A denunciation is sealed by itself and joins nothing; please file it by itself.",
    ),
    "unknown_ticket": ("Không có phiếu hay việc chung này.", "There is no such ticket or incident."),
    "same_incident": ("Hai phiếu này đã cùng một việc.", "These two are of one incident already."),
    "not_open": ("Việc kia đang ở trạng thái “{here}” nên không nhận thêm phiếu.", "The other one is “{here}” and takes no more reports."),
    "alone": ("Phiếu này đang đứng một mình, không có gì để tách.", "This ticket is by itself; there is nothing to split."),
    "login": ("Tên đăng nhập hoặc mật khẩu chưa đúng.", "The user name or password is not right."),
    "password_short": ("Mật khẩu cần ít nhất {min} ký tự.", "A password needs at least {min} characters."),
    "password_long": ("Mật khẩu dài nhất {max} ký tự.", "A password has at most {max} characters."),
    "password_common": (
        "Mật khẩu này dễ đoán hoặc nằm trong danh sách đã lộ; bạn đặt một câu dài hơn, khác thường hơn nhé.",
        "This password is easy to guess or was in a leak; please choose a longer, less usual sentence.",
    ),
    "password_wrong": ("Mật khẩu đang dùng chưa đúng.", "The present password is not right."),
    "second_code": (
        "Mã chưa đúng, hoặc đã dùng rồi. Bạn chờ mã mới trong ứng dụng rồi thử lại.",
        "The code is not right, or was used. Please wait for a new one in the app and try again.",
    ),
    "factor_offer": ("Trang này đã mở quá lâu; bạn quét lại mã mới nhé.", "This page was open for too long; please scan the new code."),
    "factor_there": ("Tài khoản này đã có mã đăng nhập rồi.", "This account has login codes already."),
    "second_step": ("Bạn chờ quá lâu; hãy đăng nhập lại từ đầu.", "That took too long; please log in from the beginning."),
    "scopes_needed": ("Bạn chọn ít nhất một quyền cho khóa.", "Please choose at least one right for the key."),
    "token_scope": ("Khóa này không có quyền “{scope}”.", "This token lacks the scope “{scope}”."),
    "sso_away": (
        "Nơi đăng nhập chung không trả lời. Bạn thử lại sau, hoặc dùng mật khẩu nếu có.",
        "The login provider does not answer. Please try again later, or use a password if you have one.",
    ),
    "sso_refused": ("Nơi đăng nhập chung không xác nhận được. Bạn thử lại từ đầu nhé.", "The login provider did not confirm who you are. Please start again."),
    "sso_no_role": (
        "Bạn chưa được giao vai trò nào ở đây; xin quản trị viên của cơ quan thêm vào nhóm.",
        "No role here was given to you; please ask your administrator to add you to a group.",
    ),
    "sso_disabled": ("Tài khoản này đã bị khóa.", "This account is shut out."),
    "rules_file": ("Tệp quy tắc này chưa dùng được: {reason}", "This rules file cannot be used: {reason}"),
    "model_refused": ("Không dùng được mô hình này: {reason}", "This model cannot be used: {reason}"),
    "invitation": ("Liên kết này đã dùng rồi hoặc đã hết hạn; xin liên kết mới.", "This link was used or is over; please ask for a new one."),
    "username_taken": ("Tên đăng nhập này đã có người dùng.", "This user name is taken."),
    "username": ("Tên đăng nhập gồm 3 đến 64 chữ thường, số, dấu chấm hoặc gạch.", "A user name is 3 to 64 lower-case letters, digits, dots or hyphens."),
    "needs_department": ("Vai trò này cần một đơn vị.", "This role needs a department."),
    "calendar_day": ("Chọn một ngày từ {first} đến {last}.", "Choose a day from {first} to {last}."),
    "calendar_date": ("Ngày này không có; ví dụ 2026-11-24.", "There is no such day; for example 2026-11-24."),
    "calendar_off": ("Ngày này đã là ngày nghỉ rồi, không cần đổi.", "This day is off already; nothing to change."),
    "calendar_worked": ("Ngày này đã là ngày làm việc rồi, không cần đổi.", "This day is worked already; nothing to change."),
    "calendar_unset": ("Ngày này chưa ai đổi nên không có gì để bỏ.", "Nobody has changed this day, so there is nothing to undo."),
    "extension_once": ("Mỗi phiếu chỉ xin thêm thời gian một lần, và phiếu này đã xin rồi.", "A ticket can ask for more time once, and this one has."),
    "extension_late": ("Đã quá hạn hoặc không có hạn nên không xin thêm được; hãy báo tiến độ cho người dân.", "The deadline has passed or there is none, so more time cannot be asked for; report progress to the citizen instead."),
    "extension_none": ("Không có yêu cầu thêm thời gian nào đang chờ duyệt.", "No request for more time is waiting for a decision."),
    "extension_over": ("Hạn mới cũng đã qua, duyệt không còn ích gì; hãy báo tiến độ cho người dân.", "The new date would be past too, so this helps nobody; report progress to the citizen instead."),
    "progress_not_owed": ("Lúc này phiếu không nợ báo cáo tiến độ.", "No progress report is owed on this ticket now."),
    "own_refusal": (
        "Bạn đã từ chối phản ánh này và người dân không đồng ý; một điều phối viên khác sẽ xem.",
        "You refused this report and its citizen contests that; another coordinator will look.",
    ),
    "not_praise": ("Phiếu này không phải lời khen.", "This ticket is no praise."),
    "url": ("Địa chỉ phải bắt đầu bằng http:// hoặc https://.", "An address must begin with http:// or https://."),
    "date": ("Ngày chưa đúng; ví dụ 2026-12-31.", "This is not a day; for example 2026-12-31."),
    "days_order": ("Ngày kết thúc phải sau ngày bắt đầu.", "The last day must not be before the first."),
    "unknown_article": ("Không có bài này, hoặc bài đã hết áp dụng.", "There is no such article, or it holds no longer."),
    "identity_left": (
        "Trong văn bản còn tên, số điện thoại hoặc e-mail của người tố cáo; bạn che đi rồi gửi lại.",
        "The writer's name, telephone number or e-mail address is still in the text; mask it and send again.",
    ),
    "draft_elsewhere": (
        "Nháp này vừa được lưu ở một cửa sổ khác; chữ ở đây được giữ thành một nháp mới.",
        "This draft was just saved in another window; what is here is kept as a draft of its own.",
    ),
    "hand_to": ("Chọn một người đang trực để chuyển.", "Choose a colleague to hand over to."),
    "hand_sealed": (
        "Người gọi tố cáo: chỉ chuyển cho tổng đài viên, hoặc điều phối viên được đọc hồ sơ niêm phong.",
        "The caller denounces somebody: hand over to a call-taker, or to a coordinator who may open sealed reports.",
    ),
    "exchange_taken": ("Đã có một tổng đài tên này.", "There is an exchange of this name already."),
    "unknown_exchange": ("Không có tổng đài tên này.", "There is no exchange of this name."),
    "call_taken": ("Cuộc gọi này đã có người nhận.", "Somebody has taken this call."),
    "call_id": ("Mã cuộc gọi gồm 1 đến 120 ký tự in được.", "A call's id is 1 to 120 printable characters."),
    "extension": ("Máy nhánh gồm 1 đến 20 chữ số hoặc chữ không dấu; ví dụ 101.", "An extension is 1 to 20 digits or letters; for example 101."),
    "call_back_when": ("Chưa hiểu giờ gọi lại; ví dụ 15 (phút), 2 tiếng, 14:30, 9h, 27/11 9h.", "This time cannot be read; for example 15 (minutes), 2 hours, 14:30, 27/11 9h."),
    "call_back_far": ("Hẹn gọi lại trong vòng {days} ngày.", "A call-back is within {days} days."),
    "call_back_past": ("Giờ đó hôm nay đã qua; bạn ghi giờ muộn hơn, ví dụ 16h.", "That time has passed today; please write a later one, such as 16h."),
    "call_back_done": ("Người này đã được gọi lại rồi.", "This person has been called back."),
    "call_back_claimed": ("Một đồng nghiệp đã nhận gọi lại người này.", "A colleague has taken this call-back."),
    "rating": ("Chọn từ 1 đến 5 sao.", "Choose 1 to 5 stars."),
    "not_day": ("Ngày chưa đúng; ví dụ 2026-12-01.", "This is not a date; for example 2026-12-01."),
    "unit_id": ("Mã đơn vị gồm chữ thường không dấu, số, dấu gạch hoặc chấm; ví dụ tt_moi.", "A unit's id is small letters without accents, digits, hyphens, underscores or dots; for example new_centre."),
    "unit_taken": ("Mã này đã là của một đơn vị khác.", "Another unit has this id."),
    "unit_phone": ("Số điện thoại chưa đúng; ví dụ 028 3829 1234, 1900 545454 hoặc 1022.", "This phone number is not valid; for example 028 3829 1234, 1900 545454 or 1022."),
    "unit_hours": ("Giờ làm việc chưa đọc được; ví dụ T2-T6 07:30-11:30, 13:00-17:00; T7 07:30-11:30, hoặc 24/7.", "These hours cannot be read; for example mon-fri 07:30-11:30, 13:00-17:00; sat 07:30-11:30, or 24/7."),
    "unit_past": ("Ngày đã qua thì giữ nguyên như đã có; chọn từ hôm nay ({today}) trở đi.", "Days that are over stay as they were; choose today ({today}) or later."),
    "unit_planned": ("Đã có một thay đổi định cho ngày {day}; hủy thay đổi đó trước, hoặc chọn từ ngày đó trở đi.", "A change is already planned for {day}; undo it first, or choose that day or later."),
    "unit_not_open": ("{unit} không hoạt động vào ngày {day}; chọn đơn vị khác hoặc ngày khác.", "{unit} does not exist on {day}; choose another unit or another day."),
    "unit_circle": ("Như vậy đơn vị này sẽ nằm dưới chính nó; chọn cấp trên khác.", "The unit would be above itself; choose another one above it."),
    "unit_coordinator": ("Đây là nơi nhận những gì chưa ai nhận; không đóng được. Đổi trong tệp của thành phố trước.", "This one receives what nobody else does and cannot be closed. Change the city's file first."),
    "unit_depends": ("{unit} đang dựa vào đơn vị này; sửa đơn vị đó trước.", "{unit} leans on this unit; change that one first."),
    "unit_begun": ("Thay đổi này đã có hiệu lực nên không hủy được; hãy ghi một thay đổi mới từ hôm nay.", "This change has begun and cannot be undone; write a new one from today on."),
    "unit_same": ("Chưa có gì khác so với hiện nay.", "Nothing is different from how it is."),
    "unit_stale": (
        "Đơn vị này vừa được người khác sửa; bạn xem lại rồi gửi lần nữa, chữ vẫn còn.",
        "Somebody has just changed this unit; please look again and send once more, your words are kept.",
    ),
    "words_stale": (
        "Có người vừa sửa và lưu; bạn xem bản của họ ở dưới rồi lưu lần nữa, chữ của bạn vẫn còn.",
        "Somebody has just changed and saved this; please look at theirs below and save once more, your words are kept.",
    ),
    "hold_past": ("Ngày giữ đến phải sau hôm nay.", "A hold must end after today."),
    "held_already": ("Phiếu này đang được giữ nguyên rồi.", "This ticket is held already."),
    "held_not": ("Phiếu này không bị giữ.", "This ticket is not held."),
    "on_hold": (
        "Pháp luật yêu cầu giữ nguyên hồ sơ này lúc này. Chúng tôi đã ghi lại yêu cầu của bạn và sẽ xóa khi được phép.",
        "The law wants this case kept whole for now. Your wish is on record and will be done as soon as that is allowed.",
    ),
    "no_contact": ("Phản ánh này không có thông tin liên hệ nào.", "This report has no contact."),
    "webhook_address": (
        "Địa chỉ phải bắt đầu bằng https:// và chỉ có tên máy, cổng, đường dẫn; ví dụ https://nhan.vidu.vn/phieu.",
        "The address must begin with https:// and have host, port and path alone, such as https://in.example.vn/tickets.",
    ),
    "webhook_inside": (
        "Đây là địa chỉ nội bộ; webhook chỉ gửi ra ngoài, hoặc tới mạng mà người vận hành cho phép.",
        "This is an address within; webhooks go outside only, or to networks that the operator allows.",
    ),
    "too_many_webhooks": ("Đã có {max} webhook đang bật; tắt bớt một cái trước nhé.", "There are {max} webhooks on already; please switch one off first."),
    "webhook_is_off": ("Webhook này đang tắt; bật lại rồi thử.", "This webhook is off; switch it on, then try."),
    "unit_no_heir": ("Đơn vị còn hoạt động hoặc chưa có đơn vị kế nhiệm.", "The unit is still open or has no successor."),
}  # fmt: skip


@dataclass(frozen=True)
class Problem:
    """One thing wrong with one field; `field` is "" for the request as a whole."""

    field: str
    code: str
    params: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def vi(self) -> str:
        """What is wrong and what to do, in Vietnamese."""
        return MESSAGES[self.code][0].format(**self.params)

    @property
    def en(self) -> str:
        """The same in English."""
        return MESSAGES[self.code][1].format(**self.params)

    def as_json(self) -> dict[str, str]:
        """Return the shape in which problem+json lists it."""
        return {"field": self.field, "code": self.code, "vi": self.vi, "en": self.en}


class Refused(Exception):
    """Raised when an input cannot be accepted; carries every problem found, not only the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(", ".join(f"{p.field or 'request'}: {p.code}" for p in self.problems))


class Malformed(Refused):
    """Raised when a request cannot even be read: broken JSON, undecodable bytes."""


class WrongMediaType(Refused):
    """Raised when a body is of a kind that this operation does not take."""


class OutOfScope(Refused):
    """Raised when a token was not made for this; said before anything is looked up, so that it tells nothing."""


class Conflict(Refused):
    """Raised when the ticket has changed meanwhile, or its status forbids the step."""


class NotFound(Exception):
    """Raised when there is no such thing, or the asker may not know that there is."""


class TooManyTries(Exception):
    """Raised when somebody must wait; `retry_after` is in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"retry after {retry_after} s")
        self.retry_after = retry_after


class NotAvailable(Exception):
    """Raised when a part that this operation cannot do without is down, such as the login throttle's Redis."""


def refuse(field_name: str, code: str, **params: object) -> Refused:
    """Build the common case: one field, one problem."""
    return Refused([Problem(field_name, code, params)])
