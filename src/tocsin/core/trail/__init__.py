"""Trails: what one is, what it selects, and which records go to it. Spec: CT-7 to CT-9."""
