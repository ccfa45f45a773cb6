"""``report.html``: evaluations, trainings, studies and audits on one page that needs no network.

The page carries everything: loops and pictures as data: addresses, plots as SVG, its style and
its one script. A Content-Security-Policy with the hashes of both lets nothing else run or load.
"""

import base64
import hashlib
from collections.abc import Iterator, Sequence
from importlib import resources
from itertools import chain

from sonoloop import __version__
from sonoloop.report.audit_record import AuditRecord
from sonoloop.report.audit_section import audit_section, audit_title, audit_warnings
from sonoloop.report.evaluation_folder import EvaluationFolder
from sonoloop.report.evaluation_section import evaluation_section, evaluation_warnings
from sonoloop.report.markup import Markup, element, join
from sonoloop.report.results_table import comparison
from sonoloop.report.study_record import StudyRecord
from sonoloop.report.study_section import study_section, study_title, study_warnings
from sonoloop.report.training_run import TrainingRun
from sonoloop.report.training_section import training_section, training_title, training_warnings

Part = EvaluationFolder | TrainingRun | StudyRecord | AuditRecord

_NOTICE = (
    "Loops marked synthetic were made by a model. They show plausible motion, not a patient's, "
    "and are for research, not for diagnosis."
)
_NO_SCRIPT = "Loops do not start by themselves here: use the controls of each."


def page(title: str, parts: Sequence[Part]) -> str:
    """Compose the page.

    Args:
        title: Stands on top and in the tab.
        parts: Evaluations, trainings, studies and audits, in the order of the page.

    Returns:
        An HTML document; the same parts give the same text.
    """
    named = [(_anchor(place, part), part) for place, part in enumerate(parts, start=1)]
    evaluations = [part for part in parts if isinstance(part, EvaluationFolder)]
    sections = [_section(part, anchor) for anchor, part in named]
    main = [
        element("h1", title),
        element("p", f"made by sonoloop {__version__}", class_="quiet"),
        _warnings(named),
        _contents(named),
        element("p", _NOTICE, class_="quiet"),
        _comparison(evaluations) if len(evaluations) > 1 else None,
        *sections,
    ]
    body = element("body", _player() if evaluations else None, element("main", *main), _script())
    document = element("html", _head(title), body, lang="en")
    return f"<!DOCTYPE html>\n{document}\n"


def _head(title: str) -> Markup:
    style, script = _file("page.css"), _file("page.js")
    policy = (
        "default-src 'none'; img-src data:; media-src data:; "
        f"style-src {_hash(style)}; script-src {_hash(script)}; base-uri 'none'; form-action 'none'"
    )
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("link", rel="icon", href="data:,"),  # or browsers ask for /favicon.ico
        element("style", Markup(style)),
    )


def _script() -> Markup:
    return element("script", Markup(_file("page.js")))


def _file(name: str) -> str:
    return resources.files("sonoloop.report").joinpath(name).read_text(encoding="utf-8")


def _hash(content: str) -> str:
    digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def _player() -> Markup:
    """Return the button over all loops; the script shows it."""
    button = element("button", "Play all loops", type="button", id="play", hidden=True)
    note = element("noscript", element("p", _NO_SCRIPT, class_="quiet"))
    return element("div", button, note, class_="player")


def _anchor(place: int, part: Part) -> str:
    match part:
        case EvaluationFolder():
            return f"evaluation-{place}"
        case TrainingRun():
            return f"training-{place}"
        case StudyRecord():
            return f"study-{place}"
        case AuditRecord():
            return f"audit-{place}"


def _section(part: Part, anchor: str) -> Markup:
    match part:
        case EvaluationFolder():
            return evaluation_section(part, anchor)
        case TrainingRun():
            return training_section(part, anchor)
        case StudyRecord():
            return study_section(part, anchor)
        case AuditRecord():
            return audit_section(part, anchor)


def part_title(part: Part) -> str:
    """Name a part, for its heading and for a page of nothing else."""
    match part:
        case EvaluationFolder():
            return part.record.title
        case TrainingRun():
            return training_title(part)
        case StudyRecord():
            return study_title(part)
        case AuditRecord():
            return audit_title(part)


def _contents(named: Sequence[tuple[str, Part]]) -> Markup | None:
    if len(named) == 1:
        return None
    links = [
        element("li", element("a", part_title(part), href=f"#{anchor}")) for anchor, part in named
    ]
    return element("nav", element("ul", *links), aria_label="Contents")


def _warnings(named: Sequence[tuple[str, Part]]) -> Markup | None:
    """Put every warning where it cannot be missed, with a link to what it is about."""
    told = list(
        chain.from_iterable(
            [
                element("li", element("a", part_title(part), href=f"#{anchor}"), ": ", warning)
                for warning in _warnings_of(part)
            ]
            for anchor, part in named
        )
    )
    if not told:
        return None
    heading = element("h2", f"Warnings ({len(told)})", id="warnings")
    return element("section", heading, element("ul", *told), class_="warnings")


def _warnings_of(part: Part) -> Iterator[str]:
    match part:
        case EvaluationFolder():
            return evaluation_warnings(part)
        case TrainingRun():
            return training_warnings(part)
        case StudyRecord():
            return study_warnings(part)
        case AuditRecord():
            return audit_warnings(part)


def _comparison(evaluations: Sequence[EvaluationFolder]) -> Markup:
    records = [evaluation.record for evaluation in evaluations]
    return element("section", element("h2", "Evaluations compared"), join([comparison(records)]))
