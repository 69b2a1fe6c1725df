"""Muscle models: where muscles run, how they pull, how they are switched on. One family per file."""
