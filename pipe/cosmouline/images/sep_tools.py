"""The sep library with its limits handled: usable pixels, background mesh, extraction."""

from cosmouline import library
from cosmouline.errors import ImageRejected

import numpy as np

sep = library("sep")

BOX_FRACTION = 16  # a mesh box is the shorter side over this, ...
BOX_MIN_PX, BOX_MAX_PX = 64, 256  # ... within these limits: noise .007-.016 of the sky sigma
FILTER_BOXES = 3  # side of the median filter over the mesh, in boxes

FIRST_BUFFER = 300_000  # sep's default; it clears the buffer in each call, so 3e6 costs 10 x more
BUFFER_FRACTION_MAX = 0.25  # more of the frame above the threshold: its sky is not known
FIRST_PARTS, PARTS_MAX = 1024, 8192  # sub-objects of one blend


def usable_pixels(image_e, bad=None):
    """Bring a frame into the form that sep reads, and find its bad pixels.

    Parameters
    ----------
    image_e : array_like, shape (ny, nx)
        Frame of any numeric type and byte order. NaN and infinite pixels are bad.
    bad : ndarray of bool, shape (ny, nx), or None
        Further bad pixels.

    Returns
    -------
    image_e : ndarray of float32, C-contiguous
        0 where the frame is not finite. The frame itself where it has that form already and no
        such pixel, so it must not be written to.
    bad : ndarray of bool or None
        None where no pixel is bad.

    Raises
    ------
    ImageRejected
        If no pixel is left.
    ValueError
        If the image is not 2-D, or the mask has another shape.
    """
    image_e = np.ascontiguousarray(image_e, dtype=np.float32)
    if image_e.ndim != 2:
        raise ValueError(f"image_e must be 2-D, not of shape {image_e.shape}")
    if bad is not None and bad.shape != image_e.shape:
        raise ValueError(f"bad has shape {bad.shape}, image_e {image_e.shape}")
    finite = np.isfinite(image_e)
    bad = ~finite if bad is None else bad | ~finite
    if bad.all():
        raise ImageRejected(f"no star: none of the {image_e.size} pixels is good")
    if not finite.all():
        image_e = np.where(finite, image_e, np.float32(0))
    return image_e, bad if bad.any() else None


def default_box_px(shape):
    """Side of the boxes of the background mesh: a sixteenth of the frame, 64 to 256 pixels."""
    return int(np.clip(min(shape) / BOX_FRACTION, BOX_MIN_PX, BOX_MAX_PX))


def background(image_e, bad, box_px):
    """Background of a frame by sep, with square boxes and a median filter of 3 x 3 boxes."""
    filtered = {"fw": FILTER_BOXES, "fh": FILTER_BOXES}
    return sep.Background(image_e, mask=bad, bw=box_px, bh=box_px, **filtered)


def extract(flat_e, sigma_e, threshold_sigma, min_area_px, segmentation=False, smooth=True,
            contrast=0.005, **options):
    """Extract the sources of a frame without sky, with buffers as large as it needs.

    Parameters
    ----------
    flat_e : ndarray of float32, shape (ny, nx)
        Frame without sky, no NaN.
    sigma_e : float, or ndarray of shape (ny, nx)
        Standard deviation of the sky.
    threshold_sigma : float
        Detection threshold per pixel of the smoothed frame, in units of `sigma_e`.
    min_area_px : int
        Least number of connected pixels.
    segmentation : bool
        Also return the segmentation map.
    smooth : bool
        Smooth the frame by sep's 3 x 3 kernel before the search; False: it is smooth already.
    contrast : float
        Least fraction of the light of a blend that a source of its own has.
    options
        Further ones of ``sep.extract``, such as `mask`.

    Returns
    -------
    ndarray (structured), or (ndarray, ndarray)
        The table of ``sep.extract``, and the segmentation map where asked for.

    Raises
    ------
    ImageRejected
        If a quarter of the frame is above the threshold, or a blend has too many parts.
    """
    n_buffer, n_parts = FIRST_BUFFER, FIRST_PARTS
    raw = options | ({} if smooth else {"filter_kernel": None})
    while True:
        sep.set_extract_pixstack(n_buffer)
        sep.set_sub_object_limit(n_parts)
        try:
            return sep.extract(flat_e, threshold_sigma, err=sigma_e, minarea=min_area_px,
                               segmentation_map=segmentation, deblend_cont=contrast, **raw)
        except Exception as error:  # sep raises no class of its own
            # try again with larger limits, where those make sense
            n_most = BUFFER_FRACTION_MAX * flat_e.size
            if "pixel buffer full" in str(error):
                if n_buffer >= n_most:
                    raise ImageRejected(
                        f"more than {100 * BUFFER_FRACTION_MAX:.0f} % of the pixels are above the "
                        "detection threshold: the sky of the frame is not known") from error
                n_buffer = min(10 * n_buffer, int(n_most) + 1)
            elif "deblending overflow" in str(error):
                if n_parts >= PARTS_MAX:
                    raise ImageRejected(f"a blend has more than {PARTS_MAX} parts") from error
                n_parts = PARTS_MAX
            else:
                raise
