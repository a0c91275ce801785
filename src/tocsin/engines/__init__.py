"""Adapters that run work: processes of this machine, and the disk between them."""
