"""The same work on many machines: Ray carries it, recipes do it."""
