"""Other implementations of EM, judged on what they make of the cases where scikit-learn loses a component."""
