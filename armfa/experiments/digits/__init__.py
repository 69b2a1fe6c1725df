"""Feedback alignment on images of digits."""
