"""The corpus is checked like code: labels, and that it was written report by report."""

import json
from pathlib import Path

import pytest

from classifier.corpus import CORPUS_DIR, BadCorpus, load, near_duplicates, problems, shared_runs

GOOD = {
    "id": "a1",
    "topic": "noise",
    "type": "phan-anh",
    "urgency": "normal",
    "voice": "resident",
    "region": "south",
    "text": "Quán kế bên mở nhạc tới khuya",
}


def _write(folder: Path, *rows: dict[str, str]) -> Path:
    (folder / "rows.jsonl").write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")
    return folder


def test_the_shipped_corpus_is_good() -> None:
    assert problems(CORPUS_DIR) == []


def test_a_good_row_has_no_problem(tmp_path: Path) -> None:
    assert problems(_write(tmp_path, GOOD)) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"topic": "potholes"}, "topic 'potholes' is unknown"),
        ({"type": "complaint"}, "type 'complaint' is unknown"),
        ({"urgency": "high"}, "urgency 'high' is unknown"),
        ({"sub": "potholes"}, "sub 'potholes' is unknown"),
        ({"voice": ""}, "voice"),
        ({"text": " \n"}, "empty"),
        ({"text": "a\0"}, "nul"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, change: dict[str, str], said: str) -> None:
    (problem,) = problems(_write(tmp_path, {**GOOD, **change}))
    assert problem.startswith("a1: ")
    assert said in problem


def test_an_id_is_used_once(tmp_path: Path) -> None:
    assert problems(_write(tmp_path, GOOD, {**GOOD, "text": "Chó sủa"})) == ["a1: the id occurs twice"]


@pytest.mark.parametrize("line", ["{", "[1]", '{"id": "a"}', json.dumps({**GOOD, "more": "x"})])
def test_a_line_that_is_no_row_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "rows.jsonl").write_text(f"\n{line}\n", "utf-8")
    with pytest.raises(BadCorpus, match=r"rows\.jsonl:2"):
        load(tmp_path)
    assert len(problems(tmp_path)) == 1


def test_an_empty_corpus_is_a_problem(tmp_path: Path) -> None:
    assert problems(tmp_path) == ["the corpus is empty"]


def test_one_text_written_twice_is_found(tmp_path: Path) -> None:
    again = {**GOOD, "id": "a2", "text": "QUAN KE BEN mo nhac toi khuya!"}
    (problem,) = problems(_write(tmp_path, GOOD, again))
    assert "a1 and a2" in problem


def test_a_long_shared_run_is_found() -> None:
    run = [f"w{n}" for n in range(12)]
    texts = [["a", *run, *"bcdefghij"], ["k", *run, *"lmnopqrst"], run[:11]]
    assert shared_runs(texts, 12) == {(0, 1)}
    assert near_duplicates([["a", "b", "c", "d"], ["a", "b", "c", "e"], ["x", "y"], ["x", "y"]]) == {(2, 3)}


def test_texts_stamped_from_a_template_are_found(tmp_path: Path) -> None:
    stamped = [
        {
            **GOOD,
            "id": f"t{n}",
            "text": f"số{n} chỗ{n} kính đề nghị cơ quan chức năng kiểm tra {n}x y{n} z{n} q{n} {n}k {n}m",
        }
        for n in range(300)
    ]
    assert any("say 'kinh de nghi co quan chuc'" in problem for problem in problems(_write(tmp_path, *stamped)))
