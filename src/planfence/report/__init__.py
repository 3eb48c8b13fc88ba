"""Tasks' facts, metrics, statistics, costs, trials, exports."""
