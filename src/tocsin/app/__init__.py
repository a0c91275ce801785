"""Use cases: what the commands and the API do, knowing no adapter. Spec: AR-2."""
