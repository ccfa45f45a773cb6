"""Plots of a study."""

from xml.etree import ElementTree as ET

from sonoloop.report.study_plots import arm_files, arm_plots, learning_plots, study_plots
from sonoloop.report.study_record import StudyRecord


def test_every_arm_has_its_interval(study_record: StudyRecord) -> None:
    """AUROC of all, gain over (b) of those that have one."""
    result = study_record.results[0]
    aurocs, gains = arm_plots(result)
    for name in ("a real", "b augmented", "i LDDM"):
        assert f"{name} 0.7, 95 % interval 0.6 to 0.8" in aurocs
    assert "i LDDM 0.03, 95 % interval -0.02 to 0.08" in gains
    assert "a real" not in gains


def test_gains_are_drawn_against_real_videos_of_several_ratios(study_record: StudyRecord) -> None:
    """By classifier; one ratio is no curve."""
    (plot,) = learning_plots(study_record.results).values()
    assert "LDDM 0.03 (-0.02 to 0.08) at 70, 0.03 (-0.02 to 0.08) at 50" in plot
    assert not learning_plots(study_record.results[:1])


def test_true_videos_and_sources_from_elsewhere_have_curves(study_record: StudyRecord) -> None:
    """(k) from the headroom where there is no verdict, a source under its own name."""
    results = []
    for result in study_record.results:
        arms = [
            result.arms[0].model_copy(update={"arm": arm}) for arm in ("b", "k", "somebody's model")
        ]
        (verdict,) = result.verdicts
        (gain,) = verdict.against_baseline
        other = gain.model_copy(update={"arm": "somebody's model"})
        changed = verdict.model_copy(update={"against_baseline": (other,)})
        results.append(result.model_copy(update={"arms": tuple(arms), "verdicts": (changed,)}))
    (plot,) = learning_plots(results).values()
    assert "true videos 0.05 (-0.05 to 0.15) at 70" in plot
    assert "somebody&#x27;s model 0.03" in plot


def test_plots_are_files(study_record: StudyRecord) -> None:
    """Each an SVG document of its own; no file for a plot that would be empty."""
    files = study_plots(study_record)
    assert set(files) == {
        "curve-c3d.svg", "auroc-c3d-0.7.svg", "gain-c3d-0.7.svg", "auroc-c3d-0.5.svg",
        "gain-c3d-0.5.svg",
    }  # fmt: skip
    for document in files.values():
        ET.fromstring(document)  # noqa: S314 (made here)
    bare = study_record.results[0].model_copy(update={"verdicts": (), "headroom": None})
    alone = study_plots(study_record.model_copy(update={"results": (bare,)}))
    assert set(alone) == {arm_files(bare)[0]}
