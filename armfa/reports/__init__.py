"""What is made of runs: claims with verdicts, figures, films, tables, one page."""
