"""List the licence of every locked dependency, and what may not be shipped with a closed product.

    python scripts/licences.py [--check]

Reads ``requirements/locked.txt`` and what the installed packages say of themselves, and writes
``docs/licences.md``. With --check it writes nothing and exits with 1 if the page is out of date.
A package that is not installed here (it is for another system) is listed as that.
"""

import argparse
import re
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
LOCKED = ROOT / "requirements" / "locked.txt"
PAGE = ROOT / "docs" / "licences.md"

COPYLEFT = re.compile(r"GPL|Mozilla|MPL|CDDL|EPL|EUPL|Eclipse Public|copyleft", re.IGNORECASE)
UNKNOWN = "not stated"
LONGEST = 60

HEAD = """# Licences of the dependencies

Written by `python scripts/licences.py` from `requirements/locked.txt` and the packages' own
metadata, for the versions that are tested. *Used by* is the part of sonoloop that needs a package:
plain `pip install sonoloop`, one of its extras, or only the tests. What a wheel carries inside,
such as the ffmpeg of PyAV, has licences of its own: see the package.

"""


class Licence(NamedTuple):
    """One line of the page."""

    package: str
    version: str
    licence: str
    used_by: str

    @property
    def remark(self) -> str:
        """What deserves a look."""
        if self.licence == UNKNOWN:
            return "look it up"
        return "copyleft" if COPYLEFT.search(self.licence) else ""


def normal(name: str) -> str:
    """Write a package's name as the index does (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked_versions() -> dict[str, str]:
    """Read the locked versions by package."""
    lines = LOCKED.read_text().splitlines()
    pairs = (re.match(r"([A-Za-z0-9._-]+)==([^\s;#]+)", line) for line in lines)
    return {normal(pair[1]): pair[2] for pair in pairs if pair}


def licence_of(package: Distribution) -> str:
    """Take the licence expression, else the classifiers, else the first line of the field."""
    stated = package.metadata.get_all("License-Expression") or []
    if stated:
        return str(stated[0])
    classifiers = package.metadata.get_all("Classifier") or []
    names = [
        str(line).rsplit(" :: ", 1)[-1]
        for line in classifiers
        if str(line).startswith("License :: ") and not str(line).endswith("OSI Approved")
    ]
    if names:
        return ", ".join(names)
    lines = str((package.metadata.get_all("License") or [""])[0]).strip().splitlines()
    return lines[0][:LONGEST] if lines else UNKNOWN


def needed_by(root: str, extra: str | None, *, deep: bool = True) -> set[str]:
    """Follow the requirements of an installed package, with those of one of its extras.

    Args:
        root: The package.
        extra: One of its extras; None for none.
        deep: Whether to go on with what those require.
    """
    found: set[str] = set()
    todo = [(root, extra)]
    done: set[tuple[str, str | None]] = set()
    while todo:
        name, of_extra = todo.pop()
        if (name, of_extra) in done:
            continue
        done.add((name, of_extra))
        try:
            requirements = distribution(name).requires or []
        except PackageNotFoundError:
            continue
        for line in requirements:
            wanted, _, marker = line.partition(";")
            extras = re.findall(r"extra\s*==\s*['\"]([^'\"]+)['\"]", marker)
            if extras and of_extra not in extras:
                continue
            match = re.match(r"\s*([A-Za-z0-9._-]+)(\[([^\]]*)\])?", wanted)
            if match is None:
                continue
            package = normal(match[1])
            found.add(package)
            if deep or package == root:  # an extra may name others of the same package
                todo += [
                    (package, None),
                    *((package, one.strip()) for one in (match[3] or "").split(",") if one),
                ]
    return found - {root}


def licences() -> list[Licence]:
    """Describe all locked packages."""
    plain = needed_by("sonoloop", None)
    extras = {name: needed_by("sonoloop", name) for name in ("web", "cluster", "medical", "docs")}
    lines = []
    for name, version in sorted(locked_versions().items()):
        try:
            licence = licence_of(distribution(name))
        except PackageNotFoundError:
            licence = "not installed here"
        parts = [extra for extra, needed in extras.items() if name in needed]
        used_by = "sonoloop" if name in plain else ", ".join(parts) or "tests"
        lines.append(Licence(name, version, licence, used_by))
    return lines


def page(lines: list[Licence]) -> str:
    """Write the page."""
    flagged = [line for line in lines if line.remark]
    rows = ["| package | version | licence | used by | |", "|---|---|---|---|---|"]
    rows += [
        f"| {line.package} | {line.version} | {line.licence.replace('|', '/')} | {line.used_by} "
        f"| {line.remark} |"
        for line in lines
    ]
    named = ", ".join(f"{line.package} ({line.licence}; {line.used_by})" for line in flagged)
    summary = f"{len(lines)} packages. To look at: {named or 'none'}.\n\n"
    return HEAD + summary + "\n".join(rows) + "\n"


def main() -> int:
    """Write or check the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    lines = licences()
    text = page(lines)
    for line in lines:
        if line.remark:
            print(f"{line.package} {line.version}: {line.licence} ({line.used_by}): {line.remark}")
    if not check:
        PAGE.write_text(text)
        return 0
    return int(not PAGE.is_file() or PAGE.read_text() != text)


if __name__ == "__main__":
    sys.exit(main())
