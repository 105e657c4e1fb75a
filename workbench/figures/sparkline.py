"""A line without axes, small enough to stand beside a number: SVG, drawn by no script."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.figures.theme import Theme, faded

WIDTH = 200  # units of the view box; the picture stretches to the width it is given


def sparkline(values: Sequence[float | None], theme: Theme, *, height_px: int, running: bool = False) -> str:
    """The values as an area under a line, from zero; empty text for fewer than two.

    Only numbers go in, so nothing needs escaping.

    Args:
        values: Oldest first; a gap is crossed.
        theme: The theme it is drawn in.
        height_px: Its height; its width is what there is.
        running: Whether the last period is not over: the way to it is dashed.
    """
    known = [(at, value) for at, value in enumerate(values) if value is not None]
    if len(known) < 2:  # noqa: PLR2004 - one point is no line
        return ""
    low, high = min(0.0, *(value for _, value in known)), max(0.0, *(value for _, value in known))
    span = (high - low) or 1.0
    down = [1 + (high - value) / span * (height_px - 2) for _, value in known]
    points = [f"{at * WIDTH / (len(values) - 1):.1f},{y:.1f}" for (at, _), y in zip(known, down, strict=True)]
    floor = f"{1 + high / span * (height_px - 2):.1f}"
    area = f"{points[0].split(',')[0]},{floor} {' '.join(points)} {points[-1].split(',')[0]},{floor}"
    lines = _line(points[:-1] if running else points, theme) + (
        _line(points[-2:], theme, dashed=True) if running else ""
    )
    return (
        f'<svg class="wb-spark" viewBox="0 0 {WIDTH} {height_px}" height="{height_px}" preserveAspectRatio="none" '
        f'aria-hidden="true"><polygon points="{area}" fill="{faded(theme.accent, 0.12)}" />{lines}</svg>'
    )


def _line(points: Sequence[str], theme: Theme, *, dashed: bool = False) -> str:
    dash = ' stroke-dasharray="3 3"' if dashed else ""
    return (
        f'<polyline points="{" ".join(points)}" fill="none" stroke="{theme.accent}" stroke-width="1.5"{dash} '
        f'vector-effect="non-scaling-stroke" stroke-linejoin="round" />'
    )
