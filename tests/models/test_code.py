"""The tracking code: what may stand in it, and what a person may type for it."""

import pytest

from models.code import ALPHABET, LENGTH, code_hash, grouped, new_code, normalised

CODE = "01KQ2M9XD0F3BHZ8"


def test_the_alphabet_has_no_two_characters_that_look_alike() -> None:
    assert len(ALPHABET) == len(set(ALPHABET)) == 32
    assert not set("ILOU") & set(ALPHABET)


def test_a_new_code_is_eighty_random_bits_of_the_alphabet() -> None:
    codes = [new_code() for _ in range(2000)]
    assert {len(code) for code in codes} == {LENGTH}
    assert len(set(codes)) == len(codes)
    for position in range(LENGTH):  # 2,000 draws miss one of 32 characters once in 10^26 times
        assert {code[position] for code in codes} == set(ALPHABET)


@pytest.mark.parametrize(
    "typed",
    [
        grouped(CODE),
        CODE.lower(),
        "01kq 2m9x d0f3 bhz8",
        "01kq\u00a02m9x\u00a0d0f3\u00a0bhz8",
        "01KQ–2M9X–D0F3–BHZ8",
        "  01KQ-2M9X-D0F3-BHZ8\n",
        "O1KQ2M9XDOF3BHZ8",
        "oikq2m9xdof3bhz8",
        "OLKQ2M9XDoF3BHZ8",
    ],
)
def test_a_code_is_read_however_a_person_types_it(typed: str) -> None:
    assert normalised(typed) == CODE


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "-",
        CODE[:-1],
        CODE + "0",
        "U" + CODE[1:],
        "@" + CODE[1:],
        "Đ" + CODE[1:],
        "\0" + CODE[1:],
        "０" * LENGTH,
    ],
)
def test_what_cannot_be_a_code_is_told_apart_from_one_that_nobody_holds(typed: str) -> None:
    assert normalised(typed) is None


def test_a_code_is_shown_in_groups_of_four_that_read_back() -> None:
    assert grouped(CODE) == "01KQ-2M9X-D0F3-BHZ8"
    assert normalised(grouped(CODE)) == CODE


def test_a_code_is_kept_as_a_hash_that_nobody_can_make_without_the_key() -> None:
    kept = code_hash(b"key", CODE)
    assert len(kept) == 64
    assert kept == code_hash(b"key", CODE)
    assert kept != code_hash(b"other key", CODE)
    assert kept != code_hash(b"key", "1" + CODE[1:])
