"""What the slices that requests are worked on in are worth: fairness without them."""

from measure import Limit, Ratio
from subjects.fairness import Beside


def probes(bench):
    return [Beside("unsliced", "8 connections with 60,000 values each in flight, worked on to their end", {"e3.slice_us": 0}, True)]


def ratios(bench):
    return [
        Ratio("fair_unsliced", "30 values: 99th percentile beside large requests without slices ÷ alone", "small_unsliced_p99",
              "small_idle_p99"),
        Ratio("slices", "without slices ÷ with them, 99th percentile", "small_unsliced_p99", "small_busy_p99"),
        Ratio("slices_p50", "the same, medians", "small_unsliced_p50", "small_busy_p50"),
        Limit("health_unsliced", "health beside large requests without slices, 99th percentile, µs", "health_unsliced_p99"),
    ]
