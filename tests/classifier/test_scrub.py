"""What is learned from holds no number that leads to a person."""

import pytest

from classifier.scrub import scrubbed


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("gọi em 0901 234 567 nhé", "gọi em số nhé"),
        ("sđt +84.901.234.567.", "sđt số."),
        ("cccd 079201001234 của tôi", "cccd số của tôi"),
        ("thư a.b-c@vidu.com.vn", "thư email"),
        ("xe 59X1-234.56 đậu bít hẻm", "xe biển số đậu bít hẻm"),
        ("xe 51A 12345", "xe biển số"),
        ("xe 29MĐ1-234.56", "xe biển số"),
        ("hẻm 285/12/4A, 3 ngày, 22h30, quận 10", "hẻm 285/12/4A, 3 ngày, 22h30, quận 10"),
        ("ngày 12/11/2026 lúc 7h", "ngày 12/11/2026 lúc 7h"),
    ],
)
def test_numbers_plates_and_addresses_go_and_the_rest_stays(typed: str, kept: str) -> None:
    assert scrubbed(typed) == kept
