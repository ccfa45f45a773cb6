"""What the server's terminal gets to see of an error."""

from sonoloop.web.failures import where_and_what


def test_place_is_told_and_words_are_not() -> None:
    """The words may hold a patient's name."""

    def broken() -> None:
        msg = "Meier.dcm"
        raise KeyError(msg)

    try:
        broken()
    except KeyError as error:
        told = where_and_what(error)
    assert told.startswith("KeyError\n")
    assert "in broken" in told
    assert "Meier" not in told.replace('msg = "Meier.dcm"', "")
