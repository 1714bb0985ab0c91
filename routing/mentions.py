"""Finding where a free text names wards, districts and provinces, before anybody decides what they mean.

Language facts used: "phường/xã/thị trấn/đặc khu" and "quận/huyện/thị xã/thành phố" stand before a name, people write
them P. F. X. TT. Q. H. TX. TP.; "P.12" is also a room; a name after "đường", "chợ", "cầu" is a street or a landmark.
"""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, NamedTuple, TypeVar

from routing.folding import fold, spelling, spelt
from routing.gazetteer import DistrictName, Gazetteer, Names, Reading
from routing.words import Words

#: A meaning of a name that knows how it is spelt.
_Spelt = TypeVar("_Spelt", Reading, DistrictName)
_T = TypeVar("_T")
#: A name that was found: its end, what it can mean, and whether the accents agree.
_Found = tuple[int, tuple[_T, ...], bool]

#: A text that names more places than this is a list; the rest is not read and nothing is sure.
_MANY: Final = 60


def _folded(words: str) -> frozenset[str]:
    return frozenset(fold(word) for word in words.split())


#: Marker words by their folded form: the type of unit, and the spellings that are this word and not another one.
_WARD: Final = {
    fold(word): fold(kind)
    for kind, words in (
        ("phường", "phường fường p f"),
        ("xã", "xã x"),
        ("phường", "ward"),
        ("xã", "commune"),
        ("thị trấn", "tt"),
        ("đặc khu", "đk"),
    )
    for word in words.split()
}
_DISTRICT: Final = {
    fold(word): fold(kind)
    for kind, words in (("quận", "quận q district dist"), ("huyện", "huyện h"), ("thị xã", "tx"), ("thành phố", "tp"))
    for word in words.split()
}
#: Markers of two words: (is a ward's, type).
_TWO_WORDS: Final = {
    ("thi", "tran"): (True, "thi tran"),
    ("dac", "khu"): (True, "dac khu"),
    ("xa", "dao"): (True, "xa"),
    ("thi", "xa"): (False, "thi xa"),
    ("thanh", "pho"): (False, "thanh pho"),
}
#: Every word that can begin a marker.
_MARKERS: Final = frozenset((*_WARD, *_DISTRICT, *(first for first, _ in _TWO_WORDS)))
_SPELT: Final = {
    fold(word): frozenset(spelling(form) for form in forms.split())
    for word, forms in (("phường", "phường phuờng phưòng phừơng phuong"), ("xã", "xã xa"), ("quận", "quận quân quan"),
                        ("huyện", "huyện huyên huyen"))
}  # fmt: skip
_SHORT: Final = frozenset(("p", "f", "x", "q", "h", "tt", "tp", "tx", "dk", "dist"))


def _spelt_words(words: str) -> frozenset[str]:
    """Return the words as spelt with accents, and without: `Words.is_one_of` tells which counts."""
    return frozenset(spelling(word) for word in words.split()) | {f"~{fold(word)}" for word in words.split()}


