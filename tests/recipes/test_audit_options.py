"""Options of an audit."""

from sonoloop.recipes.audit_options import AuditOptions, parse_names


def test_names_are_separated_by_commas() -> None:
    """Blanks and empty parts do not count; what was not given names nothing."""
    assert parse_names("healthy, covid19,,") == ("healthy", "covid19")
    assert parse_names(None) == ()
    assert AuditOptions().classes is None
