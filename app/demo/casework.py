"""What the ticket pages of the demonstration show: templates, notes, persons, an answer that waits, photos of work."""

import io
from datetime import timedelta
from typing import Final

from PIL import Image, ImageDraw
from sqlalchemy import select

from app.accounts import service as accounts
from app.accounts.service import NewAccount
from app.demo.past import earlier
from app.hotline import Hotline
from app.intake.photos import read_photos
from app.replies import service as replies
from app.replies.schema import Draft
from app.work import approval, notes, person, saved
from app.work import service as work
from app.work.filters import ME, NOBODY, Filter
from app.work.service import Step
from models.account import Account
from models.ticket import Ticket
from models.vocabulary import PhotoOf, Role, Status

#: What came longer ago than this has had nothing happen to it for days.
LONG_AGO: Final = timedelta(days=3)
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
#: What two people of the unit have written for a second one to read: (who, how many hours ago, words).
TO_BE_READ: Final = (
    (
        "demo.dong-nghiep",
        28,
        "Chúng tôi đã tới xem và đặt vật tư, thứ Sáu làm xong và báo lại bạn ngay hôm đó.",
    ),
    ("handler", 6, "Đội đã tới xem: việc này phải xin phép trước khi đào đường. Chúng tôi làm xong trước cuối tháng."),
    ("demo.dong-nghiep", 2, "Đã làm xong và dọn sạch chỗ đó. Nếu bạn thấy chưa ổn thì bấm “Chưa xong, mở lại”."),
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
    replies.ask_for_second(earlier(hotline, 48), leader, wanted=True)
    _to_be_read(hotline, {one.username: one for one in (handler, colleague)}, in_hand)
    for ticket in in_hand[1:2]:
        work.answer(hotline, colleague, _step(hotline, ticket, ASKED))
    for ticket in in_hand[2:3]:
        work.answer(hotline, handler, _step(hotline, ticket, ASKED))
        approval.give_back(
            hotline, leader, _step(hotline, ticket, "Bạn ghi rõ ngày nào xong, đừng viết “trong tuần này”.")
        )
    replies.ask_for_second(hotline, leader, wanted=False)  # a visitor's own answer goes out at once
    for account, name, scope, wanted in (
        (leader, "Trễ hạn", saved.OURS, Filter(late="1")),
        (leader, "Chưa ai giữ", saved.OURS, Filter(person=NOBODY)),
        (handler, "Việc của tôi", saved.MINE, Filter(person=ME)),
        (coordinator, "Gấp, toàn thành phố", saved.MINE, Filter(urgent="1")),
    ):
        saved.keep(hotline, account, name, scope, wanted)


def _to_be_read(hotline: Hotline, people: dict[str, Account], but: list[Ticket]) -> None:
    """Let what the unit took up longest ago be answered, and wait for a second reader."""
    leading = next(iter(people.values())).department_id
    oldest = select(Ticket).where(Ticket.department_id == leading, Ticket.status == Status.IN_PROGRESS)
    oldest = oldest.where(Ticket.id.not_in([one.id for one in but]), Ticket.received_at < hotline.now() - LONG_AGO)
    with hotline.database.reading() as session:
        tickets = session.scalars(oldest.order_by(Ticket.received_at, Ticket.id).limit(len(TO_BE_READ))).all()
    for ticket, (who, hours, words) in zip(tickets, TO_BE_READ, strict=False):
        work.answer(earlier(hotline, hours), people[who], _step(hotline, ticket, words))


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
