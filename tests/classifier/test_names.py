"""Names of places and people are left out of what a model reads, and nothing else is."""

import unicodedata
from collections.abc import Callable

import pytest

from classifier import artifact, corpus
from classifier.augment import strip_marks
from classifier.features import read
from classifier.names import FILE, gathered


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
    ("text", "words"),
    [
        ("Đường Điện Biên Phủ, phường Thuận Hóa bị sụt", "đường phường bị sụt"),
        ("Cột điện ở ngã tư Bảy Hiền ngả", "cột điện ở ngã tư ngả"),
        ("Trước số 93 An Dương Vương ngập", "trước số # ngập"),
        ("Vỉa hè đường Lê Lợi hư", "vỉa hè đường hư"),
        ("P. Bến Nghé mất điện", "phường mất điện"),
        ("Đường Cách Mạng Tháng Tám kẹt", "đường kẹt"),
    ],
)
@pytest.mark.parametrize("change", [str.upper, str.lower])
def test_a_name_of_the_corpus_is_one_in_any_case(change: Callable[[str], str], text: str, words: str) -> None:
    assert read(change(text)).words == read(text).words == words.split()
    assert [strip_marks(word) for word in read(change(strip_marks(text))).words] == strip_marks(words).split()


def test_the_names_are_those_of_the_corpus() -> None:
    kept = (artifact.DATA_DIR / FILE).read_text("utf-8").splitlines()[1:]
    assert kept == gathered(row.text for row in corpus.load()), "run `langnghe corpus names`"


@pytest.mark.parametrize(
    "text",
    [
        "Công an phường không tới",  # a capital alone is no name
        "Sở Xây dựng trả lời rồi",
        "Gửi cho Sở Y tế",
        "Đèn tắt. Cột nghiêng",
        "đường hoàng kỳ nam ngập",  # nobody has told us of this one, and nothing shows that it is a name
        "ĐƯỜNG HOÀNG KỲ NAM NGẬP SÂU",
        "tôi yêu hòa bình, tự do",  # names also, but no word for a place before them
        "đi đường, hòa bình thôi",
        "từ đường tự tin rẽ trái",  # "đường Tự Do" it is not
        "Điện Lực hẹn mãi",
    ],
)
def test_what_is_no_name_is_read(text: str) -> None:
    assert " ".join(read(text).words) == text.lower().replace(".", "").replace(",", "")


def test_masked_words_say_nothing_and_other_pieces_keep_their_number() -> None:
    masked = read("Rác ở [ĐỊA CHỈ] chưa dọn, [đã che] gọi rồi")
    assert masked.words == ["rác", "ở", "chưa", "dọn", "gọi", "rồi"]
    assert masked.pieces == [0, 1, 4, 5, 8, 9]


def test_what_somebody_puts_in_brackets_is_read() -> None:
    assert read("đèn hư [gần trường học]").words == ["đèn", "hư", "gần", "trường", "học"]
