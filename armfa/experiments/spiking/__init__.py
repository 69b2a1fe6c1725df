"""Feedback alignment with spiking units."""
