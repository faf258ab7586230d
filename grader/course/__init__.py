"""What is on the disk: where things lie, the chapters, solutions and stubs, mistakes, learners' files as text."""
