"""The benchmark of learning rules, "motor rules, v1": ids that never change, a stated budget, scores with intervals."""
