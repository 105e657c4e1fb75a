"""Makes `world.json` from public packages: `python -m workbench.figures.world.build FOLDER`; see README.md."""

from __future__ import annotations

import heapq
import json
import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

Point = tuple[float, float]
Ring = Sequence[Point]

WIDTH = 2400  # units from the date line to itself: finer than the pixels of any card
LEAST_BEND = 6.0  # square units: of the triangles that a line has fewer points without
LEAST_ISLAND = 14.0  # square units
LEAST_COUNTRY = 60.0  # square units: what is smaller is a dot too, or nobody would find it
LEFT_OUT = frozenset({"AQ"})  # half the height of the map, and no visitors

# ISO 3166-1 names that the atlas draws with another country or not at all: longitude, latitude.
DOTS: Mapping[str, Point] = {
    "BQ": (-68.3, 12.2),
    "BV": (3.4, -54.4),
    "CC": (96.8, -12.2),
    "CX": (105.6, -10.5),
    "GF": (-53.0, 4.0),
    "GI": (-5.35, 36.1),
    "GP": (-61.5, 16.2),
    "MQ": (-61.0, 14.6),
    "RE": (55.5, -21.1),
    "SJ": (16.0, 78.5),
    "TK": (-171.8, -9.2),
    "TV": (179.2, -8.5),
    "UM": (-176.5, 0.2),
    "YT": (45.2, -12.8),
}
APART: Mapping[str, Sequence[str]] = {"FR": ("GF", "GP", "MQ", "RE", "YT"), "NO": ("SJ", "BV")}
NEAR = 10.0  # degrees, of an outline's middle to the place above
UNNUMBERED: Mapping[str, str] = {"Kosovo": "XK"}  # a code that no standard gives, and that every database of IPs uses
SPOKEN: Mapping[str, str] = {
    "CD": "DR Congo",
    "CN": "China",
    "CG": "Congo",
    "CI": "Côte d'Ivoire",
    "CZ": "Czechia",
    "FK": "Falkland Islands",
    "FM": "Micronesia",
    "GM": "Gambia",
    "IR": "Iran",
    "KP": "North Korea",
    "KR": "South Korea",
    "LA": "Laos",
    "MD": "Moldova",
    "MK": "North Macedonia",
    "PS": "Palestine",
    "RU": "Russia",
    "SY": "Syria",
    "TW": "Taiwan",
    "TZ": "Tanzania",
    "US": "United States",
    "VA": "Vatican City",
    "VG": "British Virgin Islands",
    "VI": "US Virgin Islands",
}


def main(folder: Path) -> None:
    """Write `world.json` beside this file."""
    atlas = _read(folder / "world-atlas/package/countries-50m.json")
    codes = _read(folder / "i18n-iso-countries/package/codes.json")
    names = _read(folder / "i18n-iso-countries/package/langs/en.json")["countries"]
    shapes = dict(_shapes(atlas, {number: code for code, _, number, *_ in codes}))
    countries = [_country(code, long, names[code], shapes.get(code, [])) for code, long, *_ in sorted(codes)]
    unplaced = [code for code in shapes if code not in names and code]
    if unplaced:
        sys.exit(f"The atlas has codes without a name: {unplaced}")
    world = {
        "width": WIDTH,
        "height": round(WIDTH * _HEIGHT / _WIDTH),
        "countries": [country for country in countries if country["code"] not in LEFT_OUT],
        "others": [_steps(ring) for ring in shapes[""] if _area(ring) >= LEAST_ISLAND],
    }
    text = json.dumps(world, ensure_ascii=False, separators=(",", ":"))
    Path(__file__).with_name("world.json").write_text(text + "\n", encoding="utf-8")


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _country(code: str, long: str, names: str | list[str], rings: Sequence[Ring]) -> dict[str, Any]:
    """A country as the file has it: its outlines, and a dot where there is little to see of them."""
    listed = [names] if isinstance(names, str) else names
    spoken = SPOKEN.get(code, listed[0])
    also = [name for name in listed if name not in {spoken, "Congo"}]  # two countries go by "Congo"
    largest = max(rings, key=_area, default=())
    seen = [_steps(ring) for ring in rings if _area(ring) >= LEAST_ISLAND]
    written: dict[str, Any] = {"code": code, "long": long, "name": spoken, "also": also, "rings": seen}
    if _area(largest) >= LEAST_COUNTRY:
        return written
    at = _projected(DOTS[code]) if code in DOTS else _middle(largest)
    return written | {"dot": [round(at[0]), round(at[1])]}


# ---------------------------------------------------------------- the atlas


def _shapes(atlas: Mapping[str, Any], code_of: Mapping[str, str]) -> Iterator[tuple[str, list[Ring]]]:
    """Outlines in units by code; those of no country by the empty text. One code may have several parts."""
    arcs = [_simplified(arc) for arc in _decoded(atlas)]
    found: dict[str, list[Ring]] = {"": []}
    for geometry in atlas["objects"]["countries"]["geometries"]:
        name = geometry["properties"]["name"]
        code = code_of.get(geometry.get("id"), UNNUMBERED.get(name, ""))
        cut = [part for ring in _rings(geometry, arcs) for part in _cut(ring)]
        for part in cut:
            found.setdefault(_owner(code, part), []).append([_projected(point) for point in part])
    yield from found.items()


def _owner(code: str, ring: Ring) -> str:
    """The code of an island or coast that the atlas draws with the country it belongs to, and ISO 3166-1 apart."""
    longitude, latitude = _middle(ring)
    for apart in APART.get(code, ()):
        if math.hypot(longitude - DOTS[apart][0], latitude - DOTS[apart][1]) < NEAR:
            return apart
    return code


