"""The texts of the course: three seeded generators whose grammars are known, and `make`, which writes `data/`."""
