"""The arm's controller, and what it does with the arm."""
