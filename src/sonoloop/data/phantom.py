"""A moving speckle phantom: videos with known content and motion, made of nothing but a seed.

Physics, simple and explicit. Point scatterers with Gaussian amplitudes lie at random in a medium
of wavy layers with one lesion. The echogenicity of the place where a scatterer rests sets its
strength. Each frame moves the scatterers by a smooth displacement: respiration (compression and
sliding of the deep layers), pulsation around the lesion, drift of the probe. The demodulated echo
is linear in the scatterers (Born approximation, one plane of incidence, no refraction)::

    iq(z, x) = sum_n a_n exp(-2 i k z_n) G(z - z_n, x - x_n)

with a separable Gaussian point spread function G and wave number k; the picture is its envelope,
log-compressed. Rigid motion therefore carries the speckle along and strain decorrelates it, as in
tissue. Lengths are fractions of the field's side; a larger picture is that of a sharper probe.

Motion as a label: the breathing phase is uniform and independent of everything else, so the
displacement at any one time, and with it any single frame, has the same distribution whatever the
breathing frequency. Classes that differ in this frequency alone differ in their motion alone.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.fft import fft2, ifft2, next_fast_len

from sonoloop.data.recording import Frames

Kind = Literal["cyst", "solid"]
"""A cyst is dark with a bright trail below it, a solid lesion grey with a shadow."""

Motion = Literal["slow", "fast"]
"""Breathing frequency: slow or fast; nothing else differs."""

MIN_SIZE, MAX_SIZE = 16, 512
"""Height and width of a phantom in pixels."""

BREATHING_HZ: dict[Motion, tuple[float, float]] = {"slow": (0.20, 0.40), "fast": (0.75, 0.95)}
"""Range of the breathing frequency in each class."""

SPREAD = (0.020, 0.026)
"""Axial and lateral standard deviation of the point spread function at 64 px."""

PULSE_PHASE = 10.0
"""2 k times the axial spread of a pulse two cycles long: the spread is 0.8 wavelengths."""

SCATTERERS_PER_CELL = 10
"""Scatterers in a cell of 4 pi times both spreads; from 10 on speckle is fully developed."""

MARGIN = 0.12
"""Width of the medium around the field, so that motion brings in tissue and not emptiness."""

MARGIN_OF_LESION = 0.12
"""Half the width of the bright margin, as a fraction of the lesion's radius."""

HALF_INTERFACE = 0.014
"""Half the thickness of the bright interface between two layers."""

DYNAMIC_RANGE_DB = 55.0
"""Span of the grey scale, black to white."""

WHITE_DB = 19.0
"""Echo level shown white; fully developed speckle of 0 dB tissue has a mean square of 0 dB."""

NOISE_DB = -40.0
"""Level of the electronic noise."""

Floats = npt.NDArray[np.float32]


def phantom_clip(
    rng: np.random.Generator,
    *,
    size: int = 64,
    num_frames: int = 48,
    frame_rate_hz: float = 25.0,
    kind: Kind | None = None,
    motion: Motion | None = None,
    sector: bool = False,
) -> Frames:
    """Simulate one video.

    Args:
        rng: Source of the content and of the motion.
        size: Height and width in pixels, 16 to 512.
        num_frames: Number of frames, at least 1.
        frame_rate_hz: Frames a second.
        kind: What the lesion is; None draws one.
        motion: Breathing class; None draws a frequency over the range of both.
        sector: Whether to blacken what lies outside a convex probe's sector.

    Returns:
        Grey frames (num_frames, size, size), uint8.

    Raises:
        ValueError: If size, num_frames or frame_rate_hz is out of its range.
    """
    if not MIN_SIZE <= size <= MAX_SIZE or num_frames < 1 or frame_rate_hz <= 0:
        msg = (
            f"need size {MIN_SIZE} to {MAX_SIZE}, num_frames >= 1 and frame_rate_hz > 0, "
            f"got {size}, {num_frames} and {frame_rate_hz}"
        )
        raise ValueError(msg)
    spread = (SPREAD[0] * (64 / size) ** 0.5, SPREAD[1] * (64 / size) ** 0.5)
    medium = _draw_medium(rng, spread, kind or rng.choice(("cyst", "solid")))
    movement = _draw_movement(rng, motion)
    times_s = np.arange(num_frames, dtype=np.float32)[:, None] / np.float32(frame_rate_hz)
    depth, lateral = movement.displaced(medium, times_s)
    echo = render_echo(depth, lateral, medium.amplitude, spread, size)
    noise_power = rng.standard_exponential(echo.shape, np.float32) * np.float32(
        10 ** (NOISE_DB / 10)
    )
    level_db = 10 * np.log10(echo.real**2 + echo.imag**2 + noise_power)
    gain_db = rng.uniform(-3, 3)
    grey = np.clip(1 + (level_db + gain_db - WHITE_DB) / DYNAMIC_RANGE_DB, 0, 1) * 255
    if sector:
        grey *= sector_mask(size)
    frames: Frames = np.rint(grey).astype(np.uint8)
    return frames


