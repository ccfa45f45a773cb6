"""One file per command: composition of the parts, the only place that knows them all."""
