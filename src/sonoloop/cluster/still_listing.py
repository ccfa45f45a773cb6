"""Stills by the million: listed as they are needed, from folders, listings, patterns, buckets."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Final, NamedTuple

import fsspec  # type: ignore[import-untyped]

from sonoloop.data.pixel_limits import MAX_RECORDING_BYTES
from sonoloop.data.reading import MEDIA_SUFFIXES
from sonoloop.errors import UnreadableFileError, UsageError
from sonoloop.recipes.synthesize import find_stills

LISTING_SUFFIX: Final = ".txt"
KEY_DIGITS: Final = 16
VERSIONS: Final = ("ETag", "etag", "mtime", "LastModified", "updated")
"""What file systems call that which changes with the content."""


class ListedStill(NamedTuple):
    """A still somewhere.

    Args:
        place: Path, or address such as ``s3://bucket/still.png``.
        name: What the manifest calls it.
        key: Identity: its place, and size and version where the listing tells.
    """

    place: str
    name: str
    key: str


def list_stills(images: Sequence[str]) -> Iterator[ListedStill]:
    """List stills in a fixed order.

    Args:
        images: Files and folders; patterns with ``*``; addresses of objects, patterns and folders
            of objects; text files (``.txt``) with a path or an address on each line.

    Raises:
        UsageError: If nothing was given, a place does not exist or holds no still, or its file
            system is unknown.
    """
    if not images:
        msg = "give at least one still: a file, a folder or an address"
        raise UsageError(msg)
    for image in images:
        found = False
        for still in _listed(image):
            found = True
            yield still
        if not found:
            msg = f"{image} names no image, DICOM file or video"
            raise UsageError(msg)


def _listed(image: str) -> Iterator[ListedStill]:
    is_remote, is_pattern = "://" in image, any(sign in image for sign in "*?[")
    if not is_remote and image.endswith(LISTING_SUFFIX):
        yield from _lines_of(Path(image))
    elif is_remote or (is_pattern and not Path(image).exists()):
        yield from _found(image, is_pattern=is_pattern)
    else:
        for path, name in find_stills([Path(image)]).files:
            yield _local(path, name)


def _lines_of(listing: Path) -> Iterator[ListedStill]:
    """Read a listing line by line; relative paths are relative to it."""
    try:
        with listing.open(encoding="utf-8") as lines:
            for line in lines:
                place = line.strip()
                if not place:
                    continue
                if "://" in place:
                    yield ListedStill(place, PurePosixPath(place).name, _key(place))
                else:
                    yield _local(listing.parent / place, PurePosixPath(place).name)
    except (OSError, UnicodeDecodeError) as error:
        msg = f"the listing {listing} cannot be read: {error}"
        raise UsageError(msg) from error


def _local(path: Path, name: str) -> ListedStill:
    place = str(path.resolve())
    try:
        status = path.stat()
    except OSError:  # whoever opens it will say so
        return ListedStill(place, name, _key(place))
    return ListedStill(place, name, _key(place, status.st_size, status.st_mtime_ns))


def _found(image: str, *, is_pattern: bool) -> Iterator[ListedStill]:
    """Ask a file system what a pattern or folder holds."""
    files, root = file_system(image)
    files.invalidate_cache()  # or it would answer from an earlier look
    try:
        found: Mapping[str, Mapping[str, Any]] = (
            files.glob(root, detail=True) if is_pattern else files.find(root, detail=True)
        )
    except Exception as error:  # each file system has errors of its own
        msg = f"{image} cannot be listed: {str(error) or type(error).__name__}"
        raise UsageError(msg) from error
    for path, details in sorted(found.items()):
        name = PurePosixPath(path).name
        is_still = PurePosixPath(path).suffix.lower() in MEDIA_SUFFIXES
        if details.get("type") != "file" or name.startswith(".") or not is_still:
            continue
        version = next((details[one] for one in VERSIONS if one in details), None)
        place = files.unstrip_protocol(path) if "://" in image else path
        below = path.removeprefix(root).lstrip("/")
        shown = name if is_pattern or not below else below
        yield ListedStill(place, shown, _key(place, details.get("size"), version))


def _key(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()[:KEY_DIGITS]


def fetch(still: ListedStill, folder: Path) -> Path:
    """Bring a still onto this machine.

    Args:
        still: Which.
        folder: Where it goes if it is elsewhere.

    Returns:
        The file.

    Raises:
        UnreadableFileError: If it cannot be had or is too large.
    """
    if "://" not in still.place:
        return Path(still.place)
    files, path = file_system(still.place)
    target = folder / f"{still.key}{PurePosixPath(path).suffix.lower()}"
    try:
        size = files.size(path) or 0
        if size <= MAX_RECORDING_BYTES:
            files.get_file(path, str(target))
            return target
    except Exception as error:  # each file system has errors of its own
        reason = f"cannot be fetched ({type(error).__name__})"
        raise UnreadableFileError(still.name, reason) from error
    reason = f"has {size} bytes, at most {MAX_RECORDING_BYTES} are fetched"
    raise UnreadableFileError(still.name, reason)


def file_system(place: str) -> tuple[Any, str]:
    """Find who can read a place.

    Args:
        place: Path or address.

    Returns:
        fsspec's file system, and what it calls the place.

    Raises:
        UsageError: If there is none.
    """
    try:
        files, path = fsspec.core.url_to_fs(place)
    except (ValueError, ImportError) as error:
        msg = f"{place}: {error}"
        raise UsageError(msg) from error
    return files, str(path)
