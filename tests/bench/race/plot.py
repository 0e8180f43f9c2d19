"""Plots of seconds against sizes as SVG, both axes logarithmic."""
import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 440, 80, 20, 44, 56
COLOURS = ["#1f6fb4", "#d0582a", "#2f8f4e", "#8a55b0", "#9a7a1c", "#5a6470"]


def limits(values):
    return math.log10(min(values) / 1.15), math.log10(max(values) * 1.15)


def ticks(first, last):
    """1, 2 and 5 times powers of ten between two logarithms, or the powers alone where those are many."""
    for factors in ((1, 2, 5), (1,)):
        found = [factor * 10.0**exponent for exponent in range(math.floor(first), math.ceil(last) + 1) for factor in factors]
        found = [value for value in found if first <= math.log10(value) <= last]
        if len(found) <= 10:
            break
    return found


def number(value):
    return f"{value:.0f}" if value >= 1 else f"{value:g}"


def lines(title, x_axis, y_axis, series):
    """series: name -> [(x, y), ...], all above 0. The dashed line is proportional growth, through the last point of the first series."""
    series = {name: [(x, y) for x, y in points if x > 0 and y > 0] for name, points in series.items()}
    points = [point for each in series.values() for point in each]
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="13">',
             f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
             f'<text x="{LEFT}" y="24" font-size="15">{escape(title)}</text>']
    if not points:
        return "\n".join(parts + [f'<text x="{LEFT}" y="80">nothing was measured</text>', "</svg>"]) + "\n"
    x_first, x_last = limits([x for x, _ in points])
    y_first, y_last = limits([y for _, y in points])
    across = lambda x: LEFT + (WIDTH - LEFT - RIGHT) * (math.log10(x) - x_first) / (x_last - x_first)
    down = lambda y: HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (math.log10(y) - y_first) / (y_last - y_first)
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM

    for value in ticks(x_first, x_last):
        x = across(value)
        parts.append(f'<path d="M{x:.1f} {TOP}V{bottom}" stroke="#dddddd"/><text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{number(value)}</text>')
    for value in ticks(y_first, y_last):
        y = down(value)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{right}" stroke="#dddddd"/><text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{number(value)}</text>')
    parts.append(f'<path d="M{LEFT} {TOP}V{bottom}H{right}" fill="none" stroke="#888888"/>')
    parts.append(f'<text x="{(LEFT + right) / 2}" y="{HEIGHT - 14}" text-anchor="middle">{escape(x_axis)}</text>')
    parts.append(f'<text transform="translate(20 {(TOP + bottom) / 2}) rotate(-90)" text-anchor="middle">{escape(y_axis)}</text>')

    end_x, end_y = next(each for each in series.values() if each)[-1]
    start_x = max(10.0**x_first, 10.0**y_first * end_x / end_y)
    parts.append(f'<path d="M{across(start_x):.1f} {down(end_y * start_x / end_x):.1f}L{across(end_x):.1f} {down(end_y):.1f}" stroke="#999999" stroke-dasharray="5 4"/>')
    for i, (name, each) in enumerate(series.items()):
        colour = COLOURS[i % len(COLOURS)]
        if each:
            path = "L".join(f"{across(x):.1f} {down(y):.1f}" for x, y in each)
            parts.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
            parts += [f'<circle cx="{across(x):.1f}" cy="{down(y):.1f}" r="3.5" fill="{colour}"/>' for x, y in each]
        parts.append(f'<rect x="{LEFT + 12}" y="{TOP + 10 + 18 * i}" width="14" height="4" fill="{colour}"/><text x="{LEFT + 32}" y="{TOP + 17 + 18 * i}">{escape(name)}</text>')
    return "\n".join(parts + ["</svg>"]) + "\n"
