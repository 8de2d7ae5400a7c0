"""What Signal's databases mean, on Android and on desktop computers."""
