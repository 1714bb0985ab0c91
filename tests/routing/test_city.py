"""A city is a folder: what it holds is checked whole, and nothing of any city is in code."""

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from models.vocabulary import DepartmentKind
from routing.city import City, CityDataError, load_city, read_city

SONG_XANH = Path(__file__).parent / "data" / "songxanh"
Broken = Callable[[str, str, str], str]


@pytest.fixture
def broken(tmp_path: Path) -> Broken:
    """Replace one thing in a copy of the invented city and return what the loader says."""

    def breaking(file: str, old: str, new: str) -> str:
        folder = tmp_path / "city"
        shutil.copytree(SONG_XANH, folder)
        text = (folder / file).read_text("utf-8")
        assert old in text
        (folder / file).write_text(text.replace(old, new, 1), "utf-8")
        with pytest.raises(CityDataError) as refused:
            read_city(folder)
        return str(refused.value)

    return breaking


def test_hcmc_is_whole(hcmc: City) -> None:
    assert len(hcmc.wards) == 168
    assert sorted({ward.type for ward in hcmc.wards.values()}) == ["Phường", "Xã", "Đặc khu"]
    assert len(hcmc.legacy) == 442
    assert sum(len(old.new) > 1 for old in hcmc.legacy) == 47
    assert all(sum(default for _, default in old.new) == 1 for old in hcmc.legacy)
    assert hcmc.coordinator in hcmc.departments
    assert re.fullmatch(r"[0-9a-f]{16}", hcmc.version)


def test_every_ward_has_its_own_units(hcmc: City) -> None:
    for code in hcmc.wards:
        kinds = [hcmc.departments[f"{prefix}-{code}"].kind for prefix in ("ubnd", "ca", "tthcc")]
        assert kinds == [DepartmentKind.WARD, DepartmentKind.WARD_POLICE, DepartmentKind.WARD_SERVICE_CENTRE]
    assert hcmc.departments["ubnd-27163"].vi == "UBND phường Hòa Hưng"
    assert hcmc.departments["ca-27163"].vi == "Công an phường Hòa Hưng"
    assert hcmc.departments["tthcc-27163"].vi == "Trung tâm Phục vụ hành chính công phường Hòa Hưng"
    assert hcmc.departments["ubnd-26732"].vi == "UBND đặc khu Côn Đảo"
    assert hcmc.departments["ubnd-27163"].en == "People's Committee of Hòa Hưng Ward"
    assert hcmc.departments["ubnd-27163"].ward == "27163"


def test_the_notice_of_the_ward_map_is_kept() -> None:
    page = (Path(load_city.__code__.co_filename).parent / "data" / "hcmc" / "wards.json").read_text("utf-8")
    assert "Copyright (c) 2025 Tran Ngoc Minh Hieu" in page
    assert "The above copyright notice and this permission notice shall be included" in page


def test_a_second_city_is_only_a_folder(song_xanh: City) -> None:
    assert song_xanh.name == "Thành phố Sông Xanh"
    assert song_xanh.departments["to-cay"].valid_on(date(2031, 12, 31))
    assert not song_xanh.departments["to-cay"].valid_on(date(2032, 1, 1))
    assert song_xanh.departments["uy-3"].vi == "Ủy ban xã Bãi Ngô"
    assert song_xanh.coordinator == "nguoi-truc"


def test_a_city_is_read_once_per_folder(song_xanh: City, hcmc: City) -> None:
    assert load_city(SONG_XANH) is song_xanh
    assert load_city() is hcmc
    assert read_city(SONG_XANH) is not song_xanh
    assert read_city(SONG_XANH).version == song_xanh.version


def test_nothing_of_hcmc_is_in_code() -> None:
    """No text that the program uses (docstrings aside), and no page, names a place or a unit of any city."""
    names = re.compile(
        "hồ chí minh|ho_chi_minh|hcm[^c]|sài gòn|thủ đức|bình dương|ubnd|tthcc|dieu_phoi_vien|so_xay_dung",
        re.IGNORECASE,
    )
    root = Path(load_city.__code__.co_filename).parents[1]
    sources = [
        p for name in ("app", "classifier", "models", "routing", "migrations") for p in (root / name).rglob("*.py")
    ]
    assert len(sources) > 90
    for path in sources:
        tree = ast.parse(path.read_text("utf-8"))
        prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        texts = [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and id(n) not in prose]
        assert [text for text in texts if isinstance(text, str) and names.search(text)] == [], path.name
    for page in (*(root / "app" / "templates").rglob("*.html"), root / "app" / "translations" / "en.po"):
        assert not names.search(page.read_text("utf-8")), page.name


