"""From folders to one file."""

import json
from pathlib import Path

import pytest

from sonoloop.errors import UsageError
from sonoloop.recipes.report import report
from sonoloop.report.study_record import StudyRecord


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Write the folder of a training that has just begun."""
    folder = tmp_path / "stage1"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"stage": "autoencoder"}))
    return folder


def test_page_is_written_whole(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also over an older one and into a new folder; the size is told."""
    out = tmp_path / "new" / "report.html"
    for title in (None, "Mine"):
        report([run], out=out, title=title)
        text = out.read_text(encoding="utf-8")
        assert f"<title>{title or 'Training of the autoencoder: stage1'}</title>" in text
        assert text.endswith("</html>\n")
    assert [path.name for path in out.parent.iterdir()] == ["report.html"]
    assert "report.html: 0.0 MB" in capsys.readouterr().out


def test_several_runs_have_a_common_title(run: Path, tmp_path: Path) -> None:
    """None of them names the page."""
    other = tmp_path / "stage2"
    other.mkdir()
    (other / "config.json").write_text(json.dumps({"stage": "diffusion"}))
    out = tmp_path / "report.html"
    report([run, other], out=out)
    assert "<title>sonoloop report</title>" in out.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["report.json", "report", "folder.html"])
def test_out_must_be_an_html_file(run: Path, tmp_path: Path, name: str) -> None:
    """A record or a folder is not overwritten by mistake."""
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(UsageError, match=r"give a name that ends in \.html"):
        report([run], out=tmp_path / name)


def test_runs_that_cannot_be_shown_are_refused(run: Path, tmp_path: Path) -> None:
    """None, one twice, a folder of something else, no folder: one sentence, and no file."""
    out = tmp_path / "report.html"
    empty = tmp_path / "empty"
    empty.mkdir()
    for runs, sentence in (
        ([], "no run given"),
        ([run, run / "." / ".." / "stage1"], "is given twice"),
        ([run, empty], "holds none of evaluation.json"),
        ([tmp_path / "nowhere"], "holds none of evaluation.json"),
    ):
        with pytest.raises(UsageError, match=sentence):
            report(runs, out=out)
    assert not out.exists()


def test_studies_and_audits_are_read(
    tmp_path: Path, finished_study: tuple[Path, StudyRecord]
) -> None:
    """A study's folder by its record; a damaged one names the file and what is wrong."""
    out = tmp_path / "report.html"
    report([finished_study[0]], out=out)
    text = out.read_text(encoding="utf-8")
    assert "<title>Does synthetic video help? label of dataset, by patient</title>" in text
    for name in ("study", "audit"):
        damaged = tmp_path / name
        damaged.mkdir()
        (damaged / f"{name}.json").write_text('{"format": 1, "dataset": 3}')
        with pytest.raises(UsageError, match=rf"{name}\.json is no valid {name} record: dataset"):
            report([damaged], out=out)
