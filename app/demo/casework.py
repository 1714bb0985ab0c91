"""What the ticket pages of the demonstration show: templates, notes, persons, an answer that waits, photos of work."""

import io
from typing import Final

from PIL import Image, ImageDraw
from sqlalchemy import select

from app.accounts import service as accounts
from app.accounts.service import NewAccount
from app.hotline import Hotline
from app.intake.photos import read_photos
from app.replies import service as replies
from app.replies.schema import Draft
from app.work import approval, notes, person
from app.work import service as work
from app.work.service import Step
from models.account import Account
from models.ticket import Ticket
from models.vocabulary import PhotoOf, Role, Status

CITY: Final = (
    Draft(
        "Cảm ơn và hẹn ngày",
        "Cảm ơn bạn đã báo {chủ đề} ở {nơi}. {đơn vị} sẽ xử lý và trả lời bạn trước {hạn}.",
        Status.ANSWERED,
    ),
    Draft(
        "Hỏi rõ nơi",
        "Bạn cho {đơn vị} biết rõ hơn {nơi} là ở đâu, gần số nhà nào, để tới đúng chỗ nhé.",
        Status.INFO_REQUESTED,
    ),
    Draft(
        "Ngoài địa bàn",
        "{nơi} không thuộc thành phố nên chúng tôi không xử lý được. Bạn gọi tổng đài của tỉnh đó giúp nhé.",
        Status.REFERRED,
    ),
)
OWN: Final = (
    Draft(
        "Đã sửa xong",
        "{đơn vị} đã cho người tới {nơi} và sửa xong {chủ đề}. Nếu chưa ổn, bạn bấm “Chưa xong, mở lại”.",
        Status.ANSWERED,
    ),
    Draft(
        "Chờ vật tư",
        "{đơn vị} đã tới {nơi}. Việc này cần thay vật tư, xong trước {hạn}; chúng tôi sẽ báo lại bạn.",
        Status.ANSWERED,
    ),
)
NOTE: Final = "Tổ trưởng dân phố giữ chìa khóa cổng, gọi trước khi tới. Lần trước làm tạm nên lần này phải thay hẳn."
ANSWER: Final = (
    "Chúng tôi đã tới kiểm tra và sửa xong chiều nay. Bạn xem ảnh trước và sau; nếu còn gì, bạn báo lại nhé."
)
ASKED: Final = "Chúng tôi đã nhận, đang làm và sẽ xong trong tuần này."


def fill(hotline: Hotline) -> None:
    """Let the demonstration's people use everything that a ticket page has, on what their unit has in hand."""
    with hotline.database.transaction() as session:
        people = {one.username: one for one in session.scalars(select(Account))}
        handler, leader, coordinator = (people.get(name) for name in ("handler", "supervisor", "coordinator"))
        if handler is None or leader is None or coordinator is None or handler.department_id != leader.department_id:
            return
        new = NewAccount("demo.dong-nghiep", "Chuyên viên Thảo", Role.HANDLER, handler.department_id)
        colleague = people.get(new.username) or accounts.create(session, hotline.now(), new)
    for draft in CITY:
        replies.save(hotline, coordinator, draft)
    for draft in OWN:
        replies.save(hotline, leader, draft)
    in_hand = _in_hand(hotline, handler)
    for ticket in in_hand:
        notes.write(hotline, leader, _step(hotline, ticket, NOTE))
        person.assign(hotline, leader, _step(hotline, ticket), colleague.id if ticket is in_hand[-1] else handler.id)
    if len(in_hand) > 1:
        photos = [(PhotoOf.BEFORE, "#3b3f45"), (PhotoOf.AFTER, "#d9b640")]
        shown = [(kind, read_photos([_picture(colour)])[0]) for kind, colour in photos]
        work.answer(hotline, handler, _step(hotline, in_hand[0], ANSWER), shown)
    replies.ask_for_second(hotline, leader, wanted=True)
    for ticket in in_hand[1:2]:
        work.answer(hotline, colleague, _step(hotline, ticket, ASKED))
    for ticket in in_hand[2:3]:
        work.answer(hotline, handler, _step(hotline, ticket, ASKED))
        approval.give_back(
            hotline, leader, _step(hotline, ticket, "Bạn ghi rõ ngày nào xong, đừng viết “trong tuần này”.")
        )
    replies.ask_for_second(hotline, leader, wanted=False)  # a visitor's own answer goes out at once


def _in_hand(hotline: Hotline, handler: Account) -> list[Ticket]:
    theirs = Ticket.department_id == handler.department_id, Ticket.status == Status.IN_PROGRESS
    with hotline.database.reading() as session:
        return list(session.scalars(select(Ticket).where(*theirs).order_by(Ticket.received_at.desc()).limit(4)))


def _step(hotline: Hotline, ticket: Ticket, words: str = "") -> Step:
    with hotline.database.reading() as session:
        return Step(ticket.id, session.get_one(Ticket, ticket.id).version, words)


def _picture(colour: str) -> bytes:
    """Return a drawing of a street lamp that is out, or on."""
    image = Image.new("RGB", (640, 480), "#10171d")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 400, 640, 480), fill="#26323c")
    draw.rectangle((312, 140, 328, 400), fill="#8496a5")
    draw.ellipse((260, 70, 380, 190), fill=colour)
    out = io.BytesIO()
    image.save(out, "JPEG")
    return out.getvalue()
