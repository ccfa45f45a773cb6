"""Options of an audit."""

from sonoloop.recipes.audit.options import AuditOptions, class_words, parse_names


def test_names_are_separated_by_commas() -> None:
    """Blanks and empty parts do not count; what was not given names nothing."""
    assert parse_names("healthy, covid19,,") == ("healthy", "covid19")
    assert parse_names(None) == ()
    assert AuditOptions().classes == ()


def test_classes_are_values_or_joined_values() -> None:
    """Both ways of writing them come out as one."""
    assert class_words(["healthy,covid19"]) == ["healthy=healthy", "covid19=covid19"]
    assert class_words(["mild=0,1", "severe=2"]) == ["mild=0,1", "severe=2"]
