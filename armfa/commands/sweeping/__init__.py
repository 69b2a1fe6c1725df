"""Inside `armfa sweep`: its file, the commands it runs, the search of settings."""
