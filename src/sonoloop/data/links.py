"""Links inside a folder that was given: followed as long as they stay in it.

A folder from a stranger may hold links to files of whoever works on it, which would then be read,
and perhaps shared with what is made of them.
"""

from pathlib import Path


def lies_in(path: Path, root: Path) -> bool:
    """Tell whether a path, links resolved, lies in a folder.

    Args:
        path: Need not exist.
        root: The folder that was given; may itself be a link.
    """
    return path.resolve().is_relative_to(root.resolve())


def leads_out(path: Path, root: Path) -> bool:
    """Tell whether a file, a folder, or a file right in that folder lies somewhere else.

    Args:
        path: Below ``root`` by its name; need not exist.
        root: The folder that was given; may itself be a link.
    """
    if not lies_in(path, root):
        return True
    if not path.is_dir():
        return False
    links = (entry for entry in path.iterdir() if entry.is_symlink())
    return any(not lies_in(link, root) for link in links)


def why_not_followed(root: Path) -> str:
    """Say why such a file is left out, and what to do.

    Args:
        root: The folder that was given.
    """
    return (
        f"is or holds a link that leads out of {root.name or root}: copy the file there, or give "
        "the place it leads to as an input of its own"
    )
