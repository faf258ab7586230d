"""The grader: runs the graded suites on a learner's files and says what is wrong."""
