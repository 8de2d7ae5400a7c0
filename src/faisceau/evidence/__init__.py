"""Evidence: exhibits kept as they came, and the readers that turn their bytes into rows."""
