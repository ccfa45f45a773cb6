"""``sonoloop audit`` from the command line."""

from pathlib import Path

import pytest

from sonoloop.cli.main import main


def test_a_folder_that_is_no_dataset_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence on standard error, status 2, nothing written."""
    with pytest.raises(SystemExit) as stopped:
        main(["audit", str(tmp_path), "--label", "b_lines", "--out", str(tmp_path / "audit")])
    assert stopped.value.code == 2
    assert (
        "is no prepared dataset: make one with 'sonoloop data prepare'" in capsys.readouterr().err
    )
    assert not (tmp_path / "audit").exists()


def test_its_options_reach_the_recipe(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Label, folder and settings arrive as typed."""
    from sonoloop.recipes.audit import audit as recipe  # noqa: PLC0415 - imports torch

    seen: list[object] = []
    monkeypatch.setattr(recipe, "audit", lambda *arguments: seen.extend(arguments))
    words = ["--label", "b_lines", "--classes", "no,yes", "--folds", "4", "--metadata", "ward"]
    with pytest.raises(SystemExit) as stopped:
        main(["audit", str(tmp_path), *words])
    assert stopped.value.code == 0
    dataset, label, out, options = seen
    assert (dataset, label, out) == (tmp_path, "b_lines", None)
    assert options == recipe.AuditOptions(classes=("no,yes",), folds=4, metadata="ward")
