"""Arrays to numbers with units, one file for each metric."""
