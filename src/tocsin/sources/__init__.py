"""Adapters that bring data in: files and folders."""
