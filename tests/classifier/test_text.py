"""One text has one form, however it was typed; what cannot be stored is refused, not repaired."""

import subprocess
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.text import MAX_MARKS, UnacceptableText, canonical, expand, fold, received

ANYTHING = st.text(st.characters())
EVERYTHING = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize(
    ("text", "reason", "position"),
    [("ab\0", "nul", 2), ("\x1b[31m", "control", 0), ("a\x85", "control", 1), ("\x7f", "control", 0)],
)
def test_what_cannot_be_stored_is_refused(text: str, reason: str, position: int) -> None:
    with pytest.raises(UnacceptableText) as refusal:
        received(text)
    assert (refusal.value.reason, refusal.value.position) == (reason, position)


def test_a_lone_surrogate_is_refused() -> None:
    with pytest.raises(UnacceptableText) as refusal:
        received("ổ gà \ud800")
    assert (refusal.value.reason, refusal.value.position) == ("surrogate", 5)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  ngập\r\nnặng\rquá \n", "ngập\nnặng\nquá"),
        (unicodedata.normalize("NFD", "đường ngập"), "đường ngập"),
        ("\ufeffđèn\u200b đường", "đèn đường"),
        ("a\u200db", "ab"),
        ("👩\u200d👩\u200d👧", "👩\u200d👩\u200d👧"),
        ("tab\there", "tab\there"),
        ("phải \u202eiárt\u202c", "phải \u202eiárt\u202c"),
    ],
)
def test_the_stored_form(typed: str, kept: str) -> None:
    assert received(typed) == kept


def test_marks_on_one_base_are_bounded() -> None:
    stored = received("x" + "\u0301" * 200 + "y")
    assert stored == "x" + "\u0301" * MAX_MARKS + "y"


@given(EVERYTHING)
def test_every_text_is_refused_or_settles_at_once(text: str) -> None:
    try:
        stored = received(text)
    except UnacceptableText:
        return
    assert received(stored) == stored
    assert unicodedata.is_normalized("NFC", stored)


@pytest.mark.parametrize(
    ("typed", "schoolbook"),
    [
        ("hoà loá khoẻ thuý huỷ", "hòa lóa khỏe thúy hủy"),
        ("hòan tòan ngòai lọai", "hoàn toàn ngoài loại"),
        ("đựơc nứơc tìên múôn", "được nước tiền muốn"),
        ("qúy quý gía già giếng gì", "quý quý giá già giếng gì"),
        ("khuỷu thuở của mía quốc", "khuỷu thuở của mía quốc"),
        ("HOÀ Thuỷ", "HÒA Thủy"),
        ("đèn còn tím mùng dứt", "đèn còn tím mùng dứt"),
        ("café résumé naïve", "café résumé naïve"),
        ("Ðường ðèn", "Đường đèn"),
        ("ｆｕｌｌ  𝐛𝐨𝐥𝐝\n\tm²", "full bold m2"),
        ("a\0b\x07c \ud800d \u202ee", "abc d e"),
    ],
)
def test_one_form_for_the_model(typed: str, schoolbook: str) -> None:
    assert canonical(typed) == schoolbook
    assert canonical(unicodedata.normalize("NFD", typed)) == schoolbook


def test_two_hundred_marks_do_not_make_another_word() -> None:
    assert canonical("cống" + "\u0336" * 200) == "cống"


@given(EVERYTHING)
def test_canonical_and_fold_take_everything_and_settle(text: str) -> None:
    once = canonical(text)
    assert canonical(once) == once
    assert fold(fold(text)) == fold(text)
    assert isinstance(expand(text), str)


@given(ANYTHING)
def test_canonical_is_blind_to_the_way_of_composing(text: str) -> None:
    assert canonical(unicodedata.normalize("NFD", text)) == canonical(unicodedata.normalize("NFC", text))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("ko ai sửa, dc 3 bữa r", "không ai sửa, được 3 bữa rồi"),
        ("Q.7 q7 P.Tân Phú p12 TP.HCM", "quận 7 quận 7 phường Tân Phú phường 12 thành phố hồ chí minh"),
        ("UBND phường", "ủy ban nhân dân phường"),
        ("báo ca phường", "báo công an phường"),
        ("3 ca bệnh, làm ca đêm", "3 ca bệnh, làm ca đêm"),
        ("tt y tế, tt củ chi, mất tt", "trung tâm y tế, thị trấn củ chi, mất trật tự"),
        ("xe bt, vẫn bt", "xe bê tông, vẫn bình thường"),
        ("giữ xe 20k", "giữ xe 20k"),
    ],
)
def test_short_forms_are_written_out(typed: str, meant: str) -> None:
    assert expand(typed) == meant


def test_fold_finds_both_ways_of_typing() -> None:
    assert fold("Đường  Hoà Bình") == fold("duong hòa bình") == "duong hoa binh"


def test_the_web_process_needs_no_scientific_library() -> None:
    heavy = "{'numpy', 'sklearn', 'underthesea'}"
    code = f"import sys, classifier.text, classifier.artifact; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
