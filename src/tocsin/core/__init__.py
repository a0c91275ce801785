"""The pure core: AWS's nouns as types and functions, without I/O, clock or threads. Spec: AR-2."""
