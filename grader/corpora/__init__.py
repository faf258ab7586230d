"""The texts of the course: three seeded generators whose grammars are known."""
