"""Links: procedures, persons and contacts that shared traces bring together."""
