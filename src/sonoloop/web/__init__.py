"""The page and its service: stills come in by a browser or by REST, loops go out."""
