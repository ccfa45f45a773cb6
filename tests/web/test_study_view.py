"""A study's report beside the loops."""

from pathlib import Path

import pytest

from sonoloop.errors import UsageError
from sonoloop.web.study_view import StudyFolder


def test_text_and_pages_are_found(tmp_path: Path) -> None:
    """As they are when they are asked for."""
    (tmp_path / "study.md").write_text("# Findings\n")
    study = StudyFolder(tmp_path)
    assert (study.text(), study.links()) == ("# Findings\n", "")
    (tmp_path / "<a>.html").write_text("x")
    assert list(study.pages()) == ["<a>.html"]
    assert "&lt;a&gt;.html</a>" in study.links()
    assert "<a>" not in study.links().replace("</a>", "")


def test_plots_are_shown_and_nothing_else(tmp_path: Path) -> None:
    """The report names plots beside it; the page asks the server for them."""
    (tmp_path / "study.md").write_text(
        "![r3d18](gain.svg) ![x](https://a.org/b.svg) [c](gain.svg) ![d](../e.svg) ![f](g.png)\n"
    )
    study = StudyFolder(tmp_path)
    assert study.text() == (
        "![r3d18](/study/gain.svg) ![x](https://a.org/b.svg) [c](gain.svg) ![d](../e.svg) "
        "![f](g.png)\n"
    )
    assert study.file("gain.svg") is None
    (tmp_path / "gain.svg").write_text("<svg/>")
    assert study.file("gain.svg") == tmp_path / "gain.svg"
    for name in ("study.md", "../gain.svg", "", "..", "/etc/passwd"):
        assert study.file(name) is None


def test_page_alone_is_enough(tmp_path: Path) -> None:
    """Of 'sonoloop report'."""
    (tmp_path / "report.html").write_text("x")
    assert StudyFolder(tmp_path).text() == ""


def test_other_folder_is_refused(tmp_path: Path) -> None:
    """It says what is looked for."""
    with pytest.raises(UsageError, match=r"holds neither study\.md nor a page"):
        StudyFolder(tmp_path)
