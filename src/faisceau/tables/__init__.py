"""Tables: what was observed, as typed columns; identifiers; the Parquet lake; the engine."""
