"""Array functions run once on symbols: what they computed is differentiated, and compiled by Numba.

graph.py     symbols that write down what is computed, and the derivatives of it
simd.py      exp, log, sin, ... as plain arithmetic that runs on whole vectors
program.py   arrays in, arrays out, and what is computed between them
kernels.py   a program printed as loops for Numba; compiled once, kept on disk
"""
