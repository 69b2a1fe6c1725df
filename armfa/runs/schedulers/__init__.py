"""What runs units of work: processes of this machine, or a cluster."""
