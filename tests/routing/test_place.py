"""What a text says about its ward: every name of both eras, and the traps that make a wrong ward likely."""

import time
import unicodedata
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.city import City, load_city
from routing.folding import fold
from routing.place import Place, resolve_place
from routing.wards import split_type

ABBREVIATED = {"Phường": "P.", "Xã": "X.", "Thị trấn": "TT.", "Quận": "Q.", "Huyện": "H.", "Thành phố": "TP."}


def wards(city: City, place: Place) -> list[str]:
    return [city.wards[code].short for code in place.candidates]


def variants(text: str) -> list[str]:
    return [text, fold(text), unicodedata.normalize("NFD", text), text.upper(), text.replace(",", "")]


def test_every_old_ward_beside_its_district_gives_its_heirs(hcmc: City) -> None:
    for old in hcmc.legacy:
        heirs = {code for code, _ in old.new}
        for name in (old.ward, *old.aliases):
            kind, short = split_type(name)
            if not kind:
                continue
            district = next(t for t in ABBREVIATED if old.district.startswith(t))
            brief = f"{ABBREVIATED[kind]}{short} {ABBREVIATED[district]}{old.district.removeprefix(district).strip()}"
            for text in variants(f"12 Lê Lợi, {name}, {old.district}") + variants(f"tại {brief}"):
                place = resolve_place(hcmc, text)
                if "MỸ" in text.upper():  # i and y are one letter when folded
                    continue
                assert set(place.candidates) >= heirs, text
                assert not place.sure or set(place.candidates) == heirs, text


def test_the_ward_of_today_is_always_first_by_its_own_name(hcmc: City) -> None:
    for ward in hcmc.wards.values():
        place = resolve_place(hcmc, f"Rác ở {ward.name}, mong xử lý")
        assert place.candidates[0] == ward.code


def test_all_split_wards_are_a_set_and_never_sure(hcmc: City) -> None:
    split = [old for old in hcmc.legacy if len(old.new) > 1]
    assert len(split) == 47
    for old in split:
        place = resolve_place(hcmc, f"{old.ward}, {old.district}")
        assert set(place.candidates) == {code for code, _ in old.new}
        assert not place.sure


