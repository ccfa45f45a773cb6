"""``sonoloop serve``: loops on a page, and by REST."""

from pathlib import Path


def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 7860,
    model: str = "default",
    out: Path | None = None,
    study: Path | None = None,
    reader_study: Path | None = None,
    seed: int = 0,
    max_upload_mb: int = 100,
    max_queue: int = 16,
    time_limit: float = 300.0,
) -> None:
    """Serve a page that turns stills into loops, and the same by REST.

    Nothing leaves the machine: no tunnel, no fonts or scripts from elsewhere, no analytics. Ctrl-C
    ends it. Needs the extra web: pip install 'sonoloop[web]'.

    Args:
        host: Interface to listen on. The default can be reached from this machine only; any other
            lets everyone in who reaches it, without a password.
        port: Port to listen on; 0 for any that is free.
        model: Name of a bundled model, or a folder made by 'sonoloop export'.
        out: Folder in which loops stay; by default they go when the server ends.
        study: Folder of 'sonoloop study' or of pages of 'sonoloop report', shown on a tab.
        reader_study: Serve a blinded reader study instead: a folder with the folders real and
            synthetic, of clips without the word SYNTHETIC. Answers go to --out, by default to
            answers/ below it.
        seed: Of the orders in which readers see the clips.
        max_upload_mb: Most that the stills of one request take.
        max_queue: Most requests that wait.
        time_limit: Longest work on one request, in seconds.
    """
    from importlib.util import find_spec  # noqa: PLC0415

    from sonoloop.errors import UsageError  # noqa: PLC0415

    if find_spec("gradio") is None:
        msg = "the page needs Gradio, which is not installed: pip install 'sonoloop[web]'"
        raise UsageError(msg)
    from sonoloop.web import server  # noqa: PLC0415 - torch: seconds to import
    from sonoloop.web.address import Address  # noqa: PLC0415
    from sonoloop.web.limits import Limits  # noqa: PLC0415

    address = Address(host, port)
    if reader_study is not None:
        server.serve_reader_study(address, reader_study, out=out, seed=seed)
        return
    limits = Limits(max_upload_mb, max_queue, time_limit)
    server.serve(address, model=model, out=out, limits=limits, study=study)
