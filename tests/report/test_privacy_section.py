"""Privacy on the page."""

from sonoloop.report.privacy_section import privacy_section
from sonoloop.report.records import PrivacyRecord

MEASURED = PrivacyRecord(
    embedding="I3D",
    threshold=0.93,
    share_above=0.05,
    num_clips=60,
    attack_auroc=0.56,
    attack_low=0.49,
    attack_high=0.63,
)


def test_share_threshold_and_attack_are_told() -> None:
    """With the count behind the share and the interval of the attack."""
    page = privacy_section(MEASURED, {})
    assert "<b>5 %</b> of 60 synthetic clips (3) come nearer" in page
    assert "threshold 0.93" in page
    assert "AUROC 0.56 [0.49, 0.63]" in page
    assert "<svg" in page


def test_what_was_not_measured_is_said() -> None:
    """Silence would read as safety."""
    assert "Not measured" in privacy_section(None, {})
    page = privacy_section(MEASURED.model_copy(update={"attack_auroc": None}), {})
    assert "membership attack: not measured" in page
    assert "<svg" not in page
