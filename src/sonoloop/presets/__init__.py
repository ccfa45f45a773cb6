"""Training presets as TOML files."""
