"""The command line. Spec: IF-1."""
