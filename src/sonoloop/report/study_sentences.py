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
    for result in results:
        where = f"{result.model} at ratio {result.ratio:g}"
        sentences += [f"{where}: {sentence}" for sentence in _of_result(result)]
    return tuple(sentences)


def _of_result(result: ResultRecord) -> Iterator[str]:
    for verdict in result.verdicts:
        yield verdict.sentence if verdict.arm == "i" else f"{verdict.arm}: {verdict.sentence}"
        if verdict.recovery is not None:
            yield _on_recovery(verdict.recovery)
    if not result.verdicts and result.headroom is not None:
        yield f"true videos of the other patients gain {signed(result.headroom)}"


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
