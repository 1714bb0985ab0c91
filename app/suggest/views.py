"""`POST /suggest`: for the pages on which somebody writes. What goes wrong with it they pass over in silence."""

from typing import Any, Final, cast

from flask import Blueprint, Response, current_app, jsonify, request

from app.api.strictjson import parse_object
from app.current import address, hotline, throttle
from app.model_in_service import ModelInService
from app.problems import NotAvailable, Problem, WrongMediaType
from app.suggest.schema import parse_draft
from app.suggest.service import Suggestion
from app.suggest.service import suggest as suggest_for
from app.wording import type_advice, type_words
from classifier.predict import Classifier
from models.vocabulary import SubmissionType

MODEL: Final = "langnghe-model"
#: What the person who writes should know before they send it.
EXPLAINED: Final = frozenset({SubmissionType.COMPLAINT, SubmissionType.DENUNCIATION})

suggest = Blueprint("suggest", __name__)


@suggest.post("/suggest")
def suggestions() -> Response:
    """Return what the text would be taken for; 503 while there is no model."""
    throttle().suggestion(address())
    found = suggest_for(hotline(), classifier(), parse_draft(_fields()))
    return jsonify(answer_of(found))


def classifier() -> Classifier:
    """Return the model in service; raise `NotAvailable` while there is none."""
    found = cast(ModelInService, current_app.extensions[MODEL]).at_hand()
    if found is None:
        raise NotAvailable("model")
    return found


def answer_of(found: Suggestion) -> dict[str, Any]:
    """Return a suggestion as JSON; words for people are in the language of who asks."""
    return {
        "topics": [
            {
                "slug": guess.topic.slug,
                "vi": guess.topic.vi,
                "en": guess.topic.en,
                "confidence": round(guess.confidence, 4),
                "because": list(guess.because),
            }
            for guess in found.guesses
        ],
        "sure": found.sure,
        "urgency": found.urgency.value,
        "emergency_numbers": list(found.numbers),
        "submission_type": found.kind.value,
        "submission_type_words": type_words(found.kind),
        "guidance": type_advice(found.kind) if found.kind in EXPLAINED else None,
        "wards": [{"code": ward.code, "name": ward.name} for ward in found.wards],
        "place_sure": found.place_sure,
    }


def _fields() -> dict[str, Any]:
    if request.mimetype == "application/json":
        return parse_object(request.get_data())
    if request.mimetype == "application/x-www-form-urlencoded":
        return request.form.to_dict()
    expected = "application/json, application/x-www-form-urlencoded"
    raise WrongMediaType([Problem("Content-Type", "content_type", {"expected": expected})])
