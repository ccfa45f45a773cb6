"""``quality.html``: what a dataset holds and what was left out, on one page for the eye.

The page stands alone (no scripts, no links) and names items by their ids only.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from sonoloop.data.catalog import Catalog, Dropped
from sonoloop.data.config import ClipConfig
from sonoloop.data.dataset_item import DatasetItem, DuplicatePair
from sonoloop.data.quality_figures import histogram_svg, thumbnail_uri
from sonoloop.data.quality_tables import MAX_ROWS, Markup, counted, html_table
from sonoloop.data.recording import Frames
from sonoloop.data.splits import SPLIT_NAMES

MAX_THUMBNAILS = 240

NO_LABEL = "(no label)"

_STYLE = """
body { font: 14px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 1180px;
  padding: 0 1rem; color: #1c2733; }
h1 { margin-bottom: 0; } h2 { margin-top: 2.2rem; border-bottom: 1px solid #d5dce3; }
table { border-collapse: collapse; margin: .6rem 0; } th { text-align: left; color: #52606d; }
td, th { padding: .2rem 1rem .2rem 0; vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
tr + tr td { border-top: 1px solid #eef1f4; } .bad { color: #a61b1b; } .quiet { color: #52606d; }
svg text { font-size: 10px; fill: #52606d; } svg .title { font-size: 12px; fill: #1c2733; }
svg rect { fill: #2b6cb0; } svg line { stroke: #9aa5b1; }
.thumbs { display: flex; flex-wrap: wrap; gap: 10px; }
figure { margin: 0; width: 112px; } figure img { width: 112px; height: 112px; background: #000;
  display: block; image-rendering: auto; }
figcaption { font-size: 10.5px; overflow-wrap: anywhere; color: #52606d; }
.pair img { width: 72px; height: 72px; }
"""


@dataclass(frozen=True)
class QualityReport:
    """What the page shows.

    Args:
        catalog: Layout and notes.
        items: What went in, in order.
        dropped: What was left out.
        duplicates: Near-duplicates across groups or labels.
        spans_s: Seconds a clip of each item stands for; 0 for stills.
        config: The clips the spans are of.
        first_frame: Gives the first stored frame of an item by its number.
    """

    catalog: Catalog
    items: Sequence[DatasetItem]
    dropped: Sequence[Dropped]
    duplicates: Sequence[DuplicatePair]
    spans_s: Sequence[float]
    config: ClipConfig
    first_frame: Callable[[int], Frames]


def quality_page(report: QualityReport) -> str:
    """Compose the page.

    Args:
        report: What it shows.

    Returns:
        HTML; the same report gives the same text.
    """
    sections = [
        _summary(report),
        _counts(report),
        _histograms(report),
        _dropped(report),
        _duplicates(report),
        _warnings(report),
        _groups(report),
        _thumbnails(report),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>Dataset quality</title><style>{_STYLE}</style></head><body>\n"
        + "\n".join(section for section in sections if section)
        + "\n</body></html>\n"
    )


def _summary(report: QualityReport) -> str:
    items, videos = report.items, [item for item in report.items if item.prepared.kind == "video"]
    failures = sum(drop.is_failure for drop in report.dropped)
    num_frames = sum(item.prepared.num_frames for item in items)
    window = report.config.window_s
    short = slow = 0
    for item, span_s in zip(items, report.spans_s, strict=True):
        if item.prepared.kind == "video" and window is not None:
            short += span_s < window
            slow += span_s > window
    num_groups = len({item.group_id for item in items})
    kinds = f"{counted(len(videos), 'video')} and {counted(len(items) - len(videos), 'still')}"
    lines = [
        f"{kinds} in {counted(num_groups, 'group')}, {counted(num_frames, 'frame')}",
        f"{counted(len(report.dropped), 'recording')} left out, {failures} of them unreadable",
        f"{counted(len(report.duplicates), 'near-duplicate pair')} across groups or labels",
    ]
    if window is not None and videos:
        lines.append(
            f"a clip is {report.config.num_frames} frames over {window:g} s; of "
            f"{counted(len(videos), 'video')} {short} cannot fill it and give what they have, "
            f"{slow} are so slow that consecutive frames take longer"
        )
    notes = [*lines, *report.catalog.notes]
    return (
        f'<h1>Dataset quality</h1><p class="quiet">layout: {escape(report.catalog.layout)}, frames '
        f"stored at {report.config.size} x {report.config.size}</p>"
        "<ul>" + "".join(f"<li>{escape(note)}</li>" for note in notes) + "</ul>"
    )


def _counts(report: QualityReport) -> str:
    rows = []
    keys = sorted({(item.prepared.kind, item.source.label or NO_LABEL) for item in report.items})
    for kind, label in keys:
        chosen = [
            item
            for item in report.items
            if (item.prepared.kind, item.source.label or NO_LABEL) == (kind, label)
        ]
        sides = Counter(item.side for item in chosen)
        groups = [
            len({item.group_id for item in chosen if item.side == side}) for side in SPLIT_NAMES
        ]
        per_side = [f"{sides[side]} ({num})" for side, num in zip(SPLIT_NAMES, groups, strict=True)]
        total = len({item.group_id for item in chosen})
        rows.append([label, kind, *per_side, f"{len(chosen)} ({total})"])
    heads = ["class", "kind", *SPLIT_NAMES, "all"]
    return f"<h2>Items (groups) per class and side</h2>{html_table(heads, rows)}"


def _histograms(report: QualityReport) -> str:
    prepared = [item.prepared for item in report.items]
    videos = [item for item in prepared if item.kind == "video"]
    charts = [
        histogram_svg(
            [float(item.source_width) for item in prepared], "width of the original, pixels"
        ),
        histogram_svg(
            [float(item.source_height) for item in prepared], "height of the original, pixels"
        ),
        histogram_svg([float(item.scan_width) for item in prepared], "width of the scan, pixels"),
        histogram_svg([float(item.scan_height) for item in prepared], "height of the scan, pixels"),
        histogram_svg([item.frame_rate_hz or 0.0 for item in videos], "frame rate, Hz"),
        histogram_svg([item.duration_s for item in videos], "duration, s"),
    ]
    return "<h2>Sizes and rates</h2>" + "".join(charts)


def _dropped(report: QualityReport) -> str:
    if not report.dropped:
        return "<h2>Left out</h2><p>nothing</p>"
    rows = [
        [
            drop.item_id,
            Markup(f'<span class="bad">{escape(drop.reason)}</span>')
            if drop.is_failure
            else drop.reason,
        ]
        for drop in report.dropped
    ]
    return f"<h2>Left out</h2>{html_table(['item', 'why'], rows)}"


def _duplicates(report: QualityReport) -> str:
    if not report.duplicates:
        return ""
    numbers = {item.source.item_id: number for number, item in enumerate(report.items)}

    def picture(item_id: str) -> Markup:
        uri = thumbnail_uri(report.first_frame(numbers[item_id]))
        return Markup(f'<span class="pair"><img alt="" src="{uri}"></span>')

    def meaning(pair: DuplicatePair) -> str | Markup:
        if pair.labels_differ:
            return Markup('<span class="bad">labels contradict: one is wrong</span>')
        return "groups joined"

    ordered = sorted(report.duplicates, key=lambda pair: (not pair.labels_differ, pair))
    rows = [
        [
            picture(pair.one),
            pair.one,
            picture(pair.other),
            pair.other,
            pair.differing_bits,
            meaning(pair),
        ]
        for pair in ordered[: MAX_ROWS // 3]
    ]
    hidden = len(ordered) - len(rows)
    more = f'<p class="quiet">and {hidden} more, all in prepare.json</p>' if hidden else ""
    heads = ["", "item", "", "near-duplicate", "bits of 256", ""]
    return f"<h2>Near-duplicates across groups or labels</h2>{html_table(heads, rows)}{more}"


def _warnings(report: QualityReport) -> str:
    told: dict[str, list[str]] = {}
    for item in report.items:
        for warning in item.prepared.warnings:
            told.setdefault(warning, []).append(item.source.item_id)
    rows = [
        [warning, len(names), ", ".join(names[:3]) + (" ..." if names[3:] else "")]
        for warning, names in sorted(told.items(), key=lambda entry: -len(entry[1]))
    ]
    return f"<h2>Noticed while reading</h2>{html_table(['what', 'items', 'such as'], rows)}" * bool(
        rows
    )


def _groups(report: QualityReport) -> str:
    members: dict[str, list[DatasetItem]] = {}
    for item in report.items:
        members.setdefault(item.group_id, []).append(item)
    rows = []
    for group_id, group in sorted(members.items(), key=lambda entry: -len(entry[1])):
        labels = Counter(item.source.label or NO_LABEL for item in group)
        counted = ", ".join(f"{count} {label}" for label, count in sorted(labels.items()))
        joined = len({item.source.group_id for item in group})
        rows.append([group_id, group[0].side, len(group), counted, joined])
    heads = ["group", "side", "items", "per class", "joined from"]
    return (
        "<h2>Groups (patients)</h2><details><summary>all groups, largest first</summary>"
        f"{html_table(heads, rows)}</details>"
    )


def _thumbnails(report: QualityReport) -> str:
    count = len(report.items)
    shown = np.unique(np.linspace(0, count - 1, min(count, MAX_THUMBNAILS)).round().astype(int))
    figures = []
    for number in shown.tolist():
        item = report.items[number]
        caption = f"{item.source.item_id} · {item.source.label or 'no label'} · {item.side}"
        figures.append(
            f'<figure><img alt="" src="{thumbnail_uri(report.first_frame(number))}">'
            f"<figcaption>{escape(caption)}</figcaption></figure>"
        )
    return (
        f"<h2>First frames ({len(shown)} of {count})</h2>"
        f'<div class="thumbs">{"".join(figures)}</div>'
    )
