"""armfa: a differentiable 2-joint, 6-muscle arm, and controllers that learn to move it without weight transport."""

__version__ = "0.1.0"
