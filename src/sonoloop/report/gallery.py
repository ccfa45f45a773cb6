"""Loops of one still side by side: real, reconstructed, synthetic; and the best and worst cases."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from sonoloop.report.markup import Markup, element, join
from sonoloop.report.media import Media
from sonoloop.report.records import CaseRecord, LoopRecord, MetricRecord
from sonoloop.report.words import number

Files = Mapping[str, Media]
"""Loops and strips by the names the record gives them."""


def gallery(loops: Iterable[LoopRecord], files: Files, *, real: str = "real") -> Markup:
    """Show loops that play together, a row for each still.

    Args:
        loops: What to show.
        files: The files they are in.
        real: What the real loop of a row is called.
    """
    return join(_row(loop, files, real=real) for loop in loops)


def cases(
    found: Sequence[CaseRecord],
    loops: Sequence[LoopRecord],
    metrics: Sequence[MetricRecord],
    files: Files,
) -> Markup:
    """Show the best and the worst synthetic clips of each metric they were ranked by."""
    names = {metric.id: metric.name for metric in metrics}
    parts = []
    for metric_id in dict.fromkeys(case.metric for case in found):
        ranked = [case for case in found if case.metric == metric_id]
        best = sorted((case for case in ranked if case.rank > 0), key=lambda case: case.rank)
        worst = sorted((case for case in ranked if case.rank <= 0), key=lambda case: -case.rank)
        for title, chosen in (("Best", best), ("Worst", worst)):
            if chosen:
                shown = [_case(case, loops, files) for case in chosen]
                heading = f"{title} by {names.get(metric_id, metric_id)}"
                parts += [element("h4", heading), element("div", *shown, class_="cases")]
    return join(parts)


def _case(case: CaseRecord, loops: Sequence[LoopRecord], files: Files) -> Markup:
    found = _find(case.clip, loops)
    heading = element("p", element("b", number(case.value)), " ", case.clip, class_="case-name")
    if found is None:
        return element("div", heading, element("p", "no loop of it here", class_="quiet"))
    loop, name = found
    figures = [_figure(name, "synthetic", case.clip, files)]
    if loop.real is not None:
        figures.insert(0, _figure(loop.real, "real", case.clip, files))
    return element("div", heading, element("div", *figures, class_="loops"), class_="case")


def _find(clip: str, loops: Sequence[LoopRecord]) -> tuple[LoopRecord, str] | None:
    """Find the loop that a case names: by its file, or as the first one of its still."""
    for loop in loops:
        for name in loop.synthetic:
            path = PurePosixPath(name)
            if clip in {name, path.name, path.stem} or PurePosixPath(clip).stem == path.stem:
                return loop, name
    named = [loop for loop in loops if loop.name == clip and loop.synthetic]
    return (named[0], named[0].synthetic[0]) if named else None


def _row(loop: LoopRecord, files: Files, *, real: str) -> Markup:
    figures = []
    if loop.real is not None:
        figures.append(_figure(loop.real, real, loop.name, files))
    if loop.reconstructed is not None:
        figures.append(_figure(loop.reconstructed, "reconstructed", loop.name, files))
    count = len(loop.synthetic)
    for place, name in enumerate(loop.synthetic, start=1):
        label = "synthetic" if count == 1 else f"synthetic {place} of {count}"
        figures.append(_figure(name, label, loop.name, files))
    strip = None
    if loop.strip is not None:
        strip = _strip(files[loop.strip], f"Film strip of {loop.name}")
    return element(
        "section",
        element("h4", loop.name),
        element("p", loop.caption, class_="quiet") if loop.caption else None,
        element("div", *figures, class_="loops"),
        strip,
        class_="still",
    )


def _figure(name: str, label: str, still: str, files: Files) -> Markup:
    kind = label.split(maxsplit=1)[0]
    return element(
        "figure",
        _shown(files[name], f"{label} loop, {still}"),
        element("figcaption", label),
        class_=f"loop {kind}",
    )


def _strip(media: Media, description: str) -> Markup:
    caption = "film strip, time from left to right"
    picture = element(
        "div",
        _shown(media, description),
        class_="scroll",
        tabindex=0,
        role="region",
        aria_label=description,
    )
    return element("figure", picture, element("figcaption", caption), class_="strip")


def _shown(media: Media, description: str) -> Markup:
    """Return the element that plays or shows a file, or says why there is nothing to see."""
    if not media.uri:
        return element("p", media.problem, class_="missing")
    sizes = {"width": media.width, "height": media.height}
    if media.is_video:
        return element(
            "video",
            src=media.uri,
            muted=True,
            loop=True,
            playsinline=True,
            controls=True,
            preload="auto",
            aria_label=description,
            **sizes,
        )
    picture = element("img", src=media.uri, alt=description, **sizes)
    if media.still_uri is None:
        return picture
    still = element("source", srcset=media.still_uri, media="(prefers-reduced-motion: reduce)")
    return element("picture", still, picture)
