"""One function takes out of free text what says who somebody is, for every eye but the writer's."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.redact import MASK, masked
from classifier.scrub import scrubbed

#: Letters, spaces and punctuation, but no digit and nothing of which an address is made.
WORDS = st.text(st.characters(categories=("L", "Zs", "Po"), exclude_characters="@#%&."), max_size=60)
DIGITS = st.text("0123456789", min_size=8, max_size=12)
BETWEEN = st.sampled_from(["", " ", ".", "-", ". "])
LETTERS = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=12)


@given(WORDS, DIGITS, BETWEEN, WORDS)
def test_a_number_of_eight_digits_or_more_goes_however_it_is_grouped(
    before: str, digits: str, between: str, after: str
) -> None:
    """Without `NUMBER` in `PERSONAL` it stays."""
    written = between.join(digits)
    shown = masked(f"{before} {written} {after}")
    assert not re.search(r"\d", shown)
    assert MASK in shown
    assert before.strip() in shown
    assert after.strip() in shown


@given(WORDS, LETTERS, LETTERS, WORDS)
def test_an_address_goes_and_the_words_around_it_stay(before: str, local: str, host: str, after: str) -> None:
    shown = masked(f"{before} {local}@{host}.vn {after}")
    assert f"{local}@{host}" not in shown
    assert before.strip() in shown
    assert after.strip() in shown


@given(
    st.integers(11, 99), st.sampled_from("ABCDEFGHKLMNPSTUVXYZ"), st.integers(1, 9), st.integers(0, 99999),
    st.sampled_from(["{}{}{}-{}.{}", "{}{}{} {}{}", "{}-{}{} {}.{}", "{}{}{}{}{}"]),
)  # fmt: skip
def test_a_plate_goes_however_it_is_written(province: int, series: str, row: int, number: int, form: str) -> None:
    five = f"{number:05}"
    plate = form.format(province, series, row, five[:3], five[3:])
    assert masked(f"Xe {plate} đậu chắn") == f"Xe {MASK} đậu chắn"


@given(st.text(max_size=200))
def test_masking_twice_is_masking_once_and_never_fails(said: str) -> None:
    once = masked(said)
    assert masked(once) == once


@given(st.text(max_size=200))
def test_what_is_learned_from_holds_no_more_than_what_is_shown(said: str) -> None:
    """Training and public views look for the same: where the one finds something the other does."""
    assert (scrubbed(said) == said) == (masked(said) == said)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Gọi (090) 123 4512 nhé", f"Gọi {MASK} nhé"),
        ("+84 901 234 512", MASK),
        ("CCCD 079123456789", f"CCCD {MASK}"),
        ("Hẻm 285/12 Cách Mạng Tháng 8, đèn tắt 3 bữa", "Hẻm 285/12 Cách Mạng Tháng 8, đèn tắt 3 bữa"),
        ("Ngày 12/3/2026 lúc 18h30, trụ 45", "Ngày 12/3/2026 lúc 18h30, trụ 45"),
        ("０９０１２３４５１２", MASK),
    ],
)
def test_what_goes_and_what_stays(said: str, shown: str) -> None:
    assert masked(said) == shown


def test_what_is_known_of_the_writer_goes_in_any_case() -> None:
    shown = masked("TRẦN THỊ BÔNG ở đây, 0901 234 512", ("Trần Thị Bông", "+84901234512"))
    assert shown == f"{MASK} ở đây, {MASK}"
