"""Findings: claims with reasons, and what people say of them."""
