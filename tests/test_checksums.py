"""Checksums of a folder's files."""

import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sonoloop.checksums import SUMS_FILE, damaged_files, sha256_of, write_summed, write_sums

Flipped = Callable[[Path, int], AbstractContextManager[None]]
NAMES = ("a.bin", "below/b c.bin")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write two files, one below with a blank in its name, and their checksums."""
    (tmp_path / "below").mkdir()
    for name in NAMES:
        (tmp_path / name).write_bytes(name.encode() * 9)
    write_sums(tmp_path, NAMES)
    return tmp_path


def test_known_value(tmp_path: Path) -> None:
    """FIPS 180-2, appendix B.1: the message "abc"."""
    (tmp_path / "abc").write_bytes(b"abc")
    assert sha256_of(tmp_path / "abc") == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


def test_coreutils_reads_the_file(folder: Path) -> None:
    """So it can be checked where nothing is installed."""
    command = ["sha256sum", "--check", "--strict", SUMS_FILE]
    result = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    assert result.stdout.splitlines() == ["a.bin: OK", "below/b c.bin: OK"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from((*NAMES, SUMS_FILE)), bit=st.integers(0, 10**4))
def test_any_flipped_bit_is_found(folder: Path, flipped: Flipped, name: str, bit: int) -> None:
    """Also one of the checksums, which then accuses their file or itself."""
    assert damaged_files(folder) == []
    with flipped(folder / name, bit):
        damaged = damaged_files(folder)
    assert name in damaged or (name == SUMS_FILE and damaged)


def test_every_bit_of_the_checksums_counts(folder: Path, flipped: Flipped) -> None:
    """Ends of lines included: a newline with its lowest bit flipped is a vertical tab."""
    path = folder / SUMS_FILE
    for bit in range(8 * path.stat().st_size):
        with flipped(path, bit):
            assert damaged_files(folder), bit


def test_missing_files_and_missing_checksums(folder: Path) -> None:
    """A file that is gone is damaged; without checksums nothing is known."""
    (folder / "a.bin").unlink()
    assert damaged_files(folder) == ["a.bin"]
    assert damaged_files(folder, [NAMES[1]]) == []
    (folder / SUMS_FILE).unlink()
    assert damaged_files(folder) == []


def test_checksums_are_written_before_their_files(folder: Path) -> None:
    """Whoever is killed in between leaves no file that nothing vouches for."""
    (folder / "taken").mkdir()
    with pytest.raises(OSError, match="taken"):
        write_summed(folder, {"taken": b"x"}, also=["a.bin"])
    assert damaged_files(folder) == ["taken"]
    write_summed(folder, {"new": b"x"}, also=NAMES)
    assert damaged_files(folder) == []
    assert len((folder / SUMS_FILE).read_text().splitlines()) == 3


@pytest.mark.parametrize("name", ["/etc/passwd", "../outside", "below/../../outside"])
def test_files_elsewhere_are_not_looked_at(folder: Path, name: str) -> None:
    """Checksums from a stranger would tell what other files hold; this is damage."""
    with (folder / SUMS_FILE).open("a") as file:
        file.write(f"{'0' * 64}  {name}\n")
    assert damaged_files(folder) == [SUMS_FILE]


def test_a_name_longer_than_any_file_has_is_damage(folder: Path) -> None:
    """Found by fuzzing: a name of 3000 characters was an error of the system's."""
    (folder / SUMS_FILE).write_text(f"{'0' * 64}  {'x' * 3000}\n")
    assert damaged_files(folder) == ["x" * 3000]
