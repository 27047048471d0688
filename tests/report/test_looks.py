"""Colours and shapes: told apart, readable, never the only sign."""

import re
from importlib import resources
from itertools import combinations

import pytest

from framewise.report._palette import SHAPES, Palette

STYLE = resources.files("framewise.report").joinpath("templates", "page.css").read_text()
COMMON, _, DARK = STYLE.partition("prefers-color-scheme: dark")


def variables(text):
    return dict(re.findall(r"(--[a-z0-9-]+): (#[0-9a-f]{6});", text.split("\n}")[0]))


LIGHT = variables(COMMON)
THEMES = {"light": LIGHT, "dark": LIGHT | variables(DARK)}

# Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB.
BLINDNESS = {
    "none": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152, 1.053, -0.205), (0.115, 0.786, 0.099), (-0.004, -0.048, 1.052)),
    "deuteranopia": ((0.367, 0.861, -0.228), (0.280, 0.673, 0.047), (-0.012, 0.043, 0.969)),
}


def linear(color):
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]


def contrast(one, two):
    bright = [
        sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear(x), strict=True)) for x in (one, two)
    ]
    return (max(bright) + 0.05) / (min(bright) + 0.05)


def lab(rgb):
    matrix = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
    xyz = [sum(m * max(0.0, c) for m, c in zip(row, rgb, strict=True)) for row in matrix]
    f = [
        (v / w) ** (1 / 3) if v / w > 0.008856 else 7.787 * v / w + 16 / 116
        for v, w in zip(xyz, (0.9505, 1, 1.089), strict=True)
    ]
    return 116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("ground", ["--paper", "--raised", "--sunk"])
@pytest.mark.parametrize("text", ["--ink", "--muted", "--link"])
def test_text_has_contrast(theme, ground, text):
    assert contrast(THEMES[theme][text], THEMES[theme][ground]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
def test_marks_have_contrast(theme):
    marks = [name for name in LIGHT if name.startswith(("--arm-", "--tone-"))]
    assert len(marks) == 12
    for name in marks:
        assert contrast(THEMES[theme][name], THEMES[theme]["--paper"]) >= 3, name


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("kind", BLINDNESS)
def test_the_first_arms_are_told_apart_by_colour(theme, kind):
    """The demo's five arms; a difference of 10 in CIE Lab is plain to see."""
    seen = [
        lab(
            [
                sum(m * c for m, c in zip(row, linear(THEMES[theme][f"--arm-{i}"]), strict=True))
                for row in BLINDNESS[kind]
            ]
        )
        for i in range(5)
    ]
    for one, two in combinations(range(5), 2):
        distance = sum((a - b) ** 2 for a, b in zip(seen[one], seen[two], strict=True)) ** 0.5
        assert distance > 10, (one, two)


def test_looks_are_different_and_stay():
    names = [f"arm {i}" for i in range(49)]
    palette = Palette(["base"], ["base", *names, *names])
    looks = [palette[name] for name in names]
    assert len({(look.slot, look.shape) for look in looks}) == 49
    assert len({look.shape for look in looks[:7]}) == len({look.slot for look in looks[:7]}) == 7
    assert palette["base"].slot == 0
    assert all(look.slot and look.shape in SHAPES for look in looks)
