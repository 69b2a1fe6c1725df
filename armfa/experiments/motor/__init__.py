"""Motor learning: what an arm and its controllers do in the tasks of the laboratory."""
