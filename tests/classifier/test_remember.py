"""What is said of words is remembered, and nothing of what is longer than any word: no text fills the memory."""

from classifier.remember import LONGEST_WORD, of_words


def test_a_word_is_asked_once_and_what_is_longer_each_time() -> None:
    asked: list[str] = []

    @of_words(8)
    def length(word: str) -> int:
        asked.append(word)
        return len(word)

    long = "x" * (LONGEST_WORD + 1)
    assert [length("đèn"), length("đèn"), length(long), length(long)] == [3, 3, len(long), len(long)]
    assert asked == ["đèn", long, long]