@lru_cache(maxsize=4)
def sector_mask(size: int) -> npt.NDArray[np.bool_]:
    """Return where a convex probe sees: a ring sector whose centre lies above the picture.

    Args:
        size: Height and width in pixels.

    Returns:
        True inside the sector, (size, size).
    """
    nearest, farthest, centre_height, half_angle = 0.33, 1.22, 0.25, np.deg2rad(35)
    row, column = (np.indices((size, size)) + 0.5) / size
    radius = np.hypot(row + centre_height, column - 0.5)
    angle = np.arctan2(column - 0.5, row + centre_height)
    mask: npt.NDArray[np.bool_] = (
        (radius > nearest) & (radius < farthest) & (np.abs(angle) < half_angle)
    )
    return mask


@dataclass(frozen=True)
class _Medium:
    """Scatterers at rest."""

    depth: Floats
    lateral: Floats
    amplitude: Floats
    lesion: tuple[float, float, float]  # depth, lateral place and mean radius


@dataclass(frozen=True)
class _Movement:
    """How the medium moves; lengths as fractions of the field, speeds a second."""

    breathing_hz: float
    breathing_phase: float
    breathing_amplitude: float
    slide: float  # lateral over axial breathing amplitude, with sign
    slide_depth: float
    pulse_hz: float
    pulse_phase: float
    pulse_amplitude: float
    drift: tuple[float, float]

    def displaced(self, medium: _Medium, times_s: Floats) -> tuple[Floats, Floats]:
        """Return depth and lateral place of each scatterer at each time, (t, scatterers)."""
        turn = np.float32(2 * np.pi)
        breath = np.sin(turn * self.breathing_hz * times_s + self.breathing_phase)
        pulse = np.sin(turn * self.pulse_hz * times_s + self.pulse_phase)
        depth, lateral = medium.depth[None], medium.lateral[None]
        sliding = 1 / (1 + np.exp(-(depth - self.slide_depth) / 0.05))
        from_depth, from_lateral = depth - medium.lesion[0], lateral - medium.lesion[1]
        near = np.exp(-(from_depth**2 + from_lateral**2) / (2 * medium.lesion[2] ** 2))
        swelling = self.pulse_amplitude * pulse * near / medium.lesion[2]
        breathing = self.breathing_amplitude * breath
        axial = breathing * (0.3 + 0.7 * depth) + swelling * from_depth
        sideways = breathing * self.slide * sliding + swelling * from_lateral
        new_depth = depth + axial + self.drift[0] * times_s
        new_lateral = lateral + sideways + self.drift[1] * times_s
        return new_depth.astype(np.float32), new_lateral.astype(np.float32)


def _draw_movement(rng: np.random.Generator, motion: Motion | None) -> _Movement:
    """Draw the motion; only the breathing frequency depends on the class."""
    low, high = BREATHING_HZ[motion] if motion else (0.20, 0.95)
    return _Movement(
        breathing_hz=rng.uniform(low, high),
        breathing_phase=rng.uniform(0, 2 * np.pi),
        breathing_amplitude=rng.uniform(0.013, 0.019),
        slide=rng.choice((-1, 1)) * rng.uniform(0.5, 1.2),
        slide_depth=rng.uniform(0.25, 0.6),
        pulse_hz=rng.uniform(0.9, 1.4),
        pulse_phase=rng.uniform(0, 2 * np.pi),
        pulse_amplitude=rng.uniform(0.002, 0.006),
        drift=(rng.uniform(-0.006, 0.006), rng.uniform(-0.012, 0.012)),
    )


