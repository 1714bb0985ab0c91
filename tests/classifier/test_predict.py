"""What the model says: consistent, calibrated in form, blind to the way of typing, and able to say why."""

import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from classifier.augment import strip_marks
from classifier.features import read
from classifier.predict import Classifier, Prediction
from classifier.text import canonical, expand
from models.vocabulary import SubmissionType, Urgency, topics

LIGHT = "Trụ đèn đường trước nhà tôi\nchập chờn   mấy bữa nay, hẻm tối thui"
ON_FIRE = "Cháy nhà rồi, đang cháy lớn có người kẹt trong đó, cứu gấp"


def _one(classifier: Classifier, text: str) -> Prediction:
    (prediction,) = classifier.predict([text])
    return prediction


def test_a_prediction_is_made_of_known_words(classifier: Classifier) -> None:
    prediction = _one(classifier, LIGHT)
    assert prediction.topic == "street-lighting"
    assert prediction.alternatives[0].slug == "street-lighting"
    assert {a.slug for a in prediction.alternatives} <= set(topics())
    confidences = [a.confidence for a in prediction.alternatives]
    assert confidences == sorted(confidences, reverse=True)
    assert prediction.confidence == confidences[0] <= 1
    assert prediction.submission_type in set(SubmissionType)
    assert prediction.urgency in set(Urgency)
    assert prediction.emergency_numbers == ()
    assert prediction.model_version == classifier.version


@pytest.mark.parametrize(
    "retyped",
    [
        unicodedata.normalize("NFD", LIGHT),
        LIGHT.upper(),
        "  " + LIGHT.replace(" ", "   "),
        LIGHT.replace("đường", "đ\u200bường"),
        LIGHT.replace("Trụ", "\u202eTrụ\u202c"),
    ],
)
def test_the_way_of_typing_does_not_count(classifier: Classifier, retyped: str) -> None:
    first, second = classifier.predict([LIGHT, retyped])
    assert (first.topic, first.confidence) == (second.topic, second.confidence)


def test_a_text_without_marks_lands_where_its_twin_does(classifier: Classifier) -> None:
    first, second = classifier.predict([LIGHT, strip_marks(LIGHT)])
    assert first.topic == second.topic == "street-lighting"


def test_because_is_spelled_as_the_citizen_did(classifier: Classifier) -> None:
    for text in (LIGHT, LIGHT.upper(), strip_marks(LIGHT), unicodedata.normalize("NFD", LIGHT), "đèn đường hoà"):
        because = _one(classifier, text).because
        assert because
        assert all(words in text for words in because)
    assert any("đèn" in words for words in _one(classifier, LIGHT).because)


def test_danger_shows_whom_to_call(classifier: Classifier) -> None:
    prediction = _one(classifier, ON_FIRE)
    assert prediction.urgency == Urgency.EMERGENCY
    assert prediction.submission_type == SubmissionType.EMERGENCY
    assert prediction.emergency_numbers[0] == "114"


def test_an_accusation_is_recognised(classifier: Classifier) -> None:
    text = "Tôi tố cáo cán bộ địa chính ăn hối lộ, nhận tiền của dân"
    assert _one(classifier, text).submission_type == SubmissionType.DENUNCIATION


@pytest.mark.parametrize("text", ["", " \n", "\u200b", "🙂🙂", "!!!", "12345", "xyzzy qwrtp"])
def test_a_text_that_says_nothing_is_left_to_a_person(classifier: Classifier, text: str) -> None:
    prediction = _one(classifier, text)
    assert prediction.topic is None
    assert prediction.urgency != Urgency.EMERGENCY
    assert prediction.submission_type not in {SubmissionType.DENUNCIATION, SubmissionType.EMERGENCY}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(text=st.text(st.characters(exclude_categories=()), max_size=200))
def test_every_text_gets_an_answer(classifier: Classifier, text: str) -> None:
    prediction = _one(classifier, text)
    assert 0 <= prediction.confidence <= 1
    assert len(prediction.alternatives) == 3


@pytest.mark.timeout(5)
@pytest.mark.parametrize("piece", ["đèn đường tắt ", "tt ca bt ", "a", "đ\u0300"])
def test_an_endless_text_costs_no_endless_time(classifier: Classifier, piece: str) -> None:
    assert _one(classifier, piece * 50_000).confidence <= 1


def test_a_batch_is_its_texts_one_by_one(classifier: Classifier) -> None:
    texts = [LIGHT, ON_FIRE, "", "Cống nghẹt nước thải tràn"]
    assert classifier.predict(texts) == [_one(classifier, text) for text in texts]
    assert classifier.predict([]) == []


@given(text=st.text(st.sampled_from("hòoà đường ĐC ko ca tt q.7p12 phường,\u0300\u200b\n\xa0ｆ②¨")))
def test_reading_by_pieces_is_reading_the_whole(text: str) -> None:
    assert read(text).words == read(canonical(text)).words
    small = canonical(text).lower()  # expanding takes the capitals, and they may say what is a name
    assert read(small).words == read(expand(small)).words
