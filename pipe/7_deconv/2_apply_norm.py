"""Gather the lens's stamps of all epochs with their PSFs and coefficients in one file.

Needs   : the choice (7_deconv/1_prepare), stamps (6_extract/2_find_cosmics), PSFs
Writes  : dec_<dec_name>/epochs.npz
Settings: dec_name, psf_name, point_sources, point_sources_unit, lens_ra_deg, lens_dec_deg,
          lens_position_px, north_angle_deg, is_mirrored
Next    : 7_deconv/3_write_start

Run as  : python 2_apply_norm.py ../../configs/MYLENS
"""

from cosmouline import epochs, paths
from cosmouline.errors import UserError
from cosmouline.io_deconv import write_epochs
from cosmouline.position import lens_centre_and_radius
from cosmouline.run import log_line, run

NEEDS = ("dec_number__{dec}", "lens_side_px", "field_fwhm_px", "is_aligned")
WRITES = ()


def main(settings, db):
    """Gather and write."""
    number = f"dec_number__{settings.dec_name}"
    images = sorted((image for image in db.select(gogogo=True) if number in image),
                    key=lambda image: image[number])
    if not images:
        raise UserError("no image is chosen. Run 7_deconv/1_prepare.py first.")
    centre_px, _ = lens_centre_and_radius(db.reference(), settings)
    content = epochs.gather(images, centre_px, settings)
    path = paths.deconvolution(settings) / "epochs.npz"
    write_epochs(path, content)
    log_line("%d epochs of %d x %d pixels: %s", len(images), *content.epochs.data_e.shape[1:],
             paths.relative(path))


if __name__ == "__main__":
    run(main, __doc__)