def _decoded(atlas: Mapping[str, Any]) -> Iterator[list[Point]]:
    """Arcs in degrees: TopoJSON writes whole steps from point to point."""
    (scale_x, scale_y), (left, bottom) = atlas["transform"]["scale"], atlas["transform"]["translate"]
    for arc in atlas["arcs"]:
        x = y = 0
        points = []
        for step_x, step_y in arc:
            x, y = x + step_x, y + step_y
            points.append((x * scale_x + left, y * scale_y + bottom))
        yield points


def _rings(geometry: Mapping[str, Any], arcs: Sequence[Ring]) -> Iterator[Ring]:
    """The outlines of a polygon or of several, in degrees; a hole runs the other way round and stays open."""
    polygons = [geometry["arcs"]] if geometry["type"] == "Polygon" else geometry["arcs"]
    for indices in (ring for polygon in polygons for ring in polygon):
        outline: list[Point] = []
        for index in indices:
            arc = arcs[index] if index >= 0 else arcs[~index][::-1]
            outline += arc[1:] if outline else arc
        yield outline


def _cut(ring: Ring) -> Iterator[Ring]:
    """The ring in pieces that end at the date line, which it may cross."""
    turned = 0.0
    unrolled = [ring[0]]
    for (before, _), (longitude, latitude) in pairwise(ring):
        turned += -_ROUND * round((longitude - before) / _ROUND)
        unrolled.append((longitude + turned, latitude))
    for shift in (-_ROUND, 0.0, _ROUND):
        shifted = [(longitude + shift, latitude) for longitude, latitude in unrolled]
        part = _clipped(_clipped(shifted, 1), -1)
        if part:
            yield part


def _clipped(ring: Ring, side: int) -> Ring:
    """What of the ring lies west of the date line (side 1) or east of it (-1) (Sutherland and Hodgman 1974)."""
    limit = _ROUND / 2
    part: list[Point] = []
    for (x1, y1), (x2, y2) in _sides(ring):
        inside, next_inside = x1 * side <= limit, x2 * side <= limit
        if inside:
            part.append((x1, y1))
        if inside != next_inside:
            part.append((limit * side, y1 + (y2 - y1) * (limit * side - x1) / (x2 - x1)))
    return part


# ---------------------------------------------------------------- geometry

_ROUND = 360.0

_A = (1.340264, -0.081106, 0.000893, 0.003796)
_SLOPE = math.sqrt(3) / 2


def _equal_earth(longitude: float, latitude: float) -> Point:
    """Equal Earth (Šavrič, Patterson and Jenny 2018, doi:10.1080/13658816.2018.1504949): areas keep their sizes."""
    angle = math.asin(_SLOPE * math.sin(math.radians(latitude)))
    square = angle * angle
    sixth = square**3
    slope = _A[0] + 3 * _A[1] * square + sixth * (7 * _A[2] + 9 * _A[3] * square)
    x = math.radians(longitude) * math.cos(angle) / (_SLOPE * slope)
    return x, angle * (_A[0] + _A[1] * square + sixth * (_A[2] + _A[3] * square))


_WIDTH = 2 * _equal_earth(180, 0)[0]
_BOTTOM, _TOP = _equal_earth(0, -57)[1], _equal_earth(0, 84)[1]
_HEIGHT = _TOP - _BOTTOM


def _projected(point: Point) -> Point:
    """In units: x from the date line, y from below Cape Horn."""
    x, y = _equal_earth(*point)
    return (x / _WIDTH + 0.5) * WIDTH, (y - _BOTTOM) / _WIDTH * WIDTH


def _simplified(arc: Ring) -> Ring:
    """The arc without the points that bend it least (Visvalingam and Whyatt 1993); its ends stay, so borders meet."""
    line = [_projected(point) for point in arc]
    before = list(range(-1, len(line) - 1))
    after = list(range(1, len(line) + 1))
    size = [math.inf] * len(line)
    bends = [(_triangle(line, at - 1, at, at + 1), at) for at in range(1, len(line) - 1)]
    for bend, at in bends:
        size[at] = bend
    heapq.heapify(bends)
    kept = [True] * len(line)
    while bends and bends[0][0] < LEAST_BEND:
        bend, at = heapq.heappop(bends)
        if not kept[at] or bend != size[at]:
            continue
        kept[at] = False
        left, right = before[at], after[at]
        after[left], before[right] = right, left
        for side in (left, right):
            if 0 < side < len(line) - 1:
                size[side] = max(_triangle(line, before[side], side, after[side]), bend)
                heapq.heappush(bends, (size[side], side))
    return [point for point, stays in zip(arc, kept, strict=True) if stays]


def _triangle(line: Ring, *corners: int) -> float:
    return _area([line[corner] for corner in corners])


def _area(ring: Ring) -> float:
    """In square units, by the shoelace formula."""
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in _sides(ring))) / 2


def _sides(ring: Ring) -> Iterable[tuple[Point, Point]]:
    return zip(ring, [*ring[1:], *ring[:1]], strict=True)


def _middle(ring: Ring) -> Point:
    return sum(x for x, _ in ring) / len(ring), sum(y for _, y in ring) / len(ring)


def _steps(ring: Ring) -> list[int]:
    """The first point, then steps from point to point, in whole units."""
    points = [(round(x), round(y)) for x, y in ring]
    kept = [point for at, point in enumerate(points) if at == 0 or point != points[at - 1]]
    steps = [(x - x0, y - y0) for (x0, y0), (x, y) in pairwise(kept)]
    return [number for pair in [kept[0], *steps] for number in pair]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
