"""Training: one pure update, the loop around it, its back ends, and `train`."""
