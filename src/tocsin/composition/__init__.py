"""The composition root: the one place where use cases meet adapters.

The command line and the Python API call these modules, one for each use case, and load no more of them
than they need; nothing else may import both `app` and `sources` or `engines` (AR-3, docs/adr/0001).
"""