@pytest.mark.parametrize(
    ("text", "expected", "sure"),
    [
        ("quận mười phường mười hai", ["Hòa Hưng"], True),
        ("dạ em ở phường mười bốn quận gò vấp", ["An Hội Tây"], True),
        ("P.14 Q10 (nay là phường Diên Hồng)", ["Diên Hồng"], True),
        ("P12Q10", ["Hòa Hưng"], True),
        ("F.12, Q. 10", ["Hòa Hưng"], True),
        ("phường 12 quận 03", ["Nhiêu Lộc"], True),
        ("123 Lê Văn Quới, phường Bình Trị Đông A, quận Bình Tân", ["Bình Trị Đông", "Bình Tân"], False),
        ("phường An Phú, TP.HCM", ["An Phú", "Bình Trưng", "An Khánh"], False),
        ("phường An Phú, quận 2", ["Bình Trưng", "An Khánh"], False),
        ("An Phú, Thuận An, Bình Dương", ["An Phú"], True),
        ("xã Củ Chi", ["Củ Chi"], True),
        ("thị trấn Củ Chi", ["Tân An Hội"], True),
        ("Phường Bà Rịa", ["Bà Rịa"], True),
        ("phường Long Tâm, thành phố Bà Rịa", ["Tam Long"], True),
        ("phường Hòa Bình, Biên Hòa, Đồng Nai", [], False),
        ("phường tám quận tân bình", ["Tân Hòa"], True),
        ("phường Tam Bình", ["Tam Bình"], True),
        ("phường Bình Hưng Hòa ạ, quận Bình Tân", ["Bình Hưng Hòa"], True),
        ("xã Thanh An", ["Thanh An"], True),
        ("xã Thạnh An", ["Thạnh An"], True),
        ("xa thanh an", ["Thanh An", "Thạnh An"], False),
        ("123 Lê Văn Sỹ, Nhiêu Lộc, Hồ Chí Minh", ["Nhiêu Lộc"], True),
        ("2 Lê Lợi, Bến Thành, TP.HCM", ["Bến Thành"], True),
        ("2 Le Loi, Ben Thanh Ward, Ho Chi Minh City", ["Bến Thành"], True),
        ("Ward 12, District 10, HCMC", ["Hòa Hưng"], True),
        ("P.12 Q.BìnhThạnh", ["Bình Thạnh"], True),
        ("phường BìnhTrịĐôngB, BìnhTân", ["An Lạc"], True),
        ("Phường.12.Quận.10", ["Hòa Hưng"], True),
        ("phường Tân\u00a0Sơn\u00a0Nhì", ["Tân Sơn Nhì"], True),
        ("phường Ða Kao, quận 1", ["Sài Gòn", "Tân Định"], False),
        ("ngã tư Bảy Hiền kẹt xe", [], False),
        ("cán bộ phường. Tân Định ồn", ["Tân Định", "Hòa Lợi", "Bắc Tân Uyên"], False),
        ("12/4 Lê Lai, hẻm 10", [], False),
        ("Tôi ngụ phường Bảy Hiền, phản ánh ổ gà ở phường Nhiêu Lộc", ["Nhiêu Lộc", "Bảy Hiền"], False),
        ("nhà tôi ở phường Phú Nhuận chứ không phải phường Đức Nhuận", ["Phú Nhuận"], True),
        ("không thuộc phường Phú Nhuận", [], False),
        ("bãi rác phường Đức Nhuận giáp ranh với phường Phú Nhuận", ["Đức Nhuận"], True),
        ("bãi rác giáp phường Phú Nhuận", ["Phú Nhuận"], False),
        ("bãi rác gần phường 12 quận 10", ["Hòa Hưng"], False),
        ("gần UBND phường Phú Nhuận", ["Phú Nhuận"], True),
        ("từ phường Bảy Hiền tới phường Nhiêu Lộc", ["Bảy Hiền", "Nhiêu Lộc"], False),
        ("đường Tân Sơn Nhì ngập", [], False),
        ("chợ Bình Thới, cầu Bình Lợi", [], False),
        ("hẻm 12 nhà 10/4 bị ngập lúc 22h", [], False),
        ("lô C P.12 chung cư Ngô Gia Tự", [], False),
        ("phường hai tám quận bình thạnh", ["Bình Quới"], True),
        ("phường 25", ["Thạnh Mỹ Tây"], False),
        ("Liên khu 5-6 Bình Hưng Hòa A Bình Tân", ["Bình Trị Đông", "Bình Hưng Hòa"], False),
        ("tôi quan tâm việc này", [], False),
        ("phường Phú Xuân", ["Nhà Bè"], False),  # a commune; as a ward it is a place elsewhere
        ("phường An Bình, quận Ninh Kiều", ["Dĩ An"], False),
        ("phường Phú Hòa, thành phố Huế", [], False),
        ("phường Tân Hòa, tỉnh Hòa Bình", [], False),
        ("đi xe 15p, 22h về", [], False),
        ("xả rác, phương án, phượng vĩ", [], False),
        ("khu Phú Mỹ Hưng kẹt xe", ["An Nhơn Tây"], False),
        ("phường 9 và 12 quận 10", ["Vườn Lài", "Hòa Hưng"], False),
        ("P.1, 2, 3 Q.11", ["Minh Phụng", "Bình Thới"], False),
        ("phường 12, 10 Lê Lai, quận 10", ["Hòa Hưng"], True),
        ("phường 12, 9 giờ tối, quận 10", ["Hòa Hưng"], True),
        ("phường Linh Trung và Linh Chiểu, Thủ Đức", ["Linh Xuân", "Thủ Đức"], False),
        ("phường 14, à nhầm, phường 12 quận Tân Bình", ["Bảy Hiền"], True),
        ("phường 14... xin lỗi phường 12 quận 10", ["Hòa Hưng"], True),
        ("phường 14 bị nhầm với phường 12 quận Tân Bình", ["Tân Bình", "Bảy Hiền"], False),
        ("hình như phường 12 quận 10", ["Hòa Hưng"], False),
        ("rạch giáp ranh phường Phú Định với phường Bình Phú", ["Phú Định", "Bình Phú"], False),
        ("giáp ranh phường 3 và 4 quận 10 ở phường Diên Hồng", ["Diên Hồng"], True),
        ("cầu từ phường 11 quận 6 tới phường 16 quận 8", ["Bình Phú", "Phú Định", "Tân Nhựt"], False),
        ("từ phường 25 qua phường 22 quận Bình Thạnh", ["Thạnh Mỹ Tây"], True),
        ("từ quận 4 qua phường Tân Hưng quận 7", ["Tân Hưng"], False),
        ("Tôi ngụ phường Bảy Hiền, sáng nay đi ngang thấy ổ gà", ["Bảy Hiền"], False),
        ("Tôi ngụ phường Bảy Hiền, trước nhà có ổ gà", ["Bảy Hiền"], True),
        ("Tôi ngụ phường 12 quận Tân Bình, bị giựt đồ ở Bà Điểm", ["Bảy Hiền", "Bà Điểm"], False),
        ("Ở Biên Hòa, phường Tân Phong khói bụi", ["Tân Hưng"], False),
        ("Từ Long An lên TP.HCM, ở phường Diên Hồng", ["Diên Hồng"], True),
        ("đặc khu Côn Đảo, đường Nguyễn Huệ", ["Côn Đảo"], True),
        ("dac khu con dao, duong nguyen hue", ["Côn Đảo"], True),
        ("bán bún bò Huế ở phường An Đông", ["An Đông"], True),
        ("phường Phú Lợi có làng sơn mài", ["Phú Lợi"], True),
        ("phường An Cựu, TP. Huế; phường Tân Phong", ["Tân Hưng"], False),
        ("P6.05 lầu 6, xã Bình Hưng, huyện Bình Chánh", ["Bình Hưng"], True),
        ("lo sieu p1 q11", ["Minh Phụng"], True),
        ("la cho quan sau phuong muoi bon", ["Phú Lâm"], True),
        ("xã đảo Long Sơn", ["Long Sơn"], True),
        ("xa dao long son", ["Long Sơn"], True),
        ("fường 12 quận 10", ["Hòa Hưng"], True),
        ("phường số 12 quận 10", ["Hòa Hưng"], True),
        ("p3gv", ["Hạnh Thông"], True),
        ("P.25 B.Thạnh", ["Thạnh Mỹ Tây"], True),
        ("P.3 TP.VT", ["Vũng Tàu"], True),
    ],
)
def test_traps(hcmc: City, text: str, expected: list[str], sure: bool) -> None:  # noqa: FBT001
    place = resolve_place(hcmc, text)
    assert (wards(hcmc, place), place.sure) == (expected, sure), place.how


