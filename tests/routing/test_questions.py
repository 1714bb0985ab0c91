"""The call-taker's script: questions for every topic, closed by what the words already answer."""

from pathlib import Path

import pytest

from models.vocabulary import topics
from routing.city import City, CityDataError, load_city
from routing.questions import FILE, PACKAGED, Question, read_questions
from routing.source import Problems

LAMP = "street-lighting"


def test_every_topic_has_questions_in_two_languages(hcmc: City) -> None:
    script = hcmc.questions
    assert set(script.topics) == set(topics())
    for questions in (script.always, *script.topics.values()):
        assert 2 <= len(questions) <= 4
        for one in questions:
            assert one.vi.endswith(("?", ".")), one
            assert one.en.endswith(("?", ".")), one
            assert one.vi != one.en


def test_a_question_is_left_to_ask_until_the_words_answer_it(hcmc: City) -> None:
    assert left(hcmc, "") == ["where", "since", "extent", "pole", "leak"]
    assert left(hcmc, "Đèn tắt") == ["where", "since", "extent", "pole", "leak"]
    assert left(hcmc, "Đèn tắt ba đêm nay, cả hẻm") == ["where", "pole", "leak"]
    assert left(hcmc, "den tat 3 dem nay, nguyen con hem") == ["where", "pole", "leak"]
    assert left(hcmc, "Trụ số 14 tắt từ hôm qua", place_known=True) == ["extent", "leak"]


def test_only_whole_words_answer(hcmc: City) -> None:
    assert "hurt" in [one.slug for one in open_of(hcmc, "road-surface-damage", "con tép")]
    assert "hurt" not in [one.slug for one in open_of(hcmc, "road-surface-damage", "có người té xe")]


def test_what_was_ticked_is_not_asked_again(hcmc: City) -> None:
    found = hcmc.questions.still_open(LAMP, "", place_known=False, asked=("where", "pole"))
    assert [one.slug for one in found] == ["since", "extent", "leak"]


def test_before_a_topic_is_known_the_place_and_the_time_are_asked(hcmc: City) -> None:
    for topic in (None, "no-such-topic"):
        assert [one.slug for one in open_of(hcmc, topic, "")] == ["where", "since"]


def test_a_city_may_have_a_script_of_its_own(tmp_path: Path) -> None:
    packaged = (PACKAGED / FILE).read_text("utf-8")
    (tmp_path / FILE).write_text(packaged.replace("Từ bao giờ?", "Bị từ hồi nào?"), "utf-8")
    problems = Problems()
    script = read_questions(tmp_path, problems)
    problems.refuse()
    assert [one.vi for one in script.always][1] == "Bị từ hồi nào?"


def test_another_city_has_the_packaged_script(hcmc: City) -> None:
    other = load_city(Path(__file__).parent / "data" / "songxanh")
    assert other.questions == hcmc.questions


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  noise:\n", "  loud:\n", "topic 'noise' has no questions"),
        ("  noise:\n", "  loud:\n", "topic 'loud' does not exist"),
        ("{id: pole,", "{id: where,", "the id 'where' is one of those that are always asked"),
        ("{id: pole,", "{id: extent,", "the id 'extent' is there twice"),
        ("{id: pole,", "{id: Trụ 1,", "'id' must be small letters"),
        ("{id: pole, vi:", "{id: pole, vn:", "unknown key 'vn'"),
        (", by_place: true}", ", by_place: maybe}", "'by_place' must be true or false"),
        ("topics:\n", "topic:\n", "unknown key 'topic'"),
    ],
)
def test_a_broken_script_is_refused_with_file_and_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    packaged = (PACKAGED / FILE).read_text("utf-8")
    assert old in packaged
    (tmp_path / FILE).write_text(packaged.replace(old, new, 1), "utf-8")
    problems = Problems()
    read_questions(tmp_path, problems)
    with pytest.raises(CityDataError, match=r"questions\.yaml:\d+: ") as refused:
        problems.refuse()
    assert said in str(refused.value)


def left(city: City, said: str, *, place_known: bool = False) -> list[str]:
    found = city.questions.still_open(LAMP, said, place_known=place_known)
    return [one.slug for one in found]


def open_of(city: City, topic: str | None, said: str) -> tuple[Question, ...]:
    return city.questions.still_open(topic, said, place_known=False)