def test_importing_is_light() -> None:
    script = (
        "import sys, routing; heavy = {'numpy', 'sklearn', 'flask', 'sqlalchemy', 'redis', 'rq', 'underthesea', 'app',"
        " 'classifier', 'models.tables'} & set(sys.modules); assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("rules.yaml", "lead: doi-den", "lead: doi-dem", "rules.yaml:6: department 'doi-dem' does not exist"),
        (
            "rules.yaml",
            "topics: street-lighting, when",
            "topics: lamps, when",
            "rules.yaml:5: topic 'lamps' does not exist",
        ),
        ("rules.yaml", "{owner: ward}", "{owner: warden}", "rules.yaml:5: owner is never 'warden'"),
        ("rules.yaml", "{owner: ward}", "{ownr: ward}", "rules.yaml:5: condition 'ownr' does not exist"),
        ("rules.yaml", "when: {owner: ward}, ", "", "rules.yaml:6: rule 'lamp' can never apply: it is a duplicate"),
        ("rules.yaml", "id: lamp", "id: alley-lamp", "rules.yaml:6: rule 'alley-lamp' is there twice"),
        ("rules.yaml", "topics: all, lead: toa", "topics: trees, lead: toa", "topic 'noise' has no final rule"),
        ("rules.yaml", "topics: all, lead: toa", "topics: all, from: 2030-01-01, lead: toa", "has no final rule"),
        ("rules.yaml", "lead: uy@ward", "lead: ca@ward", "rules.yaml:5: 'ca@ward' is not a unit that every ward has"),
        ("rules.yaml", "with: uy@ward", "with: doi-dem", "rules.yaml:6: department 'doi-dem' does not exist"),
        ("rules.yaml", "with: uy@ward", "with: doi-den", "rules.yaml:6: a unit is named twice in `lead` and `with`"),
        ("rules.yaml", "with: uy@ward", "with: [uy@ward, uy@ward]", "rules.yaml:6: a unit is named twice"),
        ("rules.yaml", "topics: street-lighting, lead", "topics: [], lead", "rules.yaml:6: a rule needs topics"),
        (
            "rules.yaml",
            "topics: street-lighting, lead",
            "topics: [street-lighting, street-lighting], lead",
            "rules.yaml:6: a topic is named twice",
        ),
        (
            "rules.yaml",
            "topics: street-lighting, lead",
            "topics: street-lighting, from: 2031-01-01, until: 2031-01-01, lead",
            "rules.yaml:6: the rule ends before it begins",
        ),
        ("rules.yaml", "{owner: ward}", '{ward: "99"}', "rules.yaml:5: ward is never '99'"),
        ("rules.yaml", "set: owner", "set: ward", "rules.yaml:2: 'ward' is not set by cues"),
        ("rules.yaml", "words: [hẻm], ", "", "rules.yaml:2: a cue needs words"),
        ("rules.yaml", "lead: doi-den", "leed: doi-den", "rules.yaml:6: unknown key 'leed'"),
        ("rules.yaml", 'because: "Đèn hẻm của phường", ', "", "rules.yaml:5: 'because' must be a text"),
        ("rules.yaml", "[to-cao, khieu-nai]", "[to-cao, mach-leo]", "submission_type is never 'mach-leo'"),
        (
            "departments.yaml",
            "coordinator: nguoi-truc",
            "coordinator: ai-do",
            "coordinator 'ai-do' is not a department",
        ),
        ("departments.yaml", "kind: centre", "kind: center", "departments.yaml:8: kind 'center' is none of"),
        ("departments.yaml", "id: doi-den", "id: toa-thi-chinh", "department 'toa-thi-chinh' is there twice"),
        ("departments.yaml", "parent: toa-thi-chinh, valid", "parent: doi-den, valid", "'doi-den' is its own parent"),
        (
            "departments.yaml",
            "parent: toa-thi-chinh, valid",
            "parent: x, valid",
            "parent 'x' of 'doi-den' is not a dep",
        ),
        ("departments.yaml", "vi: \"Đội đèn\", ", "", "departments.yaml:8: 'vi' must be a text"),
        (
            "departments.yaml",
            "valid_from: 2031-01-01",
            "valid_from: soon",
            "departments.yaml:8: 'valid_from' must be a date",
        ),
        ("departments.yaml", "valid_from:", "valid_form:", "departments.yaml:8: unknown key 'valid_form'"),
        ("departments.yaml", "2031-01-01", "2031-01-01, phone: \"12\"", "'phone' must be a phone number"),
        ("departments.yaml", "2031-01-01", "2031-01-01, email: x", "'email' must be an e-mail"),
        ("departments.yaml", "2031-01-01", "2031-01-01, hours: sáng", "departments.yaml:8: 'hours' must look like"),
        ("departments.yaml", "2031-01-01", "2031-01-01, ward: \"9\"", "ward '9' of 'doi-den' does not"),
        ("departments.yaml", "2031-01-01", "2031-01-01, successor: x", "'doi-den' has a successor but no valid_to"),
        (
            "departments.yaml",
            "valid_from: 2031-01-01",
            "valid_to: 2031-01-01, successor: doi-den",
            "departments.yaml:8: successor 'doi-den' of 'doi-den' does not exist on 2031-01-01",
        ),
        ("departments.yaml", "id: doi-den", "id: uy-1", "departments.yaml:8: department 'uy-1' is a ward's own"),
        ("departments.yaml", "id: doi-den", "id: Đội", "departments.yaml:8: id 'Đội' must be at most 64 small letters"),
        ("sla.yaml", "street-lighting: {", "street-lamps: {", "sla.yaml:4: topic 'street-lamps' does not exist"),
        ("sla.yaml", "resolve: 12 h", "resolve: 12 hours", "sla.yaml:4: resolve must look like"),
        ("sla.yaml", "urgent: 2 h", "urgent: 2 wd", "sla.yaml:4: urgent must be in hours"),
        (
            "sla.yaml",
            "no_resolve: [to-cao]",
            "coordinating_percent: 100\nno_resolve: [to-cao]",
            "coordinating_percent must be between 1 and 99",
        ),
        ("sla.yaml", "urgent: 3 h", "urgent: 3 wd", "sla.yaml:1: urgent must be in hours"),
        ("sla.yaml", "{ack_min: 10", "{acknowledge: 10", "sla.yaml:1: "),
        ("sla.yaml", "[to-cao]", "[to-cao, x]", "submission type 'x' does not exist"),
        ("calendar.yaml", "timezone: UTC", "timezone: Mars/Olympus", "time zone 'Mars/Olympus' is not known"),
        ("calendar.yaml", '"14:00"', '"11:00"', "hours must be given, in order"),
        ("calendar.yaml", "2030-05-12", "2030-05-06", "2030-05-06 is there twice"),
        ("calendar.yaml", "[mon,", "[moon,", "weekdays must be some of"),
        ("wards.json", '[["1", true]]', '[["9", true]]', "wards.json:10: old ward Phường 1 leads to unknown wards: 9"),
        ("wards.json", '"lat": 0.1, ', "", "wards.json:6: ward needs code, name"),
        ("wards.json", '"area_km2": 9.0', '"area_km2": 0', "wards.json:7: ward needs code, name"),
        ("wards.json", '"code": "2"', '"code": "1"', "ward 1 is there twice"),
        ("wards.json", '"wards": [', '"wards": [[', "wards.json:"),
        ("city.yaml", "name: Quận Bờ Đông", "name: Quận Bờ Đá", "city.yaml:7: district 'Quận Bờ Đá' is in no old ward"),
        ("city.yaml", "never_bare: [Cầu Gỗ]", "never_bare: [Cầu Gỗ", "city.yaml:"),
        ("city.yaml", "never_bare:", "name: x\nnever_bare:", "is written twice"),
    ],
)  # fmt: skip
def test_a_mistake_is_refused_with_its_line(broken: Broken, file: str, old: str, new: str, expected: str) -> None:
    assert expected in broken(file, old, new)


