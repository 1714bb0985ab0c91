"""What a citizen writes: kept, made plain for machines, masked for others."""

import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st

from app.highlight import marked
from app.intake.schema import e164
from app.search import names_a_person, words_of
from classifier.emergency import danger, numbers
from classifier.redact import identity_left, masked, redacted, speakers
from classifier.scrub import scrubbed
from classifier.segment import compounds
from classifier.text import MAX_MARKS, UnacceptableText, canonical, expand, fold, received
from tests.fuzz.made_up import BRIEFLY, in_time, long_texts, texts

#: Code points that one may become at most (U+FDFA, a whole sentence, is eighteen).
_GROWS = 18


@BRIEFLY
@example("e\u0301\u200d\u0300").via("fuzzing: a joiner was kept that the composed letter does not need")
@example("e\u200d\u0301\u200d\u0300").via("the same, where only leaving another away composes the letter")
@example("क" + "\u0301" * 4 + "\u094d\u200dक").via("the same, where only the bound on marks takes its neighbour")
@given(long_texts)
def test_what_is_stored_is_stored_the_same_again(text: str) -> None:
    try:
        with in_time():
            kept = received(text)
    except UnacceptableText as error:
        assert 0 <= error.position < len(text)  # noqa: PT017 - or it is stored
        return
    assert received(kept) == kept
    assert unicodedata.is_normalized("NFC", kept)
    assert len(kept) <= 3 * len(text)
    kept.encode()
    run = 0
    for char in kept:
        run = run + 1 if unicodedata.category(char)[0] == "M" else 0
        assert run <= MAX_MARKS


@BRIEFLY
@example("phường \u0591").via("fuzzing: where a mark was all that stood behind a space, the space stayed")
@given(long_texts)
def test_a_text_has_one_form_for_machines(text: str) -> None:
    with in_time():
        plain, folded, whole = canonical(text), fold(text), expand(text)
    assert canonical(plain) == plain
    assert fold(plain) == folded == fold(folded)
    assert max(len(plain), len(folded)) <= _GROWS * len(text)
    assert len(whole) <= 12 * len(text)
    assert "\n" not in plain
    plain.encode()


@BRIEFLY
@example("a@b.vn@c.vn").via("fuzzing: a part of an address was left")
@example("a@0901234567890.vn").via("fuzzing: what was put in completed an address")
@given(long_texts)
def test_what_is_learned_and_searched_for_holds_no_number_and_no_address(text: str) -> None:
    with in_time():
        learned = scrubbed(text)
    assert scrubbed(learned) == learned
    with in_time():
        found = words_of(text)
    assert not any(" " in word or names_a_person(word) for word in found)


@st.composite
def _who(draw: st.DrawFn) -> tuple[str, ...]:
    """Make up what a citizen left to be reached by, in the form in which it is kept."""
    found = []
    for typed in draw(st.lists(texts, max_size=3)):
        try:
            kept = " ".join(received(typed).split())
        except UnacceptableText:
            continue
        found += [kept] if kept else []
    return tuple(found + draw(st.sampled_from(([], [e164("0901234567") or ""], ["a@b.vn"]))))


@BRIEFLY
@given(long_texts, _who())
def test_who_wrote_is_masked_wherever_it_stands(text: str, identity: tuple[str, ...]) -> None:
    with in_time():
        shown, laid_open = masked(text, identity), redacted(text, identity)
    assert masked(shown) == shown
    assert len(laid_open) <= 10 * (len(text) + 1)
    with in_time():
        speakers(text)
        assert identity_left(text, identity) in {True, False}


@BRIEFLY
@given(long_texts, st.lists(texts, max_size=4))
def test_a_text_with_marked_words_is_still_the_text(text: str, words: list[str]) -> None:
    with in_time():
        fragments = marked(text, words)
    assert "".join(fragment for fragment, _ in fragments) == text


@BRIEFLY
@given(long_texts, texts)
def test_an_emergency_is_looked_for_in_any_text(text: str, topic: str) -> None:
    with in_time():
        assert set(danger(text)) <= {"111", "113", "114", "115"}
        assert numbers(text, topic)


@BRIEFLY
@given(texts)
def test_any_words_can_be_joined_to_compounds(text: str) -> None:
    words = fold(text).split()
    with in_time():
        compounds(words)