def _draw_medium(rng: np.random.Generator, spread: tuple[float, float], kind: Kind) -> _Medium:
    """Scatter points over field and margin, as strong as the tissue they rest in."""
    cell = 4 * np.pi * spread[0] * spread[1]
    count = round(SCATTERERS_PER_CELL * (1 + 2 * MARGIN) ** 2 / cell)
    depth, lateral = rng.uniform(-MARGIN, 1 + MARGIN, (2, count))
    lesion_depth, lesion_lateral = rng.uniform(0.35, 0.65), rng.uniform(0.3, 0.7)
    radii = rng.uniform(0.1, 0.19), rng.uniform(0.13, 0.25)
    level_db = _layers_db(rng, depth, lateral)
    # Signed distance from the margin of the lesion: 0 on it, -1 in its centre.
    outside = np.hypot((depth - lesion_depth) / radii[0], (lateral - lesion_lateral) / radii[1]) - 1
    below = (depth > lesion_depth) & (np.abs(lateral - lesion_lateral) < 0.85 * radii[1])
    inside_db, margin_db, trail_db = (-34.0, 4.0, 6.0) if kind == "cyst" else (-13.0, 3.0, -10.0)
    level_db += np.where(below & (outside > 0), trail_db, 0.0)
    level_db = np.where(outside < 0, inside_db, level_db)
    level_db += np.where(np.abs(outside) < MARGIN_OF_LESION, margin_db, 0.0)
    # The mean square of the echo is the density of scatterers times the integral of G squared,
    # pi times both spreads: a quarter of a cell. It becomes one where the level is 0 dB.
    strength = 10 ** (level_db / 20) / np.sqrt(SCATTERERS_PER_CELL / 4)
    amplitude = strength * rng.standard_normal(count)
    return _Medium(
        depth.astype(np.float32),
        lateral.astype(np.float32),
        amplitude.astype(np.float32),
        (lesion_depth, lesion_lateral, sum(radii) / 2),
    )


def _layers_db(
    rng: np.random.Generator, depth: npt.NDArray[np.float64], lateral: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Draw wavy layers with bright interfaces and slow variation within them, in dB."""
    level_db = np.full_like(depth, rng.uniform(-8, 0))
    for boundary in np.sort(rng.uniform(0.08, 0.95, rng.integers(2, 5))):
        wave = 0.03 * np.sin(2 * np.pi * rng.uniform(0.3, 1) * lateral + rng.uniform(0, 2 * np.pi))
        height = depth - boundary - wave
        level_db = np.where(height > 0, rng.uniform(-20, 0), level_db)
        level_db += np.where(np.abs(height) < HALF_INTERFACE, rng.uniform(5, 12), 0.0)
    for _ in range(4):
        angle, wavelength = rng.uniform(0, 2 * np.pi), rng.uniform(0.15, 0.6)
        along = depth * np.sin(angle) + lateral * np.cos(angle)
        level_db += 1.5 * np.sin(2 * np.pi * along / wavelength + rng.uniform(0, 2 * np.pi))
    return level_db - 6 * np.clip(depth, 0, 1)  # what depth gain leaves of the attenuation


def render_echo(
    depth: Floats,
    lateral: Floats,
    amplitude: Floats,
    spread: tuple[float, float],
    size: int,
) -> npt.NDArray[np.complex64]:
    """Lay the scatterers on the pixel grid (bilinear) and blur them by the point spread function.

    Args:
        depth: Depth of each scatterer in each frame, (t, scatterers).
        lateral: The same for the lateral place.
        amplitude: Strength of each scatterer.
        spread: Axial and lateral standard deviation of the point spread function.
        size: Height and width of the field in pixels.

    Returns:
        Demodulated echo (t, size, size).
    """
    num_frames = len(depth)
    pad = round(4 * max(spread) * size)
    side = next_fast_len(size + 2 * pad)
    row = depth * size - 0.5 + pad
    column = lateral * size - 0.5 + pad
    seen = (row >= 0) & (row < side - 1) & (column >= 0) & (column < side - 1)
    frame, scatterer = np.nonzero(seen)
    row, column = row[seen], column[seen]
    top, left = row.astype(np.int64), column.astype(np.int64)
    down, right = row - top, column - left
    phase = np.float32(-PULSE_PHASE / spread[0]) * depth[seen]
    strength = amplitude[scatterer]
    parts = strength * np.cos(phase), strength * np.sin(phase)
    corner = (frame * side + top) * side + left
    grid = np.zeros((num_frames, side, side), np.complex64)
    for shift, share in (
        (0, (1 - down) * (1 - right)),
        (1, (1 - down) * right),
        (side, down * (1 - right)),
        (side + 1, down * right),
    ):
        place = corner + shift
        grid.real += np.bincount(place, parts[0] * share, grid.size).reshape(grid.shape)
        grid.imag += np.bincount(place, parts[1] * share, grid.size).reshape(grid.shape)
    spectrum = fft2(grid)
    frequency = np.fft.fftfreq(side) * size
    transfer = [np.exp(-2 * (np.pi * width * frequency) ** 2) for width in spread]
    blurred = ifft2(spectrum * np.outer(*transfer).astype(np.float32))
    # The kernel sums to one; scaled so that its peak is one at any size.
    scale = 2 * np.pi * spread[0] * spread[1] * size**2
    return (scale * blurred[:, pad : pad + size, pad : pad + size]).astype(np.complex64, copy=False)
