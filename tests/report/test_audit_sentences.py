"""What an audit says, for numbers of every kind."""

from collections.abc import Callable

import pytest

from sonoloop.report.audit_record import AuditRecord
from sonoloop.report.audit_sentences import audit_findings

Make = Callable[..., AuditRecord]


def test_motion_that_stills_lack(make_audit: Make) -> None:
    """As on BLUES: video .80, stills .60, shuffled .78; nothing else tells the label."""
    motion, order, metadata = audit_findings(make_audit())
    assert motion == (
        "video beats the bag of stills by +0.20 [+0.14, +0.26]: the label is in what happens "
        "between frames, so that synthetic video can help here"
    )
    assert order == (
        "video does not beat shuffled frames (+0.02 [-0.04, +0.08]): that frames differ counts, "
        "not their order"
    )
    assert metadata == "metadata alone does not predict the label (AUROC 0.50 [0.44, 0.56])"


def test_order_that_matters(make_audit: Make) -> None:
    """Shuffling that costs more than chance."""
    sentences = audit_findings(make_audit(shuffled=0.65))
    assert (
        sentences[1]
        == "the order of frames matters: video beats shuffled ones by +0.15 [+0.09, +0.21]"
    )


def test_stills_that_do_as_well_and_confounded_labels(make_audit: Make) -> None:
    """As on POCUS: video .93, stills .91, the source .85."""
    motion, metadata, energy = audit_findings(
        make_audit(video=0.93, stills=0.91, metadata=0.85, energy=0.6)
    )
    assert motion == (
        "video does not beat the bag of stills (+0.02 [-0.04, +0.08]): motion cannot help here, or "
        "by no more than 0.08"
    )
    assert metadata == (
        "metadata alone predicts the label at AUROC 0.85 [0.79, 0.91] (strongest column: source, "
        "0.85 [0.79, 0.91], accuracy 73%): the labels are confounded, and a net may learn where a "
        "video comes from"
    )
    assert energy == (
        "temporal energy alone, one number a clip, predicts the label at AUROC 0.60 [0.54, 0.66]"
    )


def test_video_no_better_than_metadata(make_audit: Make) -> None:
    """Then its score is no evidence of anything in the picture."""
    sentences = audit_findings(make_audit(metadata=0.79))
    assert "video does not beat metadata (+0.01 [-0.05, +0.07])" in sentences[-1]


def test_nothing_to_see(make_audit: Make) -> None:
    """Video and stills near 1/2: no claim about motion in either direction."""
    first = audit_findings(make_audit(video=0.53, stills=0.5))[0]
    assert first.startswith("neither video (0.53 [0.47, 0.59]) nor the bag of stills")


@pytest.mark.parametrize("half", [0.01, 0.3])
def test_video_worse_than_stills_cannot_help_at_all(make_audit: Make, half: float) -> None:
    """A gain below 0 is no gain: the bound is the interval's upper end, at least 0."""
    first = audit_findings(make_audit(video=0.85, stills=0.9, half=half))[0]
    assert first.endswith(f"by no more than {max(half - 0.05, 0):.2f}")


def test_metadata_that_never_differs(make_audit: Make) -> None:
    """Without a column that varies there is nothing to confound by."""
    record = make_audit()
    record = record.model_copy(
        update={"columns": (), "probes": tuple(p for p in record.probes if p.view != "metadata")}
    )
    assert "all videos have the same metadata: it cannot tell the label" in audit_findings(record)
