"""The reverse proxy that turns API calls into CloudTrail records. Spec: REC, IF-8."""
