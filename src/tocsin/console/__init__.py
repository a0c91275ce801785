"""Pages for people, rendered on the server. Spec: AR-2, CON."""
