"""Made-up CCD frames with known truth: our own simulator of a monitoring campaign.

The way of a frame: ``model`` (plain descriptions of telescopes, sources and frames), ``geometry``
(sky to pixels), ``variability`` (magnitudes at a date), ``pointspread`` and ``sersic`` (light on
pixels), ``detector`` (noise, cosmics, saturation, digits), ``draw`` (one frame of a campaign),
``io_campaign`` (a folder of FITS files and truth tables), ``campaigns`` and ``ramp`` (ready
campaigns), ``command`` (options of the scripts).

It shares no code with the modules that fit (psf, starphot, deconv): it is the truth of the tests.
Frames are reduced ones: they have no bias, flat field or fringes. Raw frames would be made in
`draw.draw_frame`: a flat field multiplies the expected electrons as `detector.response` does, dark
current and fringes add to them as `detector.hot_electrons` does, and a bias level adds to the ADU
before `detector.digitise` rounds them.
"""
