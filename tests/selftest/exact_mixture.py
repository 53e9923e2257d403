"""EM in 50 digits, written for this purpose alone: slow, plain, and independent of the reference."""

from __future__ import annotations

from dataclasses import dataclass

import mpmath as mp
import numpy as np

from fixtures.corpus import Case

mp.mp.dps = 50


@dataclass(frozen=True)
class Step:
    """One EM step: masses and lower bound of its E-step, parameters of its M-step."""

    masses: list[mp.mpf]
    lower_bound: mp.mpf
    means: list[mp.matrix]
    covariances: list[mp.matrix]


def em_steps(case: Case, n_steps: int) -> list[Step]:
    """Run EM on the samples as they are, repeated ones one by one."""
    n_features = case.means.shape[1]
    samples = [mp.matrix([mp.mpf(float(value)) for value in row]) for row in case.frame]
    weights = [mp.mpf(float(weight)) for weight in case.weights]
    means = [mp.matrix([mp.mpf(float(value)) for value in row]) for row in case.means]
    covariances = [mp.inverse(_matrix(case, k, n_features)) for k in range(len(weights))]
    steps = []
    for _ in range(n_steps):
        joint = [[w * _density(x, m, c) for w, m, c in zip(weights, means, covariances, strict=True)] for x in samples]
        evidence = [mp.fsum(row) for row in joint]
        shares = [[value / total for value in row] for row, total in zip(joint, evidence, strict=True)]
        masses = [mp.fsum(row[k] for row in shares) for k in range(len(weights))]
        lower_bound = mp.fsum(mp.log(total) for total in evidence) / len(samples)
        means = [
            sum((row[k] * x for row, x in zip(shares, samples, strict=True)), mp.zeros(n_features, 1)) / masses[k]
            for k in range(len(weights))
        ]
        scatters = [
            sum(
                (row[k] * (x - m) * (x - m).T for row, x in zip(shares, samples, strict=True)),
                mp.zeros(n_features),
            )
            / masses[k]
            for k, m in enumerate(means)
        ]
        weights = [mass / len(samples) for mass in masses]
        covariances = _constrained(case, scatters, weights, n_features)
        steps.append(Step(masses, lower_bound, means, covariances))
    return steps


def _density(x: mp.matrix, mean: mp.matrix, covariance: mp.matrix) -> mp.mpf:
    away = x - mean
    exponent = (away.T * mp.inverse(covariance) * away)[0] / 2
    return mp.exp(-exponent) / mp.sqrt((2 * mp.pi) ** len(mean) * mp.det(covariance))


def _matrix(case: Case, component: int, n_features: int) -> mp.matrix:
    kind = case.settings.covariance_type
    own = case.precisions if kind == "tied" else case.precisions[component]
    full = own if kind in ("full", "tied") else np.eye(n_features) * own
    return mp.matrix([[mp.mpf(float(value)) for value in row] for row in full])


def _constrained(case: Case, scatters: list[mp.matrix], weights: list[mp.mpf], n_features: int) -> list[mp.matrix]:
    kind = case.settings.covariance_type
    floor = mp.mpf(float(case.settings.reg_covar)) * mp.eye(n_features)
    if kind == "tied":
        tied = sum((w * s for w, s in zip(weights, scatters, strict=True)), mp.zeros(n_features))
        return [tied + floor] * len(weights)
    if kind == "full":
        return [scatter + floor for scatter in scatters]
    diagonals = [mp.diag([scatter[i, i] for i in range(n_features)]) for scatter in scatters]
    if kind == "diag":
        return [diagonal + floor for diagonal in diagonals]
    trace = [mp.fsum(diagonal[i, i] for i in range(n_features)) / n_features for diagonal in diagonals]
    return [value * mp.eye(n_features) + floor for value in trace]
