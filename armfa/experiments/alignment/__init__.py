"""Feedback alignment on small problems: linear, deep, quadratic, and its theory."""
