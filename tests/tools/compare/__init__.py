"""Compare the fit times of two releases so that a few per cent are seen and noise is not."""
