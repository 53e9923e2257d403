"""The report: one page out of the records of any number of runs."""
