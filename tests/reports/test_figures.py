"""What stands below a figure: what its lines and bands are."""

import numpy as np

from armfa.reports.figures import band, bands_note, over_images, panels

X, VALUES = np.arange(4), np.random.default_rng(0).standard_normal((3, 4))


def test_a_figure_without_bands_says_nothing_of_them():
    figure, (axis,) = panels(3.0)
    axis.plot(X, VALUES[0])
    assert bands_note(figure) == ""


def test_bands_of_one_kind_are_said_once_with_the_least_and_the_largest_n():
    figure, (left, right) = panels(3.0, 3.0)
    band(left, X, VALUES, "black")
    band(right, X, VALUES[:2], "black")
    assert bands_note(figure) == "lines: mean, n = 2 to 3; bands: ± 2 standard deviations over networks"


def test_a_single_network_has_no_band():
    figure, (axis,) = panels(3.0)
    band(axis, X, VALUES[:1], "black")
    assert bands_note(figure) == "lines: mean, n = 1"


def test_bands_of_two_kinds_are_told_by_their_panels():
    figure, (left, right) = panels(3.0, 3.0)
    left.set_title("error", loc="left")
    right.set_title("angle", loc="left")
    band(left, X, VALUES, "black")
    over_images(right, X, VALUES, np.ones((3, 4)), "black")
    assert bands_note(figure) == (
        "lines: mean, n = 3; bands: ± 2 standard deviations over networks (error); "
        "± 1 standard deviation over images (angle)"
    )
