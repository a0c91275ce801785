"""Where messages leave: one notifier a module, each for one kind of endpoint. Spec: AR-2, AR-10.

Rule: a notifier tries once and says how it went. It never raises, never waits without a bound, never shows a secret.
"""
