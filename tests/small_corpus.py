"""A corpus made here, for one small model that all tests share: the real one takes a minute."""

import json
import random
from pathlib import Path

from models.vocabulary import topics

#: Words of no topic, to tell the rows apart.
FILLER_TEXT = """
tui mình em cháu ông bà cô chú anh chị bữa nay hôm qua sáng chiều tối khuya tuần tháng năm gần đây lâu rồi hoài luôn nữa
quá trời thiệt khổ mệt chịu hết nổi giùm giúp nhờ xin coi ghé xuống kiểm tra xử lý sớm dân xóm hẻm đầu cuối giữa góc ngã
ba tư cạnh đối diện sau lưng bên hông phía trước mặt tiền khu vực đoạn chỗ này kia đó đây mà thì là nhưng nên vì bởi
"""
FILLER = FILLER_TEXT.split()
SPECIAL = (
    ("to-cao", "normal", "official-conduct", "Tôi tố cáo ông trưởng phòng nhận tiền của dân để ký hồ sơ trái luật"),
    ("to-cao", "normal", "official-conduct", "Tố cáo cán bộ địa chính ăn hối lộ năm triệu đồng, có ghi âm làm chứng"),
    ("khan-cap", "emergency", "fire-rescue-safety", "Cháy nhà rồi, đang cháy lớn có người kẹt trong đó, cứu gấp"),
    ("khan-cap", "emergency", "public-order-crime", "Đang đánh nhau có dao, có người bị thương chảy máu, tới ngay"),
    (
        "khieu-nai",
        "normal",
        "land-planning-compensation",
        "Tôi khiếu nại quyết định số 12 thu hồi đất của gia đình tôi",
    ),
    ("kien-nghi", "normal", "public-transport", "Kiến nghị thành phố mở thêm tuyến xe buýt cho khu mới"),
    ("khen-ngoi", "normal", "street-lighting", "Cảm ơn đội sửa đèn đường làm nhanh quá, khen các anh"),
    ("rac", "normal", "other-unclear", "mua bán nhà đất giá rẻ liên hệ số này"),
    ("hoi-dap", "normal", "admin-procedure", "Cho hỏi làm căn cước cần mang giấy tờ gì và mấy giờ mở cửa"),
    ("phan-anh", "urgent", "power-outage-safety", "Dây điện rớt xuống đường nguy hiểm lắm cần xử lý gấp"),
)


def small_rows() -> list[dict[str, str]]:
    """Return a few hundred rows that a small model can learn something from."""
    rng = random.Random(5)
    rows: list[dict[str, str]] = []
    for topic in topics().values():
        phrases = [part.strip() for part in f"{topic.vi}, {topic.definition}".replace(".", "").split(",")]
        for phrase in phrases:
            for voice in range(3):
                before, after = (" ".join(rng.sample(FILLER, 6)) for _ in range(2))
                rows.append(_row(topic.slug, "phan-anh", "normal", voice, f"{before} {phrase}, {after}."))
    for kind, urgency, slug, text in SPECIAL:
        for voice in range(9):
            words = [word for word in text.split() if rng.random() < 0.7]
            rows.append(_row(slug, kind, urgency, voice % 3, f"{' '.join(words)} {' '.join(rng.sample(FILLER, 9))}"))
    return [{"id": f"t{number:04}", **row} for number, row in enumerate(rows)]


def _row(topic: str, kind: str, urgency: str, voice: int, text: str) -> dict[str, str]:
    return {"topic": topic, "type": kind, "urgency": urgency, "voice": f"v{voice}", "region": "nam", "text": text}


def write_small_corpus(folder: Path) -> None:
    """Write the rows into a folder as `classifier.corpus` reads them."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps(row, ensure_ascii=False) for row in small_rows())
    (folder / "all.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
