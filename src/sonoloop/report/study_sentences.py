"""What a study's numbers mean, in sentences that say no more than the intervals do."""

from collections.abc import Iterator, Sequence
from typing import Final

from sonoloop.report.audit_sentences import signed
from sonoloop.report.study_record import RecoveryRecord, ResultRecord

LEAKS: Final = (
    "LEAKS: divided by video as in the paper. Videos of one patient are on both sides, so the "
    "figures say how well patients are recognised, not how well new ones would be classified."
)
TARGET_WORDS: Final = "half of it"


def study_findings(results: Sequence[ResultRecord], *, leaks: bool) -> tuple[str, ...]:
    """Say for each classifier and ratio whether synthetic video helps, and how much is recovered.

    Args:
        results: Of all classifiers and ratios.
        leaks: Whether videos of a patient may be on both sides.
    """
    sentences = [LEAKS] if leaks else []
    for model in dict.fromkeys(result.model for result in results):
        sentences += _on_choice([result for result in results if result.model == model])
    for result in results:
        where = f"{result.model} at ratio {result.ratio:g}"
        sentences += [f"{where}: {sentence}" for sentence in _of_result(result)]
    return tuple(sentences)


def _on_choice(results: Sequence[ResultRecord]) -> Iterator[str]:
    """Say at which of several ratios the question is decided: by k - b alone, never by (i)."""
    known = [(one.headroom.estimate, one.ratio) for one in results if one.headroom is not None]
    if len(known) < 2:  # noqa: PLR2004 - nothing to choose from
        return
    gain, ratio = max(known)
    yield (
        f"{results[0].model}: true videos gain most at ratio {ratio:g} ({gain:+.3f}), which is "
        "where the question is decided; the other ratios belong to the learning curve"
    )


def _of_result(result: ResultRecord) -> Iterator[str]:
    for verdict in result.verdicts:
        yield verdict.sentence if verdict.arm == "i" else f"{verdict.arm}: {verdict.sentence}"
        if verdict.recovery is not None:
            yield _on_recovery(verdict.recovery)
    yield from _on_stages(result)
    if result.not_trained:
        arms = ", ".join(f"({arm})" for arm in result.not_trained)
        yield (
            f"undecidable: {result.stopped or 'trainings are missing'}; {arms} not trained, "
            "--undecidable go-on trains them"
        )
    elif not result.verdicts and result.headroom is not None:
        gain = f"true videos of the other patients gain {signed(result.headroom)}"
        yield f"{gain}; undecidable: {result.stopped}" if result.stopped else gain


def _on_stages(result: ResultRecord) -> Iterator[str]:
    """Say which stage loses what true videos gain."""
    gains = result.gains()
    if {"k", "k-decoded"} <= gains.keys():
        true, decoded = signed(gains["k"]), signed(gains["k-decoded"])
        sentence = (
            f"true videos gain {true}, encoded and decoded {decoded}: what lies between is lost by "
            "stage 1"
        )
        if "i" in gains:
            sentence += f", what lies between that and LDDM's {signed(gains['i'])} by stage 2"
        yield sentence


def _on_recovery(found: RecoveryRecord) -> str:
    name = "" if found.arm == "i" else f" of {found.arm}"
    gain = f"synthetic videos gain {signed(found.gain)}"
    if found.ratio is None:
        return f"recovery{name} is undecidable: {found.reason}; {gain}"
    share = f"{found.ratio.estimate:.2f} [{found.ratio.low:.2f}, {found.ratio.high:.2f}]"
    met = "reached" if found.meets_target else "not reached"
    return (
        f"recovery{name} {share} of what true videos gain ({signed(found.headroom)}); {gain}; the "
        f"target, at least {TARGET_WORDS} and certainly more than nothing, is {met}"
    )
