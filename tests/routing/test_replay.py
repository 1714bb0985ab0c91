"""Another rule set on tickets that are known: what moves, and whether it was better."""

from datetime import date
from pathlib import Path

import pytest

from routing.city import City, CityDataError, with_rules
from routing.replay import Case, replay
from routing.rules import Facts, candidates, decide

SONG_XANH = Path(__file__).parent / "data" / "songxanh"
DAY = date(2031, 6, 1)
LAMP = Facts("street-lighting", "1", "phan-anh", "normal", "đèn tắt", DAY)
ALLEY = Facts("street-lighting", "1", "phan-anh", "normal", "đèn trong hẻm tắt", DAY)


@pytest.fixture
def all_to_the_ward(song_xanh: City, tmp_path: Path) -> City:
    """Return the invented city if every lamp were its ward's."""
    return with_rules(song_xanh, changed(tmp_path, "lead: doi-den, with: uy@ward", "lead: uy@ward"))


def test_the_same_rules_change_nothing(song_xanh: City) -> None:
    same = with_rules(song_xanh, SONG_XANH / "rules.yaml")
    found = replay(song_xanh, same, [Case("a", LAMP, "doi-den"), Case("b", ALLEY, None)])
    assert (found.tickets, found.unchanged, found.changed, found.moves) == (2, 2, 0, [])
    assert (found.ended, found.agreed_before, found.agreed_after) == (1, 1, 1)


def test_what_moves_is_counted_with_rule_reason_examples_and_whether_it_was_right(
    song_xanh: City, all_to_the_ward: City
) -> None:
    cases = [Case(f"t{n}", LAMP, ended) for n, ended in enumerate(["uy-1", "uy-1", "doi-den", None])]
    found = replay(song_xanh, all_to_the_ward, [*cases, Case("alley", ALLEY, "uy-1")])
    assert (found.tickets, found.unchanged, found.changed, found.to_coordinator) == (5, 1, 4, 0)
    assert (found.ended, found.agreed_before, found.agreed_after) == (4, 2, 3)
    assert (found.mended, found.broken) == (2, 1)
    (move,) = found.moves
    assert (move.topic, move.before, move.after, move.rule) == ("street-lighting", "doi-den", "uy-1", "lamp")
    assert (move.n, move.right_before, move.right_after) == (4, 1, 2)
    assert move.because == "Đèn đường của đội đèn"
    assert move.examples == ["t0", "t1", "t2"]


def test_what_would_be_left_to_a_coordinator_is_counted_apart(song_xanh: City, all_to_the_ward: City) -> None:
    nowhere = Facts("street-lighting", None, "phan-anh", "normal", "đèn tắt", DAY)
    found = replay(song_xanh, all_to_the_ward, [Case("a", nowhere, None), Case("b", LAMP, None)])
    assert (found.changed, found.to_coordinator) == (2, 1)


def test_other_helpers_alone_are_no_move(song_xanh: City, tmp_path: Path) -> None:
    fewer = with_rules(song_xanh, changed(tmp_path, "lead: doi-den, with: uy@ward", "lead: doi-den"))
    found = replay(song_xanh, fewer, [Case("a", LAMP, None)])
    assert (found.unchanged, found.helpers, found.moves) == (1, 1, [])


def test_a_rule_set_that_cannot_be_meant_is_refused_with_its_own_name_and_line(song_xanh: City, tmp_path: Path) -> None:
    file = changed(tmp_path, "lead: doi-den", "lead: doi-dem")
    with pytest.raises(CityDataError, match=r"new-rules\.yaml:6: department 'doi-dem' does not exist"):
        with_rules(song_xanh, file)
    with pytest.raises(CityDataError, match=r"absent\.yaml: cannot be read"):
        with_rules(song_xanh, tmp_path / "absent.yaml")
    with pytest.raises(CityDataError, match="cannot be read"):
        with_rules(song_xanh, tmp_path)


def test_candidates_are_what_the_rules_name_whatever_the_text_says(song_xanh: City, hcmc: City) -> None:
    assert [c.lead for c in candidates(song_xanh, LAMP)] == [c.lead for c in candidates(song_xanh, ALLEY)]
    assert [(c.lead, c.rule_id, c.coordinating) for c in candidates(song_xanh, LAMP)] == [
        ("uy-1", "alley-lamp", ()),
        ("doi-den", "lamp", ("uy-1",)),
    ]
    for topic, text in (("flooding", "hẻm ngập"), ("trees", "cây đổ"), ("noise", "karaoke"), ("metro", "tàu")):
        facts = Facts(topic, "27163", "phan-anh", "normal", text, date(2026, 11, 24))
        decision = decide(hcmc, facts)
        assert decision.lead == hcmc.coordinator or decision.lead in {c.lead for c in candidates(hcmc, facts)}


@pytest.mark.parametrize("kind", ["to-cao", "khieu-nai"])
def test_what_a_machine_must_not_decide_has_no_candidates(song_xanh: City, hcmc: City, kind: str) -> None:
    for city, ward in ((song_xanh, "1"), (hcmc, "27163")):
        assert candidates(city, Facts("street-lighting", ward, kind, "normal", "đèn tắt", DAY)) == ()


def test_a_wards_unit_is_no_candidate_while_the_ward_is_not_known(song_xanh: City) -> None:
    nowhere = Facts("street-lighting", None, "phan-anh", "normal", "đèn tắt", DAY)
    assert [c.lead for c in candidates(song_xanh, nowhere)] == ["doi-den"]


def changed(folder: Path, old: str, new: str) -> Path:
    """Write the invented city's rules with one thing replaced."""
    text = (SONG_XANH / "rules.yaml").read_text("utf-8")
    assert old in text
    file = folder / "new-rules.yaml"
    file.write_text(text.replace(old, new, 1), "utf-8")
    return file
