"""AWS's wire protocols, generated from AWS's own service models. No business rules here. Spec: WIRE-1 to WIRE-5."""
