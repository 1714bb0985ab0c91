"""The model card, written by the run that trains: figures from the manifest, and words that hold for every run."""

from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from models.vocabulary import topics

_ABOUT: Final = """\
# Model card: what a report is about

*Written by the training run; do not edit. Version `{version}`, format {format}.*

## What it is for

It reads the text of a citizen's report in Vietnamese and gives a topic (of {topics}), the submission type (of
8) and the urgency, with the words that decided the topic. Reports it is sure of are routed without a human; the
others go to a coordinator. A suspected denunciation is sealed until a cleared person has looked. It does not
judge whether a report is true, who wrote it, or what should be done. It must not be used to refuse a report, to
rank citizens, or on texts other than reports.

## How it is made

Word segmentation by underthesea; TF-IDF of words as typed, of words without marks, of the opening alone and of letters
inside words; names of places and people are left out where capitals show them, or where the corpus knows the name of
a place. A linear support vector machine a head, for the topic with complement naive Bayes added to its weights; a
temperature that turns its scores into probabilities, and a rising line from these to how often such answers are right.
Every report is also seen without its marks, a third of them with one more change: slips, teencode, spelling by ear, or
dressed in the courtesies and addresses of an official letter. Short phrases a topic and a type stand beside them.

Trained on {rows} written reports (`classifier/corpus/README.md`), seed {seed}, Python {python}, {libraries}.
Corpus digest `{corpus}`.

All figures below are of held-out reports: three folds by voice, near duplicates kept together, each fold judged
by a model that heard none of its voices. They come from the written corpus and flatter: real reports are
longer, messier and more mixed. A topic is right if it is the one its writer gave, or another under which a careful
coordinator could send the report on (`also` in the corpus; its README tells who read what).
"""

#: Figures of fewer reports than this are chance.
FEW_REPORTS: Final = 20

_WEAK: Final = """\
## Known weaknesses

- The corpus was written by few hands; what nobody thought of is missing. Half of it speaks as the South does.
- Two issues in one report get one topic; the other is often among the alternatives.
- Sarcasm, and thanks that contain a complaint, are read literally.
- Texts in English or other languages are understood only as far as a few reports of the corpus go.
- Numbers, street names and who is named play no part, so a place that explains everything explains nothing here.
- Urgent and normal are hard to tell apart from text; only the emergency gate is chosen for recall.
- The gates were chosen on the figures shown: expect somewhat less recall on new reports, and false alarms as printed.
"""


def write(path: Path, manifest: Mapping[str, Any]) -> None:
    """Write the card of a trained model."""
    path.write_text(text(manifest), "utf-8")


def text(manifest: Mapping[str, Any]) -> str:
    """Return the card of a trained model, in Markdown."""
    return "\n".join(_parts(manifest))


def _parts(manifest: Mapping[str, Any]) -> Iterable[str]:
    metrics = manifest["metrics"]
    topic = metrics["topic"]
    yield _ABOUT.format(
        version=manifest["version"],
        format=manifest["format"],
        topics=len(topics()),
        rows=f"{manifest['corpus_rows']:,}",
        seed=manifest["seed"],
        python=manifest["python"],
        libraries=", ".join(f"{name} {version}" for name, version in manifest["libraries"].items()),
        corpus=manifest["corpus"],
    )
    yield _topic_summary(topic)
    yield "## Coverage: how right the surest part is\n"
    yield _table(("surest part", "right"), [(_percent(float(s)), _percent(v)) for s, v in topic["coverage"].items()])
    yield "## The gates, chosen for recall\n"
    yield _gates(metrics["gates"])
    yield from _heads(metrics)
    yield "## By way of typing\n"
    yield _shares(topic["by_change"], "change")
    yield "## By voice\n"
    yield _shares(topic["by_voice"], "voice")
    yield "## By topic\n"
    yield _by_topic(topic["by_topic"], manifest["thresholds"]["topics"])
    yield _thin(topic["by_topic"])
    yield "## Families of models tried\n"
    yield files("classifier").joinpath("data/families.md").read_text("utf-8")
    yield "## What is confused most\n"
    yield _table(("meant", "said", "times"), [(m, s, str(n)) for m, s, n in topic["confusions"]])
    yield _WEAK


def _topic_summary(topic: Mapping[str, Any]) -> str:
    return "## Topic\n\n" + _table(
        ("figure", "value"),
        [
            ("first answer right", _percent(topic["top1"])),
            ("first answer the topic that the writer gave", _percent(topic["first_named"])),
            ("right among the first three", _percent(topic["top3"])),
            ("expected calibration error", f"{topic['calibration_error']:.3f}"),
            ("sure enough to route alone", _percent(topic["routed"])),
            ("right when it does", _percent(topic["routed_right"])),
        ],
    )


def _gates(gates: Mapping[str, Any]) -> str:
    rows = [
        (name, _percent(gate["recall"]), _percent(gate["precision"]), f"{gate['false_alarms_per_100']:.1f}")
        for name, gate in gates.items()
    ]
    return _table(("gate", "found", "rightly", "false alarms in 100 reports"), rows)


def _heads(metrics: Mapping[str, Any]) -> Iterable[str]:
    for head, title in (("submission_type", "Submission type"), ("urgency", "Urgency")):
        found = metrics[head]
        yield f"## {title}\n"
        error = found["calibration_error"]
        yield f"Right before the gates: {_percent(found['top1'])}; calibration error {error:.3f}.\n"
        rows = [(label, str(part["n"]), _percent(part["recall"])) for label, part in found["recall"].items()]
        yield _table(("class", "reports", "found"), rows)


def _shares(parts: Mapping[str, Any], name: str) -> str:
    rows = [(label, str(part["n"]), _percent(part["top1"])) for label, part in parts.items()]
    return _table((name, "texts", "first answer right"), rows)


def _by_topic(parts: Mapping[str, Any], limits: Mapping[str, float]) -> str:
    rows = [
        (
            label,
            str(part["n"]),
            _percent(part["recall"]) if part["n"] else "–",
            _percent(part["precision"]) if part["n"] else "–",
            f"{limits[label]:.2f}",
            _percent(part["routed"]) if part["n"] else "–",
            _percent(part["routed_precision"]) if part["routed"] else "–",
        )
        for label, part in parts.items()
    ]
    return _table(("topic", "reports", "found", "rightly", "threshold", "routed alone", "rightly then"), rows)


def _thin(parts: Mapping[str, Any]) -> str:
    thin = [label for label, part in parts.items() if part["n"] < FEW_REPORTS]
    if not thin:
        return f"Every topic has at least {FEW_REPORTS} reports.\n"
    return (
        f"Of these topics there are fewer than {FEW_REPORTS} reports, so that their figures mean little, and what the "
        f"model knows of them is mostly phrases: {', '.join(thin)}.\n"
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
