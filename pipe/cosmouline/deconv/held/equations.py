"""Equations of all epochs at the end of a fit, to which those of new epochs are added."""

from dataclasses import dataclass, fields, replace

from cosmouline.deconv.problem import State
from cosmouline.deconv.sweep import Sweep

import numpy as np

BY_EPOCH = ("coeff", "shift_px", "extended_scale", "camera_width", "solution", "chi2", "products",
            "light", "node_local")


@dataclass(frozen=True, eq=False)
class Equations:
    """Equations of a fit at the scene that it found, in the unit of its data.

    Arrays by epoch are of all epochs, and 0 where one was not measured; see `Sweep` for the
    products, among them those of the width of the images, held or not. They are at a `State`,
    whose fields stand here too; `coeff` are the coefficients of the epochs then.
    """

    shared: np.ndarray
    node_flux: np.ndarray
    gram: np.ndarray  # (n_nodes, n_nodes)
    node_sums: np.ndarray  # (n_nodes, k - l)
    coeff: np.ndarray
    shift_px: np.ndarray
    extended_scale: np.ndarray
    camera_width: np.ndarray
    solution: np.ndarray
    chi2: np.ndarray
    products: np.ndarray
    light: np.ndarray
    node_local: np.ndarray

    @classmethod
    def of(cls, state, sweep, gram, coeff):
        """Return the equations of the epochs of a sweep, at its state."""
        n_epochs, n_local = sweep.light.shape[0], sweep.solution.shape[1] + 2
        nodes = sweep.node_local, sweep.node_sums
        if nodes[0] is None:
            nodes = (np.zeros((n_epochs, 0, n_local + 1)),
                     np.zeros((0, sweep.products.shape[1] - n_local)))
        return cls(state.shared, state.node_flux, gram, nodes[1], coeff, state.shift_px,
                   state.extended_scale, state.camera_width, sweep.solution, sweep.chi2,
                   sweep.products, sweep.light, nodes[0])

    def take(self, index):
        """Return the same with its epochs in another order; the sums hold all of them still."""
        return replace(self, **{name: getattr(self, name)[index] for name in BY_EPOCH})

    def spread(self, index, n_epochs):
        """Return the same with its epochs at `index` among all, the others being 0."""
        complete = {}
        for name in BY_EPOCH:
            values = getattr(self, name)
            complete[name] = np.zeros((n_epochs, *values.shape[1:]))
            complete[name][index] = values
        return replace(self, **complete)

    def plus(self, other):
        """Return the equations of these epochs and of others at the same scene."""
        sums = {name: getattr(self, name) + getattr(other, name)
                for name in ("gram", "node_sums")}
        both = {name: np.concatenate([getattr(self, name), getattr(other, name)])
                for name in BY_EPOCH}
        return replace(self, **sums, **both)

    @property
    def state(self):
        """The `State` that the equations are at."""
        return State(self.shared, self.node_flux, self.shift_px, self.extended_scale,
                     self.camera_width)

    def sweep(self, coeff, extended_scale):
        """Return the `Sweep`, without images, under other coefficients and scales of the galaxy.

        To first order: data that grow with the coefficient, and extended light that grows with
        its scale (both (n_epochs,)), change the residuals. The weights stay.
        """
        change, brighter = coeff / self.coeff - 1, extended_scale / self.extended_scale - 1
        n_local, n_known = self.node_local.shape[2] - 1, self.solution.shape[1]
        # Products of the data, model and residual, with all columns, and with the nodes
        of_data = np.einsum("ekl,el->ek", self.products[:, :, :n_known], self.solution)
        of_data += self.light[:, :-1] + self.products[:, :, -1]
        products = self.products.copy()
        more = change[:, None] * of_data - brighter[:, None] * self.light[:, :-1]
        products[:, :-1, -1] += more[:, :-1]
        products[:, -1, :-1] += more[:, :-1]
        products[:, -1, -1] += 2 * more[:, -1]
        light = self.light.copy()
        light[:, -2] += change * ((light[:, :n_known] * self.solution).sum(1) + light[:, -1]
                                  + light[:, -2]) - brighter * light[:, -1]
        node_sums = self.node_sums.copy()
        node_sums[:, -1] += np.einsum("ejk,ek,e->j", self.node_local[:, :, :n_known],
                                      self.solution, change)
        node_sums[:, -1] += (change - brighter) @ self.node_local[:, :, n_local]
        return Sweep(self.solution, self.chi2, products, light, self.node_local, node_sums, None,
                     None)

    def to_arrays(self):
        """Return the arrays by their names."""
        return {field.name: getattr(self, field.name) for field in fields(self)}
