"""armfa: a differentiable 2-joint, 6-muscle arm, and controllers that learn to move it without weight transport."""

from armfa.envs.registration import register_environments

__version__ = "0.1.0"

register_environments()
