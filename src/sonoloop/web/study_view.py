"""A study's report on the page: its text, and the HTML pages that lie beside it."""

from pathlib import Path
from typing import Final

from sonoloop.errors import UsageError
from sonoloop.report.markup import element, join
from sonoloop.report.study_record import STUDY_PAGE

ROOT: Final = "/study"
PAGE_SUFFIX: Final = ".html"


class StudyFolder:
    """The folder that a study or a report was written to.

    Args:
        folder: Holds ``study.md``, pages of ``sonoloop report``, or both.

    Raises:
        UsageError: If it holds neither.
    """

    def __init__(self, folder: Path) -> None:
        """Look for what can be shown."""
        self.folder = folder
        if not self.pages() and not (folder / STUDY_PAGE).is_file():
            msg = (
                f"{folder} holds neither {STUDY_PAGE} nor a page ({PAGE_SUFFIX}): give the --out "
                "of 'sonoloop study', or the folder of a page of 'sonoloop report'"
            )
            raise UsageError(msg)

    def pages(self) -> dict[str, Path]:
        """Find the HTML pages, by name."""
        found = sorted(self.folder.glob(f"*{PAGE_SUFFIX}"))
        return {path.name: path for path in found if path.is_file()}

    def text(self) -> str:
        """Read the study's report as it is now: a study may still be going on."""
        path = self.folder / STUDY_PAGE
        return path.read_text(encoding="utf-8") if path.is_file() else ""

    def links(self) -> str:
        """Lead to the pages."""
        links = [
            element("a", name, href=f"{ROOT}/{name}", target="_blank", rel="noopener")
            for name in self.pages()
        ]
        return element("p", join(links), class_="sl-links") if links else ""
