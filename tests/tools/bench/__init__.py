"""Run the benchmark of fit times on releases of scikit-learn, and tabulate it."""
