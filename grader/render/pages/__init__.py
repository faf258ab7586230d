"""HTML pages, each one file with nothing loaded from elsewhere."""
