"""STARRED as the other engine of the joint fit.

descent : Descent of STARRED's loss of a joint fit, compiled once per number and size of stamps.
fit     : Joint fit of all epochs of a lens with STARRED: point sources, and a background of
          pixels.
inputs  : The epochs of a joint fit as STARRED models them: turns, shifted PSFs, noise of the
          starlets.
"""
