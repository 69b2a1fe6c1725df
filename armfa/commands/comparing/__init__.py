"""Parts of `armfa compare`: problems, results."""
