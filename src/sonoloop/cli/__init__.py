"""The command line. No module here imports torch at import time."""
