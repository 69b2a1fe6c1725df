"""Parts of `armfa compare`: problems, the search of rates, results."""
