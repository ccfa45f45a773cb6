"""``sonoloop phantom`` writes what it says and says where."""

from pathlib import Path

import pytest

from sonoloop.cli.main import main


def test_phantoms_are_written_and_the_next_step_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command fills class folders and prints the line to run next."""
    out = tmp_path / "phantoms"
    words = ["phantom", "--out", str(out), "--count", "4", "--size", "32", "--num-frames", "4"]
    with pytest.raises(SystemExit) as stop:
        main([*words, "--motion-label"])
    assert stop.value.code == 0
    assert len(list(out.glob("*/*.mp4"))) == 4
    text = capsys.readouterr().err
    assert "4 phantom videos (fast and slow)" in text
    assert f"next: sonoloop data prepare {out}" in text


def test_a_folder_in_use_is_a_usage_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 2, one sentence, nothing written."""
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(SystemExit) as stop:
        main(["phantom", "--out", str(tmp_path)])
    assert stop.value.code == 2
    assert "choose a new folder" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
