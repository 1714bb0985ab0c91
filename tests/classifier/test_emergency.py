"""Whom to call, from the words of somebody in danger."""

import pytest

from classifier.emergency import danger, numbers


@pytest.mark.parametrize(
    ("text", "topic", "first"),
    [
        ("cháy lớn ở chung cư, có người mắc kẹt", "fire-rescue-safety", "114"),
        ("CHAY NHA CUU VOI", "fire-rescue-safety", "114"),
        ("tụi nó đang đánh nhau có dao", "public-order-crime", "113"),
        ("hàng xóm đang đánh con nhỏ dữ lắm", "social-protection", "111"),
        ("cả nhà ngộ độc ngất xỉu", "food-safety", "115"),
        ("help, gas leak in my building", "apartment-housing", "114"),
    ],
)
def test_the_fitting_number_is_named_first(text: str, topic: str, first: str) -> None:
    assert numbers(text, topic)[0] == first


def test_who_comes_to_several_dangers_is_all_named() -> None:
    assert set(numbers("tông xe, có người bị thương, tài xế cầm dao đe dọa", "public-order-crime")) >= {"113", "115"}


def test_there_is_always_a_number() -> None:
    assert numbers("cứu với", "noise") == ("113", "114", "115")
    assert numbers("cứu với", "animals") == ("115",)


def test_words_of_danger_are_found_with_and_without_marks() -> None:
    for text, expected in (
        ("Nhà hàng xóm đang cháy lớn", ("114",)),
        ("ĐANG CHÁY NHÀ", ("114",)),
        ("co nguoi bat tinh ngoai duong", ("115",)),
        ("Có đánh nhau, một người bất tỉnh", ("113", "115")),
        ("hang xom danh tre em da man", ("111",)),
    ):
        assert set(danger(text)) == set(expected), text


def test_everyday_words_that_look_like_danger_are_none() -> None:
    for text in ("Xe đang chạy ẩu", "xe dang chay au", "Cứu với, ổ gà to quá", "Đèn đường tắt", "", "cháy bóng đèn"):
        assert danger(text) == (), text
