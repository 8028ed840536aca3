"""Muon: momentum whose every matrix update is made orthogonal (Jordan et al., 2024), for the hidden
matrices of the transformer layers. It learns in far fewer steps than AdamW at these small widths."""

import math

import torch

# Quintic Newton-Schulz iteration: singular values in (0, 1] end near 1.
COEFFICIENTS = (3.4445, -4.7750, 2.0315)
ITERATIONS = 5


def orthogonalised(stack):
    """The nearest semi-orthogonal matrix of each matrix in B×M×N, roughly."""
    a, b, c = COEFFICIENTS
    tall = stack.shape[1] > stack.shape[2]
    x = stack.mT if tall else stack
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(ITERATIONS):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.mT if tall else x


class Muon(torch.optim.Optimizer):
    """Matrices of one shape are updated together. An update's root mean square is 0.2 · lr, so that
    rates compare with AdamW's."""

    def __init__(self, parameters, momentum=0.95, weight_decay=0.05):
        super().__init__(parameters, {"lr": 0.0, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            by_shape = {}
            for parameter in group["params"]:
                by_shape.setdefault(parameter.shape, []).append(parameter)
            for shape, parameters in by_shape.items():
                updates = orthogonalised(torch.stack([self._momentum(p, group) for p in parameters]))
                size = 0.2 * math.sqrt(max(shape))
                for parameter, update in zip(parameters, updates):
                    parameter.mul_(1 - group["lr"] * group["weight_decay"])
                    parameter.add_(update, alpha=-group["lr"] * size)

    def _momentum(self, parameter, group):
        """Nesterov's look-ahead gradient."""
        state = self.state[parameter]
        if not state:
            state["momentum"] = torch.zeros_like(parameter)
        average = state["momentum"].mul_(group["momentum"]).add_(parameter.grad)
        return parameter.grad.add(average, alpha=group["momentum"])
