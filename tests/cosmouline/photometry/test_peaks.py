from cosmouline.photometry.peaks import peak_values

import numpy as np


def test_the_peak_is_the_highest_pixel_of_the_box_around_the_star():
    """A box that lies one pixel off, as COSMOULINE's does, would find the neighbour."""
    image = np.zeros((40, 50))
    image[20, 13], image[20, 16], image[20, 17] = 5.0, 7.0, 99.0  # x = 13, 16, 17

    assert peak_values(image, [(13.3, 20.4)], fwhm_px=2.0).tolist() == [7.0]
    assert peak_values(image, [(13.3, 20.4)], fwhm_px=3.5).tolist() == [99.0]


def test_bad_pixels_do_not_count_and_a_star_off_the_image_has_no_peak():
    image = np.ones((20, 20))
    image[10, 10], image[9, 10] = 8.0, np.nan
    bad = np.zeros(image.shape, bool)
    bad[10, 10] = True

    found = peak_values(image, [(10.0, 10.0), (19.4, 0.2), (19.6, 3.0), (-0.6, 3.0)], 2.0, bad)

    assert found[:2].tolist() == [1.0, 1.0]
    assert np.isnan(found[2:]).all()
