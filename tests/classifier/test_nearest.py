"""Which article a question is nearest to."""

from classifier.nearest import nearest

TEXTS = {
    "lamps": ("Đèn đường hư thì báo ai?", "Ghi số trụ đèn và tên hẻm."),
    "complaints": ("Khiếu nại bao lâu được giải quyết?", "Lần đầu không quá 30 ngày, đường dài thì lâu hơn."),
    "codes": ("Mã phản ánh dùng thế nào?", "Mất mã thì không tìm lại được."),
}


def keys(question: str, most: int = 3) -> list[str]:
    return [near.key for near in nearest(question, TEXTS, most)]


def test_marks_case_and_short_forms_do_not_matter() -> None:
    for question in ("đèn đường bị hư", "den duong bi hu", "ĐÈN ĐƯỜNG HƯ!!!", "đèn đg hư"):
        assert keys(question)[0] == "lamps", question


def test_a_title_says_more_than_a_text_and_a_pair_of_words_more_than_each() -> None:
    assert keys("khiếu nại")[0] == "complaints"
    found = nearest("đèn đường", TEXTS)
    assert [near.key for near in found] == ["lamps", "complaints"]
    assert found[0].score > 2 * found[1].score


def test_words_of_asking_find_nothing_and_neither_does_what_no_text_holds() -> None:
    for question in ("", "cho em hỏi bao nhiêu vậy ạ", "giá vé xem phim", "???"):
        assert keys(question) == [], question
    assert nearest("đèn đường", dict[str, tuple[str, str]]()) == []


def test_no_more_are_found_than_are_wanted() -> None:
    assert keys("mã phản ánh về đèn đường, khiếu nại", most=2) != []
    assert len(keys("mã phản ánh về đèn đường, khiếu nại", most=2)) == 2
