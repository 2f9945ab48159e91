"""New epochs under the scene of a finished fit.

add_epochs : New epochs in a finished fit: solved under its scene, which moves by one step.
equations  : Equations of all epochs at the end of a fit, to which those of new epochs are added.
"""
