"""Class folders."""

from pathlib import Path

from sonoloop.data.datasets.generic import read_class_folders
from sonoloop.data.reading import find_recordings


def make(root: Path, *names: str) -> Path:
    """Write empty files."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def test_first_folder_is_the_class_and_second_the_patient(tmp_path: Path) -> None:
    """Files right below the input have no class; what is no media file is passed over."""
    root = make(tmp_path, "b/p1/1.mp4", "a/10.mp4", "a/2.mp4", "c.avi", "notes.txt", "a/.x.mp4")
    catalog = read_class_folders(root, find_recordings)
    found = {item.item_id: (item.label, item.group_id) for item in catalog.items}
    assert found == {
        "a/2.mp4": ("a", "file=a/2.mp4"),
        "a/10.mp4": ("a", "file=a/10.mp4"),
        "b/p1/1.mp4": ("b", "folder=p1"),
        "c.avi": (None, "file=c.avi"),
    }
    assert [item.item_id for item in catalog.items][:2] == ["a/2.mp4", "a/10.mp4"]


def test_a_patient_of_two_classes_is_one_group(tmp_path: Path) -> None:
    """The group is the patient, whatever the label."""
    root = make(tmp_path, "a/p1/1.mp4", "b/p1/1.mp4")
    assert {item.group_id for item in read_class_folders(root, find_recordings).items} == {
        "folder=p1"
    }


def test_notes_say_what_may_be_meant_otherwise(tmp_path: Path) -> None:
    """No patients; folders of pictures that may be classes of stills."""
    catalog = read_class_folders(make(tmp_path / "one", "a/1.mp4"), find_recordings)
    assert "no patient folders" in catalog.notes[0]
    root = make(tmp_path / "two", "a/1.png", "a/2.png", "b/1.png", "b/2.png")
    catalog = read_class_folders(root, lambda path: [path / "a", path / "b"])
    assert "are read as videos without label; for stills give a manifest" in catalog.notes[-1]
