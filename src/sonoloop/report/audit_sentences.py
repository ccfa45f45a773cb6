"""What an audit's numbers mean, in sentences that say no more than the intervals do."""

from collections.abc import Iterator
from typing import Final

from sonoloop.report.audit_record import AuditRecord, IntervalRecord

CHANCE: Final = 0.5


def audit_findings(record: AuditRecord) -> tuple[str, ...]:
    """Say whether motion can help, what order adds, and whether labels are confounded.

    Args:
        record: The numbers; its own findings are not read.

    Returns:
        Two to five sentences.
    """
    return (*_on_motion(record), *_on_metadata(record), *_on_energy(record))


def signed(value: IntervalRecord) -> str:
    """Write a difference with its interval."""
    return f"{value.estimate:+.2f} [{value.low:+.2f}, {value.high:+.2f}]"


def plain(value: IntervalRecord) -> str:
    """Write an AUROC with its interval."""
    return f"{value.estimate:.2f} [{value.low:.2f}, {value.high:.2f}]"


def _on_motion(record: AuditRecord) -> Iterator[str]:
    video, stills = record.probe("video").auroc, record.probe("stills").auroc
    gain, order = record.difference("video", "stills"), record.difference("video", "shuffled")
    if max(video.low, stills.low) <= CHANCE:
        yield (
            f"neither video ({plain(video)}) nor the bag of stills ({plain(stills)}) tells the "
            "label from chance: this net sees nothing here that motion could add to"
        )
    elif gain.low <= 0:
        yield (
            f"video does not beat the bag of stills ({signed(gain)}): motion cannot help here, or "
            f"by no more than {max(gain.high, 0):.2f}"
        )
    else:
        yield (
            f"video beats the bag of stills by {signed(gain)}: the label is in what happens "
            "between frames, so that synthetic video can help here"
        )
        if order.low > 0:
            yield f"the order of frames matters: video beats shuffled ones by {signed(order)}"
        else:
            yield (
                f"video does not beat shuffled frames ({signed(order)}): that frames differ "
                "counts, not their order"
            )


def _on_metadata(record: AuditRecord) -> Iterator[str]:
    if not record.columns:
        yield "all videos have the same metadata: it cannot tell the label"
        return
    metadata, over = record.probe("metadata").auroc, record.difference("video", "metadata")
    if metadata.low <= CHANCE:
        yield f"metadata alone does not predict the label (AUROC {plain(metadata)})"
        return
    strongest = record.columns[0]
    yield (
        f"metadata alone predicts the label at AUROC {plain(metadata)} (strongest column: "
        f"{strongest.view}, {plain(strongest.auroc)}, accuracy {strongest.accuracy:.0%}): the "
        "labels are confounded, and a net may learn where a video comes from"
    )
    if over.low <= 0:
        yield (
            f"video does not beat metadata ({signed(over)}): its score is no evidence that the "
            "disease is seen"
        )


def _on_energy(record: AuditRecord) -> Iterator[str]:
    energy = record.probe("energy").auroc
    if energy.low > CHANCE:
        yield (
            f"temporal energy alone, one number a clip, predicts the label at AUROC {plain(energy)}"
        )
