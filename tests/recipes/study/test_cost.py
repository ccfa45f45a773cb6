"""The plan that is printed before anything starts."""

from dataclasses import replace

import pytest

from sonoloop.recipes.study import cost as module
from sonoloop.recipes.study.cells import plan_cells
from sonoloop.recipes.study.context import StudyContext
from sonoloop.recipes.study.cost import duration, plan_lines, step_seconds


def test_cost_is_the_sum_of_its_parts(
    study_context: StudyContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Steps of all trainings at the speed measured, and the minutes of the generators."""
    monkeypatch.setattr(module, "step_seconds", lambda *_: 2.0)
    options = replace(study_context.options, arms="a,b,g,h,i", generator_minutes=10.0)
    context = replace(study_context, options=options)
    cells = plan_cells(options, options.arm_names())
    steps = sum(context.steps(context.division(cell)) for cell in cells)
    text = "\n".join(plan_lines(context, cells, 3))
    assert "32 videos of 16 patients (moves 16, rests 16); rests is positive" in text
    assert "10 trainings of classifiers, 3 more done already" in text
    assert f"{steps} steps in all, 2.0 clips a second: about {duration(2.0 * steps)}" in text
    # stage 1 takes 0.6 of the minutes, each stage 2 the rest
    assert f"2 sets of generators (cinn, lddm, random): about {duration(2 * 600 * 1.4)}" in text
    assert f"in all about {duration(2 * steps + 2 * 600 * 1.4)}" in text


def test_a_division_by_video_is_called_a_leak(study_context: StudyContext) -> None:
    """Before anything starts; nothing left to do costs nothing."""
    context = replace(study_context, options=replace(study_context.options, split="video"))
    lines = list(plan_lines(context, [], 5))
    assert any(line.startswith("LEAKS") for line in lines)
    assert lines[-1].startswith("in all about 0 s")


def test_speed_is_measured(study_context: StudyContext) -> None:
    """Some time above 0; torch's global generator is left alone."""
    cells = plan_cells(study_context.options, ("b",))
    assert 0 < step_seconds(study_context, cells[0]) < 60


@pytest.mark.parametrize(("seconds", "words"), [(5.0, "5 s"), (90.0, "2 min"), (7200.0, "2.0 h")])
def test_duration(seconds: float, words: str) -> None:
    """Seconds, minutes, hours."""
    assert duration(seconds) == words
