"""s06, part by part."""
