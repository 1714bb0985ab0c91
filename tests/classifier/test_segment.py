"""Our way into underthesea's segmentation gives what its own way gives."""

import pytest
from underthesea import word_tokenize

from classifier.segment import compounds


@pytest.mark.parametrize(
    "text",
    [
        "bệnh viện quận tám thu viện phí sai quy định",
        "đèn tín hiệu giao thông ở ngã tư bị hư mấy hôm nay",
        "công an phường lập biên bản xử phạt vi phạm hành chính",
        "alo alo",
    ],
)
def test_compounds_are_those_of_word_tokenize(text: str) -> None:
    assert compounds(text.split()) == [word for word in word_tokenize(text) if " " in word]


def test_too_little_to_join() -> None:
    assert compounds([]) == compounds(["ngập"]) == []