def test_a_district_alone_gives_its_wards_and_asks(hcmc: City) -> None:
    place = resolve_place(hcmc, "Quận 10")
    assert set(wards(hcmc, place)) == {"Hòa Hưng", "Diên Hồng", "Vườn Lài"}
    assert not place.sure
    assert not resolve_place(hcmc, "Bình Tân").sure


def test_before_the_reform_a_name_is_the_old_ward(hcmc: City) -> None:
    assert wards(hcmc, resolve_place(hcmc, "phường An Phú")) == ["An Phú", "Bình Trưng", "An Khánh"]
    before = resolve_place(hcmc, "thị trấn Tân Bình, Bắc Tân Uyên", on_date=date(2025, 6, 30))
    assert wards(hcmc, before) == ["Vĩnh Tân"]
    assert not resolve_place(hcmc, "phường Tân Định", on_date=date(2025, 6, 30)).sure
    old = resolve_place(hcmc, "xã Bình Mỹ, huyện Củ Chi", on_date=date(2025, 6, 30))
    assert wards(hcmc, old) == ["Bình Mỹ"]


def test_streets_and_landmarks_are_shown_as_written(hcmc: City) -> None:
    place = resolve_place(hcmc, "Trước chợ Bà Hoa, hẻm 285/12 Trần Mai Ninh ngập, đường Lê Văn Sỹ cũng vậy")
    assert place.landmark == "chợ Bà Hoa"
    assert place.street == "Trần Mai Ninh"


def test_another_city_is_read_by_the_same_code(song_xanh: City) -> None:
    assert resolve_place(song_xanh, "phường Lá Me").candidates == ("1",)
    assert resolve_place(song_xanh, "P.2 Q. Bờ Đông").candidates == ("1", "2")
    assert resolve_place(song_xanh, "phường 1 quận 99").sure
    assert resolve_place(song_xanh, "xã Bãi Dưa, huyện Bờ Tây").candidates == ("3",)
    assert not resolve_place(song_xanh, "ở Cầu Gỗ").sure
    assert resolve_place(song_xanh, "phường Cầu Gỗ, Núi Đỏ").candidates == ()


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=300))
def test_any_text_has_an_answer(text: str) -> None:
    city = load_city()
    place = resolve_place(city, text)
    assert set(place.candidates) <= set(city.wards)
    assert not place.sure or len(place.candidates) >= 1


PIECES = "phường|p|.|P.|xã|quận|Q.|12|10|mười|hai|tân|bình|phú|thạnh|gò|vấp|,|/|hẻm|đường|tp|hcm|nay|là|cũ|(|)|an|tt"


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(PIECES.split("|")), max_size=25))
def test_one_text_has_one_answer_however_it_is_encoded(parts: list[str]) -> None:
    city, text = load_city(), " ".join(parts)
    place = resolve_place(city, text)
    for other in (unicodedata.normalize("NFD", text), text.upper()):
        again = resolve_place(city, other)
        assert (again.candidates, again.sure) == (place.candidates, place.sure)


def test_a_text_of_any_length_is_read_in_linear_time(hcmc: City) -> None:
    text = "phường " * 40_000 + ", phường 12 quận 10"
    began = time.perf_counter()
    assert wards(hcmc, resolve_place(hcmc, text)) == ["Hòa Hưng"]
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize(
    "piece", ["p1 q1 ", "tân bình ", "phường tân bình hưng hòa ", "phường 1 quận 3 ", "phường hai mươi "]
)
def test_a_list_of_places_is_read_quickly_and_never_sure(hcmc: City, piece: str) -> None:
    began = time.perf_counter()
    place = resolve_place(hcmc, piece * 3000)
    assert time.perf_counter() - began < 0.5
    assert not place.sure
