"""What a store and a pack say of one video or still, believed only where it can be true."""

from typing import Annotated, Final, Literal, NamedTuple

from pydantic import Field, TypeAdapter, ValidationError

Kind = Literal["video", "still"]

Place = Annotated[int, Field(ge=0)]
Count = Annotated[int, Field(ge=1)]


class StoredItem(NamedTuple):
    """One video or still of the store and where its frames lie.

    Args:
        item_id: Its path below the folder it came from.
        label: Its class, where there is one.
        group_id: What must stay on one side of a split (patient, series, near-duplicates).
        kind: "video" or "still".
        shard: Number of the file its frames lie in.
        first_frame: Number of its first frame inside that file.
        num_frames: How many it has; a still has one.
    """

    item_id: str
    label: str | None
    group_id: str
    kind: Kind
    shard: Place
    first_frame: Place
    num_frames: Count


_ITEMS: Final = TypeAdapter(list[StoredItem])


def parse_items(entries: object) -> list[StoredItem]:
    """Read the items of an index that anybody may have written.

    Args:
        entries: A list of dictionaries, as JSON gives it.

    Raises:
        ValueError: If a field is missing, unknown or cannot be true, or two items share an id.
    """
    try:
        items = _ITEMS.validate_python(entries, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        msg = f"items{''.join(f'[{place}]' for place in first['loc'])}: {first['msg']}"
        raise ValueError(msg) from error
    if len({item.item_id for item in items}) < len(items):
        msg = "two items have one id"
        raise ValueError(msg)
    return items
