"""What the learner's own code makes, as numbers that can be drawn. `render.figures` draws them."""
