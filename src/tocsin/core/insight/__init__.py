"""CloudTrail Insights: calls that come far more or far less often than their baseline says. Spec: CT-17, CT-6.

Rule: what opens and closes an Insight is decided here, from counts by minute alone. `call` says what a record
counts for, `poisson` how unlikely a count is, `judgement` when an Insight opens and closes, `course` goes over
the minutes of an archive, `record` writes the Start and the End. AWS publishes no formula: the thresholds are
Tocsin's own.
"""
