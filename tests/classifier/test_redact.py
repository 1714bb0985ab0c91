"""What says who wrote a denunciation is found as whole words, and in a time that no text can stretch."""

import pytest

from classifier.redact import MASK, identity_left, redacted

BLANKS = " " * 4900


@pytest.mark.parametrize(
    "text", [f"ngụ{BLANKS}x", f"nhà tôi{BLANKS}x", f"địa chỉ nhà{BLANKS}:{BLANKS}x", "ngụ " * 1200]
)
def test_a_long_run_of_blanks_is_read_like_any_other_text(text: str) -> None:
    """Were the blanks shared out among the parts of a pattern in every way, this would take days."""
    assert redacted(text) == text


@pytest.mark.parametrize(
    ("text", "home"),
    [
        ("Tôi ngụ tại 12 Lê Lợi. Ông Bảy nhận tiền", "12 Lê Lợi"),
        ("nhà tôi ở   số 5 đường Hoa Sứ; cạnh chợ", "5 đường Hoa Sứ"),
        ("Địa chỉ của tôi : 285/12 CMT8", "285/12 CMT8"),
    ],
)
def test_where_the_writer_lives_goes(text: str, home: str) -> None:
    assert home not in redacted(text)
    assert MASK in redacted(text)


@pytest.mark.parametrize(
    ("text", "value", "left"),
    [
        ("Ông Ba ở phường Bến Thành nhận tiền", "An", False),  # Thành is not An
        ("Ông Ba nhận tiền của chị AN.", "An", True),
        ("tran thi bong, nha o day", "Trần Thị Bông", True),
        ("gọi 090.123.4512", "+84901234512", True),
        ("bà Bông", "\u200f", False),  # a name of nothing visible is in no text
    ],
)
def test_a_name_is_left_where_it_stands_as_words(text: str, value: str, left: bool) -> None:  # noqa: FBT001
    assert identity_left(text, (value,)) is left
