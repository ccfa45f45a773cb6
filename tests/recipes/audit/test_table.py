"""Numbers of probes as records and on the terminal."""

import numpy as np

from sonoloop.classification.patient_draws import PatientDraws
from sonoloop.classification.probe_arms import ProbedViews
from sonoloop.classification.statistics import widened
from sonoloop.recipes.audit.table import COLUMN, COMPARED, probed_records


def _found() -> ProbedViews:
    values = {
        "still": 0.5,
        "stills": 0.6,
        "shuffled": 0.7,
        "video": 0.8,
        "energy": 0.55,
        f"{COLUMN}fps": 0.5,
        f"{COLUMN}probe": 0.9,
    }
    rng = np.random.default_rng(0)
    patients = PatientDraws(tuple("abcdefgh"), 200, seed=0)
    draws = {name: value + rng.normal(0, 0.02, 200) for name, value in values.items()}
    shares = dict.fromkeys(values, 0.75)
    return ProbedViews(widened(values, draws, patients), shares, shares)


def test_views_columns_and_differences_go_their_ways() -> None:
    """Columns lose their mark and come strongest first; a view that is missing is not compared."""
    records = probed_records(_found())
    assert [one.view for one in records["probes"]] == [
        "still",
        "stills",
        "shuffled",
        "video",
        "energy",
    ]
    assert [one.view for one in records["columns"]] == ["probe", "fps"]
    pairs = [(one.view, one.other) for one in records["differences"]]
    assert pairs == [pair for pair in COMPARED if "metadata" not in pair]
    video = records["differences"][0].difference
    assert video.low < 0.2 < video.high
    assert video.p_value is not None
