"""Names of places and people are left out of what a model reads, and nothing else is."""

import unicodedata

import pytest

from classifier.features import read


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Đường Điện Biên Phủ, phường Thuận Hoá, TP Huế bị sụt", "đường phường thành phố bị sụt"),
        ("đèn hư ở ngã tư Bảy Hiền", "đèn hư ở ngã tư"),
        ("P.Bến Nghé mất điện", "mất điện"),
        ("Ngập từ Trần Phú - Phù Đổng", "ngập từ"),
        ("chợ Bến Thành bán hàng giả", "chợ bán hàng giả"),
        ("Tôi là Nguyễn Văn An ở số 12 Lê Lợi. Rác chất đống", "tôi là ở số # rác chất đống"),
        ("xã Tân An, Thủ Thừa cúp nước", "xã cúp nước"),
    ],
)
def test_a_name_says_nothing_of_what_a_report_is_about(text: str, words: str) -> None:
    for typed in (text, unicodedata.normalize("NFD", text)):
        assert " ".join(read(typed).words) == words


@pytest.mark.parametrize(
    "text",
    [
        "Công an phường không tới",  # a capital alone is no name
        "Sở Xây dựng trả lời rồi",
        "Gửi cho Sở Y tế",
        "Đèn tắt. Cột nghiêng",
        "đường nguyễn huệ ngập",  # no capitals, no names
        "ĐƯỜNG NGUYỄN HUỆ NGẬP SÂU",  # nothing but capitals
        "Vỉa Hè Đường Lê Lợi Hư Hỏng",
        "Điện Lực hẹn mãi",
    ],
)
def test_what_is_no_name_is_read(text: str) -> None:
    assert " ".join(read(text).words) == text.lower().replace(".", "")


def test_masked_words_say_nothing_and_other_pieces_keep_their_number() -> None:
    masked = read("Rác ở [ĐỊA CHỈ] chưa dọn, [đã che] gọi rồi")
    assert masked.words == ["rác", "ở", "chưa", "dọn", "gọi", "rồi"]
    assert masked.pieces == [0, 1, 4, 5, 8, 9]


def test_what_somebody_puts_in_brackets_is_read() -> None:
    assert read("đèn hư [gần trường học]").words == ["đèn", "hư", "gần", "trường", "học"]
