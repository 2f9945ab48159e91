"""Pictures: functions that draw arrays on given Axes, and pages made of them.

This is the only part that knows matplotlib, and it knows nothing else but numpy: plain arrays
and text come in, no settings, no database. A page function returns a Figure, and
`cosmouline.plots.style.save` writes it.
"""
