"""The table on the console."""

import io

from rich.console import Console

from sonoloop.recipes.evaluation.table import print_table
from sonoloop.report.records import ClipSetRecord, EvaluationRecord, MetricRecord, ValueRecord


def test_table_shows_values_intervals_warnings_and_failures() -> None:
    """Everything a reader needs to judge a number."""
    clips = ClipSetRecord(path="x", num_clips=9, num_groups=5, num_frames=16, height=8, width=8)
    failed = clips.model_copy(update={"failures": (("b.mp4", "is empty"),)})
    values = (
        ValueRecord(
            role="synthetic", value=12.345, low=11, high=13, num_clips=9, num_reference_clips=9
        ),
        ValueRecord(role="same-videos", value=3, num_clips=9, num_reference_clips=9),
    )
    metric = MetricRecord(
        id="fvd", name="FVD", better="lower", values=values, warnings=("few clips",)
    )
    record = EvaluationRecord(
        title="test",
        created="now",
        software="sonoloop",
        settings={},
        real=clips,
        synthetic=failed,
        metrics=(metric,),
        notes=("a note",),
    )
    text = io.StringIO()
    print_table(record, Console(file=text, width=120))
    for said in ("n = 9", "FVD (lower is", "12.35 [11, 13]", "same videos, later", "few clips"):
        assert said in text.getvalue()
    assert "- b.mp4: is empty" in text.getvalue()
    assert "- a note" in text.getvalue()
