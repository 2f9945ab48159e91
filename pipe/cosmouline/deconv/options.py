"""Every number that the joint fit could be given, with its default and where that is from."""

from dataclasses import dataclass

EXTENDED_LIGHT = ("auto", "none")


@dataclass(frozen=True)
class FitOptions:
    """Choices of the joint fit of all epochs.

    The defaults were settled on five simulated scenes (quads with a galaxy, with arcs, with
    none, and a double) of 20 epochs, and then held for 8 to 100 epochs, a quarter of the light,
    and other seeds. Lengths ending in ``_fwhm`` are in units of the first quartile of the FWHM of
    the epochs; ``_sd`` are standard deviations of Gaussian priors.

    Parameters
    ----------
    extended_light : {"auto", "none"}
        "auto": a galaxy where the data ask for it, and always the field that takes what is left.
        "none": point sources and sky only.
    galaxy_gain : float
        Fall of the objective (a chi2) for which a galaxy is kept. Measured without a galaxy .4 to
        7, with one more than 1300.
    sky_sigma_factor : float
        On the noise of the sky: sep's rms map is 1.5 % too small (chi2 of sky pixels 1.03).
    clip_sigma : float
        Pixels farther from the model than this many sigmas are masked.
    prefit_model_error, final_model_error : float
        Error of the model of a source, relative to its light, that clipping tolerates: in the
        first pass, made without the field, and in the last one.
    model_error_shift_px : float
        Error of its position that clipping tolerates.
    max_refits : int
        Largest number of fits after the masks and the noise have changed.
    position_prior_px, shift_prior_px : float
        Positions about the start, shifts of the epochs about theirs; together they decide
        which fraction of a common shift is whose.
    sersic_index, sersic_index_sd : float
        Prior of the Sersic index, and the scatter of its logarithm.
    radius_sd : float
        Scatter of ln(effective radius) about the largest distance of an image from their mean.
    ellipticity_sd : float
        Of e1 and e2; the axis ratio is exp(-|e|).
    centre_sd : float
        Of the centre of the galaxy about the mean of the images, in units of that distance.
    node_step_fwhm, node_sigma_fwhm, field_margin_fwhm : float
        Step of the lattice of the field (at least 1 px), sigma of its Gaussians, and its rim
        around the images (this one in units of the median FWHM).
    max_nodes : int
        The step is widened when there would be more.
    field_scales_fwhm : tuple of float
        Correlation lengths of the field.
    galaxy_fraction_floor, flat_floor, psf_floor, amplitude_sd : float
        Smallest amplitudes of the field: as a fraction of the galaxy; as a fraction of the light
        of the brightest source per squared FWHM; as a fraction of the PSF (this is for PSFs with
        a Gaussian-process prior). A log-normal prior of this scatter stands above them.
    psf_scale_fwhm : float
        Correlation length of static errors of the PSF.
    image_width_sd : float
        Of the width of the PSF of the images about that of the stars, where it is free.
    frees_width : bool
        Whether images that come out narrower than the stars get a width of their own; with point
        sources only also wider ones.
    width_is_free : bool
        Whether they have one from the start.
    max_prefit_steps, max_iterations : int
    n_evidence_iterations, freeze_shape_after : int
        The amplitudes of the field, then the shape of the galaxy, are held from these outer
        iterations on: followed to the end they never settle.
    convergence_sigma : float
        The fit ends when no flux changes by more than this fraction of its error.

    Raises
    ------
    ValueError
        If `extended_light` is unknown.
    """

    extended_light: str = "auto"
    galaxy_gain: float = 15.0
    sky_sigma_factor: float = 1.0152
    clip_sigma: float = 5.0
    prefit_model_error: float = 0.10
    final_model_error: float = 0.03
    model_error_shift_px: float = 0.08
    max_refits: int = 2
    position_prior_px: float = 0.5
    shift_prior_px: float = 1.0
    sersic_index: float = 3.0
    sersic_index_sd: float = 0.45
    radius_sd: float = 0.7
    ellipticity_sd: float = 0.2
    centre_sd: float = 0.6
    node_step_fwhm: float = 0.30
    node_sigma_fwhm: float = 0.28
    field_margin_fwhm: float = 1.6
    max_nodes: int = 700
    field_scales_fwhm: tuple[float, ...] = (0.35, 0.8, 1.8)
    galaxy_fraction_floor: float = 0.03
    flat_floor: float = 3e-4
    psf_floor: float = 1e-4
    amplitude_sd: float = 0.7
    psf_scale_fwhm: float = 0.3
    image_width_sd: float = 0.03
    frees_width: bool = True
    width_is_free: bool = False
    max_prefit_steps: int = 12
    max_iterations: int = 10
    n_evidence_iterations: int = 3
    freeze_shape_after: int = 5
    convergence_sigma: float = 0.05

    def __post_init__(self):
        if self.extended_light not in EXTENDED_LIGHT:
            raise ValueError(
                f"extended_light must be one of {EXTENDED_LIGHT}, not {self.extended_light!r}"
            )