#: After these words a name is a street, a building or a body of water.
_NOT_A_WARD: Final = _spelt_words(
    "đường cầu chợ kênh rạch viện trường thcs thpt học cư bay ga hầm xoay lộ đạo cổng cảng kcn kcx kdc nghiệp "
    "xuất lâu phố quán chùa thờ đình miếu đền sạn plaza tower hotel villa hẻm ngõ hiệu hãng ty siêu thị tuyến bến mall "
    "hồ suối sông xe đ trang án phí máy lịch điện hóa hoá trại góc tháp rạp bãi"
)
#: Before a ward that is only next to the place meant.
_NEAR: Final = _spelt_words("giáp gần sát cạnh kế ranh")
#: Before the ward a writer lives in, which need not be the ward that the report is about.
_HOME: Final = _spelt_words("ngụ trú sống khẩu")
#: Between "phường" and its number: "phường số 12".
_ORDINAL: Final = frozenset((fold("số"), fold("thứ")))
_CROSSING: Final = _spelt_words("ngã")
#: Between two wards, these take back the first: "phường 14, à nhầm, phường 12".
_TAKEN_BACK: Final = _spelt_words("nhầm lộn lỗi quên")
#: Two words before a ward that its writer is not certain of.
_GUESSED: Final = frozenset(
    tuple(fold(words).split())
    for words in ("hình như", "có lẽ", "không rõ", "không nhớ", "không chắc", "hay là", "chắc là", "nghe nói")
)
#: Said by who was on the way when it happened.
_PASSING: Final = frozenset(tuple(fold(words).split()) for words in ("đi ngang", "đi qua", "chạy ngang", "chạy qua"))
#: Before the name of a city of one syllable, which is also half of many other names ("Huế", but "bún bò Huế").
_GOES_TO: Final = _spelt_words("tỉnh phố tp ở tại ra vào về từ quê đi")
#: Before or after "P.12", these words make it a room.
_BUILDING: Final = _spelt_words("lô block tầng lầu căn phòng tòa toà nhà")
_AFTER_ROOM: Final = _spelt_words("lô block lầu tầng chung khách ký nhà tòa")
#: After "quận" or "huyện" these words say that no name follows.
_NO_NAME: Final = _folded("mình này nào khác tôi tui cũ mới em ta nhà không có thì là và với lộ đội ủy uỷ của trên ở")
_AT: Final = _folded("ở tại khu vực bàn bên dưới trên quanh thuộc về phía")


