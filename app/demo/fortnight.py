"""A fortnight of ordinary days before the script's own: enough for a leader's figures to say something.

The same every time: what happens to whom is thrown with dice of a fixed seed. Some are late, some reopened, some rated.
"""

import random
from collections.abc import Iterator
from typing import Any, Final

#: Reports of the fortnight, and in which minutes before now they came.
REPORTS: Final = 64
YOUNGEST, OLDEST = 26 * 60, 14 * 24 * 60
HOUR, DAY = 60, 24 * 60
#: What people say, again and again, of what units of the city and of the wards do.
SAID: Final = (
    ("Đèn đường tắt {since}, tối thui không thấy ổ gà, nhờ thay bóng giùm.", "Chúng tôi đã thay bóng, tối nay đèn sáng lại."),
    ("Trụ đèn chiếu sáng trước nhà chập chờn {since}, mưa xuống là tắt.", "Đã thay bộ điều khiển của trụ đèn."),
    ("Đèn đường hẻm này tắt {since} rồi mà chưa ai sửa, trẻ con đi học về sợ lắm.", "Đã nối lại đường dây, đèn sáng cả hẻm."),
    ("Mặt đường có ổ gà sâu, {since} đã hai người té, nhờ vá gấp.", "Đã vá mặt đường bằng nhựa nguội, tuần sau thảm lại."),
    ("Rác chất đống đầu hẻm {since} chưa lấy, hôi thối ruồi bu.", "Xe rác đã lấy hết, lịch lấy rác dán ở đầu hẻm."),
    ("Quán nhậu hát karaoke loa kéo ồn tới khuya {since}, không ai ngủ được.", "Đã lập biên bản, quán cam kết tắt loa sau 22 giờ."),
    ("Xe máy với bàn ghế lấn hết vỉa hè {since}, người đi bộ phải xuống lòng đường.", "Đã nhắc nhở và giải tỏa vỉa hè, sẽ kiểm tra lại."),
    ("Cống nghẹt, mưa là ngập hẻm, nước đen tràn vô nhà {since}.", "Đã nạo vét hố ga, nước rút bình thường."),
    ("Xe buýt bỏ trạm không đón khách {since}, tài xế còn la hành khách.", "Đã làm việc với hợp tác xã, tài xế bị nhắc nhở."),
)  # fmt: skip
SINCE: Final = ("ba đêm nay", "cả tuần nay", "từ thứ Hai", "mấy bữa nay", "hai ngày rồi")
PLACES: Final = (
    "hẻm {n} Cách Mạng Tháng Tám, phường Hòa Hưng", "{n} Tô Hiến Thành, phường Hòa Hưng",
    "{n} Phan Huy Ích, phường An Hội Tây", "hẻm {n} Lê Văn Sỹ, phường Nhiêu Lộc", "{n} Lê Lợi, phường Bến Thành",
    "{n} Nguyễn Trãi, phường Chợ Quán", "{n} Kha Vạn Cân, phường Hiệp Bình",
)  # fmt: skip
CHANNELS: Final = ("web", "web", "web", "phone", "phone", "api")
AGAIN: Final = "Tối qua lại y như cũ, chưa xong đâu."


def script() -> Iterator[dict[str, Any]]:
    """Yield reports as the script of the demonstration has them."""
    rng = random.Random(14)  # noqa: S311 - the same fortnight every time
    for number in range(REPORTS):
        said, answer = SAID[number % len(SAID)]
        yield {
            "minutes_ago": rng.randrange(YOUNGEST, OLDEST),
            "channel": rng.choice(CHANNELS),
            "text": said.format(since=rng.choice(SINCE)),
            "place_text": rng.choice(PLACES).format(n=rng.randrange(3, 400)),
            "steps": list(_steps(rng, answer)),
        }


def _steps(rng: random.Random, answer: str) -> Iterator[dict[str, Any]]:
    """Yield what becomes of a report: mostly answered in time, some late, one in twelve never taken up."""
    fate = rng.random()
    yield {"after": 10, "do": "route"}
    if fate < 0.08:
        return
    accepted = rng.randrange(20, 20 * HOUR)
    yield {"after": accepted, "do": "accept"}
    if fate < 0.16:
        return
    late = fate > 0.8
    answered = accepted + rng.randrange(6 * DAY, 8 * DAY) if late else accepted + rng.randrange(HOUR, 2 * DAY)
    yield {"after": answered, "do": "answer", "text": answer}
    if rng.random() < 0.12:
        yield {"after": answered + 14 * HOUR, "do": "reopen", "text": AGAIN}
        yield {"after": answered + 20 * HOUR, "do": "accept"}
        yield {"after": answered + 40 * HOUR, "do": "answer", "text": answer}
    elif rng.random() < 0.6:
        stars = rng.choice((2, 3, 3, 4)) if late else rng.choice((3, 4, 5, 5, 5))
        yield {"after": answered + rng.randrange(HOUR, DAY), "do": "rate", "rating": stars}
