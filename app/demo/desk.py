"""A call-taker's day in the demonstration: calls of this morning, call-backs, drafts."""

from datetime import timedelta
from typing import Final

from sqlalchemy import select

from app.demo.past import earlier
from app.desk import callbacks, calls, drafts, seats
from app.desk.callbacks import Wish
from app.desk.calls import Announcement
from app.hotline import Hotline
from models.account import Account
from models.desk import CallBack, PhoneExchange
from models.vocabulary import CallStep

#: (hours ago, number, put through to).
CALLS: Final = ((5, "0903555417", None), (3, "0918222333", "114"), (2, None, None))
#: (number, when, name, what for).
WISHES: Final = (
    ("0907111222", "5", "Chú Bảy", "Hỏi thêm số nhà chỗ cây nghiêng, chú nói sẽ ra coi rồi báo."),
    ("0938444555", "2 tiếng", "Chị Thu", "Chờ chị chụp hình biên nhận, hẹn gọi lại nhận số hồ sơ."),
    ("02838291234", "23:30", "Ban quản trị chung cư", "Hỏi thang máy đã chạy lại chưa."),
)
DRAFT: Final = {
    "contact_phone": "0901 234 567",
    "contact_name": "Cô Tư",
    "text": "Người dân báo: đèn trước hẻm 285 sửa hôm trước, tối qua lại tắt, có",
    "place_text": "hẻm 285 Cách Mạng Tháng Tám, phường Hòa Hưng",
}
HANDED: Final = {
    "contact_phone": "0918 222 333",
    "text": "Người dân báo: xưởng gỗ trong hẻm đốt phế liệu mỗi tối, khói vào nhà, trẻ nhỏ ho cả tuần.",
    "place_text": "hẻm 60 Lâm Văn Bền, phường Tân Thuận",
}


def fill(hotline: Hotline) -> None:
    """Let the call-taker have answered calls, put one through, and left reminders; and one draft each way."""
    with hotline.database.reading() as session:
        people = {one.username: one for one in session.scalars(select(Account))}
    taker, coordinator = people["call-taker"], people["coordinator"]
    token = calls.add_exchange(hotline, "Tổng đài mẫu")
    with hotline.database.reading() as session:
        exchange = calls.exchange_of_token(hotline, session, token)
    if exchange is not None:
        _calls(hotline, exchange, taker)
    for wish in WISHES:
        callbacks.write_down(hotline, coordinator, Wish(*wish))
    _make_due(hotline)
    handed, _ = drafts.save(hotline, coordinator, None, 0, HANDED)
    drafts.hand_over(
        hotline, coordinator, handed, taker.id, "Bên điều phối nghe dở, em hỏi giúp giờ đốt và số nhà xưởng."
    )
    drafts.save(hotline, taker, None, 0, DRAFT)


def _calls(hotline: Hotline, exchange: PhoneExchange, taker: Account) -> None:
    for number, (hours, caller, through) in enumerate(CALLS):
        then = earlier(hotline, hours)
        seats.sit(then, taker, "101", ready=True)
        said = Announcement(f"demo-{number}", CallStep.ANSWERED, caller, "101")
        call, _ = calls.announce(then, exchange, said)
        draft = calls.take(then, taker, call.id)
        if through is not None:
            calls.transferred(then, taker, draft, through)
        with then.database.transaction() as session:
            drafts.filed(then, session, account=taker, draft_id=draft)
    seats.sit(hotline, taker, "101", ready=True)


def _make_due(hotline: Hotline) -> None:
    """Let the first reminder have come due while nobody looked."""
    with hotline.database.transaction() as session:
        first = session.scalars(select(CallBack).order_by(CallBack.due_at)).first()
        if first is not None:
            first.due_at = hotline.now() - timedelta(minutes=3)
