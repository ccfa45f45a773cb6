"""A study's report on the page: its text and plots, and the HTML pages that lie beside it."""

import re
from pathlib import Path
from typing import Final

from sonoloop.errors import UsageError
from sonoloop.report.markup import element, join
from sonoloop.report.study_record import STUDY_PAGE

ROOT: Final = "/study"
PAGE_SUFFIX: Final = ".html"
MEDIA_TYPES: Final = {PAGE_SUFFIX: "text/html", ".svg": "image/svg+xml"}
"""Of the files of the folder that the page shows, by suffix."""


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

    def file(self, name: str) -> Path | None:
        """Find a page or plot of the folder.

        Args:
            name: Of the file, without a path.

        Returns:
            Its path; None if there is no such page or plot.
        """
        paths = self.folder.iterdir() if self.folder.is_dir() else ()
        shown = {path.name: path for path in paths if path.suffix in MEDIA_TYPES and path.is_file()}
        return shown.get(name)

    def text(self) -> str:
        """Read the study's report as it is now, plots included: a study may still be going on."""
        path = self.folder / STUDY_PAGE
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        return re.sub(r"(!\[[^\]]*\]\()(?=[^/:)]+\.svg\))", rf"\1{ROOT}/", text)

    def links(self) -> str:
        """Lead to the pages."""
        links = [
            element("a", name, href=f"{ROOT}/{name}", target="_blank", rel="noopener")
            for name in self.pages()
        ]
        return element("p", join(links), class_="sl-links") if links else ""
