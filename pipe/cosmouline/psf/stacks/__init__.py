"""Photometry on stacks: fluxes at given places, by apertures and by the PSF of the stack.

stack_psf       : The PSF of a stack, from the stars on it.
forced          : Fluxes at given positions: round apertures, and the PSF at all of them at once.
empty_apertures : Noise of fluxes on a stack: what apertures on empty sky scatter by, against their
                  size.
db_photometry   : The stacks of a lens measured: fluxes, errors, magnitudes, the catalogue's names.
"""
