"""Number-plate reads: several criteria at once, convoys, round trips, clones, habits, watch."""