def test_every_problem_is_reported_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "city"
    shutil.copytree(SONG_XANH, folder)
    (folder / "sla.yaml").unlink()
    rules = (folder / "rules.yaml").read_text("utf-8")
    (folder / "rules.yaml").write_text(rules.replace("lead: doi-den", "lead: x").replace("hẻm]", ""), "utf-8")
    with pytest.raises(CityDataError) as refused:
        read_city(folder)
    assert {"sla.yaml", "rules.yaml"} <= {line.split(":")[0] for line in str(refused.value).splitlines()}


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CityDataError, match=r"city\.yaml: cannot be read"):
        read_city(tmp_path)


def test_a_rule_shadowed_by_several_is_refused(broken: Broken) -> None:
    """No single earlier rule covers the last one, but together they do: only the walk over combinations sees it."""
    dead = "- {id: dead, topics: street-lighting, when: {urgency: urgent}, lead: doi-den, because: x, because_en: x}"
    added = f"{dead}\n- {{id: rest,"
    assert "rule 'dead' can never apply: earlier rules take everything" in broken("rules.yaml", "- {id: rest,", added)


def test_a_topic_that_earlier_rules_take_whole_is_refused_in_a_rule_that_is_reached_for_another(broken: Broken) -> None:
    """The rule as a whole applies, to noise; that it names lamps too is a slip that nobody would notice."""
    slip = "- {id: slip, topics: [noise, street-lighting], lead: toa-thi-chinh, because: x, because_en: x}"
    told = broken("rules.yaml", "- {id: rest,", f"{slip}\n- {{id: rest,")
    assert "rules.yaml:8: rule 'slip' can never apply to 'street-lighting': earlier rules take it all" in told
    assert "'noise'" not in told
