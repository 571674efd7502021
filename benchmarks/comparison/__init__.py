"""What `make bench` is made of: the cases, the rounds, the arithmetic, the table and the chart.

cases ──photos, models──> rounds ──runs of N and 3N──> marginal ──> table, chart
"""
