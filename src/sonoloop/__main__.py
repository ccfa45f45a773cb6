"""``python -m sonoloop`` is the ``sonoloop`` command."""

from sonoloop.cli.main import main

if __name__ == "__main__":
    main()
