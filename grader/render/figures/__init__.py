"""Pictures of the learner's own code, drawn for a wide page and for a narrow one."""