def _number_words() -> dict[str, int]:
    """Return 1 to 39 as they are spoken; "hai tám" is 28."""
    ones = ["", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín"]
    units = {one: n for n, one in enumerate(ones) if one}
    words = units | {"mười": 10, "mười lăm": 15, "mười tư": 14} | {f"mười {one}": 10 + n for one, n in units.items()}
    last = units | {"mốt": 1, "tư": 4, "lăm": 5, "nhăm": 5}
    for ten in (2, 3):
        words[f"{ones[ten]} mươi"] = 10 * ten
        words |= {f"{ones[ten]} mươi {one}": 10 * ten + n for one, n in last.items()}
        words |= {f"{ones[ten]} {one}": 10 * ten + n for one, n in last.items() if ten == 2 or one not in units}
    return words


#: Number words by their folded form: the number, and how it is spelt ("tâm" is not "tám", "quan tâm" no district).
_NUMBERS: Final = {fold(word): (number, spelt(word)) for word, number in _number_words().items()}


class WardMention(NamedTuple):
    """A place in the text that names a ward: words `first` to `end` (not counted) and what the name can mean.

    `marked`: "phường" or the like stands before it. `doubtful`: its accents or its type are not its own. `at`: a bare
    name after "ở", "tại" or the like. `addressed`: between a comma and the name of the city. `home`: where the writer
    lives ("tôi ngụ phường X"). `near`: only a neighbour ("giáp phường X"). `guessed`: "hình như phường X". `era` is
    "new" after "nay là", "old" beside "cũ" or after "trước là".
    """

    first: int
    end: int
    key: str
    readings: tuple[Reading, ...]
    marked: bool
    at: bool = False
    era: str = ""
    doubtful: bool = False
    addressed: bool = False
    home: bool = False
    near: bool = False
    guessed: bool = False


class DistrictMention(NamedTuple):
    """A place in the text that names one district (or several of one name); `readings` when it is a ward's name too."""

    first: int
    end: int
    districts: frozenset[str]
    marked: bool
    readings: tuple[Reading, ...] = ()


@dataclass(slots=True)
class Mentions:
    """What a text names; `crowded`: more places than a report of one can have."""

    wards: list[WardMention] = field(default_factory=list)
    districts: list[DistrictMention] = field(default_factory=list)
    provinces: set[str] = field(default_factory=set)
    elsewhere: list[int] = field(default_factory=list)
    unknown_districts: list[int] = field(default_factory=list)
    crowded: bool = False


def find_mentions(gazetteer: Gazetteer, words: Words) -> Mentions:
    """Return everything the text names, in order, none overlapping another."""
    found = Mentions()
    i, taken = 0, 0
    count, all_words = words.count, words.words
    while i < count:
        if len(found.wards) + len(found.districts) >= _MANY:
            found.crowded = True
            break
        word = all_words[i]
        end = 0
        if word in _MARKERS:
            end = _marked(gazetteer, words, i, found)
        elif word == "tinh" and i + 1 < count and words.as_spelt(i) in {"tỉnh", "tinh"}:
            end = _province(gazetteer, words, i, found)
            if not end:
                end = _outside(gazetteer, words, i + 1)
                found.elsewhere += [i] if end else []
        if not end and word in gazetteer.firsts and not word.isdigit():
            end = _bare(gazetteer, words, i, taken, found)
        if end:
            i = taken = end
        else:
            i += 1
    _reread(found)
    _compare(words, found)
    return found


def is_passing(words: Words) -> bool:
    """Tell whether the writer was on the way when it happened, which need not be where they live."""
    return any(pair in _PASSING for pair in pairwise(words.words))


def _reread(found: Mentions) -> None:
    """Read the first of two bare names as a ward where it is one of the second: "Tân Bình, Dĩ An"."""
    for name, following in pairwise(list(found.districts)):
        beside = 0 <= following.first - name.end <= 1
        if beside and any(reading.districts & following.districts for reading in name.readings):
            found.districts.remove(name)
            found.wards.append(WardMention(name.first, name.end, "", name.readings, marked=False))
    found.wards.sort(key=lambda mention: mention.first)


def _compare(words: Words, found: Mentions) -> None:
    """Drop wards that were taken back, and see that a border between two wards is near both."""
    kept: list[WardMention] = []
    for named in found.wards:
        mention, before = named, kept[-1] if kept else None
        between = _unnamed(found, before.end, mention.first) if before is not None else []
        if before is not None and _takes_back(words, between):
            kept.pop()
        elif before is not None and before.near and {words.words[k] for k in between} <= {"voi", "va"}:
            mention = mention._replace(near=True)
        kept.append(mention)
    found.wards = kept


def _unnamed(found: Mentions, first: int, last: int) -> list[int]:
    """Return the words from `first` to `last` (not counted) that belong to no district's name."""
    named = {k for district in found.districts for k in range(district.first, district.end)}
    return [k for k in range(first, min(last, first + 10)) if k not in named]


def _takes_back(words: Words, between: list[int]) -> bool:
    said = [words.words[k] for k in between]
    if not 1 <= len(said) <= 5 or "bi" in said or "voi" in said:
        return False
    return said[:2] == ["a", "khong"] or any(words.is_one_of(k, _TAKEN_BACK) for k in between)


def _marked(gazetteer: Gazetteer, words: Words, i: int, found: Mentions) -> int:
    """Read a marker at word `i` with its name; return the end of the mention, 0 when there is none."""
    marker = _marker(words, i)
    if marker is None:
        return 0
    is_ward, kind, j = marker
    if j >= words.count or not _close(words, j, short=j == i + 1 and words.words[i] in _SHORT):
        return 0
    if not is_ward:
        province = _province(gazetteer, words, i, found) if kind == "thanh pho" else 0
        return province or _district_at(gazetteer, words, (i, j, kind), found)
    if words.words[j] in _ORDINAL and j + 1 < words.count and _number(gazetteer, words, j + 1) is not None:
        j += 1
    return _ward_at(gazetteer, words, (i, j, kind), found)


def _marker(words: Words, i: int) -> tuple[bool, str, int] | None:
    """Return (is a ward, type, where the name starts) when a marker stands at word `i`."""
    word = words.words[i]
    if i + 1 < words.count:
        two = _TWO_WORDS.get((word, words.words[i + 1]))
        if two is not None and words.joined(i + 1):
            return two[0], two[1], i + 2
    kind = _WARD.get(word) or _DISTRICT.get(word)
    if kind is None:
        return None
    forms = _SPELT.get(word)
    if forms is not None and not _is_marker(words, i, forms):
        return None
    if len(word) <= 2 and i and not words.gaps[i] and words.words[i - 1].isdigit():
        # "15p" is minutes and "22h" is an hour, but "P14Q10" is a ward and a district.
        before = i >= 2 and not words.gaps[i - 1] and words.words[i - 2] in _WARD and word in {"q", "h", "tp", "tx"}
        if not before:
            return None
    return word in _WARD, kind, i + 1


def _is_marker(words: Words, i: int, forms: frozenset[str]) -> bool:
    """Tell whether a word is the marker and not another one: "xả", and "quan" before an accented word, are not."""
    form = spelling(words.as_spelt(i))
    if form.isascii() and i + 1 < words.count:
        return words.as_spelt(i + 1).isascii()
    return form in forms


def _close(words: Words, j: int, *, short: bool) -> bool:
    """Tell whether a name may follow its marker over this gap: "P. 12" and "phường.12", but not "phường. Tân"."""
    gap = words.gaps[j]
    return gap == "." or gap.strip() in {"", "-", ":", ".:"} or (short and gap.strip() == ".")


def _number(gazetteer: Gazetteer, words: Words, j: int) -> tuple[str, int] | None:
    """Return the number at word `j`, in digits or words, as its key and its end."""
    word = words.words[j]
    if word.isdigit():
        if len(word) > 2 or _goes_on(gazetteer, words, j + 1):
            return None
        return str(int(word)), j + 1
    for length in (3, 2, 1):
        if j + length <= words.count and all(words.joined(k) for k in range(j + 1, j + length)):
            number = _NUMBERS.get(" ".join(words.words[j : j + length]))
            if number is not None and _agrees(words.spelt(j, j + length), number[1]):
                return str(number[0]), j + length
    return None


def _agrees(written: str, right: str) -> bool:
    return written == right or written.isascii()


def _goes_on(gazetteer: Gazetteer, words: Words, i: int) -> bool:
    """Tell whether a number goes on with "/4" or a letter of a house number: "12/4", "12A", but not "P12gv"."""
    if i >= words.count:
        return False
    gap, word = words.gaps[i], words.words[i]
    if gap == "." and word.isdigit():  # "P6.05" is a room
        return True
    if "/" in gap and not gap.strip(" ").strip("/") and word.isdigit():
        return gap == "/"
    if gap or word.isdigit() or word in _DISTRICT or word in _WARD:
        return False
    return word not in gazetteer.districts


def _last(words: Words, names: Names[_T], j: int) -> int:
    """Return where the longest of these names could end that begins at word `j`; `j` itself when none begins so."""
    longest = names.longest.get(words.words[j])
    if longest is None:
        return j
    last, limit = j + 1, min(j + longest, words.count)
    while last < limit and (words.joined(last) or (words.gaps[last] == "." and len(words.words[last - 1]) == 1)):
        last += 1
    return last


def _name(words: Words, names: Names[tuple[_Spelt, ...]], j: int) -> _Found[_Spelt] | None:
    """Return the longest name at word `j`: its end, what it can mean, and whether the accents agree.

    Accents that agree beat length: "Bình Hưng Hòa ạ" is not "Bình Hưng Hòa A". A name typed without accents agrees.
    """
    loose: _Found[_Spelt] | None = None
    for end in range(_last(words, names, j), j, -1):
        meanings = names.get(" ".join(words.words[j:end]))
        if meanings is None:
            continue
        spelt = words.spelt(j, end)
        agreeing = tuple(meaning for meaning in meanings if meaning.spelt == spelt)
        if spelt.isascii():
            return end, (agreeing if words.accented else ()) or meanings, True
        if agreeing:
            return end, agreeing, True
        loose = loose or (end, meanings, False)
    return loose


def _district_at(gazetteer: Gazetteer, words: Words, marker: tuple[int, int, str], found: Mentions) -> int:
    i, j, kind = marker
    number = _number(gazetteer, words, j)
    name = _name(words, gazetteer.districts, j) if not words.words[j].isdigit() else None
    if number is not None and (name is None or name[0] < number[1]):
        meanings, end = gazetteer.districts.get(number[0]), number[1]
    else:
        meanings, end = (name[1], name[0]) if name is not None else (None, 0)
    if meanings is None:
        outside = _outside(gazetteer, words, j)
        if outside:
            found.elsewhere.append(i)
        elif kind != "thanh pho" and words.words[j] not in _NO_NAME:
            found.unknown_districts.append(i)
        return outside
    found.districts.append(DistrictMention(i, end, frozenset(m.district for m in meanings), marked=True))
    return end


def _ward_at(gazetteer: Gazetteer, words: Words, marker: tuple[int, int, str], found: Mentions) -> int:
    i, j, kind = marker
    name = _name(words, gazetteer.wards, j) if not words.words[j].isdigit() else None
    number = _number(gazetteer, words, j)
    if name is not None and (number is None or name[2] or name[0] > number[1]):
        end, meanings, agrees = name
        readings = _of_type(meanings, kind)
        if not readings and words.words[i] in {"tt", "x", "dk"}:
            return 0
        if _is_denied(words, i):
            return end
        mention = _mention(words, i, end, " ".join(words.words[j:end]), readings or meanings)
        found.wards.append(mention if agrees and readings else mention._replace(doubtful=True))
        return end
    if number is None or number[0] not in gazetteer.wards:
        return 0
    key, end = number
    if _is_denied(words, i) or (words.words[i] in {"p", "f"} and _is_room(words, i, end)):
        return end
    for first, last, listed in [(i, end, key), *_listed(gazetteer, words, end)]:
        readings = _of_type(gazetteer.wards[listed], kind) or gazetteer.wards[listed]
        found.wards.append(_mention(words, first, last, listed, readings))
        end = last
    return end


def _mention(words: Words, first: int, end: int, key: str, readings: tuple[Reading, ...]) -> WardMention:
    """Describe a ward that is marked as one, with what the words around it say."""
    return WardMention(
        first,
        end,
        key,
        readings,
        marked=True,
        era=_era(words, first, end),
        home=_is_home(words, first),
        near=_is_near(words, first),
        guessed=_is_guessed(words, first),
    )


def _listed(gazetteer: Gazetteer, words: Words, end: int) -> list[tuple[int, int, str]]:
    """Return the numbers that go on a list of wards, as first word, end and key: "phường 3 và 4", "P.1, 2, 3 Q.11".

    A number after a comma is one of them only where the list ends at a district: else it may be a house or an hour.
    """
    found: list[tuple[int, int, str]] = []
    spoken = False
    while end < words.count:
        spoken = words.words[end] == "va" and words.joined(end)
        at = end + 1 if spoken else end
        separated = spoken or words.gaps[end].strip() in {",", "-", "+", "&"}
        number = _number(gazetteer, words, at) if separated and at < words.count and words.words[at].isdigit() else None
        if number is None or number[0] not in gazetteer.wards:
            break
        found.append((at, number[1], number[0]))
        end = number[1]
        if spoken:
            return found
    return found if end < words.count and words.words[end] in _DISTRICT else []


def _of_type(readings: tuple[Reading, ...], kind: str) -> tuple[Reading, ...]:
    return tuple(reading for reading in readings if reading.type == kind)


def _is_room(words: Words, i: int, end: int) -> bool:
    """Tell whether "P.12" is a room: a building's parts stand around it, and no district follows."""
    if end < words.count and words.words[end] in _DISTRICT and _marker(words, end) is not None:
        return False
    if any(words.is_one_of(k, _BUILDING) for k in range(max(0, i - 3), i)):
        return True
    return end < words.count and words.is_one_of(end, _AFTER_ROOM)


def _is_denied(words: Words, i: int) -> bool:
    """Tell whether a ward is named to say that it is not the one: "không phải phường X", "chứ không phường X"."""
    before = words.words[max(0, i - 2) : i]
    return before in (["khong", "phai"], ["ko", "phai"], ["khong", "thuoc"], ["ko", "thuoc"], ["chu", "khong"])


def _is_near(words: Words, i: int) -> bool:
    """Tell whether a ward is named only as a neighbour: "giáp phường X", "giáp ranh với phường X"."""
    last = i - 2 if i >= 2 and words.words[i - 1] == "voi" else i - 1
    return last >= 0 and words.joined(i) and words.is_one_of(last, _NEAR)


def _is_guessed(words: Words, i: int) -> bool:
    """Tell whether the writer is not certain of the ward: "hình như phường 12"."""
    return any(pair in _GUESSED for pair in pairwise(words.words[max(0, i - 3) : i]))


def _is_home(words: Words, i: int) -> bool:
    return any(words.is_one_of(k, _HOME) for k in range(max(0, i - 5), i))


def _era(words: Words, first: int, end: int) -> str:
    before = words.words[max(0, first - 3) : first]
    if before[-2:] in (["nai", "la"], ["gio", "la"], ["moi", "la"], ["doi", "thanh"]) or before[-1:] == ["nai"]:
        return "new"
    if before[-2:] in (["truoc", "la"], ["cu", "la"], ["dai", "la"]) or before == ["truoc", "kia", "la"]:
        return "old"
    return _era_after(words, end)


def _era_after(words: Words, end: int) -> str:
    if end >= words.count:
        return ""
    word, following = words.words[end], words.words[end + 1] if end + 1 < words.count else ""
    if word == "cu" and words.as_spelt(end) in {"cũ", "cu"} and following != "xa":
        return "old"
    return "new" if word == "moi" and words.as_spelt(end) == "mới" and "(" in words.gaps[end] else ""


def _province(gazetteer: Gazetteer, words: Words, i: int, found: Mentions) -> int:
    """Read a province's name at word `i`; return its end, 0 when there is none."""
    end = _province_end(gazetteer, words, i)
    if end:
        found.provinces.add(gazetteer.provinces[" ".join(words.words[i:end])])
    return end


def _province_end(gazetteer: Gazetteer, words: Words, i: int) -> int:
    if i >= words.count:
        return 0
    last = _last(words, gazetteer.provinces, i)
    if last == i + 1 and last < words.count and words.gaps[last].strip() in {".", ". "}:
        last = min(i + 4, words.count)  # "TP.HCM", "TP. Hồ Chí Minh"
    for end in range(last, i, -1):
        if " ".join(words.words[i:end]) in gazetteer.provinces:
            return end
    return 0


def _bare(gazetteer: Gazetteer, words: Words, i: int, taken: int, found: Mentions) -> int:
    """Read a name without a marker at word `i`; `taken` is where the mention before ended."""
    ward, district = _name(words, gazetteer.wards, i), _name(words, gazetteer.districts, i)
    province, outside = _province_end(gazetteer, words, i), _outside(gazetteer, words, i)
    if not (ward or district or province or outside):
        return 0
    street = _after_street(words, i, taken) and not (ward and _before_its_district(gazetteer, words, i, ward))
    longest = max(ward[0] if ward else 0, district[0] if district else 0)
    if province and not street:
        found.provinces.add(gazetteer.provinces[" ".join(words.words[i:province])])
        if province >= longest:
            return province
    if outside > longest:
        found.elsewhere += [] if street else [i]
        return outside
    if street:
        return longest
    return _bare_district(words, i, taken, (ward, district), found) or _bare_ward(
        gazetteer, words, i, taken, ward, found
    )


def _bare_district(
    words: Words,
    i: int,
    taken: int,
    names: tuple[_Found[Reading] | None, _Found[DistrictName] | None],
    found: Mentions,
) -> int:
    """Take a name as a district's unless a ward's is longer; an abbreviation ("GV") counts only after a ward."""
    ward, district = names
    if district is None or not district[2] or (ward is not None and ward[0] > district[0]):
        return 0
    if i != taken and district[0] == i + 1 and len(words.words[i]) <= 3:
        return 0
    readings = ward[1] if ward is not None and ward[0] == district[0] else ()
    named = frozenset(meaning.district for meaning in district[1])
    found.districts.append(DistrictMention(i, district[0], named, marked=False, readings=readings))
    return district[0]


def _bare_ward(
    gazetteer: Gazetteer, words: Words, i: int, taken: int, ward: _Found[Reading] | None, found: Mentions
) -> int:
    """Take a name as a ward's; English puts "Ward" behind it, and a list one "phường" before all: "X và Y"."""
    if ward is None or not ward[2] or ward[0] - i < 2 or _ends_in_a_marker(gazetteer, words, i, ward[0]):
        return 0
    end, readings, _ = ward
    english = end < words.count and words.words[end] in {"ward", "commune"} and words.joined(end)
    listed = i == taken + 1 and words.words[taken] == "va" and bool(found.wards) and found.wards[-1].end == taken
    found.wards.append(
        WardMention(
            i,
            end,
            " ".join(words.words[i:end]),
            readings,
            marked=english or (listed and found.wards[-1].marked),
            at=i > 0 and words.words[i - 1] in _AT and words.joined(i),
            era=_era(words, i, end),
            # "123 Lê Văn Sỹ, Nhiêu Lộc, Hồ Chí Minh": between the street and the city stands the ward.
            addressed="," in words.gaps[i] and _province_end(gazetteer, words, end) > 0,
        )
    )
    return end + english


def _ends_in_a_marker(gazetteer: Gazetteer, words: Words, i: int, end: int) -> bool:
    """Tell whether the last word of a name typed without accents begins a district's: "cho quan sau" (chỗ quận sáu)."""
    if end >= words.count or words.words[end - 1] not in _DISTRICT or not words.spelt(i, end).isascii():
        return False
    return _number(gazetteer, words, end) is not None


def _outside(gazetteer: Gazetteer, words: Words, i: int) -> int:
    """Return the end of the name of a place outside the city at word `i`, 0 when there is none."""
    for end in range(min(i + gazetteer.elsewhere.longest.get(words.words[i], 0), words.count), i, -1):
        right = gazetteer.elsewhere.get(" ".join(words.words[i:end]))
        if right is not None and _agrees(words.spelt(i, end), right):
            return end if end > i + 1 or _stands_alone(words, i) else 0
    return 0


def _stands_alone(words: Words, i: int) -> bool:
    """Tell whether a word of a name is no part of a longer one."""
    return i == 0 or not words.joined(i) or words.is_one_of(i - 1, _GOES_TO)


def _before_its_district(gazetteer: Gazetteer, words: Words, i: int, ward: _Found[Reading]) -> bool:
    """Tell whether a name after a number is a ward after all: "đường số 23 Hiệp Bình Chánh Thủ Đức"."""
    end = ward[0]
    if not words.words[i - 1].isdigit() or end >= words.count or words.words[end].isdigit():
        return False
    district = _name(words, gazetteer.districts, end)
    names = {meaning.district for meaning in district[1]} if district else set()
    return any(reading.districts & names for reading in ward[1])


def _after_street(words: Words, i: int, taken: int) -> bool:
    """Tell whether the name at word `i` is a street's or a landmark's: "đường Tân Sơn Nhì", "12 Bình Thới"."""
    if i == 0 or i <= taken or not words.joined(i):
        return False
    crossing = i >= 2 and words.words[i - 2] == "nga" and words.is_one_of(i - 2, _CROSSING)
    return crossing or words.words[i - 1].isdigit() or words.is_one_of(i - 1, _NOT_A_WARD)
